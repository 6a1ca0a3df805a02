"""Initializers: their numbers against Keras' statistics, seeds, names and configs."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from whit import initializers
from whit.random import SeedGenerator
from whit.variables import Variable

GOLDEN = Path(__file__).parents[1] / "golden"
STORED = json.loads((GOLDEN / "initializers.json").read_text())
CONFIGS = json.loads((GOLDEN / "configs.json").read_text())["initializers"]
IDENTIFIERS = json.loads((GOLDEN / "signatures.json").read_text())["identifiers"]["initializers"]
OMITTED = {"stft", "STFT", "STFTInitializer"}  # belongs to the audio layers


def label(case: dict[str, Any]) -> str:
    return f"{case['class']}-{case.get('shape', '')}"


@pytest.mark.parametrize("case", STORED["statistics"], ids=label)
def test_statistics(case: dict[str, Any]) -> None:
    initializer = getattr(initializers, case["class"])(seed=1, **case["config"])
    values = initializer(case["shape"]).astype(np.float64)
    assert values.shape == tuple(case["shape"])
    # five standard errors of a difference of two samples
    error = 5 * math.sqrt(2 / values.size)
    assert abs(values.mean() - case["mean"]) < error * case["std"]
    assert abs(values.std() / case["std"] - 1) < error
    beyond = np.mean(np.abs(values - values.mean()) > values.std())
    assert abs(beyond - case["beyond_one_std"]) < error
    bounded = "normal" not in case["class"].lower() or "Truncated" in case["class"]
    if bounded and case["config"].get("distribution") != "untruncated_normal":
        spread = case["max"] - case["min"]
        assert abs(values.max() - case["max"]) < 0.02 * spread
        assert abs(values.min() - case["min"]) < 0.02 * spread


@pytest.mark.parametrize("case", STORED["exact"], ids=label)
def test_exact(case: dict[str, Any]) -> None:
    values = getattr(initializers, case["class"])(**case["config"])(case["shape"])
    np.testing.assert_array_equal(values, np.asarray(case["values"], np.float32))
    assert values.dtype == np.float32


@pytest.mark.parametrize("case", STORED["repeated"], ids=label)
def test_repeated(case: dict[str, Any]) -> None:
    for seed, outcome in ((7, case["outcome"]["7"]), (None, case["outcome"]["None"])):
        initializer = getattr(initializers, case["class"])(seed=seed)
        first = initializer((4, 5))
        assert (initializer((4, 5)) == first).all() == outcome["same_object"]
        other = getattr(initializers, case["class"])(seed=seed)((4, 5))
        assert (other == first).all() == outcome["same_seed"]


@pytest.mark.parametrize("case", STORED["orthogonal"], ids=lambda c: str(c["shape"]))
def test_orthogonal(case: dict[str, Any]) -> None:
    values = initializers.Orthogonal(seed=3, **case["config"])(case["shape"])
    matrix = values.reshape(-1, case["shape"][-1]).astype(np.float64)
    gram = matrix @ matrix.T if matrix.shape[0] < matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(gram, case["diagonal"] * np.eye(len(gram)), atol=1e-5)


@pytest.mark.parametrize("case", STORED["fans"], ids=lambda c: str(c["shape"]))
def test_fans(case: dict[str, Any]) -> None:
    assert list(initializers.compute_fans(case["shape"])) == case["fans"]


def test_fans_of_given_axes() -> None:
    assert initializers.compute_fans((2, 3, 4, 5), [0, 2], [1, 3]) == (8, 15)
    wide = initializers.GlorotUniform(1, [0], [1, 2])((4, 5, 6))
    assert abs(wide.max()) <= math.sqrt(6 / 34)


@pytest.mark.parametrize("name", [n for n in IDENTIFIERS if n not in OMITTED])
def test_every_name_of_keras(name: str) -> None:
    assert isinstance(initializers.get(name), initializers.Initializer)


@pytest.mark.parametrize("case", CONFIGS, ids=label)
def test_configs(case: dict[str, Any]) -> None:
    initializer = getattr(initializers, case["class"])(**case["arguments"])
    assert case["config"].items() <= initializer.get_config().items()
    config = initializers.serialize(initializer)
    assert config["module"] == "keras.initializers" and config["registered_name"] is None
    twin = initializers.get(json.loads(json.dumps(config)))
    assert type(twin) is type(initializer) and twin.get_config() == initializer.get_config()
    assert initializer.clone().get_config() == initializer.get_config()


def test_older_names() -> None:
    assert initializers.get("normal").stddev == 0.05
    assert type(initializers.get("uniform")) is initializers.RandomUniform
    assert type(initializers.get("glorot_uniform")) is initializers.GlorotUniform
    assert initializers.glorot_uniform is initializers.GlorotUniform


def test_unknown_names() -> None:
    with pytest.raises(ValueError, match=r'initializer=.glorot_unifrom.*Did you mean "glorot_unif'):
        initializers.get("glorot_unifrom")
    with pytest.raises(ValueError, match="expected a name, a config"):
        initializers.get(3)
    with pytest.raises(ValueError, match="'class_name' and 'config'"):
        initializers.deserialize({"name": "zeros"})


def test_other_identifiers() -> None:
    assert initializers.get(None) is None
    assert isinstance(initializers.get(initializers.Ones), initializers.Ones)
    f = lambda shape, dtype: np.zeros(shape)  # noqa: E731
    assert initializers.get(f) is f
    given = initializers.get(np.arange(3.0))
    assert given((3,), "float32").dtype == np.float32
    with pytest.raises(ValueError, match=r"has shape \(3,\), the variable \(4,\)"):
        given((4,))
    assert list(initializers.get(Variable([1.0, 2.0]))((2,))) == [1, 2]


def test_custom_objects() -> None:
    class Fives(initializers.Initializer):
        def __call__(self, shape: Any, dtype: Any = None) -> Any:
            return np.full(shape, 5.0)

    config = initializers.serialize(Fives())
    assert isinstance(initializers.deserialize(config, {"Fives": Fives}), Fives)
    with pytest.raises(TypeError, match="does not define __call__"):
        initializers.Initializer()((2,))


def test_the_global_seed_decides() -> None:
    random.seed(4)
    first = [initializers.GlorotUniform()((3, 3)) for _ in range(2)]
    random.seed(4)
    again = [initializers.GlorotUniform()((3, 3)) for _ in range(2)]
    np.testing.assert_array_equal(first, again)
    assert (first[0] != first[1]).all()


def test_seed_generator_gives_new_values_each_time() -> None:
    seeds = SeedGenerator(3)
    initializer = initializers.RandomNormal(seed=seeds)
    first, second = initializer((50,)), initializer((50,))
    assert (first != second).all()
    again = initializers.RandomNormal(seed=SeedGenerator(3))
    np.testing.assert_array_equal(again((50,)), first)
    twin = initializers.get(initializers.serialize(initializer))
    assert isinstance(twin.seed, SeedGenerator)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_dtypes(dtype: str) -> None:
    for name in ("RandomNormal", "RandomUniform", "TruncatedNormal", "HeNormal", "Orthogonal"):
        assert getattr(initializers, name)(seed=1)((3, 3), dtype).dtype == dtype
    assert initializers.Identity()((2, 2), dtype).dtype == dtype


def test_truncation() -> None:
    values = initializers.TruncatedNormal(1.0, 2.0, seed=0)((100000,))
    assert values.min() >= -3 and values.max() <= 5 and values.max() > 4.9


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: initializers.VarianceScaling(0), "scale=0: expected a positive number"),
        (lambda: initializers.VarianceScaling(mode="fan_inn"), 'Did you mean "fan_in"'),
        (lambda: initializers.VarianceScaling(distribution="unifrm"), 'Did you mean "uniform"'),
        (lambda: initializers.RandomNormal(seed="x"), "seed='x': expected an int"),
        (lambda: initializers.Orthogonal()((3,)), "at least two axes, got 1"),
        (lambda: initializers.Identity()((3,)), "needs two axes, got 1"),
    ],
)
def test_messages(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
