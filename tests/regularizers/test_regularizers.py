"""Regularizers: penalty and gradient against Keras, names, configs and messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from whit import regularizers
from whit.engines import _engine
from whit.graph import Trace, grad
from whit.variables import Variable

GOLDEN = Path(__file__).parents[1] / "golden"
STORED = json.loads((GOLDEN / "regularizers.json").read_text())["regularizers"]
INPUTS = np.load(GOLDEN / "regularizers.npz")
IDENTIFIERS = json.loads((GOLDEN / "signatures.json").read_text())["identifiers"]["regularizers"]
CONFIGS = json.loads((GOLDEN / "configs.json").read_text())["regularizers"]


def label(case: dict[str, Any]) -> str:
    return f"{case['class']}-{case.get('input', '')}"


@pytest.mark.parametrize("case", STORED, ids=label)
def test_penalty(case: dict[str, Any]) -> None:
    x = INPUTS[case["input"]]
    regularizer = getattr(regularizers, case["class"])(**case["config"])
    for operand in (x, Variable(x)):
        value = np.asarray(regularizer(operand))
        assert value.dtype == np.float32 and value.shape == ()
        np.testing.assert_allclose(value, case["value"], 1e-5)


@pytest.mark.parametrize("case", STORED, ids=label)
def test_gradient(case: dict[str, Any]) -> None:
    x = INPUTS[case["input"]]
    regularizer = getattr(regularizers, case["class"])(**case["config"])
    trace = Trace()
    with trace.active():
        t = trace.input("x", x.shape, "float32")
        (g,) = grad(regularizer(t), [t])
    program, _ = trace.program([g], data=[t])
    ours = _engine("reference").compile(program).run(1, data=[x])[0][0]
    smooth = x != 0  # at 0 JAX takes the slope of |x| to be 1, whit 0
    np.testing.assert_allclose(ours[smooth], np.asarray(case["gradient"])[smooth], 2e-4, 2e-6)
    if case["class"] == "L1":
        assert (ours[~smooth] == 0).all()


@pytest.mark.parametrize("name", [*IDENTIFIERS, "l1_l2"])
def test_every_name_of_keras(name: str) -> None:
    assert isinstance(regularizers.get(name), regularizers.Regularizer)


@pytest.mark.parametrize("case", CONFIGS, ids=label)
def test_configs(case: dict[str, Any]) -> None:
    regularizer = getattr(regularizers, case["class"])(**case["arguments"])
    ours = regularizer.get_config()
    assert ours.keys() == case["config"].keys()
    for key, value in case["config"].items():
        assert ours[key] == (pytest.approx(value, 1e-6) if isinstance(value, float) else value)
    twin = regularizers.get(regularizers.serialize(regularizer))
    assert twin.get_config() == ours


def test_defaults() -> None:
    assert regularizers.L1(None).l1 == regularizers.l2(None).l2 == 0.01
    assert regularizers.l1_l2(l1=None).l1 == 0
    assert float(regularizers.L1L2()(np.ones(3, np.float32))) == 0
    assert regularizers.get(None) is None
    assert regularizers.get(abs) is abs


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: regularizers.L2(-1), "l2=-1: expected a finite number >= 0"),
        (lambda: regularizers.L1(float("nan")), "l1=nan"),
        (lambda: regularizers.OrthogonalRegularizer(mode="row"), '"rows" or "columns"'),
        (lambda: regularizers.OrthogonalRegularizer()(np.ones(3)), "takes matrices"),
        (lambda: regularizers.get("l3"), "regularizer='l3' is not a known"),
        (lambda: regularizers.get("orthogonal_regulariser"), 'Did you mean "orthogonal_reg'),
    ],
)
def test_messages(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
