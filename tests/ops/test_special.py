"""Composed functions are accurate to a few units in the last place, and exact at their ends."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from whit import ops

RNG = np.random.default_rng(0)
SMALL = np.concatenate([RNG.uniform(-8, 8, 300), 10 ** RNG.uniform(-30, 1, 200)])
WIDE = 10 ** RNG.uniform(-30, 30, 300)
UNIT = np.concatenate([RNG.uniform(-1, 1, 300), 1 - 10 ** RNG.uniform(-7, -1, 50)])


def each(f: Callable[[float], float]) -> Callable[[np.ndarray], np.ndarray]:
    return np.vectorize(f, otypes=[np.float64])


CASES = {
    "arccos": (UNIT, np.arccos),
    "arccosh": (1 + np.concatenate([10 ** RNG.uniform(-6, 3, 200), WIDE]), np.arccosh),
    "arcsin": (UNIT, np.arcsin),
    "arcsinh": (np.concatenate([SMALL, WIDE, -WIDE]), np.arcsinh),
    "arctan": (np.concatenate([SMALL, WIDE, -WIDE]), np.arctan),
    "arctanh": (UNIT, np.arctanh),
    "cbrt": (np.concatenate([WIDE, -WIDE]), np.cbrt),
    "cosh": (RNG.uniform(-80, 80, 300), np.cosh),
    "erfc": (RNG.uniform(-4, 9, 300), each(math.erfc)),
    "expm1": (SMALL, np.expm1),
    "log10": (WIDE, np.log10),
    "log1p": (np.concatenate([SMALL[SMALL > -0.9], WIDE]), np.log1p),
    "log2": (WIDE, np.log2),
    "log_sigmoid": (SMALL * 10, lambda x: -np.logaddexp(0, -x)),
    "sigmoid": (SMALL * 10, lambda x: 1 / (1 + np.exp(-x))),
    "sinh": (np.concatenate([SMALL, RNG.uniform(-80, 80, 100)]), np.sinh),
    "softplus": (SMALL, lambda x: np.logaddexp(0, x)),
    "tan": (RNG.uniform(-1.5, 1.5, 300), np.tan),
}


@pytest.mark.parametrize("name", CASES)
def test_single_precision(name: str) -> None:
    """Within 6 units in the last place of the value in double precision."""
    points, exact = CASES[name]
    x = points.astype(np.float32)
    expected = exact(x.astype(np.float64))
    found = getattr(ops, name)(x)
    unit = np.spacing(np.abs(expected).astype(np.float32)).astype(np.float64)
    finite = np.isfinite(expected) & (np.abs(expected) < 3e38)
    assert found.dtype == np.float32
    assert (np.abs(found - expected)[finite] <= 6 * unit[finite]).all()


@pytest.mark.parametrize("name", CASES)
def test_double_precision(name: str) -> None:
    points, exact = CASES[name]
    np.testing.assert_allclose(getattr(ops, name)(points), exact(points), rtol=4e-15)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_erfinv_inverts_erf(dtype: str) -> None:
    y = np.concatenate([RNG.uniform(-2.5, 2.5, 300), [0.0, 1e-8]]).astype(dtype)
    x = np.asarray(each(math.erf)(y), dtype)
    slope = np.exp(y.astype(np.float64) ** 2)  # how much an error of x weighs
    error = np.abs(ops.erfinv(x) - y)
    assert (error <= np.finfo(dtype).eps * (4 * np.abs(y) + slope)).all()
    ends = ops.erfinv(np.array([-1, 1, 2], dtype))
    assert list(ends[:2]) == [-np.inf, np.inf] and np.isnan(ends[2])


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("expm1", [-np.inf, -100, 0, 1e-30, np.inf], [-1, -1, 0, 1e-30, np.inf]),
        ("log1p", [-1, 0, 1e-30, np.inf, np.nan], [-np.inf, 0, 1e-30, np.inf, np.nan]),
        ("arctan", [-np.inf, 0, np.inf], [-math.pi / 2, 0, math.pi / 2]),
        ("arctanh", [-1, 0, 1], [-np.inf, 0, np.inf]),
        ("arccosh", [1, 0.5, np.inf], [0, np.nan, np.inf]),
        ("arcsinh", [-1e30, 0, 1e-30], [-math.asinh(1e30), 0, 1e-30]),
        ("sinh", [-89, 0, 1e-30, 100], [math.sinh(-89), 0, 1e-30, np.inf]),
        ("cosh", [-89, 0, 100], [math.cosh(-89), 1, np.inf]),
        (
            "sigmoid",
            [-np.inf, -100, 0, 100, np.inf, np.nan],
            [0, math.exp(-100), 0.5, 1, 1, np.nan],
        ),
        ("softplus", [-np.inf, -100, 0, 100], [0, math.exp(-100), math.log(2), 100]),
        ("cbrt", [-27, 0, 8, np.inf], [-3, 0, 2, np.inf]),
        ("erfc", [-10, 0, 30], [2, 1, 0]),
    ],
)
def test_ends(name: str, x: list, expected: list) -> None:
    found = getattr(ops, name)(np.array(x, np.float32))
    np.testing.assert_allclose(found, np.array(expected, np.float32), rtol=1e-6, atol=1e-44)


def test_arctan2_in_every_quadrant_and_on_the_axes() -> None:
    values = [-np.inf, -2.0, -0.0, 0.0, 3.0, np.inf]
    y, x = (v.ravel().astype(np.float32) for v in np.meshgrid(values, values))
    np.testing.assert_allclose(ops.arctan2(y, x), np.arctan2(y, x), rtol=1e-6)


def test_no_overflow_on_the_way() -> None:
    big = np.array([3e38, 1e-30, 0.0], np.float32)
    np.testing.assert_allclose(ops.hypot(big, 0.0), big, rtol=1e-6)
    a = np.array([np.inf, -np.inf, 1000.0, -1000.0], np.float32)
    np.testing.assert_allclose(ops.logaddexp(a, a), np.logaddexp(a, a), rtol=1e-6)
    np.testing.assert_allclose(ops.logsumexp(a[2:]), 1000)
