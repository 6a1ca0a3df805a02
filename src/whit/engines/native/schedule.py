"""Kernels to a schedule: plans, the split over the team, updates in place, phases, memory.

A phase is what may run between two barriers. A kernel comes in a later phase than one whose result
it reads, unless both give every thread the same rows; and than every reader of a state that it
overwrites. A state is overwritten in place only where that is proven to be safe; otherwise its new
value goes to memory of its own and is copied when the step is over.
"""

from __future__ import annotations

from dataclasses import dataclass

from whit.engines.native.access import ZERO, Affine, Map, linear, own_axes, symbol
from whit.engines.native.contraction_plan import Contraction, plan_contraction
from whit.engines.native.group import REDUCTIONS, Grouping
from whit.engines.native.kernels import Buffer, Kernel, Part, itemsize
from whit.engines.native.target import Target
from whit.graph import Program, Tensor

ALIGN = 64


@dataclass(frozen=True)
class Operand:
    """A contraction's operand in memory: element strides of its two axes and the batch loops."""

    base: Tensor
    offset: int
    row: int
    column: int
    batch: tuple[int, ...]


class Schedule:
    """Everything about a step but its code.

    Attributes:
        phases: kernels by phase, in the order in which they run.
        buffers: memory of each stored node and each input; `scratch` names further temps.
        table: the buffers that the caller gives, in the order of their pointers.
        copies: (state, temp) pairs to copy when the step is over.
        arena: bytes of temporary memory.
    """

    def __init__(self, program: Program, target: Target, threads: int) -> None:
        self.program, self.target, self.threads = program, target, threads
        changed = [
            (s, u) for s, u in zip(program.state, program.updates, strict=True) if s is not u
        ]
        wanted = [*program.outputs, *(u for _, u in changed)]
        if program.halt is not None:
            wanted.append(program.halt)
        self.group = g = Grouping(wanted)
        n = len(program.outputs)
        self.outputs = g.roots[:n]
        self.updates = {s: r for (s, _), r in zip(changed, g.roots[n:], strict=False)}
        self.halt = g.roots[-1] if program.halt is not None else None
        self.buffers: dict[Tensor, Buffer] = {}
        self.packs: dict[Kernel, Buffer] = {}
        self.pack_counts: dict[Kernel, Buffer] = {}
        self.pack_of: dict[Kernel, Kernel] = {}  # contraction to the search of its left operand
        self.partials: dict[Kernel, Buffer] = {}
        self.copies: list[tuple[Buffer, Buffer]] = []
        self._name_inputs()
        self.kernels = self._with_packs(g.kernels)
        self._before: dict[Kernel, dict[Kernel, bool]] = {k: {} for k in self.kernels}
        self._split()
        self._reads_after_writes()
        self._place_roots()
        self._order()
        self._lay_out()

    # ---- memory that the caller gives
    def _name_inputs(self) -> None:
        p = self.program
        self.table: list[Buffer] = []
        groups = [("state", p.state), ("data", p.data), ("stepped", p.stepped)]
        for kind, tensors in groups:
            for t in tensors:
                self._give(t, Buffer(t.attrs[0], t.shape, t.dtype, kind))
        for q, t in enumerate(self.outputs):
            self._give(t, Buffer(f"output.{q}", t.shape, t.dtype, "output"))
        self.literals = [t for t in self.group.order if t.op == "literal"]
        for t in self.literals:
            self._give(t, Buffer("literal", t.shape, t.dtype, "literal"))

    def _give(self, t: Tensor, buffer: Buffer) -> None:
        buffer.slot = len(self.table)
        self.table.append(buffer)
        self.buffers[t] = buffer

    def buffer(self, t: Tensor) -> Buffer:
        """The memory of a stored node or input, whatever it is renamed to."""
        return self.buffers[self.group.home(t)]

    # ---- contractions
    def _with_packs(self, kernels: list[Kernel]) -> list[Kernel]:
        out: list[Kernel] = []
        packs: dict[tuple, Kernel] = {}
        for k in kernels:
            if k.kind == "dot":
                k.plan = self._plan(k)
                if k.plan.sparse:
                    pack = self._pack(k, packs)
                    if pack not in out:
                        out.append(pack)
            out.append(k)
        return out

    def _pack(self, k: Kernel, packs: dict[tuple, Kernel]) -> Kernel:
        a, plan = self.operand(k, 0), k.plan
        key = (a, plan.m, plan.k, plan.mr, plan.kc, plan.b_row)
        pack = packs.get(key)
        if pack is None:
            pack = packs[key] = Kernel("pack", (plan.m, plan.k), k.number, plan=plan)
            pack.reads[a.base] = {own_axes(a.base.shape)}
            pack.part = Part("rows", (plan.m,), plan.mr)
        self.pack_of[k] = pack
        return pack

    def _plan(self, k: Kernel) -> Contraction:
        (*batch, m, n), d = k.space, contraction_of(k)
        size = 1
        for b in batch:
            size *= b
        right = self.operand(k, 1)
        return plan_contraction(
            size,
            m,
            n,
            d.inputs[0].shape[-1],
            target=self.target,
            threads=self.threads,
            bits=itemsize(d.dtype) * 8,
            b_contiguous=right.column == 1,
            b_row=right.row,
            outputs=len(k.outs),
            may_sparse=d.dtype == "float32" and self.target.vector_bits >= 256,
        )

    def operand(self, k: Kernel, side: int) -> Operand:
        """Where operand 0 (batch, m, k) or 1 (batch, k, n) of a contraction lies."""
        d = contraction_of(k)
        rank = len(k.space)
        depth = rank  # the symbol of the shared axis
        x = d.inputs[side]
        row, column = (rank - 2, depth) if side == 0 else (depth, rank - 1)
        at: Map = tuple(
            ZERO if n == 1 else symbol(s)
            for n, s in zip(x.shape, (*range(rank - 2), row, column), strict=True)
        )
        base, m = self.group.resolve(x, at)
        lin = linear(base.shape, m)
        return Operand(
            base,
            lin.const,
            lin.coefficient(row),
            lin.coefficient(column),
            tuple(lin.coefficient(q) for q in range(rank - 2)),
        )

    # ---- the split over the team
    def _split(self) -> None:
        for k in self.kernels:
            if k.kind == "dot":
                plan = k.plan
                axes, granule = {
                    "rows": ((plan.m,), plan.mr),
                    "columns": ((plan.n,), plan.nr),
                    "batch": ((plan.batch,), 1),
                }[plan.split]
                k.part = Part(plan.split, axes, granule)
            elif k.kind == "row":
                self._split_rows(k)
            elif k.kind == "column":
                k.part = Part("chunks", k.space)
            elif k.kind == "serial":
                k.part = Part("serial", k.space)

    def _split_rows(self, k: Kernel) -> None:
        collapse(self, k)
        outer = k.space[:-1] if k.space else ()
        rows = 1
        for d in outer:
            rows *= d
        if rows == 1:
            reducing = any(n.op in REDUCTIONS for n in k.nodes)
            small = not k.space or k.space[-1] < 8 * self.target.lanes()
            k.part = Part("single") if reducing or small else Part("chunks", k.space)
            return
        k.part = Part("rows", outer, 1)
        for base, maps in k.reads.items():
            p = self.group.maker(base)
            if p is None or p.part.kind != "rows" or p.part.axes != outer:
                continue
            if _same_rows(p.nodes.get(base), outer) and all(_same_rows(m, outer) for m in maps):
                k.part = p.part

    # ---- what must come before what
    def _edge(self, first: Kernel, then: Kernel, aligned: bool) -> None:
        if first is not then:
            known = self._before[then].get(first, True)
            self._before[then][first] = known and aligned

    def _reads_after_writes(self) -> None:
        for k in self.kernels:
            for base, maps in k.reads.items():
                p = self.group.maker(base)
                if p is not None and p is not k:
                    self._edge(p, k, self._aligned(p, base, k, maps))
            pack = self.pack_of.get(k)
            if pack is not None:
                self._edge(pack, k, False)

    def _aligned(self, p: Kernel, base: Tensor, k: Kernel, maps: set[Map]) -> bool:
        """Whether each thread of `k` reads only what the same thread of `p` wrote."""
        if p.part.kind == k.part.kind == "single":
            return True
        same = p.part == k.part and p.part.kind == "rows" and k.kind == "row"
        rows = p.part.axes
        return (
            same and _same_rows(p.nodes.get(base), rows) and all(_same_rows(m, rows) for m in maps)
        )

    def _readers(self, state: Tensor) -> list[Kernel]:
        home = self.group.home
        return [k for k in self.kernels if any(home(b) is state for b in k.reads)]

    # ---- state in place
    def _place_roots(self) -> None:
        for state, value in self.updates.items():
            writer = self.group.owner[value]
            if self._safe_in_place(state, value, writer):
                self.buffers[value] = self.buffers[state]
                for r in self._readers(state):
                    self._edge(r, writer, False)
            else:
                temp = Buffer(f"next.{state.attrs[0]}", state.shape, state.dtype, "temp")
                self.buffers[value] = temp
                self.copies.append((self.buffers[state], temp))

    def _safe_in_place(self, state: Tensor, value: Tensor, writer: Kernel) -> bool:
        """Every other reader can run before, and the writer reads only the element it writes."""
        readers = self._readers(state)
        if writer in readers:
            if set(writer.reads) & {
                b for b in writer.reads if b is not state and self.group.home(b) is state
            }:
                return False
            if writer.reads.get(state) != {writer.nodes[value]} or writer.kind == "serial":
                return False
            if self._several_passes(writer, value):
                return False
        return not any(r is not writer and self._reaches(writer, r) for r in readers)

    def _several_passes(self, k: Kernel, value: Tensor) -> bool:
        """A thin value of a row kernel is stored after the row; nothing is read again then."""
        return k.kind == "column" and k.nodes[value] != tuple(
            i for q, i in enumerate(own_axes(k.space)) if q not in k.reduced
        )

    def _reaches(self, first: Kernel, then: Kernel) -> bool:
        """Whether `then` has to run after `first`."""
        seen, stack = set(), [then]
        while stack:
            k = stack.pop()
            if k is first:
                return True
            if k not in seen:
                seen.add(k)
                stack.extend(self._before[k])
        return False

    # ---- phases
    def _order(self) -> None:
        level: dict[Kernel, int] = {}

        def phase(k: Kernel) -> int:
            if k not in level:
                level[k] = 0
                level[k] = max(
                    (phase(p) + (not ok) for p, ok in self._before[k].items()), default=0
                )
            return level[k]

        for k in self.kernels:
            k.phase = phase(k)
        count = 1 + max((k.phase for k in self.kernels), default=-1)
        self.phases: list[list[Kernel]] = [[] for _ in range(count)]
        done: set[Kernel] = set()

        def visit(k: Kernel) -> None:
            if k not in done:
                done.add(k)
                for p in self._before[k]:
                    if p.phase == k.phase:
                        visit(p)
                self.phases[k.phase].append(k)

        # Small kernels first, while what they read is still in cache.
        for k in sorted(self.kernels, key=lambda k: (k.kind == "dot", k.size, k.number)):
            visit(k)

    # ---- the arena
    def _lay_out(self) -> None:
        count = len(self.phases)
        for n in (n for k in self.kernels for n in k.outs):
            if n not in self.buffers:
                self.buffers[n] = Buffer(f"t{n.serial}", n.shape, n.dtype, "temp")
        for k in self.kernels:
            for n in k.outs:
                self._touch(self.buffers[n], k.phase)
            for base in k.reads:
                self._touch(self.buffer(base), k.phase)
            if k.kind == "pack":
                self.packs[k] = self._extra(
                    f"pack{k.number}", (pack_bytes(k.plan),), "uint8", k.phase
                )
                # Counts outlive the step: a search that found nothing is not repeated at once.
                words = k.plan.row_panels * k.plan.blocks + 8 * (self.threads + 1)
                kept = self._extra(f"counts{k.number}", (words,), "int64", 0)
                kept.live = (0, count)
                self.pack_counts[k] = kept
            elif k.kind == "dot":
                if k.plan.blocks > 1:
                    t = contraction_of(k)
                    self.partials[k] = self._extra(f"partial{k.number}", t.shape, t.dtype, k.phase)
                pack = self.pack_of.get(k)
                if pack is not None:
                    self._touch(self.packs[pack], k.phase)
        for _, temp in self.copies:
            self._touch(temp, count)
        if self.halt is not None:
            self._touch(self.buffers[self.halt], count)
        temps = {
            id(b): b
            for b in [
                *self.buffers.values(),
                *self.packs.values(),
                *self.pack_counts.values(),
                *self.partials.values(),
            ]
        }
        self.arena = allocate([b for b in temps.values() if b.kind == "temp" and b.live])

    def _extra(self, name: str, shape: tuple[int, ...], dtype: str, phase: int) -> Buffer:
        return Buffer(name, shape, dtype, "temp", live=(phase, phase))

    def _touch(self, buffer: Buffer, phase: int) -> None:
        first, last = buffer.live or (phase, phase)
        buffer.live = (min(first, phase), max(last, phase))

    def __str__(self) -> str:
        lines = []
        for q, phase in enumerate(self.phases):
            for k in phase:
                stores = " ".join(self.buffers[n].name for n in k.outs)
                plan = (
                    f" {k.plan.mr}x{k.plan.nr} {k.plan.split} kc={k.plan.kc}"
                    if k.kind == "dot"
                    else ""
                )
                ops = " ".join(n.op for n in k.nodes)
                lines.append(f"phase {q}: {k!r:24}{plan} [{k.part.kind}] -> {stores}   ({ops})")
        lines += [f"copy {s.name} <- {t.name}" for s, t in self.copies]
        lines += [f"recompute {r}" for r in self.group.recomputed]
        lines.append(f"{len(self.phases)} phases, {self.arena:,} bytes of temporary memory")
        return "\n".join(lines)


def contraction_of(k: Kernel) -> Tensor:
    """The `dot` node of a contraction kernel."""
    return next(n for n in k.nodes if n.op == "dot")


def pack_bytes(plan: Contraction) -> int:
    """Memory of a packed left operand: for each panel and block its values and offsets."""
    return plan.row_panels * plan.blocks * pack_slot(plan)


def pack_slot(plan: Contraction) -> int:
    """Bytes of one panel and block: values (padded for the last vector store), then offsets."""
    values = (plan.kc * plan.mr + 2 * plan.lanes + plan.lanes * plan.mr) * 4
    offsets = (plan.kc + 2 * plan.lanes) * 4
    return -(-(values + offsets) // ALIGN) * ALIGN


def _same_rows(m: Map | None, rows: tuple[int, ...]) -> bool:
    """Whether a map's leading axes are the loops of `rows` themselves."""
    return m is not None and len(m) >= len(rows) and m[: len(rows)] == own_axes(rows)


def collapse(s: Schedule, k: Kernel) -> None:
    """Join the two innermost loops of an elementwise kernel while every access runs through both.

    The joined loop takes the inner one's place and the outer becomes 1: addresses stay right,
    since an outer step is exactly `extent` inner steps. Only short inner loops gain.
    """
    if any(n.op in REDUCTIONS or n.op in ("pad", "concat") for n in k.nodes):
        return
    while len(k.space) >= 2 and k.space[-1] < 4 * s.target.lanes() and _joins(s, k):
        *outer, a, b = k.space
        if a == 1:
            break
        k.space = (*outer, 1, a * b)
        if not any(d != 1 for d in outer):
            break
        return


def _joins(s: Schedule, k: Kernel) -> bool:
    a, b = len(k.space) - 2, len(k.space) - 1
    extent = k.space[-1]
    if extent == 1:
        return False

    def fits(index: Affine) -> bool:
        return index.coefficient(a) == index.coefficient(b) * extent

    for n, m in k.nodes.items():
        if not fits(linear(n.shape, m)):
            return False
    for base, maps in k.reads.items():
        if not all(fits(linear(base.shape, m)) for m in maps):
            return False
    return not any(_position_matters(s, n) for n in k.nodes)


def _position_matters(s: Schedule, n: Tensor) -> bool:
    """Whether a node or a leaf it is computed from depends on the index itself, or on rows."""
    seen, stack = set(), [n]
    while stack:
        x = stack.pop()
        if x in seen:
            continue
        seen.add(x)
        if x.op in ("iota", "gather", "pad", "concat", "random_bits"):
            return True
        if x is n or (x not in s.group.owner and x not in s.buffers and x not in s.group.alias):
            stack.extend(x.inputs)
    return False


def _alive_together(a: Buffer, b: Buffer) -> bool:
    return bool(a.live and b.live and a.live[0] <= b.live[1] and b.live[0] <= a.live[1])


def allocate(buffers: list[Buffer]) -> int:
    """Offsets such that buffers alive in a common phase do not overlap; the total size."""
    placed: list[Buffer] = []
    top = 0
    for b in sorted(buffers, key=lambda b: (-b.nbytes, b.live)):
        size = -(-b.nbytes // ALIGN) * ALIGN + ALIGN
        clash = [p for p in placed if _alive_together(p, b)]
        at = 0
        for p in sorted(clash, key=lambda p: p.offset):
            if at + size <= p.offset:
                break
            at = max(at, p.offset + -(-p.nbytes // ALIGN) * ALIGN + ALIGN)
        b.offset = at
        placed.append(b)
        top = max(top, at + size)
    return top
