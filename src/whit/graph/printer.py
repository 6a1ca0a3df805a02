"""Shows a graph the way a person would write it: one line a value, in order, constants in place."""

from __future__ import annotations

from collections.abc import Iterable

from whit.graph.simplify import scalar_value
from whit.graph.tensor import Tensor, topological

_INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/", "less": "<", "equal": "==", "dot": "@"}


def to_text(roots: Iterable[Tensor]) -> str:
    """The listing of everything that `roots` need; roots are marked with `->`."""
    roots = list(roots)
    names: dict[Tensor, str] = {}
    lines: list[str] = []
    for node in topological(roots):
        value = scalar_value(node)
        if value is not None:
            names[node] = repr(value)
        else:
            names[node] = node.attrs[0] if node.op == "input" else f"v{len(lines)}"
            place = f"   # {node.origin}" if node.origin else ""
            head = f"{names[node]}: {node.dtype}{list(node.shape)}"
            lines.append(f"{head} = {_body(node, names)}{place}")
    lines += [f"-> {names[r]}" for r in roots]
    return "\n".join(lines)


def _body(node: Tensor, names: dict[Tensor, str]) -> str:
    args = [names[a] for a in node.inputs]
    if node.op in _INFIX:
        return f" {_INFIX[node.op]} ".join(args)
    shown = [] if node.op == "input" else [repr(a) for a in node.attrs]
    return f"{node.op}({', '.join(args + shown)})"
