"""Order: sort, top-k, quantiles, search, histograms, sets.

Outside a trace NumPy sorts. There is no primitive that sorts, so in a trace an element's rank is
the number of elements before it: every pair is compared, none of the comparisons is stored, and
axes are limited to `MOST_SORTED` places. NaN come last and equal elements keep their order, in
both.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from whit.graph import Tensor, Trace, apply, build, dtypes
from whit.ops import core, shaping
from whit.ops.elementwise import is_nan
from whit.ops.indexing import take_along_axis
from whit.ops.lift import Array, ArrayLike, axes_of, axis_of, floating, op, strong
from whit.ops.reductions import kept

MOST_SORTED = 4096
Axis = int | tuple[int, ...] | list[int] | None


def _computable(*xs: Any) -> bool:
    return Trace.current() is None and not core.is_symbolic(*xs)


# ---- sorting
def argsort(x: ArrayLike, axis: int | None = -1) -> Array:
    """Indices (int32) that sort x along `axis`; of the flattened array if axis is None."""
    if not _computable(x):
        return _traced_argsort(x, axis)
    values = np.asarray(core.convert(x))
    return np.argsort(values, axis, kind="stable").astype(np.int32)


def sort(x: ArrayLike, axis: int | None = -1) -> Array:
    """x in ascending order along `axis`; flattened if axis is None."""
    return take_along_axis(x, argsort(x, axis), axis)


@op("x")
def _traced_argsort(x: ArrayLike, axis: int | None) -> Array:
    if axis is None:
        x, axis = build.reshape(x, (x.size,)), 0
    at = axis_of(axis, x.ndim)
    n = x.shape[at]
    if n > MOST_SORTED:
        raise ValueError(
            f"sorting {n} elements along axis {axis} in a trace: at most {MOST_SORTED} can be; "
            "sort outside the trace, or use top_k"
        )
    if not x.size:
        return build.full(x.shape, 0, "int32")
    mine, other = _pairs(x, at)
    first, second = (build.broadcast(build.iota(n), mine.shape, (q,)) for q in (at, at + 1))
    before = _precedes(other, mine) | (~_precedes(mine, other) & (second < first))
    rank = build.total(build.cast(before, "int32"), (at + 1,))
    return _inverse(rank, at)


def _pairs(x: Tensor, at: int) -> tuple[Tensor, Tensor]:
    """x repeated along a new axis after `at`, and along a new axis in front of it."""
    wide = (*x.shape[:at], x.shape[at], *x.shape[at:])
    mine = build.broadcast(x, wide, [q + (q > at) for q in range(x.ndim)])
    return mine, build.broadcast(x, wide, [q + (q >= at) for q in range(x.ndim)])


def _precedes(a: Tensor, b: Tensor) -> Tensor:
    """Where a comes before b in ascending order, NaN after everything."""
    return apply("less", a, b) | (is_nan(b) & ~is_nan(a)) if dtypes.is_float(a.dtype) else a < b


def _inverse(rank: Tensor, at: int) -> Tensor:
    """The permutation that undoes `rank` along an axis."""
    n = rank.shape[at]
    wide = (*rank.shape[:at], n, *rank.shape[at:])
    ranks = build.broadcast(rank, wide, [q + (q >= at) for q in range(rank.ndim)])
    place = build.broadcast(build.iota(n), wide, (at,))
    index = build.broadcast(build.iota(n), wide, (at + 1,))
    return build.total(build.mask(apply("equal", ranks, place), index), (at + 1,))


def argpartition(x: ArrayLike, kth: int, axis: int | None = -1) -> Array:
    """Indices that put the kth smallest element in its place, smaller ones before (all sorted)."""
    return argsort(x, axis)


@op("x")
def _descending_order(x: ArrayLike) -> Array:
    """An array whose ascending order is x's descending one: equal elements keep theirs."""
    if x.dtype == "bool" or x.dtype[0] == "u":
        return apply("not", x)
    return -x if dtypes.is_float(x.dtype) else apply("not", x)


def top_k(x: ArrayLike, k: int, sorted: bool = True) -> Array:
    """The k largest elements of the last axis, in descending order, and their indices (int32).

    Raises:
        ValueError: k is larger than the axis.
    """
    n = np.shape(x)[-1] if not isinstance(x, Tensor) else x.shape[-1]
    if not 0 <= k <= n:
        raise ValueError(f"top_k: k={k} but the last axis of x has {n} places")
    if _computable(x):
        order = argsort(_descending_order(x), -1)[..., :k]
        return take_along_axis(x, order, -1), order
    return _traced_top_k(x, int(k))


_FEW = 16


@op("x")
def _traced_top_k(x: ArrayLike, k: int) -> Array:
    last = x.ndim - 1
    if k > _FEW:
        order = _traced_argsort(_descending_order(x), -1)
        order = shaping.part(order, last, 0, k)
    else:
        order = _largest_in_turn(x, k)
    return take_along_axis(x, order, -1), order


def _largest_in_turn(x: Tensor, k: int) -> Tensor:
    """Indices of the largest, the next, ...: each step leaves out what was taken."""
    last, n = x.ndim - 1, x.shape[-1]
    x = floating(x) if x.dtype == "bool" else x
    index = build.broadcast(build.iota(n), x.shape, (last,))
    taken = build.full(x.shape, False, "bool")
    picks = []
    for _ in range(k):
        pick = _first_largest(x, taken, index)
        taken = taken | apply("equal", index, build.expand(pick, x.shape, (last,)))
        picks.append(pick)
    return shaping.stack(picks, -1) if picks else build.full((*x.shape[:-1], 0), 0, "int32")


def _first_largest(x: Tensor, taken: Tensor, index: Tensor) -> Tensor:
    last, n = x.ndim - 1, x.shape[-1]
    lowest = -math.inf if dtypes.is_float(x.dtype) else int(np.iinfo(x.dtype).min)
    present = build.where(taken | is_nan(x), lowest, x)
    top = build.expand(build.reduce("max_reduce", present, (last,)), x.shape, (last,))
    here = apply("equal", present, top) & ~taken
    # where only NaN are left, those come in their order
    fresh = build.where(here & ~is_nan(x), index, build.where(taken, 2 * n, index + n))
    place = build.reduce("min_reduce", fresh, (last,))
    return build.where(place >= n, place - n, place)


@op("targets", "predictions")
def in_top_k(targets: ArrayLike, predictions: ArrayLike, k: int) -> Array:
    """Whether fewer than k predictions of a row are larger than that of its target class."""
    classes = build.broadcast(build.iota(predictions.shape[1]), predictions.shape, (1,))
    wanted = build.broadcast(build.cast(targets, "int32"), predictions.shape, (0,))
    own = build.total(build.mask(apply("equal", classes, wanted), predictions), (1,))
    larger = apply("less", build.broadcast(own, predictions.shape, (0,)), predictions)
    count = build.total(build.cast(larger, "int32"), (1,))
    inside = (targets >= 0) & (targets < predictions.shape[1])
    return (count < k) & inside & (build.binary("equal", own - own, 0))


# ---- quantiles
_METHODS: dict[str, Callable[[float], tuple[int, int, float]]] = {
    "linear": lambda p: (math.floor(p), math.ceil(p), p - math.floor(p)),
    "lower": lambda p: (math.floor(p), math.floor(p), 0.0),
    "higher": lambda p: (math.ceil(p), math.ceil(p), 0.0),
    "nearest": lambda p: (round(p), round(p), 0.0),
    "midpoint": lambda p: (math.floor(p), math.ceil(p), 0.5),
}


def quantile(
    x: ArrayLike, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Array:
    """The values below which the shares `q` (known numbers from 0 to 1) of the elements lie.

    Args:
        method: "linear", "lower", "higher", "nearest" or "midpoint" between two elements.
    """
    if method not in _METHODS:
        from whit.naming import did_you_mean

        raise ValueError(
            f"quantile: method={method!r}: expected one of {', '.join(_METHODS)}."
            f"{did_you_mean(str(method), _METHODS)}"
        )
    shares = np.asarray(q, np.float64)
    if ((shares < 0) | (shares > 1)).any():
        raise ValueError(f"quantile: q={q!r} must lie between 0 and 1")
    return _quantile(
        *_lines(x, axis), shares.ravel().tolist(), shares.shape, method, axis, keepdims
    )


def _lines(x: Any, axis: Axis) -> tuple[Any, tuple[int, ...]]:
    """x sorted along one last axis made of `axis`, and its shape before."""
    lines, shape = _merged(x, axis)
    return sort(lines, -1), shape


def _merged(x: Any, axis: Axis) -> tuple[Any, tuple[int, ...]]:
    from whit.ops.control import shape as shape_of

    shape = shape_of(x)
    axes = axes_of(axis, len(shape))
    rest = [a for a in range(len(shape)) if a not in axes]
    lead = tuple(shape[a] for a in rest)
    moved = shaping.transpose(x, (*rest, *axes))
    return shaping.reshape(moved, (*lead, math.prod(shape[a] for a in axes))), shape


@op("ordered")
def _quantile(
    ordered: ArrayLike,
    shape: tuple[int, ...],
    shares: list[float],
    outer: tuple[int, ...],
    method: str,
    axis: Axis,
    keepdims: bool,
) -> Array:
    ordered = floating(ordered)
    n, last = ordered.shape[-1], ordered.ndim - 1
    poisoned = is_nan(shaping.part(ordered, last, n - 1, n))
    axes = axes_of(axis, len(shape))
    results = []
    for share in shares:
        low, high, t = _METHODS[method](share * (n - 1))
        a, b = (shaping.part(ordered, last, i, i + 1) for i in (low, high))
        value = a + (b - a) * t if t else a
        value = build.reshape(build.where(poisoned, math.nan, value), ordered.shape[:-1])
        results.append(kept(value, shape, axes, keepdims))
    y = shaping.stack(results)
    return build.reshape(y, (*outer, *y.shape[1:]))


def percentile(
    x: ArrayLike, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Array:
    """`quantile` with shares in percent."""
    return quantile(x, np.asarray(q, np.float64) / 100, axis, method, keepdims)


def median(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The middle element, or the mean of the middle two."""
    return quantile(x, 0.5, axis, "linear", keepdims)


# ---- search and counts
@op("sorted_sequence", "values")
def searchsorted(sorted_sequence: ArrayLike, values: ArrayLike, side: str = "left") -> Array:
    """Where each value would be put in to keep the sequence sorted: how many elements are below it.

    Args:
        side: "left" counts smaller elements, "right" equal ones too.
    """
    if side not in ("left", "right"):
        raise ValueError(f"searchsorted: side={side!r}: expected 'left' or 'right'")
    if sorted_sequence.ndim != 1:
        raise ValueError(f"searchsorted: sorted_sequence has shape {sorted_sequence.shape}")
    a, v = sorted_sequence, strong(values)
    dtype = dtypes.promote(a.dtype, v.dtype)
    wide = (*v.shape, a.shape[0])
    row = build.broadcast(build.cast(a, dtype), wide, (v.ndim,))
    column = build.broadcast(build.cast(v, dtype), wide, range(v.ndim))
    below = apply("less" if side == "left" else "less_equal", row, column)
    return build.total(build.cast(below, "int32"), (v.ndim,))


def digitize(x: ArrayLike, bins: ArrayLike) -> Array:
    """The index of the bin that each element falls into: bins[i-1] <= x < bins[i]."""
    return searchsorted(bins, x, "right")


def bincount(
    x: ArrayLike, weights: ArrayLike = None, minlength: int = 0, sparse: bool = False
) -> Array:
    """How often each of 0, 1, ... occurs in the last axis, or the sum of its weights.

    In a trace the length of the result is `minlength`; outside, at least the largest element + 1.
    """
    if sparse:
        raise ValueError("sparse=True: whit has no sparse tensors; use sparse=False")
    length = int(minlength)
    if _computable(x):
        values = np.asarray(core.convert(x))
        length = max(length, int(values.max()) + 1 if values.size else 0)
    return _bincount(x, weights, length)


@op("x", "weights")
def _bincount(x: ArrayLike, weights: ArrayLike, length: int) -> Array:
    wide, last = (*x.shape, length), x.ndim
    which = build.broadcast(build.iota(length, x.dtype), wide, (last,))
    here = apply("equal", build.broadcast(x, wide, range(x.ndim)), which)
    if weights is None:
        return build.total(build.cast(here, "int32"), (last - 1,))
    return build.total(build.mask(here, build.broadcast(weights, wide, range(x.ndim))), (last - 1,))


def histogram(x: ArrayLike, bins: int = 10, range: tuple[float, float] | None = None) -> Array:
    """Counts of the elements in `bins` bins of one width, and the edges of the bins.

    Args:
        range: the outer edges; the smallest and the largest element by default (not in a trace).
    """
    if range is None:
        if not _computable(x):
            raise ValueError("histogram: give range=(low, high) in a trace")
        values = np.asarray(core.convert(x))
        range = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    low, high = range
    edges = np.linspace(*((low - 0.5, low + 0.5) if low == high else (low, high)), bins + 1)
    counts = _histogram(x, edges.tolist())
    return counts, edges.astype(np.float32)


@op("x")
def _histogram(x: ArrayLike, edges: list[float]) -> Array:
    x = floating(build.reshape(x, (x.size,)))
    wide = (len(edges), x.size)
    from whit.graph import literal

    bounds = build.broadcast(literal(np.asarray(edges, x.dtype)), wide, (0,))
    row = build.broadcast(x, wide, (1,))
    below = build.cast(apply("less", row, bounds), "int32")
    closed = build.cast(apply("less_equal", row, bounds), "int32")
    counts = build.total(below, (1,))
    upper = shaping.part(build.total(closed, (1,)), 0, len(edges) - 1, len(edges))
    cumulative = build.concat([shaping.part(counts, 0, 0, len(edges) - 1), upper], 0)
    n = len(edges)
    return shaping.part(cumulative, 0, 1, n) - shaping.part(cumulative, 0, 0, n - 1)


# ---- sets
@op("x1", "x2")
def isin(x1: ArrayLike, x2: ArrayLike, assume_unique: bool = False, invert: bool = False) -> Array:
    """Whether each element of x1 occurs in x2; every pair is compared."""
    a, b = strong(x1), strong(x2)
    dtype = dtypes.promote(a.dtype, b.dtype)
    wide = (*a.shape, b.size)
    row = build.broadcast(build.reshape(build.cast(b, dtype), (b.size,)), wide, (a.ndim,))
    same = apply("equal", build.broadcast(build.cast(a, dtype), wide, range(a.ndim)), row)
    found = (
        build.reduce("max_reduce", same, (a.ndim,))
        if b.size
        else build.full(a.shape, False, "bool")
    )
    return ~found if invert else found


def nonzero(x: ArrayLike) -> Array:
    """Indices (int32) of the elements that are not zero, one array for each axis.

    Raises:
        TypeError: in a trace, where their number is not known.
    """
    if not _computable(x):
        raise TypeError(
            "nonzero: how many elements are not zero is not known while tracing; use ops.where"
        )
    return tuple(i.astype(np.int32) for i in np.nonzero(np.asarray(core.convert(x))))


def unique(
    x: ArrayLike,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Any = None,
) -> Array:
    """The different elements of x in ascending order, with what else is asked for.

    Args:
        size: cut, or fill with `fill_value` (the smallest element), to so many.

    Raises:
        TypeError: in a trace, where their number is not known.
    """
    if not _computable(x):
        raise TypeError("unique: how many elements differ is not known while tracing")
    numpy_unique: Any = np.unique  # its overloads want literal flags
    values = np.asarray(core.convert(x))
    found = numpy_unique(values, return_index, return_inverse, return_counts, axis)
    parts = list(found) if isinstance(found, tuple) else [found]
    if size is not None:
        parts[0] = _resized(parts[0], size, axis or 0, fill_value)
    out = [parts[0], *(p.astype(np.int32) for p in parts[1:])]
    return tuple(out) if len(out) > 1 else out[0]


def _resized(x: np.ndarray, size: int, axis: int, fill_value: Any) -> np.ndarray:
    x = np.take(x, np.arange(min(size, x.shape[axis])), axis)
    widths = [(0, size - d if q == axis else 0) for q, d in enumerate(x.shape)]
    return np.pad(x, widths, constant_values=x.min() if fill_value is None else fill_value)
