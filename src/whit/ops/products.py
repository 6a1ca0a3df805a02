"""Matrix and tensor products, all brought to one batched matrix product: the primitive `dot`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from whit.graph import Tensor, build, dtypes
from whit.ops.lift import Array, ArrayLike, axis_of, op, strong


def _pair(x1: Any, x2: Any) -> tuple[Tensor, Tensor]:
    a, b = strong(x1), strong(x2)
    if a.dtype == b.dtype == "int8":
        return build.cast(a, "int32"), build.cast(b, "int32")
    dtype = dtypes.promote(a.dtype, b.dtype)
    dtype = "int32" if dtype == "bool" else dtype
    return build.cast(a, dtype), build.cast(b, dtype)


@op("x1", "x2")
def matmul(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The matrix product over the last two axes; leading axes broadcast.

    An operand with one axis is a row on the left and a column on the right, and that axis goes
    again.

    Raises:
        ValueError: an operand without axes, or inner extents that differ.
    """
    a, b = _pair(x1, x2)
    if not a.ndim or not b.ndim:
        raise ValueError(f"matmul: shapes {a.shape} and {b.shape}: expected one axis or more each")
    if a.shape[-1] != b.shape[max(b.ndim - 2, 0)]:
        raise ValueError(
            f"matmul: shapes {a.shape} and {b.shape} do not fit: the last axis of x1 "
            f"({a.shape[-1]}) must equal the last but one of x2 ({b.shape[max(b.ndim - 2, 0)]})"
        )
    drop_row, drop_column = a.ndim == 1, b.ndim == 1
    a = build.reshape(a, (1, *a.shape)) if drop_row else a
    b = build.reshape(b, (*b.shape, 1)) if drop_column else b
    y = _batched(a, b)
    shape = y.shape[:-2] + y.shape[-2:][drop_row : 2 - drop_column]
    return build.reshape(y, shape)


def _batched(a: Tensor, b: Tensor) -> Tensor:
    if b.ndim == 2 and a.ndim > 2:  # one large product in place of many small ones
        rows = build.reshape(a, (math.prod(a.shape[:-1]), a.shape[-1]))
        return build.reshape(build.dot(rows, b), (*a.shape[:-1], b.shape[-1]))
    lead = build.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a = build.broadcast_to(a, (*lead, *a.shape[-2:]))
    b = build.broadcast_to(b, (*lead, *b.shape[-2:]))
    return build.dot(a, b)


@op("x1", "x2")
def dot(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The sum of products over the last axis of x1 and the last but one of x2 (NumPy's `dot`)."""
    a, b = _pair(x1, x2)
    if not a.ndim or not b.ndim:
        return build.multiply(a, b)
    return _contract(a, b, [a.ndim - 1], [max(b.ndim - 2, 0)], "dot")


@op("x1", "x2")
def tensordot(x1: ArrayLike, x2: ArrayLike, axes: Any = 2) -> Array:
    """The sum of products over several axes.

    Args:
        axes: how many: the last of x1 and the first of x2; or two lists of axes that match.
    """
    a, b = _pair(x1, x2)
    if isinstance(axes, int):
        if not 0 <= axes <= min(a.ndim, b.ndim):
            raise ValueError(f"tensordot: axes={axes} for shapes {a.shape} and {b.shape}")
        return _contract(a, b, list(range(a.ndim - axes, a.ndim)), list(range(axes)), "tensordot")
    left, right = ([v] if isinstance(v, int) else list(v) for v in axes)
    over_a = [axis_of(v, a.ndim, "axes") for v in left]
    over_b = [axis_of(v, b.ndim, "axes") for v in right]
    return _contract(a, b, over_a, over_b, "tensordot")


def _contract(a: Tensor, b: Tensor, over_a: list[int], over_b: list[int], name: str) -> Tensor:
    if [a.shape[q] for q in over_a] != [b.shape[q] for q in over_b]:
        raise ValueError(
            f"{name}: shapes {a.shape} and {b.shape} do not fit along axes {over_a} and {over_b}"
        )
    free_a = [q for q in range(a.ndim) if q not in over_a]
    free_b = [q for q in range(b.ndim) if q not in over_b]
    k = math.prod(a.shape[q] for q in over_a)
    shape = [a.shape[q] for q in free_a] + [b.shape[q] for q in free_b]
    left = build.reshape(build.transpose(a, free_a + over_a), (_count(a, free_a), k))
    right = build.reshape(build.transpose(b, over_b + free_b), (k, _count(b, free_b)))
    return build.reshape(build.dot(left, right), tuple(shape))


def _count(x: Tensor, axes: Sequence[int]) -> int:
    return math.prod(x.shape[q] for q in axes)


@op("x1", "x2")
def inner(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The sum of products over the last axes."""
    a, b = _pair(x1, x2)
    if not a.ndim or not b.ndim:
        return build.multiply(a, b)
    return _contract(a, b, [a.ndim - 1], [b.ndim - 1], "inner")


@op("x1", "x2")
def outer(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The product of every element of x1 (flattened) with every element of x2."""
    a, b = _pair(x1, x2)
    shape = (a.size, b.size)
    a, b = (build.reshape(v, (v.size,)) for v in (a, b))
    return build.multiply(build.broadcast(a, shape, (0,)), build.broadcast(b, shape, (1,)))


@op("x1", "x2")
def vdot(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The sum of the products of all elements."""
    a, b = _pair(x1, x2)
    a, b = (build.reshape(v, (v.size,)) for v in (a, b))
    return _contract(a, b, [0], [0], "vdot")


@op("x1", "x2")
def kron(x1: ArrayLike, x2: ArrayLike) -> Array:
    """Every element of x1 replaced by its product with the whole of x2."""
    a, b = _pair(x1, x2)
    n = max(a.ndim, b.ndim)
    a, b = (build.reshape(v, (1,) * (n - v.ndim) + v.shape) for v in (a, b))
    wide = tuple(d for pair in zip(a.shape, b.shape, strict=True) for d in pair)
    left = build.broadcast(a, wide, range(0, 2 * n, 2))
    right = build.broadcast(b, wide, range(1, 2 * n, 2))
    shape = tuple(p * q for p, q in zip(a.shape, b.shape, strict=True))
    return build.reshape(build.multiply(left, right), shape)


@op("x1", "x2")
def cross(
    x1: ArrayLike,
    x2: ArrayLike,
    axisa: int = -1,
    axisb: int = -1,
    axisc: int = -1,
    axis: int | None = None,
) -> Array:
    """The cross product of vectors of two or three components along an axis."""
    from whit.ops.shaping import moveaxis, stack

    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis,) * 3
    a, b = _pair(x1, x2)
    a, b = moveaxis(a, axisa, -1), moveaxis(b, axisb, -1)
    if {a.shape[-1], b.shape[-1]} - {2, 3}:
        raise ValueError(f"cross: shapes {a.shape} and {b.shape}: expected 2 or 3 components")
    p, q = _components(a), _components(b)
    z = p[0] * q[1] - p[1] * q[0]
    if a.shape[-1] == b.shape[-1] == 2:
        return z
    parts = [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], z]
    return stack([build.broadcast_to(v, z.shape) for v in parts], axis_of(axisc, z.ndim + 1))


def _components(x: Tensor) -> list[Tensor]:
    parts = [x[..., q] for q in range(x.shape[-1])]
    return parts + [build.zeros_like(parts[0])] * (3 - len(parts))
