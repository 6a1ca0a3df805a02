"""Rows, columns, scalars and running sums: everything that is not a contraction.

A row kernel runs over its outer loops, shared by the team; for each row it makes the reductions
along the row one pass after another, then one last pass stores what varies along the row. Short
rows are unrolled, so that their values stay in registers from pass to pass.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from whit.engines.native import arith
from whit.engines.native.access import ZERO, linear, own_axes, symbol
from whit.engines.native.group import REDUCTIONS
from whit.engines.native.ir import I64, Index, Type, Value, constant, i64
from whit.engines.native.kernels import itemsize
from whit.engines.native.values import Values, memory_type
from whit.graph import Tensor

TID = Value("%tid", I64)
SHORT = 4  # chunks up to which a row is unrolled
ABREAST = 4  # chunks of columns that a column kernel sums side by side


def lanes_of(v: Values) -> int:
    """Elements of a vector, by the widest dtype that the kernel computes with."""
    bits = max((8 * itemsize(n.dtype) for n in v.k.nodes), default=32)
    return v.s.target.lanes(max(32, bits))


def unflatten(v: Values, flat: Index, loops: Sequence[int]) -> None:
    """Bind several loops from one running index, the last fastest."""
    for loop in reversed(loops[1:]):
        flat, index = v.b.divmod(flat, v.k.space[loop])
        v.bind(loop, index)
    if loops:
        v.bind(loops[0], flat)


def put(v: Values, nodes: Sequence[Tensor]) -> None:
    """Compute all, then store all: a kernel may overwrite what it reads at the same place."""
    values = [(n, v.get(n, v.k.nodes[n])) for n in nodes]
    for n, value in values:
        v.store(n, v.k.nodes[n], value)


def write_scalar(v: Values) -> None:
    """Arithmetic on single numbers, on the first thread."""
    with v.b.when(v.b.compare("eq", TID, i64(0))):
        put(v, v.k.outs)


def write_row(v: Values) -> None:
    """See the top of the file."""
    k, b = v.k, v.b
    if not k.space:
        return write_scalar(v)
    outer = list(range(len(k.space) - 1))
    rows = math.prod(k.space[:-1])
    if k.part.kind == "single":
        with b.when(b.compare("eq", TID, i64(0))):
            v.bind_all_zero(outer)
            if rows == 1:
                _row(v, 0, k.space[-1])
        return
    if k.part.kind == "chunks":
        v.bind_all_zero(outer)
        return _shared_row(v)
    lo, hi = _row_range(v, rows)
    with b.loop(lo, hi) as r, v.scope():
        unflatten(v, r.i, outer)
        _row(v, 0, k.space[-1])


def _row_range(v: Values, rows: int) -> tuple[Index, Index]:
    granule = v.k.part.granule
    if granule == 1:
        return v.share(rows, TID)
    lo, hi = v.share(-(-rows // granule), TID)
    return v.b.minimum(v.b.mul(lo, granule), rows), v.b.minimum(v.b.mul(hi, granule), rows)


def _shared_row(v: Values) -> None:
    """One long row without reductions: the team shares its chunks; the last thread has the rest."""
    b, inner, extent, lanes = v.b, len(v.k.space) - 1, v.k.space[-1], lanes_of(v)
    full, tail = divmod(extent, lanes)
    wide = [n for n in v.k.outs if _varies(v, n, inner)]
    for n in wide:
        v.hoist(n, v.k.nodes[n])
    lo, hi = v.share(full, TID)
    with b.loop(lo, hi) as c, v.scope():
        v.chunk(inner, b.mul(c.i, lanes), lanes)
        put(v, wide)
    thin = [n for n in v.k.outs if n not in wide]
    if tail or thin:
        with b.when(b.compare("eq", TID, i64(v.s.threads - 1))), v.scope():
            if tail:
                v.chunk(inner, full * lanes, tail)
                put(v, wide)
            put(v, thin)


def _varies(v: Values, n: Tensor, loop: int) -> bool:
    return any(index.coefficient(loop) for index in v.k.nodes[n])


def _row(v: Values, start: int, extent: int) -> None:
    k, inner = v.k, len(v.k.space) - 1
    for n in k.nodes:
        if n.op in REDUCTIONS:
            v.set(n, k.nodes[n], _reduce(v, n, extent))
    wide = [n for n in k.outs if _varies(v, n, inner)]
    thin = [n for n in k.outs if n not in wide]
    for n in wide:
        v.hoist(n, k.nodes[n])
    for n in thin:  # before the last pass overwrites what they may read
        v.get(n, k.nodes[n])
    if wide:
        _each_chunk(v, extent, lambda: put(v, wide))
    put(v, thin)


def _each_chunk(v: Values, extent: int, body: Callable[[], None]) -> None:
    b, inner, lanes = v.b, len(v.k.space) - 1, lanes_of(v)
    full, tail = divmod(extent, lanes)
    if full + (tail > 0) <= SHORT:
        for q in range(full):
            v.chunk(inner, q * lanes, lanes, ("chunk", q))
            body()
        if tail:
            v.chunk(inner, full * lanes, tail, ("chunk", full))
            body()
        return v.chunk(inner, 0, 1)
    with b.loop(0, full) as c, v.scope():
        v.chunk(inner, b.mul(c.i, lanes), lanes)
        body()
    if tail:
        with v.scope():
            v.chunk(inner, full * lanes, tail)
            body()


def _reduce(v: Values, n: Tensor, extent: int) -> Value:
    """A reduction along the row: a vector of partial results, then across its lanes."""
    b, inner, lanes = v.b, len(v.k.space) - 1, lanes_of(v)
    full, tail = divmod(extent, lanes)
    x, at = n.inputs[0], own_axes(n.inputs[0].shape)
    element = Type(arith.ELEMENT[n.dtype])

    def term(width: int) -> Value:
        value = v.get(x, at)
        return v.b.splat(value, width) if width > 1 else value

    def step(acc: Value) -> Value:
        return arith.combine(b, n.op, n.dtype, acc, term(acc.type.lanes or 1))

    total = arith.identity(n.op, n.dtype, element)
    if full + (tail > 0) <= SHORT:
        if full:
            acc = arith.identity(n.op, n.dtype, element.vector(lanes))
            for q in range(full):
                v.chunk(inner, q * lanes, lanes, ("chunk", q))
                acc = term(lanes) if q == 0 else step(acc)
            total = arith.across(b, n.op, n.dtype, acc)
        if tail:
            v.chunk(inner, full * lanes, tail, ("chunk", full))
            last = arith.across(b, n.op, n.dtype, term(tail))
            total = arith.combine(b, n.op, n.dtype, total, last)
        v.chunk(inner, 0, 1)
        return total
    v.hoist_operand(n)
    ways = 4 if full >= 16 else 1
    start = [arith.identity(n.op, n.dtype, element.vector(lanes))] * ways
    with b.loop(0, full // ways, 1, start) as c, v.scope():
        for q in range(ways):
            v.chunk(inner, b.add(b.mul(c.i, ways * lanes), q * lanes), lanes)
            c.next[q] = step(c.values[q])
    accs = list(c.values)
    for q in range(full // ways * ways, full):
        with v.scope():
            v.chunk(inner, q * lanes, lanes)
            accs[0] = step(accs[0])
    while len(accs) > 1:
        accs = [
            arith.combine(b, n.op, n.dtype, x, y)
            for x, y in zip(accs[::2], accs[1::2], strict=True)
        ]
    total = arith.across(b, n.op, n.dtype, accs[0])
    if tail:
        with v.scope():
            v.chunk(inner, full * lanes, tail)
            last = arith.across(b, n.op, n.dtype, term(tail))
        total = arith.combine(b, n.op, n.dtype, total, last)
    return total


# ---- columns
def write_column(v: Values) -> None:
    """Sums over outer loops with the vector along the last one, several chunks side by side."""
    k, lanes = v.k, lanes_of(v)
    full, tail = divmod(k.space[-1], lanes)
    groups, rest = divmod(full, ABREAST)
    last = len(k.space) - 1
    kept = [q for q in range(last) if q not in k.reduced]
    outer = math.prod(k.space[q] for q in kept)
    widths = [lanes] * ABREAST
    if groups:
        _columns(v, kept, outer, groups, widths, 0)
    edge = [lanes] * rest + ([tail] if tail else [])
    if edge:
        _columns(v, kept, outer, 1, edge, groups * ABREAST * lanes)


def _columns(
    v: Values, kept: list[int], outer: int, groups: int, widths: list[int], start: int
) -> None:
    """`groups` blocks of columns of the given widths, from column `start`, for every kept index."""
    b, last = v.b, len(v.k.space) - 1
    lo, hi = v.share(outer * groups, TID)
    with b.loop(lo, hi) as u, v.scope():
        row, group = b.divmod(u.i, groups)
        unflatten(v, row, kept)
        first = b.add(b.mul(group, sum(widths)), start)
        at = [sum(widths[:q]) for q in range(len(widths))]
        columns = [(b.add(first, a), w) for a, w in zip(at, widths, strict=True)]
        totals = _column_sums(v, columns)
        for q, (column, width) in enumerate(columns):
            with v.scope():
                v.chunk(last, column, width)
                for n, values in totals.items():
                    v.set(n, v.k.nodes[n], values[q])
                put(v, v.k.outs)


def _column_sums(v: Values, columns: list[tuple[Index, int]]) -> dict[Tensor, list[Value]]:
    b, k, last = v.b, v.k, len(v.k.space) - 1
    nodes = [n for n in k.nodes if n.op in REDUCTIONS]
    start = [
        arith.identity(n.op, n.dtype, Type(arith.ELEMENT[n.dtype], w if w > 1 else 0))
        for n in nodes
        for _, w in columns
    ]
    with b.loop(0, math.prod(k.space[q] for q in k.reduced), 1, start) as r, v.scope():
        unflatten(v, r.i, k.reduced)
        for z, n in enumerate(nodes):
            for q, (column, width) in enumerate(columns):
                slot = z * len(columns) + q
                with v.scope():
                    v.chunk(last, column, width)
                    x = v.get(n.inputs[0], own_axes(n.inputs[0].shape))
                    x = b.splat(x, width) if width > 1 else x
                r.next[slot] = arith.combine(b, n.op, n.dtype, r.values[slot], x)
    width = len(columns)
    return {n: list(r.values[z * width : (z + 1) * width]) for z, n in enumerate(nodes)}


# ---- serial
def write_serial(v: Values) -> None:
    """Running sums and scatter: one direction in order, the others shared by the team."""
    node = v.k.outs[0]
    {"cumsum": _cumsum, "scatter_add": _scatter}[node.op](v, node)


def _cumsum(v: Values, node: Tensor) -> None:
    b, axis = v.b, node.attrs[0]
    others = [q for q in range(node.ndim) if q != axis]
    lo, hi = v.share(math.prod(node.shape[q] for q in others), TID)
    zero = constant(0, Type(arith.ELEMENT[node.dtype]))
    at = own_axes(node.shape)
    with b.loop(lo, hi) as r, v.scope():
        unflatten(v, r.i, others)
        with b.loop(0, node.shape[axis], 1, [zero]) as c, v.scope():
            v.bind(axis, c.i)
            total = arith.combine(b, "sum", node.dtype, c.values[0], v.get(node.inputs[0], at))
            v.store(node, at, total)
            c.next[0] = total


def _scatter(v: Values, node: Tensor) -> None:
    """Each thread has its own columns of the result and reads every index: no two ever meet."""
    b = v.b
    rank, lanes = node.ndim, lanes_of(v)
    last = rank - 1
    if rank == 1:
        with b.when(b.compare("eq", TID, i64(0))):
            _scatter_columns(v, node, None, 0, 0)
        return
    middle = list(range(1, last))
    outer = math.prod(node.shape[q] for q in middle)
    full, tail = divmod(node.shape[last], lanes)
    for count, width, start in ((full, lanes, 0), (1 if tail else 0, tail, full * lanes)):
        if not count:
            continue
        lo, hi = v.share(outer * count, TID)
        with b.loop(lo, hi) as u, v.scope():
            row, group = b.divmod(u.i, count)
            unflatten(v, row, middle)
            _scatter_columns(v, node, last, b.add(b.mul(group, width), start), width)


def _scatter_columns(v: Values, node: Tensor, last: int | None, column: Index, width: int) -> None:
    b, (x, indices, updates) = v.b, node.inputs
    at = own_axes(node.shape)

    def stand() -> None:
        if last is not None:
            v.chunk(last, column, width)

    with b.loop(0, node.shape[0]) as r, v.scope():
        v.bind(0, r.i)
        stand()
        v.store(node, at, v.get(x, at))
    if not indices.size:
        return
    with b.loop(0, indices.size) as p, v.scope():
        stand()
        flat: Index = p.i
        where = [ZERO] * indices.ndim
        for q in reversed(range(indices.ndim)):
            flat, index = b.divmod(flat, indices.shape[q]) if q else (0, flat)
            where[q] = v.runtime(i64(index))
        row = v.row(indices, tuple(where), node.shape[0])
        v.bind(0, row)
        rest = at[1:]
        add = v.get(updates, (*where, *rest))
        here = (symbol(0), *rest) if node.shape[0] != 1 else at
        offset, step, _ = v.index(linear(node.shape, here))
        pointer = b.at(v.pointer(v.s.buffers[node]), offset, memory_type(node.dtype))
        t = Type(arith.ELEMENT[node.dtype], v.lanes if step else 0)
        total = arith.combine(
            b, "sum", node.dtype, b.load(pointer, t), b.splat(add, t.lanes) if t.lanes else add
        )
        b.store(total, pointer)
