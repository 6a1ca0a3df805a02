"""Gradients of compositions equal finite differences, are right at kinks, and never NaN."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.support import check_gradients, gradients
from whit import activations, ops, random
from whit.graph import Trace, build, grad, input_
from whit.ops.core import evaluate

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(2, 3, 4))
POSITIVE, UNIT = np.abs(X) + 0.2, np.tanh(X) * 0.9
HOT = np.eye(4)[[0, 2, 1]]

ANYWHERE = [
    "absolute",
    "arctan",
    "arcsinh",
    "cbrt",
    "cos",
    "cosh",
    "cumprod",
    "cumsum",
    "diagonal",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "layer_normalization",
    "logsumexp",
    "max",
    "mean",
    "median",
    "min",
    "nan_to_num",
    "negative",
    "norm",
    "normalize",
    "prod",
    "ptp",
    "rms_normalization",
    "sin",
    "sinc",
    "sinh",
    "sort",
    "square",
    "std",
    "sum",
    "tan",
    "tanh",
    "trace",
    "var",
]
ON_POSITIVE = ["log", "log10", "log1p", "log2", "reciprocal", "rsqrt", "sqrt"]
ON_UNIT = ["arccos", "arcsin", "arctanh", "erfinv"]
OF_TWO = [
    "add",
    "arctan2",
    "divide",
    "divide_no_nan",
    "fmax",
    "fmin",
    "hypot",
    "logaddexp",
    "logaddexp2",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]
ACTIVATIONS = [n for n in activations.__all__ if n not in ("get", "serialize", "deserialize")]


@pytest.mark.parametrize("name", ANYWHERE)
def test_anywhere(name: str) -> None:
    check_gradients(getattr(ops, name), X)


@pytest.mark.parametrize("name", ON_POSITIVE)
def test_on_positive_numbers(name: str) -> None:
    check_gradients(getattr(ops, name), POSITIVE)


@pytest.mark.parametrize("name", ON_UNIT)
def test_inside_the_unit_interval(name: str) -> None:
    check_gradients(getattr(ops, name), UNIT)


@pytest.mark.parametrize("name", OF_TWO)
def test_of_two(name: str) -> None:
    check_gradients(getattr(ops, name), X, Y)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name: str) -> None:
    arguments = (0.25, -1.0) if name == "threshold" else ()
    check_gradients(lambda x: getattr(activations, name)(x, *arguments), X * 2)


MORE: dict[str, tuple[Callable[..., Any], tuple[np.ndarray, ...]]] = {
    "arccosh": (ops.arccosh, (POSITIVE + 1,)),
    "power": (ops.power, (POSITIVE, Y)),
    "matmul": (ops.matmul, (RNG.normal(size=(2, 1, 3, 4)), RNG.normal(size=(3, 4, 2)))),
    "cross": (ops.cross, (X[:, :3], Y[:, :3])),
    "einsum": (lambda a, b: ops.einsum("bij,bkj->bik", a, b), (X[None], Y[None])),
    "rows": (lambda a, b: ops.einsum("ij,ij->i", a, b), (X, Y)),
    "pad": (lambda a: ops.pad(a, ((1, 2), (0, 2)), "reflect"), (X,)),
    "take": (lambda a: ops.take(a, np.array([[0, 2], [2, -1]]), 1), (X,)),
    "take_along_axis": (lambda a: ops.take_along_axis(a, np.array([[0, 2]]), 1), (X,)),
    "top_k": (lambda a: ops.top_k(a, 2)[0], (X,)),
    "segment_max": (lambda a: ops.segment_max(a, np.array([0, 1, 0]), 2), (X,)),
    "scatter_set": (lambda a, b: ops.scatter_update(a, [[0], [2]], b), (X, Y[:2])),
    "scatter_max": (lambda a, b: ops.scatter_update(a, [[0], [0]], b, "max"), (X, Y[:2])),
    "slice_update": (lambda a, b: ops.slice_update(a, (1, 2), b), (X, Y[:2, :2])),
    "arccos near 1": (ops.arccos, (np.array([0.97, -0.97]),)),
    "batch_normalization": (
        lambda a, m, v, o, s: ops.batch_normalization(a, m, v, -1, o, s),
        (X, Y[0], POSITIVE[0], Y[1], Y[2]),
    ),
    "attention": (
        lambda q, k, v: ops.dot_product_attention(q, k, v, is_causal=True),
        tuple(RNG.normal(size=(3, 1, 3, 2, 2))),
    ),
    "of softmax": (lambda a: ops.categorical_crossentropy(HOT, ops.softmax(a)), (X,)),
    "of probabilities": (lambda a: ops.categorical_crossentropy(HOT, a), (POSITIVE,)),
    "of labels": (
        lambda a: ops.sparse_categorical_crossentropy(np.array([0, 2, 1]), a, from_logits=True),
        (X,),
    ),
    "of sigmoid": (lambda a: ops.binary_crossentropy(HOT, ops.sigmoid(a)), (X * 5,)),
    "dropout": (lambda a: random.dropout(a, 0.4, seed=3), (X,)),
    "cond": (lambda a: ops.cond(ops.sum(a) > 0, lambda: a * a, lambda: a * 3.0), (X,)),
    "scan": (lambda a: ops.scan(lambda c, v: (c * v, c + v), a[0] * 2.0, a)[1], (X,)),
}


@pytest.mark.parametrize("name", MORE)
def test_more(name: str) -> None:
    f, arrays = MORE[name]
    check_gradients(f, *arrays)


SMOOTH_AT_ZERO = [
    "arccos",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctanh",
    "celu",
    "cosh",
    "elu",
    "erf",
    "erfc",
    "erfinv",
    "expm1",
    "gelu",
    "log1p",
    "log_sigmoid",
    "sigmoid",
    "silu",
    "sinc",
    "sinh",
    "softplus",
    "softsign",
    "squareplus",
    "tan",
    "tanh",
]


@pytest.mark.parametrize("name", SMOOTH_AT_ZERO)
def test_at_zero(name: str) -> None:
    """Functions made of halves have their derivative where the halves meet."""
    check_gradients(getattr(ops, name), np.zeros(1), step=1e-6, rtol=1e-4, atol=1e-5)


def test_subgradients_at_kinks() -> None:
    zero = np.zeros(1, np.float32)
    found = {
        n: float(gradients(getattr(ops, n), zero)[0][0]) for n in ("relu", "abs", "leaky_relu")
    }
    weight = np.cos(0.5)
    expected = {"relu": 0.0, "abs": 0.0, "leaky_relu": 0.2 * weight}
    assert found == pytest.approx(expected)


FINITE = [
    "sigmoid",
    "log_sigmoid",
    "softplus",
    "silu",
    "elu",
    "selu",
    "celu",
    "gelu",
    "softmax",
    "log_softmax",
    "tanh",
    "squareplus",
    "logsumexp",
    "softsign",
    "log1p",
    "arcsinh",
    "arctan",
    "relu6",
    "hard_silu",
]


@pytest.mark.parametrize("name", FINITE)
def test_finite_at_extremes(name: str) -> None:
    x = np.array([-1e4, -200, -100, -89, -50, 0, 50, 89, 100, 200, 1e4], np.float32)
    x = np.abs(x) if name == "log1p" else x
    assert np.isfinite(gradients(getattr(ops, name), x)[0]).all()


@pytest.mark.parametrize("name", ["std", "norm", "normalize", "var", "logsumexp"])
def test_finite_at_the_zero_vector(name: str) -> None:
    assert np.isfinite(gradients(getattr(ops, name), np.zeros((2, 3), np.float32))[0]).all()


def test_small_sigmoids_keep_their_gradient() -> None:
    x = np.array([-80.0, -40.0, 40.0, 80.0], np.float32)
    (found,) = gradients(ops.sigmoid, x)
    exact = np.exp(-np.abs(x.astype(np.float64))) * np.cos(np.arange(4) + 0.5)
    np.testing.assert_allclose(found, exact, rtol=1e-5)


@pytest.mark.parametrize(
    "name", ["log1p", "expm1", "sigmoid", "softplus", "arctan", "cbrt", "sinh", "arcsinh"]
)
def test_second_derivatives(name: str) -> None:
    x = np.array([0.2, 0.4, 1.7, 3.0])
    t = input_("x", x.shape, "float64")
    with Trace().active():
        first = grad(build.total(getattr(ops, name)(t)), [t])[0]
        second = grad(build.total(first), [t])[0]
    h = 1e-5
    slope = (evaluate(first, {t: x + h}) - evaluate(first, {t: x - h})) / (2 * h)
    np.testing.assert_allclose(evaluate(second, {t: x}), slope, rtol=1e-6, atol=1e-8)
