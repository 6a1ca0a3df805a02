"""The table of primitives, a file for each kind: shape rule, dtype rule and gradient together."""

from whit.graph.primitives import (  # noqa: F401  (importing a file fills the table)
    contraction,
    elementwise,
    indexing,
    movement,
    reduction,
    source,
)
