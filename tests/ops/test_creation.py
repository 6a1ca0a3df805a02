"""Arrays from shapes and numbers: values, types and owners."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.support import traced
from whit import config, ops

CASES: list[tuple[Any, Any, str]] = [
    (lambda: ops.zeros((2, 0)), np.zeros((2, 0)), "float32"),
    (lambda: ops.ones(3, "int32"), [1, 1, 1], "int32"),
    (lambda: ops.full((2,), 2.5), [2.5, 2.5], "float32"),
    (lambda: ops.full((2, 2), [1, 2], "int32"), [[1, 2], [1, 2]], "int32"),
    (lambda: ops.zeros_like(np.ones(2, np.int8)), [0, 0], "int8"),
    (lambda: ops.ones_like([1.0], "bool"), [True], "bool"),
    (lambda: ops.full_like(np.ones(2, np.int32), 7), [7, 7], "int32"),
    (lambda: ops.arange(4), [0, 1, 2, 3], "int32"),
    (lambda: ops.arange(1, 8, 3), [1, 4, 7], "int32"),
    (lambda: ops.arange(5, 0, -2), [5, 3, 1], "int32"),
    (lambda: ops.arange(0, 1, 0.25), [0, 0.25, 0.5, 0.75], "float32"),
    (lambda: ops.arange(3, 3), [], "int32"),
    (lambda: ops.arange(2, dtype="float64"), [0, 1], "float64"),
    (lambda: ops.eye(2, 3, 1), np.eye(2, 3, 1), "float32"),
    (lambda: ops.identity(3, "int32"), np.eye(3), "int32"),
    (lambda: ops.tri(3, 4, -1), np.tri(3, 4, -1), "float32"),
    (lambda: ops.linspace(0, 1, 5), np.linspace(0, 1, 5), "float32"),
    (lambda: ops.linspace(2.0, 3.0, 1), [2.0], "float32"),
    (lambda: ops.linspace(0, 1, 4, endpoint=False), [0, 0.25, 0.5, 0.75], "float32"),
    (lambda: ops.linspace(0, 9, 4, dtype="int32"), [0, 3, 6, 9], "int32"),
    (lambda: ops.logspace(0, 2, 3), [1, 10, 100], "float32"),
    (lambda: ops.geomspace(1, 1000, 4), [1, 10, 100, 1000], "float32"),
    (lambda: ops.vander([1.0, 2.0, 3.0]), np.vander([1.0, 2.0, 3.0]), "float32"),
    (lambda: ops.vander([2, 3], 2, increasing=True), [[1, 2], [1, 3]], "int32"),
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_values_and_types(case: int) -> None:
    f, expected, dtype = CASES[case]
    assert f().flags.writeable
    for found in (f(), traced(f)):
        assert found.dtype == dtype
        np.testing.assert_allclose(found, expected, rtol=2e-6)


def test_linspace_of_arrays() -> None:
    a, b = np.zeros(3, np.float32), np.arange(3, dtype=np.float32)
    found, step = ops.linspace(a, b, 4, retstep=True, axis=1)
    np.testing.assert_allclose(found, np.linspace(a, b, 4, axis=1), rtol=1e-6)
    np.testing.assert_allclose(step, b / 3)


@pytest.mark.parametrize("indexing", ["xy", "ij"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_meshgrid(indexing: str, count: int) -> None:
    axes = [np.arange(n + 2, dtype=np.float32) for n in range(count)]
    expected = np.meshgrid(*axes, indexing=indexing)
    for found, wanted in zip(ops.meshgrid(*axes, indexing=indexing), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("name", ["hanning", "hamming", "blackman", "bartlett"])
@pytest.mark.parametrize("n", [0, 1, 2, 9])
def test_windows(name: str, n: int) -> None:
    np.testing.assert_allclose(getattr(ops, name)(n), getattr(np, name)(n), atol=1e-6)


def test_kaiser() -> None:
    np.testing.assert_allclose(ops.kaiser(8, 5.0), np.kaiser(8, 5.0), rtol=1e-6)


def test_floatx_decides() -> None:
    assert ops.zeros(1).dtype == "float32"
    config.set_floatx("float64")
    try:
        assert ops.zeros(1).dtype == ops.arange(0.5).dtype == ops.add(1, 0.5).dtype == "float64"
    finally:
        config.set_floatx("float32")
    assert ops.zeros(1).dtype == "float32"


def test_errors() -> None:
    with pytest.raises(ValueError, match="step must not be 0"):
        ops.arange(1, 2, 0)
    with pytest.raises(TypeError, match="dtype='flaot' is not a type that whit computes with"):
        ops.zeros(2, "flaot")
    with pytest.raises(ValueError, match="indexing='yx'"):
        ops.meshgrid([1.0], indexing="yx")
