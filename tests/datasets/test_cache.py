"""whit's cache: written whole or not at all, verified at every load, never in the way."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from whit.datasets import _cache
from whit.datasets._catalog import Array
from whit.datasets._search import load_splits
from whit.errors import DataError


def leftovers(row) -> list[str]:
    folder = _cache.cache_file(row).parent
    return [path.name for path in folder.iterdir()] if folder.exists() else []


def test_saved_arrays_come_back(tiny) -> None:
    _cache.save_cached(tiny.row, tiny.arrays)
    came = _cache.load_cached(tiny.row)
    assert list(came) == list(tiny.arrays)
    assert all(np.array_equal(came[name], array) for name, array in tiny.arrays.items())
    assert leftovers(tiny.row) == ["tiny.npz"]


@pytest.mark.parametrize("known", [True, False])
def test_a_flipped_bit_is_noticed_with_and_without_digests_in_the_table(tiny, known) -> None:
    if not known:
        bare = {name: Array(array.shape) for name, array in tiny.row.arrays.items()}
        tiny.with_row(arrays=bare)
    _cache.save_cached(tiny.row, tiny.arrays)
    path = _cache.cache_file(tiny.row)
    data = bytearray(path.read_bytes())
    data[data.index(tiny.arrays["x_train"].tobytes()) + 9] ^= 4
    path.write_bytes(data)
    with pytest.raises(DataError, match="'x_train' has the wrong SHA-256"):
        _cache.load_cached(tiny.row)


def test_damaged_cache_is_replaced(tiny, tmp_path) -> None:
    path = _cache.cache_file(tiny.row)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PK\x03\x04 half a file")
    tiny.lay_npz(tmp_path / "keras-home" / "datasets")
    with pytest.warns(UserWarning, match=r"tiny\.npz was passed over .*\.npz file"):
        assert tiny.same(load_splits(tiny.row))
    assert tiny.same(load_splits(tiny.row))


def test_npz_of_someone_else_in_the_cache_is_refused(tiny) -> None:
    tiny.lay_npz(_cache.cache_file(tiny.row).parent)
    with pytest.raises(DataError, match="lacks the digests"):
        _cache.load_cached(tiny.row)


def test_full_disk_costs_a_warning_and_leaves_nothing(tiny, tmp_path, monkeypatch) -> None:
    def full(stream, content) -> None:
        stream.write(b"the first part")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(_cache, "_write_npz", full)
    tiny.lay_npz(tmp_path / "keras-home" / "datasets")
    with pytest.warns(UserWarning, match="No space left on device.*WHIT_CACHE") as caught:
        assert tiny.same(load_splits(tiny.row))
    assert len(caught) == 1
    assert leftovers(tiny.row) == []


def test_ctrl_c_while_writing_leaves_nothing(tiny, monkeypatch) -> None:
    def interrupted(stream, content) -> None:
        stream.write(b"the first part")
        raise KeyboardInterrupt

    monkeypatch.setattr(_cache, "_write_npz", interrupted)
    with pytest.raises(KeyboardInterrupt):
        _cache.save_cached(tiny.row, tiny.arrays)
    assert leftovers(tiny.row) == []


def test_unwritable_cache_costs_one_warning(tiny, tmp_path, monkeypatch) -> None:
    (tmp_path / "a file").write_text("in the way")
    monkeypatch.setenv("WHIT_CACHE", str(tmp_path / "a file" / "cache"))
    tiny.lay_npz(tmp_path / "keras-home" / "datasets")
    with pytest.warns(UserWarning, match="is used but could not be kept") as caught:
        assert tiny.same(load_splits(tiny.row))
    assert len(caught) == 1


def test_a_folder_in_the_place_of_the_cached_file_costs_one_warning(tiny, tmp_path) -> None:
    _cache.cache_file(tiny.row).mkdir(parents=True)
    tiny.lay_npz(tmp_path / "keras-home" / "datasets")
    with pytest.warns(UserWarning, match="could not be kept") as caught:
        assert tiny.same(load_splits(tiny.row))
    assert len(caught) == 1 and leftovers(tiny.row) == ["tiny.npz"]


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {"HOME": "/h"}, "/h/.cache/whit"),
        ("linux", {"HOME": "/h", "XDG_CACHE_HOME": "/x"}, "/x/whit"),
        ("darwin", {"HOME": "/h", "XDG_CACHE_HOME": "/x"}, "/h/Library/Caches/whit"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/whit"),
        ("win32", {"HOME": "/h"}, "/h/AppData/Local/whit"),
        ("linux", {"HOME": "/h", "WHIT_CACHE": "~/c"}, "/h/c"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="the paths are spelled as on Unix")
def test_cache_folder_of_each_platform(monkeypatch, platform, environment, expected) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA", "WHIT_CACHE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(_cache.sys, "platform", platform)
    assert _cache.cache_folder() == Path(expected)


def test_two_data_sets_have_two_files(tiny) -> None:
    assert _cache.cache_file(tiny.row) != _cache.cache_file(replace(tiny.row, name="other"))
