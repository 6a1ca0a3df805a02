"""Every error that whit raises on purpose: one class for each kind of mistake.

The docstring of a class says what causes it and how to fix it, with an example, and `whit doctor`
and the documentation print the same text. Each class also derives from the builtin that Keras
raises in that place, so programs that catch `ValueError` keep working.
"""

from __future__ import annotations

from collections.abc import Iterable

from whit.naming import did_you_mean

__all__ = [
    "ArgumentError",
    "DataError",
    "DataWarning",
    "LabelError",
    "NonFiniteDataError",
    "NonFiniteLossError",
    "NotBuiltError",
    "NotCompiledError",
    "ShapeError",
    "UnknownNameError",
    "WhitError",
    "did_you_mean",
    "unknown_name",
]


class WhitError(Exception):
    """The base of all errors that whit raises on purpose.

    Cause: something in the program or its data does not fit; the message says what was expected,
    what came and what to change.

    Fix: read the message; catch this class to catch every error of whit.

    Example:
        >>> try:
        ...     model.fit(x, y)
        ... except whit.errors.WhitError as error:
        ...     print(error)
    """


class ArgumentError(WhitError, ValueError):
    """An argument has a value that its function does not take.

    Cause: a number out of its range, or a choice that does not exist.

    Fix: use one of the values that the message lists.

    Example:
        >>> losses.MeanSquaredError(reduction="average")   # raises
        >>> losses.MeanSquaredError(reduction="mean")      # works
    """


class UnknownNameError(WhitError, ValueError):
    """A name (of a loss, a metric, an optimizer, a layer...) stands for nothing.

    Cause: most often a typing error, or a custom object that was not given.

    Fix: take the name that the message suggests, pass the object itself, or name your own in
    `custom_objects`.

    Example:
        >>> model.compile(loss="categorial_crossentropy")    # raises, suggests the right name
        >>> model.compile(loss="categorical_crossentropy")   # works
    """


class ShapeError(WhitError, ValueError):
    """Arrays whose shapes do not fit a layer, a loss or each other.

    Cause: the wrong number of columns, a missing batch axis, a missing channel axis, targets that
    are not shaped as the model's output.

    Fix: reshape the array as the message says; axis 0 is always the batch.

    Example:
        >>> model.predict(x_test[0])         # raises: one sample without a batch axis
        >>> model.predict(x_test[0][None])   # works
    """


class DataError(WhitError, ValueError):
    """Data that no model can learn from: empty, of unequal lengths, no numbers, damaged, absent.

    Cause: a filter that kept no rows, x and y from different splits, a column of strings; for a
    data set, a damaged or truncated file, or no network and no file.

    Fix: repair the data where the message points (row, column, name), or put the file that it names
    where it says.

    Example:
        >>> model.fit(x[:100], y[:99])   # raises: 100 samples against 99
        >>> model.fit(x[:99], y[:99])    # works
    """


class LabelError(DataError):
    """Labels that the loss cannot read.

    Cause: integer labels with a loss for one-hot rows, one-hot rows with a sparse loss, or class
    numbers that the output has no unit for (often labels that count from 1).

    Fix: change the loss, or the labels, as the message says.

    Example:
        >>> model.compile(loss="categorical_crossentropy")
        >>> model.fit(x, [3, 1, 2])                              # raises
        >>> model.fit(x, whit.utils.to_categorical([3, 1, 2]))   # works
    """


class NonFiniteDataError(DataError):
    """NaN or an infinity in x, y or sample_weight.

    Cause: missing values in a table, a logarithm of zero, a division by a column's zero spread.
    One such value turns every weight of the model into NaN in a single step.

    Fix: find them with `np.argwhere(~np.isfinite(x))`, then fill or drop those rows.

    Example:
        >>> model.fit(x, y)                  # raises: x has 3 values that are not finite
        >>> keep = np.isfinite(x).all(axis=1)
        >>> model.fit(x[keep], y[keep])      # works
    """


class NonFiniteLossError(WhitError, ArithmeticError):
    """The loss became NaN or infinite while training.

    Cause: a learning rate that is too high, inputs that are not scaled, a logarithm or a division
    of zero in a custom loss.

    Fix: lower the learning rate, scale the inputs to about [-1, 1], give the optimizer
    `clipnorm=1.0`, and look at the batch that the message names.

    Example:
        >>> model.compile(optimizer=optimizers.SGD(10.0), loss="mse")     # diverges
        >>> model.compile(optimizer=optimizers.SGD(0.01, clipnorm=1.0), loss="mse")
    """


class NotCompiledError(WhitError, ValueError):
    """A model was trained or evaluated before it knew its loss.

    Cause: `fit`, `evaluate` or `train_on_batch` before `compile`.

    Fix: call `compile` first.

    Example:
        >>> model.fit(x, y)                                  # raises
        >>> model.compile(optimizer="adam", loss="mse")
        >>> model.fit(x, y)                                  # works
    """


class NotBuiltError(WhitError, ValueError):
    """The weights or shapes of a layer were asked for before they exist.

    Cause: a layer makes its weights when it first sees the shape of its input.

    Fix: start the model with `Input(shape)`, or call `model.build((None, features))`, or call the
    model on data once.

    Example:
        >>> Sequential([Dense(10)]).count_params()                  # raises
        >>> Sequential([Input((784,)), Dense(10)]).count_params()   # works
    """


class DataWarning(UserWarning):
    """Data that a model can be trained on, but probably not as intended.

    Cause: pixels from 0 to 255 that nothing scales, or targets outside [0, 1] with binary
    cross-entropy.

    Fix: do what the warning says, or silence it with
    `warnings.filterwarnings("ignore", category=whit.errors.DataWarning)`.

    Example:
        >>> model.fit(images, y)         # warns: values from 0 to 255
        >>> model.fit(images / 255, y)   # does not
    """


def unknown_name(kind: str, name: object, choices: Iterable[str]) -> UnknownNameError:
    """The error for a `name` that is not among `choices`, with the nearest one or all of them.

    Args:
        kind: what the name should be a name of, such as "loss".
        name: what the user wrote.
        choices: the names there are.
    """
    known = sorted(choices, key=str.lower)
    alike = [c for c in known if c.islower() == str(name).islower()]  # "mse" rather than "MSE"
    hint = did_you_mean(str(name), alike) or did_you_mean(str(name), known)
    hint = hint or f" Known: {', '.join(known)}."
    return UnknownNameError(f"Unknown {kind}: {name!r}.{hint}")
