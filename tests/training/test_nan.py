"""A loss that is not finite: what the error says, and that the weights are those of the last good
step.
"""

from __future__ import annotations

import re

import numpy as np
import pytest

import whit as keras
from whit import callbacks, layers
from whit.errors import NonFiniteLossError
from whit.training import nan


def diverging(x, rate=1e3):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1, kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(rate), "mse")
    return model


def last_good_step(x, y, batch: int) -> tuple[list[np.ndarray], int]:
    """The weights before the first bad step, and its number, found step by step."""
    model = diverging(x)
    for step in range(1000):
        rows = slice(step * batch % 20, step * batch % 20 + batch)
        before = model.get_weights()
        if not np.isfinite(model.train_on_batch(x[rows], y[rows])):
            return before, step
    raise AssertionError("the loss stayed finite")


@pytest.fixture
def twenty(x, y):
    return x[:20], y[:20] * 2


def check_message(error: NonFiniteLossError, step: int) -> None:
    text = str(error)
    epoch, number = divmod(step, 5)
    assert re.search(
        rf"the loss became (infinite|NaN) in epoch {epoch + 1} of 9, step {number + 1}", text
    )
    assert "an overflow" in text
    assert "The weights are those after the step before." in text
    assert "learning rate" in text


def test_weights_of_the_last_good_step(twenty):
    x, y = twenty
    expected, step = last_good_step(x, y, 4)
    assert step > 5  # in a later epoch, after a snapshot at its beginning
    model = diverging(x)
    with pytest.raises(NonFiniteLossError) as caught:
        model.fit(x, y, batch_size=4, epochs=9, shuffle=False, verbose=0)
    for found, weight in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(found, weight, rtol=1e-4)
    assert int(model.optimizer.iterations) == step
    check_message(caught.value, step)
    assert isinstance(caught.value, ArithmeticError)


def test_with_callbacks_for_batches(twenty):
    x, y = twenty
    expected, step = last_good_step(x, y, 4)
    model = diverging(x)
    seen = []
    watch = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch))
    with pytest.raises(NonFiniteLossError) as caught:
        model.fit(x, y, batch_size=4, epochs=9, shuffle=False, verbose=0, callbacks=[watch])
    np.testing.assert_allclose(model.get_weights()[0], expected[0], rtol=1e-4)
    check_message(caught.value, step)
    assert len(seen) == step


def test_with_a_stream(twenty):
    x, y = twenty
    expected, step = last_good_step(x, y, 4)

    def batches():
        while True:
            for first in range(0, 20, 4):
                yield x[first : first + 4], y[first : first + 4]

    model = diverging(x)
    with pytest.raises(NonFiniteLossError) as caught:
        model.fit(batches(), steps_per_epoch=5, epochs=9, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], expected[0], rtol=1e-4)
    check_message(caught.value, step)
    assert "rows of the batch" in str(caught.value)


def test_names_the_layer_the_operation_and_the_samples(x, y):
    class Bad(layers.Layer):
        def call(self, inputs):
            return keras.ops.log(inputs)

    positive = np.abs(x) + 1
    positive[13, 2] = 0
    model = keras.Sequential([keras.Input((4,)), Bad(name="bad"), layers.Dense(1)], name="net")
    model.compile("sgd", "mse")
    with pytest.raises(NonFiniteLossError) as caught:
        model.fit(positive, y, batch_size=23, verbose=0)
    text = str(caught.value)
    assert 'infinite arises in "net/bad", from the logarithm of finite numbers' in text
    assert "a logarithm of zero or of a negative number" in text
    assert "Affected are 1 of the 23 samples of the batch: 13." in text


def test_samples_are_those_of_the_shuffled_data(x, y):
    y = y.copy()
    y[17] = 1e30
    model = diverging(x, rate=0.0)
    with pytest.raises(
        NonFiniteLossError, match=r"Affected are 1 of the 4 samples of the batch: 17\."
    ):
        model.fit(x[:20], y[:20], batch_size=4, verbose=0)


def test_a_weight_that_is_not_finite(x, y):
    model = diverging(x)
    model.layers[0].kernel.assign(np.full((4, 1), np.inf, "float32"))
    with pytest.raises(NonFiniteLossError, match=r'from the weight "sequential.*/dense.*/kernel"'):
        model.fit(x, y, verbose=0)


def test_too_large_to_keep(twenty, monkeypatch):
    monkeypatch.setattr(nan, "LIMIT", 8)
    with pytest.raises(NonFiniteLossError, match="too large to keep a copy"):
        diverging(twenty[0]).fit(*twenty, batch_size=4, epochs=9, verbose=0)


def test_terminate_on_nan(twenty, capsys):
    x, y = twenty
    _, step = last_good_step(x, y, 4)
    model = diverging(x)
    history = model.fit(
        x,
        y,
        batch_size=4,
        epochs=9,
        shuffle=False,
        verbose=0,
        callbacks=[callbacks.TerminateOnNaN()],
    )
    assert capsys.readouterr().out == f"Batch {step % 5}: Invalid loss, terminating training\n"
    assert history.epoch == list(range(step // 5 + 1))
    assert not np.isfinite(history.history["loss"][-1])
    assert np.isfinite(model.get_weights()[0]).all()
    with pytest.raises(RuntimeError, match="terminating training"):
        diverging(x).fit(
            x, y, epochs=99, verbose=0, callbacks=[callbacks.TerminateOnNaN(raise_error=True)]
        )


def test_single_batches_return_it(twenty):
    model = diverging(twenty[0], rate=1e30)
    losses = [model.train_on_batch(*twenty) for _ in range(3)]
    assert not np.isfinite(losses[-1])
