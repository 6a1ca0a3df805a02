"""Trainer: the methods of a model that train it, measure it and use it, as Keras 3 has them.

The methods here check and convert; `fitting` has the loops over epochs, `loop` runs the programs
that `step` makes. A call with one batch and nothing to print has a path of its own: it looks its
program up by the arrays' shapes and runs it, because a prediction of one sample has to take
microseconds.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from whit import ops, tree
from whit.errors import ArgumentError, NotCompiledError
from whit.graph import Trace, dtypes
from whit.ops import core
from whit.training import fitting
from whit.training.compiled import CompiledLoss, CompiledMetrics
from whit.training.data import Packed, pack
from whit.training.step import Session, Step, loss_gradients, step_for


class Trainer:
    """What `Model` inherits `compile`, `fit`, `evaluate`, `predict` and the one-batch methods from.

    Attributes:
        optimizer, loss: what `compile` was given, the optimizer as an object.
        compiled: whether `compile` has been called.
        history: the `History` of the last `fit`.
        stop_training: set it to True in a callback, and training ends after the step in progress.

    Source: https://keras.io/api/models/model_training_apis/
    """

    optimizer: Any = None
    loss: Any = None
    compiled = False
    history: Any = None
    stop_training = False
    stop_evaluating = False
    stop_predicting = False
    run_eagerly = False
    jit_compile: Any = True
    steps_per_execution = 1
    _compile_arguments: dict[str, Any] | None = None

    name: str
    built: bool

    @cached_property
    def _session(self) -> Session:
        return Session()

    # ---- compile
    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Say how the model is trained.

        Args:
            optimizer: a name or an `Optimizer`.
            loss: a name, a `Loss` or a function of (y_true, y_pred); for several outputs a list
                or a dict of such.
            loss_weights: numbers that the outputs' losses are multiplied by.
            metrics: a list of names, `Metric`s and functions.
            weighted_metrics: the same; these see `sample_weight` and `class_weight`.
            run_eagerly: compute with NumPy, operation by operation, to look for a mistake.
            steps_per_execution: batches between two calls of a callback for batches.
            jit_compile, auto_scale_loss: accepted for Keras' sake; everything is compiled, and no
                type that whit computes in needs its loss scaled.

        Raises:
            UnknownNameError: an optimizer, loss or metric that does not exist; says which is near.
            ArgumentError: an argument of the wrong type.
        """
        from whit import metrics as metrics_api
        from whit import optimizers

        if isinstance(steps_per_execution, bool) or not isinstance(steps_per_execution, int):
            raise ArgumentError(f"steps_per_execution={steps_per_execution!r}: expected an integer")
        if steps_per_execution < 1:
            raise ArgumentError(f"steps_per_execution={steps_per_execution}: expected 1 or more")
        names = getattr(self, "output_names", None)
        chosen = optimizers.get(optimizer)
        session = Session()
        session.loss_tracker = metrics_api.Mean(name="loss")
        if loss is not None:
            session.loss = CompiledLoss(loss, loss_weights, names)
        if metrics is not None or weighted_metrics is not None:
            session.metrics = CompiledMetrics(metrics, weighted_metrics, names)
        if self.built:
            session.trained = list(self.trainable_variables)  # type: ignore[attr-defined]
        self.optimizer, self.loss = chosen, loss
        self.run_eagerly = bool(run_eagerly)
        self.jit_compile = not run_eagerly if jit_compile == "auto" else bool(jit_compile)
        self.steps_per_execution = steps_per_execution
        self.stop_training = False
        self._compile_arguments = {
            "optimizer": chosen,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": self.run_eagerly,
            "steps_per_execution": steps_per_execution,
            "jit_compile": self.jit_compile,
        }
        self.__dict__["_session"] = session
        self.compiled = True

    def _forget_programs(self) -> None:
        """Drop what was compiled: the model has changed."""
        self._session.forget()
        self._session.trained = None

    def _require_compiled(self, method: str) -> None:
        if not self.compiled:
            raise NotCompiledError(
                f"{method}: You must call `compile()` before using the model: {self.name!r} does "
                'not know its loss and optimizer yet. For example: model.compile("adam", "mse")'
            )

    # ---- metrics
    @property
    def metrics(self) -> list[Any]:
        """The loss, what `compile` was given, and the metrics among the model's attributes."""
        session, compiled = self._session, []
        if self.compiled:
            compiled = [session.loss_tracker]
            compiled += [session.metrics] if session.metrics is not None else []
            compiled += session.loss.metrics if session.loss is not None else []
        return compiled + super().metrics  # type: ignore[misc]

    @property
    def metrics_names(self) -> list[str]:
        """The names of `metrics`."""
        return [m.name for m in self.metrics]

    @property
    def metrics_variables(self) -> list[Any]:
        """The variables of `metrics`."""
        return [v for m in self.metrics for v in m.variables]

    def reset_metrics(self) -> None:
        """Make all metrics start again."""
        for m in self.metrics:
            m.reset_state()

    def get_metrics_result(self) -> dict[str, Any]:
        """The value of each metric, by name."""
        results: dict[str, Any] = {}
        for m in self.metrics:
            value = m.result()
            results.update(value if isinstance(value, dict) else {m.name: value})
        return results

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Any]:
        """Add a batch to the metrics of `compile`; override it for metrics of your own.

        Returns:
            The value of each metric, by name.
        """
        if self._session.metrics is not None:
            self._session.metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The loss of a batch and what layers and regularizers add to it; override it for your own.

        Args:
            x, y, sample_weight: the batch. y_pred: the model's output for `x`.
            training: whether this is a training step.

        Returns:
            A scalar.
        """
        parts = [ops.sum(ops.cast(v, _float_of(v))) for v in self.losses]  # type: ignore[attr-defined]
        if self._session.loss is not None:
            parts.insert(0, self._session.loss(y, y_pred, sample_weight))
        parts = [p for p in parts if p is not None]
        if not parts:
            return ops.zeros(())
        total = parts[0]
        for part in parts[1:]:
            total = ops.add(total, part)
        return total

    # ---- the steps, traced
    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of training, as the program computes it; override it for a training of your own.

        Args:
            data: (x, y, sample_weight), symbolic.

        Returns:
            The metrics' values, by name.
        """
        x, y, sample_weight = data
        y_pred = self(x, training=True)  # type: ignore[operator]
        loss = self._tracked_loss(x, y, y_pred, sample_weight, training=True)
        session = self._session
        if session.loss is None and not self.losses:  # type: ignore[attr-defined]
            raise ArgumentError(
                "No loss to compute: compile() was called without a loss, and no layer adds one. "
                'Give one, such as compile(loss="mse")'
            )
        if session.trained is None:
            session.trained = list(self.trainable_variables)  # type: ignore[attr-defined]
        scaled = self.optimizer.scale_loss(loss) if hasattr(self.optimizer, "scale_loss") else loss
        if session.trained:
            self.optimizer.apply(loss_gradients(scaled, session.trained), session.trained)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """One step of evaluation, as the program computes it.

        Args:
            data: (x, y, sample_weight), symbolic.

        Returns:
            The metrics' values, by name.
        """
        x, y, sample_weight = data
        y_pred = self(x, training=False)  # type: ignore[operator]
        self._tracked_loss(x, y, y_pred, sample_weight, training=False)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def predict_step(self, data: Any) -> Any:
        """One step of prediction, as the program computes it: the model's output."""
        return self(data[0], training=False)  # type: ignore[operator]

    def _tracked_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Any:
        """`compute_loss`, its mean over samples tracked."""
        arguments = {"x": x, "y": y, "y_pred": y_pred, "sample_weight": sample_weight}
        if "training" in inspect.signature(self.compute_loss).parameters:
            arguments["training"] = training
        loss = core.symbolic(self.compute_loss(**arguments))
        samples = next(t.shape[0] for t in tree.iterate(x) if t is not None)
        self._session.loss_tracker.update_state(loss, sample_weight=float(samples))
        self._session.loss_tensor = loss
        return loss

    # ---- many batches
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: Any = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
    ) -> Any:
        """Train the model.

        Args:
            x: samples, axis 0 counting them: an array, a DataFrame, a list of rows, anything with
                `__array__` or DLPack, a list or dict of these for several inputs; or something that
                gives batches (x, y) or (x, y, sample_weight): a generator, an iterable, an object
                with `__len__` and `__getitem__`.
            y: targets, unless `x` gives them.
            batch_size: samples in a step, 32 by default.
            epochs: the number of the last epoch.
            verbose: 0 for silence, 1 for a bar, 2 for a line an epoch, "auto" for 1.
            callbacks: a list of `whit.callbacks.Callback`.
            validation_split: the share of the data, taken from its end before shuffling, that is
                not trained on and evaluated after each epoch.
            validation_data: (x, y) or (x, y, sample_weight) for that, or something that gives
                batches.
            shuffle: whether samples come in a new order each epoch; "batch" keeps batches together.
            class_weight: dict from a class' number to the weight of its samples in the loss.
            sample_weight: weights of the samples in the loss.
            initial_epoch: the number of the first epoch, to go on with an earlier training.
            steps_per_epoch: batches in an epoch; by default all.
            validation_steps: batches in a validation; by default all.
            validation_batch_size: samples in a step of validation, `batch_size` by default.
            validation_freq: validate every so many epochs, or in the epochs of a list (from 1).

        Returns:
            The `History`: `.history` has the metrics of each epoch.

        Raises:
            NotCompiledError: `compile` has not been called.
            DataError, LabelError, ShapeError: the data does not fit.
            NonFiniteLossError: the loss became NaN or infinite.
        """
        self._require_compiled("fit")
        validation = fitting.Validation(
            validation_data,
            validation_split,
            validation_steps,
            validation_batch_size,
            validation_freq,
        )
        return fitting.fit(
            self,
            (x, y, sample_weight),
            batch_size=batch_size,
            epochs=epochs,
            verbose=verbose,
            callbacks=callbacks,
            validation=validation,
            shuffle=shuffle,
            class_weight=class_weight,
            initial_epoch=initial_epoch,
            steps_per_epoch=steps_per_epoch,
        )

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> Any:
        """The loss and metrics of the model on data.

        Args:
            x, y, batch_size, verbose, sample_weight, callbacks: as in `fit`.
            steps: batches to look at; by default all.
            return_dict: whether to return a dict.

        Returns:
            The loss; a list of the loss and the metrics if there are metrics; or a dict.

        Raises:
            NotCompiledError: `compile` has not been called. DataError: the data does not fit.
        """
        self._require_compiled("evaluate")
        if kwargs:
            raise ArgumentError(f"evaluate has no argument {next(iter(kwargs))!r}")
        logs = fitting.evaluate(self, (x, y, sample_weight), batch_size, verbose, steps, callbacks)
        return logs if return_dict else self._in_order(logs)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """The model's outputs for many samples.

        Args:
            x: samples, as in `fit`.
            batch_size: samples in a step, 32 by default.
            verbose, callbacks: as in `fit`.
            steps: batches to predict; by default all.

        Returns:
            An array, or the structure of arrays that the model gives.

        Raises:
            DataError, ShapeError: the data does not fit.
        """
        if not verbose and callbacks is None and steps is None and type(x) is np.ndarray:
            quick = self._session.quick.get((x.shape, x.dtype, batch_size))
            if quick is not None:
                return quick(x)
        return fitting.predict(self, x, batch_size, verbose, steps, callbacks)

    # ---- one batch
    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """One step of training. A loss that is not finite is returned as it is.

        Args:
            x, y, sample_weight, class_weight: one batch, as in `fit`.
            return_dict: whether to return a dict.

        Returns:
            The loss of the batch; a list of it and the metrics if there are metrics; or a dict.

        Raises:
            NotCompiledError: `compile` has not been called. DataError: the data does not fit.
        """
        return self._on_batch("train", x, y, sample_weight, class_weight, return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """The loss and metrics of one batch; arguments and result as of `train_on_batch`."""
        return self._on_batch("test", x, y, sample_weight, None, return_dict)

    def _on_batch(
        self, mode: str, x: Any, y: Any, sample_weight: Any, class_weight: Any, return_dict: bool
    ) -> Any:
        key = None
        if (
            type(x) is np.ndarray
            and type(y) is np.ndarray
            and class_weight is sample_weight is None
        ):
            key = (mode, x.shape, x.dtype, y.shape, y.dtype, return_dict)
            quick = self._session.quick.get(key)
            if quick is not None:
                return quick(x, y)
        self._require_compiled(f"{mode}_on_batch")
        packed = pack(x, y, sample_weight, class_weight)
        fitting.check(self, packed)
        step = step_for(self, mode, "whole", packed, packed.samples, reset=True)
        quick = self._batch_function(step, return_dict)
        if key is not None and packed.arrays[0] is x and packed.arrays[1] is y:
            self._session.quick[key] = quick
        return quick(*packed.arrays)

    def _batch_function(self, step: Step, return_dict: bool) -> Callable[..., Any]:
        """Runs one batch and gives its metrics; made once for each shape, so it is short."""
        run, state, names = step.run, step.state, step.names
        order = self._in_order({name: q for q, name in enumerate(names, 1)})

        def call(*arrays: np.ndarray) -> Any:
            outputs = run(1, state, [a if a.flags.c_contiguous else a.copy("C") for a in arrays])
            if return_dict:
                return step.logs(outputs, 0)
            if isinstance(order, int):
                return float(outputs[order][0])
            return [_scalar(outputs[q]) for q in order]

        return call

    def predict_on_batch(self, x: Any) -> Any:
        """The model's outputs for one batch; `x` as in `fit`."""
        if type(x) is np.ndarray:
            quick = self._session.quick.get((x.shape, x.dtype))
            if quick is not None:
                return quick(x)
        packed = pack(x)
        fitting.check_samples(self, packed)
        return fitting.predict_batch(self, x, packed, ())

    # ---- results
    def _in_order(self, logs: dict[str, Any]) -> Any:
        """The values of logs, the loss first, then the metrics in order; one alone as it is."""
        names: list[str] = []
        for m in self.metrics:  # as in Keras, one that is given twice is there twice
            names += [one.name for one in m.metrics] if isinstance(m, CompiledMetrics) else [m.name]
        values = [logs[n] for n in names if n in logs]
        values += [logs[n] for n in sorted(logs) if n not in names]
        return values[0] if len(values) == 1 else values

    # ---- configs
    def get_compile_config(self) -> dict[str, Any]:
        """The arguments of `compile`, as configs; empty if it has not been called."""
        if self._compile_arguments is None:
            return {}
        return {k: _serialized(v) for k, v in self._compile_arguments.items()}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile as `get_compile_config` described."""
        from whit import losses, metrics, optimizers

        tables = {"optimizer": optimizers, "loss": losses, "metrics": metrics}
        tables["weighted_metrics"] = metrics
        restored = {k: _restored(v, tables[k]) if k in tables else v for k, v in config.items()}
        self.compile(**restored)
        if self.built and self.optimizer is not None:
            self.optimizer.build(self.trainable_variables)  # type: ignore[attr-defined]


def _scalar(values: np.ndarray) -> Any:
    return float(values[0]) if values.ndim == 1 else values[0]


def _float_of(value: Any) -> str:
    dtype = getattr(value, "dtype", None)
    name = dtype if isinstance(dtype, str) else getattr(dtype, "name", "float32")
    return name if dtypes.is_float(name) else "float32"


def _serialized(value: Any) -> Any:
    from whit import losses, metrics, optimizers

    def one(leaf: Any) -> Any:
        if isinstance(leaf, optimizers.Optimizer):
            return optimizers.serialize(leaf)
        if isinstance(leaf, metrics.Metric):
            return metrics.serialize(leaf)
        return losses.serialize(leaf) if callable(leaf) else leaf

    return tree.map_structure(one, value)


def _restored(value: Any, table: Any) -> Any:
    if isinstance(value, dict) and "class_name" in value:
        return table.deserialize(value)
    if isinstance(value, dict):
        return {k: _restored(v, table) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_restored(v, table) for v in value)
    return value


__all__ = ["Packed", "Trace", "Trainer"]
