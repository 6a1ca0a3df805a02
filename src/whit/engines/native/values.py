"""Computes the nodes of a kernel at a point of its loops, at the level where they vary.

A value that does not depend on the vector loop is a scalar; one that does has one lane for each of
its next few indices. Values are remembered by node, map and the current binding of the loops that
the map mentions, so each is written once in the innermost place where it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from whit.engines.native import arith
from whit.engines.native.access import VIEWS, Affine, Map, linear, own_axes, symbol
from whit.engines.native.group import operand_maps
from whit.engines.native.ir import (
    I8,
    I32,
    I64,
    PTR,
    Builder,
    Index,
    Module,
    Type,
    Value,
    constant,
    i64,
)
from whit.engines.native.kernels import Buffer, Kernel
from whit.engines.native.schedule import Schedule
from whit.graph import Tensor


def memory_type(dtype: str) -> Type:
    """How an element lies in memory: bool as a byte."""
    return I8 if dtype == "bool" else Type(arith.ELEMENT[dtype])


class Values:
    """Writes one native function: the code of a kernel, or of a part of one.

    Attributes:
        b: the builder. k: the kernel. s: the schedule.
        buffers: memory that the function takes as pointer arguments, in the order of first use.
        lanes: width of the current chunk of the vector loop; 0 where it is a single element.
    """

    def __init__(self, s: Schedule, k: Kernel, module: Module) -> None:
        self.s, self.k, self.b = s, k, Builder(module)
        self.buffers: dict[int, tuple[Buffer, Value]] = {}
        self.env: dict[int, Index] = {}
        self.key: dict[int, object] = {}
        self.memo: dict[tuple, Value] = {}
        self._hoisted: set[tuple] = set()  # whose invariant parts are computed already
        self.vector: int | None = None
        self.lanes = 0
        self._symbols = 1000

    # ---- loops
    def bind(self, loop: int, index: Index, key: object | None = None) -> None:
        """Set the index of a loop; equal keys mean equal indices."""
        self.env[loop] = index
        self.key[loop] = object() if key is None else key

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Values computed inside are forgotten outside."""
        memo, env, key, hoisted = self.memo, self.env, self.key, self._hoisted
        vector, lanes = self.vector, self.lanes
        self.memo, self.env, self.key = dict(memo), dict(env), dict(key)
        self._hoisted = set(hoisted)
        yield
        self.memo, self.env, self.key, self._hoisted = memo, env, key, hoisted
        self.vector, self.lanes = vector, lanes

    def chunk(self, loop: int, index: Index, lanes: int, key: object | None = None) -> None:
        """Stand at `lanes` indices of `loop` from `index` on; one index alone is a scalar."""
        self.bind(loop, index, key)
        self.vector, self.lanes = (loop, lanes) if lanes > 1 else (None, 0)

    def bind_all_zero(self, loops: Sequence[int]) -> None:
        """Stand at index 0 of loops of extent 1."""
        for loop in loops:
            self.bind(loop, 0)

    def share(self, total: int, tid: Value) -> tuple[Index, Index]:
        """This thread's part [lo, hi) of range(total)."""
        if self.s.threads == 1:
            return 0, total
        b, n = self.b, self.s.threads

        def bound(t: Index) -> Value:
            return b.op("udiv", i64(b.mul(t, total)), i64(n))

        return bound(tid), bound(b.add(tid, 1))

    # ---- memory
    def pointer(self, buffer: Buffer) -> Value:
        """The argument through which a buffer comes."""
        known = self.buffers.get(id(buffer))
        if known is None:
            known = (buffer, Value(f"%p{len(self.buffers)}", PTR))
            self.buffers[id(buffer)] = known
        return known[1]

    def index(self, a: Affine) -> tuple[Index, int, Value | None]:
        """An affine index as (offset, step of a lane, further offsets of each lane)."""
        b = self.b
        offset: Index = a.const
        step, lanewise = 0, None
        for s, c in a.terms:
            value = self.env[s]
            if isinstance(value, Value) and value.type.lanes:
                scaled = b.op("mul", value, constant(c, value.type))
                lanewise = scaled if lanewise is None else b.op("add", lanewise, scaled)
                continue
            offset = b.add(offset, b.mul(value, c))
            if s == self.vector:
                step += c
        return offset, step, lanewise

    def load(self, node: Tensor, at: Map) -> Value:
        """Read memory at a map: one element, adjacent ones, or lane by lane."""
        b, buffer, t = self.b, self.s.buffer(node), memory_type(node.dtype)
        base = self.pointer(buffer)
        offset, step, lanewise = self.index(linear(node.shape, at))
        if lanewise is not None:
            value = self._gather(base, t, offset, step, lanewise)
        elif step == 0:
            value = b.load(b.at(base, offset, t), t)
        elif step == 1:
            value = b.load(b.at(base, offset, t), t.vector(self.lanes))
        elif step == -1:
            first = b.at(base, b.add(offset, 1 - self.lanes), t)
            whole = b.load(first, t.vector(self.lanes))
            value = b.shuffle(whole, whole, range(self.lanes - 1, -1, -1))
        else:
            value = Value("poison", t.vector(self.lanes))
            for q in range(self.lanes):
                one = b.load(b.at(base, b.add(offset, q * step), t), t)
                value = b.insert(value, one, q)
        return arith.cast(b, value, "uint8", "bool") if node.dtype == "bool" else value

    def _gather(self, base: Value, t: Type, offset: Index, step: int, lanewise: Value) -> Value:
        b, value = self.b, Value("poison", t.vector(self.lanes))
        for q in range(self.lanes):
            at = b.add(b.add(offset, q * step), b.extract(lanewise, q))
            value = b.insert(value, b.load(b.at(base, at, t), t), q)
        return value

    def store(self, node: Tensor, at: Map, value: Value) -> None:
        """Write a node's value to its memory."""
        b, buffer = self.b, self.s.buffers[node]
        offset, step, _ = self.index(linear(node.shape, at))
        pointer = b.at(self.pointer(buffer), offset, memory_type(node.dtype))
        if node.dtype == "bool":
            value = b.convert("zext", value, "i8")
        if step == 0 or not self.lanes:
            return b.store(value, pointer)
        value = b.splat(value, self.lanes)
        if step == 1:
            return b.store(value, pointer)
        for q in range(self.lanes):
            element = b.at(pointer, q * step, memory_type(node.dtype))
            b.store(b.extract(value, q), element)

    # ---- nodes
    def _memo_key(self, node: Tensor, at: Map) -> tuple:
        loops = {s for index in at for s, _ in index.terms}
        return (node, at, *(self.key.get(s) for s in sorted(loops)))

    def set(self, node: Tensor, at: Map, value: Value) -> None:
        """Declare the value of a node at a map (an accumulator, a finished reduction)."""
        self.memo[self._memo_key(node, at)] = value

    def get(self, node: Tensor, at: Map) -> Value:
        """The value of a node at a map."""
        node, at = self.s.group.resolve(node, at)
        if node in self.k.nodes and node.op in VIEWS:
            return self._of_view(node, at)
        key = self._memo_key(node, at)
        if key not in self.memo:
            self.memo[key] = self._make(node, at)
        return self.memo[key]

    def _of_view(self, node: Tensor, at: Map) -> Value:
        """A view that this kernel stores: its operand's value."""
        (operand, inner), *_ = operand_maps(node, at)
        return self.get(operand, inner)

    def _make(self, node: Tensor, at: Map) -> Value:
        b, g = self.b, self.s.group
        if node.op == "constant":
            return constant(node.attrs[0], Type(arith.ELEMENT[node.dtype]))
        if node.op == "iota":
            return self.as_number(at[0], node.dtype)
        if node not in self.k.nodes and (
            node.op in ("input", "literal") or node in g.alias or node in g.stored
        ):
            return self.load(node, at)
        special = _SPECIAL.get(node.op)
        if special is not None:
            return special(self, node, at)
        if node.dtype in ("float32", "float64") and node.op in ("add", "sub"):
            fused = self._fused(node, at)
            if fused is not None:
                return fused
        operands = self.align([self.get(a, at) for a in node.inputs])
        if node.op == "cast":
            return arith.cast(b, operands[0], node.inputs[0].dtype, node.dtype)
        return arith.RULES[node.op](b, node.inputs[-1].dtype, *operands)

    def align(self, values: Sequence[Value]) -> list[Value]:
        """Scalars repeated if any of the values is a vector."""
        lanes = max(v.type.lanes for v in values)
        return [self.b.splat(v, lanes) if lanes else v for v in values]

    def _fused(self, node: Tensor, at: Map) -> Value | None:
        """x*y + z in one instruction, decided on the graph: the same bits in every kernel."""
        if not self.s.target.fma:
            return None
        for q in (0, 1):
            m, z = node.inputs[q], node.inputs[1 - q]
            alone = m.op == "mul" and len(self.s.group.users.get(m, ())) == 1
            if not alone or m in self.s.group.stored or m is z:
                continue
            x, y, w = self.align([self.get(v, at) for v in (*m.inputs, z)])
            if node.op == "sub":
                x, w = (x, self.b.neg(w)) if q == 0 else (self.b.neg(x), w)
            return self.b.overloaded("fma", x, y, w)
        return None

    # ---- nodes that depend on the index
    def as_index(self, a: Affine) -> Value:
        """An affine index as an i64, or one for each lane."""
        b = self.b
        offset, step, lanewise = self.index(a)
        value = i64(offset)
        if step and self.lanes:
            value = b.op("add", b.splat(value, self.lanes), b.ramp(self.lanes, I64, step))
        if lanewise is not None:
            value = b.op("add", b.splat(value, self.lanes), lanewise)
        return value

    def as_number(self, a: Affine, dtype: str) -> Value:
        """An affine index as a value of `dtype`."""
        return arith.cast(self.b, self.as_index(a), "int64", dtype)

    def runtime(self, value: Value) -> Affine:
        """A computed index as a symbol, to be used in maps."""
        self._symbols += 1
        self.bind(self._symbols, value)
        return symbol(self._symbols)

    def clamped(self, value: Value, extent: int) -> Value:
        """An index brought into range(extent)."""
        b, zero, top = self.b, constant(0, value.type), constant(max(extent - 1, 0), value.type)
        value = b.select(b.compare("slt", value, zero), zero, value)
        return b.select(b.compare("sgt", value, top), top, value)

    def row(self, indices: Tensor, at: Map, extent: int) -> Value:
        """An index read from a tensor, as a clamped i64."""
        value = arith.cast(self.b, self.get(indices, at), indices.dtype, "int64")
        if indices.dtype == "uint64":
            value = self.b.op("and", value, constant(2**63 - 1, value.type))
        return self.clamped(value, extent)

    def hoist(self, node: Tensor, at: Map) -> None:
        """Compute, here, every part of `node` that does not vary along the vector loop."""
        key = self._memo_key(node, at)
        if key not in self.memo and key not in self._hoisted:
            self._hoisted.add(key)
            for a, am in operand_maps(node, at):
                self._hoist_at(a, am)

    def hoist_operand(self, node: Tensor) -> None:
        """`hoist` for the operand of a reduction along the row."""
        x = node.inputs[0]
        self._hoist_at(x, own_axes(x.shape))

    def _hoist_at(self, a: Tensor, am: Map) -> None:
        if any(s < 0 for index in am for s, _ in index.terms):
            return
        g, inner = self.s.group, len(self.k.space) - 1
        base, bm = g.resolve(a, am)
        if base.op in ("constant", "iota"):
            return
        if all(index.coefficient(inner) == 0 for index in bm):
            self.get(base, bm)
        elif base.op in ("input", "literal") or base in g.alias:
            return
        elif base in self.k.nodes or base not in g.stored:
            self.hoist(base, bm)


def _gather(v: Values, node: Tensor, at: Map) -> Value:
    x, indices = node.inputs
    lead = indices.ndim
    with_row = v.runtime(v.row(indices, at[:lead], x.shape[0]))
    return v.get(x, (with_row, *at[lead:]))


def _pad(v: Values, node: Tensor, at: Map) -> Value:
    b, x = v.b, node.inputs[0]
    low, high, fill = node.attrs
    outside = constant(fill, Type(arith.ELEMENT[node.dtype]))
    if not x.size:
        return outside
    inside: Value | None = None
    inner: list[Affine] = []
    for index, before, after, extent in zip(at, low, high, x.shape, strict=True):
        if not before and not after:
            inner.append(index)
            continue
        value = v.as_index(index + Affine(-before))
        ok = b.compare("ult", value, constant(extent, value.type))
        if inside is not None:
            inside, ok = v.align([inside, ok])
        inside = ok if inside is None else b.op("and", inside, ok)
        inner.append(v.runtime(v.clamped(value, extent)))
    assert inside is not None
    return b.select(*_same_lanes(v, inside, v.get(x, tuple(inner)), outside))


def _same_lanes(v: Values, condition: Value, x: Value, y: Value) -> list[Value]:
    if not max(condition.type.lanes, x.type.lanes, y.type.lanes):
        return [condition, x, y]
    return v.align([condition, x, y])


def _concat(v: Values, node: Tensor, at: Map) -> Value:
    b, (axis,) = v.b, node.attrs
    position = v.as_index(at[axis])
    value: Value | None = None
    start = 0
    for x in node.inputs:
        if x.shape[axis]:
            local = b.op("sub", position, constant(start, position.type))
            inner = v.runtime(v.clamped(local, x.shape[axis]))
            here = v.get(x, tuple(inner if q == axis else i for q, i in enumerate(at)))
            if value is None:
                value = here
            else:
                past = b.compare("sge", position, constant(start, position.type))
                value = b.select(*_same_lanes(v, past, here, value))
        start += x.shape[axis]
    assert value is not None
    return value


_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))


def _random_bits(v: Values, node: Tensor, at: Map) -> Value:
    """Threefry-2x32-20 of the element's position; see graph.random_bits."""
    b, (key,) = v.b, node.inputs
    x = v.as_number(linear(node.shape, at), "uint32")
    k0, k1 = v.get(key, (Affine(),)), v.get(key, (Affine(1),))
    k2 = b.op("xor", b.op("xor", k0, k1), constant(0x1BD11BDA, I32))
    keys = [b.splat(k, x.type.lanes) if x.type.lanes else k for k in (k0, k1, k2)]
    x, y = b.op("add", x, keys[0]), keys[1]
    for group in range(5):
        for r in _ROTATIONS[group % 2]:
            x = b.op("add", x, y)
            y = b.overloaded("fshl", y, y, constant(r, y.type))
            y = b.op("xor", y, x)
        x = b.op("add", x, keys[(group + 1) % 3])
        y = b.op("add", b.op("add", y, keys[(group + 2) % 3]), constant(group + 1, y.type))
    return b.op("xor", x, y)


_SPECIAL = {"gather": _gather, "pad": _pad, "concat": _concat, "random_bits": _random_bits}
