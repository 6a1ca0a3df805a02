"""What the scheduler makes: kernels, the buffers they read and write, and the order they run in.

Every kernel is loops over `space`, ordered nodes with their maps, and outputs; `kind` says which of
the templates writes it: row, column, contraction, scalar, serial (running sums, scatter) or pack.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from whit.engines.native.access import Map
from whit.graph import Tensor

ITEMSIZE = {"bool": 1, "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4}


def itemsize(dtype: str) -> int:
    """Bytes of one element in memory."""
    return ITEMSIZE.get(dtype) or (4 if dtype == "float32" else 8)


@dataclass(frozen=True)
class Part:
    """How threads share a kernel: contiguous ranges of `extent` units of `granule` rows each.

    `axes` are the extents that the units run over; two kernels with equal Parts over rows give
    each thread the same rows.
    """

    kind: str  # rows, columns, batch, chunks or single
    axes: tuple[int, ...] = ()
    granule: int = 1


@dataclass(eq=False)
class Kernel:
    """One loop nest."""

    kind: str
    space: tuple[int, ...]
    number: int
    nodes: dict[Tensor, Map] = field(default_factory=dict)
    reduced: tuple[int, ...] = ()  # loops that a column kernel sums over
    outs: list[Tensor] = field(default_factory=list)
    reads: dict[Tensor, set[Map]] = field(default_factory=dict)
    phase: int = 0
    part: Part = Part("single")
    plan: Any = None

    @property
    def size(self) -> int:
        """Points of the iteration space."""
        return math.prod(self.space)

    def __repr__(self) -> str:
        return f"{self.kind}{self.number}{list(self.space)}"


@dataclass(eq=False)
class Buffer:
    """Memory with a meaning.

    Attributes:
        kind: state, data, stepped, output, literal (given by the caller, `slot` in the table of
            pointers) or temp (in the arena, at byte `offset`).
        live: first and last phase in which a temp is needed.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    kind: str
    slot: int = -1
    offset: int = -1
    live: tuple[int, int] | None = None

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        return math.prod(self.shape) * itemsize(self.dtype)
