"""Models: layers that can be trained. Names and arguments are those of `keras.models`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from whit import layers
from whit.models.model import Model
from whit.models.sequential import Sequential

layers._registry.names.update({"Sequential": Sequential, "sequential": Sequential, "Model": Model})
layers._registry.classes |= {Sequential, Model}


def clone_model(model: Model, clone_function: Callable[[Any], Any] | None = None) -> Any:
    """A model with equal layers and new weights.

    Args:
        model: what to clone.
        clone_function: makes each layer's clone; from the layer's config by default. Only for
            Sequential models.

    Raises:
        ValueError: a `clone_function` for a model that is not Sequential.
    """
    if clone_function is None:
        return type(model).from_config(model.get_config())
    if not isinstance(model, Sequential):
        raise ValueError(
            f"clone_model: clone_function is for Sequential models, and {model!r} is not one; "
            "write a get_config() for it and leave clone_function out"
        )
    clone = Sequential(name=model.name, trainable=model.trainable)
    for layer in model._layers:
        clone.add(clone_function(layer) if layer in model.layers else layer)
    return clone


__all__ = ["Model", "Sequential", "clone_model"]
