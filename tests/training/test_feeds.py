"""Streams: generators, iterables, indexed data sets; what is read when, and how threads end."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

import whit as keras
from whit.errors import ArgumentError, DataError, ShapeError
from whit.training.data import pack
from whit.training.feeds import ArrayFeed, make_feed

CLOSE = {"rtol": 1e-5, "atol": 1e-6}


def readers() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name == "whit-reader"]


@pytest.fixture(autouse=True)
def no_thread_stays():
    yield
    assert readers() == []


class Indexed:
    """As Keras' PyDataset."""

    def __init__(self, x, y, batch):
        self.x, self.y, self.batch, self.ends = x, y, batch, 0
        self.asked: list[int] = []

    def __len__(self):
        return -(-len(self.x) // self.batch)

    def __getitem__(self, q):
        self.asked.append(q)
        rows = slice(q * self.batch, (q + 1) * self.batch)
        return self.x[rows], self.y[rows]

    def on_epoch_end(self):
        self.ends += 1


class Iterable:
    """As PyTorch's DataLoader: begins again at each epoch, and gives lists."""

    def __init__(self, x, y, batch):
        self.x, self.y, self.batch = x, y, batch

    def __iter__(self):
        for first in range(0, len(self.x), self.batch):
            yield [self.x[first : first + self.batch], self.y[first : first + self.batch]]


def batches(x, y, batch):
    for first in range(0, len(x), batch):
        yield x[first : first + batch], y[first : first + batch]


@pytest.mark.parametrize("kind", [Iterable, Indexed])
def test_as_arrays_would(regressor, x, y, kind):
    resident, streamed = regressor(metrics=["mae"]), regressor(metrics=["mae"])
    arguments = {"epochs": 3, "shuffle": False, "verbose": 0}
    a = resident.fit(x, y * 2, batch_size=5, validation_data=(x, y), **arguments)
    b = streamed.fit(kind(x, y * 2, 5), validation_data=kind(x, y, 5), **arguments)
    assert list(a.history) == list(b.history)
    for name, values in a.history.items():
        np.testing.assert_allclose(b.history[name], values, err_msg=name, **CLOSE)
    found = streamed.evaluate(kind(x, y, 7), verbose=0)
    np.testing.assert_allclose(found, resident.evaluate(x, y, batch_size=7, verbose=0), **CLOSE)
    np.testing.assert_allclose(
        streamed.predict(kind(x, y, 5), verbose=0), resident.predict(x, verbose=0), **CLOSE
    )
    assert (a.params["steps"], b.params["steps"]) == (5, 5 if kind is Indexed else None)


def test_indexed_batches_are_shuffled_by_the_seed(regressor, x, y):
    data = Indexed(x, y, 2)
    regressor().fit(data, epochs=2, verbose=0)
    first, second = data.asked[:12], data.asked[12:]
    assert sorted(first) == sorted(second) == list(range(12))
    assert first != second
    assert data.ends == 2
    keras.utils.set_random_seed(7)
    again = Indexed(x, y, 2)
    regressor().fit(again, epochs=2, verbose=0)
    assert again.asked == data.asked


def test_generator_ends_with_the_epoch(regressor, x, y):
    history = regressor().fit(batches(x, y, 5), verbose=0)
    assert history.epoch == [0]
    with pytest.warns(UserWarning, match="the data ended before the epoch did"):
        history = regressor().fit(batches(x, y, 5), epochs=3, verbose=0)
    assert history.epoch == [0]


def test_generator_goes_on_from_epoch_to_epoch(regressor, x, y):
    model, other = regressor(), regressor()
    source = batches(x, y * 2, 4)
    history = model.fit(source, steps_per_epoch=2, epochs=2, verbose=0)
    other.fit(x[:16], y[:16] * 2, batch_size=4, shuffle=False, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], other.get_weights()[0], **CLOSE)
    assert history.epoch == [0, 1]
    assert next(source)[0].shape == (4, 4)  # nothing was read beyond what was asked for


def test_generator_that_ends_too_early(regressor, x, y):
    with pytest.warns(UserWarning, match="steps_per_epoch"):
        history = regressor().fit(batches(x, y, 5), steps_per_epoch=4, epochs=5, verbose=0)
    assert history.epoch == [0, 1]


def test_reused_buffer(regressor, x, y):
    """A generator may fill one buffer again and again while batches wait."""

    def reusing():
        buffer = np.empty((4, 4), "float32")
        for first in range(0, 20, 4):
            buffer[:] = x[first : first + 4]
            yield buffer, y[first : first + 4] * 2

    model, other = regressor(), regressor()
    model.fit(reusing(), verbose=0)
    other.fit(x[:20], y[:20] * 2, batch_size=4, shuffle=False, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], other.get_weights()[0], **CLOSE)


def test_weights_of_batches(regressor, x, y):
    weights = np.linspace(0, 2, 23, dtype="float32")
    model, other = regressor(), regressor()
    model.fit(iter([(x, y * 2, weights)]), verbose=0)
    other.fit(x, y * 2, sample_weight=weights, shuffle=False, batch_size=23, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], other.get_weights()[0], **CLOSE)


def test_error_in_the_generator_comes_through(regressor, x, y):
    def broken():
        yield x, y
        raise RuntimeError("disk on fire")

    with pytest.raises(RuntimeError, match="disk on fire"):
        regressor().fit(broken(), verbose=0)


def test_empty_generator(regressor):
    with pytest.raises(DataError, match="gave no batch at all"):
        regressor().fit(iter([]), verbose=0)


def test_first_batch_is_checked(regressor, x, y):
    with pytest.raises(ShapeError, match="expects x of shape"):
        regressor().fit(iter([(x[:, :3], y)]), verbose=0)


def test_y_beside_a_stream(regressor, x, y):
    with pytest.raises(ArgumentError, match="y cannot be given when x gives batches"):
        regressor().fit(batches(x, y, 4), y, verbose=0)


def test_two_batches_are_read_ahead(regressor, x, y):
    read: list[int] = []

    def counted():
        for q in range(6):
            read.append(q)
            yield x, y

    seen = []

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            deadline = time.time() + 5
            while len(read) < min(batch + 3, 6) and time.time() < deadline:
                time.sleep(0.001)
            seen.append(len(read) - batch)

    regressor().fit(counted(), callbacks=[Watch()], verbose=0)
    assert seen[0] >= 3  # the one in use and two more
    assert max(seen) <= 5  # one in use, two waiting, one in the reader's hands, one just taken


def test_stopping_in_the_middle_of_a_stream(regressor, x, y):
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 2

    def endless():
        while True:
            yield x, y

    history = regressor().fit(endless(), callbacks=[Stop()], verbose=0)
    assert history.epoch == [0]


# ---- arrays
def shapes_of(feed: ArrayFeed) -> list[tuple[int, int]]:
    return [(run.steps, run.batch) for run in feed.epoch()]


@pytest.mark.parametrize(
    ("samples", "batch", "expected"),
    [(10, 5, [(2, 5)]), (10, 4, [(2, 4), (1, 2)]), (3, 32, [(1, 3)]), (1, 1, [(1, 1)])],
)
def test_runs(samples, batch, expected):
    feed = make_feed(np.zeros((samples, 2), "float32"), batch_size=batch, gather=True)
    assert isinstance(feed, ArrayFeed)
    assert shapes_of(feed) == expected
    assert feed.steps == sum(steps for steps, _ in expected)


def test_slices_are_views():
    x = np.arange(20, dtype="float32").reshape(10, 2)
    (full, last) = make_feed(x, batch_size=4).epoch()
    _, (stepped,) = full.arguments(0, 2)
    assert stepped.shape == (2, 4, 2) and np.shares_memory(stepped, x)
    _, (rest,) = last.arguments(0, 1)
    assert rest.tolist() == [x[8:].tolist()]


def test_shuffling_keeps_batches_together():
    feed = ArrayFeed(pack(np.zeros((10, 1))), 4, shuffle="batch", gather=True)
    full, last = feed.epoch()
    assert sorted(full.rows[:, 0]) == [0, 4]
    assert (np.diff(full.rows, axis=1) == 1).all()
    assert last.rows.tolist() == [[8, 9]]


def test_limit_on_steps():
    keras.config.set_max_steps_per_epoch(2)
    try:
        with pytest.warns(UserWarning, match="limited to 2"):
            feed = make_feed(np.zeros((10, 1)), batch_size=2)
        assert feed.steps == 2
    finally:
        keras.config.set_max_steps_per_epoch(None)
