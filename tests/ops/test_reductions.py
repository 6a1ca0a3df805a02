"""Reductions equal NumPy's over every axis, with empty axes, NaN, integers and bool."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.support import traced
from whit import ops

RNG = np.random.default_rng(1)
SHAPES = [(5,), (3, 4), (2, 1, 5)]


def close(found: Any, expected: Any) -> None:
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=3e-6, atol=1e-6)


def axes_of(shape: tuple[int, ...]) -> list[Any]:
    every = [None, *range(-len(shape), len(shape))]
    return every + [(0, 1), (1, -1)] if len(shape) > 2 else every


CASES = [(s, a, k) for s in SHAPES for a in axes_of(s) for k in (False, True)]
NAMES = ["sum", "mean", "var", "std", "max", "min", "prod", "any", "all"]


@pytest.mark.parametrize("name", [*NAMES, "nansum", "nanmean", "nanvar", "nanmax", "nanmin"])
@pytest.mark.parametrize(("shape", "axis", "keepdims"), CASES)
def test_like_numpy(name: str, shape: tuple, axis: Any, keepdims: bool) -> None:
    x = RNG.normal(size=shape).astype(np.float32)
    if name.startswith("nan") and axis not in (1, -2):  # never a row of NaN alone
        x.flat[1] = np.nan
    expected = getattr(np, name)(x, axis=axis, keepdims=keepdims)
    f = getattr(ops, name)
    close(f(x, axis=axis, keepdims=keepdims), expected)
    close(traced(lambda t: f(t, axis=axis, keepdims=keepdims), x), expected)


@pytest.mark.parametrize("name", ["argmax", "argmin"])
@pytest.mark.parametrize("axis", [None, 0, -1])
def test_places(name: str, axis: int | None) -> None:
    for x in (
        RNG.normal(size=(4, 6)).astype(np.float32),
        RNG.integers(0, 3, (4, 6)),
        RNG.random((4, 6)) > 0.5,
    ):
        found = getattr(ops, name)(x, axis)
        assert found.dtype == np.int32
        assert (found == getattr(np, name)(x, axis)).all()
    x = np.array([[1, np.nan, 3], [np.nan, np.nan, 0]], np.float32)
    assert (getattr(ops, name)(x, axis) == getattr(np, name)(x, axis)).all()
    assert ops.argmax(x, axis=1, keepdims=True).shape == (2, 1)


@pytest.mark.parametrize(
    ("name", "expected"), [("sum", 0), ("prod", 1), ("any", False), ("all", True)]
)
def test_nothing_to_reduce(name: str, expected: Any) -> None:
    x = np.zeros((3, 0, 2), np.float32)
    assert (getattr(ops, name)(x, axis=1) == np.full((3, 2), expected)).all()
    assert getattr(ops, name)(x, axis=0).shape == (0, 2)


def test_extremes_of_nothing() -> None:
    with pytest.raises(ValueError, match=r"max: no elements along axis=0 of shape \(0, 2\)"):
        ops.max(np.zeros((0, 2)), axis=0)
    with pytest.raises(ValueError, match="argmin: no elements"):
        ops.argmin(np.zeros((0,)))
    assert list(ops.min(np.zeros((0, 2)), axis=0, initial=5.0)) == [5, 5]
    assert np.isnan(ops.mean(np.zeros((0,), np.float32)))


def test_initial() -> None:
    assert ops.max(np.array([1.0, 2.0]), initial=7.0) == 7
    assert ops.min(np.array([1.0, 2.0]), initial=7.0) == 1


@pytest.mark.parametrize(
    ("given", "summed"), [("bool", "int32"), ("int8", "int32"), ("uint8", "uint32"), ("int64",) * 2]
)
def test_types_of_sums(given: str, summed: str) -> None:
    x = np.ones((300,), given)
    assert ops.sum(x).dtype == ops.prod(x).dtype == summed
    assert ops.sum(x) == 300
    assert ops.mean(x).dtype == "float32"


def test_axis_out_of_range() -> None:
    with pytest.raises(ValueError, match="axis=2 is out of range for an array with 2 axes"):
        ops.sum(np.zeros((2, 2)), axis=2)
    with pytest.raises(ValueError, match="names one axis twice"):
        ops.sum(np.zeros((2, 2)), axis=(1, -1))


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_running(axis: int | None) -> None:
    x = RNG.normal(size=(5, 7)).astype(np.float32)
    close(ops.cumsum(x, axis), np.cumsum(x, axis))
    close(ops.cumprod(x, axis), np.cumprod(x, axis))
    x[2, 3] = np.nan
    close(ops.nancumsum(x, axis), np.nancumsum(x, axis))
    close(ops.nancumprod(x, axis), np.nancumprod(x, axis))


def test_logsumexp() -> None:
    x = RNG.normal(size=(3, 4)).astype(np.float32) * 200
    expected = np.logaddexp.reduce(x.astype(np.float64), 1)
    close(ops.logsumexp(x, axis=1), expected.astype(np.float32))
    close(ops.logsumexp(np.full(3, -np.inf, np.float32)), -np.inf)
    close(ops.logsumexp(np.zeros((0,), np.float32)), -np.inf)


def test_average() -> None:
    x, w = RNG.normal(size=(3, 4)), RNG.random(3)
    close(ops.average(x, 0, w), np.average(x, 0, w))
    close(ops.average(x, weights=x**2), np.average(x, weights=x**2))


def test_counts_and_closeness() -> None:
    x = np.array([[0, 1, 2], [0, 0, 3]])
    assert list(ops.count_nonzero(x, axis=1)) == [2, 1]
    assert bool(ops.allclose(x, x + 1e-9)) and not bool(ops.allclose(x, x + 1))
    assert list(ops.ptp(x, axis=1)) == [2, 3]


def test_argument_of_nan_extremes() -> None:
    x = np.array([[np.nan, 2, 5], [7, np.nan, 1]])
    assert list(ops.nanargmax(x, 1)) == [2, 0]
    assert list(ops.nanargmin(x, 1)) == [1, 2]
    assert np.isnan(ops.nanmax(np.array([np.nan, np.nan])))
