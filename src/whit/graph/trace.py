"""Turns imperative code into a graph: an active Trace is where variables are read and assigned.

A layer that writes `seed.assign(seed + 1)`, a metric that adds to its total and an optimizer that
updates a weight are ordinary code; the trace remembers the newest tensor of each variable, and what
was assigned becomes the program's state.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from whit.graph.primitives.source import input_
from whit.graph.program import Program
from whit.graph.tensor import Shape, Tensor


class Stateful(Protocol):
    """What a variable shows to a trace."""

    name: str

    @property
    def shape(self) -> Shape: ...

    @property
    def dtype(self) -> str: ...


class _Stack(threading.local):
    def __init__(self) -> None:
        self.traces: list[Trace] = []


class _Active:
    """As a class attribute: the active traces of the thread that asks, the innermost last."""

    def __init__(self) -> None:
        self._stack = _Stack()

    def __get__(self, instance: object, owner: type) -> list[Trace]:
        return self._stack.traces


class Trace:
    """A graph in the making. What other threads compute meanwhile is no part of it.

    Attributes:
        variables: every variable read or assigned so far, with the tensor of its first value.
        values: the newest tensor of each.
    """

    _active = _Active()

    def __init__(self, name: str = "program") -> None:
        self.name = name
        self.variables: dict[Stateful, Tensor] = {}
        self.values: dict[Stateful, Tensor] = {}
        self._inputs = 0
        self._depth = len(Trace._active)  # inputs of a nested trace are not those around it

    @classmethod
    def current(cls) -> Trace | None:
        """The innermost active trace, or None: then operations compute at once."""
        active = cls._active
        return active[-1] if active else None

    @contextmanager
    def active(self) -> Iterator[Trace]:
        """Make this the current trace."""
        Trace._active.append(self)
        try:
            yield self
        finally:
            Trace._active.pop()

    def input(self, name: str, shape: Shape, dtype: str) -> Tensor:
        """A new input of the program, different from every other."""
        self._inputs += 1
        return input_(f"{name}.{self._inputs}" + "'" * self._depth, shape, dtype)

    def read(self, variable: Stateful) -> Tensor:
        """The variable's value at this point of the trace."""
        if variable not in self.values:
            t = self.input(f"state:{len(self.variables)}", variable.shape, variable.dtype)
            self.variables[variable] = self.values[variable] = t
        return self.values[variable]

    def assign(self, variable: Stateful, value: Tensor) -> None:
        """Make `value` the variable's value from here on."""
        self.read(variable)
        if (value.shape, value.dtype) != (tuple(variable.shape), variable.dtype):
            raise ValueError(
                f"variable {variable.name!r} is {variable.dtype}{list(variable.shape)}; "
                f"{value.dtype}{list(value.shape)} cannot be assigned to it"
            )
        self.values[variable] = value

    def program(
        self,
        outputs: Sequence[Tensor],
        data: Sequence[Tensor] = (),
        stepped: Sequence[Tensor] = (),
        halt: Tensor | None = None,
    ) -> tuple[Program, list[Stateful]]:
        """The finished program, and the variables whose arrays are its state, in order."""
        variables = list(self.variables)
        return (
            Program(
                outputs=tuple(outputs),
                state=tuple(self.variables[v] for v in variables),
                updates=tuple(self.values[v] for v in variables),
                data=tuple(data),
                stepped=tuple(stepped),
                halt=halt,
                name=self.name,
            ),
            variables,
        )
