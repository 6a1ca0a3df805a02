"""Functions that apply primitives to tensors with NumPy's broadcasting and promotion.

These are what VJP rules and Tensor operators are written in. Everything here is symbolic;
`whit.ops` is the public face that takes arrays as well.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from whit.graph import dtypes
from whit.graph.tensor import Shape, Tensor, apply

Scalar = bool | int | float
Operand = Tensor | Scalar


# ---- sources
def constant(value: Scalar | np.generic, dtype: str) -> Tensor:
    """A scalar constant; larger arrays are `literal`s."""
    return apply("constant", attrs=(_plain(value, dtype), dtype))


def _plain(value: Scalar | np.generic, dtype: str) -> Scalar:
    """The Python value of a scalar of `dtype`; integers outside the type's range wrap around."""
    if dtypes.is_float(dtype):
        return float(value)
    if dtype == "bool":
        return bool(value)
    bits = np.dtype(dtype).itemsize * 8
    low = 0 if dtype[0] == "u" else -(1 << bits - 1)
    return (int(value) - low) % (1 << bits) + low


def _ints(xs: Iterable[int]) -> Shape:
    """Python integers, whatever kind came: attributes are compared and printed."""
    return tuple(map(int, xs))


def full(shape: Shape, value: Scalar, dtype: str) -> Tensor:
    """A constant of any shape, never stored."""
    return broadcast(constant(value, dtype), shape, ())


def zeros_like(x: Tensor) -> Tensor:
    """Zeros of the shape and dtype of `x`."""
    return full(x.shape, 0, x.dtype)


def iota(n: int, dtype: str = "int32") -> Tensor:
    """0, 1, ... n-1."""
    return apply("iota", attrs=(int(n), dtype))


# ---- movement
def broadcast(x: Tensor, shape: Shape, dims: Sequence[int]) -> Tensor:
    """`x` repeated to `shape`, axis q of `x` becoming axis `dims[q]`; other axes are new."""
    return apply("broadcast", x, attrs=(_ints(shape), _ints(dims)))


def reshape(x: Tensor, shape: Shape) -> Tensor:
    """The elements of `x` in row-major order under another shape."""
    return apply("reshape", x, attrs=(_ints(shape),))


def transpose(x: Tensor, perm: Sequence[int]) -> Tensor:
    """Axis q of the result is axis `perm[q]` of `x`."""
    return apply("transpose", x, attrs=(_ints(perm),))


def swap_last(x: Tensor) -> Tensor:
    """Transpose of the last two axes."""
    n = x.ndim
    return transpose(x, (*range(n - 2), n - 1, n - 2))


def slice_(x: Tensor, start: Shape, stop: Shape, step: Shape) -> Tensor:
    """`x[start:stop:step]` along every axis, steps positive."""
    return apply("slice", x, attrs=(_ints(start), _ints(stop), _ints(step)))


def pad(x: Tensor, low: Shape, high: Shape, value: Scalar = 0) -> Tensor:
    """`low[q]` elements of `value` before and `high[q]` after, along each axis q."""
    return apply("pad", x, attrs=(_ints(low), _ints(high), _plain(value, x.dtype)))


def flip(x: Tensor, axes: Sequence[int]) -> Tensor:
    """`x` reversed along `axes`."""
    return apply("flip", x, attrs=(_ints(sorted(axes)),))


def concat(xs: Sequence[Tensor], axis: int) -> Tensor:
    """`xs` one after the other along `axis`."""
    return apply("concat", *xs, attrs=(int(axis),))


def expand(x: Tensor, shape: Shape, axes: Sequence[int]) -> Tensor:
    """Undo a reduction over `axes`: repeat `x` along them to `shape`."""
    gone = set(axes)
    return broadcast(x, shape, [d for d in range(len(shape)) if d not in gone])


def broadcast_to(x: Tensor, shape: Shape) -> Tensor:
    """NumPy's broadcast: axes align on the right, extents of 1 repeat."""
    if x.shape == tuple(shape):
        return x
    lead = len(shape) - x.ndim
    if lead < 0 or any(a not in (1, b) for a, b in zip(x.shape, shape[lead:], strict=True)):
        raise ValueError(f"shape {x.shape} does not broadcast to {tuple(shape)}")
    keep = [q for q, d in enumerate(x.shape) if d != 1 or shape[lead + q] == 1]
    squeezed = reshape(x, tuple(x.shape[q] for q in keep))
    return broadcast(squeezed, shape, [lead + q for q in keep])


# ---- elementwise
def cast(x: Tensor, dtype: str) -> Tensor:
    """`x` converted to `dtype`; to bool means "is not zero"."""
    return x if x.dtype == dtype else apply("cast", x, attrs=(dtype,))


def as_tensor(x: Operand, dtype: str) -> Tensor:
    """A Python scalar as a constant of `dtype`; a tensor as it is."""
    return x if isinstance(x, Tensor) else constant(x, dtype)


def scalar_dtype(value: Scalar | np.generic, beside: str) -> str:
    """The dtype a weak scalar takes beside an array of dtype `beside`."""
    if isinstance(value, np.generic):
        return dtypes.promote(dtypes.canonical(value.dtype), beside)
    if isinstance(value, float) and not dtypes.is_float(beside):
        return "float32"
    if isinstance(value, int) and not isinstance(value, bool) and beside == "bool":
        return "int32"
    return beside


def unify(*xs: Operand) -> tuple[Tensor, ...]:
    """The operands as tensors of one dtype and one shape."""
    tensors = [x for x in xs if isinstance(x, Tensor)]
    dtype = dtypes.promote(*(t.dtype for t in tensors))
    for x in xs:
        if not isinstance(x, Tensor):
            dtype = scalar_dtype(x, dtype)
    operands = [cast(as_tensor(x, dtype), dtype) for x in xs]
    shape = broadcast_shapes(*(x.shape for x in operands))
    return tuple(broadcast_to(x, shape) for x in operands)


def broadcast_shapes(*shapes: Shape) -> Shape:
    """NumPy's joint shape of several; ValueError if there is none."""
    if all(s == shapes[0] for s in shapes):
        return shapes[0]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        listing = " and ".join(map(str, shapes))
        raise ValueError(
            f"shapes {listing} do not broadcast: counted from the last axis, extents must be "
            "equal or 1"
        ) from None


def binary(name: str, x: Operand, y: Operand) -> Tensor:
    """Apply an elementwise primitive of two operands with broadcasting and promotion."""
    return apply(name, *unify(x, y))


def add(x: Operand, y: Operand) -> Tensor:
    """x + y"""
    return binary("add", x, y)


def subtract(x: Operand, y: Operand) -> Tensor:
    """x - y"""
    return binary("sub", x, y)


def multiply(x: Operand, y: Operand) -> Tensor:
    """x * y"""
    return binary("mul", x, y)


def divide(x: Operand, y: Operand) -> Tensor:
    """x / y, in floating point whatever the operands are."""
    x, y = unify(x, y)
    if not dtypes.is_float(x.dtype):
        x, y = cast(x, "float32"), cast(y, "float32")
    return apply("div", x, y)


def power(x: Operand, y: Operand) -> Tensor:
    """x ** y; small integer exponents become products."""
    if not isinstance(y, int | float) or not isinstance(x, Tensor) or y not in (1, 2, 3, 0.5):
        return binary("pow", x, y)
    x = cast(x, scalar_dtype(y, x.dtype))
    if y == 0.5:
        return apply("sqrt", x)
    return functools.reduce(multiply, [x] * int(y))


def maximum(x: Operand, y: Operand) -> Tensor:
    """The larger; where equal, the gradient is the second's. NaN wins."""
    return binary("max", x, y)


def where(condition: Tensor, x: Operand, y: Operand) -> Tensor:
    """`x` where `condition`, else `y`."""
    x, y = unify(x, y)
    shape = broadcast_shapes(condition.shape, x.shape)
    condition = broadcast_to(cast(condition, "bool"), shape)
    return apply("where", condition, broadcast_to(x, shape), broadcast_to(y, shape))


def mask(condition: Tensor, x: Tensor) -> Tensor:
    """`x` where `condition`, else 0 (a NaN in a dropped place is dropped too)."""
    return where(condition, x, 0)


# ---- reductions, contraction, indexing
def reduce(name: str, x: Tensor, axes: Sequence[int]) -> Tensor:
    """Reduce `x` over `axes` with the primitive `name`."""
    return apply(name, x, attrs=(_ints(sorted(axes)),))


def total(x: Tensor, axes: Sequence[int] | None = None) -> Tensor:
    """Sum over `axes`, all of them by default."""
    return reduce("sum", x, range(x.ndim) if axes is None else axes)


def mean(x: Tensor, axes: Sequence[int] | None = None) -> Tensor:
    """Mean over `axes`, all of them by default."""
    axes = range(x.ndim) if axes is None else axes
    count = math.prod(x.shape[a] for a in axes)
    return multiply(total(x, axes), 1.0 / count if count else math.nan)


def dot(a: Tensor, b: Tensor) -> Tensor:
    """Batched matrix product: (..., m, k) by (..., k, n)."""
    return apply("dot", a, b)


def matmul(a: Tensor, b: Tensor) -> Tensor:
    """NumPy's matrix product: one axis is a row or a column, leading axes broadcast."""
    fits = a.ndim and b.ndim and a.shape[-1] == b.shape[max(b.ndim - 2, 0)]
    if not fits:
        raise ValueError(
            f"matmul: shapes {a.shape} and {b.shape} do not fit: the last axis of the first must "
            "equal the last but one of the second"
        )
    dtype = dtypes.promote(a.dtype, b.dtype)
    left = cast(reshape(a, (1, *a.shape)) if a.ndim == 1 else a, dtype)
    right = cast(reshape(b, (*b.shape, 1)) if b.ndim == 1 else b, dtype)
    if right.ndim == 2:  # one large product in place of many small ones
        flat = dot(reshape(left, (math.prod(left.shape[:-1]), left.shape[-1])), right)
        out = reshape(flat, (*left.shape[:-1], right.shape[-1]))
    else:
        lead = broadcast_shapes(left.shape[:-2], right.shape[:-2])
        out = dot(*(broadcast_to(x, (*lead, *x.shape[-2:])) for x in (left, right)))
    kept = out.shape[-2:][a.ndim == 1 : 2 - (b.ndim == 1)]
    return reshape(out, (*out.shape[:-2], *kept))


def gather(x: Tensor, indices: Tensor) -> Tensor:
    """`x[indices]` along the first axis; indices outside are clamped."""
    return apply("gather", x, indices)


def scatter_add(x: Tensor, indices: Tensor, updates: Tensor) -> Tensor:
    """`x` with `updates[i]` added to row `indices[i]`, for every i."""
    return apply("scatter_add", x, indices, updates)


# ---- operators of Tensor
def _index(x: Tensor, key: object) -> Tensor:
    """Basic NumPy indexing: integers, slices, None and Ellipsis, and one leading index tensor."""
    if isinstance(key, Tensor):
        return gather(x, key)
    keys = list(key) if isinstance(key, tuple) else [key]
    if not any(k is Ellipsis for k in keys):
        keys.append(Ellipsis)
    at, *more = (q for q, k in enumerate(keys) if k is Ellipsis)
    if more:
        raise IndexError(f"an index can have only one Ellipsis ('...'): {key!r}")
    fill = x.ndim - sum(k is not None for k in keys) + 1
    if fill < 0:
        raise IndexError(f"too many indices for shape {x.shape}: {key!r}")
    keys[at : at + 1] = [slice(None)] * fill
    return _basic_index(x, keys)


def _basic_index(x: Tensor, keys: list) -> Tensor:
    start, stop, step, flips, shape = [], [], [], [], []
    axis = 0
    for k in keys:
        if k is None:
            shape.append(1)
            continue
        extent = x.shape[axis]
        if isinstance(k, slice):
            r = range(extent)[k]
            if r.step < 0:
                flips.append(axis)
                r = r[::-1]
            start.append(r.start if len(r) else 0)
            stop.append(r[-1] + 1 if len(r) else 0)
            step.append(r.step)
            shape.append(len(r))
        elif isinstance(k, int | np.integer) and not isinstance(k, bool):
            k = int(k)
            if not -extent <= k < extent:
                raise IndexError(f"index {k} is outside axis {axis} of shape {x.shape}")
            start.append(k % extent)
            stop.append(k % extent + 1)
            step.append(1)
        else:
            raise TypeError(f"index {k!r}: expected an integer, a slice, None or Ellipsis")
        axis += 1
    out = slice_(x, tuple(start), tuple(stop), tuple(step))
    return reshape(flip(out, flips) if flips else out, tuple(shape))


_KNOWN = (Tensor, bool, int, float, np.generic)


def _operator(f: Callable[[Any, Any], Tensor]) -> Callable[[Any, Any], Any]:
    """Takes arrays as literals; leaves what the graph does not know (variables) to its own."""

    def operator(x: Tensor, y: Any) -> Any:
        if isinstance(y, np.ndarray):
            from whit.graph.primitives.source import literal

            y = literal(y)
        return f(x, y) if isinstance(y, _KNOWN) else NotImplemented

    return operator


def _install_operators() -> None:
    def both(name: str, f: Callable[[Any, Any], Tensor]) -> None:
        setattr(Tensor, f"__{name}__", _operator(f))
        setattr(Tensor, f"__r{name}__", _operator(lambda x, y: f(y, x)))

    arithmetic = {
        "add": add,
        "sub": subtract,
        "mul": multiply,
        "truediv": divide,
        "pow": power,
        "floordiv": lambda x, y: binary("floor_divide", x, y),
        "mod": lambda x, y: subtract(x, multiply(binary("floor_divide", x, y), y)),
        "matmul": matmul,
        "and": lambda x, y: binary("and", x, y),
        "or": lambda x, y: binary("or", x, y),
        "xor": lambda x, y: binary("xor", x, y),
    }
    for name, f in arithmetic.items():
        both(name, f)
    compare = {
        "lt": lambda x, y: binary("less", x, y),
        "gt": lambda x, y: binary("less", y, x),
        "le": lambda x, y: binary("less_equal", x, y),
        "ge": lambda x, y: binary("less_equal", y, x),
    }
    for name, f in compare.items():
        setattr(Tensor, f"__{name}__", _operator(f))
    unary = {
        "neg": lambda x: apply("neg", x),
        "abs": lambda x: apply("abs", x),
        "invert": lambda x: apply("not", x),
    }
    for name, g in unary.items():
        setattr(Tensor, f"__{name}__", g)
    setattr(Tensor, "__getitem__", _index)  # noqa: B010  (declared in the class for editors)


_install_operators()
