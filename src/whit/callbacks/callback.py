"""The class that every callback extends: one method for each moment of training.

Methods for single batches cost something: where one is overridden, training runs step by step. The
table `BATCH_METHODS` says which methods these are in each mode.
"""

from __future__ import annotations

from typing import Any

BATCH_METHODS = {
    "train": ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end"),
    "test": ("on_test_batch_begin", "on_test_batch_end"),
    "predict": ("on_predict_batch_begin", "on_predict_batch_end"),
}


class Callback:
    """Does nothing; extend it and override what you need.

    Attributes:
        params: dict with "verbose", "epochs" and "steps" of the call in progress.
        model: the model being trained.

    Example:
        >>> class Stop(whit.callbacks.Callback):
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         if logs["accuracy"] > 0.99:
        ...             self.model.stop_training = True

    Source: https://keras.io/api/callbacks/base_callback/
    """

    follows_progress = False
    """True for a callback that wants batches only as they pass (a bar): it slows nothing down."""

    params: dict[str, Any] | None = None
    _model: Any = None

    def __init__(self) -> None:
        self.params = None
        self._model = None

    @property
    def model(self) -> Any:
        """The model being trained."""
        return self._model

    def set_params(self, params: dict[str, Any]) -> None:
        """Called before everything else with the parameters of `fit`, `evaluate` or `predict`."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Called before everything else with the model."""
        self._model = model

    def wants_progress(self, mode: str) -> bool:
        """Whether one that follows progress wants to hear of batches that pass in `mode`."""
        return self.follows_progress

    def interrupted(self) -> None:
        """Training was stopped from outside, by Ctrl-C or an error."""

    def needs_batches(self, mode: str) -> bool:
        """Whether a method for single batches is overridden in `mode`, such as "train"."""
        if self.follows_progress:
            return False
        return any(
            getattr(type(self), name) is not getattr(Callback, name) or name in vars(self)
            for name in BATCH_METHODS[mode]
        )

    # ---- training
    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """After the last epoch; `logs` are those of that epoch."""

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Before epoch number `epoch`, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """After an epoch and its validation, whose metrics in `logs` begin with "val_"."""

    def on_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Another name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Another name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Before batch number `batch` of an epoch; with `steps_per_execution`, before that many."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After a batch; `logs` has the metrics since the epoch began."""
        self.on_batch_end(batch, logs=logs)

    # ---- evaluation
    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Before `evaluate`, or the validation in `fit`."""

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """After `evaluate`, or the validation in `fit`."""

    def on_test_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Before a batch of `evaluate` or validation."""

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After a batch of `evaluate` or validation."""

    # ---- prediction
    def on_predict_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Before `predict`."""

    def on_predict_end(self, logs: dict[str, Any] | None = None) -> None:
        """After `predict`."""

    def on_predict_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Before a batch of `predict`."""

    def on_predict_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After a batch of `predict`; `logs["outputs"]` has its predictions."""
