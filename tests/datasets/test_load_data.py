"""`load_data()` as a Keras program calls it, and the real data where `WHIT_DATA` has it."""

from __future__ import annotations

import os

import numpy as np
import pytest

from whit.datasets import _catalog, cifar10, fashion_mnist, mnist

# Read at import: the fixture `empty_world` takes it out of the environment.
REAL_DATA = os.environ.get("WHIT_DATA", "")


def has_real(name: str) -> bool:
    folders = [folder for folder in REAL_DATA.split(os.pathsep) if folder]
    return any(os.path.isdir(os.path.join(folder, name)) for folder in folders)


@pytest.mark.parametrize("module", [mnist, fashion_mnist, cifar10])
def test_each_module_loads_its_own_row(module, tiny, tmp_path, monkeypatch) -> None:
    name = module.__name__.rpartition(".")[2]
    assert _catalog.DATASETS[name].name == name
    monkeypatch.setitem(_catalog.DATASETS, name, tiny.row)
    tiny.lay_npz(tmp_path / "keras-home" / "datasets")
    (x_train, y_train), (x_test, y_test) = module.load_data()
    assert tiny.same(((x_train, y_train), (x_test, y_test)))


def test_mnist_takes_keras_path(tiny, tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(_catalog.DATASETS, "mnist", tiny.row)
    tiny.lay_npz(tmp_path)
    assert tiny.same(mnist.load_data(path=str(tmp_path / "tiny.npz")))
    assert tiny.same(mnist.load_data(tmp_path / "tiny.npz"))


def test_the_table_is_sound() -> None:
    for row in _catalog.DATASETS.values():
        assert list(row.arrays) == ["x_train", "y_train", "x_test", "y_test"]
        assert all(mirror.url.startswith("https://") for mirror in row.mirrors)
        assert all(mirror.url.endswith("/") for mirror in row.mirrors)
        assert {mirror.form for mirror in row.mirrors} <= set(row.forms)
        verified = all(array.sha256 for array in row.arrays.values())
        files = [file for form in row.forms.values() for file in form.files]
        assert verified or all(file.digest for file in files)


@pytest.mark.parametrize("module", [mnist, fashion_mnist])
def test_real_images(module, monkeypatch) -> None:
    name = module.__name__.rpartition(".")[2]
    if not has_real(name):
        pytest.skip(f"WHIT_DATA has no {name}")
    monkeypatch.setenv("WHIT_DATA", REAL_DATA)
    (x_train, y_train), (x_test, y_test) = module.load_data()
    assert x_train.shape == (60000, 28, 28) and y_train.shape == (60000,)
    assert x_test.shape == (10000, 28, 28) and y_test.shape == (10000,)
    assert {a.dtype for a in (x_train, y_train, x_test, y_test)} == {np.dtype(np.uint8)}
    first = {"mnist": [5, 0, 4, 1, 9], "fashion_mnist": [9, 0, 0, 3, 0]}
    assert y_train[:5].tolist() == first[name]


def test_real_cifar10(monkeypatch) -> None:
    if not has_real("cifar10"):
        pytest.skip("WHIT_DATA has no cifar10")
    monkeypatch.setenv("WHIT_DATA", REAL_DATA)
    (x_train, y_train), (x_test, y_test) = cifar10.load_data()
    assert x_train.shape == (50000, 32, 32, 3) and y_train.shape == (50000, 1)
    assert x_test.shape == (10000, 32, 32, 3) and y_test.shape == (10000, 1)
    assert y_train[:4, 0].tolist() == [6, 9, 9, 4]
