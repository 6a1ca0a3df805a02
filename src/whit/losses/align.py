"""What all losses and metrics do first: bring targets and predictions to one rank and one dtype.

Functions here work on arrays and on traced tensors alike, or, where they say so, on tensors alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from whit import config
from whit.graph import Tensor, apply, build, dtypes
from whit.ops import core
from whit.ops.lift import axis_of, floating, strong


def compute_dtype(dtype: Any) -> str:
    """A dtype's or dtype policy's name; the default type for None."""
    if dtype is None:
        return config.floatx()
    dtype = getattr(dtype, "compute_dtype", dtype)
    return "int32" if dtype == "int" else dtypes.canonical(dtype)


def as_value(x: Any, dtype: str | None = None) -> Any:
    """`x` as an array outside a trace, as a tensor inside, of `dtype` if that is given."""
    x = core.convert(x)
    if not isinstance(x, np.ndarray | Tensor):
        x = np.asarray(x, dtypes.canonical(type(x)))
    return x if dtype is None else core.cast(x, dtype)


def same_rank(a: Any, b: Any, expand_rank_1: bool = True) -> tuple[Any, Any]:
    """`a` and `b` with a last axis of extent 1 added or dropped if that makes their ranks equal.

    Args:
        a, b: arrays or tensors.
        expand_rank_1: (n,) beside (n, 1) becomes (n, 1); if False both become (n,).

    Returns:
        The two, unchanged unless their ranks differ by one and the longer one ends in 1.
    """
    if len(a.shape) == len(b.shape) + 1 and a.shape[-1] == 1:
        return (a, b[..., None]) if len(b.shape) == 1 and expand_rank_1 else (a[..., 0], b)
    if len(b.shape) == len(a.shape) + 1 and b.shape[-1] == 1:
        return (a[..., None], b) if len(a.shape) == 1 and expand_rank_1 else (a, b[..., 0])
    return a, b


def operands(y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Tensors of one rank and the floating dtype of the predictions."""
    p = floating(strong(y_pred))
    return same_rank(build.cast(strong(y_true), p.dtype), p)


def first_of_largest(x: Tensor, axis: int = -1) -> Tensor:
    """The place of the first maximum along an axis; beside a NaN the extent, which is no place.

    Leaner than `ops.argmax`, which looks for the NaN itself: accuracies run it in every step.
    """
    axis = axis_of(axis, x.ndim)
    places = build.broadcast(build.iota(x.shape[axis]), x.shape, (axis,))
    hit = apply("equal", x, build.expand(build.reduce("max_reduce", x, (axis,)), x.shape, (axis,)))
    return build.reduce("min_reduce", build.where(hit, places, x.shape[axis]), (axis,))
