"""Constraints: projections of weights after each update. Names and defaults are Keras'."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whit.constraints.constraints import Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from whit.registry import Registry

_CLASSES = (Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm)
_ALIASES = {"maxnorm": MaxNorm, "nonneg": NonNeg, "unitnorm": UnitNorm}  # Keras 1's names
_registry = Registry("constraint", "keras.constraints", _CLASSES, _ALIASES)
serialize = _registry.serialize


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The constraint that a config describes."""
    return _registry.deserialize(config, custom_objects)


def get(identifier: Any) -> Any:
    """A constraint from a name ("max_norm"), a config, a class, a callable `(w) -> w`, or None.

    Raises:
        ValueError: an unknown name or another type.
    """
    return _registry.get(identifier)


# Keras also offers the classes under the names that strings use.
max_norm, min_max_norm, non_neg, unit_norm = MaxNorm, MinMaxNorm, NonNeg, UnitNorm

__all__ = [
    *(cls.__name__ for cls in _CLASSES),
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]
