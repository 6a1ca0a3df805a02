"""Elementwise operations equal NumPy's over shapes of every kind, at once and traced."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.support import traced
from whit import ops

SHAPES = [(), (0,), (1,), (7,), (3, 0, 2), (3, 5), (2, 1, 17)]
PAIRS = [((), ()), ((3,), ()), ((3, 1), (1, 4)), ((0, 3), (3,)), ((2, 3, 5), (3, 1)), ((1,), (1,))]


def floats(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32) * 3


def integers(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-6, 7, shape).astype(np.int32)


def same(found: Any, expected: Any, rtol: float = 2e-6) -> None:
    found, expected = np.asarray(found), np.asarray(expected)
    assert (found.shape, found.dtype.kind) == (expected.shape, expected.dtype.kind)
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-6)


UNARY = {
    "absolute": np.abs,
    "arctan": np.arctan,
    "arcsinh": np.arcsinh,
    "cbrt": np.cbrt,
    "ceil": np.ceil,
    "cos": np.cos,
    "cosh": np.cosh,
    "deg2rad": np.deg2rad,
    "exp": np.exp,
    "exp2": np.exp2,
    "expm1": np.expm1,
    "fabs": np.fabs,
    "floor": np.floor,
    "isfinite": np.isfinite,
    "isinf": np.isinf,
    "isnan": np.isnan,
    "logical_not": np.logical_not,
    "negative": np.negative,
    "rad2deg": np.rad2deg,
    "round": np.round,
    "sign": np.sign,
    "signbit": np.signbit,
    "sin": np.sin,
    "sinh": np.sinh,
    "square": np.square,
    "tanh": np.tanh,
    "trunc": np.trunc,
}


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("shape", SHAPES)
def test_unary(name: str, shape: tuple[int, ...]) -> None:
    x = floats(shape)
    expected = np.asarray(UNARY[name](x))
    same(getattr(ops, name)(x), expected)
    same(traced(getattr(ops, name), x), expected)


BINARY = {
    "add": np.add,
    "arctan2": np.arctan2,
    "divide": np.divide,
    "equal": np.equal,
    "fmax": np.fmax,
    "fmin": np.fmin,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "heaviside": np.heaviside,
    "hypot": np.hypot,
    "less": np.less,
    "less_equal": np.less_equal,
    "logaddexp": np.logaddexp,
    "logaddexp2": np.logaddexp2,
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "logical_xor": np.logical_xor,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "multiply": np.multiply,
    "not_equal": np.not_equal,
    "subtract": np.subtract,
}


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("shapes", PAIRS)
def test_binary(name: str, shapes: tuple[tuple[int, ...], ...]) -> None:
    a, b = floats(shapes[0]), floats(shapes[1], 1)
    expected = np.asarray(BINARY[name](a, b))
    same(getattr(ops, name)(a, b), expected)
    same(traced(getattr(ops, name), a, b), expected)


INTEGER = {
    "add": np.add,
    "bitwise_and": np.bitwise_and,
    "bitwise_or": np.bitwise_or,
    "bitwise_xor": np.bitwise_xor,
    "equal": np.equal,
    "gcd": np.gcd,
    "lcm": np.lcm,
    "less": np.less,
    "maximum": np.maximum,
    "multiply": np.multiply,
}


@pytest.mark.parametrize("name", INTEGER)
@pytest.mark.parametrize("shapes", PAIRS)
def test_integers(name: str, shapes: tuple[tuple[int, ...], ...]) -> None:
    a, b = integers(shapes[0]), integers(shapes[1], 1)
    expected = np.asarray(INTEGER[name](a, b))
    same(getattr(ops, name)(a, b), expected)


@pytest.mark.parametrize(("name", "exact"), [("floor_divide", np.floor_divide), ("mod", np.mod)])
def test_division_with_remainder(name: str, exact: Any) -> None:
    a = np.repeat(np.arange(-7, 8), 6).astype(np.int32)
    b = np.tile([-3, -2, -1, 1, 2, 3], 15).astype(np.int32)
    same(getattr(ops, name)(a, b), exact(a, b))
    same(getattr(ops, name)(a / np.float32(2), b), exact(a / np.float32(2), b))


def test_division_by_zero_of_integers_is_zero() -> None:
    assert ops.floor_divide(np.int32(3), np.int32(0)) == 0


def test_fmod_has_the_sign_of_the_dividend() -> None:
    a, b = floats((40,)), floats((40,), 1)
    same(ops.fmod(a, b), np.fmod(a, b), rtol=1e-5)


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 0.5, -1, 2.5])
def test_power(exponent: float) -> None:
    x = np.abs(floats((5,))) + 0.1
    same(ops.power(x, exponent), np.power(x, np.float32(exponent)))


def test_power_of_integers() -> None:
    assert list(ops.power(np.array([2, -3], np.int32), 3)) == [8, -27]
    assert ops.power(2, 3).dtype == np.int32


def test_round_goes_to_even_and_keeps_what_is_whole() -> None:
    x = np.array([0.5, 1.5, 2.5, -0.5, -1.5, -2.7, 3e9, np.inf, -np.inf], np.float32)
    same(ops.round(x), np.round(x))
    same(ops.round(np.float64(2.675e5) + np.zeros(1), 2), np.round(np.array([2.675e5]), 2))
    same(ops.round(np.array([15, 25, 1234], np.int32), -1), np.array([20, 20, 1230], np.int32))


def test_special_values() -> None:
    x = np.array([np.nan, np.inf, -np.inf, -0.0, 1.0], np.float32)
    same(ops.isnan(x), np.isnan(x))
    same(ops.isposinf(x), np.isposinf(x))
    same(ops.isneginf(x), np.isneginf(x))
    same(ops.signbit(x[1:]), np.signbit(x[1:]))
    same(ops.nan_to_num(x), np.nan_to_num(x))
    same(ops.nan_to_num(x, 7.0, 8.0, 9.0), np.nan_to_num(x, nan=7.0, posinf=8.0, neginf=9.0))
    same(ops.maximum(x, 0.0)[0], np.float32(np.nan))
    same(ops.isclose(x, x, equal_nan=True), [True] * 5)
    same(ops.isclose(x, x), [False, True, True, True, True])


def test_divide_no_nan() -> None:
    assert list(ops.divide_no_nan([1.0, 2.0, 0.0], [0.0, 4.0, 0.0])) == [0, 0.5, 0]


def test_clip() -> None:
    x = integers((9,))
    same(ops.clip(x, -2, 2), np.clip(x, -2, 2))
    same(ops.clip(x, -2.0, 2.0), np.clip(x, -2, 2))
    same(
        ops.clip(floats((4,)), floats((4,)) - 1, 0.5), np.clip(floats((4,)), floats((4,)) - 1, 0.5)
    )


@pytest.mark.parametrize(
    ("operands", "dtype"),
    [
        ((1, 2), "int32"),
        ((1.0, 2), "float32"),
        ((True, True), "bool"),
        ((np.zeros(2, np.int32), 1.5), "float32"),
        ((np.zeros(2, np.float64), np.zeros(2, np.float32)), "float64"),
        ((np.zeros(2, np.int64), np.zeros(2, np.float32)), "float32"),
        ((np.zeros(2, np.uint8), 3), "uint8"),
        ((np.zeros(2, np.uint8), np.zeros(2, np.int8)), "int16"),
        (([1, 2], [1.0, 2.0]), "float32"),
        ((np.zeros(2, bool), 1), "int32"),
    ],
)
def test_promotion(operands: tuple, dtype: str) -> None:
    assert ops.add(*operands).dtype == dtype


def test_shifts_and_inversion() -> None:
    x = np.array([1, -8, 5], np.int32)
    same(ops.left_shift(x, 2), x << 2)
    same(ops.right_shift(x, 1), x >> 1)
    same(ops.bitwise_not(x), ~x)
    with pytest.raises(TypeError, match="defined for integers, got float32"):
        ops.bitwise_and(x, 1.5)


def test_shapes_that_do_not_broadcast() -> None:
    with pytest.raises(ValueError, match=r"\(3,\) and \(4,\) do not broadcast"):
        ops.add(np.zeros(3), np.zeros(4))


def test_sinc_and_ldexp() -> None:
    x = np.array([-1.25, -0.5, 0, 1e-6, 0.5, 2.25], np.float32)
    same(ops.sinc(x), np.sinc(x))
    same(ops.ldexp(x, np.array([3, -2, 0, 100, 1, 2])), np.ldexp(x, [3, -2, 0, 100, 1, 2]))
    assert math.isclose(float(ops.ldexp(np.float32(1e-38), 200)), 1e-38 * 2.0**200, rel_tol=1e-6)
