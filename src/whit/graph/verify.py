"""Checks a graph after a pass: each node's shape and dtype again, and that no node needs itself."""

from __future__ import annotations

from collections.abc import Iterable

from whit.graph.tensor import PRIMITIVES, Tensor, topological


def verify(roots: Iterable[Tensor]) -> None:
    """Raise ValueError at the first node that breaks a rule of the graph."""
    for node in topological(roots):
        if PRIMITIVES.get(node.op) is not node.primitive:
            raise ValueError(f"{node!r}: unknown primitive")
        if any(a.serial >= node.serial for a in node.inputs):
            raise ValueError(f"{node!r}: made before its inputs")
        try:
            inferred = node.primitive.infer(node.inputs, node.attrs)
        except (ValueError, TypeError) as e:
            raise ValueError(f"{node!r}: {e}") from e
        if inferred != (node.shape, node.dtype):
            raise ValueError(f"{node!r}: its rule says {inferred}")
