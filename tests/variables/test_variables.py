"""A Variable keeps one aligned array, assigns in place, traces, and computes like an array."""

from __future__ import annotations

import copy
import operator
import pickle

import numpy as np
import pytest

from whit.engines import _engine
from whit.graph import Tensor, Trace
from whit.variables import Variable, aligned_empty, outside_trace


@pytest.mark.parametrize("shape", [(), (0,), (3,), (5, 7), (2, 0, 3)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "bool", "uint32"])
def test_owned_array(shape: tuple[int, ...], dtype: str) -> None:
    v = Variable(np.ones(shape), dtype=dtype)
    assert v.array.ctypes.data % 64 == 0 or not v.size
    assert v.array.flags.c_contiguous and v.array.flags.writeable
    assert (v.shape, v.dtype, v.ndim, v.size) == (shape, dtype, len(shape), np.ones(shape).size)
    assert (v.numpy() == 1).all()


def test_aligned_empty_starts_on_a_cache_line() -> None:
    assert all(aligned_empty((n,), "float32").ctypes.data % 64 == 0 for n in range(1, 50))


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        (0, None, "int32"),
        (1.5, None, "float32"),
        (True, None, "bool"),
        ([1.0, 2.0], None, "float32"),
        (np.zeros(2), None, "float64"),
        (np.zeros(2, np.int64), None, "int64"),
        ([1, 2], "float32", "float32"),
        (1.0, float, "float32"),
        (0, int, "int32"),
    ],
)
def test_dtype(value: object, dtype: object, expected: str) -> None:
    assert Variable(value, dtype=dtype).dtype == expected


def test_initializers() -> None:
    assert (Variable("ones", (2, 3)).numpy() == np.ones((2, 3))).all()
    assert Variable(lambda shape, dtype: np.full(shape, 7), (2,)).dtype == "float32"
    other = Variable([1.0, 2.0])
    v = Variable(other)
    v.assign([3.0, 4.0])
    assert list(other.numpy()) == [1, 2]


def test_the_given_array_is_copied() -> None:
    a = np.zeros(3, np.float32)
    v = Variable(a)
    a += 1
    assert (v.numpy() == 0).all()


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="give the shape"):
        Variable("zeros")
    with pytest.raises(ValueError, match=r"shape=\(None, 2\) must be known extents"):
        Variable("zeros", (None, 2))
    with pytest.raises(ValueError, match=r"returned shape \(3,\), expected shape=\(2,\)"):
        Variable(lambda shape, dtype: np.zeros(3), (2,))
    with pytest.raises(ValueError, match="without '/'"):
        Variable(0.0, name="a/b")
    with pytest.raises(TypeError, match="complex128"):
        Variable(np.zeros(2, complex))
    with pytest.raises(ValueError, match="regularizer=3: expected a callable"):
        Variable(0.0).regularizer = 3


def test_names_are_counted() -> None:
    first, second = Variable(0.0), Variable(0.0)
    assert first.name.startswith("variable") and first.name != second.name
    assert Variable(0.0, name="kernel").path == "kernel"


def test_assign_in_place() -> None:
    v = Variable(np.zeros((2, 2), np.float32), name="w")
    array = v.array
    v.assign([[1, 2], [3, 4]])
    v.assign_add(np.ones((2, 2)))
    v.assign_sub(v * 0.5)
    assert v.array is array
    np.testing.assert_array_equal(v.numpy(), [[1, 1.5], [2, 2.5]])
    v.assign(v.numpy().T)  # its own memory
    np.testing.assert_array_equal(v.numpy(), [[1, 2], [1.5, 2.5]])


def test_assign_of_another_shape() -> None:
    v = Variable(np.zeros((2, 2)), name="w")
    with pytest.raises(ValueError, match=r"'w' has shape \(2, 2\); a value of shape \(2,\)"):
        v.assign([1.0, 2.0])
    with Trace().active(), pytest.raises(ValueError, match="cannot be assigned"):
        v.assign(3.0)


def test_trace_reads_and_assigns() -> None:
    v, counter = Variable([1.0, 2.0], name="v"), Variable(0, name="counter")
    trace = Trace()
    with trace.active():
        assert isinstance(v.value, Tensor)
        counter.assign_add(1)
        v.assign(v * 2.0 + counter)
        v.assign_add([10, 20])  # integers into float32
    assert list(v.numpy()) == [1, 2]
    program, state = trace.program([])
    assert set(state) == {v, counter}
    _engine("reference").compile(program).run(2, [s.array for s in state])
    assert list(v.numpy()) == [(1 * 2 + 1 + 10) * 2 + 2 + 10, (2 * 2 + 1 + 20) * 2 + 2 + 20]
    assert counter.numpy() == 2


def test_made_inside_a_trace() -> None:
    trace = Trace()
    with trace.active():
        v = Variable("ones", (2,))
        assert isinstance(v.value, Tensor)
        with outside_trace():
            assert isinstance(v.value, np.ndarray)
        with pytest.raises(TypeError, match="traced"):
            np.asarray(v)
    assert (v.numpy() == 1).all()


BINARY = ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "lt", "le", "gt", "ge"]


@pytest.mark.parametrize("name", BINARY)
def test_operators(name: str) -> None:
    a = np.asarray([[1.5, -2.0], [3.0, 0.5]], np.float32)
    b = np.asarray([2.0, 3.0], np.float32)
    f = getattr(operator, name)
    v, w = Variable(a), Variable(b)
    with np.errstate(all="ignore"):
        cases = [(f(v, b), f(a, b)), (f(v, w), f(a, b)), (f(v, 2.0), f(a, 2)), (f(w, v), f(b, a))]
        if name not in ("lt", "le", "gt", "ge"):
            cases += [(f(b, v), f(b, a)), (f(2.0, v), f(np.float32(2), a))]
    for ours, expected in cases:
        assert isinstance(ours, np.ndarray) and ours.dtype == expected.dtype
        np.testing.assert_allclose(ours, expected, 1e-6)


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv"])
def test_operators_with_tensors(name: str) -> None:
    f = getattr(operator, name)
    v = Variable([3.0, 4.0])
    trace = Trace()
    with trace.active():
        x = trace.input("x", (2,), "float32")
        outputs = [f(v, x), f(x, v)]
    program, state = trace.program(outputs, data=[x])
    data = np.asarray([2.0, 5.0], np.float32)
    out = _engine("reference").compile(program).run(1, [s.array for s in state], [data])
    np.testing.assert_allclose(out[0][0], f(v.numpy(), data))
    np.testing.assert_allclose(out[1][0], f(data, v.numpy()))


def test_other_operators() -> None:
    m = Variable([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_allclose(m @ m, m.numpy() @ m.numpy())
    np.testing.assert_allclose(m.numpy() @ m, m.numpy() @ m.numpy())
    np.testing.assert_array_equal(-m, -m.numpy())
    np.testing.assert_array_equal(abs(Variable([-1.0, 2.0])), [1, 2])
    np.testing.assert_array_equal(~Variable([True, False]), [False, True])
    np.testing.assert_array_equal(Variable([6, 3]) & 5, [4, 1])


def test_python_protocols() -> None:
    v = Variable([[1.0, 2.0], [3.0, 4.0]], name="m")
    assert len(v) == 2 and [row.tolist() for row in v] == [[1, 2], [3, 4]]
    assert v[1, 0] == 3 and v[:, 1].tolist() == [2, 4]
    assert float(Variable(2.5)) == 2.5 and int(Variable(3)) == 3 and [7, 8][Variable(1)] == 8
    assert np.asarray(v) is v.array and np.array(v) is not v.array
    assert np.asarray(v, "float64").dtype == "float64"
    assert "path=m, shape=(2, 2), dtype=float32" in repr(v)
    assert v in {v} and v != Variable(v) and v in [Variable(0.0), v]
    with pytest.raises(TypeError, match="not true or false"):
        bool(v)
    with pytest.raises(TypeError, match="no axes"):
        len(Variable(1.0))


def test_copies_own_an_aligned_array() -> None:
    v = Variable(np.arange(5.0), name="w", trainable=False)
    for twin in (copy.deepcopy(v), pickle.loads(pickle.dumps(v))):
        assert twin.array.ctypes.data % 64 == 0 and twin.array is not v.array
        np.testing.assert_array_equal(twin.numpy(), v.numpy())
        assert (twin.name, twin.trainable, twin.dtype) == ("w", False, "float64")
