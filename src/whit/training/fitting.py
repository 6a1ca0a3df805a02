"""The loops of `fit`, `evaluate` and `predict`: epochs, validation, callbacks, and what goes
wrong.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from whit import config, tree
from whit.callbacks import CallbackList, TerminateOnNaN
from whit.callbacks.callback_list import pythonify_logs
from whit.errors import ArgumentError, DataWarning, WhitError
from whit.layers.input_spec import describe
from whit.training import checks
from whit.training.data import Packed, pack, padded, split_validation, unpack_batch
from whit.training.feeds import BATCH_SIZE, ArrayFeed, Run, StreamFeed, checked_count, make_feed
from whit.training.loop import PredictRunner, Runner
from whit.training.nan import Recorder, explain
from whit.training.step import Step, step_for, step_for_some, traced_output_shape


@dataclass
class Validation:
    """The arguments of `fit` about validation."""

    data: Any
    split: float
    steps: int | None
    batch_size: int | None
    frequency: Any

    def __post_init__(self) -> None:
        f = self.frequency
        if isinstance(f, bool) or not isinstance(f, int | list | tuple | set) or f in (0, []):
            raise ArgumentError(
                f"validation_freq={f!r}: expected 1 or more, or a list of epochs (counted from 1)"
            )

    def due(self, epoch: int) -> bool:
        """Whether epoch number `epoch` (from 0) is followed by a validation."""
        if isinstance(self.frequency, int):
            return (epoch + 1) % self.frequency == 0
        return epoch + 1 in self.frequency

    def feed(self, batch_size: int | None) -> ArrayFeed | StreamFeed | None:
        """The feed of the validation data, if there is any."""
        if self.data is None:
            return None
        size = self.batch_size or batch_size
        if isinstance(self.data, Packed):
            return make_feed(self.data, batch_size=size, steps=self.steps)
        x, y, weights = unpack_batch(self.data)
        return make_feed(x, y, weights, batch_size=size, steps=self.steps)


def check(model: Any, packed: Packed, where: str = "") -> None:
    """Look at the data for what cannot go well, and build the model for it if it is not built.

    Args:
        model: a `Trainer`. packed: the data. where: "validation_data", for messages.

    Raises:
        WhitError: as `checks.check_training_data`.
    """
    x, y, sample_weight = packed.triple
    name, loss = describe(model), model.loss
    given, gives = _declared(model, "input_shape"), _declared(model, "output_shape")
    try:
        with warnings.catch_warnings() if where else nullcontext():
            if where:  # the training data has been warned about already
                warnings.simplefilter("ignore", DataWarning)
            rescales = any(type(f).__name__ in _RESCALING for f in model._flatten_layers())
            checks.check_training_data(name, x, y, sample_weight, given, gives, loss, rescales)
            if gives is None:
                gives = traced_output_shape(model, packed)
                checks.check_training_data(name, None, y, None, None, gives, loss)
    except WhitError as error:
        if where:
            error.add_note(f"in {where}")
        raise


_RESCALING = ("Rescaling", "Normalization", "BatchNormalization", "LayerNormalization", "Embedding")


def check_samples(model: Any, packed: Packed) -> None:
    """Look at what is to be predicted.

    Raises:
        ShapeError: not shaped as the model's input.
    """
    checks.check_inputs(describe(model), packed.triple[0], _declared(model, "input_shape"))


def _declared(model: Any, name: str) -> Any:
    """The model's `input_shape` or `output_shape`; None while it does not know."""
    return getattr(model, name, None) if model.built else None


def fit(
    model: Any,
    data: tuple,
    *,
    batch_size: int | None,
    epochs: int,
    verbose: Any,
    callbacks: Any,
    validation: Validation,
    shuffle: Any,
    class_weight: Any,
    initial_epoch: int,
    steps_per_epoch: int | None,
) -> Any:
    """`Trainer.fit`."""
    epochs = _limited_epochs(epochs)
    feed = _training_feed(data, batch_size, validation, shuffle, class_weight, steps_per_epoch)
    tested = validation.feed(batch_size)
    for f, where in ((feed, ""), (tested, "validation_data")):
        if isinstance(f, ArrayFeed):
            check(model, f.packed, where)
    callbacks = _listed(model, callbacks, verbose, epochs, feed.steps, add_history=True)
    model.stop_training = False
    _prepare(model, feed, tested)
    callbacks.on_train_begin()
    logs: dict[str, Any] = {}
    recorder = Recorder(in_pieces=callbacks.needs_batches("train"))
    try:
        for epoch in range(initial_epoch, epochs):
            trained = _epoch(model, feed, callbacks, recorder, (epoch, epochs))
            if trained is None:
                break
            logs = trained
            if tested is not None and validation.due(epoch):
                found = _tested(model, tested, callbacks)
                logs.update({f"val_{name}": value for name, value in found.items()})
            callbacks.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
    except BaseException:
        callbacks.interrupted()
        raise
    finally:
        if epochs > initial_epoch and model._session.trained:
            model.optimizer.finalize_variable_values(model._session.trained)
    callbacks.on_train_end(logs)
    return model.history


def _training_feed(
    data: tuple,
    batch_size: Any,
    validation: Validation,
    shuffle: Any,
    class_weight: Any,
    steps: Any,
) -> ArrayFeed | StreamFeed:
    x, y, sample_weight = data
    if validation.split and validation.data is None:
        x, validation.data = split_validation(pack(x, y, sample_weight), validation.split)
        y = sample_weight = None
    return make_feed(
        x,
        y,
        sample_weight,
        batch_size=batch_size,
        shuffle=shuffle,
        steps=steps,
        class_weight=class_weight,
        gather=True,
    )


def _prepare(
    model: Any, feed: ArrayFeed | StreamFeed, tested: ArrayFeed | StreamFeed | None
) -> None:
    """Make the program of a whole batch before the clock of the first epoch starts."""
    for f, mode, source in ((feed, "train", "rows"), (tested, "test", "slices")):
        if isinstance(f, ArrayFeed):
            step_for(model, mode, source, f.packed, f.batch)


def _epoch(
    model: Any,
    feed: ArrayFeed | StreamFeed,
    callbacks: CallbackList,
    recorder: Recorder,
    which: tuple[int, int],
) -> dict[str, Any] | None:
    """Train epoch `which[0]` of `which[1]`; its logs, or None if there was no data left for it."""
    epoch, epochs = which
    model.reset_metrics()
    callbacks.on_epoch_begin(epoch)
    recorder.clear()
    runner = TrainRunner(model, callbacks, recorder, f"epoch {epoch + 1} of {epochs}", feed.steps)
    runner.over(feed)
    return dict(runner.logs) if runner.steps else None


class TrainRunner(Runner):
    """Trains an epoch, and watches the loss.

    Args:
        model, callbacks: as for `Runner`. recorder: keeps the state to go back to.
        where: "epoch 1 of 3", for messages. steps: in the epoch, if that is known.
    """

    def __init__(
        self,
        model: Any,
        callbacks: CallbackList,
        recorder: Recorder,
        where: str,
        steps: int | None,
    ) -> None:
        super().__init__(model, "train", callbacks)
        self._recorder = recorder
        self._where = where
        self._of = f" of {steps}" if steps else ""

    def check(self, run: Run) -> None:
        """Look at the first batch of a stream as at resident data."""
        check(self.model, run.packed)

    def before(self, step: Step, run: Run, first: int, count: int) -> None:
        """Keep the state, to come back to it."""
        self._recorder.before(step, run, first, count)

    def after(self, step: Step, run: Run, first: int, done: int, outputs: list[np.ndarray]) -> None:
        """Look whether the run ended because of its loss."""
        super().after(step, run, first, done, outputs)
        loss = float(outputs[0][done - 1]) if done else 0.0
        if math.isfinite(loss):
            return
        where = f"{self._where}, step {self.steps}{self._of}"
        error = explain(self._recorder, step, run, first + done - 1, first, loss, where)
        watchers = [c for c in self.callbacks.callbacks if isinstance(c, TerminateOnNaN)]
        if not watchers:
            raise error
        for c in watchers:
            c.on_train_batch_end(self.steps - 1, logs=pythonify_logs(self.logs))


def evaluate(
    model: Any, data: tuple, batch_size: Any, verbose: Any, steps: Any, callbacks: Any
) -> dict[str, Any]:
    """`Trainer.evaluate`: the logs."""
    x, y, sample_weight = data
    feed = make_feed(x, y, sample_weight, batch_size=batch_size, steps=steps)
    if isinstance(feed, ArrayFeed):
        check(model, feed.packed)
    callbacks = _listed(model, callbacks, verbose, 1, feed.steps)
    if isinstance(feed, ArrayFeed):
        step_for(model, "test", "slices", feed.packed, feed.batch)
    try:
        return _tested(model, feed, callbacks)
    except BaseException:
        callbacks.interrupted()
        raise


def _tested(model: Any, feed: ArrayFeed | StreamFeed, callbacks: CallbackList) -> dict[str, Any]:
    model.stop_evaluating = False
    if isinstance(feed, ArrayFeed):
        feed.restart()
    callbacks.on_test_begin()
    model.reset_metrics()
    runner = Runner(model, "test", callbacks)
    runner.over(feed)
    logs = pythonify_logs(runner.logs)
    callbacks.on_test_end(logs)
    return logs


def predict(model: Any, x: Any, batch_size: Any, verbose: Any, steps: Any, callbacks: Any) -> Any:
    """`Trainer.predict`."""
    feed = make_feed(x, batch_size=batch_size, steps=steps)
    if isinstance(feed, ArrayFeed):
        check_samples(model, feed.packed)
        if feed.whole and not verbose and callbacks is None:
            return predict_batch(model, x, feed.packed, (batch_size,))
    callbacks = _listed(model, callbacks, verbose, 1, feed.steps)
    model.stop_predicting = False
    runner = PredictRunner(model, callbacks)
    callbacks.on_predict_begin()
    try:
        runner.over(feed)
    except BaseException:
        callbacks.interrupted()
        raise
    callbacks.on_predict_end()
    if len(runner.parts) == 1:
        return runner.parts[0]
    return tree.map_structure(lambda *parts: np.concatenate(parts), *runner.parts)


def predict_batch(model: Any, x: Any, packed: Packed, key: tuple) -> Any:
    """Predict all samples in one step; the next call with such an array comes here no more.

    Args:
        x: what the user passed. packed: its arrays. key: more of what the next call is known by.
    """
    quick = predict_function(*step_for_some(model, packed), packed.samples)
    if packed.arrays[0] is x:
        model._session.quick[x.shape, x.dtype, *key] = quick
    return quick(*packed.arrays)


def predict_function(step: Step, size: int, samples: int) -> Callable[..., Any]:
    """Runs one batch and gives the predictions; made once for each shape, so it is short.

    Args:
        step: a program for `size` samples. samples: how many there are.
    """
    run, state, single = step.run, step.state, step.outputs is None
    if samples != size:
        return lambda *arrays: step.predictions(
            run(1, state, (), [padded(a, size)[None] for a in arrays]), samples
        )

    def call(*arrays: np.ndarray) -> Any:
        batch = [a[None] if a.flags.c_contiguous else a.copy("C")[None] for a in arrays]
        outputs = run(1, state, (), batch)
        return outputs[0][0] if single else step.predictions(outputs)

    return call


# ---- arguments
def _listed(
    model: Any,
    callbacks: Any,
    verbose: Any,
    epochs: int,
    steps: int | None,
    add_history: bool = False,
) -> CallbackList:
    if isinstance(callbacks, CallbackList):
        return callbacks
    if verbose not in ("auto", 0, 1, 2):
        raise ArgumentError(f"verbose={verbose!r}: expected 0, 1, 2 or 'auto'")
    return CallbackList(
        callbacks,
        add_history=add_history,
        add_progbar=verbose != 0,
        model=model,
        verbose=verbose,
        epochs=epochs,
        steps=steps,
    )


def _limited_epochs(epochs: Any) -> int:
    if isinstance(epochs, bool) or not isinstance(epochs, int | np.integer) or epochs < 0:
        raise ArgumentError(f"epochs={epochs!r}: expected a whole number of 0 or more")
    most = config.max_epochs()
    if most is None or epochs <= most:
        return int(epochs)
    warnings.warn(f"epochs is limited to {most} by whit.config", stacklevel=4)
    return most


__all__ = ["BATCH_SIZE", "Validation", "check", "checked_count", "evaluate", "fit", "predict"]
