"""Reverse-mode differentiation, graph to graph: walk back from a scalar, one VJP rule a node."""

from __future__ import annotations

from collections.abc import Sequence

from whit.graph import dtypes
from whit.graph.build import constant, zeros_like
from whit.graph.tensor import Tensor, topological


def grad(y: Tensor, wrt: Sequence[Tensor], seed: Tensor | None = None) -> list[Tensor]:
    """The gradients of `y` with respect to the tensors `wrt`.

    Args:
        y: a floating-point scalar, or any floating-point tensor if `seed` is given.
        wrt: tensors, inputs or intermediate; those that `y` does not depend on get zeros.
        seed: cotangent of `y`, of its shape; 1 by default.

    Raises:
        TypeError: `y` is not floating point.
        ValueError: `y` is not a scalar and has no seed, or the seed is not like `y`.
    """
    if not dtypes.is_float(y.dtype):
        raise TypeError(f"grad: {y!r} is not floating point, so it has no gradient")
    if seed is None:
        if y.shape != ():
            raise ValueError(
                f"grad: the loss must be a scalar, got shape {y.shape}; reduce it first"
            )
        seed = constant(1.0, y.dtype)
    if (seed.shape, seed.dtype) != (y.shape, y.dtype):
        raise ValueError(f"grad: the seed {seed!r} must have the shape and dtype of {y!r}")
    order = topological([y])
    needed = _dependents(order, wrt)
    cotangents = {y: seed}
    for node in reversed(order):
        g = cotangents.get(node)
        if g is None or node not in needed or node.primitive.vjp is None:
            continue
        for x, gx in zip(node.inputs, _vjp(node, g), strict=True):
            if gx is not None and x in needed:
                cotangents[x] = cotangents[x] + gx if x in cotangents else gx
    return [cotangents.get(w, zeros_like(w)) for w in wrt]


def _vjp(node: Tensor, g: Tensor) -> Sequence[Tensor | None]:
    assert node.primitive.vjp is not None
    return list(node.primitive.vjp(g, node, *node.inputs, *node.attrs))


def _dependents(order: Sequence[Tensor], wrt: Sequence[Tensor]) -> set[Tensor]:
    """Those tensors of `order` that depend, in floating point, on any of `wrt`."""
    needed = set(wrt)
    for node in order:
        if node.op != "stop" and any(a in needed for a in node.inputs):
            needed.add(node)
    return needed
