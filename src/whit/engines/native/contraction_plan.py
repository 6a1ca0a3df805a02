"""How a contraction is cut: register tile, split over the team, blocking of the shared axis.

Shapes and the target's numbers alone decide. Costs are cycles of the busiest thread, from a model
of the inner loop: the multiply-adds, the loads that feed them, and what a tile costs outside of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from whit.engines.native.target import Target

SPARSE_MIN_COLUMNS, SPARSE_MIN_DEPTH = 96, 48


@dataclass(frozen=True)
class Contraction:
    """The plan of one batched product (batch, m, k) by (batch, k, n).

    Attributes:
        mr, nv: rows and vectors of the register tile. lanes: elements of a vector.
        split: rows, columns or batch: what the team shares out.
        kc: extent of one block of the shared axis.
        pack_b: whether panels of B are copied to lie one after the other.
        b_row: elements from one row of B to the next, as the tile reads it.
        sparse: whether panels of A are searched for columns of zeros, which are then skipped.
    """

    batch: int
    m: int
    n: int
    k: int
    mr: int
    nv: int
    lanes: int
    split: str
    kc: int
    pack_b: bool
    b_row: int
    sparse: bool
    cost: float

    @property
    def nr(self) -> int:
        """Columns of the register tile."""
        return self.nv * self.lanes

    @property
    def row_panels(self) -> int:
        """Register tiles from top to bottom."""
        return -(-self.m // self.mr)

    @property
    def column_panels(self) -> int:
        """Register tiles from left to right."""
        return -(-self.n // self.nr)

    @property
    def blocks(self) -> int:
        """Blocks of the shared axis."""
        return max(1, -(-self.k // self.kc))


def plan_contraction(
    batch: int,
    m: int,
    n: int,
    k: int,
    *,
    target: Target,
    threads: int,
    bits: int,
    b_contiguous: bool,
    b_row: int,
    outputs: int,
    may_sparse: bool,
) -> Contraction:
    """The cheapest of all register tiles and splits."""
    lanes = target.lanes(bits)
    offsets_fit = k * b_row * bits // 8 < 2**31
    worth = n >= SPARSE_MIN_COLUMNS and k >= SPARSE_MIN_DEPTH and offsets_fit
    sparse = may_sparse and batch == 1 and worth
    best: Contraction | None = None
    for nv, mr in _tiles(m, n, lanes, target.registers):
        panels = -(-n // (nv * lanes))
        pack_b = not (b_contiguous and (panels == 1 or m <= 2 * mr))
        # A block's panel of B takes up to four fifths of the first cache, if it is read again.
        room = target.l1 * 4 // 5 // (nv * lanes * bits // 8) if m > mr else k
        blocks = max(1, -(-k // max(16, room)))
        kc = max(1, -(-k // blocks))
        for split in ("batch",) if batch >= threads > 1 else ("columns", "rows"):
            sizes = (batch, m, n, k, mr, nv, lanes, split, blocks, threads)
            cost = _cost(*sizes, pack_b, outputs, bits, sparse)
            if best is None or cost < best.cost * 0.999:
                row = nv * lanes if pack_b else b_row
                best = Contraction(
                    batch, m, n, k, mr, nv, lanes, split, kc, pack_b, row, sparse, cost
                )
    assert best is not None
    return best


def _tiles(m: int, n: int, lanes: int, registers: int) -> Iterator[tuple[int, int]]:
    """(vectors, rows) of the register tiles that fit.

    With one row the vectors of B are operands of the multiply-add, never in registers; it takes
    a dozen sums side by side to hide the latency.
    """
    for nv in range(1, min(4 if m > 2 else 12, -(-n // lanes)) + 1):
        for mr in range(1, min(registers - 4, max(m, 1)) + 1):
            if mr * nv + (nv if mr > 1 else 1) + 1 <= registers:
                yield nv, mr


def _cost(
    batch: int,
    m: int,
    n: int,
    k: int,
    mr: int,
    nv: int,
    lanes: int,
    split: str,
    blocks: int,
    threads: int,
    pack_b: bool,
    outputs: int,
    bits: int,
    sparse: bool,
) -> float:
    """Cycles of the busiest thread."""

    # Half a cache line of each output at a time means fetching every line twice.
    store = 4.0 * outputs * (1.0 if nv * lanes * bits % 512 == 0 else 1.75)
    depth = k * (0.5 + 0.03 * min(mr, 14)) if sparse else k  # fewer rows, more columns all zero

    def tile(rows: int, vectors: int) -> float:
        inner = max(rows * vectors / 2, (rows + vectors) / 2, 4) + 2 * sparse
        return depth * inner + blocks * (25 + rows * vectors * 2) + rows * vectors * (2 + store)

    rows, columns = divmod(m, mr), divmod(n, nv * lanes)
    edge_v = -(-columns[1] // lanes)
    pack = (k * nv * 3.0, k * edge_v * 3.0) if pack_b else (0.0, 0.0)
    column = [rows[0] * tile(mr, v) + (tile(rows[1], v) if rows[1] else 0) for v in (nv, edge_v)]
    if split == "columns":
        units = columns[0] + (edge_v > 0)
        share = -(-units // threads)
        # The last thread has the narrow panel; the first ones decide.
        busiest = share * (column[0] + pack[0])
        if edge_v and share * threads - units < 1:
            busiest -= 0.5 * (column[0] - column[1])
        return batch * busiest
    full_row = columns[0] * tile(mr, nv) + (tile(mr, edge_v) if edge_v else 0)
    if split == "rows":
        share = -(-(rows[0] + (rows[1] > 0)) // threads)
        packing = columns[0] * pack[0] + pack[1]
        return batch * (share * full_row + packing) * (1.03 if pack_b else 1.0)
    whole = columns[0] * (column[0] + pack[0]) + (column[1] + pack[1] if edge_v else 0)
    return -(-batch // threads) * whole
