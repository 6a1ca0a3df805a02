"""A conditional over assignments, for arrays and for traces alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from whit import ops
from whit.graph import Tensor, Trace


def choose(condition: Any, then: Callable[[], Any], otherwise: Callable[[], Any]) -> None:
    """Make the assignments of `then()` where `condition` is true, else those of `otherwise()`.

    In a trace both run, each from the state before, and every variable that they leave different
    becomes a `where`.
    """
    trace = Trace.current()
    if trace is None or not isinstance(condition, Tensor):
        (then if condition else otherwise)()
        return
    before = dict(trace.values)
    then()
    first = dict(trace.values)
    # `variables` holds the first values of those that `then` was the first to read
    trace.values = {v: before.get(v, trace.variables[v]) for v in first}
    otherwise()
    for v, b in list(trace.values.items()):
        a = first.get(v, trace.variables[v])
        if a is not b:
            trace.assign(v, ops.where(condition, a, b))
