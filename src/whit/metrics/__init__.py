"""Metrics: Keras' classes and functions, `get` for their names, and what "accuracy" means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whit.losses import kind_of_labels
from whit.losses.crossentropy import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    sparse_categorical_crossentropy,
)
from whit.losses.functions import (
    categorical_hinge,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    squared_hinge,
)
from whit.losses.registry import FunctionRegistry
from whit.metrics.accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from whit.metrics.auc import AUC
from whit.metrics.base import Metric
from whit.metrics.confusion import (
    FalseNegatives,
    FalsePositives,
    Precision,
    PrecisionAtRecall,
    Recall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
    TrueNegatives,
    TruePositives,
)
from whit.metrics.fscore import F1Score, FBetaScore
from whit.metrics.iou import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from whit.metrics.reduction import Mean, MeanMetricWrapper, Sum
from whit.metrics.regression import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalHinge,
    ConcordanceCorrelation,
    CosineSimilarity,
    Hinge,
    KLDivergence,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    PearsonCorrelation,
    Poisson,
    R2Score,
    RootMeanSquaredError,
    SparseCategoricalCrossentropy,
    SquaredHinge,
    concordance_correlation,
    pearson_correlation,
)

_CLASSES = (
    AUC, Accuracy, BinaryAccuracy, BinaryCrossentropy, BinaryIoU, CategoricalAccuracy,
    CategoricalCrossentropy, CategoricalHinge, ConcordanceCorrelation, CosineSimilarity, F1Score,
    FBetaScore, FalseNegatives, FalsePositives, Hinge, IoU, KLDivergence, LogCoshError, Mean,
    MeanAbsoluteError, MeanAbsolutePercentageError, MeanIoU, MeanMetricWrapper, MeanSquaredError,
    MeanSquaredLogarithmicError, Metric, OneHotIoU, OneHotMeanIoU, PearsonCorrelation, Poisson,
    Precision, PrecisionAtRecall, R2Score, Recall, RecallAtPrecision, RootMeanSquaredError,
    SensitivityAtSpecificity, SparseCategoricalAccuracy, SparseCategoricalCrossentropy,
    SparseTopKCategoricalAccuracy, SpecificityAtSensitivity, SquaredHinge, Sum,
    TopKCategoricalAccuracy, TrueNegatives, TruePositives,
)  # fmt: skip

_FUNCTIONS = (
    binary_accuracy, binary_crossentropy, binary_focal_crossentropy, categorical_accuracy,
    categorical_crossentropy, categorical_focal_crossentropy, categorical_hinge,
    concordance_correlation, hinge, huber, kl_divergence, log_cosh, mean_absolute_error,
    mean_absolute_percentage_error, mean_squared_error, mean_squared_logarithmic_error,
    pearson_correlation, poisson, sparse_categorical_accuracy, sparse_categorical_crossentropy,
    sparse_top_k_categorical_accuracy, squared_hinge, top_k_categorical_accuracy,
)  # fmt: skip

_SHORT: dict[str, type[Metric]] = {
    "bce": BinaryCrossentropy,
    "mae": MeanAbsoluteError,
    "mape": MeanAbsolutePercentageError,
    "mse": MeanSquaredError,
    "msle": MeanSquaredLogarithmicError,
}

_registry = FunctionRegistry(
    "metric",
    "keras.metrics",
    _CLASSES,
    {**_SHORT, **{name.upper(): cls for name, cls in _SHORT.items()}, "kld": KLDivergence},
)
_names: Any = _registry.names
for _f in _FUNCTIONS:  # names that only a function has; else the class is meant, as in Keras
    _names.setdefault(_f.__name__, _f)

_ACCURACIES = {
    "binary": BinaryAccuracy,
    "sparse": SparseCategoricalAccuracy,
    "categorical": CategoricalAccuracy,
}

mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
kld = KLD = kl_divergence
bce = BCE = binary_crossentropy
logcosh = log_cosh


def get(identifier: Any) -> Any:
    """The metric that `identifier` stands for.

    Args:
        identifier: a name ("mse", "accuracy", "AUC"), a config dict, a class, a `Metric`, a
            function of (y_true, y_pred), or None.

    Returns:
        A `Metric`, the function itself, or None.

    Raises:
        UnknownNameError: no metric has this name; says which is the nearest.
        ValueError: not an identifier at all.
    """
    return _registry.get(identifier)


def serialize(metric: Any) -> Any:
    """The config dict of a metric, from which `deserialize` makes an equal one."""
    return _registry.serialize(metric)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The metric of a config dict or a name; `custom_objects` adds names of your own.

    The function of a serialized `MeanMetricWrapper` is found under its own name.
    """
    if isinstance(config, Mapping) and config.get("class_name") == "function":
        functions = {f.__name__: f for f in _FUNCTIONS}
        return _registry.deserialize(config, {**functions, **(custom_objects or {})})
    return _registry.deserialize(config, custom_objects)


def resolve_accuracy(
    identifier: Any, y_true_shape: tuple[int, ...], y_pred_shape: tuple[int, ...]
) -> Metric:
    """The `Metric` object that `compile(metrics=[identifier])` means, named as history names it.

    Args:
        identifier: as for `get`. "accuracy" and "acc" choose by shape among `BinaryAccuracy` (one
            output), `SparseCategoricalAccuracy` (labels without the class axis, or with one of
            extent 1) and `CategoricalAccuracy`.
        y_true_shape, y_pred_shape: with the batch axis.

    Raises:
        UnknownNameError: no metric has this name. ValueError: `identifier` is None or none at all.
    """
    if identifier is None:
        raise ValueError("metrics holds None; expected a name, a Metric or a function")
    if isinstance(identifier, str) and identifier.lower() in ("accuracy", "acc"):
        return _ACCURACIES[kind_of_labels(y_true_shape, y_pred_shape)](name=identifier)
    found = get(identifier)
    if not isinstance(found, Metric):
        name = getattr(found, "name", None) or getattr(found, "__name__", type(found).__name__)
        found = MeanMetricWrapper(found, name=name)
    if isinstance(identifier, str):
        found.name = identifier
    return found


__all__ = [
    "BCE", "KLD", "MAE", "MAPE", "MSE", "MSLE", "bce", "deserialize", "get", "kld", "logcosh",
    "mae", "mape", "mse", "msle", "resolve_accuracy", "serialize",
    *(c.__name__ for c in _CLASSES), *(f.__name__ for f in _FUNCTIONS),
]  # fmt: skip
