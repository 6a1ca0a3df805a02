"""Subclasses of Model: building, nesting, state, structures; signatures beside Keras'."""

import inspect
import json
from pathlib import Path

import numpy as np
import pytest

import whit as keras
from whit import layers, models, ops

GOLDEN = Path(__file__).parents[1] / "golden"
SIGNATURES = json.loads((GOLDEN / "signatures.json").read_text())["classes"]
X = np.linspace(-1, 1, 12, dtype="float32").reshape(3, 4)


@pytest.fixture(autouse=True)
def fresh_names():
    keras.utils.clear_session()


class Residual(keras.Model):
    """Two layers and a shortcut."""

    def __init__(self, width=8, **kwargs):
        super().__init__(**kwargs)
        self.inner = [layers.Dense(width, activation="tanh"), layers.Dense(4)]
        self.head = layers.Dense(1)

    def call(self, x, training=False):
        y = x
        for layer in self.inner:
            y = layer(y)
        return self.head(x + y)


def test_a_subclass_builds_at_its_first_call():
    model = Residual(name="net")
    assert model.weights == []
    y = model(X)
    assert y.shape == (3, 1)
    assert [v.path for v in model.weights] == [
        "net/dense/kernel",
        "net/dense/bias",
        "net/dense_1/kernel",
        "net/dense_1/bias",
        "net/dense_2/kernel",
        "net/dense_2/bias",
    ]
    w = model.get_weights()
    expected = (X + np.tanh(X @ w[0] + w[1]) @ w[2] + w[3]) @ w[4] + w[5]
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-6)
    assert [x.name for x in model.layers] == ["dense", "dense_1", "dense_2"]


def test_a_subclass_builds_for_a_shape():
    model = Residual()
    model.build((None, 4))
    assert model.built
    assert model.count_params() == 4 * 8 + 8 + 8 * 4 + 4 + 4 + 1
    assert model.compute_output_shape((None, 4)) == (None, 1)


def test_a_subclass_trains():
    keras.utils.set_random_seed(0)
    model = Residual()
    model.compile("adam", "mse")
    history = model.fit(X, X[:, :1], epochs=20, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]


def test_structures_in_and_out():
    class Two(keras.Model):
        def __init__(self):
            super().__init__()
            self.a, self.b = layers.Dense(2), layers.Dense(3)

        def call(self, inputs):
            return {"a": self.a(inputs["x"]), "b": [self.b(inputs["z"]), inputs["x"]]}

    model = Two()
    out = model({"x": X, "z": X})
    assert out["a"].shape == (3, 2)
    assert out["b"][0].shape == (3, 3)
    np.testing.assert_array_equal(out["b"][1], X)
    again = Two()
    again.build({"x": (None, 4), "z": (None, 6)})
    assert again.b.kernel.shape == (6, 3)


def test_state_changes_in_a_compiled_call():
    class Counter(keras.Model):
        def __init__(self):
            super().__init__()
            self.calls = self.add_weight((), "zeros", trainable=False, name="calls")

        def call(self, x):
            self.calls.assign_add(1.0)
            return x * self.calls.value

    model = Counter()
    for n in (1, 2, 3):
        np.testing.assert_allclose(model(X), X * n, rtol=1e-6)
    assert float(model.calls.numpy()) == 3


def test_a_model_inside_a_jitted_function():
    model = Residual()
    model.build((None, 4))
    f = keras.jit(lambda x: ops.sum(model(x)))
    assert float(f(X)) == pytest.approx(float(model(X).sum()), rel=1e-5)
    g = keras.grad(lambda w: ops.sum(model(X)))(model.trainable_variables)
    np.testing.assert_allclose(g[-1], [3.0])


def test_layers_added_to_a_list_later_are_found():
    model = Residual()
    model.inner.append(layers.Dense(4, name="late"))
    model(X)
    assert [x.name for x in model.layers] == ["dense", "dense_1", "late", "dense_2"]


def test_a_subclass_with_plain_arguments_has_a_config():
    model = Residual(5, name="r")
    config = model.get_config()
    assert (config["width"], config["name"]) == (5, "r")
    assert models.clone_model(model).inner[0].units == 5


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: keras.Model([layers.Dense(1)]), "layers go into Sequential([...])"),
        (lambda: keras.Model()(X), "define Model.call(self, inputs)"),
        (lambda: Residual().build((None, 5)), "cannot be built for input_shape=(None, 5)"),
        (
            lambda: models.clone_model(Residual(), clone_function=lambda x: x),
            "clone_function is for Sequential models",
        ),
    ],
)
def test_mistakes_are_explained(make, text):
    with pytest.raises((TypeError, ValueError)) as caught:
        make()
    assert text in str(caught.value)


@pytest.mark.parametrize("name", ["Model", "Sequential", "layers.Layer", "layers.Normalization"])
def test_methods_have_the_parameters_of_keras(name):
    owner = {"Model": keras.Model, "Sequential": keras.Sequential}.get(name)
    owner = owner or getattr(layers, name.partition(".")[2])
    generic = {"__call__", "call", "compute_output_shape", "compute_output_spec", "build"}
    generic |= {"train_step", "test_step", "predict_step"}  # differ from backend to backend
    shared = 0
    for method, entry in SIGNATURES[name].items():
        ours = inspect.getattr_static(owner, method, None)
        if ours is None or method in generic:
            continue
        if entry["kind"] == "property":
            assert isinstance(ours, property) or not callable(ours), method
        else:
            names = [p for p in inspect.signature(getattr(owner, method)).parameters if p != "self"]
            theirs = [p for p, kind, _ in entry["parameters"] if not kind.startswith("VAR")]
            varying = {"kwargs", "args"}
            assert [n for n in names if n not in varying] == theirs, method
        shared += 1
    assert shared > 20
