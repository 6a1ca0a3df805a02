"""Searches the left operand of a contraction for zeros, and keeps what is not zero.

The left operand is cut into panels of as many rows as a register tile has. In each panel those
columns of the shared axis are kept in which any row is not zero: their values one after the other,
and beside them the byte offset of the row of the right operand's panel that they meet. Skipping the
rest is not an approximation (0 times a finite number adds nothing). Images have dark borders and
activations are cut off at zero: on MNIST a third to two thirds of a contraction with the pixels is
skipped. A panel with few zeros is marked with a count of -1 and read where it lies.
"""

from __future__ import annotations

from whit.engines.native.contraction_plan import Contraction
from whit.engines.native.ir import F32, I8, I32, I64, Builder, Index, Value, constant, i64
from whit.engines.native.schedule import Operand, pack_slot
from whit.engines.native.templates.loops import TID
from whit.engines.native.values import Values

LINE = 64
PATIENCE = 15
DENSE = 0.85  # kept share above which skipping costs more than it saves


def slot_offsets(plan: Contraction) -> tuple[int, int]:
    """Within a slot: bytes of the values, with room for the last vector store."""
    return 0, (plan.kc * plan.mr + 2 * plan.lanes + plan.lanes * plan.mr) * 4


def count_bytes(plan: Contraction) -> int:
    """Bytes of the counts of all panels and blocks, to a whole cache line."""
    return -(-plan.row_panels * plan.blocks * 8 // LINE) * LINE


def write_pack(v: Values) -> None:
    """One panel after the other, shared by the team.

    A thread that finds all its panels dense does not look again for PATIENCE steps: what it found
    stays noted, and reading where it lies is right for any data.
    """
    plan, b = v.k.plan, v.b
    counts = v.pointer(v.s.pack_counts[v.k])
    waits = b.at(counts, b.add(b.mul(TID, LINE), count_bytes(plan)), I8)
    wait = b.load(waits, I64)
    b.store(b.op("sub", wait, i64(1)), waits)
    with b.when(b.compare("slt", wait, i64(1))):
        sparse = _search(v, counts)
        none = b.compare("eq", sparse, i64(0))
        b.store(b.select(none, i64(PATIENCE), i64(0)), waits)


def _search(v: Values, counts: Value) -> Value:
    """Pack this thread's panels; how many blocks of them are worth skipping zeros in."""
    plan, b = v.k.plan, v.b
    user = next(k for k in v.s.kernels if v.s.pack_of.get(k) is v.k)
    a = v.s.operand(user, 0)
    source = v.pointer(v.s.buffer(a.base))
    target = v.pointer(v.s.packs[v.k])
    lo, hi = v.share(plan.row_panels, TID)
    full = plan.m // plan.mr
    with b.loop(lo, b.minimum(hi, full), 1, [i64(0)]) as p:
        found = _panel(b, plan, a, source, target, counts, p.i, plan.mr)
        p.next[0] = b.op("add", p.values[0], found)
    total = p.values[0]
    if plan.m % plan.mr:
        edge = b.minimum(b.maximum(i64(lo), full), hi)  # the thread that has the last panel
        with b.loop(edge, hi, 1, [total]) as p:
            found = _panel(b, plan, a, source, target, counts, p.i, plan.m % plan.mr)
            p.next[0] = b.op("add", p.values[0], found)
        total = p.values[0]
    return total


def _panel(
    b: Builder,
    plan: Contraction,
    a: Operand,
    source: Value,
    target: Value,
    counts: Value,
    panel: Index,
    rows: int,
) -> Value:
    """All blocks of the shared axis of one panel; how many of them are sparse."""
    start = b.add(b.mul(panel, plan.mr * a.row), a.offset)
    with b.loop(0, plan.blocks, 1, [i64(0)]) as block:
        k0 = b.mul(block.i, plan.kc)
        depth = b.minimum(b.add(plan.k, b.mul(k0, -1)), plan.kc)
        here = b.at(source, b.add(start, b.mul(k0, a.column)), F32)
        number = b.add(b.mul(panel, plan.blocks), block.i)
        slot = b.at(target, b.mul(number, pack_slot(plan)), I8)
        kept = _block(b, plan, a, here, slot, depth, rows)
        limit = b.op("mul", i64(depth), i64(int(DENSE * 256)))
        dense = b.compare("sgt", b.op("mul", kept, i64(256)), limit)
        b.store(b.select(dense, i64(-1), kept), b.at(counts, b.mul(number, 8), I8))
        block.next[0] = b.op("add", block.values[0], b.select(dense, i64(0), i64(1)))
    return block.values[0]


def _block(
    b: Builder, plan: Contraction, a: Operand, here: Value, slot: Value, depth: Index, rows: int
) -> Value:
    """Keep the columns of one block that are not all zero; how many were kept."""
    offsets = b.at(slot, slot_offsets(plan)[1], I8)
    lanes = plan.lanes
    wide = -(-rows // lanes) * lanes

    def keep(k: Index, column: Value, kept: Value) -> Value:
        b.store(column, b.at(slot, b.op("mul", kept, i64(rows)), F32))
        offset = b.new(f"trunc {i64(b.mul(k, plan.b_row * 4))} to i32", I32)
        b.store(offset, b.at(offsets, kept, I32))
        hit = b.compare("une", column, constant(0.0, column.type))
        bits = b.new(f"bitcast {hit} to i{wide}", F32._replace(elem=f"i{wide}"))
        some = b.compare("ne", bits, constant(0, bits.type))
        return b.op("add", kept, b.new(f"zext {some} to i64", I64))

    def widen(x: Value) -> Value:
        if x.type.lanes == wide:
            return x
        zeros = constant(0.0, x.type)
        picks = [q if q < x.type.lanes else x.type.lanes for q in range(wide)]
        return b.shuffle(x, zeros, picks)

    def single(k: Index, kept: Value) -> Value:
        at = b.at(here, b.mul(k, a.column), F32)
        if a.row == 1 and rows > 1:
            return keep(k, widen(b.load(at, F32.vector(rows))), kept)
        column = constant(0.0, F32.vector(wide))
        for r in range(rows):
            column = b.insert(column, b.load(b.at(at, r * a.row, F32), F32), r)
        return keep(k, column, kept)

    zero = i64(0)
    if a.column == 1 and a.row != 1:
        by_lanes = b.op("and", i64(depth), i64(-lanes))
        with b.loop(0, by_lanes, lanes, [zero]) as c:
            tile = [
                b.load(b.at(here, b.add(b.mul(r, a.row), c.i), F32), F32.vector(lanes))
                if r < rows
                else constant(0.0, F32.vector(lanes))
                for r in range(wide)
            ]
            kept = c.values[0]
            parts = [transpose(b, tile[q : q + lanes]) for q in range(0, wide, lanes)]
            for q in range(lanes):
                column = parts[0][q]
                if len(parts) == 2:
                    column = b.shuffle(column, parts[1][q], range(2 * lanes))
                kept = keep(b.add(c.i, q), column, kept)
            c.next[0] = kept
        first, start = c.values[0], by_lanes
    else:
        first, start = zero, zero
    with b.loop(start, depth, 1, [first]) as c:
        c.next[0] = single(c.i, c.values[0])
    return c.values[0]


def transpose(b: Builder, rows: list[Value]) -> list[Value]:
    """A square of vectors turned over its diagonal, in log2(lanes) stages of shuffles."""
    n = len(rows)
    half = n // 2
    while half:
        out = list(rows)
        for i in range(n):
            if i & half:
                continue
            x, y = rows[i], rows[i + half]
            low = [j if not j & half else n + j - half for j in range(n)]
            high = [j + half if not j & half else n + j for j in range(n)]
            out[i], out[i + half] = b.shuffle(x, y, low), b.shuffle(x, y, high)
        rows, half = out, half // 2
    return rows
