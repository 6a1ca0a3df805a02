"""Stops training when a metric no longer improves."""

from __future__ import annotations

from typing import Any

from whit.callbacks.monitor import MonitorCallback
from whit.utils.progbar import print_msg


class EarlyStopping(MonitorCallback):
    """Stop when `monitor` has not improved for `patience` epochs.

    Args:
        monitor: the metric's name in the logs.
        min_delta: changes smaller than this are no improvement.
        patience: epochs without improvement that are accepted.
        verbose: 1 prints a message when it acts.
        mode: "min", "max", or "auto": by the metric.
        baseline: an epoch counts as an improvement only if it is better than this.
        restore_best_weights: whether to end with the weights of the best epoch.
        start_from_epoch: epochs before this one are not looked at.

    Source: https://keras.io/api/callbacks/early_stopping/
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self.wait = 0
        self.stopped_epoch = 0
        self.best_epoch = 0
        self.best_weights: list[Any] | None = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Start afresh: one object may serve several `fit`s."""
        self.wait = 0
        self.stopped_epoch = 0
        self.best = None
        self.best_epoch = 0
        self.best_weights = None

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Compare, and perhaps stop."""
        current = self._monitored(logs or {}, "Early stopping")
        if current is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self._keep(epoch)
        self.wait += 1
        if self._is_improvement(current, self.best):
            self.best = current
            if self.restore_best_weights:
                self._keep(epoch)
            self.best_epoch = epoch
            if self.baseline is None or self._is_improvement(current, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _keep(self, epoch: int) -> None:
        self.best_epoch = epoch
        self.best_weights = self.model.get_weights()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Put the best weights back if that is wanted."""
        if self.stopped_epoch > 0 and self.verbose > 0:
            print_msg(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                best = self.best_epoch + 1
                print_msg(f"Restoring model weights from the end of the best epoch: {best}.")
            self.model.set_weights(self.best_weights)
