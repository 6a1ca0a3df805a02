"""The base layer: building, calling, training mode, state, losses, names, configs, mistakes."""

import json
from pathlib import Path

import numpy as np
import pytest

import whit as keras
from whit import layers, ops
from whit.graph import Trace

GOLDEN = Path(__file__).parents[1] / "golden"
CONFIGS = json.loads((GOLDEN / "configs.json").read_text())["layers"]
SIGNATURES = json.loads((GOLDEN / "signatures.json").read_text())
LATER = {"quantization_config"}  # of Keras' configs, not (yet) in whit's


@pytest.fixture(autouse=True)
def fresh_names():
    keras.utils.clear_session()


class Scale(layers.Layer):
    """A user's layer: one weight, an argument of its own, and a base class' defaults."""

    def __init__(self, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, input_shape):
        self.gain = self.add_weight((input_shape[-1],), "ones", name="gain")

    def call(self, x):
        return x * self.gain * self.factor


class Noisy(layers.Layer):
    """Shows what `training` it was given."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seen = []

    def call(self, x, training=False):
        self.seen.append(training)
        return x


class Outer(layers.Layer):
    """Calls another layer and says nothing about training."""

    def __init__(self, inner, **kwargs):
        super().__init__(**kwargs)
        self.inner = inner

    def call(self, x):
        return self.inner(x)


# ---- building and calling
def test_a_layer_builds_at_its_first_call():
    layer = Scale(name="s")
    assert not layer.built
    assert layer.weights == []
    y = layer(np.ones((2, 3)))
    assert layer.built
    assert [v.path for v in layer.weights] == ["s/gain"]
    assert isinstance(y, np.ndarray)
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, np.full((2, 3), 2.0))


def test_build_is_told_the_shape_with_a_free_batch_axis():
    shapes = []

    class Spy(layers.Layer):
        def build(self, input_shape):
            shapes.append(input_shape)

        def call(self, x):
            return x

    Spy()(np.ones((5, 4, 3)))
    assert shapes == [(None, 4, 3)]


def test_build_with_several_shapes_by_name():
    class Two(layers.Layer):
        def build(self, a_shape, b_shape):
            self.shapes = (a_shape, b_shape)

        def call(self, a, b):
            return a + b

    layer = Two()
    layer(np.ones((2, 3)), b=np.ones((2, 1)))
    assert layer.shapes == ((None, 3), (None, 1))


def test_lists_of_numbers_and_structures_of_arrays_are_inputs():
    np.testing.assert_array_equal(Scale()([[1.0, 2.0]]), [[2.0, 4.0]])

    class Sum(layers.Layer):
        def call(self, inputs):
            return inputs["a"] + inputs["b"][0]

    y = Sum()({"a": np.ones((1, 2)), "b": [np.full((1, 2), 3.0)]})
    np.testing.assert_array_equal(y, [[4.0, 4.0]])


def test_floats_are_cast_to_the_layer_and_integers_are_left():
    seen = []

    class Look(layers.Layer):
        def call(self, x):
            seen.append(str(x.dtype))
            return x

    for given in (np.float64, np.float32, np.uint8):
        Look()(np.ones((1, 2), given))
    Look(dtype="float64")(np.ones((1, 2), np.float32))
    Look(autocast=False)(np.ones((1, 2), np.float64))
    assert seen == ["float32", "float32", "uint8", "float64", "float64"]


@pytest.mark.parametrize("given", [True, False])
def test_training_reaches_inner_layers(given):
    inner = Noisy()
    Outer(Outer(inner))(np.ones((1, 2)), training=given)
    assert inner.seen == [given]


def test_training_by_position_and_by_default():
    layer = Noisy()
    layer(np.ones((1, 1)))
    layer(np.ones((1, 1)), True)
    layer(np.ones((1, 1)), training=None)
    assert layer.seen == [False, True, False]


def test_calling_on_a_keras_tensor_gives_shapes_and_builds():
    layer = layers.Dense(5)
    y = layer(keras.Input((7, 4)))
    assert (y.shape, y.dtype) == ((None, 7, 5), "float32")
    assert layer.kernel.shape == (4, 5)


def test_compute_output_shape_follows_free_extents():
    class Pairs(layers.Layer):
        def call(self, x):
            return {"sum": ops.sum(x, axis=-1), "all": ops.reshape(x, (-1,))}

    shapes = Pairs().compute_output_shape((None, None, 4))
    assert shapes == {"sum": (None, None), "all": (None,)}


def test_dense_knows_its_output_shape_without_building():
    layer = layers.Dense(3)
    assert layer.compute_output_shape((None, 8, 4)) == (None, 8, 3)
    assert not layer.built


# ---- state
def test_variables_are_found_in_attributes_lists_and_dicts():
    class Net(layers.Layer):
        def __init__(self):
            super().__init__(name="net")
            self.parts = [layers.Dense(2, name="a")]
            self.more = {"b": layers.Dense(1, name="b")}
            self.own = keras.Variable(np.zeros(3), name="own", trainable=False)
            self.drop = layers.Dropout(0.5, seed=1)

        def call(self, x):
            for part in self.parts:
                x = part(x)
            return self.more["b"](self.drop(x))

    net = Net()
    net.parts.append(layers.Dense(2, name="late"))
    net(np.ones((1, 4)))
    assert [v.path for v in net.weights] == [
        "own",
        "net/a/kernel",
        "net/a/bias",
        "net/late/kernel",
        "net/late/bias",
        "net/b/kernel",
        "net/b/bias",
    ]
    assert [v.name for v in net.variables][-1] == "seed_generator_state"
    assert len(net.variables) == len(net.weights) + 1
    assert [v.name for v in net.non_trainable_weights] == ["own"]
    assert [v.name for v in net.non_trainable_variables] == ["own", "seed_generator_state"]


def test_a_shared_layer_counts_once():
    shared = layers.Dense(2)

    class Twice(layers.Layer):
        def __init__(self):
            super().__init__()
            self.a, self.b = shared, shared

        def call(self, x):
            return self.b(self.a(x))

    layer = Twice()
    layer(np.ones((1, 2)))
    assert layer.count_params() == 6


def test_trainable_can_be_switched_off_and_on():
    layer = Scale()
    layer(np.ones((1, 2)))
    fixed = layer.add_weight((1,), "zeros", trainable=False, name="fixed")
    layer.trainable = False
    assert layer.trainable_weights == []
    assert {v.name for v in layer.non_trainable_weights} == {"gain", "fixed"}
    assert not layer.gain.trainable
    layer.trainable = True
    assert layer.trainable_variables == [layer.gain]
    assert not fixed.trainable


def test_a_layer_made_not_trainable_keeps_its_weights_fixed_inside_others():
    inner = layers.Dense(2, trainable=False)
    outer = Outer(inner)
    outer(np.ones((1, 3)))
    assert outer.trainable_weights == []
    outer.trainable = True
    assert len(outer.trainable_weights) == 2


def test_weights_are_read_as_copies_and_written():
    layer = layers.Dense(2)
    layer.build((None, 3))
    kernel, bias = layer.get_weights()
    kernel += 1
    assert not np.array_equal(kernel, layer.kernel.numpy())
    layer.set_weights([kernel, bias + 2])
    np.testing.assert_array_equal(layer.kernel.numpy(), kernel)
    np.testing.assert_array_equal(layer.bias.numpy(), [2, 2])


def test_metrics_in_attributes_are_found():
    class WithMetric(layers.Layer):
        def __init__(self):
            super().__init__()
            self.seen = keras.metrics.Mean(name="seen")

        def call(self, x):
            return x

    layer = WithMetric()
    assert [m.name for m in layer.metrics] == ["seen"]
    assert layer.variables == []
    assert layer.metrics_variables == layer.seen.variables


# ---- losses
def test_losses_of_the_last_call_and_of_weights():
    class Penal(layers.Layer):
        def call(self, x):
            self.add_loss(ops.sum(x))
            return x

    layer = Outer(Penal())
    layer(np.ones((2, 2)))
    layer(np.full((2, 2), 3.0))
    assert [float(v) for v in layer.losses] == [12.0]

    dense = layers.Dense(2, kernel_initializer="ones", kernel_regularizer="l2")
    dense(np.ones((1, 3)))
    assert [float(v) for v in dense.losses] == pytest.approx([0.06])
    dense.trainable = False
    assert dense.losses == []


def test_activity_regularizer():
    layer = layers.Dense(
        2, kernel_initializer="ones", activity_regularizer=keras.regularizers.L1(0.5)
    )
    layer(np.ones((4, 3)))
    assert float(layer.losses[0]) == pytest.approx(0.5 * 3 * 8 / 4)
    penalty = layers.ActivityRegularization(l2=0.25)
    penalty(np.full((1, 2), 2.0))
    assert float(penalty.losses[0]) == pytest.approx(2.0)


def test_losses_of_a_trace_do_not_leak_out_of_it():
    layer = layers.ActivityRegularization(l1=1.0)
    trace = Trace()
    with trace.active():
        layer(trace.input("x", (2, 2), "float32"))
        assert len(layer.losses) == 1
    assert layer.losses == []


# ---- names and configs
def test_names_count_by_class_and_start_again():
    assert [layers.Dense(1).name for _ in range(3)] == ["dense", "dense_1", "dense_2"]
    assert layers.LeakyReLU().name == "leaky_re_lu"
    assert layers.PReLU().name == "p_re_lu"
    keras.utils.clear_session()
    assert layers.Dense(1).name == "dense"


@pytest.mark.parametrize("case", CONFIGS, ids=lambda c: f"{c['class']}-{c['arguments']}")
def test_configs_are_those_of_keras(case):
    cls = getattr(layers, case["class"])
    layer = cls(**case["arguments"])
    config = json.loads(json.dumps(layer.get_config()))
    expected = {k: v for k, v in case["config"].items() if k not in LATER}
    activity = expected.get("activity_regularizer")
    if activity:  # Keras rounds l1 to float32 on the way
        activity["config"]["l1"] = pytest.approx(activity["config"]["l1"])
    assert config == expected
    again = cls.from_config(layer.get_config())
    assert json.loads(json.dumps(again.get_config())) == config


def test_a_user_layer_gets_its_config_from_its_constructor():
    layer = Scale(3.0, name="s")
    config = layer.get_config()
    assert config["factor"] == 3.0
    assert config["name"] == "s"
    assert Scale.from_config(config).factor == 3.0


def test_a_layer_with_arguments_no_config_can_hold_says_so():
    with pytest.raises(TypeError, match=r"Outer has no get_config\(\), and its argument inner="):
        Outer(Scale()).get_config()


def test_serialize_and_deserialize():
    layer = layers.Dense(3, name="d")
    layer.build((None, 2))
    config = layers.serialize(layer)
    assert config["class_name"] == "Dense"
    assert config["build_config"] == {"input_shape": (None, 2)}
    assert layers.deserialize(config).units == 3
    user = layers.serialize(Scale(4.0))
    assert layers.deserialize(user, {"Scale": Scale}).factor == 4.0
    with pytest.raises(ValueError, match="layer='Dense2' is not a known layer"):
        layers.deserialize({"class_name": "Dense2", "config": {}})


def public_layers():
    return [n for n in layers.__all__ if n not in ("Layer", "deserialize", "serialize")]


@pytest.mark.parametrize("name", public_layers())
def test_signatures_are_those_of_keras(name):
    import inspect

    parameters = inspect.signature(getattr(layers, name)).parameters.values()
    ours = [(p.name, None if p.default is p.empty else p.default) for p in parameters]
    theirs = SIGNATURES["modules"]["layers"][name]["parameters"]
    leave = {"lora_rank", "lora_alpha", "quantization_config", "axes"}
    expected = [(n, d) for n, _, d in theirs if n not in leave]
    assert [n for n, _ in ours if n not in leave] == [n for n, _ in expected]
    for (n, default), (_, text) in zip(
        [o for o in ours if o[0] not in leave], expected, strict=True
    ):
        assert text is None or repr(default) == text, n


def test_repr():
    layer = layers.Dense(3)
    assert repr(layer) == "<Dense name=dense, built=False>"
    layer(np.ones((1, 1)))
    assert repr(layer) == "<Dense name=dense, built=True>"


# ---- mistakes
def mistakes():
    x = np.ones((2, 4))

    def built():
        layer = layers.Dense(3, name="d")
        layer(x)
        return layer

    class NoSuper(layers.Layer):
        def __init__(self):
            self.units = 3

        def call(self, x):
            return x

    class NoCall(layers.Layer):
        pass

    return {
        "width": (
            lambda: built()(np.ones((2, 5))),
            ValueError,
            'layer "d" (Dense): its input has shape (2, 5): expected 4 along axis -1, got 5',
        ),
        "no batch axis": (
            lambda: layers.Dense(3)(np.ones(4)),
            ValueError,
            "expected at least 2 axes, got 1; the first axis is the batch: for one sample x pass "
            "x[None], a batch of one",
        ),
        "unknown argument": (
            lambda: layers.Dense(3, activaton="relu"),
            ValueError,
            "Dense: unknown argument 'activaton'. Did you mean \"activation\"?",
        ),
        "unknown argument and a missing one": (
            lambda: layers.Dense(unit=3),
            ValueError,
            "Dense: unknown argument 'unit'. Did you mean \"units\"?",
        ),
        "unknown argument of a user's layer": (
            lambda: Scale(nam="x"),
            ValueError,
            "Scale: unknown argument 'nam'. Did you mean \"name\"?",
        ),
        "units": (lambda: layers.Dense(-3), ValueError, "units=-3: expected a positive integer"),
        "name": (lambda: layers.Dense(3, name="a/b"), ValueError, "name='a/b'"),
        "count": (lambda: layers.Dense(3).count_params(), ValueError, "is not built"),
        "set before build": (
            lambda: layers.Dense(3).set_weights([x]),
            ValueError,
            "has 0 weights, got 1 arrays; it is not built: call build(input_shape) first",
        ),
        "set wrong shape": (
            lambda: built().set_weights([np.ones((3, 4)), np.ones(3)]),
            ValueError,
            "weight 'd/kernel' has shape (4, 3), got (3, 4)",
        ),
        "no super": (lambda: NoSuper()(x), RuntimeError, "did not call super().__init__()"),
        "no call": (lambda: NoCall()(x), TypeError, "define NoCall.call(self, inputs)"),
        "add_loss": (lambda: built().add_loss(len), ValueError, "got the function"),
        "free width": (
            lambda: layers.Dense(3)(keras.Input((None,))),
            ValueError,
            "the last axis of the input shape (None, None) is not known",
        ),
        "symbol as array": (
            lambda: np.exp(keras.Input((3,))),
            TypeError,
            "has a shape but no numbers",
        ),
    }


@pytest.mark.parametrize("name", sorted(mistakes()))
def test_mistakes_are_explained(name):
    make, kind, text = mistakes()[name]
    with pytest.raises(kind) as caught:
        make()
    assert text in str(caught.value)


def test_an_error_inside_is_located():
    class Bad(layers.Layer):
        def call(self, x):
            return x @ ops.ones((7, 7))

    with pytest.raises(Exception) as caught:
        Outer(Bad(name="bad"), name="out")(np.ones((2, 3)))
    assert caught.value.__notes__ == ['while calling layer "out/bad" (Bad) on float32[2, 3]']
