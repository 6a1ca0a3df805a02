"""What callbacks that watch one metric share: which direction is better, and whether it got
better.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

from whit.callbacks.callback import Callback
from whit.errors import ArgumentError

_MODES = ("auto", "min", "max")


class MonitorCallback(Callback):
    """Watches a metric of each epoch.

    Args:
        monitor: the metric's name in the logs, such as "val_loss".
        mode: "min" if less is better, "max" if more is, "auto" to decide by the metric.
        baseline: the value to compare with first.
        min_delta: changes smaller than this are no improvement.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        mode: str = "auto",
        baseline: float | None = None,
        min_delta: float = 0,
    ) -> None:
        super().__init__()
        if mode not in _MODES:
            warnings.warn(
                f"{type(self).__name__}: mode={mode!r} is unknown, expected one of "
                f"{', '.join(map(repr, _MODES))}; using 'auto'",
                stacklevel=3,
            )
            mode = "auto"
        self.monitor = monitor
        self.mode = mode
        self.best = baseline
        self.min_delta = abs(min_delta)
        self._sign = 0  # 1 if more is better, -1 if less is, 0 while that is not known

    def _is_improvement(self, value: Any, reference: Any) -> bool:
        """Whether `value` is better than `reference`; always, if there is no reference."""
        if reference is None:
            return True
        if not self._sign:
            self._sign = self._direction()
        return bool(self._sign * (value - reference) > self.min_delta)

    def _monitored(self, logs: dict[str, Any], what: str) -> Any:
        """The metric's value, or None and a warning."""
        value = logs.get(self.monitor)
        if value is None:
            warnings.warn(
                f"{what} is conditioned on metric `{self.monitor}`, which is not available. "
                f"Available metrics are: {', '.join(logs)}",
                stacklevel=3,
            )
        return value

    def _direction(self) -> int:
        name = self.monitor.removeprefix("val_")
        if self.mode != "auto" or name == "loss":
            return 1 if self.mode == "max" else -1
        for metric in _metrics(getattr(self.model, "metrics", [])):
            if metric.name == name and getattr(metric, "_direction", None):
                return 1 if metric._direction == "up" else -1
        raise ArgumentError(
            f"{type(self).__name__}: it is not known whether more or less of {self.monitor!r} is "
            "better; pass mode='max' or mode='min'"
        )


def _metrics(metrics: list[Any]) -> Iterator[Any]:
    """Metrics, and those inside metrics that hold several."""
    for m in metrics:
        yield m
        yield from _metrics(list(getattr(m, "metrics", [])))
