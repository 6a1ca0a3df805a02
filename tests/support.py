"""What several tests share: gradients against finite differences, and traces evaluated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from whit.graph import Tensor, Trace, grad, input_, verify
from whit.ops.core import evaluate, symbolic


def _inputs(arrays: tuple[np.ndarray, ...]) -> list[Tensor]:
    return [input_(f"x{q}", a.shape, a.dtype.name) for q, a in enumerate(arrays)]


def traced(f: Callable[..., Any], *arrays: np.ndarray) -> Any:
    """`f` traced over inputs like these arrays, the graph verified, and evaluated on them."""
    inputs = _inputs(arrays)
    with Trace().active():
        result = f(*inputs)
    leaves = list(result) if isinstance(result, list | tuple) else [result]
    verify([t for t in leaves if isinstance(t, Tensor)])
    return evaluate(result, dict(zip(inputs, arrays, strict=True)))


def weighted_sum(f: Callable[..., Any], *inputs: Any) -> Any:
    """The sum of f's result with fixed uneven weights, so that no cotangent hides an error."""
    y = f(*inputs)
    weights = np.cos(np.arange(np.prod(y.shape, dtype=int)) + 0.5).reshape(y.shape)
    if isinstance(y, Tensor):
        y = y * symbolic(weights.astype(y.dtype))
        from whit.graph import build

        return build.total(y)
    return float((np.asarray(y, np.float64) * weights).sum())


def gradients(f: Callable[..., Any], *arrays: np.ndarray) -> list[np.ndarray]:
    """Gradients of `weighted_sum(f)` by each array, from the graph on the reference engine."""
    inputs = _inputs(arrays)
    with Trace().active():
        loss = weighted_sum(f, *inputs)
        found = grad(loss, inputs)
    verify(found)
    known = dict(zip(inputs, arrays, strict=True))
    return [evaluate(g, dict(known)) for g in found]


def check_gradients(
    f: Callable[..., Any], *arrays: Any, step: float = 1e-5, rtol: float = 1e-6, atol: float = 1e-7
) -> None:
    """Compare the graph's gradients with central differences, all in float64.

    Args:
        f: a function of arrays, written in `whit.ops`, smooth within `step` of the arrays.
        arrays: where; they are taken as float64.
    """
    points = tuple(np.array(a, np.float64) for a in arrays)
    for q, found in enumerate(gradients(f, *points)):
        assert found.shape == points[q].shape
        expected = np.empty_like(points[q])
        for index in np.ndindex(points[q].shape):
            values = []
            for sign in (1, -1):
                moved = tuple(p.copy() for p in points)
                moved[q][index] += sign * step
                values.append(weighted_sum(f, *moved))
            expected[index] = (values[0] - values[1]) / (2 * step)
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=atol, err_msg=f"argument {q}")
