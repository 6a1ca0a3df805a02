"""Numbers of a graph on the reference engine, and derivatives by central differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from whit.engines.reference import compute
from whit.graph import Tensor, build, input_, literal, topological

Known = dict[Tensor, np.ndarray]
STEP = 1e-6


def values(roots: Sequence[Tensor], known: Known | None = None) -> list[np.ndarray]:
    """The value of each root; every node's array is contiguous, so that its bits are its own."""
    have = dict(known or {})
    for node in topological(roots):
        if node not in have:
            have[node] = np.array(compute(node, [have[a] for a in node.inputs]), order="C")
    return [have[r] for r in roots]


def value(root: Tensor, known: Known | None = None) -> np.ndarray:
    """The value of one tensor."""
    return values([root], known)[0]


def inputs_like(arrays: Sequence[np.ndarray]) -> list[Tensor]:
    """An input for each array."""
    return [input_(f"x{q}", a.shape, a.dtype.name) for q, a in enumerate(arrays)]


def weighted(f: Callable[..., Tensor], xs: Sequence[Tensor]) -> Tensor:
    """A scalar that every element of `f(*xs)` enters with a weight of its own."""
    y = f(*xs)
    weights = np.cos(np.arange(y.size, dtype=y.dtype) * 1.7 + 0.3).reshape(y.shape)
    return build.total(y * literal(weights))


def difference(at: Callable[[list[np.ndarray]], np.ndarray], arrays: list, q: int) -> np.ndarray:
    """Central differences of the scalar `at(arrays)` in each element of array q."""
    out = np.zeros(arrays[q].shape)
    for i in np.ndindex(out.shape):
        ends = []
        for sign in (1, -1):
            moved = [np.array(a) for a in arrays]
            moved[q][i] += sign * STEP
            ends.append(at(moved))
        out[i] = (ends[0] - ends[1]) / (2 * STEP)
    return out
