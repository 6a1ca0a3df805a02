"""Small models and data that the tests of training share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import whit as keras


@pytest.fixture(autouse=True)
def seeded() -> None:
    keras.utils.set_random_seed(7)


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(23, 4)).astype("float32")


@pytest.fixture
def y(x: np.ndarray) -> np.ndarray:
    return x.sum(axis=1, keepdims=True)


@pytest.fixture
def regressor() -> Callable[..., Any]:
    """Makes a model of one linear layer, all weights alike."""

    def make(optimizer: Any = "sgd", loss: Any = "mse", **compiled: Any) -> Any:
        layer = keras.layers.Dense(1, kernel_initializer="ones")
        model = keras.Sequential([keras.Input((4,)), layer])
        model.compile(optimizer, loss, **compiled)
        return model

    return make
