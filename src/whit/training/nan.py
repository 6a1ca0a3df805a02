"""When the loss is no longer finite: puts the weights back and says where the first bad number
arose.

A `Recorder` keeps the state from before a stretch of steps, and what was run since. Steps are
deterministic, so after a bad one the stretch is run again up to the step before it; the weights are
then those after the last good step, and the bad step is computed node by node with the reference
engine. From the loss one walks back through numbers that are not finite to the first that was made
from finite ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from whit.engines import reference
from whit.errors import NonFiniteLossError
from whit.graph import Tensor, dtypes, topological
from whit.training.feeds import Run
from whit.training.step import Step

LIMIT = 512 * 2**20  # bytes of state beyond which none is kept
PIECE_LIMIT = 64 * 2**20  # the same where it would be copied before every step
_STRETCH = 32  # runs in a stretch, if runs are single batches of a stream


class Recorder:
    """Keeps what is needed to go back to before any step since the last snapshot.

    One serves all epochs of a `fit`, so its copies are made in the same memory again and again.

    Args:
        in_pieces: callbacks may change anything between runs, so a stretch is a single run.
    """

    def __init__(self, in_pieces: bool) -> None:
        self._stretch = 1 if in_pieces else _STRETCH
        self._limit = PIECE_LIMIT if in_pieces else LIMIT
        self._kept: dict[Any, np.ndarray] = {}
        self._runs: list[tuple[Step, Run, int, int]] = []

    def clear(self) -> None:
        """Begin a new stretch at the next run: something else may change the state in between."""
        self._runs.clear()

    def before(self, step: Step, run: Run, first: int, count: int) -> None:
        """These steps are about to be run."""
        if len(self._runs) >= self._stretch:
            self._runs.clear()
        if not self._runs:
            self._kept = self._snapshot(step) if self._fits(step) else {}
        elif self._kept:
            fresh = [v for v in step.variables if v not in self._kept]
            self._kept.update((v, np.array(v.array)) for v in fresh)
        self._runs.append((step, run, first, count))

    def _fits(self, step: Step) -> bool:
        return sum(a.nbytes for a in step.state) <= self._limit

    def _snapshot(self, step: Step) -> dict[Any, np.ndarray]:
        kept = {}
        for v in step.variables:
            old = self._kept.get(v)
            kept[v] = np.array(v.array) if old is None else old
            np.copyto(kept[v], v.array)
        return kept

    def rewind(self, done: int) -> bool:
        """Go back to before the last of `done` steps of the last run; False if nothing was kept."""
        if not self._kept:
            return False
        for v, array in self._kept.items():
            np.copyto(v.array, array)
        *earlier, (step, run, first, _) = self._runs
        for s, r, f, count in earlier:
            s.run(count, s.state, *r.arguments(f, count))
        if done > 1:
            step.run(done - 1, step.state, *run.arguments(first, done - 1))
        return True


def explain(
    recorder: Recorder, step: Step, run: Run, at: int, first: int, loss: float, where: str
) -> NonFiniteLossError:
    """Rewind, and make the error.

    Args:
        step, run: what was running. first: the first step of the last call. at: the bad step, both
            counted in the run. loss: what it was.
        where: "epoch 3, step 118 of 300".
    """
    restored = recorder.rewind(at - first + 1)
    samples = run.samples(at)
    lines = [f"the loss became {_kind(loss)} in {where}."]
    if restored:
        rows, found = _locate(step, run, at)
        lines += found
        if rows is not None:
            samples = samples[rows]
        lines.append(_samples(samples, run, partial=rows is not None))
        lines.append("The weights are those after the step before.")
    else:
        lines.append(_samples(samples, run, partial=False))
        lines.append(
            "The weights are those after this step: the model is too large to keep a copy."
        )
    lines.append(
        "Usual causes: a learning rate that is too high, inputs that are not scaled, a log of "
        "zero or a division by it. Try a lower learning rate, or clipnorm=1.0 in the optimizer."
    )
    return NonFiniteLossError("\n".join(lines))


def _locate(step: Step, run: Run, at: int) -> tuple[np.ndarray | None, list[str]]:
    """Which rows of the batch are bad, if one can tell, and what the first bad number is."""
    program = step.program
    if program.halt is None:
        return None, []
    data, stepped = run.arguments(at, 1)
    values: dict[Tensor, np.ndarray] = dict(zip(program.state, step.state, strict=True))
    values.update(zip(program.data, data, strict=True))
    values.update({t: a[0] for t, a in zip(program.stepped, stepped, strict=True)})
    for node in topological([program.halt]):
        if node not in values:
            values[node] = reference.compute(node, [values[a] for a in node.inputs])
    path = _walk(program.halt, values)
    if not path:
        return None, ["The step is not bad when NumPy computes it: the numbers are near the limit."]
    name = next(
        (v.path for t, v in zip(program.state, step.variables, strict=True) if t is path[-1]), ""
    )
    return _rows(path, values, run.batch), _describe(path[-1], values, name)


def _walk(halt: Tensor, values: dict[Tensor, np.ndarray]) -> list[Tensor]:
    """From the loss back to the first number that is not finite though what it is made from is."""
    path: list[Tensor] = []
    heads: Sequence[Tensor] = [
        t for t in topological([halt]) if not values[t].ndim and _bad(values[t])
    ]
    heads = heads[-1:]
    while heads:
        path.append(heads[0])
        heads = [a for a in heads[0].inputs if _bad(values[a])]
    return path


def _bad(array: np.ndarray) -> bool:
    return array.dtype.kind == "f" and not bool(np.isfinite(array).all())


def _rows(path: list[Tensor], values: dict[Tensor, np.ndarray], batch: int) -> np.ndarray | None:
    """The rows of the batch in which the first bad tensor with a batch axis is bad."""
    for node in reversed(path):
        if node.shape[:1] == (batch,) and node.op != "input":
            array = values[node]
            bad = ~np.isfinite(array).all(axis=tuple(range(1, array.ndim)))
            return np.flatnonzero(bad)
    return None


def _describe(node: Tensor, values: dict[Tensor, np.ndarray], variable: str) -> list[str]:
    array = values[node]
    bad = array[~np.isfinite(array)]
    kind = _kind(float(bad.flat[0]))
    if variable:
        return [
            f'It comes from the weight "{variable}", {_count(array)} of which are not finite since '
            "the step before: its gradient or the learning rate is too large."
        ]
    if node.op == "input" or node.op == "gather":
        return [f"It comes from the data: {_count(array)} numbers of the batch are not finite."]
    place = f'in "{node.origin}"' if node.origin else "in the step"
    what = _OPERATIONS.get(node.op, f"the operation {node.op}")
    largest = max((_largest(values[a]) for a in node.inputs), default=0.0)
    cause = _CAUSES.get(node.op, "")
    return [
        f"The first number that is {kind} arises {place}, from {what} of finite numbers "
        f"(the largest is {largest:.3g}){': ' + cause if cause else ''}."
    ]


_OPERATIONS = {
    "log": "the logarithm",
    "div": "the division",
    "exp": "the exponential",
    "sqrt": "the square root",
    "pow": "the power",
    "dot": "the product with the weights",
    "mul": "the product",
    "add": "the sum",
    "sub": "the difference",
    "sum": "the sum",
}
_CAUSES = {
    "log": "a logarithm of zero or of a negative number; add a small epsilon, or clip",
    "div": "a division by zero; add a small epsilon to the divisor",
    "exp": "an overflow; scale the inputs, or lower the learning rate",
    "sqrt": "a square root of a negative number",
    "pow": "a power out of range",
    "dot": "an overflow; the weights or the inputs have grown too large, lower the learning rate",
    "mul": "an overflow; lower the learning rate",
    "sum": "an overflow; lower the learning rate",
}


def _largest(array: np.ndarray) -> float:
    if not array.size or not dtypes.is_float(array.dtype.name):
        return 0.0
    return float(np.abs(array).max())


def _count(array: np.ndarray) -> str:
    return f"{int((~np.isfinite(array)).sum())} of {array.size}"


def _kind(value: float) -> str:
    return "NaN" if np.isnan(value) else "infinite"


def _samples(samples: np.ndarray, run: Run, partial: bool) -> str:
    shown = ", ".join(map(str, samples[:8])) + (", ..." if len(samples) > 8 else "")
    of = "rows" if run.source == "whole" else "samples"
    if partial:
        return f"Affected are {len(samples)} of the {run.batch} {of} of the batch: {shown}."
    return f"The batch has the {of} {shown}."
