"""The one check that everything passes before it is used: right names, shapes and types, and the
SHA-256 that the table records, whatever container the arrays came in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whit.datasets._catalog import DATASETS, Array, DataSet, File
from whit.datasets._formats import idx_header
from whit.errors import DataError


class OtherDataSet(DataError):
    """The file is sound but belongs to another data set: MNIST's kin share their files' names."""


def check_arrays(
    dataset: DataSet,
    arrays: Mapping[str, NDArray[Any]],
    recorded: Mapping[str, str] | None = None,
) -> None:
    """Raises `DataError` unless `arrays` are the data set's.

    `recorded` gives the digests of arrays for which the table has none.
    """
    for name, expected in dataset.arrays.items():
        if name not in arrays:
            raise DataError(f"it holds {_listed(arrays)}, but no '{name}'")
        _check_kind(name, arrays[name], expected)
        digest = expected.sha256 or (recorded or {}).get(name)
        if digest is not None:
            _check_digest(name, array_digest(arrays[name]), digest)


def array_digest(array: NDArray[Any]) -> str:
    """SHA-256 of the array as an IDX file (see `_catalog.Array`)."""
    state = hashlib.sha256(idx_header(array.shape))
    state.update(np.ascontiguousarray(array).data)
    return state.hexdigest()


def check_file(file: File, data: bytes) -> None:
    """Raises `DataError` unless the file has the digest that the table records, if any."""
    if file.digest is None:
        return
    algorithm, _, expected = file.digest.partition(":")
    came = hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()
    if came != expected:
        raise DataError(f"wrong {_label(algorithm)} {came[:12]}…, expected {expected[:12]}…")


def _check_kind(name: str, array: NDArray[Any], expected: Array) -> None:
    if array.shape != expected.shape or array.dtype != np.uint8:
        raise DataError(
            f"'{name}' has shape {array.shape} and type {array.dtype}, "
            f"expected {expected.shape} and uint8"
        )


def _check_digest(name: str, came: str, expected: str) -> None:
    if came == expected:
        return
    for other in DATASETS.values():
        if came in (array.sha256 for array in other.arrays.values()):
            raise OtherDataSet(f"its '{name}' is that of the data set '{other.name}'")
    raise DataError(f"'{name}' has the wrong SHA-256 {came[:12]}…, expected {expected[:12]}…")


def _label(algorithm: str) -> str:
    return {"sha256": "SHA-256", "md5": "MD5"}.get(algorithm, algorithm)


def _listed(arrays: Mapping[str, NDArray[Any]]) -> str:
    return ", ".join(f"'{name}'" for name in sorted(arrays)) or "nothing"
