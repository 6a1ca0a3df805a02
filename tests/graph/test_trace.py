"""Imperative code over variables becomes a program: what is read and assigned, in what order."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
import pytest

from whit.engines.reference import ReferenceEngine
from whit.graph import Tensor, Trace, apply, build, origin


@dataclass(eq=False)
class Variable:
    """The least that a trace asks for."""

    name: str = "v"
    shape: tuple[int, ...] = ()
    dtype: str = "float32"


def test_values_follow_assignments_in_order() -> None:
    v, trace = Variable(), Trace()
    with trace.active():
        first = trace.read(v)
        trace.assign(v, first * 3.0)
        between = trace.read(v)
        trace.assign(v, between + 1.0)
        last = trace.read(v)
    assert first.op == "input" and between is first * 3.0 and last is between + 1.0
    program, variables = trace.program([first, between, last])
    assert variables == [v]
    assert program.state == (first,) and program.updates == (last,)
    state = np.array(2.0, "float32")
    outputs = ReferenceEngine().compile(program).run(2, [state])
    assert state == (2 * 3 + 1) * 3 + 1
    assert [o.tolist() for o in outputs] == [[2, 7], [6, 21], [7, 22]]


def test_what_is_only_read_stays() -> None:
    a, b, trace = Variable("a"), Variable("b", (2,)), Trace("step")
    y = trace.read(b) * trace.read(a)
    x = trace.input("x", (2,), "float32")
    program, variables = trace.program([y + x], stepped=[x], halt=build.total(y) > 1.0)
    assert variables == [b, a] and program.updates == program.state and program.name == "step"
    assert program.stepped == (x,) and program.halt is not None


def test_equal_variables_are_different() -> None:
    a, b, trace = Variable(), Variable(), Trace()
    assert trace.read(a) is not trace.read(b) and trace.read(a) is trace.read(a)


def test_inputs_are_all_different() -> None:
    trace = Trace()
    made = [trace.input("x", (2,), "float32") for _ in range(3)]
    made += [trace.read(Variable(shape=(2,))), trace.input("state:0", (2,), "float32")]
    assert len(set(made)) == 5


BAD = [
    (lambda t: build.cast(t, "float64"), r"float64\[2\] cannot be assigned to it"),
    (lambda t: t[:1], r"float32\[1\] cannot be assigned to it"),
    (lambda t: build.total(t), r"float32\[\] cannot be assigned to it"),
]


@pytest.mark.parametrize(("f", "text"), BAD)
def test_assignments_that_do_not_fit(f: object, text: str) -> None:
    v, trace = Variable("kernel", (2,)), Trace()
    with pytest.raises(ValueError, match=r"^variable 'kernel' is float32\[2\]; " + text):
        trace.assign(v, f(trace.read(v)))  # type: ignore[operator]
    assert trace.values[v] is trace.variables[v]


def test_a_variable_with_a_list_for_a_shape() -> None:
    v, trace = Variable(shape=[2]), Trace()  # type: ignore[arg-type]
    trace.assign(v, trace.read(v) + 1.0)
    assert trace.values[v].shape == (2,)


def test_the_current_trace() -> None:
    outer, inner = Trace("outer"), Trace("inner")
    assert Trace.current() is None
    with outer.active() as it:
        assert it is outer and Trace.current() is outer
        with inner.active():
            assert Trace.current() is inner
        assert Trace.current() is outer
        with pytest.raises(KeyError), inner.active():
            raise KeyError
        assert Trace.current() is outer
    assert Trace.current() is None


def test_a_nested_trace_has_values_of_its_own() -> None:
    v, outer = Variable(), Trace()
    with outer.active():
        outer.assign(v, outer.read(v) + 1.0)
        inner = Trace()
        with inner.active():
            inside = inner.read(v)
            inner.assign(v, inside * 2.0)
        assert outer.read(v) is outer.variables[v] + 1.0
    assert inside is not outer.variables[v]
    assert inner.input("x", (), "float32") is not outer.input("x", (), "float32")


def test_a_tensor_of_the_trace_around_is_noticed() -> None:
    """A nested program cannot take another's values for its own inputs."""
    outer = Trace()
    with outer.active():
        x = outer.input("x", (), "float32")
        inner = Trace()
        with inner.active():
            y = inner.input("x", (), "float32")
        with pytest.raises(ValueError, match=r"\(x\.1\) is not among the program's inputs"):
            inner.program([x * y], data=[y])


def test_other_threads_are_not_traced() -> None:
    seen: list[object] = []

    def work() -> None:
        seen.append(Trace.current())
        with Trace("theirs").active() as mine, origin("there"):
            seen.append(Trace.current() is mine)
            t = mine.input("of another thread", (), "float32")
            seen.append(apply("exp", t).origin)

    with Trace("ours").active(), origin("here"):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        ours = Trace.current()
    assert ours is not None and ours.name == "ours"
    assert seen == [None, True, "there"]


def test_origins_nest() -> None:
    made: list[Tensor] = []
    trace = Trace()
    x = trace.input("for origins", (), "float32")
    with origin("model"):
        made.append(apply("exp", x))
        with pytest.raises(KeyError), origin("dense"):
            made.append(apply("sin", x))
            raise KeyError
        made += [apply("cos", x), apply("sin", x)]
    made.append(apply("tanh", x))
    assert [t.origin for t in made] == ["model", "model/dense", "model", "model/dense", ""]
