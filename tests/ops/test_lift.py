"""One definition, three callers: what `@op` does with arrays, scalars, Variables and Tensors."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support import traced
from whit import ops
from whit.graph import Tensor, Trace, input_
from whit.ops.lift import _plans, op
from whit.variables import Variable

GOLDEN = Path(__file__).parents[1] / "golden" / "signatures.json"


def keras_signatures() -> dict[str, Any]:
    found = json.loads(GOLDEN.read_text())["modules"]["ops"]
    return {n: s for n, s in found.items() if s["kind"] == "function" and hasattr(ops, n)}


# Keras takes more by **kwargs, or gives a first argument another name.
DIFFERENT = {"layer_normalization", "multi_hot"}


@pytest.mark.parametrize("name", sorted(set(keras_signatures()) - DIFFERENT))
def test_arguments_are_those_of_keras(name: str) -> None:
    expected = [(p[0], p[2]) for p in keras_signatures()[name]["parameters"]]
    parameters = inspect.signature(getattr(ops, name)).parameters.values()
    empty = inspect.Parameter.empty
    found = [(p.name, None if p.default is empty else repr(p.default)) for p in parameters]
    assert found == expected


def test_most_of_keras_is_there() -> None:
    assert len(keras_signatures()) > 270
    assert set(keras_signatures()) <= set(ops.__all__)


def test_keywords() -> None:
    assert ops.add(x1=1, x2=2) == ops.add(1, x2=2) == 3
    assert ops.sum(axis=0, x=[[1, 2]]).tolist() == [1, 2]


@pytest.mark.parametrize(
    "call", [lambda: ops.add(1), lambda: ops.add(1, 2, 3), lambda: ops.add(1, 2, x2=3)]
)
def test_wrong_arguments_are_pythons_own_error(call: Any) -> None:
    with pytest.raises(TypeError, match=r"add\(\)"):
        call()


def test_unknown_keyword() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'axes'"):
        ops.sum([1], axes=0)


def test_tensors_come_out_of_traces_only() -> None:
    x = input_("x", (2,), "float32")
    assert isinstance(ops.exp(x), Tensor)
    with Trace().active():
        assert isinstance(ops.exp(np.zeros(2)), Tensor)
        assert isinstance(ops.add(1, 2), Tensor)
    assert isinstance(ops.exp([1.0]), np.ndarray)
    assert isinstance(ops.add(1, 2), np.ndarray)


def test_variables_are_read_where_they_are() -> None:
    v = Variable([1.0, 2.0])
    assert ops.multiply(v, 2.0).tolist() == [2, 4]
    trace = Trace()
    with trace.active():
        y = ops.multiply(v, 2.0)
    assert trace.variables[v] in y.inputs


def test_repeated_calls_share_a_plan_and_differ_in_numbers() -> None:
    calls = []

    @op("x", "y")
    def blend(x: Any, y: Any, weight: float = 0.5) -> Any:
        calls.append(weight)
        return x * weight + y

    x = np.arange(3, dtype=np.float32)
    assert [blend(x, 1.0).tolist() for _ in range(3)] == [[1, 1.5, 2]] * 3
    assert blend(x + 1, 1.0).tolist() == [1.5, 2, 2.5]
    assert len(calls) == 1
    assert blend(x, 2.0).tolist() == [2, 2.5, 3]
    assert blend(x, 1.0, weight=1.0).tolist() == [1, 2, 3]
    assert blend(x, 1.0, weight=1).tolist() == [1, 2, 3]
    assert blend(x.astype(np.float64), 1.0).dtype == np.float64
    assert len(calls) == 5


def test_the_store_of_plans_is_bounded() -> None:
    from whit.ops import lift

    for n in range(20):
        ops.zeros((n, 1))
    assert len(_plans) <= lift._PLANS_KEPT


def test_zero_and_minus_zero_are_different_scalars() -> None:
    x = np.float32(1)
    assert ops.divide(x, 0.0) == np.inf and ops.divide(x, -0.0) == -np.inf
    assert ops.add(np.ones(1, np.int32), True).dtype == np.int32


def test_scalars_are_weak_beside_arrays() -> None:
    x = np.ones(1, np.float64)
    for f in (lambda t: ops.add(t, 0.1), lambda t: ops.where(t > 0, t, 0.1)):
        assert f(x).dtype == traced(f, x).dtype == np.float64


def test_unknown_types() -> None:
    with pytest.raises(TypeError, match="is not a type that whit computes with"):
        ops.add(np.array(["a"]), 1)
