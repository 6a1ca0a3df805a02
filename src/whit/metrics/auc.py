"""The area under the ROC, precision-recall or precision-recall-gain curve, from counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from whit import ops
from whit.config import epsilon
from whit.errors import ArgumentError, ShapeError, did_you_mean
from whit.losses.align import as_value
from whit.metrics.base import Metric
from whit.metrics.confusion import NAMES, add_counts, linear_thresholds, ratio
from whit.ops.lift import Array, ArrayLike, op
from whit.variables import Variable

_CURVES = ("ROC", "PR", "PRGAIN")
_METHODS = ("interpolation", "minoring", "majoring")


class AUC(Metric):
    """The area under a curve of two ratios over all thresholds, by Riemann's sum.

    Args:
        num_thresholds: how many thresholds are tried; more are more exact.
        curve: "ROC" (true over false positive rate), "PR" (precision over recall) or "PRGAIN".
        summation_method: "interpolation" (trapezoids; for PR by Davis and Goadrich), "minoring" or
            "majoring" (the lower or the higher edge).
        name, dtype: as in `Metric`.
        thresholds: thresholds inside [0, 1] to use instead.
        multi_label: compute the area of each label's column, then average.
        num_labels: number of labels, if known beforehand; only with `multi_label`.
        label_weights: weights of that average, or of the labels' counts without `multi_label`.
        from_logits: whether predictions are logits.

    Raises:
        ArgumentError: an argument out of its range.

    Source: Davis and Goadrich, "The Relationship Between Precision-Recall and ROC Curves" (2006);
    Flach and Kull, "Precision-Recall-Gain Curves" (2015).
    """

    _direction = "up"
    true_positives: Variable
    false_positives: Variable
    true_negatives: Variable
    false_negatives: Variable

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Any = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.curve = _choice("curve", curve, _CURVES)
        self.summation_method = _choice("summation_method", summation_method, _METHODS)
        self._given = thresholds is not None
        if thresholds is None and num_thresholds <= 1:
            raise ArgumentError(f"num_thresholds={num_thresholds}: expected an integer > 1.")
        inner = sorted(thresholds) if self._given else linear_thresholds(num_thresholds)[1:-1]
        # The ends lie beyond 0 and 1: every score is above the first and none above the last.
        eps = epsilon()
        self._thresholds = np.array([-eps, *inner, 1.0 + eps])
        self.num_thresholds = len(self._thresholds)
        self.multi_label, self.num_labels = multi_label, num_labels
        self.label_weights = (
            None if label_weights is None else np.asarray(label_weights, self.dtype)
        )
        self._from_logits = from_logits
        self._built = False
        if num_labels and not multi_label:
            raise ArgumentError(f"num_labels={num_labels}: only with multi_label=True.")
        if num_labels or not multi_label:
            self._build((None, num_labels))

    @property
    def thresholds(self) -> list[float]:
        """All thresholds, the two ends included."""
        return list(self._thresholds)

    def _build(self, shape: tuple[int | None, ...]) -> None:
        if len(shape) != 2:
            raise ShapeError(
                f"AUC with multi_label=True: y_pred has shape {shape}; expected 2 axes."
            )
        labels = (shape[1],) if self.multi_label else ()
        for count in NAMES:
            setattr(self, count, self.add_variable((self.num_thresholds, *labels), name=count))
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of labels and scores."""
        y_pred = as_value(y_pred)
        if not self._built:
            self._build(y_pred.shape)
        if self._from_logits:
            y_pred = ops.sigmoid(y_pred)
        add_counts(
            {name: getattr(self, name) for name in NAMES},
            y_true,
            y_pred,
            sample_weight,
            self.thresholds,
            self.dtype,
            label_weights=None if self.multi_label else self.label_weights,
            multi_label=self.multi_label,
        )

    def result(self) -> Any:
        """The area so far; 0 before the first batch."""
        if not self._built:
            return ops.zeros((), self.dtype)
        tp, fp, tn, fn = (getattr(self, name) for name in NAMES)
        areas = _areas(tp, fp, tn, fn, self.curve, self.summation_method)
        if self.label_weights is None or not self.multi_label:
            return ops.mean(areas)
        total = ops.sum(ops.multiply(areas, self.label_weights))
        return ops.divide_no_nan(total, ops.sum(self.label_weights))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        weights = self.label_weights
        config = {
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": None if weights is None else weights.tolist(),
            "from_logits": self._from_logits,
        }
        if self._given:
            config["thresholds"] = self.thresholds[1:-1]
        return super().get_config() | config


def _choice(argument: str, value: Any, choices: tuple[str, ...]) -> str:
    for choice in choices:
        if str(value).lower() == choice.lower():
            return choice
    raise ArgumentError(
        f"{argument}={value!r}: expected one of {', '.join(map(repr, choices))}."
        f"{did_you_mean(str(value), choices)}"
    )


# ---- areas
@op("tp", "fp", "tn", "fn")
def _areas(
    tp: ArrayLike, fp: ArrayLike, tn: ArrayLike, fn: ArrayLike, curve: str, method: str
) -> Array:
    """The area of each label's curve, from counts with the thresholds on the first axis."""
    if (curve, method) == ("PR", "interpolation"):
        return _interpolated_precision_recall(tp, fp, fn)
    x, y = _AXES[curve](tp, fp, tn, fn)
    return ops.sum((x[:-1] - x[1:]) * _HEIGHTS[method](y[:-1], y[1:]), 0)


def _roc(tp: Array, fp: Array, tn: Array, fn: Array) -> tuple[Array, Array]:
    return ratio(fp, tn), ratio(tp, fn)


def _precision_recall(tp: Array, fp: Array, tn: Array, fn: Array) -> tuple[Array, Array]:
    return ratio(tp, fn), ratio(tp, fp)


def _gains(tp: Array, fp: Array, tn: Array, fn: Array) -> tuple[Array, Array]:
    scale = ops.divide_no_nan(tp + fn, tn + fp)
    recall, precision = (1.0 - scale * ops.divide_no_nan(x, tp) for x in (fn, fp))
    none = ops.equal(tp, 0.0)
    return ops.maximum(ops.where(none, 0.0, recall), 0.0), ops.where(none, 1.0, precision)


_AXES = {"ROC": _roc, "PR": _precision_recall, "PRGAIN": _gains}
_HEIGHTS = {
    "interpolation": lambda a, b: (a + b) * 0.5,
    "minoring": ops.minimum,
    "majoring": ops.maximum,
}


def _interpolated_precision_recall(tp: Array, fp: Array, fn: Array) -> Array:
    """Between two thresholds true and false positives grow in proportion, so precision curves."""
    found = tp + fp
    left, right = found[:-1], found[1:]
    more = tp[:-1] - tp[1:]
    slope = ops.divide_no_nan(more, ops.maximum(left - right, 0.0))
    offset = tp[1:] - slope * right
    both = ops.logical_and(left > 0.0, right > 0.0)
    growth = ops.where(both, ops.divide_no_nan(left, right), 1.0)
    area = slope * (more + offset * ops.log(growth))
    return ops.sum(ops.divide_no_nan(area, tp[1:] + fn[1:]), 0)
