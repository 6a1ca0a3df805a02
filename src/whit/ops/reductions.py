"""Many elements to one: sums, extremes, moments, and running sums and products along an axis."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from whit.graph import Tensor, apply, build, dtypes
from whit.ops.elementwise import is_finite, is_nan
from whit.ops.lift import Array, ArrayLike, axes_of, axis_of, floating, op, strong

_SUMMED = {  # narrow integers are summed in wider ones, as in Keras
    "bool": "int32",
    "int8": "int32",
    "int16": "int32",
    "uint8": "uint32",
    "uint16": "uint32",
}
Axis = int | tuple[int, ...] | list[int] | None


def kept(y: Tensor, shape: tuple[int, ...], axes: tuple[int, ...], keepdims: bool) -> Tensor:
    """`y`, reduced from `shape` over `axes`, with extents of 1 in their place if `keepdims`."""
    if not keepdims:
        return y
    return build.reshape(y, tuple(1 if q in axes else d for q, d in enumerate(shape)))


def _reduced(name: str, x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    axes = axes_of(axis, x.ndim)
    return kept(build.reduce(name, x, axes), x.shape, axes, keepdims)


def _summable(x: Tensor) -> Tensor:
    return build.cast(x, _SUMMED.get(x.dtype, x.dtype))


@op("x")
def sum(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The sum over `axis` (all axes by default); narrow integers are summed as 32-bit ones."""
    return _reduced("sum", _summable(x), axis, keepdims)


@op("x")
def prod(x: ArrayLike, axis: Axis = None, keepdims: bool = False, dtype: Any = None) -> Array:
    """The product over `axis` (all axes by default), computed in `dtype`."""
    x = _summable(x) if dtype is None else build.cast(x, dtypes.canonical(dtype))
    return _reduced("prod", x, axis, keepdims)


@op("x")
def mean(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The mean over `axis` (all axes by default); of integers, in floating point."""
    x = floating(x)
    axes = axes_of(axis, x.ndim)
    return kept(build.mean(x, axes), x.shape, axes, keepdims)


@op("x")
def var(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The variance over `axis` (all axes by default), of the whole population."""
    x = floating(x)
    axes = axes_of(axis, x.ndim)
    return kept(centred_moments(x, axes)[1], x.shape, axes, keepdims)


def centred_moments(x: Tensor, axes: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Mean and variance, the second from the differences to the first."""
    m = build.mean(x, axes)
    d = x - build.expand(m, x.shape, axes)
    return m, build.mean(d * d, axes)


@op("x")
def std(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The standard deviation over `axis`; its gradient is 0 where it is 0."""
    return safe_sqrt(var(x, axis, keepdims))


def safe_sqrt(x: Tensor) -> Tensor:
    """The square root, whose gradient at 0 is 0 instead of infinite."""
    zero = build.binary("equal", x, 0)
    return build.mask(~zero, apply("sqrt", build.where(zero, 1, x)))


def _extreme(name: str, x: Tensor, axis: Axis, keepdims: bool, initial: Any) -> Tensor:
    axes = axes_of(axis, x.ndim)
    if any_empty(x, axes):
        if initial is None:
            what = "max" if name == "max_reduce" else "min"
            raise ValueError(
                f"{what}: no elements along axis={axis!r} of shape {x.shape}; give `initial`"
            )
        shape = tuple(d for q, d in enumerate(x.shape) if q not in axes)
        return kept(build.full(shape, initial, x.dtype), x.shape, axes, keepdims)
    y = kept(build.reduce(name, x, axes), x.shape, axes, keepdims)
    return y if initial is None else build.binary(name[:3], y, initial)


def any_empty(x: Tensor, axes: tuple[int, ...]) -> bool:
    """Whether there is nothing to reduce over `axes`."""
    return 0 in [x.shape[a] for a in axes]


@op("x")
def max(x: ArrayLike, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Array:
    """The largest element over `axis` (all axes by default), at least `initial`."""
    return _extreme("max_reduce", x, axis, keepdims, initial)


@op("x")
def min(x: ArrayLike, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Array:
    """The smallest element over `axis` (all axes by default), at most `initial`."""
    return _extreme("min_reduce", x, axis, keepdims, initial)


def amax(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The largest element over `axis`."""
    return max(x, axis, keepdims)


def amin(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The smallest element over `axis`."""
    return min(x, axis, keepdims)


@op("x")
def ptp(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The largest element minus the smallest."""
    return max(x, axis, keepdims) - min(x, axis, keepdims)


@op("x")
def any(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Whether any element over `axis` is true (not zero)."""
    return _extreme("max_reduce", build.cast(x, "bool"), axis, keepdims, _if_empty(x, axis, False))


@op("x")
def all(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Whether all elements over `axis` are true (not zero)."""
    return _extreme("min_reduce", build.cast(x, "bool"), axis, keepdims, _if_empty(x, axis, True))


def _if_empty(x: Tensor, axis: Axis, value: bool) -> bool | None:
    return value if any_empty(x, axes_of(axis, x.ndim)) else None


@op("x")
def count_nonzero(x: ArrayLike, axis: Axis = None) -> Array:
    """How many elements are not zero, as int32."""
    return sum(build.cast(build.cast(x, "bool"), "int32"), axis)


@op("x1", "x2")
def allclose(
    x1: ArrayLike,
    x2: ArrayLike,
    rtol: float = 1e-5,
    atol: float = 1e-8,
    equal_nan: bool = False,
) -> Array:
    """Whether all elements are close, in the sense of `isclose`."""
    from whit.ops.elementwise import isclose

    return all(isclose(x1, x2, rtol, atol, equal_nan))


@op("x", "weights")
def average(x: ArrayLike, axis: Axis = None, weights: ArrayLike = None) -> Array:
    """The mean over `axis`, weighted by `weights`: of x's shape, or one for each place."""
    x = floating(x)
    if weights is None:
        return mean(x, axis)
    w = build.cast(strong(weights), x.dtype)
    if w.shape != x.shape and w.ndim == 1 and isinstance(axis, int):
        w = build.broadcast(w, x.shape, (axis_of(axis, x.ndim),))
    w = build.broadcast_to(w, x.shape)
    return build.divide(sum(x * w, axis), sum(w, axis))


@op("x")
def logsumexp(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """log(sum(exp(x))) over `axis`, without overflow."""
    x = floating(x)
    axes = axes_of(axis, x.ndim)
    if any_empty(x, axes):
        return apply("log", _reduced("sum", x, axis, keepdims))
    top = apply("stop", build.reduce("max_reduce", x, axes))
    top = build.where(is_finite(top), top, 0)
    total = build.total(apply("exp", x - build.expand(top, x.shape, axes)), axes)
    return kept(apply("log", total) + top, x.shape, axes, keepdims)


# ---- where the extremes are
def _place(x: Tensor, axis: int | None, keepdims: bool, name: str) -> Tensor:
    """The first place of the extreme: the smallest index whose element equals it (or is NaN)."""
    x = build.cast(x, "int32") if x.dtype == "bool" else x
    shape = x.shape
    if axis is None:
        x = build.reshape(x, (x.size,))
    at = axis_of(0 if axis is None else axis, x.ndim)
    n = x.shape[at]
    if not n:
        raise ValueError(f"arg{name}: no elements along axis={axis!r} of shape {shape}")
    y = build.expand(build.reduce(f"{name}_reduce", x, (at,)), x.shape, (at,))
    here = apply("equal", x, y)
    if dtypes.is_float(x.dtype):
        here = here | is_nan(x)
    index = build.broadcast(build.iota(n), x.shape, (at,))
    place = build.reduce("min_reduce", build.where(here, index, n), (at,))
    axes = tuple(range(len(shape))) if axis is None else (at,)
    return kept(place, shape, axes, keepdims)


@op("x")
def argmax(x: ArrayLike, axis: int | None = None, keepdims: bool = False) -> Array:
    """The index (int32) of the largest element along `axis`, the first if there are several."""
    return _place(x, axis, keepdims, "max")


@op("x")
def argmin(x: ArrayLike, axis: int | None = None, keepdims: bool = False) -> Array:
    """The index (int32) of the smallest element along `axis`, the first if there are several."""
    return _place(x, axis, keepdims, "min")


# ---- along an axis
def _along(x: Tensor, axis: int | None) -> tuple[Tensor, int]:
    if axis is None:
        return build.reshape(x, (x.size,)), 0
    return x, axis_of(axis, x.ndim)


@op("x")
def cumsum(x: ArrayLike, axis: int | None = None, dtype: Any = None) -> Array:
    """The running sum along `axis` (of the flattened array by default)."""
    x = build.cast(x, dtypes.canonical(dtype)) if dtype is not None else _summable(x)
    x, at = _along(x, axis)
    return apply("cumsum", x, attrs=(at,))


@op("x")
def cumprod(x: ArrayLike, axis: int | None = None, dtype: Any = None) -> Array:
    """The running product along `axis` (of the flattened array by default)."""
    x = build.cast(x, dtypes.canonical(dtype)) if dtype is not None else _summable(x)
    x, at = _along(x, axis)
    return running(lambda a, b: a * b, x, at, 1)


def running(f: Callable[[Tensor, Tensor], Tensor], x: Tensor, axis: int, neutral: Any) -> Tensor:
    """The running result of an associative `f` along `axis`, in log2(n) doublings."""
    shift = 1
    while shift < x.shape[axis]:
        low = tuple(shift if q == axis else 0 for q in range(x.ndim))
        stop = tuple(d - shift if q == axis else d for q, d in enumerate(x.shape))
        head = build.slice_(x, (0,) * x.ndim, stop, (1,) * x.ndim)
        x = f(build.pad(head, low, (0,) * x.ndim, neutral), x)
        shift *= 2
    return x


# ---- leaving NaN out
def _without_nan(x: Tensor, value: Any) -> Tensor:
    return build.where(is_nan(x), value, x) if dtypes.is_float(x.dtype) else x


@op("x")
def nansum(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The sum of what is not NaN."""
    return sum(_without_nan(x, 0), axis, keepdims)


@op("x")
def nanprod(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The product of what is not NaN."""
    return prod(_without_nan(x, 1), axis, keepdims)


@op("x")
def nancumsum(x: ArrayLike, axis: int | None = None, dtype: Any = None) -> Array:
    """The running sum of what is not NaN."""
    return cumsum(_without_nan(x, 0), axis, dtype)


@op("x")
def nancumprod(x: ArrayLike, axis: int | None = None, dtype: Any = None) -> Array:
    """The running product of what is not NaN."""
    return cumprod(_without_nan(x, 1), axis, dtype)


def _nan_extreme(x: Tensor, axis: Axis, keepdims: bool, extreme: Callable, worst: float) -> Tensor:
    """NaN only where there is nothing else."""
    if not dtypes.is_float(x.dtype):
        return extreme(x, axis, keepdims)
    nothing = all(is_nan(x), axis, keepdims)
    return build.where(nothing, math.nan, extreme(_without_nan(x, worst), axis, keepdims))


@op("x")
def nanmax(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The largest element that is not NaN."""
    return _nan_extreme(x, axis, keepdims, max, -math.inf)


@op("x")
def nanmin(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The smallest element that is not NaN."""
    return _nan_extreme(x, axis, keepdims, min, math.inf)


@op("x")
def nanargmax(x: ArrayLike, axis: int | None = None, keepdims: bool = False) -> Array:
    """The index of the largest element that is not NaN."""
    return argmax(_without_nan(x, -math.inf), axis, keepdims)


@op("x")
def nanargmin(x: ArrayLike, axis: int | None = None, keepdims: bool = False) -> Array:
    """The index of the smallest element that is not NaN."""
    return argmin(_without_nan(x, math.inf), axis, keepdims)


@op("x")
def nanmean(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The mean of what is not NaN."""
    x = floating(x)
    count = sum(build.cast(~is_nan(x), x.dtype), axis, keepdims)
    return build.divide(nansum(x, axis, keepdims), count)


@op("x")
def nanvar(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The variance of what is not NaN."""
    x = floating(x)
    d = x - nanmean(x, axis, keepdims=True)
    return nanmean(d * d, axis, keepdims)


@op("x")
def nanstd(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The standard deviation of what is not NaN."""
    return safe_sqrt(nanvar(x, axis, keepdims))
