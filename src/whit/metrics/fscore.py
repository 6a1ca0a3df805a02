"""F-scores: the harmonic mean of precision and recall of each class, averaged as asked."""

from __future__ import annotations

from typing import Any

from whit import ops
from whit.config import epsilon
from whit.errors import ArgumentError, ShapeError
from whit.graph import Tensor, build
from whit.losses.align import as_value
from whit.metrics.base import Metric, accumulate
from whit.ops.lift import Array, ArrayLike, op
from whit.variables import Variable

_AVERAGES = (None, "micro", "macro", "weighted")
_SUMS = ("true_positives", "false_positives", "false_negatives", "intermediate_weights")


class FBetaScore(Metric):
    """(1 + β²) · precision · recall / (β² · precision + recall).

    Args:
        average: None (one score for each class), "micro" (all classes counted together), "macro"
            (mean of the classes) or "weighted" (by how often they occur).
        beta: how much more recall matters than precision.
        threshold: scores above it are positive; None takes the largest of each sample.
        name, dtype: as in `Metric`.

    Raises:
        ArgumentError: an argument out of its range.
    """

    _direction = "up"
    true_positives: Variable
    false_positives: Variable
    false_negatives: Variable
    intermediate_weights: Variable

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if average not in _AVERAGES:
            raise ArgumentError(f"average={average!r}: expected one of {_AVERAGES}.")
        if not isinstance(beta, float) or beta <= 0.0:
            raise ArgumentError(f"beta={beta!r}: expected a float > 0.")
        if threshold is not None and not (isinstance(threshold, float) and 0.0 < threshold <= 1.0):
            raise ArgumentError(f"threshold={threshold!r}: expected a float in (0, 1], or None.")
        self.average, self.beta, self.threshold = average, beta, threshold
        self._built = False

    def _build(self, t_shape: tuple[int, ...], p_shape: tuple[int, ...]) -> None:
        if len(t_shape) != 2 or len(p_shape) != 2:
            raise ShapeError(
                f"{type(self).__name__}: y_true has shape {t_shape} and y_pred {p_shape}; expected "
                "(batch, classes) for both."
            )
        for name in _SUMS:
            shape = () if self.average == "micro" else p_shape[-1:]
            setattr(self, name, self.add_variable(shape, name=name))
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of one-hot or multi-hot labels and scores, (batch, classes)."""
        t, p = as_value(y_true, self.dtype), as_value(y_pred, self.dtype)
        if not self._built:
            self._build(t.shape, p.shape)
        weight = None if sample_weight is None else as_value(sample_weight, self.dtype)
        axis = None if self.average == "micro" else 0
        for name, amount in zip(_SUMS, _batch(t, p, weight, self.threshold, axis), strict=True):
            accumulate(getattr(self, name), amount)

    def result(self) -> Any:
        """The score so far; 0 before the first batch."""
        if not self._built:
            return ops.zeros((), self.dtype)
        return _score(
            self.true_positives,
            self.false_positives,
            self.false_negatives,
            self.intermediate_weights,
            self.beta,
            self.average,
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        return super().get_config() | {
            "average": self.average,
            "beta": self.beta,
            "threshold": self.threshold,
        }


@op("t", "p", "weight")
def _batch(
    t: ArrayLike, p: ArrayLike, weight: ArrayLike, threshold: float | None, axis: int | None
) -> Array:
    """Sums over the batch of true positives, false positives, false negatives and positives."""
    p = build.cast(_found(p, threshold), t.dtype)
    parts = (p * t, p * (1.0 - t), (1.0 - p) * t, t)
    return tuple(ops.sum(x if weight is None else x * weight[..., None], axis) for x in parts)


def _found(p: Tensor, threshold: float | None) -> Tensor:
    """Which scores are positive."""
    if threshold is not None:
        return ops.greater(p, threshold)
    largest = ops.greater_equal(p, ops.max(p, -1, keepdims=True))
    return largest & ops.greater(abs(p), 1e-9)  # a row of zeros has found nothing


@op("tp", "fp", "fn", "weight")
def _score(
    tp: ArrayLike, fp: ArrayLike, fn: ArrayLike, weight: ArrayLike, beta: float, average: str | None
) -> Array:
    precision, recall = tp / (tp + fp + epsilon()), tp / (tp + fn + epsilon())
    below = precision * beta**2 + recall + epsilon()
    score = precision * recall / below * (1.0 + beta**2)
    if average == "weighted":
        return ops.sum(score * (weight / (ops.sum(weight) + epsilon())))
    return score if average is None else ops.mean(score)


class F1Score(FBetaScore):
    """2 · precision · recall / (precision + recall); arguments as in `FBetaScore`."""

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        return {k: v for k, v in super().get_config().items() if k != "beta"}
