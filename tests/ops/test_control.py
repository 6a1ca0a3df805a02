"""Conversion, inspection, branches and loops, at once and in a trace."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.support import traced
from whit import ops
from whit.graph import Tensor, Trace, input_
from whit.ops.core import evaluate
from whit.variables import Variable


# ---- conversion
@pytest.mark.parametrize(
    ("x", "dtype", "expected"),
    [
        (1, None, "int32"),
        (1.5, None, "float32"),
        (True, None, "bool"),
        ([1, 2], None, "int32"),
        ([1.0, 2], None, "float32"),
        (np.zeros(2), None, "float64"),
        ([1, 2], "float32", "float32"),
        (1.7, "int32", "int32"),
    ],
)
def test_convert_to_tensor(x: Any, dtype: Any, expected: str) -> None:
    for f in (ops.convert_to_tensor, ops.array):
        assert f(x, dtype).dtype == expected
    assert traced(lambda: ops.convert_to_tensor(x, dtype)).dtype == expected


def test_lists_of_tensors_are_stacked() -> None:
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    found = traced(lambda t: ops.convert_to_tensor([[t[0, 0], 5.0], [t[1, 2], t[0, 1]]]), x)
    assert found.tolist() == [[0, 5], [5, 1]]
    assert ops.add([Variable([1.0]), Variable([2.0])], 1.0).tolist() == [[2], [3]]


def test_a_variable_is_copied() -> None:
    v = Variable([1.0, 2.0])
    before = [
        ops.convert_to_tensor(v),
        ops.copy(v),
        ops.reshape(v, (2, 1)),
        ops.convert_to_numpy(v),
    ]
    v.assign([5.0, 5.0])
    assert [b.ravel().tolist() for b in before] == [[1, 2]] * 4


def test_cast() -> None:
    assert ops.cast([1.9, -1.9, 1e30, np.nan], "int32").tolist() == [1, -1, 2**31 - 1, 0]
    assert ops.cast([0.0, 2.0], "bool").tolist() == [False, True]
    assert ops.saturate_cast(np.array([300, -300, 5]), "int8").tolist() == [127, -128, 5]
    assert ops.saturate_cast(np.array([300, -3]), "uint8").tolist() == [255, 0]
    with pytest.raises(TypeError, match="dtype='complex64' is not a type"):
        ops.cast([1.0], "complex64")


def test_traced_values_have_no_numbers() -> None:
    with pytest.raises(TypeError, match="it is traced, not computed"):
        ops.convert_to_numpy(input_("x", (2,), "float32"))
    with pytest.raises(ValueError, match="neither sparse nor ragged"):
        ops.convert_to_tensor([1], sparse=True)


def test_inspection() -> None:
    x = input_("x", (2, 3), "float32")
    assert (ops.shape(x), ops.ndim(x), ops.size(x), ops.dtype(x)) == ((2, 3), 2, 6, "float32")
    assert (ops.shape([[1, 2]]), ops.dtype(3), ops.dtype(Variable([1.0]))) == (
        (1, 2),
        "int32",
        "float32",
    )
    assert ops.is_tensor(x) and ops.is_tensor(np.zeros(1)) and not ops.is_tensor([1])


# ---- branches
def test_cond() -> None:
    x = np.array([1.0, -2.0])
    f = lambda t: ops.cond(ops.sum(t) > 0, lambda: {"y": t + 1.0}, lambda: {"y": t * 2.0})  # noqa: E731
    assert f(x)["y"].tolist() == [2, -4]
    assert traced(lambda t: f(t)["y"], x).tolist() == [2, -4]
    assert ops.cond(True, lambda: 1, lambda: 2) == 1


def test_cond_assigns_what_its_branch_assigns() -> None:
    a, b = Variable([1.0]), Variable([2.0])
    x = input_("x", (), "bool")
    trace = Trace()
    with trace.active():
        chosen = ops.cond(x, lambda: a.assign([5.0]), lambda: b.assign(b + a))
    for pred, expected in ((True, ([5], [2], [5])), (False, ([1], [3], [3]))):
        known = {x: np.asarray(pred), trace.variables[a]: a.array, trace.variables[b]: b.array}
        found = evaluate([trace.values[a], trace.values[b], chosen], known)
        assert tuple(v.tolist() for v in found) == expected


def test_branches_must_agree() -> None:
    x = np.array([1.0, 2.0])
    with pytest.raises(ValueError, match=r"branches give float64\[2\] and float64\[1\]"):
        traced(lambda t: ops.cond(t[0] > 0, lambda: t, lambda: t[:1]), x)


@pytest.mark.parametrize(("index", "expected"), [(-1, 1), (0, 1), (1, 4), (2, 9), (7, 9)])
def test_switch(index: int, expected: int) -> None:
    branches = [lambda v: v, lambda v: v * 4.0, lambda v: v * 9.0]
    assert ops.switch(index, branches, np.float32(1)) == expected
    f = lambda i: ops.switch(i, branches, ops.ones(()))  # noqa: E731
    assert traced(f, np.int32(index)[...]) == expected


# ---- loops
def test_while_loop() -> None:
    double = lambda i, v: (i + 1, v * 2.0)  # noqa: E731
    assert ops.while_loop(lambda i, v: i < 3, double, (0, 1.0))[1] == 8
    assert ops.while_loop(lambda v: v < 100, lambda v: v * 3, 1) == 243
    assert ops.while_loop(lambda v: v < 100, lambda v: v * 3, 1, maximum_iterations=2) == 9
    until = lambda t: ops.while_loop(lambda v: v < 10, lambda v: v * 2.0, t, 6)  # noqa: E731
    for start, end in ((1.0, 16), (20.0, 20), (0.01, 0.64)):
        assert traced(until, np.asarray(start)) == pytest.approx(end)
        assert until(start) == pytest.approx(end)
    with pytest.raises(ValueError, match="give maximum_iterations"):
        traced(lambda t: ops.while_loop(lambda v: v < 10, lambda v: v * 2.0, t), np.ones(()))


def test_fori_loop_and_map() -> None:
    assert ops.fori_loop(2, 5, lambda i, v: v + i, 0) == 9
    x = np.arange(6.0).reshape(3, 2)
    found = ops.map(lambda r: (r.sum() if isinstance(r, np.ndarray) else ops.sum(r), r * 2), x)
    assert found[0].tolist() == [1, 5, 9] and found[1].tolist() == (x * 2).tolist()


@pytest.mark.parametrize("reverse", [False, True])
def test_scan(reverse: bool) -> None:
    xs = np.arange(8.0).reshape(4, 2)

    def f(t: Any) -> Any:
        return ops.scan(lambda c, x: (c + x, c * 10), t[0] * 0, t, reverse=reverse)

    order = xs[::-1] if reverse else xs
    before = np.cumsum(order, 0) - order
    for carry, ys in (f(xs), traced(f, xs)):
        assert carry.tolist() == xs.sum(0).tolist()
        assert ys.tolist() == (before[::-1] if reverse else before).tolist() or (
            np.allclose(ys, 10 * (before[::-1] if reverse else before))
        )


def test_scan_without_inputs() -> None:
    carry, ys = ops.scan(lambda c, _: (c * 2, c), 1, length=4)
    assert carry == 16 and list(ys) == [1, 2, 4, 8]
    with pytest.raises(ValueError, match="give xs or length"):
        ops.scan(lambda c, _: (c, c), 1)


@pytest.mark.parametrize("n", [1, 2, 7])
@pytest.mark.parametrize("reverse", [False, True])
def test_associative_scan(n: int, reverse: bool) -> None:
    x = np.random.default_rng(0).normal(size=(n, 2))
    found = ops.associative_scan(lambda a, b: ops.add(a, b), x, reverse)
    expected = np.cumsum(x[::-1], 0)[::-1] if reverse else np.cumsum(x, 0)
    np.testing.assert_allclose(found, expected)


def test_vectorize() -> None:
    f = ops.vectorize(lambda a, b: a * b + 1.0)
    np.testing.assert_array_equal(f(np.ones((2, 1)), np.arange(3.0)), [[1, 2, 3]] * 2)


def test_stop_gradient_keeps_the_value() -> None:
    assert ops.stop_gradient([1.0, 2.0]).tolist() == [1, 2]
    with Trace().active():
        y = ops.stop_gradient(ops.exp(input_("x", (2,), "float32")))
    assert isinstance(y, Tensor) and y.op == "stop"
