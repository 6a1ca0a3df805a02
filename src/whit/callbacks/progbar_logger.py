"""The callback that prints a progress bar, or one line for each epoch."""

from __future__ import annotations

from typing import Any

from whit.callbacks.callback import Callback
from whit.utils.progbar import Progbar, print_msg


class ProgbarLogger(Callback):
    """Prints progress; added by `fit`, `evaluate` and `predict` unless `verbose=0`.

    Source: https://keras.io/api/callbacks/
    """

    follows_progress = True

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0
        self.progbar: Progbar | None = None
        self.target: int | None = None
        self.verbose: int = 1
        self.epochs = 1
        self._in_fit = False

    def set_params(self, params: dict[str, Any]) -> None:
        """Take over verbosity, the number of epochs, and the number of steps."""
        super().set_params(params)
        verbose = params["verbose"]
        self.verbose = 1 if verbose == "auto" else int(verbose)
        self.epochs = params["epochs"]
        self.target = params["steps"]

    def wants_progress(self, mode: str) -> bool:
        """Whether a bar is being drawn that passing batches move."""
        return self.verbose == 1 and not (mode == "test" and self._in_fit)

    def interrupted(self) -> None:
        """End the bar's line where it is."""
        if self.progbar is not None:
            self.progbar.close()

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """From here on evaluation is a part of training, and silent."""
        self._in_fit = True

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Training is over."""
        self._in_fit = False

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """A new bar."""
        self._start()
        if self.verbose and self.epochs > 1:
            print_msg(f"Epoch {epoch + 1}/{self.epochs}")

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """A new bar, outside `fit`."""
        if not self._in_fit:
            self._start()

    def on_predict_begin(self, logs: dict[str, Any] | None = None) -> None:
        """A new bar."""
        self._start()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Move the bar."""
        self._move(batch, logs)

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Move the bar, outside `fit`."""
        if not self._in_fit:
            self._move(batch, logs)

    def on_predict_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Move the bar."""
        self._move(batch, None)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Fill the bar."""
        self._finish(logs)

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """Fill the bar, outside `fit`."""
        if not self._in_fit:
            self._finish(logs)

    def on_predict_end(self, logs: dict[str, Any] | None = None) -> None:
        """Fill the bar."""
        self._finish(None)

    def _start(self) -> None:
        self.seen = 0
        self.progbar = Progbar(self.target, verbose=self.verbose, stateless_metrics=())

    def _move(self, batch: int, logs: dict[str, Any] | None) -> None:
        self.seen = batch + 1
        if self.verbose == 1 and self.progbar is not None:
            self.progbar.update(self.seen, list((logs or {}).items()), finalize=False)

    def _finish(self, logs: dict[str, Any] | None) -> None:
        if self.progbar is None:
            return
        if self.target is None:
            self.target = self.progbar.target = self.seen
        self.progbar.update(self.target, list((logs or {}).items()), finalize=True)
