"""Every loss, reduction, weight and gradient against the numbers of the real Keras."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from whit import losses
from whit.graph import Trace, grad, input_
from whit.ops.core import evaluate

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
INPUTS = dict(np.load(GOLDEN / "losses.npz"))
CASES = json.loads((GOLDEN / "losses.json").read_text())["cases"]


def name_of(case: dict[str, Any]) -> str:
    return f"{case['class']}-{case['config']}-{case['y_true']}-{case['y_pred']}"


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_values_are_those_of_keras(case: dict[str, Any]) -> None:
    y_true, y_pred = INPUTS[case["y_true"]], INPUTS[case["y_pred"]]
    for reduction, results in case["results"].items():
        loss = getattr(losses, case["class"])(reduction=reduction, **case["config"])
        for label, expected in results.items():
            weight = case["weights"][label]
            weight = None if weight is None else np.asarray(weight, np.float32)
            assert not isinstance(expected, dict), f"Keras failed: {reduction} {label} {expected}"
            got = loss(y_true, y_pred, weight)
            np.testing.assert_allclose(
                got, expected, rtol=3e-5, atol=1e-6, err_msg=f"{reduction} {label}"
            )


# At a kink any slope between the two sides is right: JAX takes 1 for |x| at 0 and a half for a clip
# at its bound, whit 0. Of the cosine of a vector of zeros JAX has NaN.
KINKS = {
    ("KLDivergence", "edge"),
    ("MeanAbsoluteError", "values"),
    ("CosineSimilarity", "zeros"),
}
SMOOTH = [c for c in CASES if (c["class"], c["y_pred"]) not in KINKS]


@pytest.mark.parametrize("case", SMOOTH, ids=name_of)
def test_gradients_are_those_of_keras(case: dict[str, Any]) -> None:
    y_true, y_pred = INPUTS[case["y_true"]], INPUTS[case["y_pred"]]
    loss = getattr(losses, case["class"])(**case["config"])
    p = input_("p", y_pred.shape, y_pred.dtype.name)
    with Trace().active():
        gradient = grad(loss(y_true, p), [p])[0]
    got = evaluate(gradient, {p: y_pred})
    np.testing.assert_allclose(got, case["gradient"], rtol=2e-4, atol=2e-6)
