"""Makes the compiled programs of a model: one training, test or prediction step for given shapes.

A step is the model's own `train_step`, `test_step` or `predict_step`, traced. How a step gets its
batch is the `source`: "rows" gathers them from resident arrays, "slices" is handed a slice of them,
"whole" takes the arrays as they are. Programs are kept in the model's `Session` and made once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from whit import config, tree
from whit.engines import compile_program
from whit.engines.reference import ReferenceEngine
from whit.errors import ArgumentError
from whit.graph import Program, Tensor, Trace, apply, build, dtypes, origin
from whit.graph import grad as gradients
from whit.ops import core
from whit.training.data import Packed
from whit.training.rowwise import rows_are_independent
from whit.transforms import _tracing
from whit.variables import Variable


@dataclass
class Step:
    """A compiled step.

    Attributes:
        run: `Executable.run`. program: what it computes.
        variables, state: the variables it reads and writes, and their arrays.
        names: of the outputs after the first, which is the loss ("train" and "test").
        outputs: the structure of the predictions ("predict").
    """

    run: Callable[..., list[np.ndarray]]
    program: Program
    variables: list[Any]
    state: list[np.ndarray]
    names: list[str]
    outputs: Any = None

    def logs(self, outputs: Sequence[np.ndarray], step: int) -> dict[str, Any]:
        """The metrics after `step`, from a run's outputs."""
        return {
            name: float(values[step]) if values.ndim == 1 else values[step]
            for name, values in zip(self.names, outputs[1:], strict=True)
        }

    def predictions(self, outputs: Sequence[np.ndarray], samples: int | None = None) -> Any:
        """The predictions of a run, its steps joined, cut to the first `samples`."""
        flat = iter([_joined(a)[:samples] for a in outputs])
        return tree.map_structure(lambda _: next(flat), self.outputs)


def _joined(array: np.ndarray) -> np.ndarray:
    if array.ndim < 2:
        return array
    return array.reshape(array.shape[0] * array.shape[1], *array.shape[2:])


class Session:
    """What a model has besides its weights once it is compiled; dropped when it is pickled.

    Attributes:
        loss_tracker, loss, metrics: made by `compile`.
        trained: the variables that training changes, fixed when training first needs them.
        loss_tensor: the loss in the trace in progress.
        quick: what the one-batch methods call, by shapes.
        rowwise: whether rows of a prediction are independent, by shapes.
        shown: variables that hold the metrics after the last step, by name.
    """

    def __init__(self) -> None:
        self.loss_tracker: Any = None
        self.loss: Any = None
        self.metrics: Any = None
        self.trained: list[Any] | None = None
        self.loss_tensor: Any = None
        self.steps: dict[Any, Step] = {}
        self.quick: dict[Any, Any] = {}
        self.rowwise: dict[Any, bool] = {}
        self.shown: dict[str, Variable] = {}

    def forget(self) -> None:
        """Drop all programs: the model, or how it is trained, has changed."""
        self.steps.clear()
        self.quick.clear()
        self.rowwise.clear()

    def __getstate__(self) -> dict[str, Any]:
        dropped: dict[str, Any] = {"steps": {}, "quick": {}, "rowwise": {}, "shown": {}}
        return {**self.__dict__, **dropped, "loss_tensor": None}


# ---- finding and making
def step_for(
    model: Any, mode: str, source: str, packed: Packed, batch: int, reset: bool = False
) -> Step:
    """The compiled step for these arrays, made if it is not there yet.

    Args:
        model: a `Trainer`. mode: "train", "test" or "predict". source: see above.
        packed: the arrays. batch: samples in a step.
        reset: whether each step begins by resetting the metrics.
    """
    shapes = [_shape(a, source, batch) for a in packed.arrays]
    types = [a.dtype.name for a in packed.arrays]
    key = (mode, source, batch, reset, packed.form, *shapes, *types, config.numerics())
    steps = model._session.steps
    step = steps.get(key)
    if step is None:
        step = steps[key] = _make(model, mode, source, packed, batch, reset)
    return step


def _shape(array: np.ndarray, source: str, batch: int) -> tuple[int, ...]:
    return (batch, *array.shape[1:]) if source == "slices" else array.shape


def _make(model: Any, mode: str, source: str, packed: Packed, batch: int, reset: bool) -> Step:
    with _tracing:
        program, variables, structure, names = _traced(model, mode, source, packed, batch, False)
        if reset:  # traced again, now that the metrics of these shapes are known and can be reset
            program, variables, structure, names = _traced(model, mode, source, packed, batch, True)
        engine = ReferenceEngine().compile if model.run_eagerly else compile_program
        run = engine(program).run
    state = [v.array for v in variables]
    return Step(run, program, variables, state, names, structure)


def _traced(
    model: Any, mode: str, source: str, packed: Packed, batch: int, reset: bool
) -> tuple[Program, list[Any], Any, list[str]]:
    """The program of a step, its variables, and the structure or the names of what it gives."""
    trace = Trace(f"{model.name}.{mode}")
    with trace.active():
        leaves, data, stepped = _inputs(trace, source, packed, batch)
        if reset:
            model.reset_metrics()
        try:
            structure, names, outputs, halt = _MODES[mode](model, packed.unpack(leaves))
        finally:
            loss, model._session.loss_tensor = model._session.loss_tensor, None
            model._clear_losses()
        if mode != "predict":
            if not reset:
                _publish(model._session, names, outputs)
            outputs = [_loss(loss, names, outputs), *outputs]
        program, variables = trace.program(outputs, data, stepped, halt)
    return program, variables, structure, names


def step_for_some(model: Any, packed: Packed) -> tuple[Step, int]:
    """A "predict" step for at least these samples, and for how many.

    Where rows do not depend on each other, a number of samples that has no program yet is padded to
    the next power of two: a server then compiles a handful of programs, not one for each number.
    """
    samples = packed.samples
    size = 1 << (samples - 1).bit_length()
    if size == samples or not pads(model, packed):
        size = samples
    return step_for(model, "predict", "slices", packed, size), size


def pads(model: Any, packed: Packed) -> bool:
    """Whether a batch like this may be padded with more rows."""
    known = model._session.rowwise
    key = (packed.form, *((a.shape[1:], a.dtype) for a in packed.arrays), config.numerics())
    if key not in known:
        with _tracing:
            traced = _traced(model, "predict", "slices", packed, packed.samples, False)
        known[key] = rows_are_independent(traced[0], traced[0].stepped)
    return known[key]


def traced_output_shape(model: Any, packed: Packed) -> Any:
    """The shapes of the model's outputs for these arrays, found by tracing it; builds the model."""
    trace = Trace(f"{model.name}.shapes")
    with _tracing, trace.active():
        inputs = [trace.input("x", a.shape, a.dtype.name) for a in packed.arrays]
        outputs = model(packed.unpack(inputs)[0], training=False)
        model._clear_losses()
    return tree.map_structure(lambda t: (None, *t.shape[1:]), outputs)


def _inputs(
    trace: Trace, source: str, packed: Packed, batch: int
) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """The batch in the trace, and the program's `data` and `stepped` inputs."""
    shapes = [_shape(a, source, batch) for a in packed.arrays]
    pairs = zip(shapes, packed.arrays, strict=True)
    inputs = [trace.input("batch", shape, a.dtype.name) for shape, a in pairs]
    if source == "whole":
        return inputs, inputs, []
    if source == "slices":
        return inputs, [], inputs
    rows = trace.input("rows", (batch,), "int32")
    with origin("batch"):
        return [build.gather(x, rows) for x in inputs], inputs, [rows]


# ---- what each mode computes: (structure, names, outputs, halt)
Traced = tuple[Any, list[str], list[Tensor], "Tensor | None"]


def _train(model: Any, triple: Any) -> Traced:
    names, outputs = _logs(model.train_step(triple))
    loss = model._session.loss_tensor
    if loss is None:
        loss = dict(zip(names, outputs, strict=True)).get("loss")
    return None, names, outputs, None if loss is None else not_finite(loss)


def _test(model: Any, triple: Any) -> Traced:
    names, outputs = _logs(model.test_step(triple))
    return None, names, outputs, None


def _predict(model: Any, triple: Any) -> Traced:
    result = model.predict_step((triple[0],))
    leaves = [core.symbolic(x) for x in tree.iterate(result)]
    return tree.map_structure(lambda _: None, result), [], leaves, None


_MODES: dict[str, Callable[[Any, Any], Traced]] = {
    "train": _train,
    "test": _test,
    "predict": _predict,
}


def _logs(logs: Any) -> tuple[list[str], list[Tensor]]:
    """Names, sorted, and tensors of what a step returned."""
    if not isinstance(logs, dict):
        raise ArgumentError(
            f"train_step and test_step must return a dict of metrics by name, got {logs!r}"
        )
    flat: dict[str, Any] = {}
    for key, value in logs.items():
        flat.update(value if isinstance(value, dict) else {key: value})
    return sorted(flat), [core.symbolic(flat[k]) for k in sorted(flat)]


def _loss(loss: Any, names: list[str], outputs: list[Tensor]) -> Tensor:
    """The loss of the step itself; a custom step may only have its mean."""
    if loss is not None:
        return loss
    return dict(zip(names, outputs, strict=True)).get("loss", build.constant(0.0, "float32"))


def not_finite(x: Tensor) -> Tensor:
    """Whether a scalar is NaN or infinite."""
    most = float(np.finfo(x.dtype).max) if dtypes.is_float(x.dtype) else 0.0
    if not most:
        return build.constant(False, "bool")
    return apply("not", build.binary("less_equal", abs(x), most))


def loss_gradients(loss: Any, variables: Sequence[Any]) -> list[Tensor]:
    """The gradients of the loss by the values that the variables had when the step began."""
    trace = Trace.current()
    assert trace is not None
    for v in variables:
        trace.read(v)
    return gradients(loss, [trace.variables[v] for v in variables])


# ---- looking at metrics while a run goes on
def _publish(session: Session, names: list[str], outputs: Sequence[Tensor]) -> None:
    """Write the metrics that are numbers into variables, one word each, for the bar to read.

    The sums and counts of a metric change at different moments of a step; a bar that read those in
    the middle of one would show quotients that never were.
    """
    trace = Trace.current()
    assert trace is not None
    for name, value in zip(names, outputs, strict=True):
        if value.ndim:
            continue
        shown = session.shown.get(name)
        if shown is None or shown.dtype != value.dtype:
            shown = Variable(np.zeros((), value.dtype), trainable=False, name="shown")
            session.shown[name] = shown
        trace.assign(shown, value)
