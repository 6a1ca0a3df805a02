"""Order: the traced form, which compares pairs, gives what NumPy's sort gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.support import traced
from whit import ops
from whit.ops.sorting import MOST_SORTED

RNG = np.random.default_rng(3)
FLOATS = RNG.integers(-3, 4, (3, 4, 6)).astype(np.float32)  # many are equal
FLOATS[0, 1, 2] = FLOATS[2, 0, 0] = np.nan
ARRAYS = [FLOATS, RNG.integers(-3, 4, (5, 6)), RNG.random((2, 7)) > 0.5, np.zeros((2, 0, 3))]


@pytest.mark.parametrize("which", range(len(ARRAYS)))
@pytest.mark.parametrize("axis", [-1, 0, 1, None])
def test_sort(which: int, axis: int | None) -> None:
    x = ARRAYS[which]
    order = np.argsort(x, axis, kind="stable")
    for f in (lambda g: g(x, axis), lambda g: traced(lambda t: g(t, axis), x)):
        np.testing.assert_array_equal(f(ops.argsort), order)
        np.testing.assert_array_equal(f(ops.sort), np.sort(x, axis))


def test_sort_in_a_trace_is_limited() -> None:
    x = np.zeros(MOST_SORTED + 1, np.float32)
    assert ops.sort(x).shape == x.shape
    with pytest.raises(ValueError, match="sorting 4097 elements along axis -1 in a trace"):
        traced(ops.sort, x)


@pytest.mark.parametrize("k", [0, 1, 3, 6])
@pytest.mark.parametrize("which", [0, 1])
def test_top_k(which: int, k: int) -> None:
    x = np.nan_to_num(ARRAYS[which])
    values, places = ops.top_k(x, k)
    order = np.argsort(-x, -1, kind="stable")[..., :k]
    np.testing.assert_array_equal(places, order)
    np.testing.assert_array_equal(values, np.take_along_axis(x, order, -1))
    for found, wanted in zip(traced(lambda t: ops.top_k(t, k), x), (values, places), strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_top_k_of_many_in_a_trace() -> None:
    x = RNG.normal(size=(2, 40)).astype(np.float32)
    values, places = traced(lambda t: ops.top_k(t, 20), x)
    np.testing.assert_array_equal(values, -np.sort(-x, -1)[:, :20])
    np.testing.assert_array_equal(np.take_along_axis(x, places, -1), values)


def test_top_k_with_infinities() -> None:
    x = np.array([-np.inf, 1, -np.inf, -np.inf], np.float32)
    assert list(traced(lambda t: ops.top_k(t, 3)[1], x)) == [1, 0, 2]


def test_top_k_too_many() -> None:
    with pytest.raises(ValueError, match="k=5 but the last axis of x has 4 places"):
        ops.top_k(np.zeros((2, 4)), 5)


def test_in_top_k() -> None:
    scores = np.array([[0.1, 0.9, 0.5], [0.3, 0.3, 0.4], [0.1, 0.2, np.nan]], np.float32)
    assert list(ops.in_top_k([2, 0, 2], scores, 1)) == [False, False, False]
    assert list(ops.in_top_k([2, 0, 2], scores, 2)) == [True, True, False]
    assert list(ops.in_top_k([5, -1, 1], scores, 3)) == [False, False, True]


@pytest.mark.parametrize("method", ["linear", "lower", "higher", "nearest", "midpoint"])
@pytest.mark.parametrize("axis", [None, 0, (0, 2)])
def test_quantiles(method: str, axis: Any) -> None:
    x = RNG.normal(size=(3, 4, 6)).astype(np.float32)
    for q in (0.3, [0.0, 0.45, 1.0]):
        expected = np.quantile(x.astype(np.float64), q, axis, method=method, keepdims=True)
        found = ops.quantile(x, q, axis, method, keepdims=True)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(
            traced(lambda t, q=q: ops.quantile(t, q, axis, method, True), x), found, rtol=1e-6
        )


def test_median_and_percentile() -> None:
    x = np.array([[3.0, 1, 2], [5, np.nan, 4]], np.float32)
    np.testing.assert_array_equal(ops.median(x, 1), [2, np.nan])
    assert ops.percentile(x[0], 25) == 1.5
    with pytest.raises(ValueError, match=r'method=.lineal.*Did you mean "linear"'):
        ops.quantile(x, 0.5, method="lineal")
    with pytest.raises(ValueError, match="must lie between 0 and 1"):
        ops.quantile(x, 2)


@pytest.mark.parametrize("side", ["left", "right"])
def test_searchsorted(side: str) -> None:
    a, v = np.array([1, 2, 2, 3.5], np.float32), np.array([[2.0, 0], [9, 3.5]], np.float32)
    np.testing.assert_array_equal(ops.searchsorted(a, v, side), np.searchsorted(a, v, side))


def test_counts() -> None:
    x = np.array([1, 2, 2, 5])
    np.testing.assert_array_equal(ops.bincount(x), np.bincount(x))
    w = np.array([0.5, 1, 2, 4], np.float32)
    np.testing.assert_array_equal(ops.bincount(x, w, 8), np.bincount(x, w, 8))
    np.testing.assert_array_equal(traced(lambda t: ops.bincount(t, None, 6), x), np.bincount(x))
    data = RNG.normal(size=200).astype(np.float32)
    for found, wanted in zip(ops.histogram(data, 7), np.histogram(data, 7), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6)
    np.testing.assert_array_equal(
        ops.histogram(data, 4, (-1, 1))[0], np.histogram(data, 4, (-1, 1))[0]
    )
    np.testing.assert_array_equal(ops.digitize(data, [-1.0, 0, 1]), np.digitize(data, [-1.0, 0, 1]))


def test_sets() -> None:
    x = np.array([[3, 1, 3], [0, 7, 1]])
    np.testing.assert_array_equal(ops.isin(x, [1, 7]), np.isin(x, [1, 7]))
    np.testing.assert_array_equal(ops.isin(x, [], invert=True), np.ones_like(x, bool))
    for found, wanted in zip(ops.nonzero(x), np.nonzero(x), strict=True):
        np.testing.assert_array_equal(found, wanted)
    values, counts = ops.unique(x, return_counts=True)
    assert (values.tolist(), counts.tolist()) == ([0, 1, 3, 7], [1, 2, 2, 1])
    assert ops.unique(x, size=6, fill_value=-1).tolist() == [0, 1, 3, 7, -1, -1]
    assert ops.unique(x, size=2).tolist() == [0, 1]
    with pytest.raises(TypeError, match="not known while tracing"):
        traced(ops.nonzero, x)
    with pytest.raises(TypeError, match="not known while tracing"):
        traced(ops.unique, x)
