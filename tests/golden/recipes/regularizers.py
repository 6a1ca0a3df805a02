"""Regularizers and constraints of Keras on fixed weights: penalty, gradient, projected value.

Written to `regularizers.json` (both families) and `regularizers.npz` (the weights by name).
"""

from __future__ import annotations

from typing import Any

import jax
import keras
import numpy as np

from .store import numbers, save_arrays, save_json

Config = dict[str, Any]

REGULARIZERS: list[tuple[str, Config, tuple[str, ...]]] = [
    ("L1", {}, ("matrix", "vector", "filters")), ("L1", {"l1": 0.3}, ("matrix",)),
    ("L2", {}, ("matrix", "vector", "filters")), ("L2", {"l2": 0.3}, ("matrix",)),
    ("L1L2", {}, ("matrix",)), ("L1L2", {"l1": 0.1}, ("matrix",)),
    ("L1L2", {"l1": 0.1, "l2": 0.2}, ("matrix", "vector")),
    ("OrthogonalRegularizer", {}, ("matrix",)),
    ("OrthogonalRegularizer", {"factor": 0.5, "mode": "columns"}, ("matrix",)),
]  # fmt: skip

CONSTRAINTS: list[tuple[str, Config, tuple[str, ...]]] = [
    ("MaxNorm", {}, ("matrix", "vector", "filters", "zeros")),
    ("MaxNorm", {"max_value": 1.0, "axis": 1}, ("matrix",)),
    ("MaxNorm", {"max_value": 1.0, "axis": [0, 1, 2]}, ("filters",)),
    ("NonNeg", {}, ("matrix", "vector")),
    ("UnitNorm", {}, ("matrix", "vector", "zeros")), ("UnitNorm", {"axis": 1}, ("matrix",)),
    ("UnitNorm", {"axis": [0, 1, 2]}, ("filters",)),
    ("MinMaxNorm", {}, ("matrix", "zeros")),
    ("MinMaxNorm", {"min_value": 0.5, "max_value": 1.5, "rate": 0.4}, ("matrix",)),
    ("MinMaxNorm", {"min_value": 2.0, "max_value": 3.0, "axis": 1}, ("matrix",)),
]  # fmt: skip


def make_inputs() -> dict[str, np.ndarray]:
    """Weights of several ranks, with one zero entry and one zero column."""
    matrix = numbers(80, 4, 5) * 1.5
    matrix[1, 2] = 0.0
    matrix[:, 4] = 0.0
    return {"matrix": matrix, "vector": numbers(81, 6), "filters": numbers(82, 3, 3, 2, 4),
            "zeros": np.zeros((3, 2), np.float32)}  # fmt: skip


def record() -> None:
    """Write `regularizers.npz` and `regularizers.json`."""
    inputs = make_inputs()
    save_arrays("regularizers", inputs)
    penalties = []
    for name, config, keys in REGULARIZERS:
        regularizer = getattr(keras.regularizers, name)(**config)
        for key in keys:
            value, gradient = jax.value_and_grad(regularizer)(jax.numpy.asarray(inputs[key]))
            penalties.append({"class": name, "config": config, "input": key,
                              "value": value, "gradient": gradient})  # fmt: skip
    projections = [
        {"class": name, "config": config, "input": key,
         "value": np.asarray(getattr(keras.constraints, name)(**config)(inputs[key]))}
        for name, config, keys in CONSTRAINTS
        for key in keys
    ]  # fmt: skip
    save_json("regularizers", {"regularizers": penalties, "constraints": projections})
