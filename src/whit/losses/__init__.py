"""Losses: Keras' classes and functions, and `get` for their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whit.losses import base, classes, crossentropy, functions
from whit.losses.base import Loss, LossFunctionWrapper, reduce_weighted_values
from whit.losses.classes import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    CategoricalHinge,
    Circle,
    CosineSimilarity,
    Dice,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    SparseCategoricalCrossentropy,
    SquaredHinge,
    Tversky,
)
from whit.losses.crossentropy import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    sparse_categorical_crossentropy,
)
from whit.losses.functions import (
    categorical_hinge,
    circle,
    cosine_similarity,
    dice,
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
    tversky,
)
from whit.losses.registry import FunctionRegistry

_CLASSES = (
    BinaryCrossentropy, BinaryFocalCrossentropy, CategoricalCrossentropy,
    CategoricalFocalCrossentropy, CategoricalGeneralizedCrossEntropy, CategoricalHinge, Circle,
    CosineSimilarity, Dice, Hinge, Huber, KLDivergence, LogCosh, MeanAbsoluteError,
    MeanAbsolutePercentageError, MeanSquaredError, MeanSquaredLogarithmicError, Poisson,
    SparseCategoricalCrossentropy, SquaredHinge, Tversky,
)  # fmt: skip

_FUNCTIONS = (
    binary_crossentropy, binary_focal_crossentropy, categorical_crossentropy,
    categorical_focal_crossentropy, categorical_generalized_cross_entropy, categorical_hinge,
    circle, cosine_similarity, dice, hinge, huber, kl_divergence, log_cosh, mean_absolute_error,
    mean_absolute_percentage_error, mean_squared_error, mean_squared_logarithmic_error, poisson,
    sparse_categorical_crossentropy, squared_hinge, tversky,
)  # fmt: skip

_SHORT = {
    "bce": binary_crossentropy,
    "kld": kl_divergence,
    "mae": mean_absolute_error,
    "mape": mean_absolute_percentage_error,
    "mse": mean_squared_error,
    "msle": mean_squared_logarithmic_error,
}

_NAMES: dict[str, Any] = {f.__name__: f for f in _FUNCTIONS}
_NAMES |= _SHORT | {name.upper(): f for name, f in _SHORT.items()}
_NAMES |= {"logcosh": log_cosh, "kullback_leibler_divergence": kl_divergence}
_NAMES |= {"Loss": Loss, "LossFunctionWrapper": LossFunctionWrapper}

# Snake-case names are the functions, as in Keras, so the functions come last.
_registry = FunctionRegistry("loss", "keras.losses", _CLASSES, _NAMES)

mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
kld = KLD = kullback_leibler_divergence = kl_divergence
bce = BCE = binary_crossentropy
logcosh = log_cosh

_BY_SHAPE = ("crossentropy", "ce")


def get(identifier: Any) -> Any:
    """The loss that `identifier` stands for.

    Args:
        identifier: a name ("mse", "categorical_crossentropy", "MeanSquaredError"), a config dict, a
            class, a `Loss`, a function of (y_true, y_pred), or None.

    Returns:
        A `Loss` (from a class or its name), a function (from a function or its name), or None.

    Raises:
        UnknownNameError: no loss has this name; says which is the nearest.
        ValueError: not an identifier at all.
    """
    return _registry.get(identifier)


def serialize(loss: Any) -> Any:
    """The config dict of a loss, from which `deserialize` makes an equal one."""
    return _registry.serialize(loss)


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The loss of a config dict or a name; `custom_objects` adds names of your own."""
    return _registry.deserialize(name, custom_objects)


def resolve_loss(
    identifier: Any, y_true_shape: tuple[int, ...], y_pred_shape: tuple[int, ...]
) -> Loss | None:
    """The `Loss` object that `compile(loss=identifier)` means for these shapes.

    Args:
        identifier: as for `get`; "crossentropy" and "ce" choose among the cross-entropies by shape.
        y_true_shape, y_pred_shape: with the batch axis.
    """
    if identifier is None:
        return None
    found = identifier
    if isinstance(identifier, str) and identifier.lower() in _BY_SHAPE:
        found = _crossentropy_for(y_true_shape, y_pred_shape)
    found = get(found)
    if isinstance(found, Loss):
        return found
    name = identifier if isinstance(identifier, str) else getattr(found, "__name__", None)
    return LossFunctionWrapper(found, name=name)


def _crossentropy_for(y_true_shape: tuple[int, ...], y_pred_shape: tuple[int, ...]) -> Any:
    kind = kind_of_labels(y_true_shape, y_pred_shape)
    return {
        "binary": binary_crossentropy,
        "sparse": sparse_categorical_crossentropy,
        "categorical": categorical_crossentropy,
    }[kind]


def kind_of_labels(y_true_shape: tuple[int, ...], y_pred_shape: tuple[int, ...]) -> str:
    """ "binary", "sparse" or "categorical": what labels are, judged by shapes as Keras does."""
    if y_pred_shape[-1:] in ((1,), ()):
        return "binary"
    if len(y_true_shape) < len(y_pred_shape) or y_true_shape[-1] == 1:
        return "sparse"
    return "categorical"


__all__ = [
    "BCE", "KLD", "MAE", "MAPE", "MSE", "MSLE", "Loss", "LossFunctionWrapper", "base", "bce",
    "classes", "crossentropy", "deserialize", "functions", "get", "kind_of_labels", "kld",
    "kullback_leibler_divergence", "logcosh", "mae", "mape", "mse", "msle",
    "reduce_weighted_values", "resolve_loss", "serialize",
    *(c.__name__ for c in _CLASSES), *(f.__name__ for f in _FUNCTIONS),
]  # fmt: skip
