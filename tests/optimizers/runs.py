"""Runs an optimizer over a sequence of gradients: eagerly, and as one compiled program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from whit.engines import _engine
from whit.graph import Trace
from whit.optimizers import Optimizer
from whit.variables import Variable


def run_eagerly(
    optimizer: Optimizer, variables: Sequence[Variable], gradients: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Each variable after every step; gradients have a leading axis of steps."""
    paths: list[list[np.ndarray]] = [[] for _ in variables]
    for grads in zip(*gradients, strict=True):
        optimizer.apply(list(grads), variables)
        for path, v in zip(paths, variables, strict=True):
            path.append(v.numpy().copy())
    return [np.stack(path) for path in paths]


def run_compiled(
    optimizer: Optimizer,
    variables: Sequence[Variable],
    gradients: Sequence[np.ndarray],
    engine: str = "reference",
) -> list[np.ndarray]:
    """The same from one call of a program that was traced once."""
    optimizer.build(variables)
    trace = Trace("updates")
    inputs = [trace.input("gradient", g.shape[1:], g.dtype.name) for g in gradients]
    with trace.active():
        optimizer.apply(inputs, variables)
        after = [v.value for v in variables]
    program, state = trace.program(after, stepped=inputs)
    arrays: list[Any] = [v.array for v in state]  # type: ignore[attr-defined]
    return _engine(engine).compile(program).run(len(gradients[0]), state=arrays, stepped=gradients)
