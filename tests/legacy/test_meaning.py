"""Old words that mean more than a new name: weights, decay, accuracy on request, generators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import whit
from whit import legacy
from whit.errors import ArgumentError
from whit.layers import Dense
from whit.legacy.logs import Logs
from whit.optimizers import SGD, Adam


@pytest.fixture(autouse=True)
def enabled() -> Iterator[None]:
    legacy.enable()
    yield
    legacy.disable()


X = np.random.default_rng(0).standard_normal((24, 3)).astype("float32")
LABELS = (X.sum(axis=1) > 0).astype("int32")
ONE_HOT = np.eye(2, dtype="float32")[LABELS]


def classifier(**compile: Any) -> Any:
    whit.utils.set_random_seed(1)
    model = whit.Sequential([Dense(2, input_dim=3, activation="softmax")])
    model.compile(**{"loss": "categorical_crossentropy", "optimizer": "sgd", **compile})
    return model


# ---- layers
def test_weights_are_the_layers_from_the_start() -> None:
    w, b = np.ones((3, 2), "float32"), np.full(2, 5, "float32")
    model = whit.Sequential([Dense(2, input_dim=3, weights=[w, b])])
    np.testing.assert_array_equal(model.get_weights()[0], w)
    np.testing.assert_array_equal(model.get_weights()[1], b)
    np.testing.assert_allclose(model.predict(X, verbose=0), X @ w + 5, rtol=1e-5)


def test_weights_of_a_layer_built_later() -> None:
    w = np.ones((3, 2), "float32")
    layer = Dense(2, use_bias=False, weights=[w])
    np.testing.assert_array_equal(layer(X), X @ w)
    assert "build" not in vars(layer)


def test_weights_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(4, 2\)"):
        whit.Sequential([Dense(2, input_dim=3, use_bias=False, weights=[np.ones((4, 2))])])


def test_init_takes_a_function_of_a_shape_and_a_name() -> None:
    layer = Dense(2, init=lambda shape, name=None: np.full(shape, 7.0))
    layer.build((None, 3))
    np.testing.assert_array_equal(layer.kernel.numpy(), np.full((3, 2), 7))


def test_add_weight_with_the_name_first() -> None:
    layer = whit.Layer()
    kernel = layer.add_weight("kernel", (3, 4), None, "ones")
    assert kernel.name == "kernel" and kernel.shape == (3, 4)
    np.testing.assert_array_equal(kernel.numpy(), 1)
    assert layer.add_weight((2,), "zeros").shape == (2,)  # today's order still works


def test_a_subclass_takes_old_arguments_too() -> None:
    class Mine(Dense):
        pass

    assert Mine(output_dim=3, init="zero").units == 3


def test_both_names_of_one_argument_are_refused() -> None:
    with pytest.raises(
        ArgumentError, match=r"Dense got output_dim= and units=.* leave output_dim= out"
    ):
        Dense(output_dim=3, units=3)


def test_an_unknown_argument_is_refused_with_a_hint() -> None:
    with pytest.raises(
        ValueError, match=r'unknown argument \'outputdim\'. Did you mean "output_dim"'
    ):
        Dense(outputdim=3)


# ---- optimizers
@pytest.mark.parametrize("compiled", [False, True])
def test_decay_divides_the_rate_by_one_plus_decay_times_iteration(compiled: bool) -> None:
    optimizer = SGD(lr=0.5, decay=0.25)
    rates = [0.5 / (1 + 0.25 * t) for t in range(4)]
    if compiled:
        model = whit.Sequential([Dense(4, use_bias=False, kernel_initializer="ones", input_dim=5)])
        model.compile(optimizer, loss=lambda y_true, y_pred: 4 * y_pred)  # its gradient is x = 1
        model.fit(np.ones((4, 5)), np.ones((4, 4)), batch_size=1, epochs=1, verbose=0)
        weight = model.get_weights()[0]
    else:
        variable = whit.Variable(np.ones((5, 4), "float32"))
        for _ in rates:
            optimizer.apply([np.ones((5, 4), "float32")], [variable])
        weight = variable.numpy()
    np.testing.assert_allclose(weight, 1 - sum(rates), rtol=1e-6)
    assert float(optimizer.lr.numpy()) == 0.5  # what a program reads is the rate before decay


def test_the_rate_can_be_set_by_its_old_name_and_decays_on() -> None:
    optimizer, variable = SGD(lr=0.5, decay=1.0), whit.Variable(np.zeros(1, "float32"))
    optimizer.apply([np.ones(1, "float32")], [variable])
    optimizer.lr = 4.0
    optimizer.apply([np.ones(1, "float32")], [variable])
    np.testing.assert_allclose(variable.numpy(), -(0.5 + 4.0 / 2))


def test_without_legacy_old_arguments_are_errors() -> None:
    legacy.disable()
    assert not legacy.enabled()
    with pytest.raises(ValueError, match='Did you mean "learning_rate"'):
        Adam(lr=0.1)
    with pytest.raises(ValueError, match="output_dim"):
        Dense(output_dim=3)
    assert not hasattr(Adam(), "lr") and not hasattr(whit.Sequential(), "predict_classes")


def test_enable_twice_is_enable_once() -> None:
    init = Dense.__init__
    legacy.enable()
    assert Dense.__init__ is init
    legacy.disable()
    assert Dense.__init__ is not init


# ---- training
def test_arguments_that_have_no_effect_are_taken() -> None:
    model = classifier(class_mode="categorical", theano_mode=None, sample_weight_mode=None)
    history = model.fit(
        X, ONE_HOT, nb_epoch=2, verbose=0, workers=4, use_multiprocessing=True, max_queue_size=3
    )
    assert len(history.history["loss"]) == 2


def test_show_accuracy_adds_accuracy_to_fit_and_to_those_results_that_ask() -> None:
    model = classifier(class_mode="categorical")
    history = model.fit(X, ONE_HOT, nb_epoch=1, show_accuracy=True, verbose=0)
    assert "acc" in history.history and "accuracy" in history.history
    loss, accuracy = model.evaluate(X, ONE_HOT, show_accuracy=True, verbose=0)
    assert accuracy == pytest.approx(np.mean(model.predict_classes(X) == LABELS))
    assert model.evaluate(X, ONE_HOT, verbose=0) == loss
    assert len(model.test_on_batch(X, ONE_HOT, accuracy=True)) == 2
    assert len(model.train_on_batch(X, ONE_HOT, accuracy=True)) == 2


def test_show_accuracy_of_false_changes_nothing() -> None:
    model = classifier()
    assert set(model.fit(X, ONE_HOT, show_accuracy=False, verbose=0).history) == {"loss"}


def test_show_accuracy_has_batches_of_128() -> None:
    model, x = classifier(), np.zeros((130, 3), "float32")
    model.fit(x, np.eye(2)[np.zeros(130, int)], nb_epoch=1, show_accuracy=True, verbose=0)
    assert int(model.optimizer.iterations.numpy()) == 2


def test_metrics_given_to_compile_stay_in_every_result() -> None:
    model = classifier(metrics=["accuracy"])
    model.fit(X, ONE_HOT, show_accuracy=True, verbose=0)
    assert len(model.evaluate(X, ONE_HOT, verbose=0)) == 2


@pytest.mark.parametrize("name", ["acc", "accuracy"])
def test_history_and_logs_have_both_names(name: str) -> None:
    seen: dict[str, Any] = {}

    class Look(whit.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.update(old=logs["val_acc"], new=logs.get("val_accuracy"), both="acc" in logs)

    history = classifier(metrics=[name]).fit(
        X, ONE_HOT, validation_split=0.5, verbose=0, callbacks=[Look()]
    )
    assert history.history["acc"] == history.history["accuracy"]
    assert seen == {"old": seen["new"], "new": history.history["val_acc"][0], "both": True}
    assert list(history.history) == [name, "loss", f"val_{name}", "val_loss"]
    with pytest.raises(KeyError, match="mae"):
        history.history["mae"]


def test_a_callback_may_monitor_the_other_name() -> None:
    stop = whit.callbacks.EarlyStopping(monitor="val_acc", patience=0, min_delta=2.0)
    model = classifier(metrics=["accuracy"])
    history = model.fit(X, ONE_HOT, epochs=5, validation_split=0.5, verbose=0, callbacks=[stop])
    assert len(history.epoch) == 2  # the second is no improvement of 2 over the first
    assert stop._sign == 1  # of an "acc", more is better


def test_logs_answer_to_twins_alone() -> None:
    logs = Logs(val_mse=1.0, acc=0.5)
    assert logs["val_mean_squared_error"] == 1.0 and logs.get("accuracy") == 0.5
    assert logs.get("mse") is None and logs.get("mse", 3) == 3 and 7 not in logs
    assert dict(logs) == {"val_mse": 1.0, "acc": 0.5}


def test_metrics_names_are_those_of_the_results() -> None:
    model = classifier(metrics=["accuracy", "mse"])
    assert model.metrics_names == ["loss", "accuracy", "mse"]  # before the first batch, too
    results = model.evaluate(X, ONE_HOT, verbose=0, return_dict=True)
    assert model.metrics_names == ["loss", "accuracy", "mse"]
    assert model.evaluate(X, ONE_HOT, verbose=0) == [results[n] for n in model.metrics_names]


def test_a_metric_sees_targets_as_a_column_beside_one_output() -> None:
    shapes: set[tuple[int, ...]] = set()

    def agreement(y_true: Any, y_pred: Any) -> Any:
        shapes.update({y_true.shape, y_pred.shape})
        return whit.ops.mean(y_true * y_pred)

    model = whit.Sequential([Dense(1, input_dim=3)])
    model.compile("sgd", "mse", metrics=[agreement])
    model.evaluate(X, LABELS, batch_size=24, verbose=0)
    assert shapes == {(24, 1)}


def test_cosine_proximity_is_the_loss_of_today() -> None:
    y = np.abs(X) + 1
    losses = []
    for name in ("cosine_proximity", "cosine_similarity"):
        whit.utils.set_random_seed(2)
        model = whit.Sequential([Dense(3, input_dim=3)])
        model.compile(optimizer="sgd", loss=name)
        losses.append(model.evaluate(X, y, verbose=0))
    assert losses[0] == losses[1] and -1 <= losses[0] <= 1


# ---- predictions
def test_predict_classes_and_predict_proba() -> None:
    model = classifier()
    scores = model.predict(X, verbose=0)
    np.testing.assert_array_equal(model.predict_proba(X), scores)
    np.testing.assert_array_equal(model.predict_classes(X, batch_size=5), scores.argmax(axis=1))
    single = whit.Sequential([Dense(1, input_dim=3, activation="sigmoid")])
    np.testing.assert_array_equal(
        single.predict_classes(X), (single.predict(X, verbose=0) > 0.5).astype(int)
    )


def test_results_answer_numpy_as_tensorflows_do() -> None:
    model = classifier()
    y = model(X)
    plain = y.numpy()
    assert type(plain) is np.ndarray and type(model.predict(X, verbose=0)) is np.ndarray
    np.testing.assert_allclose(model.layers[0](X).numpy(), plain, rtol=1e-5)
    loss = whit.losses.MeanSquaredError()(ONE_HOT, y)
    assert loss.numpy() == pytest.approx(np.mean((ONE_HOT - plain) ** 2))
    assert (y[0] + 1).numpy().shape == (2,)


# ---- generators
def batches(size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    while True:
        for start in range(0, len(X), size):
            yield X[start : start + size], ONE_HOT[start : start + size]


def test_fit_generator_in_steps() -> None:
    model = classifier()
    history = model.fit_generator(
        batches(6),
        4,
        epochs=2,
        verbose=0,
        validation_data=batches(8),
        validation_steps=3,
        workers=2,
    )
    assert len(history.history["val_loss"]) == 2
    assert int(model.optimizer.iterations.numpy()) == 8


def test_fit_generator_in_samples_sees_every_batch_once() -> None:
    model, same = classifier(), classifier()
    model.fit_generator(
        batches(6), samples_per_epoch=24, nb_epoch=2, verbose=0, nb_worker=1, max_q_size=1,
        pickle_safe=True, validation_data=batches(6), nb_val_samples=24,
    )  # fmt: skip
    same.fit(X, ONE_HOT, batch_size=6, epochs=2, shuffle=False, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], same.get_weights()[0], rtol=1e-5)


def test_evaluate_and_predict_generator() -> None:
    model = classifier()
    whole = model.evaluate(X, ONE_HOT, verbose=0)
    assert model.evaluate_generator(batches(6), 4, max_queue_size=2, workers=1) == pytest.approx(
        whole
    )
    assert model.evaluate_generator(
        batches(6), val_samples=24, nb_worker=1, max_q_size=1
    ) == pytest.approx(whole)
    inputs = (x for x, _ in batches(6))
    np.testing.assert_allclose(
        model.predict_generator(inputs, steps=4, use_multiprocessing=False),
        model.predict(X, verbose=0),
        rtol=1e-5,
    )
