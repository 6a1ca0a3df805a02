"""Calls every callback of a list, with logs of plain Python numbers in the order of their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from whit import tree
from whit.callbacks.callback import BATCH_METHODS, Callback
from whit.callbacks.history import History
from whit.callbacks.progbar_logger import ProgbarLogger
from whit.errors import ArgumentError


class CallbackList(Callback):
    """Several callbacks as one.

    Args:
        callbacks: a callback, or a list of them.
        add_history: add a `History` if there is none.
        add_progbar: add a `ProgbarLogger` if there is none.
        model: given to each.
        **params: given to each, as `params`.

    Raises:
        ArgumentError: something that is not a callback, or the class of one.
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        super().__init__()
        self.callbacks: list[Callback] = [_checked(c) for c in tree.flatten(callbacks or [])]
        self._history = self._find(History)
        if self._history is None and add_history:
            self._history = History()
            self.callbacks.append(self._history)
        self._progbar = self._find(ProgbarLogger)
        if self._progbar is None and add_progbar:
            self._progbar = ProgbarLogger()
            self.callbacks.append(self._progbar)
        if model is not None:
            self.set_model(model)
        self.set_params(params)

    def _find(self, cls: type) -> Any:
        return next((c for c in reversed(self.callbacks) if isinstance(c, cls)), None)

    def append(self, callback: Callback) -> None:
        """Add a callback at the end."""
        self.callbacks.append(_checked(callback))

    def set_params(self, params: dict[str, Any]) -> None:
        """Give `params` to each."""
        self.params = params
        if params:
            for c in self.callbacks:
                c.set_params(params)

    def set_model(self, model: Any) -> None:
        """Give the model to each; the history becomes the model's."""
        super().set_model(model)
        if self._history is not None:
            model.history = self._history
        for c in self.callbacks:
            c.set_model(model)

    def needs_batches(self, mode: str) -> bool:
        """Whether one of them overrides a method for single batches."""
        return any(c.needs_batches(mode) for c in self.callbacks)

    def follow(self, mode: str, batch: int, logs: Callable[[], dict[str, Any]]) -> None:
        """Tell those that follow progress that `batch` has passed; `logs` makes the metrics."""
        followers = [c for c in self.callbacks if c.follows_progress and c.wants_progress(mode)]
        if followers:
            values = pythonify_logs(logs())
            for c in followers:
                getattr(c, f"on_{mode}_batch_end")(batch, values)

    def interrupted(self) -> None:
        """Training was stopped from outside: let a bar end its line."""
        for c in self.callbacks:
            c.interrupted()


def _dispatch(name: str, with_index: bool, batch: bool) -> Callable[..., None]:
    """The method `name` of the list, which calls that of each callback."""
    if not with_index:

        def call(self: CallbackList, logs: dict[str, Any] | None = None) -> None:
            values = pythonify_logs(logs)
            for c in self.callbacks:
                getattr(c, name)(values)
    elif batch:

        def call(self: CallbackList, index: int, logs: dict[str, Any] | None = None) -> None:  # type: ignore[misc]
            values = pythonify_logs(logs)
            for c in self.callbacks:
                getattr(c, name)(index, logs=values)
    else:

        def call(self: CallbackList, index: int, logs: dict[str, Any] | None = None) -> None:  # type: ignore[misc]
            values = pythonify_logs(logs)
            for c in self.callbacks:
                getattr(c, name)(index, values)

    call.__name__ = name
    call.__qualname__ = f"CallbackList.{name}"
    call.__doc__ = f"Call `{name}` of each callback."
    return call


def _install() -> None:
    for mode, methods in BATCH_METHODS.items():
        for when in ("begin", "end"):
            setattr(CallbackList, f"on_{mode}_{when}", _dispatch(f"on_{mode}_{when}", False, False))
        for name in methods:
            setattr(CallbackList, name, _dispatch(name, True, True))
    for name in ("on_epoch_begin", "on_epoch_end"):
        setattr(CallbackList, name, _dispatch(name, True, False))


_install()


def pythonify_logs(logs: Mapping[str, Any] | None) -> dict[str, Any]:
    """Logs sorted by name, dicts in them flattened, scalars as Python floats."""
    result: dict[str, Any] = {}
    for key, value in sorted((logs or {}).items()):
        if isinstance(value, Mapping):
            result.update(pythonify_logs(value))
            continue
        try:
            result[key] = float(value)
        except (TypeError, ValueError):
            result[key] = value
    return result


def _checked(callback: Any) -> Callback:
    if isinstance(callback, type) and issubclass(callback, Callback):
        raise ArgumentError(
            f"callbacks: {callback.__name__} is a class; give an instance, {callback.__name__}(...)"
        )
    if not isinstance(callback, Callback):
        raise ArgumentError(
            f"callbacks: expected whit.callbacks.Callback objects, got {callback!r} of type "
            f"{type(callback).__name__}"
        )
    return callback
