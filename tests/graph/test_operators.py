"""Tensors in Python expressions: operators and indexing mean what they mean in NumPy."""

from __future__ import annotations

import operator
import re

import numpy as np
import pytest

from tests.graph.values import value
from whit.graph import Tensor, build, input_
from whit.graph.dtypes import DTYPES

A = np.array([[1.5, -2.0, 3.0], [0.5, 4.0, -6.0]], "float32")
B = np.array([2.0, -3.0, 0.5], "float32")
N = np.array([[7, -8, 9], [1, 2, -5]], "int32")
M = np.array([3, 2, -4], "int32")
TRUTHS = np.array([[True, False, True], [False, False, True]])


def both(f: object, *arrays: np.ndarray) -> None:
    """`f` of tensors has the value, shape and dtype of `f` of arrays."""
    xs = [input_(f"x{q}", a.shape, a.dtype.name) for q, a in enumerate(arrays)]
    made = f(*xs)  # type: ignore[operator]
    assert isinstance(made, Tensor)
    got, wanted = value(made, dict(zip(xs, arrays, strict=True))), f(*arrays)  # type: ignore[operator]
    assert got.shape == wanted.shape and got.dtype == wanted.dtype
    np.testing.assert_allclose(got, wanted, 1e-6)


ARITHMETIC = ["add", "sub", "mul", "truediv", "floordiv", "mod", "lt", "le", "gt", "ge"]


@pytest.mark.parametrize("name", ARITHMETIC)
def test_arithmetic(name: str) -> None:
    f = getattr(operator, name)
    both(f, A, B)
    both(f, B, A)
    both(lambda x: f(x, 2), A)
    both(lambda x: f(3.0, x), A)
    if name != "truediv":
        both(f, N, M)
        both(lambda x: f(x, 4), N)
        both(lambda x: f(-9, x), M)


@pytest.mark.parametrize("name", ["and_", "or_", "xor"])
def test_bits(name: str) -> None:
    f = getattr(operator, name)
    both(f, N, M)
    both(f, TRUTHS, TRUTHS[:1])
    both(lambda x: f(x, 6), N)
    both(lambda x: f(True, x), TRUTHS)


@pytest.mark.parametrize(
    "f",
    [
        operator.neg,
        operator.abs,
        lambda x: x**2,
        lambda x: x**3,
        lambda x: x**1,
        lambda x: abs(x) ** 0.5,
        lambda x: abs(x) ** 1.7,
        lambda x: x**0,
        lambda x: x**-2,
        lambda x: np.float32(2) ** x,
        lambda x: x * np.float32(3),
        lambda x: np.float32(3) - x,
        lambda x: x * B,
        lambda x: B / x,
        lambda x: M + x,
        lambda x: x @ np.array([1.0, 2.0, 3.0], "float32"),
        lambda x: np.array([1.0, 2.0], "float32") @ x,
    ],
)
def test_other_expressions(f: object) -> None:
    both(lambda x: f(x) if isinstance(x, Tensor) else f(x).astype("float32"), A)  # type: ignore[operator]


def test_inversion() -> None:
    both(operator.invert, N)
    both(operator.invert, TRUTHS)


WEAK = [
    ("float32", 2, "float32"),
    ("float32", 2.5, "float32"),
    ("float64", 2.5, "float64"),
    ("int8", 2, "int8"),
    ("int8", 2.5, "float32"),
    ("int64", True, "int64"),
    ("bool", 2, "int32"),
    ("bool", 2.0, "float32"),
    ("uint8", np.int16(3), "int16"),
    ("float32", np.float64(3), "float64"),
]


@pytest.mark.parametrize(("dtype", "scalar", "joint"), WEAK)
def test_scalars_are_weak(dtype: str, scalar: float, joint: str) -> None:
    x = input_("x", (2,), dtype)
    assert (x * scalar).dtype == joint and (scalar + x).dtype == joint
    assert (x**scalar).dtype == joint
    assert build.where(input_("c", (2,), "bool"), x, scalar).dtype == joint


@pytest.mark.parametrize("dtype", DTYPES)
def test_division_is_floating(dtype: str) -> None:
    x = input_("x", (2,), dtype)
    assert (x / x).dtype == ("float64" if dtype == "float64" else "float32")
    assert (1 / x).dtype == (dtype if dtype.startswith("float") else "float32")


def test_mean_of_integers_and_of_nothing() -> None:
    both(lambda x: build.mean(x) if isinstance(x, Tensor) else x.mean(dtype="float32"), N)
    assert np.isnan(value(build.mean(build.full((0,), 1.0, "float32"))))


MATRICES = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 4)),
    ((5, 2, 3), (3, 4)),
    ((5, 2, 3), (3,)),
    ((2, 3), (5, 3, 4)),
    ((3,), (5, 3, 4)),
    ((6, 1, 2, 3), (5, 3, 4)),
    ((0, 3), (3, 2)),
    ((2, 0), (0, 2)),
]


@pytest.mark.parametrize(("a", "b"), MATRICES)
def test_matrix_product(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    r = np.random.default_rng(0)
    both(operator.matmul, r.normal(size=a), r.normal(size=b))
    both(operator.matmul, r.integers(-3, 4, a), r.integers(-3, 4, b).astype("int16"))


CUBE = np.arange(60, dtype="float32").reshape(4, 5, 3)
KEYS = [
    0,
    -1,
    np.int64(2),
    np.uint8(3),
    slice(None),
    slice(1, 3),
    slice(-3, None),
    slice(None, None, 2),
    slice(None, None, -1),
    slice(3, 0, -2),
    slice(10, 20),
    slice(3, 1),
    slice(np.int64(1), np.int64(4), np.int64(2)),
    None,
    ...,
    (),
    (1, 2),
    (1, 2, 0),
    (..., 1),
    (0, ..., -1),
    (None, ..., None),
    (slice(None), None, 1),
    (slice(None, None, -2), slice(4, None, -3), slice(None, None, -1)),
    (slice(0, 0), 1),
    (slice(1, None), ..., None, slice(0, 2)),
    (1, ..., 1, 1),
]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_indexing(key: object) -> None:
    both(lambda x: x[key], CUBE)


def test_indexing_by_a_tensor_picks_rows() -> None:
    x, i = input_("x", (4, 5, 3), "float32"), input_("i", (2, 2), "int32")
    rows = np.array([[3, 0], [3, 1]], "int32")
    assert np.array_equal(value(x[i], {x: CUBE, i: rows}), CUBE[rows])


BAD_KEYS = [
    (4, IndexError, "index 4 is outside axis 0 of shape (4, 5, 3)"),
    (-5, IndexError, "index -5 is outside axis 0 of shape (4, 5, 3)"),
    ((0, 0, 3), IndexError, "index 3 is outside axis 2 of shape (4, 5, 3)"),
    ((0, 0, 0, 0), IndexError, "too many indices for shape (4, 5, 3): (0, 0, 0, 0)"),
    ((..., 0, ...), IndexError, "an index can have only one Ellipsis ('...')"),
    (1.0, TypeError, "index 1.0: expected an integer, a slice, None or Ellipsis"),
    (True, TypeError, "index True: expected an integer, a slice, None or Ellipsis"),
    ("a", TypeError, "index 'a': expected an integer"),
    ([0, 1], TypeError, "index [0, 1]: expected an integer"),
    (np.array([0, 2]), TypeError, "index array([0, 2]): expected an integer"),
]


@pytest.mark.parametrize(("key", "kind", "text"), BAD_KEYS)
def test_bad_indices(key: object, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=re.escape(text)):
        input_("x", (4, 5, 3), "float32")[key]


def test_length_and_iteration() -> None:
    x = input_("x", (2, 3), "float32")
    first, second = x
    assert len(x) == 2 and (first.shape, second.shape) == ((3,), (3,))
    assert [float(value(row, {x: A})[0]) for row in x] == [1.5, 0.5]
    for f in (len, iter):
        with pytest.raises(TypeError, match=r"len\(\) of a tensor with no axes"):
            f(first[0])


def test_no_truth_value() -> None:
    x = input_("x", (), "bool")
    text = "is not known while a function is being traced; use ops.where or ops.cond on the value"
    with pytest.raises(TypeError, match=text):
        bool(x)
    with pytest.raises(TypeError, match=text):
        _ = 0 if x else 1


def test_no_numbers() -> None:
    x = input_("x", (2,), "float32")
    for f in (np.asarray, np.exp, np.sum, lambda t: np.add(B[:2], t)):
        with pytest.raises(
            TypeError, match=r"has no numbers yet: .* Use whit\.ops in place of NumPy"
        ):
            f(x)


@pytest.mark.parametrize("other", ["a", None, [1.0, 2.0], object()])
def test_strangers(other: object) -> None:
    x = input_("x", (2,), "float32")
    with pytest.raises(TypeError, match="unsupported operand"):
        x + other
    with pytest.raises(TypeError, match=r"unsupported operand|can only concatenate"):
        other + x  # type: ignore[operator]


def test_operands_that_know_tensors_are_asked() -> None:
    class Variable:
        def __radd__(self, other: object) -> str:
            return f"{other!r} + me"

    assert (input_("x", (2,), "float32") + Variable()).endswith("+ me")


def test_repr() -> None:
    x = input_("x", (2, 3), "float32")
    assert re.fullmatch(r"<Tensor %\d+ input float32\[2, 3\]>", repr(x))
    assert repr(x.primitive) == "input"
