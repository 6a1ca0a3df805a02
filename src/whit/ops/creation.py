"""Arrays from shapes and numbers: filled, counted, spaced, triangular, windows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from whit import config
from whit.graph import Tensor, apply, build, dtypes
from whit.ops import shaping
from whit.ops.lift import Array, ArrayLike, axis_of, floating, op, strong
from whit.ops.shaping import static_shape


def _dtype(dtype: Any) -> str:
    return config.floatx() if dtype is None else dtypes.canonical(dtype)


# ---- filled
@op()
def zeros(shape: Any, dtype: Any = None) -> Array:
    """Zeros, of `floatx` by default."""
    return build.full(static_shape(shape), 0, _dtype(dtype))


@op()
def ones(shape: Any, dtype: Any = None) -> Array:
    """Ones, of `floatx` by default."""
    return build.full(static_shape(shape), 1, _dtype(dtype))


empty = zeros


@op("fill_value")
def full(shape: Any, fill_value: ArrayLike, dtype: Any = None) -> Array:
    """`fill_value` (a scalar, or an array that broadcasts) everywhere, in `dtype` or `floatx`."""
    return build.broadcast_to(build.cast(fill_value, _dtype(dtype)), static_shape(shape))


@op("x")
def zeros_like(x: ArrayLike, dtype: Any = None) -> Array:
    """Zeros of x's shape and type."""
    return build.full(x.shape, 0, x.dtype if dtype is None else dtypes.canonical(dtype))


@op("x")
def ones_like(x: ArrayLike, dtype: Any = None) -> Array:
    """Ones of x's shape and type."""
    return build.full(x.shape, 1, x.dtype if dtype is None else dtypes.canonical(dtype))


empty_like = zeros_like


@op("x", "fill_value")
def full_like(x: ArrayLike, fill_value: ArrayLike, dtype: Any = None) -> Array:
    """`fill_value` everywhere, in x's shape and type."""
    wanted = x.dtype if dtype is None else dtypes.canonical(dtype)
    value = fill_value if isinstance(fill_value, Tensor) else build.constant(fill_value, wanted)
    return build.broadcast_to(build.cast(value, wanted), x.shape)


# ---- counted and spaced
@op()
def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Array:
    """start, start + step, ... before stop; integers make int32 and floats `floatx`."""
    start, stop = (0, start) if stop is None else (start, stop)
    step = 1 if step is None else step
    if not step:
        raise ValueError("arange: step must not be 0")
    if dtype is None:
        whole = all(isinstance(v, int | np.integer) for v in (start, stop, step))
        dtype = "int32" if whole else config.floatx()
    dtype = dtypes.canonical(dtype)
    count = max(0, math.ceil((stop - start) / step))
    if dtype == "bool" or count < 2:
        return _literal(np.arange(start, stop, step), dtype)
    steps = build.iota(count, dtype)
    return steps * build.constant(step, dtype) + build.constant(start, dtype)


def _literal(array: np.ndarray, dtype: str) -> Tensor:
    from whit.graph import literal

    return literal(array.astype(dtype))


@op("start", "stop")
def linspace(
    start: ArrayLike,
    stop: ArrayLike,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Array:
    """`num` evenly spaced numbers from start to stop along a new `axis`.

    Args:
        endpoint: whether stop is the last of them.
        retstep: whether to return the distance between two of them too.
    """
    a, b = map(floating, build.unify(start, stop))
    result, step = _spaced(a, b, int(num), endpoint, axis)
    result = result if dtype is None else build.cast(result, dtypes.canonical(dtype))
    return (result, step) if retstep else result


def _spaced(a: Tensor, b: Tensor, num: int, endpoint: bool, axis: int) -> tuple[Tensor, Tensor]:
    parts = num - 1 if endpoint else num
    step = build.divide(b - a, build.constant(float(parts) if parts > 0 else math.nan, a.dtype))
    at = axis_of(axis, a.ndim + 1)
    shape = (*a.shape[:at], num, *a.shape[at:])
    start, stop, width = (build.expand(v, shape, (at,)) for v in (a, b, step))
    index = build.broadcast(build.iota(num, a.dtype), shape, (at,))
    result = start + (build.mask(index > 0, index * width) if num == 1 else index * width)
    if endpoint and num > 1:
        result = build.where(index >= num - 1, stop, result)
    return result, step


@op("start", "stop")
def logspace(
    start: ArrayLike,
    stop: ArrayLike,
    num: int = 50,
    endpoint: bool = True,
    base: float = 10,
    dtype: Any = None,
    axis: int = 0,
) -> Array:
    """`num` numbers from base**start to base**stop, evenly spaced in the exponent."""
    result = build.binary("pow", float(base), linspace(start, stop, num, endpoint, axis=axis))
    return result if dtype is None else build.cast(result, dtypes.canonical(dtype))


@op("start", "stop")
def geomspace(
    start: ArrayLike,
    stop: ArrayLike,
    num: int = 50,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
) -> Array:
    """`num` numbers from start to stop (of one sign), each the same multiple of the one before."""
    a, b = map(floating, build.unify(start, stop))
    low, high = (apply("log", apply("abs", v)) for v in (a, b))
    at = axis_of(axis, a.ndim + 1)
    result = apply("exp", _spaced(low, high, int(num), endpoint, axis)[0])
    result = result * apply("sign", build.expand(a, result.shape, (at,)))
    return result if dtype is None else build.cast(result, dtypes.canonical(dtype))


# ---- matrices
@op()
def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Array:
    """N by M zeros with ones on the k-th diagonal."""
    return build.cast(shaping.diagonal_mask(int(N), int(N if M is None else M), k), _dtype(dtype))


def identity(n: int, dtype: Any = None) -> Array:
    """The n by n identity matrix."""
    return eye(n, dtype=dtype)


@op()
def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Array:
    """N by M, ones at and below the k-th diagonal, zeros above."""
    return build.cast(shaping.triangle(int(N), int(N if M is None else M), k), _dtype(dtype))


@op("x")
def vander(x: ArrayLike, N: int | None = None, increasing: bool = False) -> Array:
    """The Vandermonde matrix: column j holds the j-th powers of x, the highest first by default."""
    n = x.shape[0] if N is None else int(N)
    columns: list[Tensor] = [build.full(x.shape, 1, x.dtype)]
    while len(columns) < n:
        columns.append(columns[-1] * x)
    return shaping.stack(columns[:n] if increasing else columns[:n][::-1], -1)


@op("*x")
def _meshgrid(x: Sequence[ArrayLike], indexing: str) -> Array:
    flat = [build.reshape(strong(v), (strong(v).size,)) for v in x]
    order = list(range(len(flat)))
    if indexing == "xy" and len(flat) > 1:
        order[:2] = [1, 0]
    shape = tuple(flat[q].shape[0] for q in order)
    return [build.broadcast(v, shape, (order.index(q),)) for q, v in enumerate(flat)]


def meshgrid(*x: ArrayLike, indexing: str = "xy") -> Array:
    """The coordinates of a grid, one array for each of the given axes.

    Args:
        indexing: "xy" (the first axis runs across) or "ij" (it runs down).
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing={indexing!r}: expected 'xy' or 'ij'")
    return _meshgrid(x, indexing) if x else []


# ---- windows
def _window(x: Any, f: Any) -> Array:
    """f(position from 0 to 1) at x places; [1] for a single place."""
    n = int(x)
    if n <= 1:
        return np.ones(max(n, 0), config.floatx())
    return np.asarray(f(np.arange(n) / (n - 1)), config.floatx())


def _cosines(*weights: float) -> Any:
    return lambda t: sum(w * np.cos(2 * np.pi * k * t) for k, w in enumerate(weights))


def hanning(x: int) -> Array:
    """The Hann window of x places."""
    return _window(x, _cosines(0.5, -0.5))


def hamming(x: int) -> Array:
    """The Hamming window of x places."""
    return _window(x, _cosines(0.54, -0.46))


def blackman(x: int) -> Array:
    """The Blackman window of x places."""
    return _window(x, _cosines(0.42, -0.5, 0.08))


def bartlett(x: int) -> Array:
    """The triangular window of x places."""
    return _window(x, lambda t: 1 - np.abs(2 * t - 1))


def kaiser(x: int, beta: float) -> Array:
    """The Kaiser window of x places and shape `beta`."""
    return _window(x, lambda t: np.i0(beta * np.sqrt(1 - (2 * t - 1) ** 2)) / np.i0(beta))
