"""Every activation of Keras on a grid with extremes: value and gradient.

`activations.json` keeps, for each name and its arguments, the values and the derivative of
their weighted sum; `activations.npz` holds the grid and the weights.
"""

from __future__ import annotations

from typing import Any

import jax
import keras
import numpy as np

from .store import numbers, save_arrays, save_json

Config = dict[str, Any]

VARIANTS: dict[str, list[Config]] = {
    "relu": [{}, {"negative_slope": 0.1}, {"max_value": 2.0}, {"threshold": 1.0},
             {"negative_slope": 0.2, "max_value": 3.0, "threshold": 0.5}],
    "leaky_relu": [{}, {"negative_slope": 0.5}],
    "elu": [{}, {"alpha": 0.5}],
    "celu": [{}, {"alpha": 2.0}],
    "gelu": [{}, {"approximate": True}],
    "softmax": [{}, {"axis": 0}, {"axis": -2}],
    "log_softmax": [{}, {"axis": 0}],
    "glu": [{}, {"axis": 0}],
    "squareplus": [{}, {"b": 1}],
    "hard_shrink": [{}, {"threshold": 1.5}],
    "soft_shrink": [{}, {"threshold": 1.5}],
    "threshold": [{"threshold": 0.5, "default_value": -1.0}],
    "sparsemax": [{}],
}  # fmt: skip
ALIASES = ("get", "serialize", "deserialize")


def grid() -> np.ndarray:
    """Six rows of eight: ordinary values, the corners of the piecewise ones, and extremes."""
    corners = [-3, -2.5, -1, -0.5, 0, 0.5, 1, 2.5, 3, 6, -6, 1e-8, -1e-8, 1.5, -1.5, 2]
    extremes = [20, -20, 88, -88, 100, -100, 1e4, -1e4]
    ordinary = np.concatenate([numbers(70, 16), numbers(71, 8) * 5])
    return np.concatenate([ordinary, corners, extremes]).astype(np.float32).reshape(6, 8)


def names() -> list[str]:
    """Every activation function of the public module."""
    found = (name for name in dir(keras.activations) if not name.startswith("_"))
    return [n for n in found if n not in ALIASES and callable(getattr(keras.activations, n))]


def case(name: str, config: Config, x: np.ndarray, weights: np.ndarray) -> Config:
    """One activation: its values, and the gradient of `sum(weights * values)` by the input."""
    function = getattr(keras.activations, name)

    def weighted(value: Any) -> Any:
        result = function(value, **config)
        return keras.ops.sum(result * weights[: result.shape[0], : result.shape[1]])

    return {"name": name, "config": config, "value": np.asarray(function(x, **config)),
            "gradient": np.asarray(jax.grad(weighted)(jax.numpy.asarray(x)))}  # fmt: skip


def record() -> None:
    """Write `activations.npz` and `activations.json`."""
    x, weights = grid(), np.abs(numbers(72, 6, 8)) + 0.5
    save_arrays("activations", {"x": x, "weights": weights})
    cases = [
        case(name, config, x, weights) for name in names() for config in VARIANTS.get(name, [{}])
    ]
    save_json("activations", {"cases": cases})
