"""Callbacks that change the learning rate between epochs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from whit.callbacks.callback import Callback
from whit.callbacks.monitor import MonitorCallback
from whit.errors import ArgumentError
from whit.utils.progbar import print_msg


def rate_of(model: Any) -> float:
    """The learning rate that the model's optimizer uses now."""
    return float(np.asarray(model.optimizer.learning_rate))


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch.

    Args:
        schedule: `schedule(epoch, learning_rate) -> float`, or `schedule(epoch) -> float`; epochs
            count from 0.
        verbose: 1 prints a message each time.

    Raises:
        ArgumentError: while training, if the schedule does not return a float.

    Source: https://keras.io/api/callbacks/learning_rate_scheduler/
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Ask the schedule."""
        rate = rate_of(self.model)
        try:
            new = self.schedule(epoch, rate)
        except TypeError:  # a schedule that takes the epoch alone
            new = self.schedule(epoch)
        if isinstance(new, np.ndarray | np.generic) and new.shape == () and new.dtype.kind == "f":
            new = float(new)
        if not isinstance(new, float):
            raise ArgumentError(
                f"LearningRateScheduler: schedule({epoch}) returned {new!r} of type "
                f"{type(new).__name__}; expected a float"
            )
        self.model.optimizer.learning_rate = new
        if self.verbose > 0:
            print_msg(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {new}.")

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Put the rate into the logs."""
        if logs is not None:
            logs["learning_rate"] = rate_of(self.model)


class ReduceLROnPlateau(MonitorCallback):
    """Lowers the learning rate when a metric has stopped improving.

    Args:
        monitor: the metric's name in the logs.
        factor: what the rate is multiplied by, less than 1.
        patience: epochs without improvement that are accepted.
        verbose: 1 prints a message when it acts.
        mode: "min", "max", or "auto": by the metric.
        min_delta: changes smaller than this are no improvement.
        cooldown: epochs after a change in which nothing is counted.
        min_lr: the rate never gets lower.

    Raises:
        ArgumentError: a factor of 1 or more.

    Source: https://keras.io/api/callbacks/reduce_lr_on_plateau/
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        if factor >= 1.0:
            raise ArgumentError(
                f"ReduceLROnPlateau: factor={factor}: expected less than 1, since the rate is "
                "multiplied by it"
            )
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self.cooldown_counter = 0
        self.wait = 0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Start afresh."""
        self.best = None
        self.cooldown_counter = 0
        self.wait = 0

    def in_cooldown(self) -> bool:
        """Whether the last change is so recent that nothing is counted."""
        return self.cooldown_counter > 0

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Compare, and perhaps lower the rate."""
        logs = {} if logs is None else logs
        logs["learning_rate"] = rate_of(self.model)
        current = self._monitored(logs, "Learning rate reduction")
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._is_improvement(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience and self._lower(epoch):
                self.cooldown_counter = self.cooldown
                self.wait = 0

    def _lower(self, epoch: int) -> bool:
        old = rate_of(self.model)
        if old <= np.float32(self.min_lr):
            return False
        new = max(old * self.factor, self.min_lr)
        self.model.optimizer.learning_rate = new
        if self.verbose > 0:
            print_msg(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {new}.")
        return True
