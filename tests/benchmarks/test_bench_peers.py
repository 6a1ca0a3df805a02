"""The text that Keras and whit share as peers, on a made-up module; data and memory of peers."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fit
import numpy as np
import pytest
import wire

from benchmarks.nets import NETS


class Callback:
    """Knows its model, as Keras' does."""

    model: Any


class Sequential:
    """Records what is added and asked; `fit` goes on until a callback stops it."""

    def __init__(self, layers: list[Any] | None = None) -> None:
        self.layers, self.calls, self.stop_training = list(layers or []), [], False

    def add(self, layer: Any) -> None:
        self.layers.append(layer)

    def compile(self, **arguments: Any) -> None:
        self.compiled = arguments

    def fit(self, x: Any, y: Any, callbacks: Any = (), **arguments: Any) -> None:
        self.calls.append((x.shape, y.shape, arguments))
        for epoch in range(arguments["epochs"]):
            for callback in callbacks:
                callback.model = self
                callback.on_epoch_end(epoch, {"loss": 1 / (epoch + 1), "accuracy": 0.5})
            if self.stop_training:
                return

    def predict(self, x: Any, verbose: int) -> Any:
        return x


@pytest.fixture
def module() -> Any:
    return SimpleNamespace(
        models=SimpleNamespace(Sequential=Sequential),
        layers=SimpleNamespace(
            Input=lambda shape: ("input", shape), Dense=lambda *a, **k: ("dense", *a, k)
        ),
        optimizers=SimpleNamespace(Adam=lambda **k: ("Adam", k), SGD=lambda **k: ("SGD", k)),
        callbacks=SimpleNamespace(Callback=Callback),
        utils=SimpleNamespace(set_random_seed=lambda seed: None),
    )


def peer(module: Any, net: str, digits: Path) -> fit.FitPeer:
    made = fit.FitPeer(module, (), lambda model: lambda x: x)
    made.prepare(NETS[net].spec(), wire.Data.read(str(digits)))
    made.build(1)
    return made


def test_fit_runs_on_until_the_turn_is_over(module: Any, digits: Path) -> None:
    p, losses = peer(module, "wide", digits), []

    def turn(loss: float, accuracy: float | None) -> bool:
        losses.append(loss)
        return len(losses) < 3

    p.train(turn)
    assert losses == [1, 1 / 2, 1 / 3]
    assert len(p.model.calls) == 1
    assert p.model.calls[0][:2] == ((400, 784), (400, 1000))


def test_the_model_is_what_the_table_says(module: Any, digits: Path) -> None:
    model = peer(module, "tanh", digits).model
    assert model.layers[0] == ("input", (784,))
    assert [layer[1] for layer in model.layers[1:]] == [512, 512, 512, 10]
    acts = [layer[2]["activation"] for layer in model.layers[1:]]
    assert acts == ["tanh", "tanh", "tanh", "softmax"]
    assert model.compiled["optimizer"] == ("SGD", {"learning_rate": 0.01, "momentum": 0.9})
    assert model.compiled["metrics"] == ["accuracy"]


def test_an_autoencoder_has_its_input_as_target(module: Any, digits: Path) -> None:
    p = peer(module, "autoencoder", digits)
    assert p.y is p.x
    assert p.model.compiled["metrics"] is None
    p.first_step()
    assert p.model.calls[0][0] == (200, 784)


def test_data_is_float_rows_in_0_to_1(digits: Path) -> None:
    data = wire.Data.read(str(digits), rows=50)
    assert data.x_train.shape == (50, 784) and data.x_train.dtype == np.float32
    assert data.x_train.min() >= 0 and data.x_train.max() == 1
    assert data.x_test.shape == (20, 784)
    hot = wire.one_hot(data.y_train, 10)
    assert (hot.argmax(1) == data.y_train).all() and (hot.sum(1) == 1).all()


def test_memory_sees_a_large_array() -> None:
    wire.reset_peak()
    before = wire.memory()
    if not before:
        pytest.skip("the system does not tell a process its memory")
    np.ones(25_000_000, np.float32)
    assert wire.memory()["peak"] - before["rss"] > 80
