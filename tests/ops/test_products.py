"""Products and Einstein sums equal NumPy's for every arrangement of axes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.support import traced
from whit import ops

RNG = np.random.default_rng(4)


def f(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def close(found: Any, expected: Any) -> None:
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


PAIRS = [
    ((2, 3), (3, 4)),
    ((3,), (3,)),
    ((3,), (3, 4)),
    ((2, 3), (3,)),
    ((5, 2, 3), (3, 4)),
    ((5, 2, 3), (5, 3, 4)),
    ((2, 3), (5, 3, 4)),
    ((2, 1, 2, 3), (5, 3, 4)),
    ((3,), (5, 3, 4)),
    ((5, 2, 3), (3,)),
    ((0, 3), (3, 4)),
    ((2, 0), (0, 4)),
    ((1, 1), (1, 1)),
    ((0, 2, 3), (1, 3, 2)),
]


@pytest.mark.parametrize("shapes", PAIRS)
def test_matmul_and_dot(shapes: tuple[tuple[int, ...], ...]) -> None:
    a, b = f(*shapes[0]), f(*shapes[1])
    close(ops.matmul(a, b), np.matmul(a, b))
    close(traced(ops.matmul, a, b), np.matmul(a, b))
    if b.ndim < 3 or a.ndim < 3:
        close(ops.dot(a, b), np.dot(a, b))


def test_types_of_products() -> None:
    small = np.full((2, 2), 100, np.int8)
    assert ops.matmul(small, small).dtype == np.int32 and ops.matmul(small, small)[0, 0] == 20000
    mixed = ops.matmul(np.ones((2, 2), np.int32), f(2, 2))
    assert mixed.dtype == np.float32
    close(ops.dot(2.0, f(3) * 0 + 1), [2, 2, 2])


def test_other_products() -> None:
    a, b = f(3, 4), f(2, 4)
    close(ops.inner(a, b), np.inner(a, b))
    close(ops.outer(a, b), np.outer(a, b))
    close(ops.vdot(a, a), np.vdot(a, a))
    close(ops.kron(a, b), np.kron(a, b))
    close(ops.kron(f(2), b).shape, (2, 8))
    close(ops.tensordot(f(3, 4, 5), f(4, 5, 2)).shape, (3, 2))
    x, y = f(3, 4, 5), f(5, 3)
    close(ops.tensordot(x, y, ([0, 2], [1, 0])), np.tensordot(x, y, ([0, 2], [1, 0])))
    close(ops.tensordot(a, b, 0), np.tensordot(a, b, 0))


@pytest.mark.parametrize("axis", [0, -1])
def test_cross(axis: int) -> None:
    a, b = f(3, 3), f(3, 3)
    close(ops.cross(a, b, axis=axis), np.cross(a, b, axis=axis))
    plane = f(4, 2)
    z = ops.cross(plane, f(4, 3))
    assert z.shape == (4, 3)
    close(ops.cross(plane, plane), np.zeros(4))


SUMS = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)),
    ("ba", (2, 3)),
    ("bij,bjk->bik", (5, 2, 3), (5, 3, 4)),
    ("ii->i", (3, 3)),
    ("ii", (3, 3)),
    ("ijj->i", (2, 3, 3)),
    ("iij,ij->j", (3, 3, 2), (3, 2)),
    ("ij->ji", (2, 3)),
    ("ij->", (2, 3)),
    ("...ij,...jk->...ik", (2, 1, 3, 4), (5, 4, 2)),
    ("ij,ij->i", (2, 3), (2, 3)),
    ("i,j->ij", (2,), (3,)),
    ("i,i->", (4,), (4,)),
    ("bhqd,bhkd->bhqk", (2, 3, 4, 5), (2, 3, 6, 5)),
    ("bqhd,bkhd->bhqk", (2, 4, 3, 5), (2, 6, 3, 5)),
    ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)),
    ("i,i,i->i", (3,), (3,), (3,)),
    ("...a,ab->...b", (2, 3, 4), (4, 5)),
    ("abc,cd->dab", (2, 3, 4), (4, 5)),
    ("ij,kl->", (2, 3), (4, 5)),
    ("...->...", (2, 3)),
    ("a...b->b...a", (2, 5, 3)),
    ("ij,jk->ik", (0, 3), (3, 4)),
    ("ij,jk->ik", (2, 0), (0, 4)),
    ("ij,j->ij", (2, 3), (1,)),
    (" i j , j -> i ", (2, 3), (3,)),
]


@pytest.mark.parametrize("case", range(len(SUMS)))
def test_einsum(case: int) -> None:
    formula, *shapes = SUMS[case]
    operands = [f(*s) for s in shapes]
    expected = np.einsum(formula, *operands)
    close(ops.einsum(formula, *operands), expected)
    close(traced(lambda *xs: ops.einsum(formula, *xs), *operands), expected)


@pytest.mark.parametrize(
    ("formula", "shapes", "message"),
    [
        ("ij,jk->ik", [(2, 3)], "names 2 operands, got 1"),
        ("ij->i", [(2, 3, 4)], "'ij' in 'ij->i' does not fit an operand with 3 axes"),
        ("ij,jk->ik", [(2, 3), (4, 5)], "axis 'j' of 'ij,jk->ik' is both 3 and 4"),
        ("ij->ik", [(2, 3)], "repeats or invents an axis"),
        ("ij->ii", [(2, 3)], "repeats or invents an axis"),
        ("ii->i", [(2, 3)], "axes 'i' have extents 2 and 3"),
    ],
)
def test_einsum_errors(formula: str, shapes: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ops.einsum(formula, *(f(*s) for s in shapes))


def test_matmul_errors() -> None:
    with pytest.raises(ValueError, match=r"the last axis of x1 \(3\) must equal the last but one"):
        ops.matmul(f(2, 3), f(4, 5))
    with pytest.raises(ValueError, match="expected one axis or more"):
        ops.matmul(f(2, 3), 2.0)
    with pytest.raises(ValueError, match="expected 2 or 3 components"):
        ops.cross(f(4), f(4))


NORMS = [
    ({}, (3, 4)),
    ({"ord": "fro"}, (3, 4)),
    ({"ord": 1}, (3, 4)),
    ({"ord": -np.inf}, (3, 4)),
    ({"ord": np.inf, "axis": 1}, (3, 4)),
    ({"ord": 3, "axis": 0, "keepdims": True}, (3, 4)),
    ({"ord": 0}, (5,)),
    ({"axis": (0, 2)}, (2, 3, 4)),
    ({"ord": 1, "axis": (2, 0)}, (2, 3, 4)),
]


@pytest.mark.parametrize("case", range(len(NORMS)))
def test_norm(case: int) -> None:
    arguments, shape = NORMS[case]
    x = f(*shape)
    close(ops.norm(x, **arguments), np.linalg.norm(x, **arguments))


def test_norm_that_is_not_defined() -> None:
    with pytest.raises(ValueError, match="ord=7 is not defined over 2 axes"):
        ops.norm(f(2, 2), ord=7)
    with pytest.raises(ValueError, match="ord='fro' is for matrices"):
        ops.norm(f(2), ord="fro")


def test_differences_distances_and_integrals() -> None:
    x = f(3, 6)
    close(ops.diff(x), np.diff(x))
    close(ops.diff(x, 2, 0), np.diff(x, 2, 0))
    close(ops.trapezoid(x), np.trapezoid(x))
    places = np.array([0, 1, 3, 4, 4.5, 9], np.float32)
    close(ops.trapezoid(x, places), np.trapezoid(x, places))
    y = f(2, 6)
    close(ops.cdist(x, y), np.linalg.norm(x[:, None] - y[None], axis=-1))
    close(ops.corrcoef(x), np.corrcoef(x))
    close(ops.psnr(x, x + 0.1, 1.0), 20)
