"""Rearrangements equal NumPy's, at once and traced."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.support import traced
from whit import ops

X = np.arange(60, dtype=np.float32).reshape(3, 4, 5)
M = X[0]
V = X[0, 0]
EMPTY = np.zeros((0, 3), np.float32)

CASES: list[tuple[str, Any, tuple]] = [
    ("reshape", X, ((5, -1),)),
    ("reshape", EMPTY, ((3, 0),)),
    ("ravel", X, ()),
    ("expand_dims", M, (1,)),
    ("expand_dims", M, ((0, -1),)),
    ("transpose", X, ()),
    ("transpose", X, ((1, 2, 0),)),
    ("moveaxis", X, (0, -1)),
    ("moveaxis", X, ((0, 1), (-1, 0))),
    ("swapaxes", X, (0, 2)),
    ("flip", X, ()),
    ("flip", X, ((0, 2),)),
    ("fliplr", M, ()),
    ("flipud", M, ()),
    ("roll", M, (7,)),
    ("roll", M, (-1, 1)),
    ("roll", M, ((1, 2), (0, 1))),
    ("roll", EMPTY, (2, 0)),
    ("rot90", M, ()),
    ("rot90", M, (3,)),
    ("rot90", X, (2, (1, 2))),
    ("rot90", X, (1, (2, 0))),
    ("tile", M, (2,)),
    ("tile", M, ((2, 1, 3),)),
    ("tile", M, (0,)),
    ("repeat", M, (2,)),
    ("repeat", M, (3, 1)),
    ("repeat", M, ([1, 0, 2, 1], 0)),
    ("broadcast_to", V, ((2, 3, 5),)),
    ("split", M, (2, 0)),
    ("split", X, ([1, 3], 2)),
    ("split", X, ([2, 9], 2)),
    ("array_split", X, (3, 2)),
    ("hsplit", M, (5,)),
    ("vsplit", M, (2,)),
    ("dsplit", X, (5,)),
    ("diagonal", X, (1, 0, 2)),
    ("diagonal", M, (-1,)),
    ("diagonal", M, (9,)),
    ("trace", X, ()),
    ("diag", V, ()),
    ("diag", V, (-2,)),
    ("diag", M, (1,)),
    ("diagflat", M, (1,)),
    ("tril", X, (-1,)),
    ("triu", M, (1,)),
    ("triu", M > 3, ()),
    ("pad", M, (((1, 2), (0, 3)),)),
    ("pad", M, (((1, 2), (3, 1)), "reflect")),
    ("pad", M, (((4, 2), (5, 1)), "symmetric")),
    ("pad", M, (2, "edge")),
    ("pad", EMPTY, (1,)),
    ("append", M, (M,)),
    ("append", M, (M, 0)),
    ("squeeze", X[:1, :, :1], ()),
    ("squeeze", X[:1, :, :1], (-1,)),
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_like_numpy(case: int) -> None:
    name, x, arguments = CASES[case]
    expected = getattr(np, name)(x, *arguments)
    f = getattr(ops, name)
    for found in (f(x, *arguments), traced(lambda t: f(t, *arguments), x)):
        if isinstance(expected, list):
            assert [p.tolist() for p in found] == [p.tolist() for p in expected]
        else:
            assert found.dtype == expected.dtype or name == "diagflat"
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", ["concatenate", "stack", "hstack", "vstack", "dstack"])
def test_joining(name: str) -> None:
    for parts in ([M, M + 1], [V, V]):
        np.testing.assert_array_equal(getattr(ops, name)(parts), getattr(np, name)(parts))
    mixed = getattr(ops, name)([M, M.astype(np.int32)])
    assert mixed.dtype == np.float32


def test_joining_along_axes() -> None:
    np.testing.assert_array_equal(ops.concatenate([M, M], 1), np.concatenate([M, M], 1))
    np.testing.assert_array_equal(ops.concatenate([M, V], None), np.concatenate([M, V], None))
    np.testing.assert_array_equal(ops.stack([M, M], -1), np.stack([M, M], -1))
    assert [p.tolist() for p in ops.unstack(M, axis=1)] == M.T.tolist()


def test_constant_padding() -> None:
    expected = np.pad(M, ((1, 0), (0, 2)), constant_values=7)
    np.testing.assert_array_equal(ops.pad(M, ((1, 0), (0, 2)), constant_values=7), expected)
    value = np.float32(7)
    np.testing.assert_array_equal(ops.pad(M, ((1, 0), (0, 2)), constant_values=value), expected)


def test_a_result_owns_its_memory() -> None:
    x = np.zeros((2, 3), np.float32)
    for y in (ops.reshape(x, (3, 2)), ops.add(x, 0.0), ops.transpose(x), ops.ones((2, 2))):
        y += 1
    assert not x.any()
    assert (ops.ones((2, 2)) == 1).all() and (ops.arange(4) == [0, 1, 2, 3]).all()
    ops.arange(4)[...] = 9
    assert (ops.arange(4) == [0, 1, 2, 3]).all()


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (
            lambda: ops.reshape(M, (3, -1)),
            r"newshape=\(3, -1\): the extent -1 has no value for x of",
        ),
        (lambda: ops.reshape(M, (3, 4)), r"cannot reshape \(4, 5\) \(20 elements\) to \(3, 4\)"),
        (lambda: ops.reshape(M, "x"), "newshape='x': expected an integer or a tuple of integers"),
        (lambda: ops.squeeze(M, 0), "axis=0 has extent 4"),
        (lambda: ops.transpose(M, (0, 0)), r"axes=\(0, 0\) is not an order of the 2 axes"),
        (lambda: ops.concatenate([]), "xs is empty"),
        (lambda: ops.stack([M, V]), "shapes differ"),
        (lambda: ops.concatenate([M, M[:, :2]]), "the other axes and the dtype must agree"),
        (lambda: ops.split(M, 3), "indices_or_sections=3 does not divide an axis of extent 4"),
        (lambda: ops.pad(M, 1, "reflec"), 'mode=.reflec.*Did you mean "reflect"'),
        (lambda: ops.pad(M, 9, "reflect"), "do not fit a mirror image of 4"),
        (lambda: ops.pad(M, ((1, 2, 3),)), r"expected \(before, after\) for each of 2 axes"),
        (lambda: ops.broadcast_to(M, (3, 5)), "does not broadcast"),
        (lambda: ops.swapaxes(M, 0, 5), "axis2=5 is out of range for an array with 2 axes"),
        (lambda: ops.unstack(M, num=3), "num=3 but x"),
    ],
)
def test_errors(f: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        f()


def test_depth_and_space() -> None:
    x = np.arange(2 * 4 * 6 * 8, dtype=np.float32).reshape(2, 4, 6, 8)
    y = ops.depth_to_space(x, 2)
    assert y.shape == (2, 8, 12, 2)
    assert y[1, 3, 5].tolist() == x[1, 1, 2, 6:8].tolist()  # row 1 and column 1 of the block
    first = ops.depth_to_space(x.transpose(0, 3, 1, 2), 2, "channels_first")
    np.testing.assert_array_equal(first.shape, (2, 2, 8, 12))
    np.testing.assert_array_equal(ops.space_to_depth(y, 2), x)
    np.testing.assert_array_equal(
        ops.space_to_depth(first, 2, "channels_first").shape, (2, 8, 4, 6)
    )
    with pytest.raises(ValueError, match="8 channels are not a multiple of 3 squared"):
        ops.depth_to_space(x, 3)
    with pytest.raises(ValueError, match="4 x 6 pixels are not a multiple of 5 each"):
        ops.space_to_depth(x, 5)
