"""Initializers: how variables get their first values. Names and defaults are Keras'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from whit.initializers.constant import Constant, Identity, Ones, Zeros
from whit.initializers.initializer import Initializer
from whit.initializers.random import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    Orthogonal,
    RandomInitializer,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
    compute_fans,
)
from whit.registry import Registry

_CLASSES = (
    Initializer,
    Constant,
    Identity,
    Ones,
    Zeros,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
)
_ALIASES = {  # older Keras' names
    "IdentityInitializer": Identity,
    "OrthogonalInitializer": Orthogonal,
    "normal": RandomNormal,
    "uniform": RandomUniform,
    "one": Ones,
    "zero": Zeros,
}
_registry = Registry("initializer", "keras.initializers", _CLASSES, _ALIASES)
serialize = _registry.serialize


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The initializer that a config describes."""
    return _registry.deserialize(config, custom_objects)


def get(identifier: Any) -> Any:
    """An initializer.

    Args:
        identifier: a name ("glorot_uniform", "GlorotUniform"), a config, a class, a callable
            `(shape, dtype)`, an array (then the value itself), or None.

    Raises:
        ValueError: an unknown name or another type.
    """
    if isinstance(identifier, np.ndarray | np.generic) or hasattr(identifier, "__whit_variable__"):
        return _given_array(np.asarray(identifier))
    return _registry.get(identifier)


def _given_array(array: np.ndarray) -> Any:
    def initialize(shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        if tuple(shape) != array.shape:
            raise ValueError(
                f"the array given as initializer has shape {array.shape}, "
                f"the variable {tuple(shape)}"
            )
        return array if dtype is None else array.astype(dtype)

    return initialize


# Keras also offers the classes under the names that strings use.
constant, identity, ones, zeros = Constant, Identity, Ones, Zeros
glorot_normal, glorot_uniform = GlorotNormal, GlorotUniform
he_normal, he_uniform = HeNormal, HeUniform
lecun_normal, lecun_uniform = LecunNormal, LecunUniform
orthogonal, truncated_normal, variance_scaling = Orthogonal, TruncatedNormal, VarianceScaling
random_normal, random_uniform = RandomNormal, RandomUniform
IdentityInitializer, OrthogonalInitializer = Identity, Orthogonal

__all__ = [
    *(cls.__name__ for cls in _CLASSES),
    "IdentityInitializer",
    "OrthogonalInitializer",
    "RandomInitializer",
    "compute_fans",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]
