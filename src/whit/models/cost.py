"""What a model costs, counted on its graph: floating-point operations and bytes."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from whit import tree
from whit.graph import Tensor, Trace, dtypes, topological
from whit.graph import grad as graph_grad
from whit.graph.build import add, total
from whit.layers.shapes import is_shape


@dataclass(frozen=True)
class Cost:
    """For one sample: operations forward, and forward and backward; bytes the layers give."""

    forward: int
    training: int
    output_bytes: int


def _gradients(outputs: Sequence[Tensor], weights: Sequence[Tensor]) -> list[Tensor]:
    """The gradients of the sum of all outputs: a loss that costs nothing itself."""
    totals = [total(y) for y in outputs if dtypes.is_float(y.dtype)]
    return graph_grad(functools.reduce(add, totals), weights) if totals else []


def flops(roots: Iterable[Tensor]) -> int:
    """Floating-point operations that computing `roots` takes.

    A multiply-add of a matrix product counts as two operations, an elementwise function as one for
    each element of its result, a reduction as one for each element of its argument.
    """
    return sum(_flops_of(node) for node in topological(roots))


def _flops_of(node: Tensor) -> int:
    if not dtypes.is_float(node.dtype):
        return 0
    kind = node.primitive.kind
    if kind == "contraction":
        return 2 * node.size * node.inputs[0].shape[-1]
    if kind == "elementwise" and node.op not in ("cast", "where"):
        return node.size
    return node.inputs[0].size if kind == "reduction" else 0


def cost_per_sample(model: Any, shape: tuple[int | None, ...], dtype: str) -> Cost:
    """The cost of one sample of `shape` (batch axis first); other unknown extents count as 1."""
    trace = Trace("cost")
    with trace.active():
        sample = (1, *(1 if d is None else d for d in shape[1:]))
        x = trace.input("sample", sample, dtype)
        outputs = [y for y in tree.flatten(model(x)) if isinstance(y, Tensor)]
        kept = [layer._seen_output for layer in model.layers]
        weights = [trace.read(v) for v in model.trainable_variables]
        gradients = _gradients(outputs, weights)
    forward = flops(outputs)
    sizes = [math.prod(s) for s in kept if s is not None and is_shape(s)]
    itemsize = np.dtype(model.compute_dtype).itemsize
    return Cost(forward, flops([*outputs, *gradients]), sum(sizes) * itemsize)
