"""Picking and placing by index and by condition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.support import traced
from whit import ops

RNG = np.random.default_rng(2)
X = RNG.normal(size=(3, 4, 5)).astype(np.float32)
M = X[0]


def equal(found: Any, expected: Any) -> None:
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("indices", [1, [0, 2], [[0, -1], [1, 1]], np.zeros((0,), np.int32)])
def test_take(axis: int | None, indices: Any) -> None:
    expected = np.take(X, np.asarray(indices, np.int64), axis)
    equal(ops.take(X, indices, axis), expected)
    equal(traced(lambda x: ops.take(x, indices, axis), X), expected)


def test_indices_out_of_range_are_clamped() -> None:
    equal(ops.take(M, [-9, 9], 0), M[[0, -1]])


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_take_along_axis(axis: int) -> None:
    shape = [1 if q == axis % 3 else d for q, d in enumerate(X.shape)]
    shape[axis] = 2
    indices = RNG.integers(-3, 3, shape)
    equal(ops.take_along_axis(X, indices, axis), np.take_along_axis(X, indices, axis))
    equal(ops.take_along_axis(X, np.array([0, 7]), None), X.ravel()[[0, 7]])


@pytest.mark.parametrize(
    "key",
    [
        1,
        -1,
        (slice(None), 1, slice(None, None, -2)),
        (Ellipsis, None, slice(1, 3)),
        (slice(2, 0), 0),
        [0, 2],
        np.array([[0, 1], [2, 2]]),
        (np.array([0, 2]), np.array([1, 3])),
        (np.array([[0], [2]]), np.array([1, 3]), np.array([0, -1])),
    ],
)
def test_get_item(key: Any) -> None:
    equal(ops.get_item(X, key), X[key])
    equal(traced(lambda x: ops.get_item(x, key), X), X[key])


def test_get_item_by_mask_says_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"use ops\.where"):
        ops.get_item(M, M > 0)


def test_where_and_select() -> None:
    c = M > 0
    equal(ops.where(c, M, 0.0), np.where(c, M, np.float32(0)))
    equal(ops.where(c[0], 1, 2), np.where(c[0], 1, 2))
    assert ops.where(c, 1, 2).dtype == np.int32
    equal(ops.where(c[:, :1], M, M[0]), np.where(c[:, :1], M, M[0]))
    equal(
        ops.select([c, M < -1], [M, M * 2], 5.0), np.select([c, M < -1], [M, M * 2], np.float32(5))
    )
    with pytest.raises(ValueError, match="give both x1 and x2"):
        ops.where(c)


@pytest.mark.parametrize("start", [(1, 0, 2), np.array([1, 0, 2])])
def test_slice(start: Any) -> None:
    expected = X[1:3, 0:3, 2:3]
    equal(ops.slice(X, start, (2, 3, 1)), expected)
    moving = traced(lambda x, s: ops.slice(x, s, (2, 3, 1)), X, np.asarray(start, np.int32))
    equal(moving, expected)


def test_slice_update() -> None:
    new = np.full((2, 3, 1), 9, np.float32)
    expected = X.copy()
    expected[1:3, 0:3, 2:3] = 9
    equal(ops.slice_update(X, (1, 0, 2), new), expected)
    start = np.array([1, 0, 2], np.int32)
    equal(traced(lambda x, s, u: ops.slice_update(x, s, u), X, start, new), expected)


def test_scatter_adds_what_falls_together() -> None:
    found = ops.scatter([[0, 1], [2, 2], [0, 1]], np.array([1.0, 2, 3], np.float32), (3, 3))
    equal(found, [[0, 4, 0], [0, 0, 0], [0, 0, 2]])
    rows = ops.scatter([[1], [-1]], np.ones((2, 4), np.float32), (3, 4))
    equal(rows, [[0] * 4, [1] * 4, [1] * 4])


@pytest.mark.parametrize(
    ("reduction", "expected"),
    [
        (None, [5, 7, 1, 1]),
        ("add", [9, 8, 1, 1]),
        ("mul", [15, 7, 1, 1]),
        ("max", [5, 7, 1, 1]),
        ("min", [1, 1, 1, 1]),
    ],
)
def test_scatter_update(reduction: str | None, expected: list[float]) -> None:
    x = np.ones(4, np.float32)
    found = ops.scatter_update(x, [[0], [1], [0]], np.array([3.0, 7, 5], np.float32), reduction)
    equal(found, expected)
    assert (x == 1).all()


def test_scatter_update_of_nothing() -> None:
    equal(ops.scatter_update(M, np.zeros((0, 1), np.int32), np.zeros((0, 5), np.float32)), M)
    with pytest.raises(ValueError, match="reduction='sum': expected None, add"):
        ops.scatter_update(M, [[0]], M[:1], "sum")


def test_segments() -> None:
    ids, data = np.array([0, 2, 0]), np.array([[1.0, 5], [2, 2], [3, 4]], np.float32)
    equal(ops.segment_sum(data, ids, 4), [[4, 9], [0, 0], [2, 2], [0, 0]])
    equal(ops.segment_prod(data, ids), [[3, 20], [1, 1], [2, 2]])
    equal(ops.segment_max(data, ids), [[3, 5], [-np.inf] * 2, [2, 2]])
    equal(ops.segment_min(data.astype(np.int32), ids)[1], [2**31 - 1] * 2)
    with pytest.raises(ValueError, match="give num_segments"):
        traced(lambda i: ops.segment_sum(data, i), ids)


def test_unravel_index() -> None:
    places = np.array([[3, 11], [0, 7]])
    for found, wanted in zip(
        ops.unravel_index(places, (3, 4)), np.unravel_index(places, (3, 4)), strict=True
    ):
        equal(found, wanted)
