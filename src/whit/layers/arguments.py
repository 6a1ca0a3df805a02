"""The arguments of layers: unknown names refused with a suggestion, configs from constructors, and
what the values given to a call become before a layer sees them.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from whit import config, tree
from whit.graph import Tensor, build, dtypes
from whit.layers.shapes import KerasTensor, standardize_shape
from whit.naming import did_you_mean
from whit.ops import core

# Where a first layer may say its input's shape; kept for programs written before `Input`.
SHAPE_ARGUMENTS = ("batch_input_shape", "batch_shape", "batch_size", "input_dim", "input_shape")


@cache
def constructor_arguments(cls: type) -> frozenset[str]:
    """The keyword arguments that some `__init__` of the class names."""
    names = set(SHAPE_ARGUMENTS)
    for base in cls.__mro__:
        init = base.__dict__.get("__init__")
        if init is None or base is object:
            continue
        names |= {
            p.name
            for p in inspect.signature(init).parameters.values()
            if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        }
        names |= set(getattr(init, "__also_takes__", ()))
    return frozenset(names - {"self"})


def check_constructor(cls: type, kwargs: Mapping[str, Any]) -> None:
    """Refuse a keyword that no constructor knows, where all the constructors are whit's own.

    Raises:
        ValueError: an unknown argument; says which is the nearest.
    """
    if cls.__init__.__module__.partition(".")[0] != __name__.partition(".")[0]:  # type: ignore[misc]
        return  # a user's constructor may take what it likes out of **kwargs
    known = constructor_arguments(cls)
    for name in kwargs:
        if name not in known:
            raise unknown_argument(cls.__name__, name, known)


def unknown_argument(owner: str, name: str, known: Any) -> ValueError:
    """The error for an argument that `owner` does not have."""
    return ValueError(
        f"{owner}: unknown argument {name!r}.{did_you_mean(name, known)} "
        f"Known: {', '.join(sorted(known))}"
    )


def input_batch_shape(kwargs: dict[str, Any]) -> tuple[int | None, ...] | None:
    """Take `SHAPE_ARGUMENTS` out of `kwargs`: the shape, batch axis included, or None."""
    given = {name: kwargs.pop(name, None) for name in SHAPE_ARGUMENTS}
    whole = given["batch_input_shape"] or given["batch_shape"]
    if whole is not None:
        return standardize_shape(whole)
    shape = given["input_shape"]
    if shape is None and given["input_dim"] is not None:
        shape = (given["input_dim"],)
    return None if shape is None else (given["batch_size"], *standardize_shape(shape))


def dtype_name(dtype: Any) -> str:
    """The dtype that a name, a type, a policy object or a policy's config means."""
    if dtype is None:
        return config.floatx()
    if isinstance(dtype, Mapping):
        dtype = dtype.get("config", dtype).get("name")
    return dtypes.canonical(getattr(dtype, "variable_dtype", dtype))


# ---- configs
def dtype_config(name: str) -> dict[str, Any]:
    """The config of Keras' policy object for a dtype, as its saved models have it."""
    return {
        "module": "keras",
        "class_name": "DTypePolicy",
        "config": {"name": name},
        "registered_name": None,
    }


def constructor_config(layer: Any) -> dict[str, Any]:
    """The arguments a user's layer was made with, for a class that has no `get_config` itself.

    Raises:
        TypeError: one of them cannot be written into a config.
    """
    args, kwargs = layer._made_with
    init = type(layer).__init__
    bound = inspect.signature(init).bind(layer, *args, **kwargs)
    found: dict[str, Any] = {}
    for name, value in list(bound.arguments.items())[1:]:
        kind = bound.signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            found.update(value)
        elif kind is inspect.Parameter.VAR_POSITIONAL and value:
            raise TypeError(_no_config(layer, name, value))
        else:
            found[name] = value
    for name, value in found.items():
        if not all(isinstance(x, bool | int | float | str | None) for x in tree.iterate(value)):
            raise TypeError(_no_config(layer, name, value))
    return found


def _no_config(layer: Any, name: str, value: Any) -> str:
    cls = type(layer).__name__
    return (
        f"{cls} has no get_config(), and its argument {name}={value!r} cannot be put into a config "
        f"as it is; write {cls}.get_config() (and from_config() if the values need converting)"
    )


# ---- values given to a call
def convert(structure: Any, dtype: str | None) -> Any:
    """Arguments of a call as the layer sees them.

    Arrays and array-likes become arrays, lists of numbers too, Variables their values; floating
    ones are cast to `dtype` if it is given. Everything else stays.
    """
    if isinstance(structure, list | tuple) and structure and _all_numbers(structure):
        structure = core.convert(structure)
    return tree.map_structure(lambda x: _convert_leaf(x, dtype), structure)


def _all_numbers(structure: Any) -> bool:
    return all(isinstance(x, int | float) for x in tree.iterate(structure))


def _convert_leaf(x: Any, dtype: str | None) -> Any:
    if x is None or isinstance(x, bool | int | float | str | KerasTensor):
        return x
    if not isinstance(x, Tensor | np.ndarray):
        if not (hasattr(x, "__array__") or hasattr(x, "__whit_variable__")):
            return x
        x = core.convert(x)
    if dtype is None or str(x.dtype) == dtype or not dtypes.is_float(str(x.dtype)):
        return x
    return build.cast(x, dtype) if isinstance(x, Tensor) else core.cast(x, dtype)
