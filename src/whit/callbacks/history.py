"""What `fit` returns: the metrics of each epoch."""

from __future__ import annotations

from typing import Any

from whit.callbacks.callback import Callback


class History(Callback):
    """Keeps the logs of each epoch; `fit` adds one by itself and returns it.

    Attributes:
        history: dict from a metric's name to the list of its values, one for each epoch.
        epoch: the epochs' numbers, from 0.

    Source: https://keras.io/api/models/model_training_apis/
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Start the list of epochs again."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Add an epoch."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
        self.model.history = self
