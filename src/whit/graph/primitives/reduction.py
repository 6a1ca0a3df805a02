"""Many elements to one along axes: sum, max, min, prod; and the running sum."""

from __future__ import annotations

from whit.graph.build import (
    cast,
    divide,
    expand,
    flip,
    mask,
    multiply,
    reduce,
    total,
    where,
    zeros_like,
)
from whit.graph.tensor import Shape, Tensor, apply, primitive


def _rule(inputs: tuple[Tensor, ...], attrs: tuple) -> tuple[Shape, str]:
    (x,), (axes,) = inputs, attrs
    if any(not 0 <= a < x.ndim for a in axes) or list(axes) != sorted(set(axes)):
        raise ValueError(f"reduction over axes {axes} of shape {x.shape}")
    return tuple(d for q, d in enumerate(x.shape) if q not in axes), x.dtype


def _number_rule(inputs: tuple[Tensor, ...], attrs: tuple) -> tuple[Shape, str]:
    if inputs[0].dtype == "bool":
        raise TypeError("sum and prod are not defined for bool; cast first")
    return _rule(inputs, attrs)


def _extreme_rule(inputs: tuple[Tensor, ...], attrs: tuple) -> tuple[Shape, str]:
    (x,), (axes,) = inputs, attrs
    shape, dtype = _rule(inputs, attrs)
    if any(x.shape[a] == 0 for a in axes):
        raise ValueError(f"max or min over axes {axes} of {x.shape}: no elements to choose from")
    return shape, dtype


def _extreme_vjp(g: Tensor, y: Tensor, x: Tensor, axes: Shape) -> tuple[Tensor]:
    """Ties share the gradient. `y` is read back, never recomputed, so the comparison is exact."""
    hit = apply("equal", x, expand(y, x.shape, axes))
    share = divide(g, total(cast(hit, g.dtype), axes))
    return (mask(hit, expand(share, x.shape, axes)),)


def _prod_vjp(g: Tensor, y: Tensor, x: Tensor, axes: Shape) -> tuple[Tensor]:
    """The product of the others: y/x, or, where exactly one factor is zero, that of the rest."""
    zero = apply("equal", x, zeros_like(x))
    safe = where(zero, 1, x)
    rest = expand(reduce("prod", safe, axes), x.shape, axes)
    zeros = expand(total(cast(zero, x.dtype), axes), x.shape, axes)
    none, one = apply("equal", zeros, zeros_like(x)), apply("equal", zeros, zeros_like(x) + 1)
    others = where(none, divide(rest, safe), mask(apply("and", one, zero), rest))
    return (multiply(expand(g, x.shape, axes), others),)


def _cumsum_rule(inputs: tuple[Tensor, ...], attrs: tuple) -> tuple[Shape, str]:
    (x,), (axis,) = inputs, attrs
    if not 0 <= axis < x.ndim or x.dtype == "bool":
        raise ValueError(f"cumsum along axis {axis} of {x!r}")
    return x.shape, x.dtype


def _cumsum_vjp(g: Tensor, y: Tensor, x: Tensor, axis: int) -> tuple[Tensor]:
    return (flip(apply("cumsum", flip(g, [axis]), attrs=(axis,)), [axis]),)


primitive(
    "sum", "reduction", _number_rule, lambda g, y, x, axes: (expand(g, x.shape, axes),)
)
primitive("max_reduce", "reduction", _extreme_rule, _extreme_vjp)
primitive("min_reduce", "reduction", _extreme_rule, _extreme_vjp)
primitive("prod", "reduction", _number_rule, _prod_vjp)
primitive("cumsum", "reduction", _cumsum_rule, _cumsum_vjp)
