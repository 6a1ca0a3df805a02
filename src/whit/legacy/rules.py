"""What rows of the table do beyond a new name: each rule puts one old meaning into a call."""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from whit.legacy.rows import Call


# ---- layers
def old_initializer(call: Call, value: Any) -> None:
    """`init=`: a name with its Keras 1 meaning, or a function `(shape, name=None)`."""
    call.kwargs["kernel_initializer"] = initializer(value)


def initializer(value: Any) -> Any:
    """The initializer that Keras 1's `init=value` meant."""
    if value == "orthogonal":
        from whit.initializers import Orthogonal

        return Orthogonal(gain=1.1)  # Keras 1's scale
    if inspect.isfunction(value) and "dtype" not in inspect.signature(value).parameters:
        return functools.partial(_call_old_initializer, value)
    return value


def _call_old_initializer(
    function: Callable[..., Any], shape: Sequence[int], dtype: Any = None
) -> Any:
    return np.asarray(function(tuple(shape)), dtype)


def initial_weights(call: Call, value: Any) -> None:
    """`weights=[...]`: the layer has these from the moment that it is built."""
    if value is None:
        return
    layer, weights = call.target, [np.asarray(w) for w in value]

    def remember(result: Any) -> Any:
        layer.__dict__["build"] = functools.partial(_build_with, layer, weights)
        return result

    call.after.append(remember)


def _build_with(layer: Any, weights: list[np.ndarray], *args: Any, **kwargs: Any) -> None:
    layer.__dict__.pop("build", None)
    layer.build(*args, **kwargs)
    layer.set_weights(weights)


def is_old_dense_with_input(args: tuple[Any, ...]) -> bool:
    """Keras 0's `Dense(784, 128)`: both sizes."""
    return len(args) >= 2 and all(_is_size(a) for a in args[:2])


def is_old_dense_with_init(args: tuple[Any, ...]) -> bool:
    """Keras 1's `Dense(128, "normal")`: the second argument names an initializer."""
    from whit import activations, initializers

    if len(args) < 2 or not _is_size(args[0]) or not isinstance(args[1], str):
        return False
    return _known(initializers.get, args[1]) and not _known(activations.get, args[1])


def is_old_reshape(args: tuple[Any, ...]) -> bool:
    """Keras 0's `Reshape(1, 28, 28)`: one argument for each extent."""
    return len(args) >= 2 and all(_is_size(a) for a in args)


def is_old_add_weight(args: tuple[Any, ...]) -> bool:
    """Keras 2's `add_weight("kernel", (3, 4))`: the name comes first."""
    return bool(args) and isinstance(args[0], str)


def _is_size(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _known(get: Callable[[str], Any], name: str) -> bool:
    try:
        get(name)
    except ValueError:
        return False
    return True


# ---- optimizers
OLD_RATES = {"Adagrad": 0.01, "Adadelta": 1.0, "Adamax": 0.002, "Nadam": 0.002}


def decay(call: Call, value: float) -> None:
    """`decay=d`: the rate of update number t (from 0) is learning_rate / (1 + d * t)."""
    old_rate(call)
    optimizer = call.target

    def remember(result: Any) -> Any:
        optimizer.__dict__["decay"] = float(value or 0.0)
        return result

    call.after.append(remember)


def old_rate(call: Call, _: Any = None) -> None:
    """A call in Keras 2's words has Keras 2's learning rate, where today's default differs."""
    rate = OLD_RATES.get(type(call.target).__name__)
    if rate is not None and not call.args and "lr" not in call.kwargs:
        call.kwargs.setdefault("learning_rate", rate)


def decaying(update: Callable[..., None]) -> Callable[..., None]:
    """`Optimizer._update` with the rate that `decay=` leaves at this iteration."""

    @functools.wraps(update)
    def wrapped(self: Any, grads: Any, variables: Any) -> None:
        factor = self.__dict__.get("decay")
        if not factor:
            update(self, grads, variables)
            return
        from whit import ops

        kept = self._learning_rate
        step = ops.cast(self.iterations, "float32")
        rate = ops.divide(self.learning_rate, 1.0 + step * factor)
        self._learning_rate = lambda: rate
        try:
            update(self, grads, variables)
        finally:
            self._learning_rate = kept

    return wrapped


def rate_of(optimizer: Any) -> Any:
    """`optimizer.lr`."""
    return optimizer.learning_rate


def set_rate_of(optimizer: Any, value: Any) -> None:
    """`optimizer.lr = value`."""
    optimizer.learning_rate = value


# ---- training
def show_accuracy(call: Call, value: bool) -> None:
    """`show_accuracy=True` of Keras 0: the model also reports its accuracy."""
    if value:
        add_accuracy(call.target)


def show_accuracy_in_fit(call: Call, value: bool) -> None:
    """The same in `fit`, whose batch size was 128 in Keras 0."""
    show_accuracy(call, value)
    if len(call.args) < 3:
        call.kwargs.setdefault("batch_size", 128)


def show_accuracy_in_evaluate(call: Call, value: bool) -> None:
    """The same in `evaluate` and on one batch, which otherwise returned the loss alone."""
    show_accuracy(call, value)
    if value and _on_request(call.target):
        call.target.__dict__[_ON_REQUEST][0] = True


# A model that has accuracy only since `show_accuracy` holds here whether the next result is to have
# it, and the arguments of the `compile` that added it.
_ON_REQUEST = "_accuracy_on_request"


def _on_request(model: Any) -> bool:
    _, compiled = model.__dict__.get(_ON_REQUEST, (False, None))
    return compiled is not None and compiled is model._compile_arguments


def add_accuracy(model: Any) -> None:
    """Compile the model anew with accuracy among its metrics, unless it has metrics."""
    given = model._compile_arguments
    if given is None or given["metrics"] or given["weighted_metrics"]:
        return
    model.compile(**{**given, "metrics": ["accuracy"]})
    model.__dict__[_ON_REQUEST] = [False, model._compile_arguments]


def loss_alone(evaluate: Callable[..., Any]) -> Callable[..., Any]:
    """`evaluate` that leaves out an accuracy which this call did not ask for."""

    @functools.wraps(evaluate)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = evaluate(self, *args, **kwargs)
        if not _on_request(self) or not isinstance(result, list):
            return result
        asked, self.__dict__[_ON_REQUEST][0] = self.__dict__[_ON_REQUEST][0], False
        return result if asked else result[0]

    return wrapped


def metrics_names(model: Any) -> list[str]:
    """`model.metrics_names`: the names of what `evaluate` returns, in its order."""
    names: list[str] = []
    for metric in model.metrics:
        inside = getattr(metric, "metrics", None)
        if inside is None:
            names.append(metric.name)
        else:  # the objects are made when the first batch shows its shapes
            names += [m.name for m in inside] or _names_given_to_compile(model)
    return names


def _names_given_to_compile(model: Any) -> list[str]:
    from whit import tree

    arguments = [model._compile_arguments[name] for name in ("metrics", "weighted_metrics")]
    given = [m for m in tree.flatten(arguments) if m is not None]
    return [m if isinstance(m, str) else getattr(m, "name", None) or m.__name__ for m in given]


def with_column_targets(update_state: Callable[..., None]) -> Callable[..., None]:
    """`MeanMetricWrapper.update_state` that makes targets (n,) a column beside outputs (n, 1).

    All Kerases before 3 did so; in Keras 3 a metric such as `y_true * y_pred` makes (n, n) of them.
    """

    @functools.wraps(update_state)
    def wrapped(self: Any, y_true: Any, y_pred: Any, *args: Any, **kwargs: Any) -> None:
        from whit import ops

        targets, outputs = (getattr(v, "shape", ()) for v in (y_true, y_pred))
        if (*targets, 1) == tuple(outputs):
            y_true = ops.expand_dims(y_true, -1)
        update_state(self, y_true, y_pred, *args, **kwargs)

    return wrapped


# ---- results
class EagerArray(np.ndarray):
    """An array that also answers `.numpy()`, as TensorFlow's results do."""

    def numpy(self) -> np.ndarray:
        """The plain array."""
        return np.asarray(self)


def with_numpy(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose results, where they are arrays, also answer `.numpy()`."""

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        from whit import tree

        return tree.map_structure(_eager, function(*args, **kwargs))

    return wrapped


def _eager(value: Any) -> Any:
    if type(value) is np.ndarray or isinstance(value, np.generic):
        return np.asarray(value).view(EagerArray)
    return value


# ---- generators
def fit_generator(
    self: Any,
    generator: Iterable[Any],
    steps_per_epoch: int | None = None,
    epochs: int = 1,
    verbose: Any = 1,
    callbacks: Any = None,
    validation_data: Any = None,
    validation_steps: int | None = None,
    class_weight: Any = None,
    max_queue_size: int = 10,
    workers: int = 1,
    use_multiprocessing: bool = False,
    shuffle: bool = True,
    initial_epoch: int = 0,
) -> Any:
    """Keras 2's `fit_generator`: today's `fit` of something that gives batches."""
    return self.fit(
        generator,
        steps_per_epoch=steps_per_epoch,
        epochs=epochs,
        verbose=verbose,
        callbacks=callbacks,
        validation_data=validation_data,
        validation_steps=validation_steps,
        class_weight=class_weight,
        initial_epoch=initial_epoch,
    )


def evaluate_generator(
    self: Any, generator: Iterable[Any], steps: int | None = None, *ignored: Any, verbose: Any = 0
) -> Any:
    """Keras 2's `evaluate_generator`: today's `evaluate`."""
    return self.evaluate(generator, steps=steps, verbose=verbose)


def predict_generator(
    self: Any, generator: Iterable[Any], steps: int | None = None, *ignored: Any, verbose: Any = 0
) -> Any:
    """Keras 2's `predict_generator`: today's `predict`."""
    return self.predict(generator, steps=steps, verbose=verbose)


def steps_for(call: Call, samples: int, argument: str, source: str) -> None:
    """Keras 1 counted an epoch in samples: as many batches as give so many."""
    if source in call.kwargs or not call.args:
        given = call.kwargs.get(source)
    else:
        given = call.args[0]
    if isinstance(given, list | tuple) or given is None:
        return  # arrays: all of them
    batches = iter(given)
    first = next(batches)
    size = len(first[0]) if not isinstance(first[0], dict) else len(next(iter(first[0].values())))
    chained = itertools.chain([first], batches)
    if source in call.kwargs:
        call.kwargs[source] = chained
    else:
        call.args = (chained, *call.args[1:])
    call.kwargs[argument] = -(-int(samples) // size)


def samples_per_epoch(call: Call, value: int) -> None:
    """`samples_per_epoch=n` of Keras 1."""
    steps_for(call, value, "steps_per_epoch", "generator")


def nb_val_samples(call: Call, value: int) -> None:
    """`nb_val_samples=n` of Keras 1."""
    if value is not None and "validation_data" in call.kwargs:
        steps_for(call, value, "validation_steps", "validation_data")


def val_samples(call: Call, value: int) -> None:
    """`val_samples=n` of Keras 1's `evaluate_generator` and `predict_generator`."""
    steps_for(call, value, "steps", "generator")


# ---- predictions
def predict_proba(self: Any, x: Any, batch_size: int | None = None, verbose: Any = 0) -> np.ndarray:
    """Keras 2's `predict_proba`: the predictions, as `predict`."""
    return self.predict(x, batch_size=batch_size, verbose=verbose)


def predict_classes(
    self: Any, x: Any, batch_size: int | None = None, verbose: Any = 0
) -> np.ndarray:
    """Keras 2's `predict_classes`: the likeliest class; for one output, whether it is above 0.5."""
    scores = self.predict(x, batch_size=batch_size, verbose=verbose)
    if scores.shape[-1] > 1:
        return scores.argmax(axis=-1)
    return (scores > 0.5).astype("int32")


# ---- functions of keras.utils.np_utils
def probas_to_classes(y_pred: Any) -> np.ndarray:
    """Keras 1's `probas_to_classes`: classes of rows of probabilities, or of one column."""
    scores = np.asarray(y_pred)
    if scores.ndim > 1 and scores.shape[1] > 1:
        return categorical_probas_to_classes(scores)
    return np.array([1 if p > 0.5 else 0 for p in scores.ravel()])


def categorical_probas_to_classes(p: Any) -> np.ndarray:
    """Keras 1's `categorical_probas_to_classes`: the place of the largest in each row."""
    return np.argmax(p, axis=1)


def same_model(model: Any, *args: Any, **kwargs: Any) -> Any:
    """`multi_gpu_model`: the model itself, which always has the whole machine."""
    return model


# ---- functions of keras.initializations
def old_initialization(class_name: str, scale: str | None = None) -> Callable[..., Any]:
    """The Keras 1 function `f(shape, scale=..., name=None)` for an initializer of today."""

    def draw(
        shape: Sequence[int], *args: Any, name: Any = None, dim_ordering: Any = None, **given: Any
    ) -> Any:
        from whit import initializers
        from whit.variables import Variable

        if args and scale:
            given["scale"] = args[0]
        options = {}
        if scale and "scale" in given:
            options = {scale: given.pop("scale")}
            if scale == "minval":
                options["minval"], options["maxval"] = -options["minval"], options["minval"]
        return Variable(getattr(initializers, class_name)(**options)(tuple(shape)), name=name)

    draw.__doc__ = f"Keras 1's function for `initializers.{class_name}`: a variable of this shape."
    return draw


# ---- regularizers
def weight_regularizer(l1: float = 0.0, l2: float = 0.0) -> Any:
    """Keras 1's `WeightRegularizer`, `ActivityRegularizer`, `l1l2` and their kin."""
    from whit.regularizers import L1L2

    return L1L2(l1=l1, l2=l2)


def activity_l1(l: float = 0.01) -> Any:  # noqa: E741 - Keras' name of the argument
    """Keras 1's `activity_l1`."""
    return weight_regularizer(l1=l)


def activity_l2(l: float = 0.01) -> Any:  # noqa: E741 - Keras' name of the argument
    """Keras 1's `activity_l2`."""
    return weight_regularizer(l2=l)


def l1l2(l1: float = 0.01, l2: float = 0.01) -> Any:
    """Keras 1's `l1l2` and `activity_l1l2`."""
    return weight_regularizer(l1, l2)


# ---- what a program asks TensorFlow about the machine
def devices(device_type: str | None = None) -> list[Any]:
    """The devices of a kind: one processor, and nothing else."""
    return ["/physical_device:CPU:0"] if device_type in (None, "CPU") else []


def nothing(*args: Any, **kwargs: Any) -> None:
    """Accepted, with no effect."""


def true(*args: Any, **kwargs: Any) -> bool:
    """Yes."""
    return True


def false(*args: Any, **kwargs: Any) -> bool:
    """No."""
    return False


def no_name(*args: Any, **kwargs: Any) -> str:
    """The name of something that is not there."""
    return ""


def logger() -> Any:
    """TensorFlow's logger, through which whit says nothing."""
    import logging

    return logging.getLogger("tensorflow")
