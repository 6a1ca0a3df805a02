"""Tells whether each row of a prediction depends on its own row of the input alone.

If so, a short batch may be padded to the size of a program that exists, in place of compiling
another. The batch axis is followed through the graph: every primitive keeps it, moves it or, where
it mixes rows (a sum over it, say), ends the search. What is not in the table counts as mixing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from whit.graph import Program, Tensor

Axes = Sequence["int | None"]  # of each input: its batch axis; None if it does not depend on rows
Rule = Callable[[Tensor, Axes], "int | None"]


class _Mixed(Exception):
    """Rows meet here."""


def rows_are_independent(program: Program, inputs: Sequence[Tensor]) -> bool:
    """Whether row i of every output depends on row i of `inputs` alone, and no state on any row."""
    axes: dict[Tensor, int | None] = {x: 0 for x in inputs}
    try:
        for node in program.nodes:
            if node not in axes:
                axes[node] = _follow(node, [axes[a] for a in node.inputs])
    except _Mixed:
        return False
    return all(axes[t] == 0 for t in program.outputs) and all(
        axes[t] is None for t in program.updates
    )


def _follow(node: Tensor, axes: Axes) -> int | None:
    if all(a is None for a in axes):
        return None
    if node.primitive.kind == "elementwise":
        return _same(axes)
    rule = _RULES.get(node.op)
    if rule is None:
        raise _Mixed
    return rule(node, axes)


def _same(axes: Axes) -> int | None:
    found = {a for a in axes if a is not None}
    if len(found) != 1:
        raise _Mixed
    return found.pop()


def _check(rows_stay_apart: bool) -> None:
    if not rows_stay_apart:
        raise _Mixed


def _broadcast(node: Tensor, axes: Axes) -> int | None:
    return node.attrs[1][axes[0]]


def _reshape(node: Tensor, axes: Axes) -> int | None:
    old, axis = node.inputs[0].shape, axes[0]
    assert axis is not None
    before = math.prod(old[:axis])
    for q, extent in enumerate(node.shape):
        if extent == old[axis] and math.prod(node.shape[:q]) == before:
            return q
    raise _Mixed


def _transpose(node: Tensor, axes: Axes) -> int | None:
    return node.attrs[0].index(axes[0])


def _slice(node: Tensor, axes: Axes) -> int | None:
    axis = axes[0]
    start, stop, step = (attr[axis] for attr in node.attrs)
    _check((start, stop, step) == (0, node.inputs[0].shape[axis], 1))  # type: ignore[index]
    return axis


def _pad(node: Tensor, axes: Axes) -> int | None:
    axis = axes[0]
    low, high, _ = node.attrs
    _check(low[axis] == high[axis] == 0)
    return axis


def _flip(node: Tensor, axes: Axes) -> int | None:
    _check(axes[0] not in node.attrs[0])
    return axes[0]


def _concat(node: Tensor, axes: Axes) -> int | None:
    axis = _same(axes)
    _check(axis != node.attrs[0])
    return axis


def _reduce(node: Tensor, axes: Axes) -> int | None:
    axis, reduced = axes[0], node.attrs[0]
    assert axis is not None
    _check(axis not in reduced)
    return axis - sum(r < axis for r in reduced)


def _cumulate(node: Tensor, axes: Axes) -> int | None:
    _check(axes[0] != node.attrs[0])
    return axes[0]


def _dot(node: Tensor, axes: Axes) -> int | None:
    a, b = axes
    last = node.ndim - 1
    _check(a != last and b != last - 1)  # the axes that are summed over
    _check(a is None or b is None or (a == b and a < last - 1))
    return a if a is not None else b


def _gather(node: Tensor, axes: Axes) -> int | None:
    table, indices = axes
    if table is None:
        return indices
    _check(table > 0 and indices is None)
    return node.inputs[1].ndim + table - 1


_RULES: dict[str, Rule] = {
    "stop": lambda node, axes: _same(axes),
    "broadcast": _broadcast,
    "reshape": _reshape,
    "transpose": _transpose,
    "slice": _slice,
    "pad": _pad,
    "flip": _flip,
    "concat": _concat,
    "sum": _reduce,
    "max_reduce": _reduce,
    "min_reduce": _reduce,
    "prod": _reduce,
    "cumsum": _cumulate,
    "dot": _dot,
    "gather": _gather,
}
