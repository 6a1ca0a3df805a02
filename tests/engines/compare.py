"""Runs a program on the native engine and on the reference, and compares every number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from whit.engines.native.engine import NativeEngine
from whit.engines.native.target import TARGETS, Target, usable_targets
from whit.engines.reference import ReferenceEngine
from whit.graph import Program, Tensor

TARGETS_HERE = [t.name for t in usable_targets()]


def distance(got: np.ndarray, wanted: np.ndarray) -> float:
    """Largest difference, relative to the largest number; NaN and infinities must be the same."""
    assert got.shape == wanted.shape and got.dtype == wanted.dtype
    if not got.size:
        return 0.0
    if got.dtype.kind != "f":
        return float(not np.array_equal(got, wanted))
    finite = np.isfinite(wanted)
    if not np.array_equal(np.isfinite(got), finite) or not np.array_equal(
        np.isnan(got), np.isnan(wanted)
    ):
        return float("inf")
    if not finite.any():
        return 0.0
    a, b = got[finite].astype(np.float64), wanted[finite].astype(np.float64)
    return float(np.abs(a - b).max() / (np.abs(b).max() + 1e-3))


def assert_same(
    program: Program,
    state: Sequence[np.ndarray] = (),
    data: Sequence[np.ndarray] = (),
    stepped: Sequence[np.ndarray] = (),
    *,
    steps: int = 1,
    target: str | Target | None = None,
    threads: int = 1,
    tolerance: float = 1e-5,
) -> None:
    """Both engines give the same outputs and leave the same state."""
    chosen = TARGETS[target] if isinstance(target, str) else target
    mine, theirs = [np.array(a) for a in state], [np.array(a) for a in state]
    got = NativeEngine(chosen, threads).compile(program).run(steps, mine, data, stepped)
    wanted = ReferenceEngine().compile(program).run(steps, theirs, data, stepped)
    for kind, pairs in (
        ("output", zip(got, wanted, strict=True)),
        ("state", zip(mine, theirs, strict=True)),
    ):
        for q, (a, b) in enumerate(pairs):
            apart = distance(a, b)
            assert apart <= tolerance, f"{kind} {q} differs by {apart:.2e}"


def function_of(build: object, *arrays: np.ndarray) -> tuple[Program, list[np.ndarray]]:
    """The program `build(*tensors)` of inputs like `arrays`."""
    from whit.graph import function, input_

    inputs = [input_(f"a{q}", a.shape, a.dtype.name) for q, a in enumerate(arrays)]
    out = build(*inputs)  # type: ignore[operator]
    outputs = [out] if isinstance(out, Tensor) else list(out)
    return function(outputs, inputs), list(arrays)
