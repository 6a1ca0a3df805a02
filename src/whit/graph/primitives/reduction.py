"""Many elements to one along axes: sum, max, min, prod; and the running sum."""

from __future__ import annotations

from whit.graph.build import (
    cast,
    divide,
    expand,
    flip,
    full,
    mask,
    reduce,
    total,
    where,
    zeros_like,
)
from whit.graph.tensor import Shape, Tensor, apply, primitive


def _rule(inputs: tuple[Tensor, ...], attrs: tuple) -> tuple[Shape, str]:
    (x,), (axes,) = inputs, attrs
    if any(not 0 <= a < x.ndim for a in axes) or list(axes) != sorted(set(axes)):
        raise ValueError(
            f"reduction over axes {axes} of shape {x.shape}: expected axes inside it, each once"
        )
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
    """The product of the others: of those that are not zero, times that of the other zeros.

    If there is one other zero it is kept as a factor, though it is zero: so it has a slope, and
    the gradient of the gradient is right too.
    """

    def of_others(values: Tensor) -> Tensor:
        return expand(total(values, axes), x.shape, axes) - values

    zero = apply("equal", x, zeros_like(x))
    safe = where(zero, 1, x)
    rest = divide(expand(reduce("prod", safe, axes), x.shape, axes), safe)
    count = of_others(cast(zero, x.dtype))
    none, one = (apply("equal", count, full(x.shape, n, x.dtype)) for n in (0, 1))
    zeros = where(none, 1, mask(one, of_others(mask(zero, x))))
    return (expand(g, x.shape, axes) * rest * zeros,)


def _cumsum_rule(inputs: tuple[Tensor, ...], attrs: tuple) -> tuple[Shape, str]:
    (x,), (axis,) = inputs, attrs
    if not 0 <= axis < x.ndim or x.dtype == "bool":
        raise ValueError(f"cumsum along axis {axis} of {x!r}")
    return x.shape, x.dtype


def _cumsum_vjp(g: Tensor, y: Tensor, x: Tensor, axis: int) -> tuple[Tensor]:
    return (flip(apply("cumsum", flip(g, [axis]), attrs=(axis,)), [axis]),)


primitive("sum", "reduction", _number_rule, lambda g, y, x, axes: (expand(g, x.shape, axes),))
primitive("max_reduce", "reduction", _extreme_rule, _extreme_vjp)
primitive("min_reduce", "reduction", _extreme_rule, _extreme_vjp)
primitive("prod", "reduction", _number_rule, _prod_vjp)
primitive("cumsum", "reduction", _cumsum_rule, _cumsum_vjp)
