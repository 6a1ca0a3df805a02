"""Every optimizer against the numbers of real Keras (tests/golden/recipes/optimizers.py)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.optimizers.runs import run_compiled, run_eagerly
from whit import optimizers
from whit.variables import Variable

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = json.loads((GOLDEN / "optimizers.json").read_text())["cases"]
ARRAYS = np.load(GOLDEN / "optimizers.npz")
SCHEDULES = json.loads((GOLDEN / "schedules.json").read_text())
CONFIGS = json.loads((GOLDEN / "configs.json").read_text())
# Newton-Schulz amplifies rounding; the rest agrees to a few units in the last place of each step
TOLERANCE = {"Muon": 2e-4}


def make(case: dict[str, Any]) -> optimizers.Optimizer:
    config = dict(case["config"])
    excluded = config.pop("exclude", None)
    if "schedule" in case:
        schedule = getattr(optimizers.schedules, case["schedule"]["class"])
        config["learning_rate"] = schedule(**case["schedule"]["config"])
    optimizer = getattr(optimizers, case["class"])(**config)
    if excluded:
        optimizer.exclude_from_weight_decay(var_names=excluded)
    return optimizer


def start() -> list[Variable]:
    return [Variable(ARRAYS[f"start/{n}"], name=n) for n in ("kernel", "bias")]


GRADIENTS = [ARRAYS["gradients/kernel"], ARRAYS["gradients/bias"]]


def check(case: dict[str, Any], paths: list[np.ndarray]) -> None:
    tolerance = TOLERANCE.get(case["class"], 2e-5)
    for name, path in zip(("kernel", "bias"), paths, strict=True):
        np.testing.assert_allclose(path, ARRAYS[f"{case['id']}/{name}"], tolerance, tolerance)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_compiled_path(case: dict[str, Any]) -> None:
    optimizer, variables = make(case), start()
    check(case, run_compiled(optimizer, variables, GRADIENTS))
    assert int(np.asarray(optimizer.iterations)) == case["iterations"]
    ours = {v.name: v.numpy() for v in optimizer.variables}
    assert [list(v.shape) for v in optimizer.variables] == [
        shape for _, _, shape in case["variables"]
    ]
    for name, slot in case["slots"].items():
        if name in ours:  # Keras' u_product of Nadam has no name of its own
            np.testing.assert_allclose(ours[name], slot, 2e-4, 2e-5, err_msg=name)
    optimizer.finalize_variable_values(variables)
    for v, final in zip(variables, case["finalized"], strict=True):
        np.testing.assert_allclose(v.numpy(), final, 2e-4, 2e-4)


@pytest.mark.parametrize("case", CASES[::3], ids=lambda case: case["id"])
def test_eager_path(case: dict[str, Any]) -> None:
    check(case, run_eagerly(make(case), start(), GRADIENTS))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_variable_names(case: dict[str, Any]) -> None:
    optimizer = make(case)
    optimizer.build(start())
    expected = [n for n, path, _ in case["variables"] if path != "variable"]
    assert [v.name for v in optimizer.variables if v.name != "u_product"] == expected


@pytest.mark.parametrize("case", SCHEDULES["cases"], ids=lambda c: c["class"])
def test_schedule(case: dict[str, Any]) -> None:
    schedule = getattr(optimizers.schedules, case["class"])(**case["config"])
    rates = [float(schedule(step)) for step in SCHEDULES["steps"]]
    np.testing.assert_allclose(rates, case["rates"], 3e-5, 1e-9)


@pytest.mark.parametrize("case", CONFIGS["optimizers"], ids=lambda c: c["class"])
def test_config(case: dict[str, Any]) -> None:
    cls = getattr(optimizers, case["class"])
    ours = cls(name=case["config"].get("name"), **case["arguments"]).get_config()
    assert ours == case["config"]
    again = cls.from_config(ours)
    assert again.get_config() == ours


@pytest.mark.parametrize("case", CONFIGS["optimizers.schedules"], ids=lambda c: c["class"])
def test_schedule_config(case: dict[str, Any]) -> None:
    schedule = getattr(optimizers.schedules, case["class"])(**case["arguments"])
    assert schedule.get_config() == case["config"]
    config = optimizers.schedules.serialize(schedule)
    assert optimizers.schedules.deserialize(config).get_config() == case["config"]
