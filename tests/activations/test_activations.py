"""Activations equal Keras' stored values and gradients, and are found by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from whit import activations, ops
from whit.graph import Trace, build, grad, input_, literal
from whit.ops.core import evaluate

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = json.loads((GOLDEN / "activations.json").read_text())["cases"]
with np.load(GOLDEN / "activations.npz") as _stored:
    X, WEIGHTS = _stored["x"], _stored["weights"]

# Keras' sparsemax leaves the simplex on this backend; it has a test of its own below.
COMPARED = [q for q, c in enumerate(CASES) if c["name"] != "sparsemax"]
# Where two pieces meet any slope between theirs is a derivative; Keras and whit choose differently.
KINKS = np.array([-3, -2.5, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3, 6], np.float32)


@pytest.mark.parametrize("case", COMPARED, ids=lambda q: f"{CASES[q]['name']}-{q}")
def test_like_keras(case: int) -> None:
    name, arguments = CASES[case]["name"], CASES[case]["config"]
    f = getattr(activations, name)
    value = np.array(CASES[case]["value"], np.float32)
    np.testing.assert_allclose(f(X, **arguments), value, rtol=3e-6, atol=2e-6)
    x = input_("x", X.shape, "float32")
    with Trace().active():
        y = f(x, **arguments)
        loss = build.total(y * literal(WEIGHTS[: y.shape[0], : y.shape[1]]))
        (found,) = grad(loss, [x])
    found = evaluate(found, {x: X})
    expected = np.array(CASES[case]["gradient"], np.float32)
    compare = ~np.isin(X, KINKS) if "soft" not in name and name != "glu" else np.isfinite(X)
    compare &= np.isfinite(expected)
    np.testing.assert_allclose(found[compare], expected[compare], rtol=2e-5, atol=2e-5)


def test_sparsemax_is_the_nearest_point_of_the_simplex() -> None:
    x = np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32) * 2
    p = activations.sparsemax(x)
    np.testing.assert_allclose(p.sum(-1), 1, rtol=1e-6)
    assert (p >= 0).all() and (p == 0).any()
    # the nearest point's residual is constant on the support and no larger off it
    residual = x - p
    top = residual.max(-1, keepdims=True)
    assert (np.abs(np.where(p > 0, residual - top, 0)) < 1e-5).all()
    tied = activations.sparsemax(np.array([[1.0, 1.0, -5.0]], np.float32))
    np.testing.assert_allclose(tied, [[0.5, 0.5, 0]])
    np.testing.assert_allclose(activations.sparsemax(x.T, axis=0), p.T)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, [0, 0, 0.5, 2, 5]),
        ({"negative_slope": 0.1}, [-0.2, 0, 0.5, 2, 5]),
        ({"max_value": 1.0}, [0, 0, 0.5, 1, 1]),
        ({"threshold": 1.0}, [0, 0, 0, 2, 5]),
        ({"negative_slope": 0.5, "threshold": 1.0, "max_value": 3.0}, [-1.5, -0.5, -0.25, 2, 3]),
    ],
)
def test_relu(arguments: dict[str, float], expected: list[float]) -> None:
    x = np.array([-2, 0, 0.5, 2, 5], np.float32)
    np.testing.assert_allclose(activations.relu(x, **arguments), expected, rtol=1e-6)


def test_every_name_of_keras_is_there() -> None:
    signatures = json.loads((GOLDEN / "signatures.json").read_text())["modules"]["activations"]
    assert set(signatures) <= set(activations.__all__)
    for name in signatures:
        assert callable(getattr(activations, name))


# ---- by name
NAMES = [n for n in activations.__all__ if n not in ("get", "serialize", "deserialize")]


@pytest.mark.parametrize("name", NAMES)
def test_get_and_serialize(name: str) -> None:
    f = activations.get(name)
    assert f is getattr(activations, name)
    assert activations.deserialize(activations.serialize(f)) is f


def test_get() -> None:
    assert activations.get(None) is activations.linear
    assert activations.get(ops.exp) is ops.exp
    x = np.ones(2, np.float32)
    assert activations.linear(x) is x
    assert activations.serialize(activations.swish) == "silu"


def mine(x: Any) -> Any:
    return x


def test_functions_of_the_users_own() -> None:
    config = activations.serialize(mine)
    assert config["class_name"] == "function" and config["config"] == "mine"
    assert activations.deserialize(config, {"mine": mine}) is mine
    assert activations.deserialize("mine", {"mine": mine}) is mine
    with pytest.raises(ValueError, match="activation='mine' is not a known activation"):
        activations.get(config)
    with pytest.raises(ValueError, match="cannot be serialized"):
        activations.serialize(lambda x: x)


@pytest.mark.parametrize(
    ("identifier", "message"),
    [
        ("rellu", 'activation=.rellu.*Did you mean "relu"'),
        ("sotfmax", 'Did you mean "softmax"'),
        (3, "activation=3: expected a name, a callable or None, got int"),
        ({"config": {}}, "expected a name or a dict with 'class_name' and 'config'"),
    ],
)
def test_unknown(identifier: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        activations.get(identifier)
