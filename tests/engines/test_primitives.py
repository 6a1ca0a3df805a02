"""Every primitive, every dtype it takes, extents 0, 1, odd and large: native is reference."""

from __future__ import annotations

import numpy as np
import pytest

from tests.engines.compare import TARGETS_HERE, assert_same, function_of
from whit.graph import PRIMITIVES, apply, build, random_bits
from whit.graph.dtypes import DTYPES, FLOATS, INTEGERS

SHAPES = [(), (0,), (1,), (13,), (3, 0), (1, 7), (5, 1), (4, 33), (2, 3, 17), (1030,)]
UNARY = {
    "neg": (*FLOATS, *INTEGERS),
    "abs": (*FLOATS, *INTEGERS),
    "sign": (*FLOATS, *INTEGERS),
    "exp": FLOATS,
    "log": FLOATS,
    "sqrt": FLOATS,
    "tanh": FLOATS,
    "erf": FLOATS,
    "sin": FLOATS,
    "cos": FLOATS,
    "floor": FLOATS,
    "not": ("bool", *INTEGERS),
}
BINARY = {
    "add": (*FLOATS, *INTEGERS),
    "sub": (*FLOATS, *INTEGERS),
    "mul": (*FLOATS, *INTEGERS),
    "div": FLOATS,
    "floor_divide": (*FLOATS, *INTEGERS),
    "pow": (*FLOATS, "int8", "int32", "uint16"),
    "max": (*FLOATS, *INTEGERS),
    "min": (*FLOATS, *INTEGERS),
    "equal": DTYPES,
    "less": (*FLOATS, *INTEGERS),
    "less_equal": (*FLOATS, *INTEGERS),
    "and": ("bool", *INTEGERS),
    "or": ("bool", *INTEGERS),
    "xor": ("bool", *INTEGERS),
    "shift_left": INTEGERS,
    "shift_right": INTEGERS,
}
EDGES = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -2.5,
    1e-30,
    1e30,
    87.0,
    -87.0,
    90.0,
    -110.0,
    np.inf,
    -np.inf,
    np.nan,
]
rng = np.random.default_rng(7)


def numbers(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Numbers of a dtype, edge cases among them."""
    size = int(np.prod(shape))
    if dtype == "bool":
        return rng.random(shape) < 0.5
    if dtype in FLOATS:
        x = rng.normal(size=size) * 3
        x[: len(EDGES)] = EDGES[:size] if size >= len(EDGES) else x[: len(EDGES)]
        return x.reshape(shape).astype(dtype)
    info = np.iinfo(dtype)
    x = rng.integers(max(info.min, -9), 10, size=size).astype(dtype)
    x[:2] = [info.max, info.min][:size]
    return x.reshape(shape)


def test_every_primitive_is_tested_here() -> None:
    here = {*UNARY, *BINARY, "where", "cast", "stop", "input", "constant", "literal", "iota"}
    here |= {"reshape", "transpose", "broadcast", "slice", "pad", "flip", "concat", "dot"}
    here |= {"sum", "max_reduce", "min_reduce", "prod", "cumsum", "gather", "scatter_add"}
    assert here | {"random_bits"} == set(PRIMITIVES)


@pytest.mark.parametrize("target", TARGETS_HERE)
@pytest.mark.parametrize("name", UNARY)
def test_unary(name: str, target: str) -> None:
    arrays = [numbers(s, d) for d in UNARY[name] for s in SHAPES]
    program, data = function_of(lambda *xs: [apply(name, x) for x in xs], *arrays)
    assert_same(program, data=data, target=target, threads=2, tolerance=2e-6)


@pytest.mark.parametrize("target", TARGETS_HERE)
@pytest.mark.parametrize("name", BINARY)
def test_binary(name: str, target: str) -> None:
    arrays = [numbers(s, d) for d in BINARY[name] for s in SHAPES[::2] for _ in range(2)]
    program, data = function_of(
        lambda *xs: [apply(name, x, y) for x, y in zip(xs[::2], xs[1::2], strict=True)], *arrays
    )
    assert_same(program, data=data, target=target, tolerance=2e-6)


@pytest.mark.parametrize("target", TARGETS_HERE)
@pytest.mark.parametrize("source", DTYPES)
def test_cast(source: str, target: str) -> None:
    arrays = [numbers((29,), source)]
    program, data = function_of(
        lambda x: [apply("cast", x, attrs=(d,)) for d in DTYPES if d != source], *arrays
    )
    assert_same(program, data=data, target=target)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8", "bool"])
def test_movement(dtype: str) -> None:
    a, b = numbers((3, 5, 7), dtype), numbers((3, 2, 7), dtype)

    def views(x, y):
        return [
            build.transpose(x, (2, 0, 1)),
            build.reshape(build.transpose(x, (1, 0, 2)), (15, 7)),
            build.reshape(x, (7, 15)),
            build.slice_(x, (0, 1, 2), (3, 5, 7), (2, 3, 2)),
            build.flip(x, (0, 2)),
            build.concat([y, x, y], 1),
            build.broadcast(
                build.slice_(x, (0, 0, 0), (3, 1, 7), (1, 1, 1)), (4, 3, 1, 7), (1, 2, 3)
            ),
            build.where(build.cast(x, "bool"), x, build.flip(x, (2,))),
            build.pad(x, (1, 0, 2), (0, 3, 1), 1) if dtype != "bool" else x,
            apply("stop", x),
        ]

    program, data = function_of(views, a, b)
    for threads in (1, 2):
        assert_same(program, data=data, threads=threads)


@pytest.mark.parametrize("target", TARGETS_HERE)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8"])
@pytest.mark.parametrize(
    "shape", [(1,), (9,), (6, 5), (200, 10), (3, 4, 70), (2, 1, 3, 8), (700, 3)]
)
def test_reductions(shape: tuple[int, ...], dtype: str, target: str) -> None:
    x = (rng.normal(size=shape) * 1.1).astype(dtype) if dtype in FLOATS else numbers(shape, dtype)
    subsets = [
        tuple(q for q in range(len(shape)) if bits >> q & 1) for bits in range(1, 2 ** len(shape))
    ]

    def reduced(t):
        names = ("sum", "max_reduce", "min_reduce", "prod")
        return [build.reduce(n, t, axes) for n in names for axes in subsets]

    program, data = function_of(reduced, x)
    assert_same(program, data=data, target=target, threads=2, tolerance=2e-5)


def test_reductions_of_nothing_and_of_nan() -> None:
    empty, nan = np.zeros((3, 0), "float32"), np.full((2, 19), np.nan, "float32")
    nan[1] = 1.0
    program, data = function_of(
        lambda e, n: [
            build.total(e, (1,)),
            build.total(e, (0,)),
            build.reduce("prod", e, (0, 1)),
            build.reduce("max_reduce", n, (1,)),
            build.reduce("min_reduce", n, (0,)),
        ],
        empty,
        nan,
    )
    assert_same(program, data=data, threads=2)


@pytest.mark.parametrize("op", ["max_reduce", "min_reduce"])
def test_any_and_all(op: str) -> None:
    x = rng.random((5, 11)) < 0.3
    program, data = function_of(lambda t: [build.reduce(op, t, a) for a in ((0,), (1,), (0, 1))], x)
    assert_same(program, data=data)


@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_running_sum(dtype: str) -> None:
    x = numbers((4, 3, 5), "int32").astype(dtype)
    x[...] = rng.integers(-9, 9, size=x.shape)
    program, data = function_of(lambda t: [apply("cumsum", t, attrs=(q,)) for q in range(3)], x)
    assert_same(program, data=data, threads=2)


@pytest.mark.parametrize("shape", [(6,), (6, 1), (6, 40), (6, 2, 9)])
def test_gather_and_scatter(shape: tuple[int, ...]) -> None:
    x = rng.normal(size=shape).astype("float32")
    inside = rng.integers(0, 6, size=(4, 3)).astype("int32")
    outside = np.array([-5, 0, 5, 6, 99], "int64")

    def both(t, i, o):
        rows = build.gather(t, i)
        return [
            rows,
            build.gather(t, o),
            build.scatter_add(t, i, rows),
            build.scatter_add(t, o, build.gather(t, o)),
        ]

    program, data = function_of(both, x, inside, outside)
    for threads in (1, 2):
        assert_same(program, data=data, threads=threads)


@pytest.mark.parametrize("shape", [(1,), (3, 5), (1000,)])
def test_random_bits_are_the_same_everywhere(shape: tuple[int, ...]) -> None:
    key = np.array([123456789, 42], "uint32")
    program, data = function_of(lambda k: random_bits(k, shape), key)
    for target in TARGETS_HERE:
        assert_same(program, data=data, target=target, threads=2)


@pytest.mark.parametrize("target", TARGETS_HERE)
@pytest.mark.parametrize(
    ("batch", "m", "k", "n"),
    [
        ((), 1, 1, 1),
        ((), 1, 300, 7),
        ((), 7, 1, 33),
        ((), 0, 3, 4),
        ((), 3, 0, 4),
        ((), 65, 129, 97),
        ((), 131, 70, 200),
        ((), 30, 1000, 17),
        ((3,), 5, 6, 9),
        ((2, 4), 16, 16, 16),
        ((5,), 1, 33, 40),
    ],
)
def test_contraction(batch: tuple[int, ...], m: int, k: int, n: int, target: str) -> None:
    arrays = []
    for left, right in (((m, k), (k, n)), ((k, m), (k, n)), ((m, k), (n, k)), ((k, m), (n, k))):
        arrays += [rng.normal(size=(*batch, *s)).astype("float32") for s in (left, right)]

    def products(a, b, c, d, e, f, g, h):
        t = build.swap_last
        return [build.dot(a, b), build.dot(t(c), d), build.dot(e, t(f)), build.dot(t(g), t(h))]

    program, data = function_of(products, *arrays)
    for threads in (1, 2):
        assert_same(program, data=data, target=target, threads=threads, tolerance=2e-5)


@pytest.mark.parametrize("dtype", ["float64", "int32", "int8", "uint64"])
def test_contraction_dtypes(dtype: str) -> None:
    a, b = (rng.integers(-4, 5, size=s).astype(dtype) for s in ((37, 20), (20, 45)))
    program, data = function_of(build.dot, a, b)
    assert_same(program, data=data, threads=2)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 1.0])
def test_contraction_skips_zeros_exactly(share: float, threads: int) -> None:
    """Left operands of all shares of zeros, in both orientations and over several blocks."""
    a = rng.normal(size=(70, 900)).astype("float32") * (rng.random((70, 900)) < share)
    b = rng.normal(size=(900, 130)).astype("float32")
    c = rng.normal(size=(70, 130)).astype("float32")
    program, data = function_of(
        lambda x, y, z: [build.dot(x, y), build.dot(build.swap_last(x), z)],
        a.astype("float32"),
        b,
        c,
    )
    assert_same(program, data=data, threads=threads, tolerance=2e-5)


def test_a_view_of_an_operand_is_read_where_it_lies() -> None:
    a, b = rng.normal(size=(40, 60)).astype("float32"), rng.normal(size=(7, 50)).astype("float32")

    def views(x, y):
        part = build.slice_(x, (3, 5), (33, 55), (3, 1))
        turned = build.flip(build.swap_last(y), (1,))
        row = build.broadcast(build.slice_(y, (2, 0), (3, 50), (1, 1)), (9, 1, 50), (1, 2))
        return [
            build.dot(part, turned),
            build.dot(row, build.broadcast(turned, (9, 50, 7), (1, 2))),
        ]

    program, data = function_of(views, a, b)
    assert_same(program, data=data, threads=2, tolerance=2e-5)
