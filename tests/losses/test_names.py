"""Names, aliases, configs and signatures of losses."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from whit import losses
from whit.errors import UnknownNameError

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
SIGNATURES = json.loads((GOLDEN / "signatures.json").read_text())
CONFIGS = json.loads((GOLDEN / "configs.json").read_text())["losses"]
ABSENT = {"CTC", "ctc"}  # connectionist temporal classification comes with the recurrent layers


@pytest.mark.parametrize("name", sorted(set(SIGNATURES["identifiers"]["losses"]) - ABSENT))
def test_every_name_of_keras_is_known(name: str) -> None:
    if name in ("Loss", "LossFunctionWrapper"):
        assert inspect.isclass(getattr(losses, name))
        return
    found = losses.get(name)
    assert isinstance(found, losses.Loss) == name[:1].isupper() * (name.upper() != name), found


@pytest.mark.parametrize("name", sorted(set(SIGNATURES["modules"]["losses"]) - ABSENT))
def test_signatures_are_those_of_keras(name: str) -> None:
    parameters = [
        [p.name, p.kind.name, None if p.default is p.empty else repr(p.default)]
        for p in inspect.signature(getattr(losses, name)).parameters.values()
    ]
    assert parameters == SIGNATURES["modules"]["losses"][name]["parameters"]


@pytest.mark.parametrize(
    "case", [c for c in CONFIGS if c["class"] not in ABSENT], ids=lambda c: str(c["class"])
)
def test_configs_are_those_of_keras(case: dict[str, Any]) -> None:
    loss = getattr(losses, case["class"])(**case["arguments"])
    config = loss.get_config()
    assert {k: config[k] for k in case["config"]} == case["config"]
    again = type(loss).from_config(config)
    assert again.get_config() == config


def test_aliases_are_functions() -> None:
    assert losses.get("mse") is losses.get("MSE") is losses.mse is losses.mean_squared_error
    assert losses.get("bce") is losses.binary_crossentropy
    assert losses.get(None) is None
    assert losses.get(losses.Huber).name == "huber_loss"
    loss = losses.Huber()
    assert losses.get(loss) is loss


def test_unknown_names_suggest_the_nearest() -> None:
    with pytest.raises(
        UnknownNameError, match=r"loss.*'categorial_crossentropy'.*Did you mean"
    ) as e:
        losses.get("categorial_crossentropy")
    assert "categorical_crossentropy" in str(e.value).split("Did you mean")[1]
    with pytest.raises(UnknownNameError, match=r"Known:.*mean_squared_error"):
        losses.get("zzzzz")
    with pytest.raises(ValueError, match=r"3.5"):
        losses.get(3.5)


def test_what_is_serialized_comes_back() -> None:
    huber = losses.Huber(delta=2.0, name="h")
    config = losses.serialize(huber)
    assert config == {
        "module": "keras.losses",
        "class_name": "Huber",
        "config": {"name": "h", "reduction": "sum_over_batch_size", "delta": 2.0},
        "registered_name": None,
    }
    again = losses.deserialize(config)
    assert (type(again), again.delta, again.name) == (losses.Huber, 2.0, "h")
    function = losses.serialize(losses.mean_squared_error)
    assert function["config"] == "mean_squared_error"
    assert losses.deserialize(function) is losses.mean_squared_error
    wrapper = losses.LossFunctionWrapper(losses.huber, name="w", delta=3.0)
    back = losses.deserialize(losses.serialize(wrapper))
    assert back.fn is losses.huber
    t, p = np.zeros((2, 2)), np.full((2, 2), 5.0)
    np.testing.assert_allclose(back(t, p), wrapper(t, p))


def test_custom_objects() -> None:
    def mine(y_true: Any, y_pred: Any) -> Any:
        return y_pred

    assert losses.deserialize("mine", {"mine": mine}) is mine


@pytest.mark.parametrize(
    ("y_true", "y_pred", "function"),
    [
        ((None, 1), (None, 1), losses.binary_crossentropy),
        ((None,), (None, 10), losses.sparse_categorical_crossentropy),
        ((None, 1), (None, 10), losses.sparse_categorical_crossentropy),
        ((None, 10), (None, 10), losses.categorical_crossentropy),
    ],
)
def test_crossentropy_is_chosen_by_shape(y_true: Any, y_pred: Any, function: Any) -> None:
    for name in ("crossentropy", "ce"):
        loss = losses.resolve_loss(name, y_true, y_pred)
        assert loss is not None
        assert (loss.fn, loss.name) == (function, name)


def test_a_function_becomes_a_loss_of_its_name() -> None:
    loss = losses.resolve_loss("mse", (None, 1), (None, 1))
    assert loss is not None
    assert (loss.name, loss.fn) == ("mse", losses.mean_squared_error)
    named = losses.resolve_loss(losses.huber, (None, 1), (None, 1))
    assert named is not None
    assert named.name == "huber"
    assert losses.resolve_loss(None, (None, 1), (None, 1)) is None
