"""Each layer: its numbers against NumPy, its gradients against finite differences in float64."""

import numpy as np
import pytest

import whit as keras
from whit import layers, ops

RNG = np.random.default_rng(0)


def finite_difference(f, x, step=1e-6):
    """The gradient of a scalar function at a float64 array, by central differences."""
    gradient = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        kept = x[at]
        x[at] = kept + step
        above = f()
        x[at] = kept - step
        gradient[at] = (above - f()) / (2 * step)
        x[at] = kept
    return gradient


CASES = {
    "dense": (lambda: layers.Dense(3, activation="tanh", dtype="float64"), (4, 5)),
    "dense of three axes": (
        lambda: layers.Dense(3, activation="softmax", dtype="float64"),
        (2, 3, 4),
    ),
    "dense without bias": (lambda: layers.Dense(2, use_bias=False, dtype="float64"), (3, 2)),
    "activation": (lambda: layers.Activation("gelu", dtype="float64"), (3, 4)),
    "identity": (lambda: layers.Identity(dtype="float64"), (3, 4)),
    "lambda": (lambda: layers.Lambda(lambda x: ops.exp(x) * x, dtype="float64"), (3, 4)),
    "flatten": (lambda: layers.Flatten(dtype="float64"), (2, 3, 4)),
    "flatten channels first": (
        lambda: layers.Flatten("channels_first", dtype="float64"),
        (2, 3, 4),
    ),
    "reshape": (lambda: layers.Reshape((2, -1), dtype="float64"), (2, 3, 4)),
    "permute": (lambda: layers.Permute((2, 1), dtype="float64"), (2, 3, 4)),
    "repeat": (lambda: layers.RepeatVector(3, dtype="float64"), (2, 4)),
    "rescaling": (lambda: layers.Rescaling(0.5, [1.0, 2.0], dtype="float64"), (3, 2)),
    "normalization": (
        lambda: layers.Normalization(mean=[1.0, 2.0], variance=[4.0, 9.0], dtype="float64"),
        (3, 2),
    ),
    "denormalization": (
        lambda: layers.Normalization(mean=1.0, variance=4.0, invert=True, dtype="float64"),
        (3, 2),
    ),
    "relu": (lambda: layers.ReLU(1.0, 0.1, 0.25, dtype="float64"), (5, 6)),
    "leaky relu": (lambda: layers.LeakyReLU(0.2, dtype="float64"), (5, 6)),
    "elu": (lambda: layers.ELU(0.7, dtype="float64"), (5, 6)),
    "prelu": (lambda: layers.PReLU("random_normal", dtype="float64"), (5, 6)),
    "shared prelu": (lambda: layers.PReLU("ones", shared_axes=[1], dtype="float64"), (2, 3, 4)),
    "softmax": (lambda: layers.Softmax(dtype="float64"), (3, 4)),
    "softmax over two axes": (lambda: layers.Softmax((1, 2), dtype="float64"), (2, 3, 4)),
}


@pytest.mark.parametrize("name", CASES)
def test_gradients_of_input_and_weights(name):
    make, shape = CASES[name]
    keras.utils.set_random_seed(1)
    layer = make()
    x = RNG.normal(size=shape)
    probe = RNG.normal(size=np.shape(layer(x)))

    def loss(x, weights):
        return ops.sum(ops.multiply(layer(x), probe))

    by_x, by_weights = keras.grad(loss, argnums=(0, 1))(x, layer.trainable_variables)
    value = lambda: float(np.sum(layer(x) * probe))  # noqa: E731
    np.testing.assert_allclose(by_x, finite_difference(value, x), rtol=1e-5, atol=1e-7)
    for v, g in zip(layer.trainable_variables, by_weights, strict=True):
        np.testing.assert_allclose(g, finite_difference(value, v.array), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", CASES)
def test_shapes_inferred_are_shapes_computed(name):
    make, shape = CASES[name]
    layer = make()
    inferred = layer.compute_output_shape((None, *shape[1:]))
    assert layer(np.zeros(shape)).shape == (shape[0], *inferred[1:])
    assert inferred[0] is None


# ---- numbers
def test_dense():
    layer = layers.Dense(2, activation="relu", bias_initializer="ones")
    x = RNG.normal(size=(3, 5, 4)).astype("float32")
    y = layer(x)
    kernel, bias = layer.get_weights()
    assert bias.tolist() == [1.0, 1.0]
    np.testing.assert_allclose(y, np.maximum(x @ kernel + bias, 0), rtol=1e-5, atol=1e-6)


def test_dense_options():
    layer = layers.Dense(
        3,
        use_bias=False,
        kernel_initializer=keras.initializers.Constant(2.0),
        kernel_constraint="non_neg",
        kernel_regularizer=keras.regularizers.L1(0.1),
    )
    layer(np.ones((1, 2)))
    assert layer.bias is None
    assert layer.kernel.constraint is not None
    assert float(layer.losses[0]) == pytest.approx(0.1 * 12)


def test_activation_takes_functions():
    y = layers.Activation(lambda x: x * 3)(np.ones((1, 2)))
    np.testing.assert_array_equal(y, [[3.0, 3.0]])


def test_flatten_and_reshape():
    x = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(layers.Flatten()(x), x.reshape(2, 12))
    swapped = np.moveaxis(x, 1, -1).reshape(2, 12)
    np.testing.assert_array_equal(layers.Flatten("channels_first")(x), swapped)
    assert layers.Flatten()(np.ones(5)).shape == (5, 1)
    np.testing.assert_array_equal(layers.Reshape((4, -1))(x), x.reshape(2, 4, 3))
    assert layers.Reshape((2, -1)).compute_output_shape((None, 3, 4)) == (None, 2, 6)
    np.testing.assert_array_equal(layers.Permute((2, 1))(x), x.transpose(0, 2, 1))
    np.testing.assert_array_equal(
        layers.RepeatVector(2)(x[:, :, 0]), np.repeat(x[:, :1, 0:1] * 0 + x[:, None, :, 0], 2, 1)
    )


def test_rescaling_makes_floats_of_images():
    y = layers.Rescaling(1 / 255)(np.full((1, 2, 2, 3), 255, np.uint8))
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, 1, rtol=1e-6)
    y = layers.Rescaling([1.0, 2.0], offset=[0.0, 1.0])(np.ones((1, 2)))
    np.testing.assert_allclose(y, [[1, 3]])


def test_relu_bends():
    x = np.array([[-2.0, 0.0, 0.5, 1.5, 7.0]])
    np.testing.assert_allclose(layers.ReLU()(x), [[0, 0, 0.5, 1.5, 7]])
    y = layers.ReLU(max_value=6.0, negative_slope=0.5, threshold=1.0)(x)
    np.testing.assert_allclose(y, [[-1.5, -0.5, -0.25, 1.5, 6]])


def test_other_activation_layers():
    x = np.array([[-1.0, 0.0, 2.0]], "float32")
    np.testing.assert_allclose(layers.LeakyReLU()(x), [[-0.3, 0, 2]], rtol=1e-6)
    with pytest.warns(UserWarning, match="alpha is now called negative_slope"):
        layer = layers.LeakyReLU(alpha=0.5)
    np.testing.assert_allclose(layer(x), [[-0.5, 0, 2]])
    np.testing.assert_allclose(layers.ELU(2.0)(x), [[2 * np.expm1(-1), 0, 2]], rtol=1e-5)
    prelu = layers.PReLU(alpha_initializer=keras.initializers.Constant(0.25))
    np.testing.assert_allclose(prelu(x), [[-0.25, 0, 2]])
    soft = layers.Softmax()(x)
    np.testing.assert_allclose(soft, np.exp(x) / np.exp(x).sum(), rtol=1e-5)
    masked = layers.Softmax()(x, mask=np.array([[True, False, True]]))
    np.testing.assert_allclose(masked[0, 1], 0, atol=1e-7)
    np.testing.assert_allclose(masked.sum(), 1, rtol=1e-6)


def test_prelu_shares_slopes():
    layer = layers.PReLU(shared_axes=[1, 2])
    layer(np.ones((2, 5, 6, 3)))
    assert layer.alpha.shape == (1, 1, 3)


def test_lambda_takes_arguments_and_training():
    layer = layers.Lambda(lambda x, k, training=False: x * k if training else x, arguments={"k": 3})
    np.testing.assert_array_equal(layer(np.ones((1, 1))), [[1.0]])
    np.testing.assert_array_equal(layer(np.ones((1, 1)), training=True), [[3.0]])
    assert layers.Lambda(lambda x: x, output_shape=(7,)).compute_output_shape((None, 2)) == (
        None,
        7,
    )


# ---- dropout
def test_dropout_drops_and_scales_in_training_alone():
    layer = layers.Dropout(0.25, seed=3)
    x = np.ones((100, 100), "float32")
    np.testing.assert_array_equal(layer(x), x)
    y = layer(x, training=True)
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / 0.75)}
    assert abs((y == 0).mean() - 0.25) < 0.02
    assert not np.array_equal(y, layer(x, training=True))


def test_dropout_with_a_seed_repeats():
    x = np.ones((8, 8))
    runs = [layers.Dropout(0.5, seed=7)(x, training=True) for _ in range(2)]
    np.testing.assert_array_equal(*runs)


def test_dropout_noise_shape():
    y = layers.Dropout(0.5, noise_shape=(None, 1, None), seed=1)(np.ones((4, 5, 6)), training=True)
    assert np.ptp(y, axis=1).max() == 0
    assert np.ptp(y, axis=2).max() > 0


@pytest.mark.parametrize(("rate", "kept"), [(0, 1.0), (1, 0.0)])
def test_dropout_at_its_ends(rate, kept):
    y = layers.Dropout(rate)(np.ones((3, 3)), training=True)
    np.testing.assert_array_equal(y, np.full((3, 3), kept))


# ---- normalization
def test_normalization_adapts_to_an_array():
    x = RNG.normal(3, 2, size=(50, 4)).astype("float32")
    layer = layers.Normalization()
    layer.adapt(x)
    y = layer(x)
    np.testing.assert_allclose(y.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(y.std(0), 1, rtol=1e-5)
    np.testing.assert_allclose(layer.adapt_variance.numpy(), x.var(0), rtol=1e-5)
    assert layer.count_params() == 9
    back = layers.Normalization(mean=x.mean(0), variance=x.var(0), invert=True)
    np.testing.assert_allclose(back(y), x, rtol=1e-4, atol=1e-5)


def test_normalization_adapts_to_batches_as_to_the_whole():
    x = RNG.normal(100, 1e-2, size=(97, 3))
    whole, parts = layers.Normalization(), layers.Normalization()
    whole.adapt(x)
    parts.adapt((x[n : n + 10], None) for n in range(0, 97, 10))
    np.testing.assert_allclose(parts.get_weights()[1], whole.get_weights()[1], rtol=1e-5)
    np.testing.assert_allclose(whole.get_weights()[1], x.var(0), rtol=1e-5)


@pytest.mark.parametrize(
    ("axis", "shape"), [(None, ()), (-1, (4,)), (1, (3,)), ((1, 2), (3, 4)), ((-1, 1), (3, 4))]
)
def test_normalization_axes(axis, shape):
    x = RNG.normal(2, 3, size=(20, 3, 4))
    layer = layers.Normalization(axis=axis)
    layer.adapt(x)
    assert layer.adapt_mean.shape == shape
    kept = () if axis is None else np.atleast_1d(axis) % 3
    rest = tuple(q for q in range(3) if q not in kept)
    expected = (x - x.mean(rest, keepdims=True)) / x.std(rest, keepdims=True)
    np.testing.assert_allclose(layer(x), expected, rtol=1e-4, atol=1e-5)


def test_normalization_before_adapt_changes_nothing():
    x = RNG.normal(size=(2, 3)).astype("float32")
    np.testing.assert_array_equal(layers.Normalization()(x), x)


# ---- mistakes
@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: layers.Dropout(1.5), "rate=1.5: expected a number from 0 to 1"),
        (lambda: layers.Reshape((-1, -1)), "at most one -1"),
        (
            lambda: layers.Reshape((5, 5))(np.ones((2, 4))),
            "a sample of shape (4,) has 4 elements, which do not fill target_shape=(5, 5)",
        ),
        (lambda: layers.Permute((0, 1)), "expected each of 1 to 2 once"),
        (lambda: layers.Permute((2, 1))(np.ones((2, 3))), "expected 3 axes, got 2"),
        (lambda: layers.RepeatVector(0), "n=0: expected a positive integer"),
        (lambda: layers.RepeatVector(2)(np.ones((2, 3, 4))), "expected 2 axes, got 3"),
        (lambda: layers.ReLU(max_value=-1.0), "max_value=-1.0: expected a number >= 0"),
        (lambda: layers.LeakyReLU(None), "negative_slope=None: expected a number >= 0"),
        (lambda: layers.Normalization(mean=1.0), "mean is given and variance is not"),
        (
            lambda: layers.Normalization(axis=4)(np.ones((2, 3))),
            "axis=[4] is outside an input of 2",
        ),
        (
            lambda: layers.Normalization(mean=1.0, variance=1.0).adapt(np.ones((2, 3))),
            "leave them out",
        ),
        (lambda: layers.Normalization().adapt(np.ones((0, 3))), "no data to take moments of"),
        (lambda: layers.Lambda(3), "function=3 is not callable"),
        (lambda: keras.Input(), "give the shape of one sample, as in Input((784,))"),
        (lambda: keras.Input((3,), batch_shape=(2, 3)), "batch_shape already holds the batch axis"),
        (lambda: keras.Input((3,), sparse=True), "dense tensors only"),
        (lambda: keras.Input((-3,)), "expected a tuple of integers >= 0"),
        (lambda: keras.Input((3,), dtype="float31"), "dtype='float31'"),
    ],
)
def test_mistakes_are_explained(make, text):
    with pytest.raises((ValueError, TypeError)) as caught:
        make()
    assert text in str(caught.value)


def test_input():
    x = keras.Input((28, 28), batch_size=32, dtype="uint8", name="image")
    assert (x.shape, x.dtype, x.name) == ((32, 28, 28), "uint8", "image")
    assert repr(keras.Input(5, name="x")) == (
        "<KerasTensor shape=(None, 5), dtype=float32, sparse=False, ragged=False, name=x>"
    )
