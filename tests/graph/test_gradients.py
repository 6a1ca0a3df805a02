"""Every gradient rule against central differences in float64, and gradients of gradients too."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.graph.values import STEP, difference, inputs_like, value, values, weighted
from whit.graph import PRIMITIVES, Tensor, apply, build, dtypes, grad, input_, literal, topological

Shape = tuple[int, ...]
SHAPES: list[Shape] = [(), (1,), (4,), (2, 0), (1, 3), (2, 1, 3)]


def anywhere(r: np.random.Generator, shape: Shape) -> np.ndarray:
    return r.normal(size=shape)


def positive(r: np.random.Generator, shape: Shape) -> np.ndarray:
    return r.uniform(0.3, 2.0, shape)


def off_integers(r: np.random.Generator, shape: Shape) -> np.ndarray:
    """Where floor, sign and abs are smooth."""
    return r.integers(-2, 3, shape) + r.uniform(0.2, 0.8, shape)


def apart(r: np.random.Generator, shape: Shape) -> np.ndarray:
    """All different by far more than a step, so that no order changes."""
    n = int(np.prod(shape))
    return (r.permutation(n) * 0.37 - 0.9).reshape(shape)


def rows(*indices: int) -> Tensor:
    return literal(np.array(indices, "int32"))


def unary(name: str) -> Callable[[Tensor], Tensor]:
    return lambda x: apply(name, x)


def reduction(name: str, *axes: int) -> Callable[[Tensor], Tensor]:
    return lambda x: build.reduce(name, x, axes)


ELEMENTWISE = {
    "exp": (unary("exp"), [anywhere]),
    "log": (unary("log"), [positive]),
    "sqrt": (unary("sqrt"), [positive]),
    "tanh": (unary("tanh"), [anywhere]),
    "erf": (unary("erf"), [anywhere]),
    "sin": (unary("sin"), [anywhere]),
    "cos": (unary("cos"), [anywhere]),
    "neg": (unary("neg"), [anywhere]),
    "abs": (unary("abs"), [off_integers]),
    "floor": (lambda x: apply("floor", x) * x, [off_integers]),
    "sign": (lambda x: apply("sign", x) * x, [off_integers]),
    "add": (build.add, [anywhere, anywhere]),
    "sub": (build.subtract, [anywhere, anywhere]),
    "mul": (build.multiply, [anywhere, anywhere]),
    "div": (build.divide, [anywhere, positive]),
    "pow": (build.power, [positive, anywhere]),
    "pow, constants": (lambda x: x**2 + x**3 + x**0.5 + x**-1.3 + x**4, [positive]),
    "max": (build.maximum, [off_integers, anywhere]),
    "min": (lambda x, y: apply("min", x, y), [off_integers, anywhere]),
    "floor_divide": (lambda x, y: (x // y) * x, [off_integers, positive]),
    "mod": (lambda x: x % 1.0 + x, [off_integers]),
    "where": (lambda x, y: build.where(x < y, x * y, y - x * x), [off_integers, anywhere]),
}


def check(f: Callable[..., Tensor], arrays: list[np.ndarray], tolerance: float = 2e-6) -> None:
    """Gradients against differences of the values, and of the gradients along a direction."""
    xs = inputs_like(arrays)
    loss = weighted(f, xs)
    first = grad(loss, xs)
    assert [(g.shape, g.dtype) for g in first] == [(x.shape, x.dtype) for x in xs]

    def at(moved: list[np.ndarray]) -> np.ndarray:
        return value(loss, dict(zip(xs, moved, strict=True)))

    for q, g in enumerate(values(first, dict(zip(xs, arrays, strict=True)))):
        np.testing.assert_allclose(g, difference(at, arrays, q), tolerance, tolerance)
    check_second(xs, first, arrays, tolerance)


def check_second(
    xs: list[Tensor], first: list[Tensor], arrays: list[np.ndarray], tolerance: float
) -> None:
    """The Hessian's product with a vector, against differences of the gradients along it."""
    r = np.random.default_rng(3)
    along = [r.normal(size=a.shape) for a in arrays]
    zero = build.constant(0.0, "float64")
    slope = sum((build.total(g * literal(v)) for g, v in zip(first, along, strict=True)), zero)
    second = values(grad(slope, xs), dict(zip(xs, arrays, strict=True)))
    ends = []
    for sign in (1, -1):
        moved = [a + sign * STEP * v for a, v in zip(arrays, along, strict=True)]
        ends.append(values(first, dict(zip(xs, moved, strict=True))))
    for got, high, low in zip(second, *ends, strict=True):
        np.testing.assert_allclose(got, (high - low) / (2 * STEP), tolerance, tolerance)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise(name: str, shape: Shape) -> None:
    f, domains = ELEMENTWISE[name]
    r = np.random.default_rng(len(name))
    check(f, [domain(r, shape) for domain in domains])


OTHERS: dict[str, tuple[Callable[..., Tensor], list[Shape]]] = {
    "reshape": (lambda x: build.reshape(x, (3, 2)) * build.iota(2, "float64"), [(2, 3)]),
    "reshape to ones": (lambda x: build.reshape(x, (1, 4, 1)) ** 2, [(4,)]),
    "transpose": (lambda x: build.transpose(x, (2, 0, 1)) ** 2, [(2, 3, 2)]),
    "broadcast": (lambda x: build.broadcast(x, (2, 3, 4), (1,)) ** 2, [(3,)]),
    "broadcast of ones": (lambda x, y: x * y, [(3, 1), (2, 1, 4)]),
    "broadcast to nothing": (lambda x: build.broadcast(x, (0, 3), (1,)), [(3,)]),
    "slice": (lambda x: x[1:4] ** 2, [(6,)]),
    "slice in steps": (lambda x: x[::3] ** 2, [(7,)]),
    "slice in steps, short": (lambda x: x[1:5:2, ::4] ** 2, [(6, 3)]),
    "slice, last step beyond the end": (lambda x: x[2:8:5] * x[0], [(8,)]),
    "slice of nothing": (lambda x: x[3:3], [(5,)]),
    "slice backwards": (lambda x: x[::-2] ** 2, [(6,)]),
    "one element": (lambda x: x[1, -1] ** 2, [(2, 3)]),
    "pad": (lambda x: build.pad(x, (1, 0), (0, 2), 0.5) ** 2, [(2, 3)]),
    "pad of nothing": (lambda x: build.pad(x, (1, 2), (1, 0)), [(0, 1)]),
    "concat": (lambda x, y: build.concat([x, y, x * y], 1)[:, 1:] ** 2, [(2, 2), (2, 2)]),
    "concat with nothing": (lambda x, y: build.concat([x, y], 0) ** 2, [(2,), (0,)]),
    "flip": (lambda x: build.flip(x, (0, 1)) * x, [(2, 3)]),
    "sum": (lambda x: build.total(x, (0, 2)) ** 2, [(2, 3, 2)]),
    "sum of nothing": (lambda x: build.total(x, (1,)), [(2, 0)]),
    "mean": (lambda x: build.mean(x, (1,)) ** 3, [(2, 4)]),
    "max_reduce": (lambda x: build.reduce("max_reduce", x, (1,)) ** 2, [(3, 4)]),
    "max_reduce, all": (lambda x: build.reduce("max_reduce", x, (0, 1)) ** 2, [(3, 1)]),
    "min_reduce": (lambda x: build.reduce("min_reduce", x, (0,)) ** 2, [(3, 4)]),
    "prod": (reduction("prod", 1), [(2, 3)]),
    "prod of five": (reduction("prod", 0), [(5,)]),
    "prod of one": (reduction("prod", 0), [(1, 2)]),
    "prod, two axes": (lambda x: build.reduce("prod", x, (0, 2)) ** 2, [(2, 2, 3)]),
    "prod of nothing": (reduction("prod", 1), [(2, 0)]),
    "cumsum": (lambda x: apply("cumsum", x, attrs=(1,)) ** 2, [(2, 4)]),
    "cumsum of nothing": (lambda x: apply("cumsum", x, attrs=(0,)), [(0, 2)]),
    "dot": (build.dot, [(2, 3), (3, 4)]),
    "dot with itself": (lambda x: build.dot(x, build.swap_last(x)), [(3, 2)]),
    "dot in batches": (build.dot, [(2, 1, 2, 3), (2, 1, 3, 1)]),
    "dot over nothing": (build.dot, [(2, 0), (0, 3)]),
    "dot of nothing": (build.dot, [(0, 2), (2, 3)]),
    "matmul, vectors": (lambda x, y: x @ y, [(3,), (3,)]),
    "matmul, broadcast": (lambda x, y: x @ y, [(2, 3), (2, 3, 2)]),
    "gather": (lambda x: build.gather(x, rows(2, 0, 2, 2)) ** 2, [(3, 2)]),
    "gather, clamped": (lambda x: build.gather(x, rows(-5, 9)) ** 2, [(3,)]),
    "gather nothing": (lambda x: build.gather(x, rows()), [(3, 2)]),
    "scatter_add": (
        lambda x, u: build.scatter_add(x, rows(1, 1, 0, 1), u) ** 2,
        [(3, 2), (4, 2)],
    ),
    "scatter_add, clamped": (
        lambda x, u: build.scatter_add(x, rows(-1, 5), u) ** 2,
        [(3,), (2,)],
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_primitives(name: str) -> None:
    f, shapes = OTHERS[name]
    r = np.random.default_rng(len(name))
    check(f, [apart(r, s) + 0.01 for s in shapes])


def test_every_primitive_with_a_gradient_is_checked() -> None:
    """By the rules that ran, not by the names of the cases."""
    seen: set[str] = set()
    cases = [(f, [(2,)] * len(domains)) for f, domains in ELEMENTWISE.values()]
    for f, shapes in [*cases, *OTHERS.values()]:
        xs = [input_(f"x{q}", s, "float64") for q, s in enumerate(shapes)]
        seen |= {n.op for n in topological([f(*xs)])}
    no_gradient = {"and", "or", "xor", "not", "shift_left", "shift_right", "equal", "less_equal"}
    no_gradient |= {"cast", "stop", "random_bits"}  # the first two below: no differences in them
    assert set(PRIMITIVES) - seen == no_gradient


@pytest.mark.parametrize("zeros", [(), (1,), (1, 3), (0, 1, 2, 3)], ids=len)
def test_product_with_zeros(zeros: tuple[int, ...]) -> None:
    x = np.array([1.5, -0.7, 2.0, 0.4])
    x[list(zeros)] = 0
    check(reduction("prod", 0), [x])
    check(lambda t: build.reduce("prod", t, (0, 1)) ** 2, [x.reshape(2, 2)])


def gradient(f: Callable[..., Tensor], *arrays: np.ndarray) -> list[np.ndarray]:
    """The gradients of the sum of `f`."""
    xs = inputs_like(arrays)
    return values(grad(build.total(f(*xs)), xs), dict(zip(xs, arrays, strict=True)))


def test_ties() -> None:
    one = np.ones(3)
    assert [g.tolist() for g in gradient(build.maximum, one, one)] == [[0] * 3, [1] * 3]
    smaller = gradient(lambda x, y: apply("min", x, y), one, one)
    assert [g.tolist() for g in smaller] == [[0] * 3, [1] * 3]
    x = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
    (g,) = gradient(reduction("max_reduce", 1), x)
    np.testing.assert_allclose(g, [[0, 0.5, 0.5], [1 / 3] * 3])
    (g,) = gradient(reduction("min_reduce", 0, 1), x)
    assert g.tolist() == [[1, 0, 0], [0, 0, 0]]


def test_relu_has_no_gradient_at_zero() -> None:
    (g,) = gradient(lambda x: build.maximum(x, 0.0), np.array([-1.0, 0.0, 2.0]))
    assert g.tolist() == [0, 0, 1]


def test_powers_at_zero() -> None:
    base, exponent = np.array([0.0, 0.0, 0.0, -2.0]), np.array([0.0, 1.0, 2.0, 2.0])
    to_base, to_exponent = gradient(build.power, base, exponent)
    assert to_base.tolist() == [0, 1, 0, -4]
    assert to_exponent.tolist() == [0, 0, 0, 0]
    (g,) = gradient(lambda x: x**4, np.array([0.0, -1.0]))
    assert g.tolist() == [0, -4]


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
def test_derivatives_of_a_power_of_any_order(order: int) -> None:
    x = input_("x", (), "float64")
    y = build.power(x, 4)
    for _ in range(order):
        (y,) = grad(y, [x])
    wanted = {1: 4 * 1.5**3, 2: 12 * 1.5**2, 3: 24 * 1.5, 4: 24.0, 5: 0.0}[order]
    assert value(y, {x: np.array(1.5)}) == pytest.approx(wanted)
    at_zero = {4: 24.0}.get(order, 0.0)
    assert value(y, {x: np.array(0.0)}) == at_zero


def test_a_bad_value_that_was_not_chosen_stays_out() -> None:
    x = np.array([-1.0, 4.0])
    (g,) = gradient(lambda t: build.where(t > 0.0, apply("sqrt", t), 0.0), x)
    assert np.isnan(g[0])  # sqrt's own rule sees -1: the mask must be before it
    (g,) = gradient(lambda t: apply("sqrt", build.where(t > 0.0, t, 1.0)), x)
    assert g.tolist() == [0, 0.25]


def test_gradient_through_casts() -> None:
    x = input_("x", (2,), "float64")
    narrow = build.cast(build.cast(x, "float32") * 3.0, "float64")
    (g,) = grad(build.total(narrow), [x])
    assert g.dtype == "float64" and value(g).tolist() == [3, 3]
    whole = build.cast(build.cast(x * 2.0, "int32"), "float64")
    assert value(grad(build.total(whole * x), [x])[0], {x: np.array([1.6, -0.6])}).tolist() == [
        3,
        -1,
    ]


def test_stop_of_an_input_stops() -> None:
    w = input_("w", (2,), "float32")
    (g,) = grad(build.total(apply("stop", w) * w), [w])
    assert value(g, {w: np.array([3, 5], "float32")}).tolist() == [3, 5]


@pytest.mark.parametrize("dtype", dtypes.FLOATS)
def test_gradients_have_the_dtype_of_what_they_belong_to(dtype: str) -> None:
    x, w = input_("x", (2, 3), dtype), input_("w", (3, 1), "float64")
    loss = build.mean((x @ w) ** 2)
    assert [g.dtype for g in grad(loss, [x, w])] == [dtype, "float64"]


def test_of_what() -> None:
    """Of an intermediate, of the result itself, of something else, of an input used many times."""
    x, z = input_("x", (3,), "float64"), input_("z", (2,), "int32")
    h = x * x
    loss = build.total(h * h + h + x)
    to_h, to_loss, to_z, to_x = grad(loss, [h, loss, z, x])
    known = {x: np.array([1.0, 2.0, -1.0])}
    assert value(to_h, known).tolist() == [3, 9, 3]
    assert value(to_loss).tolist() == 1
    assert to_z.dtype == "int32" and value(to_z).tolist() == [0, 0]
    assert value(to_x, known).tolist() == [7, 37, -5]


def test_with_a_seed() -> None:
    x = input_("x", (3,), "float32")
    seed = literal(np.array([1, 10, 100], "float32"))
    (g,) = grad(x * x, [x], seed)
    assert value(g, {x: np.array([1, 2, 3], "float32")}).tolist() == [2, 40, 600]


def test_errors() -> None:
    x, n = input_("x", (3,), "float32"), input_("n", (), "int32")
    with pytest.raises(TypeError, match=r"grad: <Tensor .* int32\[\]> is not floating point"):
        grad(n, [x])
    with pytest.raises(ValueError, match=r"must be a scalar, got shape \(3,\); reduce it first"):
        grad(x, [x])
    for seed in (build.constant(1.0, "float32"), build.full((3,), 1.0, "float64")):
        with pytest.raises(ValueError, match=r"grad: the seed .* must have the shape and dtype of"):
            grad(x, [x], seed)


def test_a_chain_longer_than_the_stack() -> None:
    x = y = input_("x", (), "float64")
    for _ in range(5000):
        y = apply("sin", y)
    (g,) = grad(y, [x])
    assert 0 < value(g, {x: np.array(1e-9)}) <= 1
