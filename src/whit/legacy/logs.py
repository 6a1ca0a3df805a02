"""Results of training by old and new names: `history["acc"]` and `history["accuracy"]` are one."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from whit.errors import ArgumentError


def twins(name: Any) -> list[str]:
    """The other names of a result, with its `val_` if it has one."""
    from whit.legacy.table import LOG_NAMES  # the table names this module's functions

    if not isinstance(name, str):
        return []
    prefix = "val_" if name.startswith("val_") else ""
    bare = name.removeprefix(prefix)
    return [prefix + n for group in LOG_NAMES if bare in group for n in group if n != bare]


class Logs(dict):
    """A dict of results that also answers to the old or new names of its keys."""

    def _found(self, name: Any) -> Any:
        return next((n for n in twins(name) if dict.__contains__(self, n)), None)

    def __missing__(self, name: Any) -> Any:
        found = self._found(name)
        if found is None:
            raise KeyError(name)
        return dict.__getitem__(self, found)

    def __contains__(self, name: Any) -> bool:
        return dict.__contains__(self, name) or self._found(name) is not None

    def get(self, name: Any, default: Any = None) -> Any:
        """The result called `name`, or `default`."""
        return self[name] if name in self else default  # noqa: SIM401 (this is get)


def named_both_ways(fit: Callable[..., Any]) -> Callable[..., Any]:
    """`fit` whose History answers to old and new names."""

    @functools.wraps(fit)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
        history = fit(self, *args, **kwargs)
        if type(getattr(history, "history", None)) is dict:
            history.history = Logs(history.history)
        return history

    return wrapped


def with_old_names(pythonify_logs: Callable[..., dict[str, Any]]) -> Callable[..., Logs]:
    """What makes the logs that callbacks see, with old and new names."""

    @functools.wraps(pythonify_logs)
    def wrapped(logs: Any) -> Logs:
        return Logs(pythonify_logs(logs))

    return wrapped


def guessing_direction(direction: Callable[..., int]) -> Callable[..., int]:
    """The direction in mode "auto" that a monitoring callback had before Keras 3.

    More is better of an "acc"; less of a metric of which nothing is known, where Keras 3 asks.
    """

    @functools.wraps(direction)
    def wrapped(self: Any) -> int:
        if self.mode == "auto" and "acc" in self.monitor:
            return 1
        try:
            return direction(self)
        except ArgumentError:
            return -1

    return wrapped
