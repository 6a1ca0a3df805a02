"""Names, parameters and defaults of Keras' public functions, classes and methods.

Written to `signatures.json` so that a test can compare whit's surface with Keras' name by name.
"""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import keras

from .store import save_json

MODULES = (
    "layers", "activations", "initializers", "regularizers", "constraints", "losses", "metrics",
    "optimizers", "optimizers.schedules", "callbacks", "models", "ops", "ops.nn", "ops.numpy",
    "ops.linalg", "ops.image", "random", "utils", "config", "datasets", "datasets.mnist",
    "datasets.fashion_mnist", "datasets.cifar10", "saving", "backend",
)  # fmt: skip

GETTERS = (
    "activations", "initializers", "regularizers", "constraints", "losses", "metrics", "optimizers",
)  # fmt: skip

CLASSES = {
    "Model": keras.Model,
    "Sequential": keras.Sequential,
    "layers.Layer": keras.layers.Layer,
    "layers.Normalization": keras.layers.Normalization,
    "optimizers.Optimizer": keras.optimizers.Optimizer,
    "optimizers.schedules.LearningRateSchedule": keras.optimizers.schedules.LearningRateSchedule,
    "losses.Loss": keras.losses.Loss,
    "metrics.Metric": keras.metrics.Metric,
    "metrics.Mean": keras.metrics.Mean,
    "initializers.Initializer": keras.initializers.Initializer,
    "regularizers.Regularizer": keras.regularizers.Regularizer,
    "constraints.Constraint": keras.constraints.Constraint,
    "callbacks.Callback": keras.callbacks.Callback,
    "callbacks.CallbackList": keras.callbacks.CallbackList,
    "callbacks.History": keras.callbacks.History,
    "utils.Progbar": keras.utils.Progbar,
    "utils.PyDataset": keras.utils.PyDataset,
    "random.SeedGenerator": keras.random.SeedGenerator,
    "KerasTensor": keras.KerasTensor,
    "Variable": keras.Variable,
}


def describe(value: Any) -> dict[str, Any]:
    """One callable: its kind, its signature as text, and each parameter with its default."""
    entry: dict[str, Any] = {"kind": "class" if inspect.isclass(value) else "function"}
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        return entry
    parameters = [p for p in signature.parameters.values() if p.name != "self"]
    entry["signature"] = str(signature.replace(parameters=parameters))
    entry["parameters"] = [
        [p.name, p.kind.name, None if p.default is p.empty else repr(p.default)] for p in parameters
    ]
    return entry


def module_names(path: str) -> dict[str, Any]:
    """Every public name of one Keras module: callables described, the rest by type."""
    module = importlib.import_module(f"keras.{path}") if path else keras
    found = {}
    for name in sorted(n for n in dir(module) if not n.startswith("_")):
        value = getattr(module, name)
        if inspect.ismodule(value):
            found[name] = {"kind": "module"}
        else:
            found[name] = describe(value) if callable(value) else {"kind": type(value).__name__}
    return found


def members(cls: type) -> dict[str, Any]:
    """Public methods and properties of one class, inherited ones included."""
    found = {}
    for name in sorted(n for n in dir(cls) if not n.startswith("_") or n == "__call__"):
        value = inspect.getattr_static(cls, name)
        if isinstance(value, property):
            found[name] = {"kind": "property", "settable": value.fset is not None}
        elif callable(getattr(cls, name)):
            found[name] = describe(getattr(cls, name)) | {"kind": "method"}
    return found


def identifiers(path: str) -> list[str]:
    """The strings that `keras.<path>.get` takes, straight from its own table."""
    return sorted(importlib.import_module(f"keras.src.{path}").ALL_OBJECTS_DICT)


def record() -> None:
    """Write `signatures.json`."""
    content = {
        "keras": {"version": keras.__version__},
        "modules": {"": module_names("")} | {path: module_names(path) for path in MODULES},
        "classes": {name: members(cls) for name, cls in CLASSES.items()},
        "identifiers": {path: identifiers(path) for path in GETTERS},
    }
    save_json("signatures", content)
