"""Rewriting changes no number: a graph and its rewritten form agree bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.engines.programs import initial_state, random_program
from tests.graph.values import value, values
from whit.graph import Tensor, apply, build, input_, tensor, topological, verify

Rng = np.random.Generator


def rewritten(roots: list[Tensor]) -> list[Tensor]:
    """The same graph made again with `apply`."""
    new: dict[Tensor, Tensor] = {}
    for node in topological(roots):
        new[node] = apply(node.op, *(new[a] for a in node.inputs), attrs=node.attrs)
    verify(new.values())
    return [new[r] for r in roots]


def assert_same_bits(roots: list[Tensor], known: dict[Tensor, np.ndarray], least: int = 0) -> None:
    """Both forms have the same numbers, and the rewritten one is shorter by `least` nodes."""
    simple = rewritten(roots)
    assert len(topological(roots)) - len(topological(simple)) >= least
    for a, b in zip(values(roots, known), values(simple, known), strict=True):
        assert a.dtype == b.dtype and a.shape == b.shape
        assert np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


# ---- whole training steps
def as_written(make: Callable[[], Any]) -> Any:
    """What `make` makes when nothing is rewritten: `apply` is then `intern`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tensor, "REWRITES", {})
        return make()


@pytest.mark.parametrize("seed", range(40))
def test_training_steps(seed: int) -> None:
    program = as_written(lambda: random_program(seed))
    state = dict(zip(program.state, initial_state(program, seed), strict=True))
    assert_same_bits(program.roots, state, least=1)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8"])
@pytest.mark.parametrize("seed", range(25))
def test_constants_and_views(seed: int, dtype: str) -> None:
    r = np.random.default_rng(seed)
    x = input_("x", (4, 3), dtype)
    roots = as_written(lambda: many_constants(r, x))
    array = r.integers(0, 9, (4, 3)) / (1 if dtype[0] in "iu" else 7)
    assert_same_bits(roots, {x: array.astype(dtype)}, least=1)


CONSTANTS = [0, 1, -1, 2, 0.5, 0.1, 3, 0.25, 1 / 3, 1e-3, 7]


def many_constants(r: Rng, x: Tensor) -> list[Tensor]:
    """A random graph that is mostly constants, neutral elements and views of views."""
    pool = [x]
    while len(pool) < 25:
        a = pool[int(r.integers(len(pool)))]
        step = STEPS[int(r.integers(len(STEPS)))]
        made = step(r, a)
        if made is not None and made.size <= 500:
            pool.append(made)
    return pool


def _constant(r: Rng, a: Tensor) -> Tensor:
    number = CONSTANTS[int(r.integers(len(CONSTANTS)))]
    return build.full(a.shape, number if a.dtype[0] == "f" else int(number), a.dtype)


def _binary(r: Rng, a: Tensor) -> Tensor:
    pair = [a, _constant(r, a)]
    if r.random() < 0.3:
        pair = [_constant(r, a), _constant(r, a)]
    if r.random() < 0.5:
        pair.reverse()
    return apply(str(r.choice(["add", "sub", "mul", "max"])), *pair)


def _floating(r: Rng, a: Tensor) -> Tensor | None:
    if a.dtype[0] != "f":
        return build.cast(a, "float32")
    divisors = [d for d in CONSTANTS if d]
    divisor = build.full(a.shape, divisors[int(r.integers(len(divisors)))], a.dtype)
    choices = [
        lambda: apply("div", a, divisor),
        lambda: apply("div", _constant(r, a), divisor),
        lambda: apply("exp", apply("min", _constant(r, a), divisor)),
        lambda: apply("log", divisor),
        lambda: apply("sqrt", divisor),
        lambda: apply("log", apply("abs", apply("max", a, divisor))),
        lambda: apply("pow", divisor, _constant(r, a)),
        lambda: build.cast(build.cast(_constant(r, a), "float32"), "float64"),
    ]
    return choices[int(r.integers(len(choices)))]()


def _negative(r: Rng, a: Tensor) -> Tensor:
    b = apply("neg", apply("neg", a)) if r.random() < 0.5 else apply("neg", _constant(r, a))
    return apply("sub", _constant(r, a), b)


def _choice(r: Rng, a: Tensor) -> Tensor:
    if r.random() < 0.5:
        condition = apply("equal", _constant(r, a), _constant(r, a))
    else:
        condition = apply("not", apply("not", apply("less", a, _constant(r, a))))
    return apply("where", condition, a, a if r.random() < 0.3 else _constant(r, a))


def _reshaped(r: Rng, a: Tensor) -> Tensor:
    shape = [d for d in a.shape if d != 1 or r.random() < 0.5]
    for _ in range(int(r.integers(3))):
        shape.insert(int(r.integers(len(shape) + 1)), 1)
    if r.random() < 0.3:
        shape = [a.size]
    return build.reshape(build.reshape(a, (a.size, 1)), shape)


def _widened(r: Rng, a: Tensor) -> Tensor:
    shape, dims = list(a.shape), list(range(a.ndim))
    for _ in range(int(r.integers(1, 3))):
        at = int(r.integers(len(shape) + 1))
        shape.insert(at, int(r.integers(1, 3)))
        dims = [d + (d >= at) for d in dims]
        a, dims = build.broadcast(a, shape, dims), list(range(len(shape)))
    return a


def _cut(r: Rng, a: Tensor) -> Tensor:
    for _ in range(2):
        start = [int(r.integers(0, d + 1)) for d in a.shape]
        stop = [int(r.integers(s, d + 1)) for s, d in zip(start, a.shape, strict=True)]
        step = [int(r.integers(1, 3)) if r.random() < 0.3 else 1 for _ in a.shape]
        whole = r.random() < 0.4
        start, stop = ([0] * a.ndim, list(a.shape)) if whole else (start, stop)
        a = build.slice_(a, start, stop, [1] * a.ndim if whole else step)
    return a


def _turned(r: Rng, a: Tensor) -> Tensor:
    for _ in range(2):
        a = build.transpose(a, r.permutation(a.ndim))
    return build.flip(a, [q for q in range(a.ndim) if r.random() < 0.5])


def _summed(r: Rng, a: Tensor) -> Tensor:
    axes = [q for q in range(a.ndim) if r.random() < 0.5]
    source = _constant(r, a) if r.random() < 0.5 else a
    return build.reduce("prod" if r.random() < 0.3 and a.dtype[0] != "f" else "sum", source, axes)


def _padded(r: Rng, a: Tensor) -> Tensor | None:
    if not a.ndim:
        return None
    low = [int(r.integers(0, 2)) for _ in a.shape]
    source = build.full(a.shape, 1, a.dtype) if r.random() < 0.5 else a
    return build.pad(source, low, [0] * a.ndim, int(r.integers(0, 2)))


STEPS: list[Callable[[Rng, Tensor], Tensor | None]] = [
    _binary,
    _binary,
    _floating,
    _negative,
    _choice,
    _reshaped,
    _widened,
    _cut,
    _turned,
    _summed,
    _padded,
    lambda r, a: apply("stop", apply("stop", a)),
    lambda r, a: apply("concat", a, attrs=(0,)) if a.ndim else None,
]

# ---- one by one: what becomes of an expression
X = input_("x", (2, 3), "float32")
N = input_("n", (2, 3), "int32")
C = input_("c", (2, 3), "bool")


def full(v: float, like: Tensor = X) -> Tensor:
    return build.full(like.shape, v, like.dtype)


def mul(v: float) -> Tensor:
    return tensor.intern("mul", (X, full(v)), ())


BECOMES: dict[str, tuple[Callable[[], Tensor], Callable[[], Tensor]]] = {
    "x + 0": (lambda: X + 0, lambda: X),
    "0 + n": (lambda: 0 + N, lambda: N),
    "x - 0": (lambda: X - 0, lambda: X),
    "x - (-n)": (lambda: N - (-N), lambda: N + N),
    "1 x": (lambda: 1 * X, lambda: X),
    "0 x": (lambda: 0 * X, lambda: full(0)),
    "x / 1": (lambda: X / 1, lambda: X),
    "x / 4": (lambda: X / 4, lambda: mul(0.25)),
    "x / -0.5": (lambda: X / -0.5, lambda: mul(-2)),
    "-(-x)": (lambda: apply("neg", -X), lambda: X),
    "x ** 0": (lambda: X**0, lambda: full(1)),
    "x ** 1": (lambda: apply("pow", X, full(1)), lambda: X),
    "where(true)": (lambda: apply("where", full(1, C), X, X + 1), lambda: X),
    "where(false)": (lambda: apply("where", full(0, C), X + 1, X), lambda: X),
    "where, both the same": (lambda: apply("where", C, X, X), lambda: X),
    "where(1 == 2)": (lambda: build.where(apply("equal", full(1), full(2)), 3.0, X), lambda: X),
    "not not c": (lambda: ~~C, lambda: C),
    "cast to its own type": (lambda: apply("cast", X, attrs=("float32",)), lambda: X),
    "cast of a constant": (lambda: build.cast(full(3, N), "float32"), lambda: full(3)),
    "stop of stop": (lambda: apply("stop", apply("stop", X)), lambda: apply("stop", X)),
    "stop of a constant": (lambda: apply("stop", full(3)), lambda: full(3)),
    "transpose of transpose": (lambda: build.swap_last(build.swap_last(X)), lambda: X),
    "transpose by nothing": (lambda: build.transpose(X, (0, 1)), lambda: X),
    "reshape of reshape": (lambda: build.reshape(build.reshape(X, (6,)), (2, 3)), lambda: X),
    "broadcast of broadcast": (
        lambda: build.broadcast(build.broadcast(X, (4, 2, 3), (1, 2)), (4, 2, 5, 3), (0, 1, 3)),
        lambda: tensor.intern("broadcast", (X,), ((4, 2, 5, 3), (1, 3))),
    ),
    "unit axes of a broadcast": (
        lambda: build.reshape(build.broadcast(X, (4, 2, 3), (1, 2)), (4, 1, 2, 3, 1)),
        lambda: build.broadcast(X, (4, 1, 2, 3, 1), (2, 3)),
    ),
    "whole slice": (lambda: X[:, :], lambda: X),
    "slice of slice": (lambda: X[1:][:, 1:][:, 1:], lambda: X[1:, 2:]),
    "slice of a constant": (lambda: full(2)[1], lambda: build.full((3,), 2, "float32")),
    "flip of unit axes": (lambda: build.flip(X[:1], (0,)), lambda: X[:1]),
    "pad by nothing": (lambda: build.pad(X, (0, 0), (0, 0), 5), lambda: X),
    "pad with its own value": (
        lambda: build.pad(full(2), (1, 0), (0, 0), 2),
        lambda: build.full((3, 3), 2, "float32"),
    ),
    "concat of one": (lambda: build.concat([X], 1), lambda: X),
    "sum over no axes": (lambda: build.total(X, ()), lambda: X),
    "max over no axes": (lambda: build.reduce("max_reduce", X, ()), lambda: X),
    "sum of a constant": (lambda: build.total(full(0.5)), lambda: build.constant(3.0, "float32")),
    "log of a softmax": (
        lambda: apply("log", apply("exp", X) / (X * X)),
        lambda: X - apply("log", X * X),
    ),
    "log of a broadcast": (
        lambda: apply("log", build.broadcast(X, (4, 2, 3), (1, 2))),
        lambda: build.broadcast(apply("log", X), (4, 2, 3), (1, 2)),
    ),
}


@pytest.mark.parametrize("name", BECOMES)
def test_what_an_expression_becomes(name: str) -> None:
    given, wanted = BECOMES[name]
    assert given() is wanted()


STAYS: dict[str, tuple[Callable[[], Tensor], str]] = {
    "x / 3": (lambda: X / 3, "div"),
    "x / 2**-140, whose reciprocal overflows": (lambda: X / 2.0**-140, "div"),
    "x / 2**127, whose reciprocal is subnormal": (lambda: X / 2.0**127, "div"),
    "x / 0": (lambda: X / 0, "div"),
    "slice of a stepped slice": (lambda: X[:, ::2][:, 1:], "slice"),
    "stop of an input": (lambda: apply("stop", X), "stop"),
    "1 / 0": (lambda: full(1) / full(0), "div"),
    "log 0": (lambda: apply("log", build.constant(0, "float32")), "log"),
    "sqrt -1": (lambda: apply("sqrt", full(-1)), "sqrt"),
    "exp 1000": (lambda: apply("exp", full(1000)), "exp"),
    "0 times infinity": (lambda: full(0) * full(float("inf")), "mul"),
    "a sum that would round": (lambda: build.total(full(0.1)), "sum"),
    "a sum of infinity": (lambda: build.total(full(float("inf"))), "sum"),
    "constants of integers": (lambda: full(2, N) + full(3, N), "add"),
}


@pytest.mark.parametrize("name", STAYS)
def test_what_stays(name: str) -> None:
    given, op = STAYS[name]
    assert given().op == op


def test_folding_rounds_as_the_type_does() -> None:
    a, b = np.float32(0.1), np.float32(0.7)
    tenth, rest = (build.constant(v, "float32") for v in (0.1, 0.7))
    assert value(tenth * rest).tobytes() == (a * b).tobytes()
    assert (tenth * rest).attrs[0] == float(a * b) != 0.1 * 0.7
    assert value(build.cast(tenth, "float64")) == float(a) != 0.1
    assert value(build.cast(build.constant(16777217, "int32"), "float32")) == 16777216


def test_nan_and_infinity_survive_neutral_elements() -> None:
    bad = np.array([[np.nan, np.inf, -np.inf]] * 2, "float32")
    for t in (X + 0, X * 1, X / 1, X / 2, apply("neg", -X), apply("pow", X, full(1))):
        got = value(t, {X: bad})
        assert np.array_equal(got, bad, equal_nan=True)
    assert value(X**0, {X: bad}).tolist() == [[1, 1, 1]] * 2  # as pow says
    assert value(X * 0, {X: bad}).tolist() == [[0, 0, 0]] * 2  # the one that forgets, on purpose
