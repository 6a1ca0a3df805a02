"""Activation functions by name. Names, arguments and defaults are those of `keras.activations`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from whit.activations.functions import (
    exponential,
    gelu,
    leaky_relu,
    linear,
    log_softmax,
    relu,
    softmax,
)
from whit.naming import did_you_mean
from whit.ops import (
    celu,
    elu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    log_sigmoid,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    tanh,
    tanh_shrink,
    threshold,
)
from whit.ops.activation import mish

swish = silu
hard_swish = hard_silu

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (
        celu,
        elu,
        exponential,
        gelu,
        glu,
        hard_shrink,
        hard_sigmoid,
        hard_silu,
        hard_tanh,
        leaky_relu,
        linear,
        log_sigmoid,
        log_softmax,
        mish,
        relu,
        relu6,
        selu,
        sigmoid,
        silu,
        soft_shrink,
        softmax,
        softplus,
        softsign,
        sparse_plus,
        sparse_sigmoid,
        sparsemax,
        squareplus,
        tanh,
        tanh_shrink,
        threshold,
    )
}
_ALIASES = {"swish": silu, "hard_swish": hard_silu}
_NAMES = {**_FUNCTIONS, **_ALIASES}


def get(identifier: Any) -> Callable[..., Any]:
    """The activation that `identifier` means.

    Args:
        identifier: None (linear), a name, a config made by `serialize`, or a callable, returned as
            it is; a class of layers is called for one.

    Raises:
        ValueError: an unknown name, or something that is none of these.
    """
    if identifier is None:
        return linear
    if isinstance(identifier, Mapping):
        return deserialize(identifier)
    if isinstance(identifier, str):
        return _find(identifier, {})
    if inspect.isclass(identifier):
        made: Any = identifier()
        return made
    if callable(identifier):
        return identifier
    raise ValueError(
        f"activation={identifier!r}: expected a name, a callable or None, "
        f"got {type(identifier).__name__}"
    )


def _find(name: str, custom_objects: Mapping[str, Any]) -> Callable[..., Any]:
    found: Any = custom_objects.get(name) or _NAMES.get(name)
    if found is None:
        raise ValueError(
            f"activation={name!r} is not a known activation."
            f"{did_you_mean(name, _NAMES)} Known: {', '.join(sorted(_NAMES))}"
        )
    return found


def serialize(activation: Callable[..., Any]) -> Any:
    """The name of an activation of whit's, or the config of a function or layer of the user's.

    Raises:
        ValueError: something that cannot be found again, such as a lambda.
    """
    name = getattr(activation, "__name__", type(activation).__name__)
    if _FUNCTIONS.get(name) is activation:
        return name
    if hasattr(activation, "get_config"):
        return {
            "module": type(activation).__module__,
            "class_name": type(activation).__name__,
            "config": activation.get_config(),
            "registered_name": type(activation).__name__,
        }
    if not inspect.isfunction(activation) or name == "<lambda>":
        raise ValueError(
            f"activation {activation!r} cannot be serialized: it has no name to find it by; "
            "define it with `def` and give it as a custom object when loading"
        )
    return {
        "module": "builtins",
        "class_name": "function",
        "config": name,
        "registered_name": name,
    }


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Callable[..., Any]:
    """The activation that a config describes.

    Args:
        config: what `serialize` returned: a name or a dict.
        custom_objects: functions or classes of the user's own, by name.

    Raises:
        ValueError: an unknown name, or not a config.
    """
    known = custom_objects or {}
    if isinstance(config, str):
        return _find(config, known)
    if not isinstance(config, Mapping) or "class_name" not in config:
        raise ValueError(
            f"config={config!r}: expected a name or a dict with 'class_name' and 'config'"
        )
    if config["class_name"] == "function":
        return _find(config["config"], known)
    cls = _layer_class(config["class_name"], known)
    return cls.from_config(dict(config.get("config") or {}))


def _layer_class(name: str, custom_objects: Mapping[str, Any]) -> Any:
    """Layers such as LeakyReLU serve as activations too."""
    from whit import layers

    found = custom_objects.get(name) or getattr(layers, name, None)
    if found is None:
        raise ValueError(
            f"activation={name!r} is not a known layer.{did_you_mean(name, dir(layers))} "
            "Give it in custom_objects"
        )
    return found


__all__ = [*sorted(_NAMES), "deserialize", "get", "serialize"]
