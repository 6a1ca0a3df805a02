"""Rewrites tried whenever a node is made: exact ones only, so that numbers do not change.

Constant folding covers scalars (and scalars broadcast) and rounds as the dtype does; views of
views collapse; the neutral and absorbing elements go. Three go further on purpose: `0 * x` becomes
0 and forgets a NaN, `x + 0` becomes x and forgets the sign of a zero, and the logarithm of a
softmax takes its stable form. A rule is given only what the primitive accepts.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from whit.graph import dtypes
from whit.graph.build import broadcast, full, reshape, slice_, transpose
from whit.graph.tensor import Tensor, apply, rewrite

Inputs = tuple[Tensor, ...]


def scalar_value(x: Tensor) -> bool | int | float | None:
    """The Python value of a constant, seen through views; None if it is not one."""
    while x.op in ("broadcast", "reshape", "transpose", "stop"):
        x = x.inputs[0]
    return x.attrs[0] if x.op == "constant" else None


_FOLD: dict[str, Callable] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "neg": np.negative,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
}


def _fold(name: str, inputs: Inputs) -> Tensor | None:
    values = [scalar_value(x) for x in inputs]
    dtype = inputs[0].dtype
    if not dtypes.is_float(dtype) or any(v is None for v in values):
        return None
    with np.errstate(all="ignore"):
        value = _FOLD[name](*(np.asarray(v, dtype) for v in values)).item()
    return full(inputs[0].shape, value, dtype) if math.isfinite(value) else None


@rewrite("add")
def _add(inputs: Inputs, attrs: tuple) -> Tensor | None:
    a, b = inputs
    if scalar_value(b) == 0:
        return a
    if scalar_value(a) == 0:
        return b
    return _fold("add", inputs)


@rewrite("sub")
def _sub(inputs: Inputs, attrs: tuple) -> Tensor | None:
    a, b = inputs
    if scalar_value(b) == 0:
        return a
    if b.op == "neg":
        return apply("add", a, b.inputs[0])
    return _fold("sub", inputs)


@rewrite("mul")
def _mul(inputs: Inputs, attrs: tuple) -> Tensor | None:
    for x, other in (inputs, inputs[::-1]):
        value = scalar_value(x)
        if value == 1:
            return other
        if value == 0 and math.isfinite(scalar_value(other) or 0):
            return full(x.shape, 0, x.dtype)
    return _fold("mul", inputs)


@rewrite("div")
def _div(inputs: Inputs, attrs: tuple) -> Tensor | None:
    a, b = inputs
    value = scalar_value(b)
    if value == 1:
        return a
    if value and scalar_value(a) is None and _is_power_of_two(value):
        return apply("mul", a, full(b.shape, 1 / value, b.dtype))
    return _fold("div", inputs)


def _is_power_of_two(value: float) -> bool:
    """One whose reciprocal is a normal number in float32 too, so that a product is as exact."""
    mantissa, exponent = math.frexp(value)
    return abs(mantissa) == 0.5 and abs(exponent - 1) <= 126


@rewrite("neg")
def _neg(inputs: Inputs, attrs: tuple) -> Tensor | None:
    (a,) = inputs
    return a.inputs[0] if a.op == "neg" else _fold("neg", inputs)


@rewrite("exp")
def _exp(inputs: Inputs, attrs: tuple) -> Tensor | None:
    return _fold("exp", inputs)


@rewrite("sqrt")
def _sqrt(inputs: Inputs, attrs: tuple) -> Tensor | None:
    return _fold("sqrt", inputs)


@rewrite("log")
def _log(inputs: Inputs, attrs: tuple) -> Tensor | None:
    """log(exp(a) / s) = a - log(s): the stable form of the logarithm of a softmax."""
    (x,) = inputs
    if x.op == "div" and x.inputs[0].op == "exp":
        return apply("sub", x.inputs[0].inputs[0], apply("log", x.inputs[1]))
    if x.op == "broadcast":
        return broadcast(apply("log", x.inputs[0]), *x.attrs)
    return _fold("log", inputs)


@rewrite("pow")
def _pow(inputs: Inputs, attrs: tuple) -> Tensor | None:
    x, exponent = inputs
    value = scalar_value(exponent)
    if value == 0:
        return full(x.shape, 1, x.dtype)
    return x if value == 1 else None


@rewrite("equal")
def _equal(inputs: Inputs, attrs: tuple) -> Tensor | None:
    values = [scalar_value(x) for x in inputs]
    if any(v is None for v in values):
        return None
    a, b = (np.asarray(v, x.dtype) for v, x in zip(values, inputs, strict=True))
    return full(inputs[0].shape, bool(a == b), "bool")


@rewrite("where")
def _where(inputs: Inputs, attrs: tuple) -> Tensor | None:
    condition, a, b = inputs
    value = scalar_value(condition)
    if a is b or value is True:
        return a
    return b if value is False else None


@rewrite("not")
def _not(inputs: Inputs, attrs: tuple) -> Tensor | None:
    return inputs[0].inputs[0] if inputs[0].op == "not" else None


@rewrite("cast")
def _cast(inputs: Inputs, attrs: tuple) -> Tensor | None:
    (x,), (dtype,) = inputs, attrs
    if x.dtype == dtype:
        return x
    value = scalar_value(x)
    if value is not None and dtypes.is_float(dtype):
        with np.errstate(over="ignore"):
            return full(x.shape, np.asarray(value).astype(x.dtype).astype(dtype).item(), dtype)
    return None


@rewrite("stop")
def _stop(inputs: Inputs, attrs: tuple) -> Tensor | None:
    (x,) = inputs
    return x if x.op in ("stop", "iota") or scalar_value(x) is not None else None


@rewrite("broadcast")
def _broadcast(inputs: Inputs, attrs: tuple) -> Tensor | None:
    (x,), (shape, dims) = inputs, attrs
    if x.shape == shape:
        return x
    if x.op == "broadcast":
        return broadcast(x.inputs[0], shape, tuple(dims[d] for d in x.attrs[1]))
    return None


@rewrite("reshape")
def _reshape(inputs: Inputs, attrs: tuple) -> Tensor | None:
    (x,), (shape,) = inputs, attrs
    if x.shape == shape:
        return x
    if x.op == "reshape":
        return reshape(x.inputs[0], shape)
    value = scalar_value(x)
    if value is not None and math.prod(shape) == x.size:
        return full(shape, value, x.dtype)
    if x.op == "broadcast" and [d for d in shape if d != 1] == [d for d in x.shape if d != 1]:
        return _unit_reshape_of_broadcast(x, shape)
    return None


def _unit_reshape_of_broadcast(x: Tensor, shape: tuple[int, ...]) -> Tensor | None:
    """Only extents of 1 come or go, so the broadcast can go to the new shape at once."""
    source, dims = x.inputs[0], x.attrs[1]
    kept = [q for q, d in enumerate(source.shape) if d != 1]
    old = [q for q, d in enumerate(x.shape) if d != 1]
    new = [q for q, d in enumerate(shape) if d != 1]
    where_to = dict(zip(old, new, strict=True))
    small = reshape(source, tuple(source.shape[q] for q in kept))
    return broadcast(small, shape, [where_to[dims[q]] for q in kept])


@rewrite("transpose")
def _transpose(inputs: Inputs, attrs: tuple) -> Tensor | None:
    (x,), (perm,) = inputs, attrs
    if perm == tuple(range(x.ndim)):
        return x
    if x.op == "transpose":
        return transpose(x.inputs[0], [x.attrs[0][p] for p in perm])
    value = scalar_value(x)
    return full(tuple(x.shape[p] for p in perm), value, x.dtype) if value is not None else None


@rewrite("slice")
def _slice(inputs: Inputs, attrs: tuple) -> Tensor | None:
    (x,), (start, stop, step) = inputs, attrs
    if stop == x.shape and not any(start) and all(s == 1 for s in step):
        return x
    value = scalar_value(x)
    if value is not None:
        shape = tuple(len(range(a, b, s)) for a, b, s in zip(start, stop, step, strict=True))
        return full(shape, value, x.dtype)
    if x.op == "slice" and all(s == 1 for s in x.attrs[2]):
        base = x.attrs[0]
        inner = tuple(a + b for a, b in zip(start, base, strict=True))
        outer = tuple(a + b for a, b in zip(stop, base, strict=True))
        return slice_(x.inputs[0], inner, outer, step)
    return None


@rewrite("pad")
def _pad(inputs: Inputs, attrs: tuple) -> Tensor | None:
    (x,), (low, high, value) = inputs, attrs
    if not any(low) and not any(high):
        return x
    if scalar_value(x) == value:
        shape = tuple(a + n + b for a, n, b in zip(low, x.shape, high, strict=True))
        return full(shape, value, x.dtype)
    return None


@rewrite("flip")
def _flip(inputs: Inputs, attrs: tuple) -> Tensor | None:
    (x,), (axes,) = inputs, attrs
    if scalar_value(x) is not None or all(x.shape[a] == 1 for a in axes):
        return x
    return None


@rewrite("concat")
def _concat(inputs: Inputs, attrs: tuple) -> Tensor | None:
    return inputs[0] if len(inputs) == 1 else None


@rewrite("sum")
def _sum(inputs: Inputs, attrs: tuple) -> Tensor | None:
    (x,), (axes,) = inputs, attrs
    if not axes:
        return x
    value = scalar_value(x)
    count = math.prod(x.shape[a] for a in axes)
    if value is None or not _adds_exactly(value, count, x.dtype):
        return None
    shape = tuple(d for q, d in enumerate(x.shape) if q not in axes)
    return full(shape, value * count, x.dtype)


def _adds_exactly(value: float, count: int, dtype: str) -> bool:
    """Whether no sum of up to `count` times `value` is rounded."""
    if not dtypes.is_float(dtype):
        return True
    if not math.isfinite(value):
        return False
    numerator, _ = value.as_integer_ratio()
    return abs(numerator) * count <= 2 ** np.finfo(dtype).nmant


def _identity_if_no_axes(inputs: Inputs, attrs: tuple) -> Tensor | None:
    return inputs[0] if not attrs[0] else None


for _name in ("max_reduce", "min_reduce", "prod"):
    rewrite(_name)(_identity_if_no_axes)
