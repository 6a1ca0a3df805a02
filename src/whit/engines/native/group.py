"""Graph to kernels: which node is computed where. Knows primitives and maps, not networks.

One rule does most of it: a node joins the latest kernel that makes any of its operands, if it reads
each operand made there exactly where it is made. That gives bias and activation in a contraction's
epilogue, the whole softmax row with its loss and gradient in one kernel, and an optimizer's update
where its gradient is finished.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from whit.engines.native.access import (
    ANYWHERE,
    THROUGH,
    VIEWS,
    ZERO,
    Affine,
    Map,
    own_axes,
    resolve,
    symbol,
    unit_reshape,
)
from whit.engines.native.kernels import Kernel
from whit.graph import PRIMITIVES, Tensor, topological
from whit.graph.simplify import scalar_value
from whit.graph.tensor import intern

ELEMENTWISE = frozenset(n for n, p in PRIMITIVES.items() if p.kind == "elementwise")
REDUCTIONS = frozenset({"sum", "max_reduce", "min_reduce", "prod"})
SOURCES = frozenset({"input", "constant", "literal", "iota"})
SERIAL = frozenset({"cumsum", "scatter_add"})
# Recomputed where used rather than stored, when that takes no more than one stored value.
CHEAP = frozenset(
    [
        "add",
        "sub",
        "mul",
        "neg",
        "abs",
        "max",
        "min",
        "less",
        "less_equal",
        "equal",
        "and",
        "or",
        "xor",
        "not",
        "where",
        "cast",
        "sign",
    ]
)
LEAF_COST = 12
LEAVES = CHEAP | VIEWS | {"gather", "pad", "concat", "shift_left", "shift_right", "floor"}


def canonical(roots: list[Tensor]) -> list[Tensor]:
    """The same values with reductions over one kind of axes at a time, and roots that are computed.

    A reduction that includes the last axis first goes over that one alone (rows), then over the
    rest (columns). A root that is a view, an input or a root already gets a node of its own, so
    that every root has its own memory.
    """
    new: dict[Tensor, Tensor] = {}
    for node in topological(roots):
        inputs = tuple(new[a] for a in node.inputs)
        if (
            node.op in REDUCTIONS
            and len(node.attrs[0]) > 1
            and node.attrs[0][-1] == node.inputs[0].ndim - 1
        ):
            rows = intern(node.op, inputs, ((node.attrs[0][-1],),))
            new[node] = _split(intern(node.op, (rows,), (node.attrs[0][:-1],)))
        else:
            new[node] = node if inputs == node.inputs else intern(node.op, inputs, node.attrs)
    out: list[Tensor] = []
    for r in roots:
        value = new[r]
        while value in out or value.op in SOURCES or (value.op in VIEWS and value.op != "stop"):
            value = intern("stop", (value,), ())
        out.append(value)
    return out


def _split(node: Tensor) -> Tensor:
    axes, x = node.attrs[0], node.inputs[0]
    if len(axes) > 1 and axes[-1] == x.ndim - 1:
        rows = intern(node.op, (x,), ((axes[-1],),))
        return _split(intern(node.op, (rows,), (axes[:-1],)))
    return node


class Grouping:
    """The kernels of a step, and for each computed node the kernel that owns it.

    Attributes:
        roots: canonical outputs and updates, in the order given.
        kernels: in an order in which they could run.
        owner: node to kernel. alias: a regrouping reshape to the stored node behind it.
        stored: nodes that get memory.
        recomputed: what materialisation found cheaper to compute again, for the debug listing.
    """

    def __init__(self, roots: list[Tensor]) -> None:
        self.roots = canonical(roots)
        self.order = topological(self.roots)
        self.kernels: list[Kernel] = []
        self.owner: dict[Tensor, Kernel] = {}
        self.alias: dict[Tensor, Tensor] = {}
        self.stored: set[Tensor] = set()
        self.recomputed: list[str] = []
        self._forced = set(self.roots)
        self._waits_for_none: set[Kernel] = set()
        self._leaf: dict[Tensor, int] = {}
        self._again: dict[Tensor, int] = {}
        self.users: dict[Tensor, list[Tensor]] = {}
        for n in self.order:
            for a in n.inputs:
                self.users.setdefault(a, []).append(n)
        for n in self.order:
            self._assign(n)
        self._materialise()
        self._collect_reads()

    # ---- questions
    def leaf(self, n: Tensor) -> bool:
        """Whether `n` is cheap anywhere: sources, and a few cheap operations on those."""
        return self._leaf_cost(n) <= LEAF_COST

    def _leaf_cost(self, n: Tensor) -> int:
        """Operations that computing a leaf takes, counted as a tree: each use computes it anew."""
        known = self._leaf.get(n)
        if known is None:
            known = self._leaf[n] = self._count_leaf(n)
        return known

    def _count_leaf(self, n: Tensor) -> int:
        if n.op in SOURCES:
            return 0
        number = n.op in ELEMENTWISE and n.shape == () and scalar_value(n) is None
        if n in self.owner or n.op not in LEAVES or number:
            return LEAF_COST + 1
        inner = sum(self._leaf_cost(a) for a in n.inputs)
        return min(inner + (n.op not in VIEWS), LEAF_COST + 1)

    def home(self, n: Tensor) -> Tensor:
        """The node whose memory `n` is: itself, or what a regrouping reshape renames."""
        while n in self.alias:
            n = self.alias[n]
        return n

    def resolve(self, n: Tensor, at: Map) -> tuple[Tensor, Map]:
        """`access.resolve` that stops at nodes with a kernel."""
        return resolve(n, at, self.owner)

    def operands(self, n: Tensor, at: Map) -> list[tuple[Tensor, Map]]:
        """Where each input of a node is read when the node is computed at `at`."""
        return operand_maps(n, at)

    def bases(self, n: Tensor, at: Map) -> Iterator[tuple[Tensor, Map]]:
        """The values made by kernels that computing `n` at `at` reads, through views and leaves."""
        for a, am in self.operands(n, at):
            base, bm = self.resolve(a, am)
            if base in self.owner or base in self.alias:
                yield base, bm
            elif base.op not in SOURCES:
                yield from self.bases(base, bm)

    def maker(self, base: Tensor) -> Kernel | None:
        """The kernel that writes the memory behind `base`; None for inputs."""
        return self.owner.get(self.home(base))

    # ---- grouping
    def _new(self, kind: str, space: tuple[int, ...]) -> Kernel:
        k = Kernel(kind, space, len(self.kernels))
        self.kernels.append(k)
        return k

    def _put(self, k: Kernel, n: Tensor, at: Map) -> None:
        k.nodes[n] = at
        self.owner[n] = k
        self._leaf[n] = LEAF_COST + 1

    def _own_kernel(self, n: Tensor) -> None:
        self._put(self._new("row", n.shape), n, own_axes(n.shape))

    def _assign(self, n: Tensor) -> None:
        if n.op in SOURCES:
            return
        if n.op == "reshape" and not unit_reshape(n):
            self._rename(n)
        if n.op in VIEWS and n not in self._forced:
            return
        if n.op == "dot":
            self._assign_dot(n)
        elif n.op in SERIAL:
            for a in n.inputs:
                self._store_operand(a)
            self._put(self._new("serial", n.shape), n, own_axes(n.shape))
        elif n.op in REDUCTIONS:
            self._assign_reduction(n)
        elif not (self.leaf(n) and n not in self._forced):
            self._assign_elementwise(n)

    def _assign_dot(self, n: Tensor) -> None:
        for a in n.inputs:
            self._store_operand(a)
        self._put(self._new("dot", n.shape), n, own_axes(n.shape))

    def _store_operand(self, a: Tensor) -> None:
        """An operand that is read many times has to lie in memory: computed leaves get a kernel."""
        base, _ = self.resolve(a, own_axes(a.shape))
        if base.op in ("input", "literal") or base in self.owner or base in self.alias:
            return
        self._leaf_kernel(a if base.op in ("constant", "iota") else base)

    def _leaf_kernel(self, n: Tensor) -> None:
        """Store a leaf after all. Kernels made before may read it, so it waits for no other."""
        self._own_kernel(n)
        self._waits_for_none.add(self.owner[n])

    def _rename(self, n: Tensor) -> None:
        """A regrouping reshape is another name for its operand's memory, which must be its own."""
        x = n.inputs[0]
        base, at = self.resolve(x, own_axes(x.shape))
        plain = at == own_axes(x.shape) and base.shape == x.shape
        in_memory = base.op in ("input", "literal") or base in self.owner or base in self.alias
        if not plain or base.op in ("constant", "iota"):
            (self._leaf_kernel if self.leaf(x) else self._own_kernel)(x)
            base = x
        elif not in_memory:
            self._leaf_kernel(base)
        self.alias[n] = base

    def _assign_reduction(self, n: Tensor) -> None:
        x, axes = n.inputs[0], n.attrs[0]
        if axes != (x.ndim - 1,):
            return self._assign_columns(n)
        full = own_axes(x.shape)
        probe = list(self._reads_of_reduction(n, full))
        k = max((self.maker(b) for b, _ in probe), key=_number, default=None)
        if k is None:
            k = next(
                (q for q in reversed(self.kernels) if q.kind == "row" and q.space == x.shape), None
            )
        if (
            k is None
            or k.kind != "row"
            or k.space != x.shape
            or any(self.maker(b) is k and k.nodes.get(b) != m for b, m in probe)
        ):
            k = self._new("row", x.shape)
        self._put(k, n, full[:-1])

    def _assign_columns(self, n: Tensor) -> None:
        x, axes = n.inputs[0], n.attrs[0]
        full = own_axes(x.shape)
        last = self.kernels[-1] if self.kernels else None
        if (
            last is None
            or last.kind != "column"
            or (last.space, last.reduced) != (x.shape, axes)
            or any(self.maker(b) is last for b, _ in self._reads_of_reduction(n, full))
        ):
            last = self._new("column", x.shape)
            last.reduced = axes
        self._put(last, n, tuple(i for q, i in enumerate(full) if q not in axes))

    def _reads_of_reduction(self, n: Tensor, full: Map) -> Iterator[tuple[Tensor, Map]]:
        base, at = self.resolve(n.inputs[0], full)
        if base in self.owner or base in self.alias:
            yield base, at
        elif base.op not in SOURCES:
            yield from self.bases(base, at)

    def _assign_elementwise(self, n: Tensor) -> None:
        bases = list(self.bases(n, own_axes(n.shape)))
        makers = {k for b, _ in bases if (k := self.maker(b)) is not None}
        if n.shape == () and n.op in ELEMENTWISE and all(k.kind == "scalar" for k in makers):
            k = next((k for k in self.kernels if k.kind == "scalar"), None)
            return self._put(k or self._new("scalar", ()), n, ())
        k = max(makers, key=_number, default=None)
        joins = k is not None and self._may_wait(k, makers)
        at = self._place_in(k, n, bases) if joins and k is not None else None
        if k is not None and at is not None:
            return self._put(k, n, at)
        self._own_kernel(n)

    def _may_wait(self, k: Kernel | None, makers: Iterable[Kernel | None]) -> bool:
        """Whether something that needs `makers` may be computed in `k`."""
        return k not in self._waits_for_none or set(makers) <= {k, None}

    def _place_in(self, k: Kernel, n: Tensor, bases: list[tuple[Tensor, Map]]) -> Map | None:
        """The map at which `n` can be computed inside `k`, or None."""
        if k.kind in ("scalar", "serial"):
            return None
        loops = self._match_axes(k, n, bases)
        if loops is None:
            return None
        mapping = {q: symbol(loop) for q, loop in loops.items()}
        for b, m in bases:
            if self.maker(b) is not k:
                continue
            if k.nodes.get(b) != tuple(i.substitute(mapping) for i in m):
                return None
        used, wanted = set(loops.values()), {q for q, d in enumerate(k.space) if d != 1}
        inner = len(k.space) - 1
        if k.kind == "dot" and used != wanted:
            return None
        if k.kind == "column" and used != wanted - set(k.reduced):
            return None
        if k.kind == "row" and not used >= wanted - {inner}:
            return None
        return tuple(i.substitute(mapping) for i in own_axes(n.shape))

    def _match_axes(self, k: Kernel, n: Tensor, bases: list) -> dict[int, int] | None:
        """Which loop of `k` runs along which axis of `n`, as its operands made in `k` say."""
        loops: dict[int, int] = {}
        for b, m in bases:
            made = k.nodes.get(b)
            if made is None:
                continue
            for index, loop in zip(m, made, strict=True):
                if len(index.terms) == len(loop.terms) == 1:
                    loops.setdefault(index.terms[0][0], loop.terms[0][0])
        loops.pop(-1, None)
        taken = {*loops.values(), *k.reduced}
        free = [loop for loop in range(len(k.space)) if loop not in taken]
        for q, d in enumerate(n.shape):
            if d != 1 and q not in loops:
                fit = next((loop for loop in reversed(free) if k.space[loop] == d), None)
                if fit is None:
                    return None
                free.remove(fit)
                loops[q] = fit
        ok = len(set(loops.values())) == len(loops)
        ok = ok and all(k.space[loop] == n.shape[q] for q, loop in loops.items())
        return loops if ok else None

    # ---- what is stored
    def _materialise(self) -> None:
        """Store what another kernel needs, unless that one can compute it from one stored value."""
        roots = set(self.roots)
        operands: set[Tensor] = {self.home(b) for b in self.alias.values()}
        need: set[Tensor] = set(operands & set(self.owner))
        for n in self.order:
            for a, am in self.operands(n, own_axes(n.shape)):
                base = self.home(self.resolve(a, am)[0])
                if base not in self.owner:
                    continue
                if n.op == "dot" or n.op in SERIAL or n.op in ("gather", "pad", "concat"):
                    operands.add(base)
                    need.add(base)
                elif self._computed_in(n) - {self.owner[base]}:
                    need.add(base)
        self.stored = (
            need
            | (roots & set(self.owner))
            | {n for n in self.owner if n.op == "dot" and not self._joined(n)}
        )
        for n in self.order:
            if n in need and n not in roots and n not in operands and n.op in CHEAP:
                if self.owner[n].kind == "scalar":
                    continue
                sources = self._cheap_from(n)
                if sources is not None and len(sources) <= 1 and self._cost_again(n) <= LEAF_COST:
                    self.stored.discard(n)
                    self.recomputed.append(f"{n!r} from {sorted(map(repr, sources))}")
                    del self.owner[n].nodes[n]
                    del self.owner[n]
        self._prune()

    def _joined(self, n: Tensor) -> bool:
        return len(self.owner[n].nodes) > 1

    def _prune(self) -> None:
        """Kernels keep what their stored outputs need; those that store nothing go."""
        for k in self.kernels:
            k.outs = [n for n in k.nodes if n in self.stored]
            alive: set[Tensor] = set()
            stack = list(k.outs)
            while stack:
                n = stack.pop()
                if n not in alive:
                    alive.add(n)
                    stack.extend(b for b, _ in self.direct(k, n) if b in k.nodes)
            for n in [n for n in k.nodes if n not in alive]:
                del k.nodes[n]
                del self.owner[n]
        self.kernels = [k for k in self.kernels if k.outs]

    def direct(self, k: Kernel, n: Tensor) -> Iterator[tuple[Tensor, Map]]:
        """What computing `n` inside `k` reads: nodes of `k`, and memory."""
        for a, am in self.operands_in(k, n):
            yield from self._walk(k, a, am)

    def operands_in(self, k: Kernel, n: Tensor) -> list[tuple[Tensor, Map]]:
        """`operands` with a reduction's operand at the kernel's own loops."""
        if n.op in REDUCTIONS and n in k.nodes:
            return [(n.inputs[0], own_axes(n.inputs[0].shape))]
        return self.operands(n, k.nodes[n])

    def _walk(self, k: Kernel, a: Tensor, am: Map) -> Iterator[tuple[Tensor, Map]]:
        base, bm = self.resolve(a, am)
        if (
            base in self.alias
            or base.op in ("input", "literal")
            or base in self.stored
            or base in k.nodes
        ):
            yield base, bm
        else:
            for x, xm in self.operands(base, bm):
                yield from self._walk(k, x, xm)

    def _computed_in(self, n: Tensor) -> set[Kernel]:
        """The kernels in which the value of `n` is computed."""
        if n in self.owner:
            return {self.owner[n]}
        out: set[Kernel] = set()
        for u in self.users.get(n, []):
            out |= self._computed_in(u)
        return out

    def _cheap_from(self, n: Tensor) -> set[Tensor] | None:
        out: set[Tensor] = set()
        for a in n.inputs:
            base, _ = self.resolve(a, own_axes(a.shape))
            if self.home(base) in self.stored and base is not n:
                out.add(self.home(base))
            elif base in self.alias:
                if self.home(base) in self.owner:
                    return None
            elif self.leaf(base):
                continue
            elif base.op in CHEAP:
                inner = self._cheap_from(base)
                if inner is None:
                    return None
                out |= inner
            else:
                return None
        return out

    def _cost_again(self, n: Tensor) -> int:
        """Operations of computing `n` again from what is stored, counted as a tree."""
        cost = self._again.get(n)
        if cost is None:
            cost = 1
            for a in n.inputs:
                base, _ = self.resolve(a, own_axes(a.shape))
                if base.op not in SOURCES and self.home(base) not in self.stored:
                    cost += self._cost_again(base)
            cost = self._again[n] = min(cost, LEAF_COST + 1)
        return cost

    def _collect_reads(self) -> None:
        for k in self.kernels:
            for n in k.nodes:
                for base, m in self.direct(k, n):
                    if base not in k.nodes:
                        k.reads.setdefault(base, set()).add(m)


def _number(k: Kernel | None) -> int:
    return -1 if k is None else k.number


def operand_maps(n: Tensor, at: Map) -> list[tuple[Tensor, Map]]:
    """Where each input is read when `n` is computed at `at`; ANYWHERE where that is not affine."""
    if n.op in ELEMENTWISE or n.op == "stop":
        return [(a, at) for a in n.inputs]
    if n.op == "gather":
        x, indices = n.inputs
        lead = indices.ndim
        return [(x, (ANYWHERE, *at[lead:])), (indices, at[:lead])]
    if n.op == "pad":
        low, high, _ = n.attrs
        moved = [bool(a or b) for a, b in zip(low, high, strict=True)]
        return [(n.inputs[0], tuple(ANYWHERE if p else i for p, i in zip(moved, at, strict=True)))]
    if n.op == "concat":
        (axis,) = n.attrs
        return [
            (a, tuple(ANYWHERE if q == axis else i for q, i in enumerate(at))) for a in n.inputs
        ]
    if n.op == "random_bits":
        return [(n.inputs[0], (ZERO,)), (n.inputs[0], (Affine(1),))]
    if n.op in VIEWS:
        inner = resolve_once(n, at)
        return [(n.inputs[0], inner)]
    return [(a, (ANYWHERE,) * a.ndim) for a in n.inputs]


def resolve_once(n: Tensor, at: Map) -> Map:
    """The map of a view's operand."""
    if n.op == "reshape" and not unit_reshape(n):
        return (ANYWHERE,) * n.inputs[0].ndim
    inner = THROUGH[n.op](n, at)
    return tuple(ZERO if d == 1 else i for i, d in zip(inner, n.inputs[0].shape, strict=True))
