"""Counts of true and false positives and negatives at thresholds, and what is computed from them.

All counts of a batch come from one matrix product: "is above the threshold", (thresholds, samples),
by the weights of the positive and the negative samples, (samples, 2).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from whit import ops
from whit.config import epsilon
from whit.errors import ArgumentError, ShapeError
from whit.graph import Tensor, build
from whit.losses.align import first_of_largest, same_rank
from whit.metrics.base import Metric, accumulate
from whit.ops.crossentropy import hot
from whit.ops.lift import Array, ArrayLike, op, strong
from whit.variables import Variable

NEG_INF = -1e10
NAMES = ("true_positives", "false_positives", "true_negatives", "false_negatives")


# ---- thresholds
def parse_thresholds(thresholds: Any, default: float) -> list[float]:
    """Thresholds as a list; `default` for None.

    Raises:
        ArgumentError: one is outside [0, 1].
    """
    if thresholds is None:
        return [default]
    found = list(thresholds) if isinstance(thresholds, list | tuple | np.ndarray) else [thresholds]
    wrong = [t for t in found if t is None or not 0 <= t <= 1]
    if wrong:
        raise ArgumentError(f"thresholds={wrong}: expected numbers in [0, 1].")
    return found


def linear_thresholds(n: int) -> list[float]:
    """`n` thresholds from 0 to 1, equally far apart; 0.5 if there is one."""
    return [0.5] if n == 1 else [i / (n - 1) for i in range(n)]


def evenly_distributed(thresholds: Sequence[float]) -> bool:
    """Whether there are three or more, equally far apart from 0 to 1."""
    n = len(thresholds)
    return n > 2 and bool(np.allclose(thresholds, linear_thresholds(n), atol=epsilon()))


# ---- counting a batch
@op("y_true", "y_pred", "sample_weight", "label_weights")
def batch_counts(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike,
    label_weights: ArrayLike,
    thresholds: tuple[float, ...],
    dtype: str,
    top_k: int | None = None,
    class_id: int | None = None,
    multi_label: bool = False,
) -> Array:
    """Weights of the true and false positives and negatives of a batch at each threshold.

    Args:
        y_true: not 0 is positive. y_pred: scores of the same shape; positive if larger than the
            threshold.
        sample_weight, label_weights: weights of the rows and columns, or None.
        dtype: to compute in. top_k, class_id: as in `Precision`.
        multi_label: count each column of (batch, labels) on its own.

    Returns:
        In the order of NAMES, each (thresholds,) or (thresholds, labels).
    """
    p, t = same_rank(build.cast(strong(y_pred), dtype), build.cast(strong(y_true), dtype))
    weight = _row_weights(sample_weight, t, p.shape, dtype)
    p = p if top_k is None else _keep_top_k(p, top_k)
    if class_id is not None:
        t, p, weight = _one_class(class_id, t, p, weight)
    if label_weights is not None:
        weight = weight * build.cast(label_weights, dtype)
    if evenly_distributed(thresholds):  # as Keras: scores beyond [0, 1] count as its ends
        p = ops.clip(p, 0.0, 1.0)
    positive = build.mask(build.cast(t, "bool"), weight)
    score, positive, negative = (_columns(x, multi_label) for x in (p, positive, weight - positive))
    counts = _split(score, positive, negative, thresholds)
    return tuple(build.transpose(x, (1, 0)) if multi_label else x[0] for x in counts)


def _split(
    score: Tensor, positive: Tensor, negative: Tensor, thresholds: tuple[float, ...]
) -> tuple[Tensor, ...]:
    """The four counts of (rows, samples), each (rows, thresholds)."""
    limit = strong(ops.convert_to_tensor(np.asarray(thresholds, score.dtype)))
    above = ops.less(limit[None, :, None], score[:, None, :])
    both = build.concat([positive[..., None], negative[..., None]], 2)
    sums = build.dot(build.cast(above, score.dtype), both)
    tp, fp = sums[..., 0], sums[..., 1]
    tn = build.maximum(ops.sum(negative, -1, keepdims=True) - fp, 0.0)
    fn = build.maximum(ops.sum(positive, -1, keepdims=True) - tp, 0.0)
    return tp, fp, tn, fn


def _columns(x: Tensor, multi_label: bool) -> Tensor:
    """(labels, batch), or all numbers in one row."""
    return build.transpose(x, (1, 0)) if multi_label else build.reshape(x, (1, x.size))


def _keep_top_k(x: Tensor, k: int) -> Tensor:
    """`x` with all but the `k` largest of each row at -1e10; of equal ones the first stay."""
    rest, kept = x, build.full(x.shape, False, "bool")
    for _ in range(min(k, x.shape[-1])):
        best = hot(first_of_largest(rest), x.shape, x.ndim - 1)
        kept, rest = kept | best, build.where(best, -np.inf, rest)
    return build.where(kept, x, NEG_INF)


def _row_weights(weight: Any, t: Tensor, shape: tuple[int, ...], dtype: str) -> Tensor:
    """One weight for each score; 1 for None."""
    if weight is None:
        return build.full(shape, 1.0, dtype)
    weight = build.cast(strong(weight), dtype)
    if weight.ndim < t.ndim:
        weight = build.reshape(weight, weight.shape + (1,) * (t.ndim - weight.ndim))
    _, weight = same_rank(t, weight, expand_rank_1=False)
    return build.broadcast_to(weight, shape)


def _one_class(class_id: int, t: Tensor, *others: Tensor) -> tuple[Tensor, ...]:
    if t.ndim == 1:
        raise ShapeError(
            f"class_id={class_id}: y_pred has shape {t.shape}; expected (batch, classes)."
        )
    return tuple(x[..., class_id, None] for x in (t, *others))


def add_counts(
    variables: dict[str, Variable],
    y_true: Any,
    y_pred: Any,
    sample_weight: Any,
    thresholds: Sequence[float],
    dtype: str,
    label_weights: Any = None,
    **kwargs: Any,
) -> None:
    """Add a batch to those of the four counts that `variables` names; see `batch_counts`."""
    limits = tuple(map(float, thresholds))
    counts = batch_counts(y_true, y_pred, sample_weight, label_weights, limits, dtype, **kwargs)
    for name, amount in zip(NAMES, counts, strict=True):
        if name in variables:
            accumulate(variables[name], amount)


def ratio(part: Any, rest: Any) -> Any:
    """part / (part + rest); 0 where both are 0."""
    return ops.divide_no_nan(part, ops.add(part, rest))


def _one_or_all(x: Any) -> Any:
    return ops.reshape(x, ()) if x.shape == (1,) else x


# ---- one count
class _Count(Metric):
    """A running count at thresholds."""

    counted = ""

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        self.thresholds = parse_thresholds(thresholds, 0.5)
        self.accumulator = self.add_variable((len(self.thresholds),), name="accumulator")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of labels and scores."""
        counted = {self.counted: self.accumulator}
        add_counts(counted, y_true, y_pred, sample_weight, self.thresholds, self.dtype)

    def result(self) -> Any:
        """The count so far; one for each threshold if there are several."""
        return _one_or_all(ops.cast(self.accumulator, self.dtype))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        return super().get_config() | {"thresholds": self.init_thresholds}


class TruePositives(_Count):
    """How many positives were found (a score above the threshold, 0.5 by default)."""

    counted = "true_positives"
    _direction = "up"


class FalsePositives(_Count):
    """How many negatives were taken for positives."""

    counted = "false_positives"
    _direction = "down"


class TrueNegatives(_Count):
    """How many negatives were recognised."""

    counted = "true_negatives"
    _direction = "up"


class FalseNegatives(_Count):
    """How many positives were missed."""

    counted = "false_negatives"
    _direction = "down"


# ---- ratios of two counts
class _Ratio(Metric):
    """True positives over true positives and one other count."""

    other = ""
    _direction = "up"

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        self.top_k = top_k
        self.class_id = class_id
        self.thresholds = parse_thresholds(thresholds, 0.5 if top_k is None else NEG_INF)
        shape = (len(self.thresholds),)
        self.true_positives = self.add_variable(shape, name="true_positives")
        setattr(self, self.other, self.add_variable(shape, name=self.other))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of labels and scores."""
        add_counts(
            {"true_positives": self.true_positives, self.other: getattr(self, self.other)},
            y_true,
            y_pred,
            sample_weight,
            self.thresholds,
            self.dtype,
            top_k=self.top_k,
            class_id=self.class_id,
        )

    def result(self) -> Any:
        """The ratio so far, 0 if nothing was counted; one for each threshold if several."""
        return _one_or_all(ratio(self.true_positives, getattr(self, self.other)))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        return super().get_config() | {
            "thresholds": self.init_thresholds,
            "top_k": self.top_k,
            "class_id": self.class_id,
        }


class Precision(_Ratio):
    """Which share of what was found is right: TP / (TP + FP).

    Args:
        thresholds: a number in [0, 1] or a list of them; 0.5 by default.
        top_k: only the `top_k` largest scores of a sample count as found.
        class_id: look at this column of (batch, classes) alone.
        name, dtype: as in `Metric`.
    """

    other = "false_positives"


class Recall(_Ratio):
    """Which share of the positives was found: TP / (TP + FN).

    Args:
        thresholds: a number in [0, 1] or a list of them; 0.5 by default.
        top_k: only the `top_k` largest scores of a sample count as found.
        class_id: look at this column of (batch, classes) alone.
        name, dtype: as in `Metric`.
    """

    other = "false_negatives"


# ---- the best of one ratio where another is good enough
_RATIOS = {
    "sensitivity": ("true_positives", "false_negatives"),
    "recall": ("true_positives", "false_negatives"),
    "specificity": ("true_negatives", "false_positives"),
    "precision": ("true_positives", "false_positives"),
}


class _BestAt(Metric):
    """The largest `wanted` ratio over all thresholds at which `given` is at least a value."""

    wanted = ""
    given = ""
    _direction = "up"

    def _start(
        self, value: float, num_thresholds: int, class_id: int | None, name: str | None, dtype: Any
    ) -> None:
        Metric.__init__(self, name=name, dtype=dtype)
        if not 0 <= value <= 1:
            raise ArgumentError(f"{self.given}={value}: expected a number in [0, 1].")
        if num_thresholds <= 0:
            raise ArgumentError(f"num_thresholds={num_thresholds}: expected an integer > 0.")
        self.value = value
        self.num_thresholds = num_thresholds
        self.class_id = class_id
        self.thresholds = linear_thresholds(num_thresholds)
        for count in NAMES:
            setattr(self, count, self.add_variable((num_thresholds,), name=count))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of labels and scores."""
        add_counts(
            {name: getattr(self, name) for name in NAMES},
            y_true,
            y_pred,
            sample_weight,
            self.thresholds,
            self.dtype,
            class_id=self.class_id,
        )

    def result(self) -> Any:
        """The best so far; 0 if no threshold is good enough."""
        wanted, given = (
            ratio(*(getattr(self, name) for name in _RATIOS[kind]))
            for kind in (self.wanted, self.given)
        )
        return ops.max(ops.where(ops.greater_equal(given, self.value), wanted, 0.0))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        return super().get_config() | {
            "class_id": self.class_id,
            "num_thresholds": self.num_thresholds,
            self.given: self.value,
        }


class SensitivityAtSpecificity(_BestAt):
    """The best sensitivity where specificity is at least `specificity`.

    Args:
        specificity: in [0, 1].
        num_thresholds: how many thresholds are tried.
        class_id: look at this column alone.
        name, dtype: as in `Metric`.
    """

    wanted, given = "sensitivity", "specificity"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self._start(specificity, num_thresholds, class_id, name, dtype)


class SpecificityAtSensitivity(_BestAt):
    """The best specificity where sensitivity is at least `sensitivity`; see its sibling."""

    wanted, given = "specificity", "sensitivity"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self._start(sensitivity, num_thresholds, class_id, name, dtype)


class PrecisionAtRecall(_BestAt):
    """The best precision where recall is at least `recall`; arguments as its siblings."""

    wanted, given = "precision", "recall"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self._start(recall, num_thresholds, class_id, name, dtype)


class RecallAtPrecision(_BestAt):
    """The best recall where precision is at least `precision`; arguments as its siblings."""

    wanted, given = "recall", "precision"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self._start(precision, num_thresholds, class_id, name, dtype)
