"""Names, configs and signatures of metrics, and what "accuracy" means."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from whit import losses, metrics
from whit.errors import UnknownNameError

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
SIGNATURES = json.loads((GOLDEN / "signatures.json").read_text())
CONFIGS = json.loads((GOLDEN / "configs.json").read_text())["metrics"]


def parameters(f: Any) -> list[list[Any]]:
    return [
        [p.name, p.kind.name, None if p.default is p.empty else repr(p.default)]
        for p in inspect.signature(f).parameters.values()
        if p.name != "self"
    ]


@pytest.mark.parametrize("name", sorted(SIGNATURES["modules"]["metrics"]))
def test_signatures_are_those_of_keras(name: str) -> None:
    expected = SIGNATURES["modules"]["metrics"][name]["parameters"]
    assert parameters(getattr(metrics, name)) == expected


@pytest.mark.parametrize("name", sorted(SIGNATURES["classes"]["metrics.Metric"]))
def test_methods_of_metric_are_those_of_keras(name: str) -> None:
    keras = SIGNATURES["classes"]["metrics.Metric"][name]
    assert hasattr(metrics.Metric, name)
    if keras["kind"] == "method" and name != "add_variable":
        assert parameters(getattr(metrics.Metric, name)) == keras["parameters"]


NEEDS_ARGUMENTS = (
    "IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU", "MeanMetricWrapper", "PrecisionAtRecall",
    "RecallAtPrecision", "SensitivityAtSpecificity", "SpecificityAtSensitivity",
)  # fmt: skip


@pytest.mark.parametrize("name", SIGNATURES["identifiers"]["metrics"])
def test_every_name_of_keras_is_known(name: str) -> None:
    plain = {n.lower() for n in NEEDS_ARGUMENTS}
    if name.replace("_", "").lower() in plain:
        with pytest.raises(TypeError, match="argument"):
            metrics.get(name)
    else:
        assert isinstance(metrics.get(name), metrics.Metric)


@pytest.mark.parametrize("case", CONFIGS, ids=lambda c: str(c["class"]))
def test_configs_are_those_of_keras(case: dict[str, Any]) -> None:
    metric = getattr(metrics, case["class"])(**case["arguments"])
    config = metric.get_config()
    golden = dict(case["config"])
    assert config.pop("name").rstrip("_0123456789") == golden.pop("name").rstrip("_0123456789")
    assert {k: config[k] for k in golden} == golden
    again = type(metric).from_config({**config, "name": "again"})
    assert again.get_config() == {**config, "name": "again"}


def test_default_names() -> None:
    assert metrics.SparseCategoricalAccuracy().name == "sparse_categorical_accuracy"
    assert metrics.get("mse").name == "mean_squared_error"
    assert metrics.LogCoshError().name == "logcosh"
    first, second = metrics.Recall(), metrics.Recall()
    assert first.name != second.name
    assert first.name.startswith("recall")


def test_unknown_names_suggest_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"metric.*'acuracy'.*Did you mean.*accuracy"):
        metrics.get("acuracy")
    with pytest.raises(ValueError, match="None"):
        metrics.resolve_accuracy(None, (None,), (None, 3))
    with pytest.raises(ValueError, match="3"):
        metrics.get(3)


@pytest.mark.parametrize(
    ("y_true", "y_pred", "cls"),
    [
        ((None, 1), (None, 1), metrics.BinaryAccuracy),
        ((None,), (None, 1), metrics.BinaryAccuracy),
        ((None,), (None, 10), metrics.SparseCategoricalAccuracy),
        ((None, 1), (None, 10), metrics.SparseCategoricalAccuracy),
        ((None, 10), (None, 10), metrics.CategoricalAccuracy),
        ((None, 7), (None, 7, 10), metrics.SparseCategoricalAccuracy),
    ],
)
def test_accuracy_is_chosen_by_shape(y_true: Any, y_pred: Any, cls: type) -> None:
    for name in ("accuracy", "acc", "Accuracy"):
        metric = metrics.resolve_accuracy(name, y_true, y_pred)
        assert type(metric) is cls
        assert metric.name == name


def test_names_in_history_are_what_the_user_wrote() -> None:
    assert metrics.resolve_accuracy("mse", (None, 1), (None, 1)).name == "mse"
    auc = metrics.AUC(name="area")
    assert metrics.resolve_accuracy(auc, (None, 1), (None, 1)) is auc

    def distance(y_true: Any, y_pred: Any) -> Any:
        return abs(y_true - y_pred)

    metric = metrics.resolve_accuracy(distance, (None, 1), (None, 1))
    assert metric.name == "distance"
    assert metric(np.array([1.0]), np.array([3.0])) == 2
    hinge = metrics.resolve_accuracy(losses.hinge, (None, 1), (None, 1))
    assert hinge.name == "hinge"
    with_loss = metrics.resolve_accuracy(losses.Huber(), (None, 1), (None, 1))
    assert with_loss.name == "huber_loss"


def test_what_is_serialized_comes_back() -> None:
    metric = metrics.TopKCategoricalAccuracy(k=3, name="top3")
    config = metrics.serialize(metric)
    assert config["module"] == "keras.metrics"
    again = metrics.deserialize(config)
    assert (type(again), again.name, again.k) == (metrics.TopKCategoricalAccuracy, "top3", 3)
    wrapper = metrics.MeanMetricWrapper(losses.huber, name="h", delta=2.0)
    back = metrics.deserialize(metrics.serialize(wrapper))
    t, p = np.zeros((2, 2)), np.full((2, 2), 5.0)
    np.testing.assert_allclose(back(t, p), wrapper(t, p))
    assert back.get_config() == wrapper.get_config()
