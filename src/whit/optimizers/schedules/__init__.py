"""Learning-rate schedules, computed inside the training program. Names and defaults are Keras'."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whit.optimizers.schedules.cosine import CosineDecay, CosineDecayRestarts
from whit.optimizers.schedules.decays import (
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
)
from whit.optimizers.schedules.schedule import LearningRateSchedule
from whit.registry import Registry

_CLASSES = (
    LearningRateSchedule,
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
)
_registry = Registry("learning_rate_schedule", "keras.optimizers.schedules", _CLASSES)


def serialize(learning_rate_schedule: Any) -> Any:
    """The config of a schedule."""
    return _registry.serialize(learning_rate_schedule)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The schedule that a config describes."""
    return _registry.deserialize(config, custom_objects)


__all__ = [*(cls.__name__ for cls in _CLASSES), "deserialize", "serialize"]
