"""Access maps: where in a tensor a kernel reads, as affine functions of its loops.

A view (broadcast, transpose, slice, flip, a reshape that only moves extents of 1) is never
computed: `resolve` pushes the map of the reader through it to the tensor behind. Symbols are small
integers: the loops of a kernel, or the axes of a node before it has a kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from whit.graph import Tensor

VIEWS = frozenset({"broadcast", "transpose", "slice", "flip", "stop", "reshape"})


class Affine(NamedTuple):
    """`const + sum(coefficient * symbol)`; terms are sorted and have no zeros."""

    const: int = 0
    terms: tuple[tuple[int, int], ...] = ()

    def __add__(self, other: Affine) -> Affine:  # type: ignore[override]
        if not other.terms:
            return Affine(self.const + other.const, self.terms)
        total = dict(self.terms)
        for s, c in other.terms:
            total[s] = total.get(s, 0) + c
        terms = tuple(sorted((s, c) for s, c in total.items() if c))
        return Affine(self.const + other.const, terms)

    def scaled(self, k: int) -> Affine:
        """This times a constant."""
        if k == 0:
            return ZERO
        return Affine(self.const * k, tuple((s, c * k) for s, c in self.terms))

    def coefficient(self, symbol: int) -> int:
        """The factor of `symbol`."""
        return dict(self.terms).get(symbol, 0)

    def substitute(self, values: Mapping[int, Affine]) -> Affine:
        """Every symbol of `values` replaced."""
        if not any(s in values for s, _ in self.terms):
            return self
        out = Affine(self.const)
        for s, c in self.terms:
            out = out + values.get(s, symbol(s)).scaled(c)
        return out


Map = tuple[Affine, ...]
ZERO = Affine()
STAR = -1  # a symbol that equals nothing: "some element", for reads that are not affine
ANYWHERE = Affine(0, ((STAR, 1),))


def symbol(s: int) -> Affine:
    """The affine function that is the symbol itself."""
    return Affine(0, ((s, 1),))


def own_axes(shape: tuple[int, ...]) -> Map:
    """Each axis read at its own symbol; an axis of extent 1 at 0."""
    return tuple(symbol(q) if d != 1 else ZERO for q, d in enumerate(shape))


def strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Row-major strides in elements."""
    out, step = [], 1
    for d in reversed(shape):
        out.append(step)
        step *= d
    return tuple(reversed(out))


def linear(shape: tuple[int, ...], at: Map) -> Affine:
    """The row-major position of an element."""
    out = ZERO
    for index, stride in zip(at, strides(shape), strict=True):
        out = out + index.scaled(stride)
    return out


def unit_reshape(x: Tensor) -> bool:
    """Whether a reshape only adds or drops extents of 1."""
    return [d for d in x.shape if d != 1] == [d for d in x.inputs[0].shape if d != 1]


def _through_reshape(x: Tensor, at: Map) -> Map:
    kept = iter([index for index, d in zip(at, x.shape, strict=True) if d != 1])
    return tuple(next(kept) if d != 1 else ZERO for d in x.inputs[0].shape)


def _through_transpose(x: Tensor, at: Map) -> Map:
    inner = [ZERO] * len(at)
    for q, p in enumerate(x.attrs[0]):
        inner[p] = at[q]
    return tuple(inner)


def _through_slice(x: Tensor, at: Map) -> Map:
    start, _, step = x.attrs
    return tuple(i.scaled(s) + Affine(a) for i, a, s in zip(at, start, step, strict=True))


def _through_flip(x: Tensor, at: Map) -> Map:
    axes, shape = x.attrs[0], x.shape
    return tuple(Affine(shape[q] - 1) + i.scaled(-1) if q in axes else i for q, i in enumerate(at))


THROUGH: dict[str, Callable[[Tensor, Map], Map]] = {
    "stop": lambda x, at: at,
    "broadcast": lambda x, at: tuple(at[d] for d in x.attrs[1]),
    "transpose": _through_transpose,
    "slice": _through_slice,
    "flip": _through_flip,
    "reshape": _through_reshape,
}


def resolve(x: Tensor, at: Map, owned: Mapping[Tensor, object]) -> tuple[Tensor, Map]:
    """The tensor that is really read, and where: through views that no kernel stores.

    A reshape that regroups extents ends the walk: it is another name for a stored buffer.
    """
    while x.op in THROUGH and x not in owned:
        if x.op == "reshape" and not unit_reshape(x):
            break
        at = THROUGH[x.op](x, at)
        x = x.inputs[0]
        at = tuple(ZERO if d == 1 else i for i, d in zip(at, x.shape, strict=True))
    return x, at
