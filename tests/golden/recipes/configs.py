"""`get_config()` of layers, optimizers, losses, metrics and the rest, and the names they get.

`configs.json` compares with whit's own `get_config()`; classes that Keras cannot build without
arguments get the smallest that work.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from .store import save_json

Arguments = dict[str, Any]

LAYERS: list[tuple[str, Arguments]] = [
    ("Dense", {"units": 3}),
    ("Dense", {"units": 3, "activation": "relu", "use_bias": False, "name": "hidden",
               "kernel_initializer": "he_normal", "kernel_regularizer": "l2",
               "kernel_constraint": "non_neg", "activity_regularizer": "l1"}),
    ("Dense", {"units": 3, "dtype": "float64", "trainable": False}),
    ("Activation", {"activation": "relu"}),
    ("Dropout", {"rate": 0.5}),
    ("Dropout", {"rate": 0.25, "noise_shape": (None, 1), "seed": 7}),
    ("Flatten", {}),
    ("Flatten", {"data_format": "channels_first"}),
    ("Reshape", {"target_shape": (2, -1)}),
    ("Rescaling", {"scale": 1 / 255, "offset": -1.0}),
    ("Normalization", {}),
    ("Normalization", {"axis": None, "mean": 1.0, "variance": 4.0}),
    ("Normalization", {"mean": [0.0, 1.0], "variance": [1.0, 4.0], "invert": True}),
]  # fmt: skip

SMALLEST: dict[str, Arguments] = {
    "ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5},
    "InverseTimeDecay": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5},
    "PiecewiseConstantDecay": {"boundaries": [5], "values": [0.1, 0.01]},
    "PolynomialDecay": {"initial_learning_rate": 0.1, "decay_steps": 10},
    "CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 10},
    "CosineDecayRestarts": {"initial_learning_rate": 0.1, "first_decay_steps": 10},
    "MeanIoU": {"num_classes": 2}, "OneHotMeanIoU": {"num_classes": 2},
    "IoU": {"num_classes": 2, "target_class_ids": [0]},
    "OneHotIoU": {"num_classes": 2, "target_class_ids": [0]},
    "PrecisionAtRecall": {"recall": 0.5}, "RecallAtPrecision": {"precision": 0.5},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
}  # fmt: skip

SKIPPED = {"LossScaleOptimizer", "MultiOptimizer", "OptimizerMap", "MeanMetricWrapper", "Optimizer",
           "Loss", "Metric", "Initializer", "Regularizer", "Constraint", "LossFunctionWrapper",
           "LearningRateSchedule", "STFT", "STFTInitializer"}  # fmt: skip

FAMILIES = ("optimizers", "optimizers.schedules", "losses", "metrics", "initializers",
            "regularizers", "constraints")  # fmt: skip

# What `keras.<family>.get` makes of a string: the printed kind is what `compile` would use.
STRINGS: dict[str, list[str]] = {
    "losses": ["mse", "categorical_crossentropy", "CategoricalCrossentropy", "hinge"],
    "metrics": ["mse", "accuracy", "acc", "binary_accuracy", "crossentropy",
                "top_k_categorical_accuracy"],
    "optimizers": ["sgd", "SGD", "rmsprop", "adam", "Adam", "adamw"],
    "activations": ["relu", "swish", "hard_swish", "softmax"],
    "initializers": ["normal", "uniform", "zeros", "one", "glorot_uniform", "GlorotUniform", "ones",
                     "random_normal", "identity", "he_normal", "orthogonal", "truncated_normal"],
    "regularizers": ["l1", "l2", "l1_l2", "L2", "orthogonal_regularizer"],
    "constraints": ["max_norm", "non_neg", "unit_norm", "NonNeg", "min_max_norm"],
}  # fmt: skip


def outcome(make: Callable[[], Any]) -> Any:
    """The value, or the error as text: both are what another implementation is compared with."""
    try:
        return make()
    except Exception as error:  # The record is of whatever Keras does.
        return {"error": f"{type(error).__name__}: {error}"}


def family(path: str) -> list[dict[str, Any]]:
    """Every class of one module with its default configuration, aliases once."""
    module = keras
    for part in path.split("."):
        module = getattr(module, part)
    entries = []
    for name in sorted(dir(module)):
        value = getattr(module, name)
        if not inspect.isclass(value) or name in SKIPPED or value.__name__ != name:
            continue
        keras.utils.clear_session()
        arguments = SMALLEST.get(name, {})
        config = outcome(lambda v=value, a=arguments: v(**a).get_config())
        entries.append({"class": name, "arguments": arguments, "config": config})
    return entries


def layers() -> list[dict[str, Any]]:
    """Configurations of the layers of `LAYERS`."""
    entries = []
    for name, arguments in LAYERS:
        keras.utils.clear_session()
        layer = getattr(keras.layers, name)(**arguments)
        entries.append({"class": name, "arguments": arguments, "config": layer.get_config()})
    return entries


def network() -> keras.Sequential:
    """One Sequential model that shows default names, built and compiled."""
    keras.utils.clear_session()
    dense = keras.layers.Dense
    return keras.Sequential([
        keras.Input((4,)), dense(3, activation="relu"), keras.layers.Dropout(0.5), dense(3),
        keras.layers.Normalization(), dense(2, name="out", use_bias=False),
    ])  # fmt: skip


def names() -> dict[str, Any]:
    """Names and paths of layers, variables, slots and metrics as Keras chooses them."""
    model = network()
    model.compile("adam", "mse", metrics=["mae", "accuracy"])
    model.fit(np.ones((4, 4)), np.ones((4, 2)), verbose=0)
    second = keras.Sequential([keras.layers.Dense(1)])
    variables = {"weights": model.weights, "trainable": model.trainable_weights,
                 "non_trainable": model.non_trainable_weights,
                 "optimizer": model.optimizer.variables}  # fmt: skip
    return {
        "model": model.name,
        "second_model": second.name,
        "layers": [layer.name for layer in model.layers],
        "second_layers": [layer.name for layer in second.layers],
        "metrics": [metric.name for metric in model.metrics],
        "metrics_names": model.metrics_names,
        "config": model.get_config(),
        "compile_config": model.get_compile_config(),
        "to_json": model.to_json(),
        "unbuilt_config": second.get_config(),
        "variables": {
            kind: [[v.name, v.path, list(v.shape), str(v.dtype), v.trainable] for v in found]
            for kind, found in variables.items()
        },
    }


def strings() -> dict[str, Any]:
    """What each string of `STRINGS` resolves to."""
    found: dict[str, Any] = {}
    for path, texts in STRINGS.items():
        get = getattr(keras, path).get
        found[path] = {text: outcome(lambda g=get, t=text: kind_of(g(t))) for text in texts}
    return found


def kind_of(value: Any) -> Any:
    """A function's name, or a class' name with its configuration."""
    if inspect.isfunction(value) or inspect.isclass(value):
        return value.__name__
    config = value.get_config() if hasattr(value, "get_config") else None
    return [type(value).__name__, config]


def record() -> None:
    """Write `configs.json`."""
    content = {"layers": layers(), "names": names(), "strings": strings()}
    save_json("configs", content | {path: family(path) for path in FAMILIES})
