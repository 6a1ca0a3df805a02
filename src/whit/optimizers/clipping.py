"""Bounds on gradients: on each norm, on the joint norm, or on each element."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from whit import ops


def clip(
    grads: Sequence[Any],
    clipnorm: float | None,
    clipvalue: float | None,
    global_clipnorm: float | None,
) -> Sequence[Any]:
    """The gradients, bounded by the one limit that is given; see `Optimizer`."""
    if clipnorm and clipnorm > 0:
        return [ops.multiply(g, _shrink(_norm([g]), clipnorm)) for g in grads]
    if global_clipnorm and global_clipnorm > 0:
        norm = _norm(grads)
        not_finite = ops.subtract(norm, norm)  # NaN then, else 0
        factor = ops.add(_shrink(norm, global_clipnorm), not_finite)
        return [ops.multiply(g, factor) for g in grads]
    if clipvalue and clipvalue > 0:
        return [ops.clip(g, -clipvalue, clipvalue) for g in grads]
    return grads


def _norm(grads: Sequence[Any]) -> Any:
    """The Euclidean norm of all elements of several arrays."""
    total = ops.sum(ops.square(grads[0]))
    for g in grads[1:]:
        total = ops.add(total, ops.sum(ops.square(g)))
    return ops.sqrt(total)


def _shrink(norm: Any, limit: float) -> Any:
    """The factor that brings `norm` down to `limit`, 1 if it is below."""
    return ops.divide(limit, ops.maximum(norm, limit))
