"""Rearrangements: shapes, axes, joining, splitting, padding. Nothing is computed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from whit.graph import Tensor, apply, build, dtypes
from whit.ops.lift import Array, ArrayLike, axes_of, axis_of, op, strong

Axis = int | tuple[int, ...] | list[int] | None


def static_shape(shape: Any, name: str = "shape") -> tuple[int, ...]:
    """A shape given as an integer or a sequence of integers, as a tuple of Python's."""
    try:
        given = (shape,) if hasattr(shape, "__index__") and not np.ndim(shape) else tuple(shape)
        return tuple(int(d.__index__()) for d in given)
    except (TypeError, AttributeError):
        raise ValueError(f"{name}={shape!r}: expected an integer or a tuple of integers") from None


# ---- shape
@op("x")
def reshape(x: ArrayLike, newshape: Any) -> Array:
    """The elements of x in row-major order under another shape; one extent may be -1."""
    shape = static_shape(newshape, "newshape")
    if -1 in shape:
        rest = -math.prod(shape)
        if shape.count(-1) > 1 or not rest or x.size % rest:
            raise ValueError(
                f"newshape={shape}: the extent -1 has no value for x of shape {x.shape} "
                f"({x.size} elements)"
            )
        shape = tuple(x.size // rest if d == -1 else d for d in shape)
    return build.reshape(x, shape)


@op("x")
def ravel(x: ArrayLike) -> Array:
    """All elements in row-major order along one axis."""
    return build.reshape(x, (x.size,))


@op("x")
def squeeze(x: ArrayLike, axis: Axis = None) -> Array:
    """x without its axes of extent 1, or without those of `axis`."""
    if axis is None:
        return build.reshape(x, tuple(d for d in x.shape if d != 1))
    axes = axes_of(axis, x.ndim)
    for a in axes:
        if x.shape[a] != 1:
            raise ValueError(
                f"squeeze: axis={axis!r} has extent {x.shape[a]} in shape {x.shape}, expected 1"
            )
    return build.reshape(x, tuple(d for q, d in enumerate(x.shape) if q not in axes))


@op("x")
def expand_dims(x: ArrayLike, axis: Axis) -> Array:
    """x with new axes of extent 1, which stand at `axis` in the result."""
    given = axis if isinstance(axis, tuple | list) else (axis,)
    axes = axes_of(given, x.ndim + len(given))
    old = iter(x.shape)
    return build.reshape(x, tuple(1 if q in axes else next(old) for q in range(x.ndim + len(axes))))


@op("x")
def broadcast_to(x: ArrayLike, shape: Any) -> Array:
    """x repeated to `shape`, by NumPy's rule."""
    return build.broadcast_to(x, static_shape(shape))


# ---- order of axes
@op("x")
def transpose(x: ArrayLike, axes: Any = None) -> Array:
    """x with its axes in the order `axes`, reversed by default."""
    if axes is None:
        return build.transpose(x, range(x.ndim)[::-1])
    perm = [axis_of(a, x.ndim, "axes") for a in axes]
    if sorted(perm) != list(range(x.ndim)):
        raise ValueError(f"axes={axes!r} is not an order of the {x.ndim} axes of shape {x.shape}")
    return build.transpose(x, perm)


@op("x")
def moveaxis(x: ArrayLike, source: Any, destination: Any) -> Array:
    """x with the axes `source` moved to the places `destination`, the others in their order."""
    pairs = [v if isinstance(v, tuple | list) else (v,) for v in (source, destination)]
    src, dst = ([axis_of(a, x.ndim) for a in p] for p in pairs)
    if len(src) != len(dst) or len(set(src)) != len(src) or len(set(dst)) != len(dst):
        raise ValueError(
            f"source={source!r} and destination={destination!r} must name equally many "
            "different axes"
        )
    return build.transpose(x, _moved(x.ndim, src, dst))


def _moved(ndim: int, source: Sequence[int], destination: Sequence[int]) -> list[int]:
    perm = [q for q in range(ndim) if q not in source]
    for to, from_ in sorted(zip(destination, source, strict=True)):
        perm.insert(to, from_)
    return perm


@op("x")
def swapaxes(x: ArrayLike, axis1: int, axis2: int) -> Array:
    """x with two axes exchanged."""
    perm = list(range(x.ndim))
    a, b = axis_of(axis1, x.ndim, "axis1"), axis_of(axis2, x.ndim, "axis2")
    perm[a], perm[b] = b, a
    return build.transpose(x, perm)


# ---- order of elements
@op("x")
def flip(x: ArrayLike, axis: Axis = None) -> Array:
    """x reversed along `axis` (all axes by default)."""
    return build.flip(x, axes_of(axis, x.ndim))


def fliplr(x: ArrayLike) -> Array:
    """x reversed along its second axis."""
    return flip(x, 1)


def flipud(x: ArrayLike) -> Array:
    """x reversed along its first axis."""
    return flip(x, 0)


@op("x")
def roll(x: ArrayLike, shift: Any, axis: Axis = None) -> Array:
    """x with its elements moved by `shift` along `axis`, those that fall out coming in again."""
    if axis is None:
        return build.reshape(_roll(build.reshape(x, (x.size,)), shift, 0), x.shape)
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    shifts = shift if isinstance(shift, tuple | list) else (shift,) * len(axes)
    for s, a in zip(shifts, axes, strict=True):
        x = _roll(x, s, axis_of(a, x.ndim))
    return x


def _roll(x: Tensor, shift: int, axis: int) -> Tensor:
    n = x.shape[axis]
    cut = n - shift % n if n else 0
    return x if cut == n else build.concat([part(x, axis, cut, n), part(x, axis, 0, cut)], axis)


def part(x: Tensor, axis: int, start: int, stop: int, step: int = 1) -> Tensor:
    """x[start:stop:step] along one axis."""
    at = [(start, stop, step) if q == axis else (0, d, 1) for q, d in enumerate(x.shape)]
    return build.slice_(x, *(tuple(v) for v in zip(*at, strict=True)))


@op("array")
def rot90(array: ArrayLike, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Array:
    """x turned by k quarters of a circle in the plane of two axes, from the first to the second."""
    a, b = (axis_of(v, array.ndim, "axes") for v in axes)
    if a == b:
        raise ValueError(f"rot90: axes={axes!r} must be two different axes")
    turns = k % 4
    if turns in (1, 2):
        array = build.flip(array, (b,) if turns == 1 else (a, b))
    elif turns == 3:
        array = build.flip(array, (a,))
    return swapaxes(array, a, b) if turns % 2 else array


# ---- repetition
@op("x")
def tile(x: ArrayLike, repeats: Any) -> Array:
    """x repeated as a whole, `repeats` times along each axis."""
    reps = static_shape(repeats, "repeats")
    reps = (1,) * (x.ndim - len(reps)) + reps
    shape = (1,) * (len(reps) - x.ndim) + x.shape
    wide = tuple(v for r, d in zip(reps, shape, strict=True) for v in (r, d))
    dims = [2 * q + 1 for q in range(len(shape))]
    y = build.broadcast(build.reshape(x, shape), wide, dims)
    return build.reshape(y, tuple(r * d for r, d in zip(reps, shape, strict=True)))


@op("x")
def repeat(x: ArrayLike, repeats: Any, axis: int | None = None) -> Array:
    """Each element along `axis` (of the flattened array by default) `repeats` times in a row.

    Args:
        repeats: an integer, or known integers, one for each place on the axis.
    """
    if axis is None:
        x, axis = build.reshape(x, (x.size,)), 0
    at = axis_of(axis, x.ndim)
    counts = static_shape(repeats, "repeats")
    if len(counts) == 1:
        wide = (*x.shape[: at + 1], counts[0], *x.shape[at + 1 :])
        y = build.broadcast(x, wide, [q + (q > at) for q in range(x.ndim)])
        return build.reshape(y, (*x.shape[:at], x.shape[at] * counts[0], *x.shape[at + 1 :]))
    if len(counts) != x.shape[at]:
        raise ValueError(f"repeats={repeats!r}: expected {x.shape[at]} integers for axis {axis}")
    from whit.ops.indexing import take

    return take(x, np.repeat(np.arange(len(counts), dtype=np.int32), counts), at)


# ---- joining and splitting
def _one_dtype(xs: Sequence[Any]) -> list[Tensor]:
    tensors = [strong(x) for x in xs]
    dtype = dtypes.promote(*(t.dtype for t in tensors))
    return [build.cast(t, dtype) for t in tensors]


@op("*xs")
def concatenate(xs: Sequence[ArrayLike], axis: int | None = 0) -> Array:
    """Arrays one after the other along `axis`."""
    if not xs:
        raise ValueError("concatenate: xs is empty; expected one array or more")
    parts = _one_dtype(xs)
    if axis is None:
        parts, axis = [build.reshape(p, (p.size,)) for p in parts], 0
    at = axis_of(axis, parts[0].ndim)
    if len({p.ndim for p in parts}) > 1:
        raise ValueError(f"concatenate: numbers of axes differ: {[p.shape for p in parts]}")
    return build.concat(parts, at)


@op("*x")
def stack(x: Sequence[ArrayLike], axis: int = 0) -> Array:
    """Arrays of one shape beside each other along a new axis."""
    if not x:
        raise ValueError("stack: x is empty; expected one array or more")
    parts = _one_dtype(x)
    shape = parts[0].shape
    if any(p.shape != shape for p in parts):
        raise ValueError(f"stack: shapes differ: {[p.shape for p in parts]}")
    at = axis_of(axis, len(shape) + 1)
    return build.concat([build.reshape(p, (*shape[:at], 1, *shape[at:])) for p in parts], at)


@op("*xs")
def hstack(xs: Sequence[ArrayLike]) -> Array:
    """Arrays one after the other along the second axis (the first, if they have one)."""
    parts = [p if p.ndim else build.reshape(p, (1,)) for p in _one_dtype(xs)]
    return build.concat(parts, 1 if parts[0].ndim > 1 else 0)


@op("*xs")
def vstack(xs: Sequence[ArrayLike]) -> Array:
    """Arrays below each other; those with one axis are rows."""
    return build.concat(
        [build.reshape(p, (1,) * (2 - p.ndim) + p.shape) for p in _one_dtype(xs)], 0
    )


@op("*xs")
def dstack(xs: Sequence[ArrayLike]) -> Array:
    """Arrays behind each other, along the third axis."""
    return build.concat([_at_least_3d(p) for p in _one_dtype(xs)], 2)


def _at_least_3d(x: Tensor) -> Tensor:
    shape = {0: (1, 1, 1), 1: (1, *x.shape, 1), 2: (*x.shape, 1)}.get(x.ndim, x.shape)
    return build.reshape(x, shape)


@op("x1", "x2")
def append(x1: ArrayLike, x2: ArrayLike, axis: int | None = None) -> Array:
    """x2 after x1 along `axis`; both flattened by default."""
    return concatenate([x1, x2], axis)


@op("x")
def unstack(x: ArrayLike, num: int | None = None, axis: int = 0) -> Array:
    """The slices of x along `axis`, as a list."""
    at = axis_of(axis, x.ndim)
    n = x.shape[at]
    if num is not None and num != n:
        raise ValueError(
            f"unstack: num={num} but x of shape {x.shape} has {n} slices on axis {axis}"
        )
    rest = x.shape[:at] + x.shape[at + 1 :]
    return [build.reshape(part(x, at, q, q + 1), rest) for q in range(n)]


def _cuts(n: int, indices_or_sections: Any, exact: bool) -> list[int]:
    """Where an axis of n places is cut, both ends included."""
    if not hasattr(indices_or_sections, "__index__"):
        inner = [
            range(n + 1)[c] if c < 0 else c for c in static_shape(indices_or_sections, "indices")
        ]
        return [0, *(c if c < n else n for c in inner), n]
    k = int(indices_or_sections)
    if k < 1 or (exact and n % k):
        raise ValueError(
            f"split: indices_or_sections={k} does not divide an axis of extent {n} evenly"
        )
    size, more = divmod(n, k)
    return [q * size + (q if q < more else more) for q in range(k + 1)]


@op("x")
def split(x: ArrayLike, indices_or_sections: Any, axis: int = 0) -> Array:
    """x cut along `axis` into equal sections, or at the given places; a list."""
    at = axis_of(axis, x.ndim)
    return _pieces(x, at, _cuts(x.shape[at], indices_or_sections, exact=True))


@op("x")
def array_split(x: ArrayLike, indices_or_sections: Any, axis: int = 0) -> Array:
    """Like `split`; sections need not be equal (the first ones are longer)."""
    at = axis_of(axis, x.ndim)
    return _pieces(x, at, _cuts(x.shape[at], indices_or_sections, exact=False))


def _pieces(x: Tensor, axis: int, cuts: list[int]) -> list[Tensor]:
    ends = itertools.pairwise(cuts)
    return [part(x, axis, a, b if b > a else a) for a, b in ends]


def hsplit(x: ArrayLike, indices_or_sections: Any) -> Array:
    """x cut along its second axis (the first, if it has one)."""
    return split(x, indices_or_sections, 1 if np.ndim(x) > 1 else 0)


def vsplit(x: ArrayLike, indices_or_sections: Any) -> Array:
    """x cut along its first axis."""
    return split(x, indices_or_sections, 0)


def dsplit(x: ArrayLike, indices_or_sections: Any) -> Array:
    """x cut along its third axis."""
    return split(x, indices_or_sections, 2)


# ---- padding
@op("x", "constant_values")
def pad(
    x: ArrayLike, pad_width: Any, mode: str = "constant", constant_values: ArrayLike = None
) -> Array:
    """x with elements added at the ends of its axes.

    Args:
        pad_width: how many: an integer, (before, after), or one such pair for each axis.
        mode: "constant" (`constant_values`, 0 by default), "reflect" (mirrored at the last
            element), "symmetric" (mirrored after it) or "edge" (the last element repeated).

    Raises:
        ValueError: another mode, widths that do not fit, or a mirror image longer than x.
    """
    widths = _pad_widths(pad_width, x.ndim)
    if mode == "constant":
        return _pad_constant(x, widths, constant_values)
    if mode not in _ENDS:
        from whit.naming import did_you_mean

        known = ("constant", *_ENDS)
        raise ValueError(
            f"pad: mode={mode!r}: expected one of {', '.join(known)}."
            f"{did_you_mean(str(mode), known)}"
        )
    if constant_values is not None:
        raise ValueError(f"pad: constant_values is for mode='constant' only, got mode={mode!r}")
    for axis, (low, high) in enumerate(widths):
        if low or high:
            x = _ENDS[mode](x, axis, low, high)
    return x


def _pad_constant(x: Tensor, widths: list[tuple[int, int]], value: Any) -> Tensor:
    low, high = (tuple(v) for v in zip(*widths, strict=True)) if widths else ((), ())
    if isinstance(value, Tensor):
        inside = build.pad(build.full(x.shape, True, "bool"), low, high, False)
        return build.where(inside, build.pad(x, low, high), build.cast(value, x.dtype))
    return build.pad(x, low, high, 0 if value is None else value)


def _pad_widths(pad_width: Any, ndim: int) -> list[tuple[int, int]]:
    widths = np.asarray(pad_width)
    if widths.dtype.kind not in "iu" or (widths < 0).any():
        raise ValueError(f"pad_width={pad_width!r}: expected integers of 0 or more")
    try:
        return [(int(a), int(b)) for a, b in np.broadcast_to(widths, (ndim, 2))]
    except ValueError:
        raise ValueError(
            f"pad_width={pad_width!r}: expected (before, after) for each of {ndim} axes"
        ) from None


def _mirrored(skip: int) -> Any:
    def ends(x: Tensor, axis: int, low: int, high: int) -> Tensor:
        n = x.shape[axis]
        if low + skip > n or high + skip > n:
            raise ValueError(f"pad: {low}, {high} elements do not fit a mirror image of {n}")
        first = build.flip(part(x, axis, skip, skip + low), (axis,))
        last = build.flip(part(x, axis, n - skip - high, n - skip), (axis,))
        return build.concat([first, x, last], axis)

    return ends


def _edges(x: Tensor, axis: int, low: int, high: int) -> Tensor:
    n = x.shape[axis]
    if not n:
        raise ValueError("pad: mode='edge' needs an element to repeat")
    shapes = [tuple(w if q == axis else d for q, d in enumerate(x.shape)) for w in (low, high)]
    first, last = part(x, axis, 0, 1), part(x, axis, n - 1, n)
    return build.concat(
        [build.broadcast_to(first, shapes[0]), x, build.broadcast_to(last, shapes[1])], axis
    )


_ENDS = {"reflect": _mirrored(1), "symmetric": _mirrored(0), "edge": _edges}


# ---- between depth and space
def _image(
    x: Tensor, block_size: int, data_format: str, name: str
) -> tuple[bool, int, int, int, int]:
    """Whether channels are last; images, height, width, channels."""
    from whit.config import standardize_data_format

    if x.ndim != 4 or block_size < 1:
        raise ValueError(
            f"{name}: x has shape {x.shape} and block_size={block_size}; expected four axes and 1 "
            "or more"
        )
    if standardize_data_format(data_format) == "channels_last":
        n, h, w, c = x.shape
        return True, n, h, w, c
    n, c, h, w = x.shape
    return False, n, h, w, c


@op("x")
def depth_to_space(x: ArrayLike, block_size: int, data_format: str = "channels_last") -> Array:
    """Channels laid out as blocks of `block_size` by `block_size` pixels.

    Args:
        x: images, four axes; block_size squared divides the number of channels.
    """
    s = int(block_size)
    last, n, h, w, c = _image(x, s, data_format, "depth_to_space")
    if c % (s * s):
        raise ValueError(f"depth_to_space: {c} channels are not a multiple of {s} squared")
    inner = c // (s * s)
    if last:
        y = build.transpose(build.reshape(x, (n, h, w, s, s, inner)), (0, 1, 3, 2, 4, 5))
        return build.reshape(y, (n, h * s, w * s, inner))
    y = build.transpose(build.reshape(x, (n, s, s, inner, h, w)), (0, 3, 4, 1, 5, 2))
    return build.reshape(y, (n, inner, h * s, w * s))


@op("x")
def space_to_depth(x: ArrayLike, block_size: int, data_format: str = "channels_last") -> Array:
    """Blocks of `block_size` by `block_size` pixels laid out as channels.

    Args:
        x: images, four axes; block_size divides height and width.
    """
    s = int(block_size)
    last, n, h, w, c = _image(x, s, data_format, "space_to_depth")
    if h % s or w % s:
        raise ValueError(f"space_to_depth: {h} x {w} pixels are not a multiple of {s} each")
    if last:
        y = build.transpose(build.reshape(x, (n, h // s, s, w // s, s, c)), (0, 1, 3, 2, 4, 5))
        return build.reshape(y, (n, h // s, w // s, c * s * s))
    y = build.transpose(build.reshape(x, (n, c, h // s, s, w // s, s)), (0, 3, 5, 1, 2, 4))
    return build.reshape(y, (n, c * s * s, h // s, w // s))


# ---- diagonals
@op("x")
def diagonal(x: ArrayLike, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """The elements of the plane of two axes whose second index is the first plus `offset`."""
    a, b = axis_of(axis1, x.ndim, "axis1"), axis_of(axis2, x.ndim, "axis2")
    if a == b:
        raise ValueError(f"diagonal: axis1={axis1} and axis2={axis2} are one axis")
    x = build.transpose(x, _moved(x.ndim, (a, b), (x.ndim - 2, x.ndim - 1)))
    return last_diagonal(x, offset)


def last_diagonal(x: Tensor, offset: int) -> Tensor:
    """The diagonal of the last two axes: every (columns + 1)-th element of their flat order."""
    *lead, rows, cols = x.shape
    if offset >= 0:
        count, first = min(rows, cols - offset), offset
    else:
        count, first = min(rows + offset, cols), -offset * cols
    flat = build.reshape(x, (*lead, rows * cols))
    if count <= 0:
        return part(flat, flat.ndim - 1, 0, 0)
    return part(flat, flat.ndim - 1, first, first + (count - 1) * (cols + 1) + 1, cols + 1)


@op("x")
def trace(x: ArrayLike, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """The sum of a diagonal."""
    from whit.ops.reductions import sum as total

    return total(diagonal(x, offset, axis1, axis2), -1)


@op("x")
def diag(x: ArrayLike, k: int = 0) -> Array:
    """The k-th diagonal of a matrix, or the matrix with x on its k-th diagonal."""
    if x.ndim == 2:
        return last_diagonal(x, k)
    if x.ndim != 1:
        raise ValueError(f"diag: x has shape {x.shape}; expected one or two axes")
    n = x.shape[0] + (k if k >= 0 else -k)
    low, high = (k, 0) if k >= 0 else (0, -k)
    wide = build.broadcast(build.pad(x, (low,), (high,)), (n, n), (1,))
    return build.mask(apply("equal", *_row_and_column(n, n, k)), wide)


@op("x")
def diagflat(x: ArrayLike, k: int = 0) -> Array:
    """The matrix with the elements of x on its k-th diagonal."""
    return diag(build.reshape(x, (x.size,)), k)


def _row_and_column(rows: int, cols: int, k: int) -> tuple[Tensor, Tensor]:
    """Row index + k, and column index, of every element of a matrix."""
    row = build.broadcast(build.iota(rows) + k, (rows, cols), (0,))
    return row, build.broadcast(build.iota(cols), (rows, cols), (1,))


def _triangle(rows: int, cols: int, k: int) -> Tensor:
    row, col = _row_and_column(rows, cols, k)
    return apply("less_equal", col, row)


@op("x")
def tril(x: ArrayLike, k: int = 0) -> Array:
    """x with 0 above the k-th diagonal of its last two axes."""
    return _masked(x, k, True)


@op("x")
def triu(x: ArrayLike, k: int = 0) -> Array:
    """x with 0 below the k-th diagonal of its last two axes."""
    return _masked(x, k - 1, False)


def _masked(x: Tensor, k: int, lower: bool) -> Tensor:
    if x.ndim < 2:
        raise ValueError(f"tril and triu: x has shape {x.shape}; expected two axes or more")
    rows, cols = x.shape[-2:]
    keep = _triangle(rows, cols, k)
    keep = build.broadcast_to(keep if lower else ~keep, x.shape)
    return build.where(keep, x, False if x.dtype == "bool" else 0)


def triangle(rows: int, cols: int, k: int) -> Tensor:
    """True at and below the k-th diagonal."""
    return _triangle(rows, cols, k)


def diagonal_mask(rows: int, cols: int, k: int) -> Tensor:
    """True on the k-th diagonal."""
    return apply("equal", *_row_and_column(rows, cols, k))
