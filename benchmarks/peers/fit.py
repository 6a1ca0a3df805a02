"""The peers that are used through `model.fit`: Keras on each of its backends, and whit.

One text for all of them, with the module as an argument, so that they are asked for exactly the
same. A callback ends each epoch, so that `fit` runs on from epoch to epoch as it does for a user.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import wire

Compiled = Callable[[Any], Callable[[np.ndarray], Any]]


class FitPeer(wire.Peer):
    """A module with Keras' names as a peer.

    Args:
        keras: the module.
        dists: distributions whose versions the report names.
        compiled: makes from a model the fastest function for one sample that its user could write.
    """

    def __init__(self, keras: Any, dists: tuple[str, ...], compiled: Compiled) -> None:
        self.keras, self.dists, self._compiled = keras, dists, compiled

    def prepare(self, net: wire.Net, data: wire.Data) -> None:
        super().prepare(net, data)
        self.x = data.x_train
        self.y = data.x_train
        if net["loss"] == "categorical_crossentropy":
            self.y = wire.one_hot(data.y_train, net["sizes"][-1])

    def build(self, seed: int) -> None:
        keras, net = self.keras, self.net
        keras.utils.set_random_seed(seed)
        self.model = keras.models.Sequential([keras.layers.Input((net["sizes"][0],))])
        widths = net["sizes"][1:]
        for i, width in enumerate(widths):
            act = net["last"] if i == len(widths) - 1 else net["hidden"]
            dense = keras.layers.Dense(width, activation=act, kernel_initializer=net["init"])
            self.model.add(dense)
        name, options = net["optimizer"]
        optimizer = getattr(keras.optimizers, name)(**options)
        metrics = ["accuracy"] if net["loss"] != "mse" else None
        self.model.compile(loss=net["loss"], optimizer=optimizer, metrics=metrics)

    def train(self, turn: wire.Turn) -> None:
        class Gate(self.keras.callbacks.Callback):  # type: ignore[misc, name-defined]
            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                if not turn(logs["loss"], logs.get("accuracy")):
                    self.model.stop_training = True

        batch = self.net["batch"]
        self.model.fit(
            self.x, self.y, batch_size=batch, epochs=10**6, verbose=0, callbacks=[Gate()]
        )

    def first_step(self) -> None:
        batch = self.net["batch"]
        self.model.fit(self.x[:batch], self.y[:batch], batch_size=batch, epochs=1, verbose=0)

    def predictors(self) -> dict[str, Callable[[np.ndarray], Any]]:
        predict = lambda x: self.model.predict(x, verbose=0)  # noqa: E731
        return {"predict": predict, "compiled": self._compiled(self.model)}

    def program(self, seed: int) -> None:
        keras, pixels = self.keras, self.net["sizes"][0]
        keras.utils.set_random_seed(seed)
        test = self.data.x_test, wire.one_hot(self.data.y_test, 10)
        dense = keras.layers.Dense
        model = keras.models.Sequential()
        model.add(keras.layers.Input((pixels,)))
        model.add(dense(pixels, kernel_initializer="normal", activation="relu"))
        model.add(dense(10, kernel_initializer="normal", activation="softmax"))
        model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
        model.fit(self.x, self.y, validation_data=test, epochs=10, batch_size=200)
        wire.report_error(model.evaluate(*test)[1])
