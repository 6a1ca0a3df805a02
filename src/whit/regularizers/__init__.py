"""Regularizers: penalties that are added to the loss. Names and defaults are Keras'."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whit.registry import Registry
from whit.regularizers.regularizers import L1, L1L2, L2, OrthogonalRegularizer, Regularizer

_CLASSES = (Regularizer, L1, L2, L1L2, OrthogonalRegularizer)
_registry = Registry("regularizer", "keras.regularizers", _CLASSES, {"l1_l2": L1L2})
serialize = _registry.serialize


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The regularizer that a config describes."""
    return _registry.deserialize(config, custom_objects)


def get(identifier: Any) -> Any:
    """A regularizer from a name ("l2"), a config, a class, a callable `(x) -> scalar`, or None.

    Raises:
        ValueError: an unknown name or another type.
    """
    return _registry.get(identifier)


# Keras also offers the classes under the names that strings use.
l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer

__all__ = [
    *(cls.__name__ for cls in _CLASSES),
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]
