"""WHAT is computed: typed, pure, hash-consed tensors over about fifty primitives, and gradients."""

from whit.graph import build, primitives, simplify  # noqa: F401  (fill the tables)
from whit.graph.grad import grad
from whit.graph.primitives.source import Literal, input_, literal, random_bits
from whit.graph.printer import to_text
from whit.graph.program import Program, function
from whit.graph.tensor import PRIMITIVES, Tensor, apply, origin, topological
from whit.graph.trace import Trace
from whit.graph.verify import verify

__all__ = [
    "PRIMITIVES",
    "Literal",
    "Program",
    "Tensor",
    "Trace",
    "apply",
    "build",
    "function",
    "grad",
    "input_",
    "literal",
    "origin",
    "random_bits",
    "to_text",
    "topological",
    "verify",
]
