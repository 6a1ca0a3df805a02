"""Layers: functions of tensors with state. Names and arguments are those of `keras.layers`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whit.layers.activation import ELU, LeakyReLU, PReLU, ReLU, Softmax
from whit.layers.core import Activation, Dense, Identity, Lambda
from whit.layers.input import Input, InputLayer
from whit.layers.input_spec import InputSpec
from whit.layers.layer import Layer
from whit.layers.preprocessing import Normalization, Rescaling
from whit.layers.regularization import ActivityRegularization, Dropout
from whit.layers.reshaping import Flatten, Permute, RepeatVector, Reshape
from whit.registry import Registry

_CLASSES = (
    Activation,
    ActivityRegularization,
    Dense,
    Dropout,
    ELU,
    Flatten,
    Identity,
    InputLayer,
    Lambda,
    Layer,
    LeakyReLU,
    Normalization,
    PReLU,
    Permute,
    ReLU,
    RepeatVector,
    Rescaling,
    Reshape,
    Softmax,
)
_registry = Registry("layer", "keras.layers", _CLASSES)


def serialize(layer: Any) -> dict[str, Any]:
    """The config that `deserialize` takes: class, arguments, and the shape it was built for."""
    config = _registry.serialize(layer)
    built = layer.get_build_config()
    return config if built is None else {**config, "build_config": built}


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The layer that a config describes.

    Args:
        config: what `serialize` gave: a dict with "class_name" and "config".
        custom_objects: layer classes of your own, by name.
    """
    return _registry.deserialize(config, custom_objects)


__all__ = [*(cls.__name__ for cls in _CLASSES), "Input", "InputSpec", "deserialize", "serialize"]
