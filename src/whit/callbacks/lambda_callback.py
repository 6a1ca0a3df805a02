"""A callback from functions, for what needs no class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from whit.callbacks.callback import Callback
from whit.errors import ArgumentError, did_you_mean

_METHODS = tuple(name for name in vars(Callback) if name.startswith("on_"))


class LambdaCallback(Callback):
    """Calls functions of yours at the moments of training.

    Args:
        on_epoch_begin, on_epoch_end: called with (epoch, logs).
        on_train_begin, on_train_end: called with (logs).
        on_train_batch_begin, on_train_batch_end: called with (batch, logs); training then runs step
            by step.
        **kwargs: functions for the other methods of `Callback`, and attributes of the object.

    Raises:
        ArgumentError: a name that begins with "on_" and is no such moment.

    Example:
        >>> show = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))

    Source: https://keras.io/api/callbacks/lambda_callback/
    """

    def __init__(
        self,
        on_epoch_begin: Callable | None = None,
        on_epoch_end: Callable | None = None,
        on_train_begin: Callable | None = None,
        on_train_end: Callable | None = None,
        on_train_batch_begin: Callable | None = None,
        on_train_batch_end: Callable | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        named = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
        }
        for name in kwargs:
            if name.startswith("on_") and name not in _METHODS:
                raise ArgumentError(
                    f"LambdaCallback: {name!r} is no moment of training."
                    f"{did_you_mean(name, _METHODS)}"
                )
        vars(self).update({k: f for k, f in {**named, **kwargs}.items() if f is not None})
