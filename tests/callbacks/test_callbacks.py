"""Callbacks: when they are called and with what, and what the ones that come with whit do."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import whit as keras
from whit import callbacks
from whit.callbacks import Callback, CallbackList
from whit.callbacks.callback_list import pythonify_logs
from whit.errors import ArgumentError

GOLDEN = Path(__file__).parents[1] / "golden" / "texts.json"


@pytest.fixture
def model() -> Any:
    keras.utils.set_random_seed(7)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mse", metrics=["mae"])
    return model


@pytest.fixture
def x() -> np.ndarray:
    return np.linspace(-1, 1, 40, dtype="float32").reshape(10, 4)


@pytest.fixture
def t(x: np.ndarray) -> np.ndarray:
    return x.sum(axis=1, keepdims=True) * 2


def spy(calls: list[tuple]) -> Callback:
    """Notes every call: the method, its position arguments, the names in its logs."""

    class Spy(Callback):
        pass

    def noting(name: str) -> Any:
        def method(self: Callback, *args: Any, logs: Any = None) -> None:
            if args and isinstance(args[-1], dict):
                *args, logs = args  # type: ignore[assignment]
            calls.append((name, *args, sorted(logs or {})))

        return method

    for name in dir(Callback):
        if name.startswith("on_"):
            setattr(Spy, name, noting(name))
    return Spy()


def recorded() -> list[tuple]:
    """The same of the real Keras, from its printed calls."""
    lines = json.loads(GOLDEN.read_text("utf-8"))["programs"]["callback_order"]["stdout"]
    calls = []
    for line in lines:
        found = re.match(r"(on_\w+) \[(\d*)", line)
        if found:
            place = [int(found[2])] if found[2] else []
            names = re.findall(r"'(loss|mae|val_loss|val_mae|outputs)'", line)
            calls.append((found[1], *place, sorted(names)))
    return calls


def test_order_and_logs_as_keras(model, x, t):
    calls: list[tuple] = []
    watch = spy(calls)
    model.fit(x, t, epochs=2, batch_size=5, verbose=0, callbacks=[watch], validation_data=(x, t))
    model.evaluate(x, t, verbose=0, callbacks=[spy(calls)])
    model.predict(x, verbose=0, callbacks=[spy(calls)])
    assert calls == recorded()
    assert len(calls) == 34
    assert watch.params == {"verbose": 0, "epochs": 2, "steps": 2}


def test_batch_logs_are_those_since_the_epoch_began(model, x, t):
    seen: list[dict] = []
    watch = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(logs))
    history = model.fit(x, t, batch_size=4, epochs=2, verbose=0, callbacks=[watch]).history
    assert len(seen) == 6
    assert [seen[2]["loss"], seen[5]["loss"]] == history["loss"]
    assert all(isinstance(v, float) for logs in seen for v in logs.values())


def test_pieces_change_nothing(model, x, t):
    """Callbacks for batches make the loop run step by step, with the same result to the bit."""
    start = model.get_weights()
    plain = model.fit(x, t, batch_size=4, epochs=2, shuffle=False, verbose=0).history
    after = model.get_weights()
    model.set_weights(start)
    watch = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
    stepped = model.fit(
        x, t, batch_size=4, epochs=2, shuffle=False, verbose=0, callbacks=[watch]
    ).history
    assert stepped == plain
    assert all(np.array_equal(a, b) for a, b in zip(after, model.get_weights(), strict=True))


def test_steps_per_execution(x, t):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", steps_per_execution=3)
    calls: list[tuple] = []
    watch = callbacks.LambdaCallback(
        on_train_batch_begin=lambda batch, logs: calls.append(("begin", batch)),
        on_train_batch_end=lambda batch, logs: calls.append(("end", batch)),
    )
    model.fit(x, t, batch_size=2, verbose=0, callbacks=[watch])
    assert calls == [("begin", 0), ("end", 2), ("begin", 3), ("end", 4)]


@pytest.mark.parametrize(
    ("callback", "needed"),
    [
        (callbacks.History(), False),
        (callbacks.ProgbarLogger(), False),
        (callbacks.TerminateOnNaN(), False),
        (callbacks.EarlyStopping(), False),
        (callbacks.LambdaCallback(on_epoch_end=print), False),
        (callbacks.LambdaCallback(on_train_batch_begin=print), True),
        (callbacks.LambdaCallback(on_batch_end=print), True),
    ],
)
def test_only_callbacks_for_batches_slow_training_down(callback, needed):
    assert callback.needs_batches("train") is needed
    assert not callback.needs_batches("predict")
    assert CallbackList([callback]).needs_batches("train") is needed


def test_stop_training_in_the_middle(model, x, t):
    class Stop(Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 1:
                self.model.stop_training = True

    history = model.fit(x, t, batch_size=2, epochs=5, verbose=0, callbacks=[Stop()])
    assert history.epoch == [0]
    assert int(model.optimizer.iterations) == 2


def test_stop_evaluating_and_predicting(model, x, t):
    class Stop(Callback):
        def on_test_batch_end(self, batch, logs=None):
            self.model.stop_evaluating = True

        def on_predict_batch_end(self, batch, logs=None):
            self.model.stop_predicting = True

    expected = model.evaluate(x[:2], t[:2], verbose=0)
    assert model.evaluate(x, t, batch_size=2, verbose=0, callbacks=[Stop()]) == expected
    assert model.predict(x, batch_size=3, verbose=0, callbacks=[Stop()]).shape == (3, 1)


def test_a_subclass_without_super_init(model, x, t):
    class Bare(Callback):
        def __init__(self):
            self.epochs = 0

        def on_epoch_end(self, epoch, logs=None):
            self.epochs += self.model is not None and self.params["epochs"]

    bare = Bare()
    model.fit(x, t, epochs=3, verbose=0, callbacks=bare)
    assert bare.epochs == 9


def test_history_goes_on_if_it_is_given_again(model, x, t):
    history = callbacks.History()
    model.fit(x, t, verbose=0, callbacks=[history])
    assert model.fit(x, t, verbose=0, callbacks=[history]) is history
    assert len(history.history["loss"]) == 2 and history.epoch == [0]


def test_logs_in_python():
    logs = {"b": np.float32(0.5), "a": {"d": np.array(2), "c": 1}, "e": np.ones(2)}
    found = pythonify_logs(logs)
    assert list(found) == ["d", "c", "b", "e"] or list(found) == ["c", "d", "b", "e"]
    assert type(found["b"]) is type(found["d"]) is float
    assert found["e"].shape == (2,)


# ---- monitors: driven by logs of our own
class FakeModel:
    """As much of a model as these callbacks look at."""

    def __init__(self) -> None:
        self.optimizer = keras.optimizers.SGD(1.0)
        self.stop_training = False
        self.metrics = [keras.metrics.BinaryAccuracy(name="acc"), keras.metrics.Mean(name="odd")]
        self.weights = 0

    def get_weights(self) -> int:
        return self.weights

    def set_weights(self, weights: int) -> None:
        self.weights = weights


def drive(callback: Callback, values: list[float], name: str = "val_loss") -> FakeModel:
    model = FakeModel()
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        model.weights = epoch
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, {name: value})
        if model.stop_training:
            break
    callback.on_train_end()
    model.epochs = epoch + 1
    return model


@pytest.mark.parametrize(
    ("arguments", "values", "epochs"),
    [
        ({}, [3, 2, 1, 1, 1], 4),
        ({"patience": 2}, [3, 2, 2, 1, 1, 1, 0], 6),
        ({"min_delta": 0.5}, [3, 2.7, 2], 2),
        ({"min_delta": -0.5}, [3, 2.7, 2], 2),
        ({"mode": "max"}, [1, 2, 3, 3], 4),
        ({"baseline": 0.5, "patience": 1}, [3, 2, 2, 1], 3),
        ({"start_from_epoch": 3}, [1, 2, 3, 4, 5], 5),
        ({}, [1], 1),
    ],
)
def test_early_stopping(arguments, values, epochs):
    assert drive(callbacks.EarlyStopping(**arguments), values).epochs == epochs


def test_direction_is_that_of_the_metric():
    stop = callbacks.EarlyStopping("val_acc")
    assert drive(stop, [0.1, 0.2, 0.2], "val_acc").epochs == 3
    with pytest.raises(ArgumentError, match="more or less of 'val_odd'"):
        drive(callbacks.EarlyStopping("val_odd"), [1, 2], "val_odd")
    with pytest.warns(UserWarning, match="mode='most' is unknown"):
        assert callbacks.EarlyStopping(mode="most").mode == "auto"


def test_best_weights():
    stop = callbacks.EarlyStopping(patience=2, restore_best_weights=True)
    model = drive(stop, [3, 1, 2, 2, 0])
    assert (model.epochs, model.weights, stop.best_epoch, stop.stopped_epoch) == (4, 1, 1, 3)
    stop = callbacks.EarlyStopping(restore_best_weights=True, patience=9)
    assert drive(stop, [3, 1, 2]).weights == 1


def test_missing_metric():
    with pytest.warns(UserWarning, match="`val_loss`, which is not available.*are: loss"):
        drive(callbacks.EarlyStopping(), [1.0], "loss")


def test_plateau():
    plateau = callbacks.ReduceLROnPlateau(factor=0.5, patience=2, cooldown=1, min_lr=0.2)
    rates = []

    model = FakeModel()
    plateau.set_model(model)
    plateau.on_train_begin()
    for epoch, value in enumerate([3.0, 3, 3, 3, 3, 3, 3, 3, 3, 2, 2, 2]):
        logs = {"val_loss": value}
        plateau.on_epoch_end(epoch, logs)
        rates.append(float(np.asarray(model.optimizer.learning_rate)))
        assert "learning_rate" in logs
    expected = [1, 1, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2]
    np.testing.assert_allclose(rates, expected)
    with pytest.raises(ArgumentError, match=r"factor=1\.5"):
        callbacks.ReduceLROnPlateau(factor=1.5)


def test_scheduler_takes_the_epoch_alone():
    model = drive(callbacks.LearningRateScheduler(lambda epoch: 1.0 / (epoch + 1)), [0, 0, 0, 0])
    assert float(np.asarray(model.optimizer.learning_rate)) == 0.25
    with pytest.raises(ArgumentError, match=r"schedule\(0\) returned 'fast' of type str"):
        drive(callbacks.LearningRateScheduler(lambda epoch, rate: "fast"), [0])


def test_scheduler_changes_what_training_does(model, x, t):
    freeze = callbacks.LearningRateScheduler(lambda epoch, rate: 0.0)
    before = model.get_weights()
    model.fit(x, t, verbose=0, callbacks=[freeze])
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_csv(model, x, t, tmp_path):
    path = tmp_path / "log.csv"
    model.fit(x, t, epochs=2, verbose=0, callbacks=[callbacks.CSVLogger(path, separator=";")])
    more = callbacks.CSVLogger(path, separator=";", append=True)
    history = model.fit(
        x, t, epochs=3, initial_epoch=2, verbose=0, callbacks=[more], validation_data=(x, t)
    )
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert [r["epoch"] for r in rows] == ["0", "1", "2"]
    assert list(rows[0]) == ["epoch", "loss", "mae", "val_loss", "val_mae"]
    assert rows[0]["val_loss"] == "NA"
    assert float(rows[2]["val_mae"]) == history.history["val_mae"][0]


def test_lambda_names():
    with pytest.raises(ArgumentError, match='Did you mean "on_epoch_end"'):
        callbacks.LambdaCallback(on_epoch_ent=print)


def test_callbacks_without_a_fit(model, x, t):
    stop = callbacks.TerminateOnNaN()
    stop.set_model(model)
    stop.on_train_batch_end(0, {"loss": 1.0})
    assert not model.stop_training
    stop.on_train_batch_end(0, {"loss": float("nan")})
    assert model.stop_training
