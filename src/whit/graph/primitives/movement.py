"""Rearrangements: no arithmetic. Engines read through most of them instead of computing them."""

from __future__ import annotations

import math
from typing import Any

from whit.graph.build import flip, pad, reshape, slice_, total, transpose
from whit.graph.tensor import Shape, Tensor, primitive

Result = tuple[Shape, str]


def _reshape_rule(inputs: tuple[Tensor, ...], attrs: tuple) -> Result:
    (x,), (shape,) = inputs, attrs
    if math.prod(shape) != x.size or any(d < 0 for d in shape):
        raise ValueError(f"cannot reshape {x.shape} ({x.size} elements) to {shape}")
    return shape, x.dtype


def _transpose_rule(inputs: tuple[Tensor, ...], attrs: tuple) -> Result:
    (x,), (perm,) = inputs, attrs
    if sorted(perm) != list(range(x.ndim)):
        raise ValueError(f"transpose: {perm} is not an order of the axes of {x.shape}")
    return tuple(x.shape[p] for p in perm), x.dtype


def _broadcast_rule(inputs: tuple[Tensor, ...], attrs: tuple) -> Result:
    (x,), (shape, dims) = inputs, attrs
    fits = len(dims) == x.ndim and list(dims) == sorted(set(dims))
    fits = fits and all(0 <= d < len(shape) for d in dims) and min(shape, default=0) >= 0
    if not fits or any(shape[d] != n for d, n in zip(dims, x.shape, strict=True)):
        raise ValueError(f"broadcast: {x.shape} does not fit axes {dims} of {shape}")
    return shape, x.dtype


def _slice_rule(inputs: tuple[Tensor, ...], attrs: tuple) -> Result:
    (x,), (start, stop, step) = inputs, attrs
    if not len(start) == len(stop) == len(step) == x.ndim:
        raise ValueError(f"slice: {attrs} has not one entry for each axis of {x.shape}")
    bounds = zip(start, stop, step, x.shape, strict=True)
    if any(not (0 <= a <= b <= n and s >= 1) for a, b, s, n in bounds):
        raise ValueError(f"slice: {attrs} is outside {x.shape}")
    return tuple(len(range(a, b, s)) for a, b, s in zip(start, stop, step, strict=True)), x.dtype


def _pad_rule(inputs: tuple[Tensor, ...], attrs: tuple) -> Result:
    (x,), (low, high, _) = inputs, attrs
    if len(low) != x.ndim or len(high) != x.ndim or min((*low, *high), default=0) < 0:
        raise ValueError(f"pad: {low}, {high} does not fit {x.shape}")
    return tuple(a + n + b for a, n, b in zip(low, x.shape, high, strict=True)), x.dtype


def _flip_rule(inputs: tuple[Tensor, ...], attrs: tuple) -> Result:
    (x,), (axes,) = inputs, attrs
    if any(not 0 <= a < x.ndim for a in axes):
        raise ValueError(f"flip: axes {axes} are outside {x.shape}")
    return x.shape, x.dtype


def _concat_rule(inputs: tuple[Tensor, ...], attrs: tuple) -> Result:
    (axis,) = attrs
    if not inputs:
        raise ValueError("concat: nothing to concatenate; expected one tensor or more")
    first = inputs[0]
    if not 0 <= axis < first.ndim:
        raise ValueError(f"concat: axis {axis} is outside {first.shape}")
    rest = first.shape[:axis] + first.shape[axis + 1 :]
    for x in inputs:
        if x.dtype != first.dtype or x.shape[:axis] + x.shape[axis + 1 :] != rest:
            raise ValueError(
                f"concat along axis {axis}: the other axes and the dtype must agree, got "
                + ", ".join(f"{x.dtype}{list(x.shape)}" for x in inputs)
            )
    extent = sum(x.shape[axis] for x in inputs)
    return (*first.shape[:axis], extent, *first.shape[axis + 1 :]), first.dtype


def _dilate(g: Tensor, step: Shape) -> Tensor:
    """Put `step - 1` zeros between neighbours along each axis: each element, then its zeros."""
    for axis, s in enumerate(step):
        if s > 1 and g.shape[axis]:
            wide = reshape(g, (*g.shape[: axis + 1], 1, *g.shape[axis + 1 :]))
            high = tuple(s - 1 if q == axis + 1 else 0 for q in range(wide.ndim))
            wide = pad(wide, (0,) * wide.ndim, high)
            g = reshape(wide, (*g.shape[:axis], g.shape[axis] * s, *g.shape[axis + 1 :]))
    return g


def _slice_vjp(
    g: Tensor, y: Tensor, x: Tensor, start: Shape, stop: Shape, step: Shape
) -> tuple[Tensor]:
    g = _dilate(g, step)
    room = [n - a for n, a in zip(x.shape, start, strict=True)]  # dilation may pass the end
    if any(have > r for have, r in zip(g.shape, room, strict=True)):
        cut = tuple(min(have, r) for have, r in zip(g.shape, room, strict=True))
        g = slice_(g, (0,) * g.ndim, cut, (1,) * g.ndim)
    return (pad(g, start, tuple(r - have for r, have in zip(room, g.shape, strict=True))),)


def _pad_vjp(
    g: Tensor, y: Tensor, x: Tensor, low: Shape, high: Shape, value: float
) -> tuple[Tensor]:
    stop = tuple(a + n for a, n in zip(low, x.shape, strict=True))
    return (slice_(g, low, stop, (1,) * x.ndim),)


def _concat_vjp(g: Tensor, y: Tensor, *inputs_and_axis: Any) -> list[Tensor]:
    *inputs, axis = inputs_and_axis
    out, at = [], 0
    for x in inputs:
        start = tuple(at if q == axis else 0 for q in range(g.ndim))
        stop = tuple(a + n for a, n in zip(start, x.shape, strict=True))
        out.append(slice_(g, start, stop, (1,) * g.ndim))
        at += x.shape[axis]
    return out


primitive("reshape", "movement", _reshape_rule, lambda g, y, x, shape: (reshape(g, x.shape),))
primitive(
    "transpose",
    "movement",
    _transpose_rule,
    lambda g, y, x, perm: (transpose(g, [perm.index(q) for q in range(len(perm))]),),
)
primitive(
    "broadcast",
    "movement",
    _broadcast_rule,
    lambda g, y, x, shape, dims: (total(g, [d for d in range(len(shape)) if d not in dims]),),
)
primitive("slice", "movement", _slice_rule, _slice_vjp)
primitive("pad", "movement", _pad_rule, _pad_vjp)
primitive("flip", "movement", _flip_rule, lambda g, y, x, axes: (flip(g, axes),))
primitive("concat", "movement", _concat_rule, _concat_vjp)
