"""What an engine compiles: a step of a graph, the state it updates, and how its inputs arrive.

A program is run for many steps by one call. State is read and written in place; data is the same
in every step; a stepped input gives one slice of its leading axis to each step, and every output is
stacked along a new leading axis. One step of a program is a function, and an epoch is many.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from whit.graph.tensor import Tensor, topological


@dataclass(frozen=True)
class Program:
    """A step to run many times.

    Attributes:
        outputs: values of each step, in order; the caller gets (steps, *shape) for each.
        state: input tensors that live in the caller's arrays and are updated in place.
        updates: for each tensor of `state` its value after the step (itself if unchanged).
        data: input tensors that are the same in every step.
        stepped: input tensors of which each step gets its own slice.
        halt: a bool scalar; a run ends after the first step in which it is true.
        name: for profiles and messages.
    """

    outputs: tuple[Tensor, ...] = ()
    state: tuple[Tensor, ...] = ()
    updates: tuple[Tensor, ...] = ()
    data: tuple[Tensor, ...] = ()
    stepped: tuple[Tensor, ...] = ()
    halt: Tensor | None = None
    name: str = "program"

    def __post_init__(self) -> None:
        if len(self.state) != len(self.updates):
            raise ValueError("a program needs one update for each state")
        for s, u in zip(self.state, self.updates, strict=True):
            if (s.shape, s.dtype) != (u.shape, u.dtype):
                raise ValueError(f"state {s!r} cannot become {u!r}: shape and dtype must stay")
        if self.halt is not None and (self.halt.shape, self.halt.dtype) != ((), "bool"):
            raise ValueError(f"halt must be a bool scalar, got {self.halt!r}")
        known = {*self.state, *self.data, *self.stepped}
        for node in self.nodes:
            if node.op == "input" and node not in known:
                raise ValueError(f"{node!r} ({node.attrs[0]}) is not among the program's inputs")

    @cached_property
    def nodes(self) -> list[Tensor]:
        """Every tensor of the step, each after its inputs."""
        return topological(self.roots)

    @property
    def roots(self) -> list[Tensor]:
        """What a step has to compute: outputs, updates and the halting condition."""
        return [*self.outputs, *self.updates, *([] if self.halt is None else [self.halt])]

    @cached_property
    def digest(self) -> str:
        """A name for the program's meaning: equal for equal programs, in any process."""
        number: dict[Tensor, int] = {}
        h = hashlib.sha256()
        inputs = [*self.state, *self.data, *self.stepped]
        counts = (len(self.state), len(self.data), len(self.stepped), len(self.outputs))
        h.update(repr(counts).encode())
        for node in [*inputs, *self.nodes]:
            if node in number:
                continue
            number[node] = len(number)
            attrs = (node.shape, node.dtype) if node.op == "input" else node.attrs
            h.update(repr((node.op, attrs, [number[a] for a in node.inputs])).encode())
        h.update(repr([number[r] for r in self.roots]).encode())
        return h.hexdigest()


def function(
    outputs: Sequence[Tensor], inputs: Sequence[Tensor], name: str = "function"
) -> Program:
    """A program without state: outputs of inputs."""
    return Program(outputs=tuple(outputs), data=tuple(inputs), name=name)
