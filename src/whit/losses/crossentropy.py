"""The cross-entropies, in the stable form wherever the graph shows where probabilities come from.

A loss of probabilities normalises and clips them, as Keras does. If `y_pred` is a traced softmax
or sigmoid, its logits are known and the loss is computed from them, as Keras does on TensorFlow:
exact gradients at any confidence, and a shorter graph.
"""

from __future__ import annotations

import warnings
from typing import Any

from whit import ops
from whit.config import epsilon
from whit.errors import ShapeError
from whit.graph import Tensor, apply, build
from whit.losses.align import operands
from whit.ops.activation import (
    is_softmax,
    logistic,
    logits_behind_sigmoid,
    soft_max,
    soft_plus,
)
from whit.ops.crossentropy import clipped, hot, log_probabilities
from whit.ops.lift import Array, ArrayLike, axis_of, floating, op, strong


# ---- many classes
@op("y_true", "y_pred")
def categorical_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Array:
    """-sum(y_true · log(y_pred)) over the classes.

    Args:
        y_true: one-hot rows or probabilities, (batch, ..., classes).
        y_pred: probabilities or logits, of the same shape.
        from_logits: whether `y_pred` are logits.
        label_smoothing: in [0, 1]: mixes this share of the uniform distribution into `y_true`.
        axis: the class axis.

    Returns:
        Losses, the shape without the class axis.

    Raises:
        ShapeError: the shapes differ.
    """
    t, p = _one_hot_operands("categorical_crossentropy", y_true, y_pred, label_smoothing)
    return -ops.sum(t * _logarithms(p, from_logits, axis_of(axis, p.ndim)), axis)


@op("y_true", "y_pred")
def categorical_focal_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Array:
    """-sum(alpha · (1 - y_pred)^gamma · y_true · log(y_pred)): well classified samples count less.

    Args:
        y_true, y_pred, from_logits, label_smoothing, axis: as in `categorical_crossentropy`.
        alpha: a factor, or one for each class.
        gamma: how much less; 0 is plain cross-entropy.

    Source: Lin et al., "Focal Loss for Dense Object Detection" (2018).
    """
    t, p = _one_hot_operands("categorical_focal_crossentropy", y_true, y_pred, label_smoothing)
    at = (axis_of(axis, p.ndim),)
    if not is_softmax(p, at):
        p = soft_max(p, at) if from_logits else clipped(p / ops.sum(p, axis, keepdims=True))
    factor = float(alpha) if isinstance(alpha, int | float) else ops.cast(alpha, p.dtype)
    doubt = build.power(build.maximum(1.0 - p, epsilon()), float(gamma))
    return -ops.sum(doubt * factor * t * apply("log", p), axis)


def _logarithms(p: Tensor, from_logits: bool, axis: int) -> Tensor:
    """log of the class probabilities."""
    if from_logits and is_softmax(p, (axis,)):
        _warn_not_logits("softmax")
        from_logits = False
    return log_probabilities(p, from_logits, axis)


def _warn_not_logits(kind: str) -> None:
    warnings.warn(
        f"from_logits=True, but y_pred is the output of a {kind}: these are probabilities, not "
        f"logits. The loss is computed from the {kind}'s input. Remove from_logits=True, or the "
        f"activation {kind!r} of the last layer.",
        stacklevel=2,
    )


def _one_hot_operands(name: str, t: Any, p: Any, smoothing: float) -> tuple[Tensor, Tensor]:
    p = floating(strong(p))
    t = build.cast(strong(t), p.dtype)
    if t.shape != p.shape or not p.ndim:
        raise ShapeError(
            f"{name}: y_true has shape {t.shape} and y_pred {p.shape}; expected one row for each "
            "sample and one number for each class in both. For integer labels use "
            "sparse_categorical_crossentropy, or whit.utils.to_categorical(labels)."
        )
    if p.shape[-1] == 1:
        warnings.warn(
            f"{name}: y_pred has shape {p.shape}, a single class, whose loss says nothing; for two "
            "classes in one output use binary_crossentropy.",
            SyntaxWarning,
            stacklevel=2,
        )
    if smoothing:
        t = t * (1.0 - smoothing) + smoothing / t.shape[-1]
    return t, p


@op("y_true", "y_pred")
def sparse_categorical_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Array:
    """-log(y_pred[label]) for integer labels.

    Args:
        y_true: labels 0 ... classes-1, (batch, ...) or (batch, ..., 1).
        y_pred: probabilities or logits, (batch, ..., classes).
        from_logits: whether `y_pred` are logits.
        ignore_class: a label whose samples have loss 0 and do not count in means.
        axis: the class axis.

    Returns:
        Losses of the labels' shape.

    Raises:
        ShapeError: the labels' shape is not that of `y_pred` without its class axis.
    """
    p = floating(strong(y_pred))
    at = axis_of(axis, p.ndim)
    t = _labels(strong(y_true), p.shape, at)
    logs = _logarithms(p, from_logits, at)
    losses = -ops.sum(build.mask(hot(t, p.shape, at), logs), at)
    return losses if ignore_class is None else build.mask(ops.not_equal(t, ignore_class), losses)


def _labels(t: Tensor, shape: tuple[int, ...], axis: int) -> Tensor:
    """int32 labels of `shape` without `axis`."""
    expected = shape[:axis] + shape[axis + 1 :]
    if t.shape in ((*shape[:axis], 1, *shape[axis + 1 :]), (*expected, 1)):
        t = build.reshape(t, expected)
    if t.shape != expected:
        raise ShapeError(
            f"sparse_categorical_crossentropy: y_true has shape {t.shape} and y_pred {shape}; "
            f"expected integer labels of shape {expected}. For one-hot rows use "
            "categorical_crossentropy, or y_true.argmax(axis=-1)."
        )
    return build.cast(t, "int32")


def _sparse_mask(y_true: Any, losses: Any, ignore_class: int | None = None, **kwargs: Any) -> Any:
    """False for the samples of the ignored class."""
    if ignore_class is None:
        return None
    return ops.not_equal(ops.reshape(ops.cast(y_true, "int32"), losses.shape), ignore_class)


@op("y_true", "y_pred")
def categorical_generalized_cross_entropy(y_true: ArrayLike, y_pred: ArrayLike, q: float) -> Array:
    """(1 - y_pred[label]^q) / q: between cross-entropy (q → 0) and absolute error (q = 1).

    Args:
        y_true: integer labels, (batch,) or (batch, 1).
        y_pred: probabilities, (batch, classes).
        q: in (0, 1); larger is more robust against wrong labels.

    Source: Zhang and Sabuncu, "Generalized Cross Entropy Loss for Training Deep Neural Networks
    with Noisy Labels" (2018).
    """
    p = floating(strong(y_pred))
    t = _labels(strong(y_true), p.shape, p.ndim - 1)
    chosen = ops.sum(build.mask(hot(t, p.shape, p.ndim - 1), p), -1)
    return (1.0 - build.power(chosen, float(q))) * (1.0 / q)


sparse_categorical_crossentropy.integer_targets = True  # type: ignore[attr-defined]
categorical_generalized_cross_entropy.integer_targets = True  # type: ignore[attr-defined]
sparse_categorical_crossentropy.mask = _sparse_mask  # type: ignore[attr-defined]


# ---- two classes
@op("y_true", "y_pred")
def binary_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Array:
    """Mean of -(y_true · log(y_pred) + (1 - y_true) · log(1 - y_pred)) over `axis`.

    Args:
        y_true: 0, 1 or between, (batch, ..., d).
        y_pred: probabilities or logits, of the same shape ((n,) fits (n, 1)).
        from_logits: whether `y_pred` are logits.
        label_smoothing: in [0, 1]: moves `y_true` this share of the way towards 0.5.
        axis: the axis of the mean.

    Returns:
        Losses, the shape without `axis`.

    Raises:
        ShapeError: the shapes differ.
    """
    t, p = _binary_operands("binary_crossentropy", y_true, y_pred, label_smoothing)
    return ops.mean(_binary(t, p, from_logits), axis)


@op("y_true", "y_pred")
def binary_focal_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Array:
    """Binary cross-entropy in which well classified samples count less, by (1 - p)^gamma.

    Args:
        y_true, y_pred, from_logits, label_smoothing, axis: as in `binary_crossentropy`.
        apply_class_balancing: weigh class 1 by `alpha` and class 0 by 1 - `alpha`.
        gamma: how much less; 0 is plain cross-entropy.

    Source: Lin et al., "Focal Loss for Dense Object Detection" (2018).
    """
    t, p = _binary_operands("binary_focal_crossentropy", y_true, y_pred, label_smoothing)
    loss = _binary(t, p, from_logits)
    if from_logits and logits_behind_sigmoid(p) is None:
        p = logistic(p)
    right = t * p + (1.0 - t) * (1.0 - p)
    loss = build.power(1.0 - right, float(gamma)) * loss
    if apply_class_balancing:
        loss = (t * alpha + (1.0 - t) * (1.0 - alpha)) * loss
    return ops.mean(loss, axis)


def _binary_operands(name: str, t: Any, p: Any, smoothing: float) -> tuple[Tensor, Tensor]:
    t, p = operands(t, p)
    if t.shape != p.shape:
        raise ShapeError(
            f"{name}: y_true has shape {t.shape} and y_pred {p.shape}; expected equal shapes."
        )
    if smoothing:
        t = t * (1.0 - smoothing) + 0.5 * smoothing
    return t, p


def _binary(t: Tensor, p: Tensor, from_logits: bool) -> Tensor:
    logits = logits_behind_sigmoid(p)
    if logits is not None and from_logits:
        _warn_not_logits("sigmoid")
    if logits is None and not from_logits:
        p = clipped(p)
        return -(t * apply("log", p) + (1.0 - t) * apply("log", 1.0 - p))
    logits = p if logits is None else logits
    return soft_plus(logits) - t * logits
