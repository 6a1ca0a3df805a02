"""Einstein's summation: a formula over axis labels as sums, broadcasts and matrix products."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from whit.graph import Tensor, build, dtypes
from whit.ops.lift import Array, ArrayLike, op, strong
from whit.ops.shaping import last_diagonal

_ELLIPSIS = "."  # stands for one axis of "..." in front of a number, as a label of its own
Labels = tuple[str, ...]


def einsum(subscripts: str, *operands: ArrayLike, **kwargs: Any) -> Array:
    """Products of operands summed over axes, by a formula like `"bij,bjk->bik"`.

    Args:
        subscripts: a letter for each axis, operands separated by commas; after `->` the axes of the
            result (by default those that occur once, in the alphabet's order). `...` stands for
            axes that broadcast. Operands are multiplied from left to right.
        kwargs: `optimize` is accepted and has no effect.

    Raises:
        ValueError: a formula that does not fit the operands.
    """
    return _einsum(list(operands), subscripts)


@op("*operands")
def _einsum(operands: Sequence[ArrayLike], subscripts: str) -> Array:
    tensors = [strong(x) for x in operands]
    dtype = dtypes.promote(*(t.dtype for t in tensors))
    dtype = "int32" if dtype == "bool" else dtype
    tensors = [build.cast(t, dtype) for t in tensors]
    inputs, output = _parse(subscripts, tensors)
    terms = [_diagonals(t, ls) for t, ls in zip(tensors, inputs, strict=True)]
    extents = _extents(terms, subscripts)
    terms = [  # extents of 1 that meet a longer axis repeat
        (build.broadcast_to(x, tuple(extents[v] for v in ls)), ls) for x, ls in terms
    ]
    total, labels = terms[0]
    for q, (x, ls) in enumerate(terms[1:], 1):
        later = set(output).union(*(other for _, other in terms[q + 1 :]))
        total, labels = _multiply(total, labels, x, ls, later, extents)
    total, labels = _sum_out(total, labels, set(output))
    total = build.transpose(total, [labels.index(v) for v in output if v in labels])
    return build.broadcast_to(total, tuple(extents[v] for v in output))


def _parse(subscripts: str, operands: Sequence[Tensor]) -> tuple[list[Labels], Labels]:
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    formulas = left.split(",")
    if len(formulas) != len(operands):
        raise ValueError(
            f"einsum: {subscripts!r} names {len(formulas)} operands, got {len(operands)}"
        )
    inputs = [_labels(f, x.ndim, subscripts) for f, x in zip(formulas, operands, strict=True)]
    dots = sorted({v for ls in inputs for v in ls if v[0] == _ELLIPSIS}, reverse=True)
    if arrow:
        at = right.find("...")
        letters = right.replace("...", "")
        output = (*right[:at], *dots, *right[at + 3 :]) if at >= 0 else tuple(letters)
    else:
        letters = "".join(sorted(v for v in set(left) - set(",.") if left.count(v) == 1))
        output = (*dots, *letters)
    unknown = [v for v in output if not any(v in ls for ls in inputs) and v[0] != _ELLIPSIS]
    if unknown or len(set(output)) != len(output):
        raise ValueError(f"einsum: the result of {subscripts!r} repeats or invents an axis")
    return inputs, tuple(output)


def _labels(formula: str, ndim: int, subscripts: str) -> Labels:
    head, dots, tail = formula.partition("...")
    extra = ndim - len(head) - len(tail)
    if (not (head + tail).isalpha() and head + tail) or (extra < 0 if dots else extra != 0):
        raise ValueError(
            f"einsum: {formula!r} in {subscripts!r} does not fit an operand with {ndim} axes"
        )
    return (*head, *(f"{_ELLIPSIS}{q:02d}" for q in reversed(range(extra))), *tail)


def _diagonals(x: Tensor, labels: Labels) -> tuple[Tensor, Labels]:
    """A label that an operand repeats means the diagonal of those axes."""
    for v in dict.fromkeys(labels):
        while labels.count(v) > 1:
            a = labels.index(v)
            b = labels.index(v, a + 1)
            if x.shape[a] != x.shape[b]:
                raise ValueError(f"einsum: axes {v!r} have extents {x.shape[a]} and {x.shape[b]}")
            rest = [q for q in range(x.ndim) if q not in (a, b)]
            x = last_diagonal(build.transpose(x, [*rest, a, b]), 0)
            labels = (*(labels[q] for q in rest), v)
    return x, labels


def _extents(terms: Sequence[tuple[Tensor, Labels]], subscripts: str) -> dict[str, int]:
    extents: dict[str, int] = {}
    for x, labels in terms:
        for v, d in zip(labels, x.shape, strict=True):
            known = extents.setdefault(v, d)
            if known == 1:
                extents[v] = d
            elif d not in (1, known):
                raise ValueError(f"einsum: axis {v!r} of {subscripts!r} is both {known} and {d}")
    return extents


def _sum_out(x: Tensor, labels: Labels, needed: set[str]) -> tuple[Tensor, Labels]:
    axes = [q for q, v in enumerate(labels) if v not in needed]
    return build.total(x, axes), tuple(v for v in labels if v in needed)


def _multiply(
    a: Tensor, la: Labels, b: Tensor, lb: Labels, later: set[str], extents: dict[str, int]
) -> tuple[Tensor, Labels]:
    """The product of two terms, summed over what neither the rest nor the result needs."""
    a, la = _sum_out(a, la, later | set(lb))
    b, lb = _sum_out(b, lb, later | set(la))
    both = [v for v in la if v in lb]
    batch, inner = [v for v in both if v in later], [v for v in both if v not in later]
    free_a, free_b = [v for v in la if v not in both], [v for v in lb if v not in both]
    size = lambda vs: math.prod(extents[v] for v in vs)  # noqa: E731
    labels = (*batch, *free_a, *free_b)
    shape = tuple(extents[v] for v in labels)
    if not inner or not (free_a or free_b):
        wide = (*batch, *free_a, *free_b, *inner)
        product = build.multiply(_aligned(a, la, wide, extents), _aligned(b, lb, wide, extents))
        return build.total(product, range(len(labels), len(wide))), labels
    left = build.transpose(a, [la.index(v) for v in (*batch, *free_a, *inner)])
    right = build.transpose(b, [lb.index(v) for v in (*batch, *inner, *free_b)])
    lead = (size(batch),) if batch else ()
    left = build.reshape(left, (*lead, size(free_a), size(inner)))
    right = build.reshape(right, (*lead, size(inner), size(free_b)))
    return build.reshape(build.dot(left, right), shape), labels


def _aligned(x: Tensor, labels: Labels, wide: Labels, extents: dict[str, int]) -> Tensor:
    order = [v for v in wide if v in labels]
    x = build.transpose(x, [labels.index(v) for v in order])
    return build.broadcast(x, tuple(extents[v] for v in wide), [wide.index(v) for v in order])
