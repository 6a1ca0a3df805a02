"""Metrics of real-valued predictions, and the running means of the losses."""

from __future__ import annotations

from typing import Any

from whit import ops
from whit.config import epsilon
from whit.errors import ArgumentError, ShapeError
from whit.graph import build
from whit.losses import crossentropy, functions
from whit.losses.align import as_value, operands, same_rank
from whit.metrics.base import Metric, accumulate
from whit.metrics.reduction import Mean, MeanMetricWrapper
from whit.ops.lift import Array, ArrayLike, op, strong


# ---- functions
@op("y_true", "y_pred")
def cosine_similarity(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Array:
    """The cosine of the angle between target and prediction: 1 similar, -1 opposite."""
    return functions.cosine(y_true, y_pred, axis)


@op("y_true", "y_pred")
def pearson_correlation(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Array:
    """Pearson's correlation coefficient along `axis`; NaN where one side is constant."""
    t, p = (x - ops.mean(x, axis, keepdims=True) for x in operands(y_true, y_pred))
    t, p = (x / ops.sqrt(ops.mean(x * x, axis, keepdims=True)) for x in (t, p))
    return ops.mean(t * p, axis)


@op("y_true", "y_pred")
def concordance_correlation(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Array:
    """Lin's concordance correlation along `axis`: 1 only if predictions equal targets.

    Source: Lin, "A Concordance Correlation Coefficient to Evaluate Reproducibility" (1989).
    """
    t, p = operands(y_true, y_pred)
    mean_t, mean_p = (ops.mean(x, axis, keepdims=True) for x in (t, p))
    spread = ops.var(t, axis, keepdims=True) + ops.var(p, axis, keepdims=True)
    spread = spread + ops.square(mean_t - mean_p)
    covariance = (t - mean_p) * (p - mean_p)
    return ops.mean(covariance * 2.0 / (spread + epsilon()), axis)


# ---- running means of losses
class MeanSquaredError(MeanMetricWrapper):
    """Running mean of the squared errors."""

    _direction = "down"

    def __init__(self, name: str | None = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(functions.mean_squared_error, name, dtype)


class MeanAbsoluteError(MeanMetricWrapper):
    """Running mean of the absolute errors."""

    _direction = "down"

    def __init__(self, name: str | None = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(functions.mean_absolute_error, name, dtype)


class MeanAbsolutePercentageError(MeanMetricWrapper):
    """Running mean of the errors in percent of the targets."""

    _direction = "down"

    def __init__(
        self, name: str | None = "mean_absolute_percentage_error", dtype: Any = None
    ) -> None:
        super().__init__(functions.mean_absolute_percentage_error, name, dtype)


class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """Running mean of the squared errors of log(1 + value)."""

    _direction = "down"

    def __init__(
        self, name: str | None = "mean_squared_logarithmic_error", dtype: Any = None
    ) -> None:
        super().__init__(functions.mean_squared_logarithmic_error, name, dtype)


class LogCoshError(MeanMetricWrapper):
    """Running mean of log(cosh(error))."""

    _direction = "down"

    def __init__(self, name: str | None = "logcosh", dtype: Any = None) -> None:
        super().__init__(functions.log_cosh, name, dtype)


class CosineSimilarity(MeanMetricWrapper):
    """Running mean of the cosine between target and prediction: 1 similar, -1 opposite."""

    _direction = "up"

    def __init__(
        self, name: str | None = "cosine_similarity", dtype: Any = None, axis: int = -1
    ) -> None:
        super().__init__(cosine_similarity, name, dtype, axis=axis)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric; `axis` only if it is not the last."""
        axis = self._fn_kwargs["axis"]
        return super().get_config() | ({} if axis == -1 else {"axis": axis})


class Hinge(MeanMetricWrapper):
    """Running mean of max(1 - target · prediction, 0)."""

    _direction = "down"

    def __init__(self, name: str | None = "hinge", dtype: Any = None) -> None:
        super().__init__(functions.hinge, name, dtype)


class SquaredHinge(MeanMetricWrapper):
    """Running mean of max(1 - target · prediction, 0)²."""

    _direction = "down"

    def __init__(self, name: str | None = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(functions.squared_hinge, name, dtype)


class CategoricalHinge(MeanMetricWrapper):
    """Running mean of the margin between the right class and the best of the others."""

    _direction = "down"

    def __init__(self, name: str | None = "categorical_hinge", dtype: Any = None) -> None:
        super().__init__(functions.categorical_hinge, name, dtype)


class KLDivergence(MeanMetricWrapper):
    """Running mean of the Kullback-Leibler divergence."""

    _direction = "down"

    def __init__(self, name: str | None = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(functions.kl_divergence, name, dtype)


class Poisson(MeanMetricWrapper):
    """Running mean of the Poisson loss."""

    _direction = "down"

    def __init__(self, name: str | None = "poisson", dtype: Any = None) -> None:
        super().__init__(functions.poisson, name, dtype)


class BinaryCrossentropy(MeanMetricWrapper):
    """Running mean of the binary cross-entropy.

    Args:
        name, dtype: as in `Metric`.
        from_logits: whether predictions are logits.
        label_smoothing: in [0, 1]: moves targets this share of the way towards 0.5.
    """

    _direction = "down"
    configured = ("from_logits", "label_smoothing")

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        super().__init__(
            crossentropy.binary_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
        )


class CategoricalCrossentropy(MeanMetricWrapper):
    """Running mean of the cross-entropy of one-hot targets.

    Args:
        name, dtype: as in `Metric`.
        from_logits: whether predictions are logits.
        label_smoothing: in [0, 1]: this share of every target is spread over all classes.
        axis: the class axis.
    """

    _direction = "down"
    configured = ("from_logits", "label_smoothing", "axis")

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        super().__init__(
            crossentropy.categorical_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """Running mean of the cross-entropy of integer labels.

    Args:
        name, dtype: as in `Metric`.
        from_logits: whether predictions are logits.
        ignore_class: a label whose samples have loss 0.
        axis: the class axis.
    """

    _direction = "down"
    configured = ("from_logits", "ignore_class", "axis")

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(
            crossentropy.sparse_categorical_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )


# ---- more than a mean
class PearsonCorrelation(MeanMetricWrapper):
    """Running mean of Pearson's correlation along `axis`; see `pearson_correlation`."""

    _direction = "up"
    configured = ("axis",)

    def __init__(
        self, name: str | None = "pearson_correlation", dtype: Any = None, axis: int = -1
    ) -> None:
        super().__init__(pearson_correlation, name, dtype, axis=axis)


class ConcordanceCorrelation(MeanMetricWrapper):
    """Running mean of Lin's concordance correlation along `axis`; see `concordance_correlation`."""

    _direction = "up"
    configured = ("axis",)

    def __init__(
        self, name: str | None = "concordance_correlation", dtype: Any = None, axis: int = -1
    ) -> None:
        super().__init__(concordance_correlation, name, dtype, axis=axis)


class RootMeanSquaredError(Mean):
    """The square root of the mean of the squared errors over all batches."""

    _direction = "down"

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype=dtype)

    def update_state(  # type: ignore[override]
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        """Add a batch of targets and predictions."""
        t, p = same_rank(as_value(y_true, self.dtype), as_value(y_pred, self.dtype))
        super().update_state(ops.square(p - t), sample_weight=sample_weight)

    def result(self) -> Any:
        """The root so far."""
        return ops.sqrt(super().result())


@op("t", "p", "weight")
def _r2_sums(t: ArrayLike, p: ArrayLike, weight: ArrayLike, dtype: str) -> Array:
    """Sums over the batch of y, y², the squared errors and 1, each weighted."""
    w = build.cast(strong(weight), dtype)
    w = build.broadcast_to(w[..., None] if w.ndim == 1 else w, t.shape)
    return tuple(ops.sum(x, 0) for x in (t * w, t * t * w, ops.square(t - p) * w, w))


_AGGREGATIONS = (None, "uniform_average", "variance_weighted_average")


class R2Score(Metric):
    """The coefficient of determination: 1 is perfect, 0 no better than the mean of the targets.

    Args:
        class_aggregation: how the scores of the outputs become one: "uniform_average",
            "variance_weighted_average", or None (one for each output).
        num_regressors: number of independent variables, for the adjusted score; 0 is the plain one.
        name, dtype: as in `Metric`.

    Raises:
        ArgumentError: an argument out of its range.
    """

    _direction = "up"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if class_aggregation not in _AGGREGATIONS:
            raise ArgumentError(
                f"class_aggregation={class_aggregation!r}: expected one of {_AGGREGATIONS}."
            )
        if num_regressors < 0:
            raise ArgumentError(f"num_regressors={num_regressors}: expected 0 or more.")
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors
        self.num_samples = self.add_variable((), name="num_samples")
        self._built = False

    def _build(self, shape: tuple[int, ...]) -> None:
        if len(shape) != 2:
            raise ShapeError(f"R2Score: y_pred has shape {shape}; expected (batch, outputs).")
        width = shape[-1:]
        self.squared_sum = self.add_variable(width, name="squared_sum")
        self.sum = self.add_variable(width, name="sum")
        self.total_mse = self.add_variable(width, name="residual")
        self.count = self.add_variable(width, name="count")
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of targets and predictions, (batch, outputs)."""
        t, p = same_rank(as_value(y_true, self.dtype), as_value(y_pred, self.dtype))
        if not self._built:
            self._build(p.shape)

        targets = (self.sum, self.squared_sum, self.total_mse, self.count)
        weight = 1.0 if sample_weight is None else sample_weight
        for variable, part in zip(targets, _r2_sums(t, p, weight, self.dtype), strict=True):
            accumulate(variable, part)
        accumulate(self.num_samples, float(t.shape[0] * t.shape[1]))

    def result(self) -> Any:
        """The score so far; 0 before the first batch."""
        if not self._built:
            return ops.zeros((), self.dtype)
        spread = ops.subtract(self.squared_sum, ops.divide(ops.square(self.sum), self.count))
        scores = ops.subtract(1.0, ops.divide(self.total_mse, spread))
        scores = ops.where(ops.isinf(scores), 0.0, scores)
        if self.class_aggregation == "uniform_average":
            scores = ops.mean(scores)
        elif self.class_aggregation == "variance_weighted_average":
            scores = ops.divide(ops.sum(ops.multiply(spread, scores)), ops.sum(spread))
        return self._adjusted(scores) if self.num_regressors else scores

    def _adjusted(self, scores: Any) -> Any:
        """The adjusted score; the plain one while there are too few samples for it."""
        free = ops.subtract(self.num_samples, self.num_regressors + 1.0)
        factor = ops.divide_no_nan(ops.subtract(self.num_samples, 1.0), free)
        adjusted = ops.subtract(1.0, ops.multiply(ops.subtract(1.0, scores), factor))
        return ops.where(ops.greater(free, 0.0), adjusted, scores)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        return super().get_config() | {
            "class_aggregation": self.class_aggregation,
            "num_regressors": self.num_regressors,
        }
