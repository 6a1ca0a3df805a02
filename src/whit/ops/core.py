"""Where an operation meets its operands: traced if any is symbolic, computed at once if not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from whit.engines import reference
from whit.graph import PRIMITIVES, Tensor, Trace, build, dtypes, literal
from whit.graph import apply as apply_graph

Array = np.ndarray | Tensor
_COMPUTABLE = frozenset(map(np.dtype, dtypes.DTYPES))


def is_symbolic(*values: object) -> bool:
    """Whether any of the values is a traced tensor, or a variable read inside a trace."""
    return any(isinstance(v, Tensor) for v in values) or (
        Trace.current() is not None and any(hasattr(v, "__whit_variable__") for v in values)
    )


def convert(x: Any, dtype: str | None = None) -> Any:
    """What an operation works on: a Tensor in a trace, an array or a weak Python scalar outside.

    Variables become their current value; lists, DataFrames and other array-likes become arrays;
    float64 made from Python lists becomes float32, as in Keras.
    """
    if isinstance(x, Tensor | bool | int | float):
        return x if dtype is None else cast(x, dtype)
    if hasattr(x, "__whit_variable__"):
        trace = Trace.current()
        x = trace.read(x) if trace is not None else x.numpy()
    elif not isinstance(x, np.ndarray | np.generic):
        x = np.asarray(x)
        if x.dtype == np.float64:
            x = x.astype(np.float32)
        elif x.dtype == np.int64:
            x = x.astype(np.int32)
    if not isinstance(x, Tensor):
        x = np.asarray(x)
        if x.dtype not in _COMPUTABLE:
            dtypes.canonical(x.dtype)
    return x if dtype is None else cast(x, dtype)


def symbolic(x: Any) -> Tensor:
    """`x` as a Tensor of the current trace; arrays become literals."""
    x = convert(x)
    if isinstance(x, Tensor):
        return x
    return literal(np.asarray(x, dtypes.canonical(type(x))) if not isinstance(x, np.ndarray) else x)


def call(f: Callable[..., Any], *operands: Any) -> Any:
    """Run `f`, written over Tensors in `graph.build`, on these operands.

    In a trace `f` extends the graph. On arrays `f` is traced over inputs of their shapes and the
    small graph is evaluated with NumPy at once: one definition serves both.
    """
    values = [convert(x) for x in operands]
    if any(isinstance(v, Tensor) for v in values) or Trace.current() is not None:
        return f(*(symbolic(v) if isinstance(v, np.ndarray) else v for v in values))
    inputs: list[Any] = []
    known: dict[Tensor, np.ndarray] = {}
    for q, v in enumerate(values):
        if isinstance(v, np.ndarray):
            from whit.graph import input_

            t = input_(f"eager.{q}", v.shape, v.dtype.name)
            known[t] = v
            inputs.append(t)
        else:
            inputs.append(v)
    return evaluate(f(*inputs), known)


def evaluate(result: Any, known: dict[Tensor, np.ndarray]) -> Any:
    """The NumPy value of a tensor, or of each in a list or tuple."""
    if isinstance(result, list | tuple):
        return type(result)(evaluate(r, known) for r in result)
    if not isinstance(result, Tensor):
        return np.asarray(result)
    values = dict(known)
    from whit.graph import topological

    for node in topological([result]):
        if node not in values:
            values[node] = reference.compute(node, [values[a] for a in node.inputs])
    return values[result]


def cast(x: Any, dtype: str) -> Any:
    """`x` converted to `dtype`."""
    dtype = dtypes.canonical(dtype)
    if isinstance(x, bool | int | float):
        return np.asarray(x, dtype)
    x = convert(x)
    if isinstance(x, Tensor):
        return build.cast(x, dtype)
    return reference.RULES["cast"](x, dtype) if x.dtype.name != dtype else x


def primitive(name: str, *operands: Any, attrs: tuple = ()) -> Any:
    """Apply a primitive whose operands already fit."""
    assert name in PRIMITIVES
    return call(lambda *xs: apply_graph(name, *xs, attrs=attrs), *operands)
