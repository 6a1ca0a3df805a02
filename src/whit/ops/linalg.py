"""Norms, and other functions of matrices that need no factorization."""

from __future__ import annotations

import math
from typing import Any

from whit.graph import Tensor, apply, build
from whit.ops.lift import Array, ArrayLike, axes_of, floating, op
from whit.ops.reductions import kept, safe_sqrt


@op("x")
def norm(x: ArrayLike, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Array:
    """The norm of vectors along one axis, or of matrices along two.

    Args:
        ord: None (the root of the sum of squares), "fro", inf, -inf or a number; for matrices
            1, -1, inf and -inf are the extreme sums of columns and rows.
        axis: one axis, two, or None: the whole array as one vector (or its matrix, if it has two
            axes and `ord` is given).

    Raises:
        ValueError: an `ord` that is not defined there.
    """
    x = floating(x)
    axes = axes_of(axis, x.ndim)
    if ord is None or (len(axes) == 2 and ord == "fro"):
        return kept(safe_sqrt(build.total(x * x, axes)), x.shape, axes, keepdims)
    if len(axes) == 1:
        return kept(_vector_norm(x, axes, ord), x.shape, axes, keepdims)
    if len(axes) == 2 and ord in _MATRIX:
        given = axes if axis is None else tuple(a % x.ndim for a in axis)
        return kept(_matrix_norm(x, given, ord), x.shape, axes, keepdims)
    raise ValueError(f"norm: ord={ord!r} is not defined over {len(axes)} axes of shape {x.shape}")


def _vector_norm(x: Tensor, axes: tuple[int, ...], ord: Any) -> Tensor:
    size = apply("abs", x)
    if ord == 2:
        return safe_sqrt(build.total(x * x, axes))
    if ord in (math.inf, -math.inf):
        return build.reduce("max_reduce" if ord > 0 else "min_reduce", size, axes)
    if ord == 0:
        return build.total(build.cast(build.cast(x, "bool"), x.dtype), axes)
    if isinstance(ord, str):
        raise ValueError(f"norm: ord={ord!r} is for matrices; expected a number for vectors")
    total = build.total(build.power(size, ord), axes)
    return total if ord == 1 else build.binary("pow", total, 1.0 / ord)


_MATRIX = {  # which of (row, column) axes is summed, and what is taken of the sums
    1: (0, "max_reduce"),
    -1: (0, "min_reduce"),
    math.inf: (1, "max_reduce"),
    -math.inf: (1, "min_reduce"),
}


def _matrix_norm(x: Tensor, axes: tuple[int, ...], ord: Any) -> Tensor:
    which, extreme = _MATRIX[ord]
    summed, other = axes[which], axes[1 - which]
    sums = build.total(apply("abs", x), (summed,))
    return build.reduce(extreme, sums, (other - (other > summed),))


@op("x", "y")
def cdist(x: ArrayLike, y: ArrayLike) -> Array:
    """Euclidean distances between the rows of x and those of y; leading axes match."""
    x, y = floating(x), floating(y)
    *lead, m, k = x.shape
    n = y.shape[-2]
    wide, r = (*lead, m, n, k), len(lead)
    a = build.broadcast(x, wide, (*range(r), r, r + 2))
    b = build.broadcast(build.cast(y, x.dtype), wide, (*range(r), r + 1, r + 2))
    d = a - b
    return safe_sqrt(build.total(d * d, (r + 2,)))


@op("x1", "x2")
def psnr(x1: ArrayLike, x2: ArrayLike, max_val: float) -> Array:
    """Peak signal-to-noise ratio in decibels: 20 log10(max_val) - 10 log10(mean squared error)."""
    if x1.shape != x2.shape:
        raise ValueError(f"psnr: shapes {x1.shape} and {x2.shape} must be equal")
    d = floating(x1) - floating(x2)
    decibel = 10 / math.log(10.0)
    return 20 * math.log10(max_val) - apply("log", build.mean(d * d)) * decibel


@op("a")
def diff(a: ArrayLike, n: int = 1, axis: int = -1) -> Array:
    """Differences of neighbours along `axis`, taken n times."""
    from whit.ops.lift import axis_of
    from whit.ops.shaping import part

    at = axis_of(axis, a.ndim)
    for _ in range(n):
        m = a.shape[at]
        late, early = part(a, at, min(1, m), m), part(a, at, 0, max(m - 1, 0))
        a = apply("xor", late, early) if a.dtype == "bool" else late - early
    return a


@op("y", "x")
def trapezoid(y: ArrayLike, x: ArrayLike = None, dx: float = 1.0, axis: int = -1) -> Array:
    """The integral along `axis` by the trapezoidal rule, at places x or `dx` apart."""
    from whit.ops.lift import axis_of
    from whit.ops.shaping import part

    y = floating(y)
    at = axis_of(axis, y.ndim)
    n = y.shape[at]
    pairs = part(y, at, min(1, n), n) + part(y, at, 0, max(n - 1, 0))
    if x is None:
        return build.total(pairs * (0.5 * dx), (at,))
    width = build.cast(diff(x, 1, -1 if x.ndim == 1 else axis), y.dtype)
    if x.ndim == 1:
        width = build.broadcast(width, pairs.shape, (at,))
    return build.total(pairs * width * 0.5, (at,))


@op("x")
def corrcoef(x: ArrayLike) -> Array:
    """Correlations between the rows of x."""
    x = floating(x)
    if x.ndim < 2:
        return build.full((), 1, x.dtype)
    d = x - build.expand(build.mean(x, (1,)), x.shape, (1,))
    covariance = build.dot(d, build.swap_last(d))
    scale = apply("sqrt", build.total(d * d, (1,)))
    m = (x.shape[0], x.shape[0])
    product = build.broadcast(scale, m, (0,)) * build.broadcast(scale, m, (1,))
    return build.divide(covariance, product)
