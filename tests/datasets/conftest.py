"""Small data sets and an empty world for the tests: no network, no caches, no `WHIT_DATA` but what
a test lays out itself."""

from __future__ import annotations

import gzip
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from whit.datasets import _formats
from whit.datasets._catalog import Array, DataSet, File, Form
from whit.datasets._verify import array_digest

IDX_NAMES = ("train-images", "train-labels", "t10k-images", "t10k-labels")
NAMES = ("x_train", "y_train", "x_test", "y_test")


def idx_bytes(array: np.ndarray) -> bytes:
    return _formats.idx_header(array.shape) + array.tobytes()


def npz_bytes(arrays: dict[str, np.ndarray]) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


class Tiny:
    """A data set of a few images, its row of the catalog and its files."""

    def __init__(self, name: str = "tiny", seed: int = 7) -> None:
        generator = np.random.default_rng(seed)
        shapes = ((6, 4, 4), (6,), (3, 4, 4), (3,))
        self.arrays = {
            key: generator.integers(0, 10, shape, np.uint8)
            for key, shape in zip(NAMES, shapes, strict=True)
        }
        self.files = {
            file: idx_bytes(self.arrays[key]) for file, key in zip(IDX_NAMES, NAMES, strict=True)
        }
        files = tuple(File((file,), len(data), gzipped=True) for file, data in self.files.items())
        self.row = DataSet(
            name=name,
            arrays={key: Array(a.shape, array_digest(a)) for key, a in self.arrays.items()},
            forms={
                "idx": Form(files, _formats.read_idx_files),
                "npz": Form((File((f"{name}.npz",), 10_000),), _formats.read_npz),
            },
            folders=(name, ""),
        )

    def with_row(self, **changes: object) -> Tiny:
        self.row = replace(self.row, **changes)
        return self

    def lay_idx(self, folder: Path, *, packed: bool = False) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in self.files.items():
            if packed:
                (folder / f"{name}.gz").write_bytes(gzip.compress(data))
            else:
                (folder / name).write_bytes(data)
        return folder

    def lay_npz(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.row.name}.npz").write_bytes(npz_bytes(self.arrays))
        return folder

    def same(self, splits: tuple) -> bool:
        came = [array for split in splits for array in split]
        return all(np.array_equal(a, b) for a, b in zip(came, self.arrays.values(), strict=True))


@pytest.fixture
def tiny() -> Tiny:
    return Tiny()


@pytest.fixture(autouse=True)
def empty_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WHIT_DATA", raising=False)
    monkeypatch.setenv("WHIT_CACHE", str(tmp_path / "whit-cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras-home"))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
