"""How often predictions are right: exactly, past a threshold, by the first class or the best k."""

from __future__ import annotations

from typing import Any

from whit import config, ops
from whit.errors import ShapeError
from whit.graph import Tensor, build
from whit.losses.align import first_of_largest, same_rank
from whit.metrics.reduction import MeanMetricWrapper
from whit.ops.lift import Array, ArrayLike, floating, op, strong


def _as_numbers(condition: Tensor) -> Tensor:
    return build.cast(condition, config.floatx())


# ---- functions
@op("y_true", "y_pred")
def accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """1 where predictions equal targets, else 0."""
    p = strong(y_pred)
    t, p = same_rank(build.cast(strong(y_true), p.dtype), p)
    return _as_numbers(ops.equal(t, p))


@op("y_true", "y_pred")
def binary_accuracy(y_true: ArrayLike, y_pred: ArrayLike, threshold: float = 0.5) -> Array:
    """1 where a prediction is on the target's side of `threshold`, else 0.

    Args:
        y_true: 0 and 1. y_pred: probabilities, of the same shape ((n,) fits (n, 1)).
        threshold: predictions above it are class 1.

    Returns:
        Values of the predictions' shape.
    """
    t, p = same_rank(strong(y_true), floating(strong(y_pred)))
    return _as_numbers(ops.equal(t, build.cast(ops.greater(p, float(threshold)), t.dtype)))


@op("y_true", "y_pred")
def categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """1 where the largest prediction is at the class of a one-hot target, else 0.

    Args:
        y_true, y_pred: (batch, ..., classes).

    Raises:
        ShapeError: the shapes differ.
    """
    t, p = _one_hot("categorical_accuracy", y_true, y_pred)
    return _as_numbers(ops.equal(first_of_largest(t), first_of_largest(p)))


@op("y_true", "y_pred")
def sparse_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """1 where the largest prediction is at the integer label, else 0.

    Args:
        y_true: labels, (batch, ...) or (batch, ..., 1). y_pred: (batch, ..., classes).

    Raises:
        ShapeError: the labels' shape does not fit.
    """
    t, p = _labels("sparse_categorical_accuracy", y_true, y_pred)
    return _as_numbers(ops.equal(t, first_of_largest(p)))


@op("y_true", "y_pred")
def top_k_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike, k: int = 5) -> Array:
    """1 where the class of a one-hot target is among the `k` largest predictions, else 0.

    Ties with the last place count as inside, as in TensorFlow's `in_top_k`.
    """
    t, p = _one_hot("top_k_categorical_accuracy", y_true, y_pred)
    return _in_top_k(first_of_largest(t), p, k)


@op("y_true", "y_pred")
def sparse_top_k_categorical_accuracy(
    y_true: ArrayLike, y_pred: ArrayLike, k: int = 5, from_sorted_ids: bool = False
) -> Array:
    """1 where the integer label is among the `k` largest predictions, else 0.

    Args:
        y_true: labels, (batch, ...). y_pred: (batch, ..., classes).
        k: how many predictions count.
        from_sorted_ids: `y_pred` holds classes, best first, instead of scores.
    """
    t, p = _labels("sparse_top_k_categorical_accuracy", y_true, y_pred)
    if not from_sorted_ids:
        return _in_top_k(t, p, k)
    hits = ops.equal(p[..., :k], build.cast(t, p.dtype)[..., None])
    return _as_numbers(ops.any(hits, -1))


def _in_top_k(labels: Tensor, scores: Tensor, k: int) -> Tensor:
    rows = build.reshape(floating(scores), (labels.size, scores.shape[-1]))
    inside = ops.in_top_k(build.cast(build.reshape(labels, (labels.size,)), "int32"), rows, k)
    return _as_numbers(build.reshape(inside, labels.shape))


def _one_hot(name: str, y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    t, p = strong(y_true), strong(y_pred)
    if t.shape != p.shape or not t.ndim:
        raise ShapeError(
            f"{name}: y_true has shape {t.shape} and y_pred {p.shape}; expected one-hot rows of "
            f"the predictions' shape. For integer labels use sparse_{name}."
        )
    return t, p


def _labels(name: str, y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    t, p = strong(y_true), strong(y_pred)
    expected = p.shape[:-1]
    if t.shape == (*expected, 1):
        t = build.reshape(t, expected)
    if t.shape != expected or not p.ndim:
        raise ShapeError(
            f"{name}: y_true has shape {t.shape} and y_pred {p.shape}; expected integer labels of "
            f"shape {expected}. For one-hot rows use {name.removeprefix('sparse_')}."
        )
    return t, p


# ---- classes
class Accuracy(MeanMetricWrapper):
    """How often predictions equal targets."""

    _direction = "up"

    def __init__(self, name: str | None = "accuracy", dtype: Any = None) -> None:
        super().__init__(accuracy, name, dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """How often probabilities are on the target's side of `threshold`; see `binary_accuracy`."""

    _direction = "up"
    configured = ("threshold",)

    def __init__(
        self, name: str | None = "binary_accuracy", dtype: Any = None, threshold: float = 0.5
    ) -> None:
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


class CategoricalAccuracy(MeanMetricWrapper):
    """How often the largest prediction is at a one-hot target's class."""

    _direction = "up"

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the largest prediction is at the integer label."""

    _direction = "up"

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often a one-hot target's class is among the `k` largest predictions."""

    _direction = "up"
    configured = ("k",)

    def __init__(
        self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: Any = None
    ) -> None:
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the integer label is among the `k` largest predictions.

    Args:
        k: how many predictions count.
        name, dtype: as in `Metric`.
        from_sorted_ids: predictions are classes, best first, instead of scores.
    """

    _direction = "up"
    configured = ("k",)

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(
            sparse_top_k_categorical_accuracy, name, dtype, k=k, from_sorted_ids=from_sorted_ids
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        sorted_ids = self._fn_kwargs["from_sorted_ids"]
        return super().get_config() | ({"from_sorted_ids": True} if sorted_ids else {})
