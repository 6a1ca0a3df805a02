"""Rows picked, and added to, by index. Indices outside are clamped: memory's bounds are kept."""

from __future__ import annotations

from whit.graph import dtypes
from whit.graph.build import gather, scatter_add, zeros_like
from whit.graph.tensor import Shape, Tensor, primitive


def _gather_rule(inputs: tuple[Tensor, ...], attrs: tuple) -> tuple[Shape, str]:
    x, indices = inputs
    if not x.ndim or not dtypes.is_integer(indices.dtype):
        raise ValueError(f"gather: cannot index {x!r} with {indices!r}")
    if not x.shape[0] and indices.size:
        raise ValueError(f"gather: {x!r} has no rows to pick from")
    return (*indices.shape, *x.shape[1:]), x.dtype


def _scatter_rule(inputs: tuple[Tensor, ...], attrs: tuple) -> tuple[Shape, str]:
    x, indices, updates = inputs
    _gather_rule((x, indices), ())
    if updates.dtype != x.dtype or updates.shape != (*indices.shape, *x.shape[1:]):
        raise ValueError(f"scatter_add: updates {updates!r} do not fit {x!r} at {indices!r}")
    return x.shape, x.dtype


primitive(
    "gather",
    "indexing",
    _gather_rule,
    lambda g, y, x, indices: (scatter_add(zeros_like(x), indices, g), None),
)
primitive(
    "scatter_add",
    "indexing",
    _scatter_rule,
    lambda g, y, x, indices, updates: (g, None, gather(g, indices)),
)
