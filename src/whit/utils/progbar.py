"""The progress bar that training prints, to the character as Keras does, and how messages are
printed.

A bar is redrawn in place by backspaces and a carriage return; every part of its text is one small
function below. Callbacks print through `print_msg`, so that one switch turns all of it into
logging.
"""

from __future__ import annotations

import logging
import math
import os
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from whit import config
from whit.errors import ArgumentError

_BOLD, _GREEN, _GRAY, _PLAIN = "\x1b[1m", "\x1b[32m", "\x1b[37m", "\x1b[0m"
_CODES = (_BOLD, _GREEN, _GRAY, _PLAIN)


def print_msg(message: str, line_break: bool = True) -> None:
    """Print a message at once, or log it if interactive logging is off.

    Args:
        message: the text.
        line_break: whether a new line follows.
    """
    if not config.is_interactive_logging_enabled():
        logging.getLogger("whit").info(message)
        return
    text = message + "\n" if line_break else message
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:  # a terminal without these signs gets question marks for them
        encoding = sys.stdout.encoding or "ascii"
        sys.stdout.write(text.encode(encoding, errors="replace").decode(encoding))
    sys.stdout.flush()


class Progbar:
    """A progress bar with metrics.

    Args:
        target: how many steps there will be; None if that is not known.
        width: of the bar, in characters.
        verbose: 0 prints nothing, 1 a bar, 2 one line at the end.
        interval: the least time between two drawings, in seconds.
        stateful_metrics: names of the metrics that are shown as they come; the others are averaged
            over the steps.
        stateless_metrics: names of the metrics that are averaged; the others are shown as is.
        unit_name: what a step is called.

    Raises:
        ArgumentError: both `stateful_metrics` and `stateless_metrics`.

    Source: https://keras.io/api/utils/python_utils/#progbar-class
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ArgumentError(
                "stateful_metrics and stateless_metrics: give one of them; each says which metrics "
                "are an exception to the rule for all others"
            )
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.unit_name = unit_name
        self._shown_as_is = set(stateful_metrics or ())
        self._averaged = None if stateless_metrics is None else set(stateless_metrics)
        self._in_place = _redraws_in_place()
        self._values: dict[str, tuple[float, float]] = {}  # name: (sum, count)
        self._seen = 0
        self._start = time.time()
        self._last_drawn = 0.0
        self._after_first: float | None = None
        self._drawn_width = 0
        self._line_open = False

    def update(
        self,
        current: int,
        values: Sequence[tuple[str, Any]] | None = None,
        finalize: bool | None = None,
    ) -> None:
        """Say how far things are.

        Args:
            current: the number of steps done.
            values: pairs of a metric's name and its value in the last step.
            finalize: whether this is the last update; by default, whether `target` is reached.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        for name, value in values or ():
            self._take(name, value, current, finalize)
        self._seen = current
        now = time.time()
        per_step = self._time_per_step(current, now)
        if self.verbose == 1:
            if now - self._last_drawn < self.interval and not finalize:
                return
            self._draw(current, now, per_step, finalize)
        elif self.verbose == 2 and finalize and self.target:
            took = f"{now - self._start:.0f}s -{_per_unit(per_step, self.unit_name)}"
            print_msg(f"{self._count(current)} - {took}{self._metrics(signed=True)}")
        self._last_drawn = now

    def add(self, n: int, values: Sequence[tuple[str, Any]] | None = None) -> None:
        """`n` more steps are done."""
        self.update(self._seen + n, values)

    def close(self) -> None:
        """End the bar's line where it stands, if it stands in one: training was interrupted."""
        if self._line_open:
            self._line_open = False
            print_msg("")

    # ---- what is shown
    def _take(self, name: str, value: Any, current: int, finalize: bool) -> None:
        value = value if isinstance(value, float) else float(np.mean(value))
        if self._averaged is None:
            averaged = name not in self._shown_as_is
        else:
            averaged = name in self._averaged
        if not averaged or finalize:
            self._values[name] = (value, 1)
            return
        steps = max(current - self._seen, 1)
        total, count = self._values.get(name, (0.0, 0))
        self._values[name] = (total + value * steps, count + steps)

    def _draw(self, current: int, now: float, per_step: float, finalize: bool) -> None:
        text = self._bar(current)
        if self.target and not finalize:
            text += f" {_BOLD}{_clock(per_step * (self.target - current))}{_PLAIN}"
        else:
            text += f" {_BOLD}{now - self._start:.0f}s{_PLAIN}"
        text += _per_unit(per_step, self.unit_name) + self._metrics()
        width = _visible(text)
        back = "\b" * self._drawn_width + "\r" if self._in_place else "\n"
        rest = " " * (self._drawn_width - width)
        self._line_open = True  # before the write: Ctrl-C may come in the middle of it
        print_msg(back + text + rest + ("\n" if finalize else ""), line_break=False)
        self._drawn_width = width
        self._line_open = not finalize

    def _bar(self, current: int) -> str:
        if not self.target:
            return f"{current:7d}/Unknown"
        done = int(self.width * (float(current) / self.target))
        green = f"{_GREEN}{'━' * done}{_PLAIN}" if done > 0 else ""
        gray = f"{_GRAY}{'━' * (self.width - done)}{_PLAIN}"
        return f"{_BOLD}{self._count(current)}{_PLAIN} {green}{gray}"

    def _count(self, current: int) -> str:
        assert self.target
        digits = int(math.log10(self.target)) + 1
        return f"{current:{digits}d}/{self.target}"

    def _metrics(self, signed: bool = False) -> str:
        """The metrics; like Keras', a one-line summary (`signed`) has negatives in exponents."""
        text = ""
        for name, (total, count) in self._values.items():
            mean = total / max(1, count)
            small = (mean if signed else abs(mean)) <= 1e-3
            text += f" - {name}: {mean:.4e}" if small else f" - {name}: {mean:.4f}"
        return text

    def _time_per_step(self, current: int, now: float) -> float:
        """Seconds a step; the first one, which is slower, is left out once there are others."""
        if not current:
            return 0.0
        if self._after_first is not None and current > 1:
            per_step = (now - self._after_first) / (current - 1)
        else:
            per_step = (now - self._start) / current
        if current == 1:
            self._after_first = now
        return per_step


def _redraws_in_place() -> bool:
    """Whether output goes back and is overwritten: on POSIX always, elsewhere where it is seen."""
    return (
        bool(getattr(sys.stdout, "isatty", bool)())
        or "ipykernel" in sys.modules
        or "posix" in sys.modules
        or "PYCHARM_HOSTED" in os.environ
    )


def _visible(text: str) -> int:
    for code in _CODES:
        text = text.replace(code, "")
    return len(text)


def _clock(seconds: float) -> str:
    if seconds > 3600:
        return f"{int(seconds // 3600)}:{int(seconds % 3600 // 60):02d}:{int(seconds % 60):02d}"
    if seconds > 60:
        return f"{int(seconds // 60)}:{int(seconds % 60):02d}"
    return f"{int(seconds)}s"


def _per_unit(seconds: float, unit: str) -> str:
    if seconds >= 1 or seconds == 0:
        return f" {seconds:.0f}s/{unit}"
    if seconds >= 1e-3:
        return f" {seconds * 1e3:.0f}ms/{unit}"
    return f" {seconds * 1e6:.0f}us/{unit}"
