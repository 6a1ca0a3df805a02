"""The shape and dtype rule of every primitive, and what it says to what it does not take."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from tests.graph.values import value
from whit.engines.reference import threefry
from whit.graph import PRIMITIVES, Literal, Tensor, apply, build, input_, literal, random_bits
from whit.graph.dtypes import DTYPES, FLOATS, INTEGERS

BITS = ("bool", *INTEGERS)
NUMBERS = (*INTEGERS, *FLOATS)
Build = Callable[[], Tensor]

# name: (operands, dtypes taken, dtype of the result or None for that of the operands)
ELEMENTWISE = {
    **dict.fromkeys(
        ("exp", "log", "sqrt", "tanh", "erf", "sin", "cos", "floor"), (1, FLOATS, None)
    ),
    **dict.fromkeys(("neg", "abs", "sign"), (1, NUMBERS, None)),
    **dict.fromkeys(("add", "sub", "mul", "pow", "max", "min", "floor_divide"), (2, NUMBERS, None)),
    "div": (2, FLOATS, None),
    **dict.fromkeys(("equal", "less", "less_equal"), (2, DTYPES, "bool")),
    **dict.fromkeys(("and", "or", "xor", "shift_left", "shift_right"), (2, BITS, None)),
    "not": (1, BITS, None),
}


def of(shape: tuple[int, ...], dtype: str = "float32", name: str = "x") -> Tensor:
    return input_(name, shape, dtype)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise(name: str) -> None:
    arity, accepted, result = ELEMENTWISE[name]
    for dtype in DTYPES:
        operands = [of((2, 0), dtype, f"x{q}") for q in range(arity)]
        if dtype in accepted:
            made = apply(name, *operands)
            assert (made.op, made.shape, made.dtype) == (name, (2, 0), result or dtype)
        else:
            with pytest.raises(TypeError, match=f"^{name} is not defined for dtype {dtype}$"):
                apply(name, *operands)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_operands_that_differ(name: str) -> None:
    arity, accepted, _ = ELEMENTWISE[name]
    x = of((2,), accepted[-1])
    for count in {0, 1, 2, 3} - {arity}:
        text = f"^{name} takes {arity} operands?, got {count}$"
        with pytest.raises(TypeError, match=text):
            apply(name, *[x] * count)
    if arity == 2:
        for other in (of((3,), accepted[-1]), of((2,), "int8")):
            with pytest.raises(ValueError, match=f"^{name}: operands differ: <Tensor .*, <Tensor"):
                apply(name, x, other)


X = of((2, 3))
MADE: dict[str, tuple[Build, tuple[int, ...], str]] = {
    "where": (
        lambda: apply("where", of((2, 3), "bool"), X, of((2, 3), name="y")),
        (2, 3),
        "float32",
    ),
    "cast": (lambda: apply("cast", X, attrs=("int8",)), (2, 3), "int8"),
    "stop": (lambda: apply("stop", X), (2, 3), "float32"),
    "reshape": (lambda: build.reshape(X, (3, 1, 2)), (3, 1, 2), "float32"),
    "transpose": (lambda: build.transpose(X, (1, 0)), (3, 2), "float32"),
    "broadcast": (lambda: build.broadcast(X, (2, 5, 3), (0, 2)), (2, 5, 3), "float32"),
    "slice": (lambda: build.slice_(X, (0, 0), (2, 3), (1, 2)), (2, 2), "float32"),
    "pad": (lambda: build.pad(X, (1, 0), (0, 4)), (3, 7), "float32"),
    "flip": (lambda: build.flip(X, (1,)), (2, 3), "float32"),
    "concat": (lambda: build.concat([X, of((2, 4)), X], 1), (2, 10), "float32"),
    "sum": (lambda: build.total(X, (0,)), (3,), "float32"),
    "max_reduce": (lambda: build.reduce("max_reduce", X, (0, 1)), (), "float32"),
    "min_reduce": (lambda: build.reduce("min_reduce", of((2,), "bool"), (0,)), (), "bool"),
    "prod": (lambda: build.reduce("prod", of((2, 0), "int8"), (1,)), (2,), "int8"),
    "cumsum": (lambda: apply("cumsum", X, attrs=(1,)), (2, 3), "float32"),
    "dot": (lambda: build.dot(of((4, 2, 3)), of((4, 3, 0))), (4, 2, 0), "float32"),
    "gather": (lambda: build.gather(X, of((5, 1), "uint8")), (5, 1, 3), "float32"),
    "scatter_add": (
        lambda: build.scatter_add(X, of((4,), "int64"), of((4, 3))),
        (2, 3),
        "float32",
    ),
    "input": (lambda: of((0, 1), "bool"), (0, 1), "bool"),
    "constant": (lambda: build.constant(2, "uint8"), (), "uint8"),
    "literal": (lambda: literal(np.zeros((2, 2), "int16")), (2, 2), "int16"),
    "iota": (lambda: build.iota(4, "float64"), (4,), "float64"),
    "random_bits": (lambda: random_bits(of((2,), "uint32"), (3, 3)), (3, 3), "uint32"),
}


@pytest.mark.parametrize("name", MADE)
def test_shape_and_dtype(name: str) -> None:
    make, shape, dtype = MADE[name]
    made = make()
    assert (made.op, made.shape, made.dtype) == (name, shape, dtype)
    assert made.ndim == len(shape) and made.size == np.prod(shape)


def test_every_primitive_is_here() -> None:
    assert {*ELEMENTWISE, *MADE} == set(PRIMITIVES)


FLAG = of((2, 3), "bool")
ERRORS: list[tuple[Build, type[Exception], str]] = [
    (lambda: apply("where", X, X, X), ValueError, "where: condition <Tensor"),
    (lambda: apply("where", of((3,), "bool"), X, X), ValueError, "where: condition <Tensor"),
    (lambda: apply("where", FLAG, X, of((2, 3), "int8")), ValueError, "where: operands differ:"),
    (lambda: apply("cast", X, attrs=("float8",)), TypeError, "dtype='float8' is not a type"),
    (lambda: build.reshape(X, (4, 2)), ValueError, "cannot reshape (2, 3) (6 elements) to (4, 2)"),
    (lambda: build.reshape(X, (-2, -3)), ValueError, "cannot reshape (2, 3) (6 elements) to (-2"),
    (
        lambda: build.transpose(X, (0, 0)),
        ValueError,
        "transpose: (0, 0) is not an order of the axes",
    ),
    (lambda: build.transpose(X, (0,)), ValueError, "of (2, 3)"),
    (lambda: build.broadcast(X, (2, 4), (0, 1)), ValueError, "broadcast: (2, 3) does not fit axes"),
    (lambda: build.broadcast(X, (2, 3, 4), (1, 0)), ValueError, "axes (1, 0) of (2, 3, 4)"),
    (lambda: build.broadcast(X, (2, 3), (0, 2)), ValueError, "axes (0, 2) of (2, 3)"),
    (lambda: build.broadcast(of((3,)), (2, 3), (-1,)), ValueError, "axes (-1,) of (2, 3)"),
    (lambda: build.broadcast(of((3,)), (-2, 3), (1,)), ValueError, "axes (1,) of (-2, 3)"),
    (lambda: build.slice_(X, (0,), (2,), (1,)), ValueError, "has not one entry for each axis of"),
    (lambda: build.slice_(X, (0, 0), (2, 4), (1, 1)), ValueError, "is outside (2, 3)"),
    (lambda: build.slice_(X, (2, 0), (1, 3), (1, 1)), ValueError, "is outside (2, 3)"),
    (lambda: build.slice_(X, (0, 0), (2, 3), (1, 0)), ValueError, "is outside (2, 3)"),
    (lambda: build.pad(X, (1,), (1,)), ValueError, "pad: (1,), (1,) does not fit (2, 3)"),
    (lambda: build.pad(X, (0, -1), (0, 0)), ValueError, "pad: (0, -1), (0, 0) does not fit"),
    (lambda: build.flip(X, (2,)), ValueError, "flip: axes (2,) are outside (2, 3)"),
    (lambda: build.flip(X, (-1,)), ValueError, "flip: axes (-1,) are outside (2, 3)"),
    (lambda: build.concat([], 0), ValueError, "concat: nothing to concatenate"),
    (lambda: build.concat([X], 2), ValueError, "concat: axis 2 is outside (2, 3)"),
    (lambda: build.concat([X, of((3, 3))], 1), ValueError, "concat along axis 1: the other axes"),
    (lambda: build.concat([X, of((2, 3), "int8")], 1), ValueError, "float32[2, 3], int8[2, 3]"),
    (
        lambda: build.total(X, (2,)),
        ValueError,
        "reduction over axes (2,) of shape (2, 3): expected",
    ),
    (lambda: build.reduce("prod", X, (1, 1)), ValueError, "axes inside it, each once"),
    (lambda: build.total(FLAG), TypeError, "sum and prod are not defined for bool; cast first"),
    (
        lambda: build.reduce("max_reduce", of((2, 0)), (1,)),
        ValueError,
        "no elements to choose from",
    ),
    (lambda: apply("cumsum", X, attrs=(2,)), ValueError, "cumsum along axis 2 of <Tensor"),
    (lambda: apply("cumsum", FLAG, attrs=(0,)), ValueError, "cumsum along axis 0 of <Tensor"),
    (lambda: build.dot(X, of((3,))), ValueError, "expected two or more axes each and one dtype"),
    (lambda: build.dot(X, of((3, 1), "float64")), ValueError, "axes each and one dtype"),
    (
        lambda: build.dot(X, X),
        ValueError,
        "dot: shapes (2, 3) and (2, 3) do not fit: expected (...",
    ),
    (lambda: build.dot(of((4, 2, 3)), of((5, 3, 2))), ValueError, "(4, 2, 3) and (5, 3, 2) do not"),
    (lambda: build.gather(X, of((2,))), ValueError, "gather: cannot index <Tensor"),
    (lambda: build.gather(of(()), of((2,), "int8")), ValueError, "gather: cannot index <Tensor"),
    (lambda: build.gather(of((0, 2)), of((1,), "int8")), ValueError, "has no rows to pick from"),
    (
        lambda: build.scatter_add(X, of((4,), "int32"), of((4, 2))),
        ValueError,
        "scatter_add: updates <Tensor",
    ),
    (lambda: of((2, -1)), ValueError, "input 'x': shape (2, -1) has a negative extent"),
    (lambda: of((2,), "half"), TypeError, "dtype='half' is not a type that whit computes with"),
    (lambda: build.iota(-1), ValueError, "iota: cannot count to -1 in int32"),
    (lambda: build.iota(2, "bool"), ValueError, "iota: cannot count to 2 in bool"),
    (lambda: random_bits(X, (2,)), ValueError, "random_bits: key must be uint32 of shape (2,)"),
    (lambda: build.broadcast_to(X, (3,)), ValueError, "shape (2, 3) does not broadcast to (3,)"),
    (lambda: X + of((4,)), ValueError, "shapes (2, 3) and (4,) do not broadcast: counted from the"),
    (lambda: X @ X, ValueError, "matmul: shapes (2, 3) and (2, 3) do not fit: the last axis of"),
    (lambda: X @ of(()), ValueError, "matmul: shapes (2, 3) and () do not fit"),
]


@pytest.mark.parametrize(("make", "kind", "text"), ERRORS, ids=range(len(ERRORS)))
def test_misuse(make: Build, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=re.escape(text)):
        make()


NOT_SIMPLIFIED_AWAY: list[Build] = [
    lambda: build.slice_(build.full((3,), 1.0, "float32"), (0,), (10,), (1,)),
    lambda: build.transpose(build.full((3, 2), 1.0, "float32"), (0, 0)),
    lambda: build.flip(build.full((3,), 1.0, "float32"), (4,)),
    lambda: build.total(build.full((3,), 1.0, "float32"), (1,)),
    lambda: build.pad(build.zeros_like(X), (0,), (0,)),
    lambda: apply("mul", of((3,)), build.full((2,), 1.0, "float32")),
    lambda: apply("add", of((3,)), build.full((3,), 0, "int32")),
    lambda: apply("where", build.constant(True, "bool"), X, X),
]


@pytest.mark.parametrize("make", NOT_SIMPLIFIED_AWAY, ids=range(len(NOT_SIMPLIFIED_AWAY)))
def test_misuse_of_constants_is_still_misuse(make: Build) -> None:
    with pytest.raises(ValueError):
        make()


# ---- sources
def test_equal_nodes_are_one() -> None:
    assert of((2,)) is of((2,)) and of((2,)) is not of((2,), name="z")
    assert X + 1.0 is X + 1.0
    assert build.slice_(X, (0, 0), (1, 1), (1, 1)) is build.slice_(
        X, [0, 0], np.ones(2, int), (1, 1)
    )
    a = np.arange(6.0)
    assert literal(a) is literal(np.array(a)) and literal(a) is not literal(a.reshape(2, 3))
    assert literal(a) is not literal(a.astype("float32"))


def test_zeros_of_both_signs_are_two_constants() -> None:
    for make in (
        lambda z: build.constant(z, "float32"),
        lambda z: build.pad(of((1,)), (1,), (0,), z),
    ):
        plus, minus = make(0.0), make(-0.0)
        assert plus is not minus and minus is make(-0.0)
        known = {of((1,)): np.ones(1, "float32")}
        signs = [np.signbit(value(t, known)).any() for t in (plus, minus)]
        assert signs == [False, True]


@pytest.mark.parametrize(
    ("given", "dtype", "kept"),
    [(-1, "uint32", 2**32 - 1), (300, "int8", 44), (2**70 + 5, "int64", 5), (2, "bool", True)],
)
def test_constants_wrap_like_their_type(given: int, dtype: str, kept: int) -> None:
    x = build.constant(given, dtype)
    assert x.attrs[0] == kept == value(x) and type(x.attrs[0]) is type(kept)
    assert value(build.cast(x, "float64")) == kept


def test_attributes_are_python_numbers() -> None:
    """So that equal graphs print and digest equally wherever their numbers come from."""
    n = np.int64
    x = of((4, 5), name="attributes")
    made = [
        build.slice_(x, (n(1), n(0)), (n(2), n(5)), (n(1), n(1))),
        build.pad(x, (n(1), n(0)), (n(0), n(0)), np.float32(2)),
        build.broadcast(x, (n(3), n(4), n(5)), (n(1), n(2))),
        build.transpose(x, np.array([1, 0])),
        build.reshape(x, np.array([2, 10])),
        build.reduce("max_reduce", x, np.array([1])),
        x[n(2)].inputs[0],
    ]
    for t in made:
        assert "np." not in repr(t.attrs)


def test_a_literal_is_a_copy() -> None:
    a = np.arange(4.0)
    x = literal(a)
    a[:] = 7
    assert value(x).tolist() == [0, 1, 2, 3] and literal(a) is not x
    assert not x.attrs[0].array.flags.writeable


def test_a_literal_in_foreign_byte_order() -> None:
    a = np.arange(3, dtype=">f4")
    assert Literal(a) == Literal(a.astype("=f4")) and Literal(a).array.dtype.isnative
    assert value(literal(a)).tolist() == [0, 1, 2]


def test_one_element_becomes_a_constant() -> None:
    x = literal(np.full((1, 1), 2.5, "float32"))
    assert x.op == "broadcast" and x.inputs[0].op == "constant" and x.shape == (1, 1)


def test_random_bits_are_threefry() -> None:
    """The known answer of Random123's test vectors: Threefry-2x32-20 of zeros."""
    x, y = threefry(0, 0, np.zeros(1, np.uint32))
    assert (int(x[0]), int(y[0])) == (0x6B200159, 0x99BA4EFE)
    bits = value(random_bits(literal(np.zeros(2, "uint32")), (3,)))
    assert bits[0] == 0x6B200159 ^ 0x99BA4EFE and len(set(bits.tolist())) == 3


def test_random_bits_are_evenly_spread() -> None:
    bits = value(random_bits(literal(np.array([3, 9], "uint32")), (4096,)))
    ones = np.unpackbits(bits.view(np.uint8).reshape(-1, 4), axis=1).mean(0)
    assert np.abs(ones - 0.5).max() < 5 * 0.5 / 64  # five standard errors
