"""The contraction: panels of B copied to lie close, a register tile of multiply-adds, an epilogue.

For each block of the shared axis and each panel of columns, the panel of B is packed once and met
by every panel of rows. The register tile is a function of its own, `tile`, written once for each
size that occurs (whole tiles and edges); it starts from zero or from the partial sums of the last
block, and hands the finished tile to the epilogue: the nodes that the scheduler put into the
kernel, computed on the accumulators while they are in registers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from whit.engines.native import arith
from whit.engines.native.contraction_plan import Contraction
from whit.engines.native.ir import I1, I8, I32, I64, PTR, VOID, Index, Type, Value, constant, i64
from whit.engines.native.kernels import Buffer
from whit.engines.native.schedule import Operand, contraction_of, pack_slot
from whit.engines.native.templates.loops import TID, put, unflatten
from whit.engines.native.templates.pack import slot_offsets, transpose
from whit.engines.native.values import Values

SCRATCH = Value("%scratch", PTR)


def scratch_bytes(plan: Contraction, bits: int) -> int:
    """One packed panel of B."""
    return (plan.kc + plan.lanes) * plan.nr * bits // 8 + 256


class Tile:
    """A register tile as a function: what it is called with, and the memory that it needs."""

    def __init__(self, name: str, buffers: Sequence[Buffer]) -> None:
        self.name, self.buffers = name, buffers


def write_contraction(v: Values) -> None:
    """This thread's share of a batched product."""
    plan = v.k.plan
    batch = list(range(len(v.k.space) - 2))
    if plan.split == "batch":
        lo, hi = v.share(plan.batch, TID)
    else:
        lo, hi = 0, plan.batch
    writer = _Writer(v)
    if plan.batch == 1 and plan.split != "batch":
        v.bind_all_zero(batch)
        return writer.blocks()
    with v.b.loop(lo, hi) as r, v.scope():
        unflatten(v, r.i, batch)
        writer.blocks()


class _Writer:
    """The loops around the register tile."""

    def __init__(self, v: Values) -> None:
        self.v, self.b, self.plan = v, v.b, v.k.plan
        self.node = contraction_of(v.k)
        self.element = Type(arith.ELEMENT[self.node.dtype])
        self.a, self.bop = v.s.operand(v.k, 0), v.s.operand(v.k, 1)
        self.pack = v.s.pack_of.get(v.k)
        p = self.plan
        rows, columns = [p.mr] * (p.m >= p.mr) + [p.m % p.mr] * (p.m % p.mr > 0), []
        columns = [p.nr] * (p.n >= p.nr) + [p.n % p.nr] * (p.n % p.nr > 0)
        self.tiles = {(r, c): write_tile(self, r, c) for r in rows for c in columns}

    def base(self, x: Operand) -> Value:
        """The operand at the current batch index."""
        offset: Index = x.offset
        for q, stride in enumerate(x.batch):
            offset = self.b.add(offset, self.b.mul(self.v.env[q], stride))
        return self.b.at(self.v.pointer(self.v.s.buffer(x.base)), offset, self.element)

    def blocks(self) -> None:
        """Blocks of the shared axis; with none, the tiles are all zero."""
        b, p = self.b, self.plan
        if not p.m or not p.n:
            return
        a, right = self.base(self.a), self.base(self.bop)
        with b.loop(0, p.blocks) as block:
            k0 = b.mul(block.i, p.kc)
            depth = b.minimum(b.add(p.k, b.mul(k0, -1)), p.kc)
            self.block, self.depth = block.i, i64(depth)
            self.first = b.compare("eq", block.i, i64(0))
            self.last = b.compare("eq", block.i, i64(p.blocks - 1))
            self.a_here = b.at(a, b.mul(k0, self.a.column), self.element)
            self.b_here = b.at(right, b.mul(k0, self.bop.row), self.element)
            self._column_panels()

    def _column_panels(self) -> None:
        b, p = self.b, self.plan
        lo, hi = (
            self.v.share(p.column_panels, TID) if p.split == "columns" else (0, p.column_panels)
        )
        full = p.n // p.nr
        if full:
            with b.loop(lo, b.minimum(hi, full)) as j:
                self._row_panels(b.mul(j.i, p.nr), p.nr)
        if p.n % p.nr:
            with self._if_last(hi, p.column_panels, p.split == "columns"):
                self._row_panels(full * p.nr, p.n % p.nr)

    @contextmanager
    def _if_last(self, hi: Index, panels: int, shared: bool) -> Iterator[None]:
        """The edge belongs to whoever has the last panel."""
        if not shared or self.v.s.threads == 1:
            yield
            return
        lo_, _ = self.v.share(panels, TID)
        mine = self.b.op(
            "and",
            self.b.compare("eq", i64(hi), i64(panels)),
            self.b.compare("slt", i64(lo_), i64(panels)),
        )
        with self.b.when(mine):
            yield

    def _row_panels(self, column: Index, width: int) -> None:
        b, p = self.b, self.plan
        lo, hi = self.v.share(p.row_panels, TID) if p.split == "rows" else (0, p.row_panels)
        panel = b.at(self.b_here, b.mul(column, self.bop.column), self.element)
        if p.pack_b:
            pack_panel(self, panel, width)
            panel = SCRATCH
        full = p.m // p.mr
        if full:
            with b.loop(lo, b.minimum(hi, full)) as i:
                self._call(i.i, b.mul(i.i, p.mr), p.mr, column, width, panel)
        if p.m % p.mr:
            with self._if_last(hi, p.row_panels, p.split == "rows"):
                self._call(full, full * p.mr, p.m % p.mr, column, width, panel)

    def _call(
        self, panel: Index, row: Index, rows: int, column: Index, width: int, right: Value
    ) -> None:
        b, p, tile = self.b, self.plan, self.tiles[rows, width]
        a = b.at(self.a_here, b.mul(row, self.a.row), self.element)
        packed, count = Value("null", PTR), i64(-1)
        if self.pack is not None:
            store = self.v.pointer(self.v.s.packs[self.pack])
            number = b.add(b.mul(panel, p.blocks), self.block)
            packed = b.at(store, b.mul(number, pack_slot(p)), I8)
            counts = self.v.pointer(self.v.s.pack_counts[self.pack])
            count = b.load(b.at(counts, b.mul(number, 8), I8), I64)
        args = [self.v.pointer(buffer) for buffer in tile.buffers]
        args += [a, right, packed, count, i64(row), i64(column), self.depth, self.first, self.last]
        args += [i64(self.v.env[q]) for q in range(len(self.v.k.space) - 2)]
        b.emit(f"call void @{tile.name}({', '.join(map(str, args))})")


def pack_panel(w: _Writer, source: Value, width: int) -> None:
    """`width` columns of B, `depth` rows, to scratch with a row every nr elements, zeros after."""
    b, p, x, t = w.b, w.plan, w.bop, w.element
    chunks = [(q, min(p.lanes, width - q)) for q in range(0, width, p.lanes)]

    def pad(value: Value) -> Value:
        have = value.type.lanes
        if have in (0, p.lanes):
            return b.splat(value, p.lanes) if p.lanes == 1 else value
        picks = [q if q < have else have for q in range(p.lanes)]
        return b.shuffle(value, constant(0, value.type), picks)

    def out(k: Index, q: int) -> Value:
        return b.at(SCRATCH, b.add(b.mul(k, p.nr), q), t)

    def one(k: Index) -> None:
        for q, have in chunks:
            at = b.at(source, b.add(b.mul(k, x.row), q * x.column), t)
            if x.column == 1 and have > 1:
                value = pad(b.load(at, t.vector(have)))
            else:
                value = constant(0, t.vector(p.lanes))
                for r in range(have):
                    value = b.insert(value, b.load(b.at(at, r * x.column, t), t), r)
            b.store(value, out(k, q))

    start: Index = 0
    if x.row == 1 and x.column != 1 and p.lanes > 1:
        start = b.op("and", w.depth, i64(-p.lanes))
        with b.loop(0, start, p.lanes) as k:
            for q, have in chunks:
                rows = [
                    b.load(b.at(source, b.add(k.i, (q + r) * x.column), t), t.vector(p.lanes))
                    if r < have
                    else constant(0, t.vector(p.lanes))
                    for r in range(p.lanes)
                ]
                for r, value in enumerate(transpose(b, rows)):
                    b.store(value, out(b.add(k.i, r), q))
    with b.loop(start, w.depth) as k:
        one(k.i)


def write_tile(w: _Writer, rows: int, width: int) -> Tile:
    """The function of one register tile: `rows` by `width` elements of the result."""
    v = Values(w.v.s, w.v.k, w.v.b.module)
    b, p, t = v.b, w.plan, w.element
    vectors = -(-width // p.lanes)
    widths = [min(p.lanes, width - q * p.lanes) for q in range(vectors)]
    vec = t.vector(p.lanes) if p.lanes > 1 else t
    names = ("a", "right", "packed", "count", "row", "column", "depth", "first", "last")
    types = (PTR, PTR, PTR, I64, I64, I64, I64, I1, I1)
    args = [Value(f"%{n}", ty) for n, ty in zip(names, types, strict=True)]
    batch = len(v.k.space) - 2
    args += [Value(f"%batch{q}", I64) for q in range(batch)]
    a, right, packed, count, row, column, depth, first, last = args[:9]
    for q in range(batch):
        v.bind(q, args[9 + q])
    partial = v.s.partials.get(v.k)
    acc = [constant(0, vec)] * (rows * vectors)
    if partial is not None:
        acc = _resume(v, partial, first, row, column, rows, widths, vec)
    _prefetch(v, w, row, column, rows, width)
    b_row = p.b_row

    def b_vectors(at: Value) -> list[Value]:
        out = []
        for q, have in enumerate(widths):
            place = b.at(at, q * p.lanes, t)
            if p.pack_b or have == p.lanes:
                out.append(b.load(place, vec))
            else:
                x = b.load(place, t.vector(have) if have > 1 else t)
                x = b.splat(x, 2) if have == 1 and p.lanes > 1 else x
                picks = [k if k < have else x.type.lanes for k in range(p.lanes)]
                out.append(b.shuffle(x, constant(0, x.type), picks) if p.lanes > 1 else x)
        return out

    def update(acc: list[Value], elements: list[Value], bs: list[Value]) -> list[Value]:
        out = []
        for i, x in enumerate(elements):
            x = b.splat(x, p.lanes) if p.lanes > 1 else x
            for j, y in enumerate(bs):
                z = acc[i * vectors + j]
                if t.is_float:
                    out.append(b.overloaded("fmuladd", x, y, z))
                else:
                    out.append(b.op("add", z, b.op("mul", x, y)))
        return out

    def dense(acc: list[Value]) -> list[Value]:
        tail = p.k - (p.blocks - 1) * p.kc
        unroll = next(u for u in (4, 2, 1) if p.kc % u == 0 and tail % u == 0)
        with b.loop(0, depth, unroll, acc) as k:
            here = b.at(a, b.mul(k.i, w.a.column), t)
            there = b.at(right, b.mul(k.i, b_row), t)
            now = list(k.values)
            for u in range(unroll):
                bs = b_vectors(b.at(there, u * b_row, t))
                elements = [
                    b.load(b.at(here, u * w.a.column + i * w.a.row, t), t) for i in range(rows)
                ]
                now = update(now, elements, bs)
            k.next = now
        return list(k.values)

    def sparse(acc: list[Value]) -> list[Value]:
        offsets = b.at(packed, slot_offsets(p)[1], I8)
        with b.loop(0, count, 1, acc) as k:
            here = b.at(packed, b.mul(k.i, rows), t)
            offset = b.new(f"zext {b.load(b.at(offsets, k.i, I32), I32)} to i64", I64)
            bs = b_vectors(b.at(right, offset, I8))
            k.next = update(k.values, [b.load(b.at(here, i, t), t) for i in range(rows)], bs)
        return list(k.values)

    if w.pack is None:
        acc = dense(acc)
    else:
        acc = _either(v, b.compare("sge", count, i64(0)), lambda: sparse(acc), lambda: dense(acc))
    _finish(v, w, partial, last, row, column, rows, widths, acc)
    return _close(v, args)


def _prefetch(v: Values, w: _Writer, row: Value, column: Value, rows: int, width: int) -> None:
    """Ask for the state that the epilogue will update, while the multiply-adds run.

    Going down a panel of columns, a tile meets lines that no hardware prefetcher foresees.
    """
    b, k = v.b, v.k
    if len(k.space) != 2:
        return
    at = k.nodes[w.node]
    for base, maps in k.reads.items():
        buffer = v.s.buffer(base)
        if buffer.kind != "state" or maps != {at} or buffer.dtype != "float32":
            continue
        pointer = v.pointer(buffer)
        for i in range(rows):
            start = b.add(b.mul(b.add(row, i), k.space[1]), column)
            for line in range(0, width, 16):
                place = b.at(pointer, b.add(start, line), w.element)
                b.module.declare("llvm.prefetch.p0", VOID, [PTR, I32, I32, I32])
                b.emit(f"call void @llvm.prefetch.p0({place}, i32 1, i32 3, i32 1)")


def _either(v: Values, condition: Value, yes: object, no: object) -> list[Value]:
    b = v.b
    labels = [b.label(x) for x in ("sparse", "dense", "join")]
    b.branch(condition, labels[0], labels[1])
    arms = []
    for label, arm in zip(labels[:2], (yes, no), strict=True):
        b.start(label)
        values = arm()  # type: ignore[operator]
        arms.append((values, b.block))
        b.jump(labels[2])
    b.start(labels[2])
    (x, x_from), (y, y_from) = arms
    return [b.phi(p.type, [(p, x_from), (q, y_from)]) for p, q in zip(x, y, strict=True)]


def _partial_at(v: Values, partial: Buffer, row: Value, column: Value, i: int, q: int) -> Value:
    """Where the partial sums of row i, vector q lie."""
    b, lanes, space = v.b, v.k.plan.lanes, v.k.space
    flat: Index = 0
    for loop, extent in enumerate(space[:-2]):
        flat = b.add(b.mul(flat, extent), v.env[loop])
    flat = b.add(b.mul(flat, space[-2]), b.add(row, i))
    flat = b.add(b.mul(flat, space[-1]), b.add(column, q * lanes))
    return b.at(v.pointer(partial), flat, Type(arith.ELEMENT[partial.dtype]))


def _resume(
    v: Values,
    partial: Buffer,
    first: Value,
    row: Value,
    column: Value,
    rows: int,
    widths: list[int],
    vec: Type,
) -> list[Value]:
    """Zero in the first block, else the sums so far."""
    b = v.b
    load, go = b.label("load"), b.label("go")
    before = b.block
    b.branch(first, go, load)
    b.start(load)
    old = []
    for i in range(rows):
        for q, have in enumerate(widths):
            at = _partial_at(v, partial, row, column, i, q)
            x = b.load(
                at, vec if have == max(vec.lanes, 1) else vec.vector(have if have > 1 else 0)
            )
            if vec.lanes and x.type != vec:
                x = b.splat(x, 2) if not x.type.lanes else x
                picks = [k if k < have else x.type.lanes for k in range(vec.lanes)]
                x = b.shuffle(x, constant(0, x.type), picks)
            old.append(x)
    end = b.block
    b.jump(go)
    b.start(go)
    return [b.phi(vec, [(constant(0, vec), before), (x, end)]) for x in old]


def _narrow(v: Values, x: Value, have: int) -> Value:
    """The first lanes of a vector; one alone as a scalar."""
    if not x.type.lanes or have == x.type.lanes:
        return x
    return v.b.extract(x, 0) if have == 1 else v.b.shuffle(x, x, range(have))


def _finish(
    v: Values,
    w: _Writer,
    partial: Buffer | None,
    last: Value,
    row: Value,
    column: Value,
    rows: int,
    widths: list[int],
    acc: list[Value],
) -> None:
    """The epilogue after the last block; until then the sums go to memory."""
    b = v.b
    if partial is None:
        return _epilogue(v, w, row, column, rows, widths, acc)
    done, more, out = b.label("done"), b.label("more"), b.label("out")
    b.branch(last, done, more)
    b.start(more)
    for i in range(rows):
        for q, have in enumerate(widths):
            x = _narrow(v, acc[i * len(widths) + q], have)
            b.store(x, _partial_at(v, partial, row, column, i, q))
    b.jump(out)
    b.start(done)
    _epilogue(v, w, row, column, rows, widths, acc)
    b.jump(out)
    b.start(out)


def _epilogue(
    v: Values, w: _Writer, row: Value, column: Value, rows: int, widths: list[int], acc: list[Value]
) -> None:
    rank, lanes = len(v.k.space), w.plan.lanes
    at = v.k.nodes[w.node]
    for i in range(rows):
        for q, have in enumerate(widths):
            v.bind(rank - 2, v.b.add(row, i), ("row", i))
            v.chunk(rank - 1, v.b.add(column, q * lanes), have, ("column", q))
            v.set(w.node, at, _narrow(v, acc[i * len(widths) + q], have))
            put(v, v.k.outs)


def _close(v: Values, args: list[Value]) -> Tile:
    """Name the function by its text, so that equal tiles of other kernels are the same one."""
    pointers = [p for _, p in v.buffers.values()]
    name = "tile_" + hashlib.sha256("\n".join(v.b.lines).encode()).hexdigest()[:16]
    name += f"_{len(pointers)}_{len(args)}"
    text = v.b.finish(name, [*pointers, *args], "internal", noalias=False)
    v.b.module.functions[name] = text.replace(") #0 {", ") noinline #0 {", 1)
    return Tile(name, [buffer for buffer, _ in v.buffers.values()])
