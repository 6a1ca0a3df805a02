"""Losses against formulas in float64 NumPy, and their gradients against differences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from whit import losses, ops
from whit.graph import Trace, grad, input_
from whit.ops.core import evaluate

RNG = np.random.default_rng(7)
LABELS = np.array([0, 2, 1, 3, 2])
ONE_HOT = np.eye(4)[LABELS]
ROWS = RNG.dirichlet(np.ones(4), 5)
LOGITS = RNG.normal(size=(5, 4)) * 2
BITS = RNG.integers(0, 2, (5, 3)).astype(float)
VALUES, GUESSES = RNG.normal(size=(2, 5, 3))
POSITIVE, POSITIVE_GUESSES = np.abs(VALUES) + 0.1, np.abs(GUESSES) + 0.1


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def binary(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    return -(t * np.log(p) + (1 - t) * np.log(1 - p))


def huber(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    e = np.abs(t - p)
    return np.where(e <= 1, e * e / 2, e - 0.5).mean(-1)


def cosine(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    return -(t * p).sum(-1) / np.linalg.norm(t, axis=-1) / np.linalg.norm(p, axis=-1)


FORMULAS: dict[str, tuple[Callable, np.ndarray, np.ndarray, dict]] = {
    "mean_squared_error": (lambda t, p: ((t - p) ** 2).mean(-1), VALUES, GUESSES, {}),
    "mean_absolute_error": (lambda t, p: np.abs(t - p).mean(-1), VALUES, GUESSES, {}),
    "mean_absolute_percentage_error": (
        lambda t, p: 100 * np.abs((t - p) / t).mean(-1), VALUES, GUESSES, {},
    ),
    "mean_squared_logarithmic_error": (
        lambda t, p: ((np.log(t + 1) - np.log(p + 1)) ** 2).mean(-1),
        POSITIVE, POSITIVE_GUESSES, {},
    ),
    "huber": (huber, VALUES, GUESSES, {}),
    "log_cosh": (lambda t, p: np.log(np.cosh(t - p)).mean(-1), VALUES, GUESSES, {}),
    "poisson": (
        lambda t, p: (p - t * np.log(p + 1e-7)).mean(-1), POSITIVE, POSITIVE_GUESSES, {},
    ),
    "kl_divergence": (
        lambda t, p: (t * np.log(t / p)).sum(-1), softmax(VALUES), softmax(GUESSES), {},
    ),
    "cosine_similarity": (cosine, VALUES, GUESSES, {}),
    "hinge": (lambda t, p: np.maximum(1 - (2 * t - 1) * p, 0).mean(-1), BITS, GUESSES, {}),
    "squared_hinge": (
        lambda t, p: (np.maximum(1 - (2 * t - 1) * p, 0) ** 2).mean(-1), BITS, GUESSES, {},
    ),
    "categorical_hinge": (
        lambda t, p: np.maximum(((1 - t) * p).max(-1) - (t * p).sum(-1) + 1, 0),
        ONE_HOT, LOGITS, {},
    ),
    "dice": (
        lambda t, p: 1 - 2 * (t * p).sum() / (t.sum() + p.sum() + 1e-7), ONE_HOT, ROWS, {},
    ),
    "tversky": (
        lambda t, p: 1 - (t * p).sum(-1) / (
            (t * p).sum(-1) + 0.2 * ((1 - p) * t).sum(-1) + 0.7 * (p * (1 - t)).sum(-1) + 1e-7
        ),
        ONE_HOT, ROWS, {"alpha": 0.2, "beta": 0.7, "axis": -1},
    ),
    "categorical_crossentropy": (
        lambda t, p: -(t * np.log(softmax(p))).sum(-1), ONE_HOT, LOGITS, {"from_logits": True},
    ),
    "sparse_categorical_crossentropy": (
        lambda t, p: -np.log(p[np.arange(5), t]), LABELS, ROWS, {},
    ),
    "binary_crossentropy": (
        lambda t, p: binary(t * 0.8 + 0.1, sigmoid(p)).mean(-1),
        BITS, GUESSES, {"from_logits": True, "label_smoothing": 0.2},
    ),
    "binary_focal_crossentropy": (
        lambda t, p: (
            (t * 0.3 + (1 - t) * 0.7) * (1 - t * p - (1 - t) * (1 - p)) ** 1.5 * binary(t, p)
        ).mean(-1),
        BITS, sigmoid(GUESSES), {"apply_class_balancing": True, "alpha": 0.3, "gamma": 1.5},
    ),
    "categorical_focal_crossentropy": (
        lambda t, p: -(0.25 * (1 - p) ** 2 * t * np.log(p)).sum(-1), ONE_HOT, ROWS, {},
    ),
    "categorical_generalized_cross_entropy": (
        lambda t, p: (1 - p[np.arange(5), t] ** 0.7) / 0.7, LABELS, ROWS, {"q": 0.7},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMULAS)
def test_value(name: str) -> None:
    formula, t, p, kwargs = FORMULAS[name]
    got = getattr(losses, name)(t, p, **kwargs)
    assert got.dtype == np.float64
    np.testing.assert_allclose(got, formula(t, p), rtol=1e-5)


def numeric_gradient(f: Callable[[np.ndarray], float], x: np.ndarray) -> np.ndarray:
    out = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[place] = 1e-6
        out[place] = (f(x + step) - f(x - step)) / 2e-6
    return out


@pytest.mark.parametrize("name", FORMULAS)
def test_gradient(name: str) -> None:
    _, t, p, kwargs = FORMULAS[name]
    function = getattr(losses, name)
    x = input_("p", p.shape, "float64")
    with Trace().active():
        gradient = grad(ops.sum(function(t, x, **kwargs)), [x])[0]
    expected = numeric_gradient(lambda p: float(np.sum(function(t, p, **kwargs))), p)
    np.testing.assert_allclose(evaluate(gradient, {x: p}), expected, rtol=1e-5, atol=1e-7)


def test_circle_pulls_equal_labels_together() -> None:
    def unit(*degrees: float) -> np.ndarray:
        angle = np.radians(degrees)
        return np.stack([np.cos(angle), np.sin(angle)], 1)

    labels = np.array([0, 0, 1, 1])
    near, far = unit(0, 5, 90, 95), unit(0, 90, 5, 95)
    assert losses.Circle(dtype="float64")(labels, near) < losses.Circle(dtype="float64")(
        labels, far
    )
    x = input_("p", far.shape, "float64")
    with Trace().active():
        loss = losses.Circle(dtype="float64")(labels, x)
        gradient = evaluate(grad(loss, [x])[0], {x: far})
    expected = numeric_gradient(lambda p: float(losses.Circle(dtype="float64")(labels, p)), far)
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-6)


def test_circle_with_no_pair_left_has_finite_gradients() -> None:
    labels, p = np.arange(3), np.eye(3)
    x = input_("p", p.shape, "float64")
    with Trace().active():
        gradient = evaluate(grad(losses.Circle(dtype="float64")(labels, x), [x])[0], {x: p})
    assert np.isfinite(gradient).all()


def test_gradient_of_logits_is_exact_where_they_are_zero() -> None:
    """Zero-initialised models begin there."""
    x = input_("p", (1, 3), "float32")
    target = np.array([[0, 1, 1]], np.float32)
    with Trace().active():
        loss = losses.BinaryCrossentropy(from_logits=True)(target, x)
        gradient = evaluate(grad(loss, [x])[0], {x: np.zeros((1, 3), np.float32)})
    np.testing.assert_allclose(gradient, (0.5 - target) / 3, rtol=1e-6)


@pytest.mark.parametrize("extreme", [-200.0, 200.0])
def test_no_loss_overflows(extreme: float) -> None:
    p = np.full((1, 2), extreme, np.float32)
    t = np.array([[0, 1]], np.float32)
    for loss in (losses.LogCosh(), losses.BinaryCrossentropy(from_logits=True),
                 losses.CategoricalCrossentropy(from_logits=True), losses.Huber()):  # fmt: skip
        assert np.isfinite(loss(t, p)), loss
