"""What is looked for in the data before training begins, and what the user is told.

Most programs that do not learn have one of a dozen mistakes in their data. Each is a small function
here that raises an error (or warns) which says what came, what was expected and how to repair it.
All of them together take one pass over x.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from whit import losses, tree
from whit.errors import (
    DataError,
    DataWarning,
    LabelError,
    NonFiniteDataError,
    ShapeError,
    WhitError,
)
from whit.losses import crossentropy, functions

Shape = tuple[int | None, ...]
_BLOCK = 1 << 18  # elements looked at together: 1 MB of float32, which stays in a core's cache
_SHOWN = 5  # offending rows named in a message

_KINDS: dict[Any, str] = {
    crossentropy.categorical_crossentropy: "categorical",
    crossentropy.categorical_focal_crossentropy: "categorical",
    functions.categorical_hinge: "categorical",
    crossentropy.sparse_categorical_crossentropy: "sparse",
    crossentropy.categorical_generalized_cross_entropy: "sparse",
    crossentropy.binary_crossentropy: "binary",
    crossentropy.binary_focal_crossentropy: "binary",
    functions.mean_squared_error: "values",
    functions.mean_absolute_error: "values",
    functions.mean_absolute_percentage_error: "values",
    functions.mean_squared_logarithmic_error: "values",
    functions.huber: "values",
    functions.log_cosh: "values",
    functions.poisson: "values",
    functions.kl_divergence: "values",
    functions.cosine_similarity: "values",
    functions.hinge: "values",
    functions.squared_hinge: "values",
}


# ---- the whole
def check_training_data(
    model_name: str,
    x: Any,
    y: Any,
    sample_weight: Any,
    input_shape: Any,
    output_shape: Any,
    loss: Any,
    rescales: bool = False,
) -> None:
    """Raise if a model cannot be trained on this data; warn if it should probably not be.

    Args:
        model_name: how messages name the model or its first layer.
        x, y, sample_weight: arrays or lists, tuples or dicts of arrays; y and weights may be None.
        input_shape, output_shape: with the batch axis, nested as x and y; None if unknown.
        loss: what `compile` was given.
        rescales: the model scales its input itself (Rescaling, Normalization, BatchNormalization,
            Embedding), so pixels from 0 to 255 are as they should be.

    Raises:
        DataError: empty arrays, different lengths, strings. ShapeError: shapes that do not fit.
        LabelError: labels that the loss cannot read. NonFiniteDataError: NaN or infinities.
    """
    parts = [*_leaves("x", x), *_leaves("y", y), *_leaves("sample_weight", sample_weight)]
    for name, array in parts:
        check_numbers(name, array)
    check_lengths(parts)
    check_inputs(model_name, x, input_shape)
    for name, array in parts:
        check_finite(name, np.asarray(array))
    _check_targets(model_name, y, output_shape, loss)
    if not rescales:
        for name, array in _leaves("x", x):
            warn_unscaled_images(name, np.asarray(array))


def check_inputs(model_name: str, x: Any, input_shape: Any) -> None:
    """Raise if the shape of x is not what the model was built for; all that `predict` needs.

    Raises:
        ShapeError: the shapes do not fit.
    """
    for (name, array), shape in _beside(_leaves("x", x), input_shape):
        check_input_shape(model_name, name, np.shape(array), shape)


def _check_targets(model_name: str, y: Any, output_shape: Any, loss: Any) -> None:
    if isinstance(loss, dict) and not (isinstance(y, dict) and set(loss) == set(y)):
        return  # which loss is for which output is the model's to know
    targets = list(_leaves("y", y))
    shapes = list(_beside(targets, output_shape))
    given = tree.flatten(loss) if isinstance(loss, list | tuple | dict) else [loss] * len(shapes)
    if len(given) != len(shapes):
        return
    for ((name, array), shape), one in zip(shapes, given, strict=True):
        if one is not None:
            check_labels(model_name, name, np.asarray(array), shape, one)


# ---- walking through structures
def _leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Every array of a structure with the name that messages give it."""
    if isinstance(value, dict):
        for key in tree.sorted_keys(value):
            yield from _leaves(f"{name}[{key!r}]", value[key])
    elif isinstance(value, list | tuple) and all(hasattr(v, "shape") or v is None for v in value):
        for q, item in enumerate(value):
            yield from _leaves(f"{name}[{q}]", item)
    elif value is not None:
        yield name, value


def _shapes(value: Any) -> list[Shape]:
    if isinstance(value, dict):
        return [s for key in tree.sorted_keys(value) for s in _shapes(value[key])]
    if all(d is None or isinstance(d, int | np.integer) for d in value):
        return [tuple(value)]
    return [s for item in value for s in _shapes(item)]


def _beside(leaves: Any, shape: Any) -> Iterator[tuple[tuple[str, Any], Shape]]:
    """Each array with its shape; nothing if shapes are unknown or of another number."""
    leaves = list(leaves)
    shapes = [] if shape is None else _shapes(shape)
    return iter(zip(leaves, shapes, strict=True) if len(shapes) == len(leaves) else ())


# ---- numbers, and as many of them
def check_numbers(name: str, value: Any) -> None:
    """Raise if `value` holds strings or other objects; says in which column.

    Raises:
        DataError: it does.
    """
    array = np.asarray(value)
    if array.dtype.kind not in "OUSMmV":
        return
    columns = getattr(value, "columns", None)
    where, example = _first_no_number(array)
    example = example.item() if isinstance(example, np.generic) else example
    place = f"row {where[0]}" if where else "its only element"
    if len(where) > 1:
        label = "" if columns is None else f" ({str(columns[where[1]])!r})"
        place = f"column {where[1]}{label}, first in {place}"
    raise DataError(
        f"{name} must be numbers, but it has dtype {array.dtype} and holds {example!r} in {place}. "
        "Turn categories into integers (np.unique(column, return_inverse=True)) or one-hot "
        "columns, or leave them out; if all values are numbers, convert with "
        f'{name}.astype("float32").'
    )


def _first_no_number(array: np.ndarray) -> tuple[tuple[int, ...], Any]:
    """The place and value of the first element that is no number, else of the first of all."""
    for place in np.ndindex(array.shape):
        try:
            float(array[place])
        except (TypeError, ValueError):
            return place, array[place]
    return (0,) * array.ndim, array.flat[0] if array.size else None


def check_lengths(parts: list[tuple[str, Any]]) -> None:
    """Raise if the arrays have not all the same number of samples, or none.

    Raises:
        DataError: they have not. ShapeError: one is a single number.
    """
    for name, array in parts:
        if not np.ndim(array):
            raise ShapeError(
                f"{name} is a single number; expected an array whose first axis is the samples."
            )
    counts = {name: len(array) for name, array in parts}
    empty = [name for name, n in counts.items() if not n]
    if empty:
        shapes = {name: np.shape(array) for name, array in parts}
        raise DataError(
            f"{empty[0]} is empty: its shape is {shapes[empty[0]]}. There is nothing to learn "
            "from; look at the filter or the split that made it."
        )
    if len(set(counts.values())) > 1:
        listing = ", ".join(f"{name} has {n}" for name, n in counts.items())
        raise DataError(
            f"the arrays have different numbers of samples: {listing}. Sample i of each must "
            "belong together; were they filtered or split differently?"
        )


# ---- shapes of inputs
def check_input_shape(model_name: str, name: str, shape: tuple[int, ...], expected: Shape) -> None:
    """Raise if an array of `shape` is no batch of what the model expects.

    Args:
        model_name, name: of the model and the array, for the message.
        shape: of the array. expected: with the batch axis first, None where any extent will do.

    Raises:
        ShapeError: it is not.
    """
    sample = expected[1:]
    # As Keras: a last axis of extent 1 may be missing, or there be one too many.
    if any(_fits(s, sample) for s in (shape[1:], (*shape[1:], 1))) and len(shape):
        return
    if shape[-1:] == (1,) and _fits(shape[1:-1], sample):
        return
    raise ShapeError(
        f"{model_name} expects {name} of shape {_text(expected)}, got {shape}."
        f"{_shape_hint(name, shape, sample)}"
    )


def _fits(shape: tuple[int, ...], expected: Shape) -> bool:
    return len(shape) == len(expected) and all(
        b is None or a == b for a, b in zip(shape, expected, strict=True)
    )


def _shape_hint(name: str, shape: tuple[int, ...], sample: Shape) -> str:
    """What to do about the most frequent of wrong shapes."""
    if _fits(shape, sample):
        return f" This is one sample without the batch axis: pass {name}[None]."
    if None not in sample and int(np.prod(shape[1:])) == int(np.prod(sample)):  # type: ignore[arg-type]
        extents = ", ".join(map(str, sample))
        return f" Pass {name}.reshape(-1, {extents})."
    if len(shape) == 2 and len(sample) == 1:
        return (
            f" Each row has {shape[1]} numbers and must have {sample[0]}: change the data, or the "
            "model's input shape."
        )
    return " Reshape the data, or change the model's input shape."


def _text(shape: Shape) -> str:
    inner = ", ".join("any" if d is None else str(d) for d in shape[1:])
    return f"(batch, {inner})" if inner else "(batch,)"


# ---- labels
def check_labels(model_name: str, name: str, y: np.ndarray, output: Shape, loss: Any) -> None:
    """Raise if targets cannot be what `loss` compares with an output of this shape.

    Args:
        model_name, name: of the model and the array, for the message.
        y: the targets. output: the output's shape with the batch axis.
        loss: a name, function or `Loss`. Losses of your own are not judged.

    Raises:
        LabelError: labels of the wrong kind, or out of range. ShapeError: another shape.
    """
    kind, found = _kind(loss, y.shape, output)
    if kind is not None:
        _LABEL_CHECKS[kind](model_name, name, y, output, found)


def _kind(loss: Any, y_shape: tuple[int, ...], output: Shape) -> tuple[str | None, Any]:
    """How a loss reads its targets (None: unknown), and the loss itself."""
    try:
        found = losses.resolve_loss(loss, y_shape, tuple(d or 0 for d in output))
    except WhitError:
        return None, None  # not this check's business
    if getattr(found, "axis", -1) not in (-1, len(output) - 1):
        return None, found
    return _KINDS.get(getattr(found, "fn", None)), found


def _check_categorical(model: str, name: str, y: np.ndarray, output: Shape, loss: Any) -> None:
    if _fits(y.shape[1:], output[1:]):
        return
    classes = output[-1]
    column = y.ndim == len(output) and y.shape[-1] == 1
    if y.ndim == len(output) - 1 or column:
        raise LabelError(
            f"{name} holds integer labels (shape {y.shape}), but the loss {loss.name!r} expects "
            f"one-hot rows of {classes} numbers, the shape of the output of {model}, "
            f'{_text(output)}. Use loss="sparse_categorical_crossentropy", or pass '
            f"whit.utils.to_categorical({name}, num_classes={classes})."
        )
    _raise_target_shape(model, name, y, output, loss)


def _check_sparse(model: str, name: str, y: np.ndarray, output: Shape, loss: Any) -> None:
    classes = output[-1]
    if y.ndim == len(output) and y.shape[-1] not in (1,):
        raise LabelError(
            f"{name} holds rows of {y.shape[-1]} numbers (shape {y.shape}), but the loss "
            f"{loss.name!r} expects one integer label for each sample, of shape "
            f'{_text(output[:-1])}. Use loss="categorical_crossentropy" for one-hot rows, or pass '
            f"{name}.argmax(axis=-1)."
        )
    shape = y.shape[:-1] if y.ndim == len(output) else y.shape
    if not _fits(shape[1:], output[1:-1]) or len(shape) != len(output) - 1:
        _raise_target_shape(model, name, y, output[:-1], loss)
    if classes is not None:
        check_label_range(name, y, classes, getattr(loss, "ignore_class", None))


def check_label_range(name: str, y: np.ndarray, classes: int, ignored: int | None = None) -> None:
    """Raise unless all labels are whole numbers from 0 to `classes` - 1.

    Args:
        name: of the array. y: the labels. ignored: a label that is allowed besides.

    Raises:
        LabelError: names the first rows that are not.
    """
    low, high = np.min(y), np.max(y)
    whole = y.dtype.kind in "iub" or bool(np.all(y == np.floor(y)))
    if low >= 0 and high < classes and whole:
        return
    wrong = ~((y >= 0) & (y < classes) & (y == np.floor(y)))
    if ignored is not None:
        wrong &= y != ignored
    rows = np.argwhere(wrong)
    if not len(rows):
        return
    shown = ", ".join(f"{y[tuple(r)]} in row {r[0]}" for r in rows[:_SHOWN])
    more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
    raise LabelError(
        f"{name} holds labels out of range: {shown}{more}. The output has {classes} classes, so "
        f"labels must be whole numbers from 0 to {classes - 1}.{_label_hint(low, high, classes)}"
    )


def _label_hint(low: Any, high: Any, classes: int) -> str:
    if low == 1 and high == classes:
        return " These labels count from 1: subtract 1."
    if high >= classes:
        return f" Give the last layer {int(high) + 1} units, or correct the labels."
    return " Correct the labels, or number the classes anew with np.unique(return_inverse=True)."


def _check_binary(model: str, name: str, y: np.ndarray, output: Shape, loss: Any) -> None:
    _check_values(model, name, y, output, loss)
    low, high = np.min(y), np.max(y)
    if low < -1e-6 or high > 1 + 1e-6:
        hint = " For labels -1 and 1 pass (y + 1) / 2." if (low, high) == (-1, 1) else ""
        warnings.warn(
            f"{name} holds targets from {low} to {high}, but the loss {loss.name!r} is made for "
            f"targets between 0 and 1, and has no minimum otherwise.{hint}",
            DataWarning,
            stacklevel=2,
        )


def _check_values(model: str, name: str, y: np.ndarray, output: Shape, loss: Any) -> None:
    if _fits(y.shape[1:], output[1:]):
        return
    # As Keras: (n,) beside (n, 1) is expanded, and the other way round.
    if (y.ndim, output[1:]) == (1, (1,)) or (y.shape[1:], len(output)) == ((1,), 1):
        return
    if y.ndim + 1 == len(output) and output[-1] == 1 and _fits(y.shape[1:], output[1:-1]):
        return
    _raise_target_shape(model, name, y, output, loss)


def _raise_target_shape(model: str, name: str, y: np.ndarray, output: Shape, loss: Any) -> None:
    raise ShapeError(
        f"{name} has shape {y.shape}, but the loss {loss.name!r} compares it with the output of "
        f"{model} and expects {_text(output)}. Change the number of units of the last layer, or "
        f"reshape {name}."
    )


_LABEL_CHECKS = {
    "categorical": _check_categorical,
    "sparse": _check_sparse,
    "binary": _check_binary,
    "values": _check_values,
}


# ---- NaN and infinities
def check_finite(name: str, array: np.ndarray) -> None:
    """Raise if an array holds NaN or an infinity.

    Each block is first multiplied with itself and summed by BLAS: one pass at the speed of memory.
    Only where that is not finite (it may have overflowed) are elements looked at.

    Raises:
        NonFiniteDataError: says how many there are, and where the first is.
    """
    if array.dtype.kind != "f":
        return
    nan = infinite = 0
    first: tuple[int, ...] | None = None
    rows: set[int] = set()
    for start, block in _blocks(array):
        if _surely_finite(block):
            continue
        wrong = np.argwhere(~np.isfinite(block))
        if not len(wrong):
            continue
        if first is None:
            first = (start + int(wrong[0][0]), *map(int, wrong[0][1:]))
        rows.update((wrong[:, 0] + start).tolist())
        found = int(np.isnan(block).sum())
        nan, infinite = nan + found, infinite + len(wrong) - found
    if first is not None:
        raise NonFiniteDataError(_not_finite(name, array, nan, infinite, first, len(rows)))


def _blocks(array: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Runs of whole rows, about _BLOCK elements each, with the number of the first row."""
    row = max(array[:1].size, 1)
    step = max(_BLOCK // row, 1)
    for start in range(0, len(array), step):
        yield start, array[start : start + step]


def _surely_finite(block: np.ndarray) -> bool:
    with np.errstate(all="ignore"):
        if block.flags.c_contiguous:
            flat = block.reshape(-1)
            return bool(np.isfinite(np.dot(flat, flat)))
        return bool(np.isfinite(np.sum(block)))


def _not_finite(
    name: str, array: np.ndarray, nan: int, infinite: int, first: tuple[int, ...], rows: int
) -> str:
    count = nan + infinite
    parts = [f"{nan} NaN"] * bool(nan) + [f"{infinite} infinite"] * bool(infinite)
    place = f"row {first[0]}"
    if len(first) == 2:
        place += f", column {first[1]}"
    elif len(first) > 2:
        place += f", at index {first[1:]}"
    drop = f"{name}[np.isfinite({name}).reshape(len({name}), -1).all(axis=1)]"
    return (
        f"{name} holds {count} value{'s' * (count != 1)} that {'are' if count != 1 else 'is'} not "
        f"finite ({', '.join(parts)}) in {rows} of {len(array)} rows; the first in {place}. Find "
        f"them with np.argwhere(~np.isfinite({name})), then fill them (np.nan_to_num) or keep only "
        f"whole rows: {drop}, and the same rows of the other arrays."
    )


# ---- images
def warn_unscaled_images(name: str, x: np.ndarray) -> None:
    """Warn if x looks like pixels from 0 to 255, judged by its first rows.

    Whole numbers from 0 up to between 32 and 255, in an array of images (three axes or more) or in
    rows of 64 numbers or more that are no integers (those may be words).
    """
    image = x.ndim >= 3 or (x.ndim == 2 and x.shape[1] >= 64 and x.dtype.kind in "uf")
    if not image or x.dtype.kind not in "iuf":
        return
    some = x[:256]
    low, high = float(some.min()), float(some.max())
    if low < 0 or not 32 <= high <= 255 or not bool(np.all(some == np.floor(some))):
        return
    warnings.warn(
        f"{name} looks like images with values from {low:.0f} to {high:.0f} that nothing scales; "
        f'networks learn far better from values between 0 and 1. Pass {name}.astype("float32") / '
        "255, or begin the model with layers.Rescaling(1 / 255).",
        DataWarning,
        stacklevel=2,
    )
