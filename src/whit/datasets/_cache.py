"""whit's own cache of data sets: one uncompressed `.npz` each, replaced atomically and verified
anew at every load. A cache that cannot be written costs a warning, never the data."""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from whit.datasets._catalog import Arrays, DataSet
from whit.datasets._formats import read_npz
from whit.datasets._verify import array_digest, check_arrays
from whit.errors import DataError

_DIGESTS = "sha256"


def cache_folder() -> Path:
    """`WHIT_CACHE` if set, else the folder for caches of this platform and user."""
    if chosen := os.environ.get("WHIT_CACHE"):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or "~/AppData/Local").expanduser() / "whit"
    if sys.platform == "darwin":
        return Path("~/Library/Caches/whit").expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "whit"


def cache_file(dataset: DataSet) -> Path:
    """Where the data set lies in whit's cache, there or not."""
    return cache_folder() / "datasets" / f"{dataset.name}.npz"


def load_cached(dataset: DataSet) -> Arrays:
    """Reads and verifies the cached data set.

    Raises:
        FileNotFoundError: it is not there.
        OSError: it cannot be read.
        DataError: it is damaged.
    """
    arrays = read_npz([cache_file(dataset).read_bytes()])
    digests = arrays.pop(_DIGESTS, None)
    if digests is None or digests.shape != (len(dataset.arrays), 32) or digests.dtype != np.uint8:
        raise DataError("it lacks the digests that whit writes into its cache")
    # The table's own digests go first. Those in the file stand in for CIFAR's, which nobody
    # publishes: they were taken when the verified archive was read, and show later damage.
    recorded = {
        name: row.tobytes().hex() for name, row in zip(dataset.arrays, digests, strict=True)
    }
    check_arrays(dataset, arrays, recorded)
    return arrays


def save_cached(dataset: DataSet, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Keeps verified arrays for the next time; warns once if that is not possible."""
    target = cache_file(dataset)
    digests = [array_digest(arrays[name]) for name in dataset.arrays]
    table = np.array([list(bytes.fromhex(digest)) for digest in digests], np.uint8)
    content = {name: arrays[name] for name in dataset.arrays} | {_DIGESTS: table}
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _write_atomically(target, content)
    except OSError as error:
        warnings.warn(
            f"The data set '{dataset.name}' is used but could not be kept in {target.parent} "
            f"({error.strerror or error}), so it will be fetched again next time. "
            "Set WHIT_CACHE to a folder with room that you may write to.",
            stacklevel=5,
        )


def _write_atomically(target: Path, content: Mapping[str, NDArray[Any]]) -> None:
    """Writes beside the target and renames: a reader sees the whole file or none."""
    handle, name = tempfile.mkstemp(prefix=f".{target.stem}-", suffix=".tmp", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            _write_npz(stream, content)
        os.replace(name, target)
    except BaseException:  # also Ctrl-C: nothing half-written stays
        os.unlink(name)
        raise


def _write_npz(stream: IO[bytes], content: Mapping[str, NDArray[Any]]) -> None:
    np.savez(stream, **dict(content))  # type: ignore[arg-type]
