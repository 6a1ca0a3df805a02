"""Losses of regression, margins, overlap and metric learning: (y_true, y_pred) -> one a sample.

The cross-entropies are in `crossentropy`, the classes in `classes`.
"""

from __future__ import annotations

import math
from typing import Any

from whit import ops
from whit.config import epsilon
from whit.graph import Tensor, apply, build
from whit.losses.align import operands
from whit.ops.activation import soft_plus
from whit.ops.lift import Array, ArrayLike, floating, op

Axis = int | tuple[int, ...] | None


# ---- regression
@op("y_true", "y_pred")
def mean_squared_error(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """mean((y_true - y_pred)²) over the last axis.

    Args:
        y_true: targets, (batch, d0, ... dN).
        y_pred: predictions, of the same shape; beside (n, 1) targets may be (n,).

    Returns:
        Losses of shape (batch, d0, ... dN-1).

    Example:
        >>> mean_squared_error([[0.0, 2.0]], [[1.0, 4.0]])
        array([2.5], dtype=float32)
    """
    t, p = operands(y_true, y_pred)
    return ops.mean(ops.square(p - t), -1)


@op("y_true", "y_pred")
def mean_absolute_error(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """mean(|y_true - y_pred|) over the last axis; shapes as in `mean_squared_error`."""
    t, p = operands(y_true, y_pred)
    return ops.mean(abs(p - t), -1)


@op("y_true", "y_pred")
def mean_absolute_percentage_error(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """100 · mean(|y_true - y_pred| / max(|y_true|, ε)) over the last axis."""
    t, p = operands(y_true, y_pred)
    return ops.mean(abs((t - p) / build.maximum(abs(t), epsilon())), -1) * 100.0


@op("y_true", "y_pred")
def mean_squared_logarithmic_error(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """mean((log(y_true + 1) - log(y_pred + 1))²) over the last axis, values below ε held at ε."""
    t, p = (apply("log", build.maximum(x, epsilon()) + 1.0) for x in operands(y_true, y_pred))
    return ops.mean(ops.square(p - t), -1)


@op("y_true", "y_pred")
def huber(y_true: ArrayLike, y_pred: ArrayLike, delta: float = 1.0) -> Array:
    """Mean of e²/2 where |e| ≤ `delta`, else `delta`·(|e| - `delta`/2), over the last axis.

    Source: Huber, "Robust Estimation of a Location Parameter" (1964).
    """
    t, p = operands(y_true, y_pred)
    error, delta = p - t, float(delta)
    size = abs(error)
    outside = size * delta - 0.5 * delta * delta
    return ops.mean(build.where(size <= delta, ops.square(error) * 0.5, outside), -1)


@op("y_true", "y_pred")
def log_cosh(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """mean(log(cosh(y_pred - y_true))) over the last axis, in a form that does not overflow."""
    t, p = operands(y_true, y_pred)
    size = abs(p - t)
    return ops.mean(size + apply("log", apply("exp", size * -2.0) + 1.0) - math.log(2.0), -1)


@op("y_true", "y_pred")
def poisson(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """mean(y_pred - y_true · log(y_pred + ε)) over the last axis."""
    t, p = operands(y_true, y_pred)
    return ops.mean(p - t * apply("log", p + epsilon()), -1)


@op("y_true", "y_pred")
def kl_divergence(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """sum(y_true · log(y_true / y_pred)) over the last axis, both held in [ε, 1].

    Source: Kullback and Leibler, "On Information and Sufficiency" (1951).
    """
    t, p = (ops.clip(x, epsilon(), 1.0) for x in operands(y_true, y_pred))
    return ops.sum(t * apply("log", t / p), -1)


@op("y_true", "y_pred")
def cosine_similarity(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Array:
    """Minus the cosine of the angle between the vectors along `axis`: -1 similar, 1 opposite.

    A vector of zeros has similarity 0 to every other.
    """
    return -cosine(y_true, y_pred, axis)


def cosine(y_true: Tensor, y_pred: Tensor, axis: int) -> Tensor:
    """The cosine of the angle between vectors along `axis`."""
    t, p = (ops.normalize(x, axis) for x in operands(y_true, y_pred))
    return ops.sum(t * p, axis)


# ---- margins
@op("y_true", "y_pred")
def hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """mean(max(1 - y_true · y_pred, 0)) over the last axis; labels -1 and 1, or 0 and 1."""
    return ops.mean(_margin(y_true, y_pred), -1)


@op("y_true", "y_pred")
def squared_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """mean(max(1 - y_true · y_pred, 0)²) over the last axis; labels -1 and 1, or 0 and 1."""
    return ops.mean(ops.square(_margin(y_true, y_pred)), -1)


def _margin(y_true: Tensor, y_pred: Tensor) -> Tensor:
    t, p = operands(y_true, y_pred)
    return build.maximum(1.0 - _signed_labels(t) * p, 0.0)


def _signed_labels(t: Tensor) -> Tensor:
    """Labels 0 and 1 as -1 and 1; a batch that holds anything else stays as it is."""
    binary = ops.all(ops.equal(t * t, t))
    return build.where(build.broadcast_to(binary, t.shape), t * 2.0 - 1.0, t)


@op("y_true", "y_pred")
def categorical_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """max(1 + max((1 - y_true) · y_pred) - sum(y_true · y_pred), 0) over the last axis."""
    t, p = operands(y_true, y_pred)
    wrong, right = ops.max((1.0 - t) * p, -1), ops.sum(t * p, -1)
    return build.maximum(wrong - right + 1.0, 0.0)


# ---- overlap
@op("y_true", "y_pred")
def dice(y_true: ArrayLike, y_pred: ArrayLike, axis: Axis = None) -> Array:
    """1 - 2·|intersection| / (|y_true| + |y_pred|), over `axis` (all by default).

    Source: Dice, "Measures of the Amount of Ecologic Association Between Species" (1945).
    """
    t, p = operands(y_true, y_pred)
    both = ops.sum(t * p, axis) * 2.0
    return 1.0 - both / (ops.sum(t, axis) + ops.sum(p, axis) + epsilon())


@op("y_true", "y_pred")
def tversky(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    alpha: float = 0.5,
    beta: float = 0.5,
    axis: Axis = None,
) -> Array:
    """1 - the Tversky index, which weighs what is missed by `alpha`, what is invented by `beta`.

    Source: Salehi et al., "Tversky loss function for image segmentation" (2017).
    """
    t, p = operands(y_true, y_pred)
    both = ops.sum(t * p, axis)
    missed = ops.sum((1.0 - p) * t, axis) * float(alpha)
    invented = ops.sum(p * (1.0 - t), axis) * float(beta)
    return 1.0 - both / (both + missed + invented + epsilon())


# ---- metric learning
_NOWHERE = -1e30  # as a logit: weight 0, and gradients stay finite where no pair is left


@op("y_true", "y_pred", "ref_labels", "ref_embeddings")
def circle(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    ref_labels: ArrayLike = None,
    ref_embeddings: ArrayLike = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Array:
    """The circle loss: pulls embeddings of one class together, pushes those of others apart.

    Args:
        y_true: integer labels, (batch,).
        y_pred: embeddings of length 1, (batch, features).
        ref_labels, ref_embeddings: what to compare with; the batch itself by default.
        remove_diagonal: do not compare an embedding with itself.
        gamma: scale of the similarities. margin: how relaxed the pull and the push are.

    Returns:
        A loss for each sample, (batch,).

    Source: Sun et al., "Circle Loss" (CVPR 2020).
    """
    p = floating(y_pred)
    others = p if ref_embeddings is None else floating(ref_embeddings)
    labels = y_true if ref_labels is None else ref_labels
    same, different = _pairs(y_true, labels, remove_diagonal)
    distance = build.maximum(1.0 - build.dot(p, build.swap_last(others)), 0.0)
    pull = build.maximum(distance + margin, 0.0) * (distance - margin) * float(gamma)
    push = build.maximum(1.0 + margin - distance, 0.0) * (1.0 - margin - distance) * float(gamma)
    return soft_plus(_log_sum_exp(same, pull) + _log_sum_exp(different, push))


def _pairs(labels: Tensor, others: Tensor, remove_diagonal: bool) -> tuple[Tensor, Tensor]:
    """Which pairs have the same label, and which have not."""
    t, ref = (build.reshape(build.cast(x, "int32"), (x.size,)) for x in (labels, others))
    same = ops.equal(t[:, None], ref[None])
    different = ~same
    if remove_diagonal and t.size == ref.size:
        places = build.iota(t.size)
        same = same & ~ops.equal(places[:, None], places[None])
    return same, different


def _log_sum_exp(chosen: Tensor, x: Tensor) -> Tensor:
    return ops.logsumexp(build.where(chosen, x, _NOWHERE), 1)


def _circle_mask(y_true: Any, losses: Any, **kwargs: Any) -> Any:
    """Samples whose loss is 0 have nothing left to learn and do not count in the mean."""
    return ops.greater(losses, 0.0)


circle.integer_targets = True  # type: ignore[attr-defined]
circle.mask = _circle_mask  # type: ignore[attr-defined]
