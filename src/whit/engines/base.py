"""The protocol of an engine: what every way of computing a Program offers.

An engine compiles a Program once and runs it many times. `reference` computes with NumPy and is the
oracle; `native` is the product; another (XLA, say) joins by offering the same two methods.

The rules an engine keeps:

* `state` arrays are updated in place, step by step; everything else is read only.
* After a step in which `program.halt` is true the run ends; outputs of steps not run are zeros.
* Random bits are those of `graph.random_bits`: a function of the key alone.
* A run may be stopped between two steps through its `Control`; the state is then that after the
  last whole step.
* An executable may be run by several threads at once with different state arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from whit.graph import Program


class Control:
    """Shared with a run: `steps_done` is written by it, `stop()` asks it to end early.

    The two words lie on cache lines of their own; native code reads and writes them directly.
    """

    def __init__(self) -> None:
        self.words = np.zeros(16, np.int64)

    @property
    def steps_done(self) -> int:
        """Whole steps finished so far."""
        return int(self.words[0])

    @steps_done.setter
    def steps_done(self, n: int) -> None:
        self.words[0] = n

    @property
    def stopped(self) -> bool:
        """Whether somebody asked the run to stop."""
        return bool(self.words[8])

    def stop(self) -> None:
        """Ask the run to end after the current step."""
        self.words[8] = 1


class Executable(Protocol):
    """A compiled Program."""

    def run(
        self,
        steps: int,
        state: Sequence[np.ndarray] = (),
        data: Sequence[np.ndarray] = (),
        stepped: Sequence[np.ndarray] = (),
        control: Control | None = None,
    ) -> list[np.ndarray]:
        """Run `steps` steps.

        Args:
            steps: how many.
            state: one C-contiguous array for each `program.state`, updated in place.
            data: one array for each `program.data`.
            stepped: one array of shape (steps, *shape) for each `program.stepped`.
            control: progress and the request to stop.

        Returns:
            For each output an array of shape (steps, *shape).
        """
        ...


class Engine(Protocol):
    """A way of computing programs."""

    name: str

    def compile(self, program: Program) -> Executable:
        """Make `program` ready to run."""
        ...


def check_arrays(
    program: Program, steps: int, state: Sequence, data: Sequence, stepped: Sequence
) -> None:
    """Raise if the arrays of a run are not those that the program takes."""
    groups = [
        ("state", program.state, state, ()),
        ("data", program.data, data, ()),
        ("stepped", program.stepped, stepped, (steps,)),
    ]
    for kind, tensors, arrays, lead in groups:
        if len(tensors) != len(arrays):
            raise ValueError(
                f"{program.name}: {len(tensors)} {kind} arrays wanted, got {len(arrays)}"
            )
        for t, a in zip(tensors, arrays, strict=True):
            if a.shape != lead + t.shape or a.dtype != t.dtype:
                raise ValueError(
                    f"{program.name}: {kind} {t.attrs[0]!r} is {t.dtype}{[*lead, *t.shape]}, "
                    f"got {a.dtype}{list(a.shape)}"
                )
