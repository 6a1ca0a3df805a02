"""Whole small networks against what the real Keras computed: history, weights, evaluation,
batches.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import whit as keras

GOLDEN = Path(__file__).parents[1] / "golden"
RECORD = json.loads((GOLDEN / "training.json").read_text(encoding="utf-8"))
ARRAYS = np.load(GOLDEN / "training.npz")
DATA = {name[5:]: ARRAYS[name] for name in ARRAYS.files if name.startswith("data/")}
CASES = {case["id"]: case for case in RECORD["cases"]}
CLOSE = {"rtol": 3e-5, "atol": 3e-6}
CALLBACKS = {
    "EarlyStopping": keras.callbacks.EarlyStopping,
    "ReduceLROnPlateau": keras.callbacks.ReduceLROnPlateau,
    "TerminateOnNaN": keras.callbacks.TerminateOnNaN,
    "halve": lambda: keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5),
}


def regularizer(value: Any) -> Any:
    return getattr(keras.regularizers, value[0])(**value[1]) if isinstance(value, list) else value


def build(case: dict[str, Any]) -> Any:
    model = keras.Sequential([keras.Input(tuple(case.get("input_shape", (4,))))])
    for name, given in case["layers"]:
        arguments = {
            k: regularizer(v) if k.endswith("regularizer") else v for k, v in given.items()
        }
        model.add(getattr(keras.layers, name)(**arguments))
    model.set_weights(stored(f"{case['id']}/start"))
    compiled = dict(case["compile"])
    name, arguments = compiled.pop("optimizer")
    model.compile(getattr(keras.optimizers, name)(**arguments), **compiled)
    return model


def stored(prefix: str) -> list[np.ndarray]:
    count = sum(name.startswith(prefix + "/") for name in ARRAYS.files)
    return [ARRAYS[f"{prefix}/{q}"] for q in range(count)]


def resolved(arguments: dict[str, Any]) -> dict[str, Any]:
    found = dict(arguments)
    for key in ("x", "y", "sample_weight"):
        if key in found:
            found[key] = DATA[found[key]]
    if "validation_data" in found:
        found["validation_data"] = tuple(DATA[name] for name in found["validation_data"])
    if "class_weight" in found:
        found["class_weight"] = {int(k): v for k, v in found["class_weight"].items()}
    if "callbacks" in found:
        found["callbacks"] = [CALLBACKS[name](**more) for name, more in found["callbacks"]]
    return found


def assert_logs(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert list(found) == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, err_msg=name, **CLOSE)


@pytest.mark.filterwarnings("ignore:the data ended before the epoch did")
@pytest.mark.filterwarnings("ignore:.*looks like images")
@pytest.mark.parametrize("name", CASES)
def test_as_keras(name: str) -> None:
    case = CASES[name]
    model = build(case)
    fit = {"verbose": 0, "shuffle": False} | resolved(case["fit"])
    history = model.fit(**fit)
    assert_logs(history.history, case["history"])
    assert history.epoch == case["epoch"]
    assert history.params == case["params"]
    if name == "terminate_on_nan":  # Keras leaves weights of NaN; whit those of the last good step
        assert all(np.isfinite(w).all() for w in model.get_weights())
        return
    for found, expected in zip(model.get_weights(), stored(f"{name}/trained"), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    asked = {key: value for key, value in fit.items() if key in ("x", "y", "sample_weight")}
    found = model.evaluate(**asked, batch_size=8, verbose=0)
    np.testing.assert_allclose(found, case["evaluate"], **CLOSE)
    assert isinstance(found, type(case["evaluate"]))
    assert_logs(
        model.evaluate(**asked, batch_size=8, verbose=0, return_dict=True), case["evaluate_dict"]
    )
    predicted = model.predict(asked["x"], batch_size=8, verbose=0)
    np.testing.assert_allclose(predicted[:3], case["predict_head"], rtol=1e-4, atol=1e-5)
    rate = float(np.asarray(model.optimizer.learning_rate))
    np.testing.assert_allclose(rate, case["learning_rate"], rtol=1e-6)
    assert int(model.optimizer.iterations) == case["iterations"]


def test_single_batches_as_keras() -> None:
    expected = RECORD["by_batch"]
    model = build(CASES[expected["case"]])
    x, y, weights = DATA["x"], DATA["one_hot"], DATA["weights"]
    for first, values in zip((0, 8, 16), expected["train"], strict=True):
        found = model.train_on_batch(x[first : first + 8], y[first : first + 8])
        np.testing.assert_allclose(found, values, **CLOSE)
    found = model.train_on_batch(x[:8], y[:8], sample_weight=weights[:8])
    np.testing.assert_allclose(found, expected["train_weighted"], **CLOSE)
    classes = {0: 1.0, 1: 2.0, 2: 0.5}
    logs = model.train_on_batch(x[:8], y[:8], class_weight=classes, return_dict=True)
    assert_logs(logs, expected["train_class_weight"])
    for first, values in zip((0, 8), expected["test"], strict=True):
        found = model.test_on_batch(x[first : first + 8], y[first : first + 8])
        np.testing.assert_allclose(found, values, **CLOSE)
    logs = model.test_on_batch(x[:8], y[:8], sample_weight=weights[:8], return_dict=True)
    assert_logs(logs, expected["test_weighted"])
    np.testing.assert_allclose(model.predict_on_batch(x[:3]), expected["predict"], **CLOSE)
    for found, weight in zip(model.get_weights(), stored("by_batch/trained"), strict=True):
        np.testing.assert_allclose(found, weight, rtol=1e-4, atol=1e-5)
