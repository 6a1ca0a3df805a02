"""Sequential: building now or later, adding and taking off, calling, configs, mistakes."""

import copy
import json
from pathlib import Path

import numpy as np
import pytest

import whit as keras
from whit import layers, models
from whit.graph import Trace

CONFIGS = json.loads((Path(__file__).parents[1] / "golden" / "configs.json").read_text())["names"]
X = np.linspace(-1, 1, 12, dtype="float32").reshape(3, 4)


@pytest.fixture(autouse=True)
def fresh_names():
    keras.utils.clear_session()


def small():
    return keras.Sequential(
        [keras.Input((4,)), layers.Dense(5, activation="relu"), layers.Dense(2)]
    )


def by_hand(model, x):
    w1, b1, w2, b2 = model.get_weights()
    return np.maximum(x @ w1 + b1, 0) @ w2 + b2


# ---- building
@pytest.mark.parametrize(
    "first",
    [
        lambda: [keras.Input((4,)), layers.Dense(5)],
        lambda: [keras.Input(batch_shape=(None, 4)), layers.Dense(5)],
        lambda: [layers.InputLayer((4,)), layers.Dense(5)],
        lambda: [layers.Dense(5, input_dim=4)],
        lambda: [layers.Dense(5, input_shape=(4,))],
        lambda: [layers.Dense(5, batch_input_shape=(None, 4))],
    ],
)
def test_a_known_input_shape_builds_at_once(first):
    model = keras.Sequential(first())
    assert model.built
    model.add(layers.Dense(2))
    assert model.layers[1].kernel.shape == (5, 2)
    assert (model.input_shape, model.output_shape) == ((None, 4), (None, 2))
    assert len(model.layers) == 2


@pytest.mark.parametrize("how", ["build", "call", "predict", "trace"])
def test_without_a_shape_it_builds_later(how):
    model = keras.Sequential([layers.Dense(5), layers.Dense(2)])
    assert not model.built
    assert model.weights == []
    if how == "build":
        model.build((None, 4))
    elif how == "call":
        model(X)
    elif how == "predict":
        model.predict(X, verbose=0)
    else:
        trace = Trace()
        with trace.active():
            model(trace.input("x", (3, 4), "float32"))
    assert model.built
    assert (model.input_shape, model.output_shape) == ((None, 4), (None, 2))
    assert model.weights[0].path == "sequential/dense/kernel"


def test_names_paths_and_configs_are_those_of_keras():
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(3, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(3),
            layers.Normalization(),
            layers.Dense(2, name="out", use_bias=False),
        ]
    )
    second = keras.Sequential([layers.Dense(1)])
    assert (model.name, second.name) == (CONFIGS["model"], CONFIGS["second_model"])
    assert [x.name for x in model.layers] == CONFIGS["layers"]
    assert [x.name for x in second.layers] == CONFIGS["second_layers"]
    kinds = {
        "weights": model.weights,
        "trainable": model.trainable_weights,
        "non_trainable": model.non_trainable_weights,
    }
    for kind, found in kinds.items():
        listed = [[v.name, v.path, list(v.shape), v.dtype, v.trainable] for v in found]
        assert listed == CONFIGS["variables"][kind]
    for ours, theirs in ((model, CONFIGS["config"]), (second, CONFIGS["unbuilt_config"])):
        assert json.loads(json.dumps(ours.get_config())) == without(theirs, "quantization_config")


def without(value, key):
    if isinstance(value, dict):
        return {k: without(v, key) for k, v in value.items() if k != key}
    return [without(v, key) for v in value] if isinstance(value, list) else value


def test_add_rebuild_false_waits():
    model = keras.Sequential([keras.Input((4,))])
    model.add(layers.Dense(3), rebuild=False)
    assert not model.layers[0].built
    model.add(layers.Dense(2))
    assert [x.built for x in model.layers] == [True, True]


def test_pop():
    model = small()
    first = model.layers[0]
    before = model(X)
    last = model.pop()
    assert (last.name, model.output_shape) == ("dense_1", (None, 5))
    w, b = first.get_weights()
    np.testing.assert_allclose(model(X), np.maximum(X @ w + b, 0), rtol=1e-5, atol=1e-6)
    model.add(last)
    np.testing.assert_array_equal(model(X), before)
    assert len(model.weights) == 4
    model.pop()
    model.pop()
    assert not model.built
    assert model.layers == []
    model.add(layers.Dense(7))
    assert model.layers[0].kernel.shape == (4, 7)


def test_a_layer_that_does_not_fit_is_not_added():
    model = small()
    with pytest.raises(ValueError, match="which do not fill target_shape"):
        model.add(layers.Reshape((5, 5)))
    assert [x.name for x in model.layers] == ["dense", "dense_1"]
    assert model(X).shape == (3, 2)


def test_one_layer_in_two_models_shares_its_weights():
    shared = layers.Dense(2)
    a = keras.Sequential([keras.Input((4,)), shared])
    b = keras.Sequential([keras.Input((4,)), shared])
    a.set_weights([np.ones((4, 2)), np.zeros(2)])
    np.testing.assert_array_equal(b(X), a(X))


def test_models_nest():
    inner = keras.Sequential([layers.Dense(3), layers.Dense(2)], name="inner")
    outer = keras.Sequential([keras.Input((4,)), inner, layers.Dense(1)], name="outer")
    assert inner.built
    assert [v.path for v in outer.weights][:2] == [
        "outer/inner/dense/kernel",
        "outer/inner/dense/bias",
    ]
    assert outer.count_params() == 4 * 3 + 3 + 3 * 2 + 2 + 2 + 1
    assert outer(X).shape == (3, 1)
    clone = keras.Sequential.from_config(outer.get_config())
    assert clone.layers[0].layers[1].units == 2


# ---- calling
def test_call_compiles_once_for_each_shape_and_mode():
    model = small()
    np.testing.assert_allclose(model(X), by_hand(model, X), rtol=1e-5, atol=1e-6)
    for _ in range(3):
        model(X)
        model(X, training=True)
        model(X[:1])
    assert len(model._jitted._cache) == 3
    assert isinstance(model(X), np.ndarray)


def test_weights_set_after_the_first_call_count():
    model = small()
    model(X)
    model.set_weights([w * 0 + 1 for w in model.get_weights()])
    np.testing.assert_allclose(model(X), by_hand(model, X), rtol=1e-5, atol=1e-5)


def test_training_mode_reaches_dropout():
    model = keras.Sequential([keras.Input((4,)), layers.Dropout(0.5, seed=1)])
    x = np.ones((64, 4), "float32")
    np.testing.assert_array_equal(model(x), x)
    np.testing.assert_array_equal(model(x, training=False), x)
    first, second = model(x, training=True), model(x, training=True)
    assert set(np.unique(first)) == {0.0, 2.0}
    assert not np.array_equal(first, second)


@pytest.mark.parametrize(
    "x", [X.tolist(), X.astype("float64"), X[:, ::-1][:, ::-1], keras.Variable(X)]
)
def test_anything_like_an_array_is_an_input(x):
    model = small()
    np.testing.assert_allclose(model(x), by_hand(model, X), rtol=1e-5, atol=1e-6)


def test_a_last_axis_of_one_may_be_missing_or_extra():
    model = keras.Sequential([keras.Input((1,)), layers.Dense(2)])
    x = np.arange(3.0)
    np.testing.assert_array_equal(model(x), model(x[:, None]))
    model = small()
    np.testing.assert_allclose(model(X[..., None]), model(X), rtol=1e-6)


def test_losses_of_layers_are_kept_by_a_compiled_call():
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.ActivityRegularization(l1=1.0),
            layers.Dense(2, kernel_initializer="ones", kernel_regularizer="l2"),
        ]
    )
    for scale in (1.0, 2.0):
        model(X * scale)
        added, penalty = (float(v) for v in model.losses)
        assert added == pytest.approx(scale * float(np.abs(X).sum()) / len(X), rel=1e-5)
        assert penalty == pytest.approx(0.08)
    assert len(model.layers[0].losses) == 1


def test_copies_are_independent():
    model = small()
    model(X)
    twin = copy.deepcopy(model)
    np.testing.assert_array_equal(twin(X), model(X))
    twin.set_weights([w * 0 for w in twin.get_weights()])
    assert not np.array_equal(twin(X), model(X))


# ---- configs
def test_a_config_makes_an_equal_model():
    model = small()
    again = keras.Sequential.from_config(model.get_config())
    assert again.get_config() == model.get_config()
    assert again.output_shape == (None, 2)
    clone = models.clone_model(model)
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(clone(X), model(X))
    wider = models.clone_model(model, clone_function=widened)
    assert [x.units for x in wider.layers] == [10, 4]


def widened(layer):
    return layers.Dense(layer.units * 2, activation=layer.activation, name=layer.name)


def test_a_model_built_from_data_keeps_its_shape_in_the_config():
    model = keras.Sequential([layers.Dense(2)])
    model(X)
    assert keras.Sequential.from_config(model.get_config()).output_shape == (None, 2)


def test_repr():
    assert repr(keras.Sequential()) == "<Sequential name=sequential, built=False>"
    assert repr(small()) == "<Sequential name=sequential_1, built=True>"


# ---- mistakes
def mistakes():
    def model(*entries):
        return keras.Sequential(list(entries))

    return {
        "not a layer": (
            lambda: model(3),
            TypeError,
            "only layers can be added to a Sequential model, got 3",
        ),
        "class": (lambda: model(layers.Flatten), TypeError, "add an instance, Flatten(...)"),
        "function": (lambda: model(np.tanh), TypeError, "wrap it: layers.Lambda(function)"),
        "string": (lambda: model("relu"), TypeError, 'layers.Activation("relu")'),
        "list": (lambda: keras.Sequential().add([layers.Dense(1)]), TypeError, "one by one"),
        "same name": (
            lambda: model(layers.Dense(1, name="d"), layers.Dense(2, name="d")),
            ValueError,
            'the name "d" is already that of another layer',
        ),
        "same layer": (
            lambda: model(*[layers.Dense(1, name="d")] * 2),
            ValueError,
            'the name "d" is already that of the same layer',
        ),
        "input in the middle": (
            lambda: model(layers.Dense(1), keras.Input((3,))),
            ValueError,
            "an Input can only be the first entry",
        ),
        "width": (
            lambda: small()(np.ones((200, 100))),
            ValueError,
            '"dense" (Dense): its input has shape (200, 100): expected 4 along axis -1, got 100',
        ),
        "width of an input for Flatten": (
            lambda: model(keras.Input((28, 28)), layers.Flatten())(np.ones((2, 28, 27))),
            ValueError,
            "expected 28 along axis 2, got 27",
        ),
        "one sample": (
            lambda: small()(np.ones(4)),
            ValueError,
            "for one sample x pass x[None]",
        ),
        "too many axes": (
            lambda: small()(np.ones((1, 1, 3, 4))),
            ValueError,
            "expected 2 axes, got 4",
        ),
        "build again": (
            lambda: small().build((None, 5)),
            ValueError,
            "input_shape=(None, 5), but layer",
        ),
        "build without shape": (
            lambda: model(layers.Dense(1)).build(),
            ValueError,
            "does not know the shape of its input",
        ),
        "build of nothing": (
            lambda: keras.Sequential().build((None, 3)),
            ValueError,
            "has no layers; add some first",
        ),
        "call of nothing": (lambda: keras.Sequential()(X), ValueError, "has no layers"),
        "pop of nothing": (lambda: keras.Sequential().pop(), TypeError, "has no layers"),
        "output before build": (
            lambda: model(layers.Dense(1)).output_shape,
            AttributeError,
            "has no output_shape yet: it is not built",
        ),
        "weights before build": (
            lambda: model(layers.Dense(1)).count_params(),
            ValueError,
            "is not built",
        ),
        "unknown argument": (
            lambda: keras.Sequential(nam="x"),
            ValueError,
            "Sequential: unknown argument 'nam'. Did you mean \"name\"?",
        ),
        "layer by a wrong name": (
            lambda: small().get_layer("dens"),
            ValueError,
            "no layer is called 'dens'. Did you mean \"dense\"? Layers: dense, dense_1",
        ),
        "layer by a wrong index": (
            lambda: small().get_layer(index=2),
            ValueError,
            "index=2, but layer",
        ),
        "layer by nothing": (lambda: small().get_layer(), ValueError, "give either name or index"),
    }


@pytest.mark.parametrize("name", sorted(mistakes()))
def test_mistakes_are_explained(name):
    make, kind, text = mistakes()[name]
    with pytest.raises(kind) as caught:
        make()
    assert text in str(caught.value)


def test_get_layer():
    model = small()
    assert model.get_layer("dense_1") is model.get_layer(index=-1) is model.layers[1]
