"""Constraints: projections against Keras, names, configs and messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from whit import constraints
from whit.variables import Variable

GOLDEN = Path(__file__).parents[1] / "golden"
STORED = json.loads((GOLDEN / "regularizers.json").read_text())["constraints"]
INPUTS = np.load(GOLDEN / "regularizers.npz")
IDENTIFIERS = json.loads((GOLDEN / "signatures.json").read_text())["identifiers"]["constraints"]
CONFIGS = json.loads((GOLDEN / "configs.json").read_text())["constraints"]


def label(case: dict[str, Any]) -> str:
    return f"{case['class']}-{case.get('input', '')}"


@pytest.mark.parametrize("case", STORED, ids=label)
def test_projection(case: dict[str, Any]) -> None:
    w = INPUTS[case["input"]]
    constraint = getattr(constraints, case["class"])(**case["config"])
    for operand in (w, Variable(w)):
        value = np.asarray(constraint(operand))
        assert value.dtype == np.float32
        np.testing.assert_allclose(value, np.asarray(case["value"]), 1e-5, 1e-7)


def test_the_norm_is_bounded() -> None:
    w = np.random.default_rng(0).normal(size=(6, 4)).astype("float32") * 3
    norms = np.linalg.norm(constraints.MaxNorm(1.5)(w), axis=0)
    assert (norms <= 1.5 + 1e-6).all() and norms.max() > 1.49
    np.testing.assert_allclose(np.linalg.norm(constraints.UnitNorm(1)(w), axis=1), 1, 1e-6)


def test_the_base_changes_nothing() -> None:
    w = Variable([1.0])
    assert constraints.Constraint()(w) is w


@pytest.mark.parametrize("name", IDENTIFIERS)
def test_every_name_of_keras(name: str) -> None:
    assert isinstance(constraints.get(name), constraints.Constraint)


def test_keras_1_names() -> None:
    assert type(constraints.get("maxnorm")) is constraints.MaxNorm
    assert type(constraints.get("nonneg")) is constraints.NonNeg


@pytest.mark.parametrize("case", CONFIGS, ids=label)
def test_configs(case: dict[str, Any]) -> None:
    constraint = getattr(constraints, case["class"])(**case["arguments"])
    assert constraint.get_config() == case["config"]
    twin = constraints.get(constraints.serialize(constraint))
    assert type(twin) is type(constraint) and twin.get_config() == case["config"]


def test_unknown() -> None:
    with pytest.raises(ValueError, match=r'constraint=.max_nrm.*Did you mean "max_norm"'):
        constraints.get("max_nrm")
    assert constraints.get(None) is None
