"""Runs on a thread: the bar follows them, errors come through, and stopping waits for the step."""

from __future__ import annotations

import numpy as np
import pytest

import whit as keras
from whit.engines import Control
from whit.training import loop
from whit.training.data import pack
from whit.training.feeds import Run
from whit.training.step import Step


class Slow:
    """A program whose steps wait for somebody to look."""

    def __init__(self) -> None:
        self.looked = loop.threading.Event()
        self.steps = 0

    def run(self, steps, state, data, stepped, control):
        while control.steps_done < steps and not control.stopped:
            self.looked.wait(5)
            self.looked.clear()
            control.steps_done += 1
            self.steps += 1
        return [np.zeros(steps, "float32")]

    def step(self) -> Step:
        return Step(self.run, None, [], [], [])


def run_of(steps: int) -> Run:
    return Run("whole", pack(np.zeros((4, 1))), 4, steps)


def test_progress_is_looked_at(monkeypatch):
    monkeypatch.setattr(loop, "_POLL", 0.001)
    slow, seen = Slow(), []

    def poll(done: int) -> None:
        seen.append(done)
        slow.looked.set()

    loop.execute(slow.step(), run_of(3), 0, 3, Control(), poll)
    assert seen[0] == 0 and set(seen) == {0, 1, 2}
    assert slow.steps == 3


def test_an_interrupt_waits_for_the_step(monkeypatch):
    monkeypatch.setattr(loop, "_POLL", 0.001)
    slow = Slow()

    def poll(done: int) -> None:
        slow.looked.set()
        if done == 2:
            raise KeyboardInterrupt

    control = Control()
    with pytest.raises(KeyboardInterrupt):
        loop.execute(slow.step(), run_of(100), 0, 100, control, poll)
    assert control.stopped
    assert slow.steps == control.steps_done < 100


def test_an_error_on_the_thread_is_raised_here():
    def fail(*arguments):
        raise MemoryError("no room")

    with pytest.raises(MemoryError, match="no room"):
        loop.execute(Step(fail, None, [], [], []), run_of(2), 0, 2, Control(), lambda done: None)


def test_the_bar_moves_while_an_epoch_runs(monkeypatch, capsys, regressor):
    monkeypatch.setattr(loop, "_POLL", 0.0005)
    shown = []
    real = keras.callbacks.ProgbarLogger.on_train_batch_end

    def watched(self, batch, logs=None):
        shown.append((batch, sorted(logs)))
        real(self, batch, logs)

    monkeypatch.setattr(keras.callbacks.ProgbarLogger, "on_train_batch_end", watched)
    x = np.ones((2000, 4), "float32")
    model = regressor(metrics=["mae"], run_eagerly=True)  # slow enough to be looked at
    model.fit(x, x[:, :1], batch_size=2, verbose=1)
    assert len(shown) > 2
    assert [b for b, _ in shown] == sorted(b for b, _ in shown)
    assert shown[-1] == (999, ["loss", "mae"])
    assert capsys.readouterr().out.endswith("\n")
