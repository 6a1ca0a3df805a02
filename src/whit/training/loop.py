"""Runs programs: on a thread of its own, so that the bar moves and Ctrl-C is heard, or in pieces
where a callback wants to see every batch.

`Runner` does one pass over a feed. While a long run computes, the main thread looks at its counter
about twenty times a second. On Ctrl-C it asks the run to end, waits for the end of the step, and
raises: the weights are those after the last whole step.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np

from whit.engines import Control
from whit.training.data import Packed, padded
from whit.training.feeds import ArrayFeed, Run, StreamFeed
from whit.training.step import Step, pads, step_for

_POLL = 0.05  # seconds


def execute(
    step: Step, run: Run, first: int, count: int, control: Control, poll: Callable[[int], None]
) -> list[np.ndarray]:
    """Run steps `first` to `first + count` of `run`; `poll` is told how many are done meanwhile."""
    data, stepped = run.arguments(first, count)
    control.words[:] = 0
    if count == 1:
        return step.run(1, step.state, data, stepped, control)
    result: dict[str, Any] = {}
    done = threading.Event()

    def work() -> None:
        try:
            result["outputs"] = step.run(count, step.state, data, stepped, control)
        except BaseException as error:
            result["error"] = error
        finally:
            done.set()

    thread = threading.Thread(target=work, name="whit-run", daemon=True)
    thread.start()
    try:
        while not done.wait(_POLL):
            poll(control.steps_done)
    except BaseException:
        control.stop()
        _wait(done)
        raise
    thread.join()
    if "error" in result:
        raise result["error"]
    return result["outputs"]


def _wait(done: threading.Event) -> None:
    """Wait for the end of the step, even if Ctrl-C comes again: it writes into the weights."""
    while True:
        try:
            if done.wait(_POLL):
                return
        except KeyboardInterrupt:
            continue


class Runner:
    """One pass over a feed: all batches of an epoch, of an evaluation or of a prediction.

    Args:
        model: a `Trainer`. mode: "train", "test" or "predict". callbacks: a `CallbackList`.

    Attributes:
        steps: whole steps done so far in this pass.
        logs: metrics after the last of them.
    """

    def __init__(self, model: Any, mode: str, callbacks: Any) -> None:
        self.model, self.mode, self.callbacks = model, mode, callbacks
        self.control = Control()
        self.steps = 0
        self.logs: dict[str, Any] = {}
        in_pieces = callbacks.needs_batches(mode)
        self._piece = int(model.steps_per_execution) if in_pieces else 0
        self._stop = {"train": "stop_training", "test": "stop_evaluating"}.get(
            mode, "stop_predicting"
        )
        self._begin = getattr(callbacks, f"on_{mode}_batch_begin")
        self._end = getattr(callbacks, f"on_{mode}_batch_end")

    def over(self, feed: ArrayFeed | StreamFeed) -> None:
        """Run an epoch of `feed`."""
        with closing(feed.epoch()) as runs:  # type: ignore[type-var]
            for run in runs:
                if self.steps == 0 and feed.streams:
                    self.check(run)
                step, run = self.step(run)
                for first, count in self._pieces(run.steps):
                    if self._piece:
                        self._begin(self.steps)
                    self._run(step, run, first, count)
                    if getattr(self.model, self._stop):
                        return

    def step(self, run: Run) -> tuple[Step, Run]:
        """The program of a run, and the run."""
        return step_for(self.model, self.mode, run.source, run.packed, run.batch), run

    def _pieces(self, steps: int) -> Iterator[tuple[int, int]]:
        size = self._piece or steps
        return ((first, min(size, steps - first)) for first in range(0, steps, size))

    def _run(self, step: Step, run: Run, first: int, count: int) -> None:
        before = self.steps
        self.before(step, run, first, count)
        outputs = execute(step, run, first, count, self.control, lambda n: self._poll(before + n))
        done = self.control.steps_done if count > 1 else 1
        self.steps = before + done
        self.after(step, run, first, done, outputs)
        if self._piece:
            self._end(self.steps - 1, self.batch_logs(outputs, step, done))
        elif done:
            self.callbacks.follow(self.mode, self.steps - 1, lambda: self.logs)

    def _poll(self, done: int) -> None:
        if done > 0:
            self.callbacks.follow(self.mode, done - 1, self._shown)

    def _shown(self) -> dict[str, float]:
        """The metrics in the middle of a run."""
        if self.mode == "predict":
            return {}
        return {name: float(v.array) for name, v in self.model._session.shown.items()}

    # ---- what the modes do around a run
    def check(self, run: Run) -> None:
        """Look at the first batch of a stream."""

    def before(self, step: Step, run: Run, first: int, count: int) -> None:
        """About to run these steps."""

    def after(self, step: Step, run: Run, first: int, done: int, outputs: list[np.ndarray]) -> None:
        """`done` steps have been run."""
        if done:
            self.logs = step.logs(outputs, done - 1)

    def batch_logs(self, outputs: list[np.ndarray], step: Step, done: int) -> dict[str, Any]:
        """The logs that callbacks for batches get."""
        return self.logs


class PredictRunner(Runner):
    """Collects the predictions; a last batch that is short is padded if rows are independent."""

    def __init__(self, model: Any, callbacks: Any) -> None:
        super().__init__(model, "predict", callbacks)
        self.parts: list[Any] = []
        self._size = 0

    def step(self, run: Run) -> tuple[Step, Run]:
        """The program of the batches before if it can be used, else one for this size."""
        if run.source == "slices" and run.batch < self._size and pads(self.model, run.packed):
            parts = [padded(a[run.start :], self._size) for a in run.packed.arrays]
            missing = self._size - run.batch
            packed = Packed(*run.packed.unpack(parts))
            run = replace(run, packed=packed, batch=self._size, start=0, padding=missing)
        self._size = run.batch
        return super().step(run)

    def after(self, step: Step, run: Run, first: int, done: int, outputs: list[np.ndarray]) -> None:
        """Keep what was predicted."""
        self.parts.append(step.predictions(outputs, done * run.batch - run.padding))

    def batch_logs(self, outputs: list[np.ndarray], step: Step, done: int) -> dict[str, Any]:
        """The predictions of the last piece."""
        return {"outputs": self.parts[-1]}
