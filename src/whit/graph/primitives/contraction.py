"""The batched matrix product, to which every tensor contraction is brought."""

from __future__ import annotations

from whit.graph.build import dot, swap_last
from whit.graph.tensor import Shape, Tensor, primitive


def _rule(inputs: tuple[Tensor, ...], attrs: tuple) -> tuple[Shape, str]:
    a, b = inputs
    if a.ndim < 2 or a.ndim != b.ndim or a.dtype != b.dtype or a.dtype == "bool":
        raise ValueError(f"dot: {a!r} and {b!r}: expected two or more axes each and one dtype")
    if a.shape[:-2] != b.shape[:-2] or a.shape[-1] != b.shape[-2]:
        raise ValueError(
            f"dot: shapes {a.shape} and {b.shape} do not fit: expected (..., m, k) and (..., k, n)"
        )
    return (*a.shape[:-1], b.shape[-1]), a.dtype


def _vjp(g: Tensor, y: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    return dot(g, swap_last(b)), dot(swap_last(a), g)


primitive("dot", "contraction", _rule, _vjp)
