"""Ends training quietly when the loss is not finite, where `fit` by itself raises an error."""

from __future__ import annotations

import math
from typing import Any

from whit.callbacks.callback import Callback
from whit.utils.progbar import print_msg


class TerminateOnNaN(Callback):
    """Stops training at a loss that is NaN or infinite.

    Without this callback `fit` raises `whit.errors.NonFiniteLossError`, which says where in the
    model the first such number arose. The compiled loop watches the loss in either case, so this
    callback costs nothing. The weights are those after the last good step.

    Args:
        raise_error: raise a RuntimeError in place of stopping, so that `on_train_end` of other
            callbacks is not called.

    Raises:
        RuntimeError: while training, with `raise_error`.

    Source: https://keras.io/api/callbacks/terminate_on_nan/
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def needs_batches(self, mode: str) -> bool:
        """Never: the loop itself stops at such a loss, and calls `on_batch_end` then."""
        return False

    def on_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Stop if the loss is not finite."""
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(f"Batch {batch}: the loss is {loss}, terminating training")
        print_msg(f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = True
