"""Elements picked, placed and chosen by index or by condition. Indices out of range are clamped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from whit.graph import Tensor, apply, build, dtypes
from whit.ops import shaping
from whit.ops.lift import Array, ArrayLike, axis_of, op, strong
from whit.ops.shaping import static_shape


# ---- chosen
@op("condition", "x1", "x2")
def where(condition: ArrayLike, x1: ArrayLike = None, x2: ArrayLike = None) -> Array:
    """x1 where the condition is true, else x2.

    Raises:
        ValueError: only one of x1 and x2 is given. With neither use `nonzero`.
    """
    if x1 is None or x2 is None:
        raise ValueError(
            "where: give both x1 and x2; the places where a condition holds are "
            "ops.nonzero(condition)"
        )
    return build.where(strong(condition), strong_beside(x1, x2), strong_beside(x2, x1))


def strong_beside(x: Any, other: Any) -> Any:
    """A scalar that stands beside another scalar gets a type of its own."""
    return x if isinstance(x, Tensor) or isinstance(other, Tensor) else strong(x)


@op("*condlist", "*choicelist", "default")
def select(
    condlist: Sequence[ArrayLike], choicelist: Sequence[ArrayLike], default: ArrayLike = 0
) -> Array:
    """For each place the choice of the first condition that holds there, else `default`."""
    if len(condlist) != len(choicelist) or not condlist:
        raise ValueError(
            f"select: {len(condlist)} conditions and {len(choicelist)} choices; expected as many "
            "of each, one or more"
        )
    result: Any = default
    for condition, choice in zip(condlist[::-1], choicelist[::-1], strict=True):
        result = build.where(
            strong(condition), strong_beside(choice, result), strong_beside(result, choice)
        )
    return result


# ---- picked
def wrapped(indices: Tensor, n: int) -> Tensor:
    """Indices with those below 0 counted from the end."""
    if not dtypes.is_integer(indices.dtype):
        indices = build.cast(indices, "int32")
    if indices.dtype[0] == "u":
        return indices
    if indices.dtype in ("int8", "int16"):
        indices = build.cast(indices, "int32")
    return build.where(indices < 0, indices + n, indices)


@op("x", "indices")
def take(x: ArrayLike, indices: ArrayLike, axis: int | None = None) -> Array:
    """The slices of x at `indices` along `axis` (of the flattened array by default)."""
    x, indices = strong(x), strong(indices)
    if axis is None:
        x, axis = build.reshape(x, (x.size,)), 0
    at = axis_of(axis, x.ndim)
    front = build.transpose(x, [at, *(q for q in range(x.ndim) if q != at)])
    rows = build.gather(front, wrapped(indices, x.shape[at]))
    k = indices.ndim
    order = [*range(k, k + at), *range(k), *range(k + at, rows.ndim)]
    return build.transpose(rows, order)


@op("x", "indices")
def take_along_axis(x: ArrayLike, indices: ArrayLike, axis: int | None = None) -> Array:
    """One element of x for each index, a place along `axis`; the other axes match."""
    x, indices = strong(x), strong(indices)
    if axis is None:
        x, axis = build.reshape(x, (x.size,)), 0
    at = axis_of(axis, x.ndim)
    if indices.ndim != x.ndim:
        raise ValueError(
            f"take_along_axis: indices have shape {indices.shape} and x {x.shape}; "
            "expected as many axes"
        )
    shapes = [tuple(1 if q == at else d for q, d in enumerate(v.shape)) for v in (x, indices)]
    outer = build.broadcast_shapes(*shapes)
    full = lambda n: tuple(n if q == at else d for q, d in enumerate(outer))  # noqa: E731
    x = build.broadcast_to(x, full(x.shape[at]))
    indices = build.broadcast_to(indices, full(indices.shape[at]))
    place = build.cast(wrapped(indices, x.shape[at]), "int32")
    place = clamp(place, x.shape[at]) * math.prod(x.shape[at + 1 :])
    for q, d in enumerate(x.shape):
        if q != at and d > 1:
            index = build.broadcast(build.iota(d), indices.shape, (q,))
            place = place + index * math.prod(x.shape[q + 1 :])
    return build.gather(build.reshape(x, (x.size,)), place)


def clamp(index: Tensor, n: int) -> Tensor:
    """Indices moved into 0 .. n-1."""
    return apply("max", build.binary("min", index, n - 1), build.zeros_like(index))


@op("x")
def get_item(x: ArrayLike, key: Any) -> Array:
    """x[key], where key has integers, slices, None and Ellipsis, or is one array of indices.

    A tuple of index arrays picks single elements, or slices of the axes that follow.
    """
    if isinstance(key, tuple) and key and all(_is_index_array(k) for k in key):
        return _pick(x, [strong(_as_index(k)) for k in key])
    return x[_as_index(key)] if _is_index_array(key) else x[key]


def _is_index_array(key: Any) -> bool:
    return isinstance(key, Tensor | list) or (isinstance(key, np.ndarray) and key.ndim > 0)


def _as_index(key: Any) -> Tensor:
    from whit.ops.core import symbolic

    index = key if isinstance(key, Tensor) else symbolic(np.asarray(key))
    if index.dtype == "bool":
        raise ValueError(
            "x[mask]: how many elements a mask picks is not known beforehand; use ops.where, or "
            "ops.nonzero outside a trace"
        )
    return index


def _pick(x: Tensor, indices: Sequence[Tensor]) -> Tensor:
    """x[i, j, ...] for index arrays that broadcast, along the leading axes."""
    if len(indices) > x.ndim:
        raise ValueError(f"{len(indices)} index arrays for an array of shape {x.shape}")
    shape = build.broadcast_shapes(*(i.shape for i in indices))
    place = build.full(shape, 0, "int32")
    for n, i in zip(x.shape, indices, strict=False):
        i = clamp(build.cast(wrapped(i, n), "int32"), n)
        place = place * n + build.broadcast_to(i, shape)
    k = len(indices)
    rows = build.reshape(x, (math.prod(x.shape[:k]), *x.shape[k:]))
    return build.gather(rows, place)


@op("x", "start_indices")
def _slice(x: ArrayLike, start_indices: ArrayLike, shape: Any) -> Array:
    sizes = static_shape(shape)
    for axis, n in enumerate(sizes):
        span = x.shape[axis] if n == -1 else n
        start = build.binary("min", _element(start_indices, axis), x.shape[axis] - span)
        index = build.iota(span) + build.broadcast(start, (span,), ())
        x = take(x, index, axis)
    return x


def _element(vector: Tensor, q: int) -> Tensor:
    return build.cast(build.reshape(shaping.part(vector, 0, q, q + 1), ()), "int32")


def slice(inputs: ArrayLike, start_indices: Any, shape: Any) -> Array:
    """The block of `shape` that begins at `start_indices`.

    Args:
        start_indices: one integer for each axis: numbers, or an array computed in a trace.
        shape: extents of the block; -1 means up to the end (from a known start).
    """
    try:
        start = static_shape(start_indices, "start_indices")
    except (ValueError, TypeError):
        return _slice(inputs, start_indices, shape)
    return _static_slice(inputs, start, static_shape(shape))


@op("inputs")
def _static_slice(inputs: ArrayLike, start: tuple[int, ...], shape: tuple[int, ...]) -> Array:
    if not len(start) == len(shape) == inputs.ndim:
        raise ValueError(
            f"slice: start_indices={start} and shape={shape} need one entry for each of the "
            f"{inputs.ndim} axes of inputs"
        )
    spans = zip(start, shape, inputs.shape, strict=True)
    stop = tuple(d if n == -1 else a + n for a, n, d in spans)
    return build.slice_(inputs, start, stop, (1,) * inputs.ndim)


# ---- placed
def slice_update(inputs: ArrayLike, start_indices: Any, updates: ArrayLike) -> Array:
    """`inputs` with the block that begins at `start_indices` replaced by `updates`.

    Args:
        start_indices: one integer for each axis: numbers, or an array computed in a trace.
    """
    try:
        start = static_shape(start_indices, "start_indices")
    except (ValueError, TypeError):
        return _moving_update(inputs, start_indices, updates)
    return _static_update(inputs, updates, start)


@op("inputs", "updates")
def _static_update(inputs: ArrayLike, updates: ArrayLike, start: tuple[int, ...]) -> Array:
    updates = build.cast(updates, inputs.dtype)
    ends = zip(inputs.shape, start, updates.shape, strict=True)
    high = tuple(d - a - n for d, a, n in ends)
    inside = build.pad(build.full(updates.shape, True, "bool"), start, high, False)
    return build.where(inside, build.pad(updates, start, high), inputs)


@op("inputs", "start_indices", "updates")
def _moving_update(inputs: ArrayLike, start_indices: ArrayLike, updates: ArrayLike) -> Array:
    inside = build.full(inputs.shape, True, "bool")
    source = build.cast(updates, inputs.dtype)
    for axis, (d, n) in enumerate(zip(inputs.shape, updates.shape, strict=True)):
        start = build.binary("min", _element(start_indices, axis), d - n)
        index = build.iota(d) - build.broadcast(start, (d,), ())
        within = (index >= 0) & (index < n)
        inside = inside & build.broadcast(within, inputs.shape, (axis,))
        source = take(source, clamp(index, n), axis)
    return build.where(inside, source, inputs)


def _flat_places(indices: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Row-major places of index vectors (the last axis of `indices`), as one axis."""
    count, k = math.prod(indices.shape[:-1]), indices.shape[-1]
    table = build.reshape(indices, (count, k))
    place = build.full((count,), 0, "int32")
    for q in range(k):
        column = build.reshape(shaping.part(table, 1, q, q + 1), (count,))
        place = place * shape[q] + build.cast(wrapped(column, shape[q]), "int32")
    return place


@op("indices", "values")
def scatter(indices: ArrayLike, values: ArrayLike, shape: Any) -> Array:
    """Zeros of `shape` with `values` added at `indices` (index vectors along the last axis)."""
    return _scatter_add(build.full(static_shape(shape), 0, strong(values).dtype), indices, values)


@op("inputs", "indices", "updates")
def scatter_update(
    inputs: ArrayLike, indices: ArrayLike, updates: ArrayLike, reduction: str | None = None
) -> Array:
    """`inputs` with `updates` at `indices` (index vectors along the last axis).

    Args:
        reduction: None sets the elements (the last of several updates of one place counts); "add",
            "mul", "max" and "min" combine them with what is there. All but "add" compare every
            update with every other, so they are for few updates.
    """
    if reduction not in (None, *_COMBINE):
        raise ValueError(
            f"scatter_update: reduction={reduction!r}: expected None, {', '.join(_COMBINE)}"
        )
    updates = build.cast(strong(updates), inputs.dtype)
    if reduction == "add":
        return _scatter_add(inputs, indices, updates)
    return _scatter_combine(inputs, indices, updates, reduction)


def _scatter_add(x: Tensor, indices: Tensor, updates: Any) -> Tensor:
    k = indices.shape[-1]
    inner = x.shape[k:]
    rows = build.reshape(x, (math.prod(x.shape[:k]), *inner))
    place = _flat_places(indices, x.shape)
    updates = build.broadcast_to(strong(updates), (*indices.shape[:-1], *inner))
    flat = build.reshape(updates, (*place.shape, *inner))
    return build.reshape(build.scatter_add(rows, place, flat), x.shape)


def _scatter_combine(x: Tensor, indices: Tensor, updates: Tensor, reduction: str | None) -> Tensor:
    """Reduce the updates of each place to one (held by the last of them), then place those."""
    k = indices.shape[-1]
    inner = x.shape[k:]
    place = _flat_places(indices, x.shape)
    n = place.shape[0]
    updates = build.broadcast_to(updates, (*indices.shape[:-1], *inner))
    flat = build.reshape(updates, (n, *inner))
    same = apply("equal", *(build.broadcast(place, (n, n), (axis,)) for axis in (0, 1)))
    later = same & ~shaping.triangle(n, n, 0)
    last = ~build.reduce("max_reduce", later, (1,)) if n else build.full((0,), True, "bool")
    if reduction is not None:
        flat = _reduce_groups(flat, same, reduction)
    kept = build.mask(build.broadcast(last, flat.shape, (0,)), flat)
    rows = build.reshape(x, (math.prod(x.shape[:k]), *inner))
    sums = build.scatter_add(build.zeros_like(rows), place, kept)
    counts = build.scatter_add(build.full((rows.shape[0],), 0, "int32"), place, _ones(n))
    touched = build.broadcast(counts > 0, rows.shape, (0,))
    new = sums if reduction is None else apply(reduction, rows, sums)
    return build.reshape(build.where(touched, new, rows), x.shape)


def _ones(n: int) -> Tensor:
    return build.full((n,), 1, "int32")


_COMBINE = {
    "add": ("sum", 0),
    "mul": ("prod", 1),
    "max": ("max_reduce", None),
    "min": ("min_reduce", None),
}


def _reduce_groups(flat: Tensor, same: Tensor, reduction: str) -> Tensor:
    """Row i becomes the combination of the rows j with same[i, j]."""
    name, neutral = _COMBINE[reduction]
    if not flat.shape[0]:
        return flat
    wide = (flat.shape[0], *flat.shape)
    rows = build.broadcast(flat, wide, range(1, len(wide)))
    own = build.broadcast(flat, wide, (0, *range(2, len(wide))))
    member = build.broadcast(same, wide, (0, 1))
    return build.reduce(name, build.where(member, rows, own if neutral is None else neutral), (1,))


# ---- grouped
def _segments(segment_ids: Tensor, num_segments: int | None) -> int:
    if num_segments is None:
        raise ValueError(
            "num_segments=None: the number of segments must be known beforehand; give num_segments"
        )
    return int(num_segments)


def _count_segments(segment_ids: Any, num_segments: int | None) -> int | None:
    """The number of segments, read off ids that are known."""
    if num_segments is not None or isinstance(segment_ids, Tensor):
        return num_segments
    ids = np.asarray(segment_ids)
    return int(ids.max()) + 1 if ids.size else 0


def segment_sum(
    data: ArrayLike, segment_ids: ArrayLike, num_segments: int | None = None, sorted: bool = False
) -> Array:
    """Sums of the rows of `data` that have one segment id; ids out of range are left out."""
    return _segment(data, segment_ids, _count_segments(segment_ids, num_segments), "sum")


def segment_prod(
    data: ArrayLike, segment_ids: ArrayLike, num_segments: int | None = None, sorted: bool = False
) -> Array:
    """Products of the rows of `data` that have one segment id."""
    return _segment(data, segment_ids, _count_segments(segment_ids, num_segments), "prod")


def segment_max(
    data: ArrayLike, segment_ids: ArrayLike, num_segments: int | None = None, sorted: bool = False
) -> Array:
    """Largest of the rows of `data` that have one segment id; -inf (the type's least) for none."""
    return _segment(data, segment_ids, _count_segments(segment_ids, num_segments), "max_reduce")


def segment_min(
    data: ArrayLike, segment_ids: ArrayLike, num_segments: int | None = None, sorted: bool = False
) -> Array:
    """Smallest of the rows of `data` that have one segment id; inf (the type's most) for none."""
    return _segment(data, segment_ids, _count_segments(segment_ids, num_segments), "min_reduce")


@op("data", "segment_ids")
def _segment(data: ArrayLike, segment_ids: ArrayLike, num_segments: int | None, name: str) -> Array:
    """Every segment looks at every row: one comparison for each pair, none of them stored."""
    k = _segments(segment_ids, num_segments)
    neutral = _neutral(name, data.dtype)
    if not data.shape[0]:
        return build.full((k, *data.shape[1:]), neutral, data.dtype)
    wide = (k, *data.shape)
    ids = build.broadcast(build.cast(segment_ids, "int32"), wide, (1,))
    here = apply("equal", ids, build.broadcast(build.iota(k), wide, (0,)))
    rows = build.broadcast(data, wide, range(1, len(wide)))
    return build.reduce(name, build.where(here, rows, neutral), (1,))


def _neutral(name: str, dtype: str) -> Any:
    if name in ("sum", "prod"):
        return int(name == "prod")
    if dtypes.is_float(dtype):
        return -math.inf if name == "max_reduce" else math.inf
    info = np.iinfo(dtype)
    return int(info.min if name == "max_reduce" else info.max)


@op("indices")
def unravel_index(indices: ArrayLike, shape: Any) -> Array:
    """The index along each axis of places in the row-major order of `shape`; a tuple."""
    extents = static_shape(shape)
    rest = wrapped(indices, math.prod(extents))
    columns = []
    for d in extents[::-1]:
        above = apply("floor_divide", *build.unify(rest, d))
        columns.append(rest - above * d)
        rest = above
    return tuple(columns[::-1])
