"""What `fit`, `evaluate` and `predict` do with their arguments."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import whit as keras
from whit import layers
from whit.errors import ArgumentError, DataError, NotCompiledError, ShapeError, UnknownNameError

CLOSE = {"rtol": 1e-5, "atol": 1e-6}


def step_by_hand(kernel: Any, bias: Any, x: Any, y: Any, rate: float) -> tuple[Any, Any, float]:
    """One step of gradient descent on the mean squared error, in float64."""
    error = x.astype(float) @ kernel + bias - y
    gradient = 2 * x.T @ error / len(x)
    return kernel - rate * gradient, bias - rate * 2 * error.mean(0), float((error**2).mean())


def test_is_gradient_descent(regressor, x, y):
    model = regressor(keras.optimizers.SGD(0.1))
    history = model.fit(x, y * 2, batch_size=8, epochs=2, shuffle=False, verbose=0)
    kernel, bias, losses = np.ones((4, 1)), np.zeros(1), []
    for _ in range(2):
        total = 0.0
        for first in (0, 8, 16):
            rows = slice(first, first + 8)
            kernel, bias, loss = step_by_hand(kernel, bias, x[rows], y[rows] * 2, 0.1)
            total += loss * len(x[rows])
        losses.append(total / 23)
    np.testing.assert_allclose(model.get_weights()[0], kernel, **CLOSE)
    np.testing.assert_allclose(history.history["loss"], losses, **CLOSE)


def test_every_sample_once_an_epoch(x):
    """The sum of the weights that the samples have is the mean of what the epoch saw."""

    class Count(keras.Model):
        def __init__(self):
            super().__init__()
            self.seen = keras.Variable(np.zeros(23, "float32"), trainable=False)

        def call(self, inputs, training=False):
            if training:
                hits = keras.ops.equal(inputs, np.arange(23, dtype="float32"))
                self.seen.assign(self.seen + keras.ops.sum(keras.ops.cast(hits, "float32"), axis=0))
            return inputs

    model = Count()
    model.add_loss_scale = keras.Variable(np.float32(1.0))
    model.compile("sgd", lambda t, p: keras.ops.mean(p * model.add_loss_scale, axis=-1))
    places = np.arange(23, dtype="float32")[:, None]
    model.fit(places, places, batch_size=4, epochs=3, verbose=0)
    assert model.seen.numpy().tolist() == [3.0] * 23


@pytest.mark.parametrize("shuffle", [True, "batch"])
def test_shuffling_follows_the_seed(regressor, x, y, shuffle):
    def train(seed: int) -> np.ndarray:
        keras.utils.set_random_seed(seed)
        model = regressor()
        model.fit(x, y * 3, batch_size=4, epochs=2, shuffle=shuffle, verbose=0)
        return model.get_weights()[0]

    assert train(1).tobytes() == train(1).tobytes()
    assert train(1).tobytes() != train(2).tobytes()


def test_initial_epoch_and_names_in_history(regressor, x, y):
    model = regressor(metrics=["mae"])
    history = model.fit(x, y, epochs=5, initial_epoch=3, validation_data=(x, y), verbose=0)
    assert history.epoch == [3, 4]
    assert list(history.history) == ["loss", "mae", "val_loss", "val_mae"]
    assert model.history is history
    assert history.params == {"verbose": 0, "epochs": 5, "steps": 1}


def test_no_epochs(regressor, x, y):
    assert regressor().fit(x, y, epochs=0, verbose=0).history == {}


def test_validation_split_takes_the_end(regressor, x, y):
    split, given = regressor(), regressor()
    a = split.fit(x, y * 2, validation_split=0.3, shuffle=False, verbose=0).history
    b = given.fit(
        x[:16], y[:16] * 2, validation_data=(x[16:], y[16:] * 2), shuffle=False, verbose=0
    ).history
    assert a == b


def test_class_weight_is_for_training_alone(x):
    labels = np.arange(23) % 3
    weight = {0: 1.0, 1: 5.0, 2: 0.5}

    def fit(**more: Any) -> dict:
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model.fit(x[:12], labels[:12], shuffle=False, verbose=0, **more).history

    by_class = fit(class_weight=weight, validation_data=(x[12:], labels[12:]))
    weights = np.array([weight[int(v)] for v in labels[:12]], "float32")
    by_sample = fit(sample_weight=weights, validation_data=(x[12:], labels[12:]))
    assert by_class == by_sample
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    split = model.fit(
        x, labels, validation_split=0.45, class_weight=weight, shuffle=False, verbose=0
    )
    np.testing.assert_allclose(split.history["val_loss"], by_class["val_loss"], rtol=1e-6)


def test_validation_freq(regressor, x, y):
    history = (
        regressor()
        .fit(x, y, epochs=4, validation_data=(x, y), validation_freq=2, verbose=0)
        .history
    )
    assert len(history["val_loss"]) == 2
    history = (
        regressor()
        .fit(x, y, epochs=4, validation_data=(x, y), validation_freq=[1, 2, 4], verbose=0)
        .history
    )
    assert len(history["val_loss"]) == 3


def test_validation_batch_size_and_steps(regressor, x, y):
    model = regressor()
    history = model.fit(
        x, y * 2, validation_data=(x, y * 2), validation_batch_size=5, validation_steps=2, verbose=0
    )
    expected = model.evaluate(x[:10], y[:10] * 2, verbose=0)
    np.testing.assert_allclose(history.history["val_loss"], [expected], rtol=1e-5)


def test_steps_per_epoch_goes_on_with_the_data(regressor, x, y):
    model, other = regressor(), regressor()
    with pytest.warns(UserWarning, match="the data ended before the epoch did"):
        model.fit(x, y * 2, batch_size=8, steps_per_epoch=2, epochs=2, shuffle=False, verbose=0)
    other.fit(x, y * 2, batch_size=8, shuffle=False, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], other.get_weights()[0], rtol=1e-6)


def test_regularizers_are_part_of_the_loss(x, y):
    layer = layers.Dense(1, kernel_initializer="ones", kernel_regularizer="l2")
    model = keras.Sequential([keras.Input((4,)), layer])
    model.compile("sgd", "mse")
    np.testing.assert_allclose(model.evaluate(x, y, verbose=0), 0.04, rtol=1e-5)


def test_compile_fixes_what_is_trained(x, y, regressor):
    model = regressor()
    model.layers[0].trainable = False
    model.fit(x, y * 2, verbose=0)
    assert not np.array_equal(model.get_weights()[0], np.ones((4, 1)))
    model.compile("sgd", "mse")
    before = model.get_weights()[0]
    model.fit(x, y * 2, verbose=0)
    assert np.array_equal(model.get_weights()[0], before)


def test_model_without_a_shape_is_built_from_the_data(x, y):
    model = keras.Sequential([layers.Dense(3, activation="relu"), layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    history = model.fit(x, y, epochs=20, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert model.built


def test_a_model_that_grew_is_compiled_anew(x):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    assert model.predict(x, verbose=0).shape == (23, 3)
    model.add(layers.Dense(2))
    assert model.predict(x, verbose=0).shape == (23, 2)


def test_run_eagerly_gives_the_same(regressor, x, y):
    plain, eager = regressor(), regressor(run_eagerly=True)
    a = plain.fit(x, y * 2, epochs=2, shuffle=False, verbose=0).history["loss"]
    b = eager.fit(x, y * 2, epochs=2, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(a, b, rtol=1e-5)


def test_steps_of_ones_own(x, y):
    class Halved(keras.Sequential):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None):
            return super().compute_loss(x, y, y_pred, sample_weight) * 0.5

        def test_step(self, data):
            logs = super().test_step(data)
            return {**logs, "twice": logs["loss"] * 2}

    model = Halved([keras.Input((4,)), layers.Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mse")
    logs = model.evaluate(x, y * 2, verbose=0, return_dict=True)
    loss = float(np.mean(y**2)) / 2
    np.testing.assert_allclose([logs["loss"], logs["twice"]], [loss, 2 * loss], rtol=1e-5)


def test_metrics_of_ones_own_model(x, y):
    class Watched(keras.Sequential):
        def __init__(self, *args):
            super().__init__(*args)
            self.largest = keras.metrics.Mean(name="largest")

        def compute_metrics(self, x, y, y_pred, sample_weight=None):
            self.largest.update_state(keras.ops.max(y_pred))
            return super().compute_metrics(x, y, y_pred, sample_weight)

    model = Watched([keras.Input((4,)), layers.Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mse")
    assert [m.name for m in model.metrics] == ["loss", "largest"]
    logs = model.evaluate(x, y, verbose=0, return_dict=True)
    np.testing.assert_allclose(logs["largest"], y.max(), rtol=1e-5)
    assert model.evaluate(x, y, verbose=0) == [logs["loss"], logs["largest"]]


# ---- predict
@pytest.mark.parametrize("n", [1, 3, 8, 9, 20, 23])
def test_predict_any_number_of_rows(regressor, x, y, n):
    model = regressor()
    for verbose in (0, 2):
        found = model.predict(x[:n], batch_size=8, verbose=verbose)
        np.testing.assert_allclose(found, y[:n], rtol=1e-4, atol=1e-5)
        assert found.shape == (n, 1)
    np.testing.assert_allclose(model.predict_on_batch(x[:n]), y[:n], rtol=1e-4, atol=1e-5)


def test_predict_does_not_pad_where_rows_meet(x):
    class Centered(keras.layers.Layer):
        def call(self, inputs):
            return inputs - keras.ops.mean(inputs, axis=0)

    model = keras.Sequential([keras.Input((4,)), Centered()])
    np.testing.assert_allclose(model.predict(x[:3], verbose=0), x[:3] - x[:3].mean(0), atol=1e-6)
    found = model.predict(x, batch_size=20, verbose=0)
    np.testing.assert_allclose(found[20:], x[20:] - x[20:].mean(0), atol=1e-6)


def test_predictions_stay(regressor, x):
    """A later call of the quick path does not write into an earlier result."""
    model = regressor()
    model.predict(x[:1], verbose=0)
    first = model.predict(x[:1], verbose=0)
    kept = first.copy()
    model.predict(x[5:6], verbose=0)
    assert np.array_equal(first, kept)


def test_quick_paths_take_any_layout_of_memory(regressor, x, y):
    model = regressor()
    turned = np.asfortranarray(x)
    for rows in (x, turned, turned):
        np.testing.assert_allclose(model.predict(rows, verbose=0), y, rtol=1e-4, atol=1e-5)
    losses = [model.test_on_batch(rows, y * 2) for rows in (x, turned, turned)]
    assert losses[0] == pytest.approx(losses[1]) and losses[1] == losses[2]


def test_predict_several_outputs(x):
    class Two(keras.Model):
        def call(self, inputs):
            return {"twice": inputs * 2, "sum": keras.ops.sum(inputs, axis=1)}

    for n in (3, 23):
        found = Two().predict(x[:n], batch_size=8, verbose=0)
        np.testing.assert_allclose(found["twice"], x[:n] * 2)
        np.testing.assert_allclose(found["sum"], x[:n].sum(1), rtol=1e-5, atol=1e-6)


def test_predict_needs_no_compile(x):
    model = keras.Sequential([layers.Dense(2)])
    assert model.predict(x, verbose=0).shape == (23, 2)


# ---- several inputs and outputs
class Pair(keras.Model):
    """Two inputs, two outputs with names."""

    output_names = ("sum", "difference")

    def __init__(self):
        super().__init__()
        self.scale = keras.layers.Dense(1, kernel_initializer="ones", use_bias=False)

    def call(self, inputs):
        a, b = inputs
        return self.scale(a + b), self.scale(a - b)


def test_several_inputs_and_outputs(x):
    one, two = x[:, :1], x[:, 1:2]
    model = Pair()
    model.compile(
        "sgd",
        {"sum": "mse", "difference": "mae"},
        loss_weights={"sum": 2.0, "difference": 0.5},
        metrics={"sum": ["mae"], "difference": ["mse"]},
    )
    logs = model.evaluate([one, two], [one, two], verbose=0, return_dict=True)
    mse, mae = float(np.mean(two**2)), float(np.mean(np.abs(one - 2 * two)))
    assert list(logs) == ["difference_loss", "difference_mse", "loss", "sum_loss", "sum_mae"]
    np.testing.assert_allclose(logs["sum_loss"], mse, rtol=1e-5)
    np.testing.assert_allclose(logs["difference_loss"], mae, rtol=1e-5)
    np.testing.assert_allclose(logs["loss"], 2 * mse + 0.5 * mae, rtol=1e-5)
    with pytest.raises(ArgumentError, match=r"'som'.*Did you mean \"sum\""):
        model.compile("sgd", {"som": "mse"})
        model.fit([one, two], [one, two], verbose=0)


def test_as_many_targets_as_outputs(x):
    model = Pair()
    model.compile("sgd", "mse")
    with pytest.raises(DataError, match="y has 1 arrays, but the model has 2 outputs"):
        model.fit([x[:, :1], x[:, :1]], x[:, :1], verbose=0)


# ---- mistakes
@pytest.mark.parametrize("method", ["fit", "evaluate", "train_on_batch", "test_on_batch"])
def test_before_compile(method, x, y):
    model = keras.Sequential([layers.Dense(1)])
    with pytest.raises(NotCompiledError, match=r"You must call `compile\(\)` before using"):
        getattr(model, method)(x, y)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"batch_size": 0}, ArgumentError, "batch_size=0: expected a whole number of 1 or more"),
        ({"batch_size": 2.5}, ArgumentError, "batch_size=2.5"),
        ({"epochs": -1}, ArgumentError, "epochs=-1: expected a whole number"),
        ({"verbose": 3}, ArgumentError, "verbose=3: expected 0, 1, 2 or 'auto'"),
        ({"validation_split": 1.0}, ArgumentError, "validation_split=1.0"),
        (
            {"validation_split": 0.99},
            ArgumentError,
            "validation_split=0.99 of 23 samples leaves none",
        ),
        ({"validation_freq": 0}, ArgumentError, "validation_freq=0"),
        ({"steps_per_epoch": 0}, ArgumentError, "steps_per_epoch=0|steps=0"),
        ({"shuffle": "rows"}, ArgumentError, "shuffle='rows': expected True, False or 'batch'"),
        ({"callbacks": [keras.callbacks.History]}, ArgumentError, "History is a class"),
        ({"callbacks": [3]}, ArgumentError, "got 3 of type int"),
        ({"class_weight": [1, 2]}, ArgumentError, "class_weight=.*expected a dict"),
        (
            {"class_weight": {0: 1.0}, "sample_weight": np.ones(23)},
            ArgumentError,
            "class_weight and sample_weight cannot be given at the same time",
        ),
        ({"sample_weight": np.ones(3)}, DataError, "sample_weight has 3"),
    ],
)
def test_wrong_arguments_of_fit(regressor, x, y, arguments, error, message):
    with pytest.raises(error, match=message):
        regressor().fit(x, y, **{"verbose": 0, **arguments})


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"loss": "msee"}, UnknownNameError, 'Did you mean "mse"'),
        ({"optimizer": "adm"}, ValueError, 'Did you mean "adam"'),
        ({"metrics": ["acuracy"]}, UnknownNameError, "acuracy"),
        ({"metrics": "accuracy"}, ArgumentError, r"write metrics=\['accuracy'\]"),
        ({"loss_weights": "a"}, ArgumentError, "loss_weights='a'"),
        ({"steps_per_execution": 0}, ArgumentError, "steps_per_execution=0: expected 1 or more"),
    ],
)
def test_wrong_arguments_of_compile(arguments, error, message):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
    with pytest.raises(error, match=message):
        model.compile(**{"loss": "mse", **arguments})
    assert not model.compiled


def test_lengths_and_emptiness(regressor, x, y):
    with pytest.raises(DataError, match="x has 23, y has 22"):
        regressor().fit(x, y[:-1], verbose=0)
    for method in ("fit", "evaluate"):
        with pytest.raises(DataError, match="x is empty"):
            getattr(regressor(), method)(x[:0], y[:0], verbose=0)
    with pytest.raises(DataError, match="x is empty"):
        regressor().predict(x[:0], verbose=0)
    with pytest.raises(DataError, match="x is missing"):
        regressor().fit()


def test_missing_targets(regressor, x):
    with pytest.raises(DataError, match="y is missing: the loss 'mse' needs targets"):
        regressor().fit(x, verbose=0)


def test_validation_data_is_checked_and_named(regressor, x, y):
    with pytest.raises(ShapeError) as caught:
        regressor().fit(x, y, validation_data=(x[:, :3], y), verbose=0)
    assert "in validation_data" in caught.value.__notes__


def test_no_loss(x, y):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
    model.compile("sgd", metrics=["mae"])
    assert model.evaluate(x, y, verbose=0)[0] == 0.0
    with pytest.raises(ArgumentError, match="No loss to compute"):
        model.fit(x, y, verbose=0)


def test_one_sample_without_its_axis(regressor, x):
    for method in ("predict", "predict_on_batch"):
        with pytest.raises(ShapeError, match=r"pass x\[None\]"):
            getattr(regressor(), method)(x[0])


def test_unknown_argument_of_evaluate(regressor, x, y):
    with pytest.raises(ArgumentError, match="evaluate has no argument 'sampel_weight'"):
        regressor().evaluate(x, y, sampel_weight=y)


# ---- the model as an object
def test_trained_models_are_copied(regressor, x, y):
    model = regressor("adam", metrics=["mae"])
    model.fit(x, y * 2, verbose=0)
    other = copy.deepcopy(model)
    assert other.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
    other.fit(x, y * 2, verbose=0)
    assert not np.array_equal(other.get_weights()[0], model.get_weights()[0])


def test_models_are_pickled_without_their_programs(x):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    expected = model.predict(x, verbose=0)
    assert np.array_equal(pickle.loads(pickle.dumps(model)).predict(x, verbose=0), expected)


def test_compile_config(regressor, x, y):
    model = regressor(keras.optimizers.Adam(0.01), keras.losses.Huber(), metrics=["mae"])
    config = model.get_compile_config()
    other = keras.Sequential.from_config(model.get_config())
    other.compile_from_config(config)
    assert isinstance(other.loss, keras.losses.Huber)
    assert float(other.optimizer.learning_rate) == pytest.approx(0.01)
    assert list(other.evaluate(x, y, verbose=0, return_dict=True)) == ["loss", "mae"]
    assert keras.Sequential([layers.Dense(1)]).get_compile_config() == {}
