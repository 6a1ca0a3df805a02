"""Many elements to one along axes: sum, max, min, prod; and the running sum."""

from __future__ import annotations

import math

from whit.graph.build import (
    cast,
    concat,
    divide,
    expand,
    flip,
    mask,
    reshape,
    total,
    transpose,
    zeros_like,
)
from whit.graph.grad import grad
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
    """That of a tree of multiplications: without a division, so right for zeros at any order."""
    if not x.size:
        return (zeros_like(x),)
    rest = [q for q in range(x.ndim) if q not in axes]
    tree = transpose(x, [*axes, *rest])
    tree = reshape(tree, (math.prod(x.shape[a] for a in axes), *y.shape))
    while (n := tree.shape[0]) > 1:
        half = n // 2
        odd = [tree[2 * half :]] if n % 2 else []
        tree = concat([tree[:half] * tree[half : 2 * half], *odd], 0)
    return (grad(tree, [x], reshape(g, tree.shape))[0],)


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
