"""Optimizers: how weights follow their gradients. Names, defaults and rules are Keras 3's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whit.optimizers import schedules
from whit.optimizers.adafactor import Adafactor
from whit.optimizers.adagrad import Adadelta, Adagrad
from whit.optimizers.adam import Adam, Adamax, AdamW, Lamb, Nadam
from whit.optimizers.ftrl import Ftrl
from whit.optimizers.lion import Lion
from whit.optimizers.loss_scale import LossScaleOptimizer
from whit.optimizers.muon import Muon
from whit.optimizers.optimizer import Optimizer
from whit.optimizers.rmsprop import RMSprop
from whit.optimizers.schedule_free import ScheduleFreeAdamW
from whit.optimizers.sgd import SGD
from whit.registry import Registry

_CLASSES = (
    Optimizer,
    SGD,
    RMSprop,
    Adam,
    AdamW,
    Adagrad,
    Adadelta,
    Adamax,
    Nadam,
    Lion,
    Ftrl,
    Lamb,
    Adafactor,
    Muon,
    ScheduleFreeAdamW,
    LossScaleOptimizer,
)
_registry = Registry("optimizer", "keras.optimizers", _CLASSES, ignore_case=True)


def serialize(optimizer: Any) -> Any:
    """The config of an optimizer."""
    return _registry.serialize(optimizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The optimizer that a config describes."""
    return _registry.deserialize(config, custom_objects)


def get(identifier: Any) -> Any:
    """An optimizer.

    Args:
        identifier: a name in any case ("adam"), a config, a class, an Optimizer, or None.

    Raises:
        ValueError: an unknown name, or something that is no optimizer.
    """
    optimizer = _registry.get(identifier)
    if optimizer is not None and not isinstance(optimizer, Optimizer):
        raise ValueError(
            f'optimizer={identifier!r}: expected a name such as "adam", a config or an Optimizer, '
            f"got {type(identifier).__name__}"
        )
    return optimizer


__all__ = [*(cls.__name__ for cls in _CLASSES), "deserialize", "get", "schedules", "serialize"]
