"""From what users pass as data to arrays that a program reads: conversion, packing, splitting,
weights.

Everything array-like becomes a C-contiguous NumPy array once, without a copy where it is one
already; float64 becomes the default float type and integers stay. x, y and sample_weight may be
nested; a `Packed` keeps their arrays in one list with the structure beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from whit import config, tree
from whit.errors import ArgumentError, DataError, ShapeError
from whit.graph import dtypes
from whit.training import checks

_NAMES = ("x", "y", "sample_weight")
_FLOATS = ("float16", "float32", "float64", "longdouble", "bfloat16")


class Packed:
    """The arrays of one (x, y, sample_weight).

    Attributes:
        arrays: the arrays, from left to right.
        structure: the triple with the place of each array in `arrays`; None where there is nothing.
        form: a hashable description of the structure.
    """

    __slots__ = ("arrays", "form", "structure")

    def __init__(self, x: Any, y: Any = None, sample_weight: Any = None) -> None:
        self.arrays: list[np.ndarray] = []
        triple = (x, y, sample_weight)
        self.structure = tree.map_structure(self._place, triple)
        self.form = form(self.structure)

    def _place(self, leaf: Any) -> int | None:
        if leaf is None:
            return None
        self.arrays.append(leaf)
        return len(self.arrays) - 1

    def unpack(self, leaves: list[Any]) -> Any:
        """The triple with `leaves` in place of the arrays."""
        return tree.map_structure(lambda q: None if q is None else leaves[q], self.structure)

    @property
    def triple(self) -> Any:
        """(x, y, sample_weight)"""
        return self.unpack(self.arrays)

    @property
    def samples(self) -> int:
        """The number of samples."""
        return len(self.arrays[0]) if self.arrays else 0

    def rows(self, start: int, stop: int) -> list[np.ndarray]:
        """Samples `start` to `stop` of each array, without copying."""
        return [a[start:stop] for a in self.arrays]


def form(structure: Any) -> Any:
    """A hashable description of a nested structure and of the small values in its leaves."""
    if isinstance(structure, dict):
        return ("dict", *((k, form(structure[k])) for k in tree.sorted_keys(structure)))
    if isinstance(structure, list | tuple):
        return (type(structure).__name__, *map(form, structure))
    return structure


def pack(x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None) -> Packed:
    """Convert, check and pack the arguments of `fit` and its kin.

    Raises:
        DataError: not numbers, nothing at all, or arrays of different lengths.
        ArgumentError: both kinds of weights.
    """
    x, y = as_arrays(x, "x"), as_arrays(y, "y")
    weights = as_arrays(sample_weight, "sample_weight")
    if class_weight is not None:
        if weights is not None:
            raise ArgumentError(
                "class_weight and sample_weight cannot be given at the same time; multiply them: "
                "sample_weight * np.vectorize(class_weight.get)(labels)"
            )
        weights = class_weights(y, class_weight)
    packed = Packed(x, y, weights)
    _check_lengths(packed)
    return packed


# ---- one array
def as_arrays(value: Any, name: str) -> Any:
    """A structure of arrays from anything array-like, or from a list, tuple or dict of such."""
    if value is None:
        return None
    if isinstance(value, Mapping) and not hasattr(value, "__array__"):
        return {k: as_arrays(v, f"{name}[{k!r}]") for k, v in value.items()}
    if isinstance(value, list | tuple) and _holds_arrays(value):
        return tuple(as_arrays(v, f"{name}[{q}]") for q, v in enumerate(value))
    return as_array(value, name)


def _holds_arrays(value: Any) -> bool:
    """Whether a list is one of arrays (several inputs) rather than one of rows."""
    return len(value) > 0 and all(
        isinstance(v, Mapping) or len(getattr(v, "shape", ())) > 0 or v is None for v in value
    )


def as_array(value: Any, name: str) -> np.ndarray:
    """One C-contiguous array of a type that whit computes with.

    Raises:
        DataError: not numbers. ShapeError: no axis at all.
    """
    array = value if type(value) is np.ndarray else _convert(value, name)
    if array.ndim == 0:
        raise ShapeError(
            f"{name} is the single number {array!r}; expected an array whose first axis is samples"
        )
    dtype = array.dtype.name
    if dtype in _FLOATS:
        dtype = config.floatx()
    elif dtype not in dtypes.DTYPES:
        checks.check_numbers(name, value)
        raise DataError(
            f"{name} has dtype {array.dtype}, which is not a type that whit computes with"
        )
    return np.ascontiguousarray(array, dtype)


def _convert(value: Any, name: str) -> np.ndarray:
    if hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
        return np.from_dlpack(value)
    if hasattr(value, "detach"):  # a PyTorch tensor, perhaps with a gradient or on another device
        value = value.detach().cpu()
    try:
        return np.asarray(value)
    except ValueError as error:
        raise DataError(
            f"{name} makes no array: {error}. All rows need the same length; pad or cut them"
        ) from None


def _check_lengths(packed: Packed) -> None:
    if not packed.arrays:
        raise DataError("x is missing: there is no data")
    parts = zip(_NAMES, packed.triple, strict=True)
    checks.check_lengths([pair for name, part in parts for pair in _named(name, part)])


def _named(name: str, part: Any) -> Iterator[tuple[str, np.ndarray]]:
    """Every array of a structure with its name."""
    if isinstance(part, dict):
        for key in tree.sorted_keys(part):
            yield from _named(f"{name}[{key!r}]", part[key])
    elif isinstance(part, tuple):
        for q, item in enumerate(part):
            yield from _named(f"{name}[{q}]", item)
    elif part is not None:
        yield name, part


# ---- weights
def class_weights(y: Any, class_weight: Any) -> np.ndarray:
    """One weight for each sample, by the class that it is of.

    Args:
        y: integer labels (n,) or (n, 1), or one-hot rows.
        class_weight: dict from a class' number to its weight; classes not in it weigh 1.

    Raises:
        ArgumentError: not a dict. DataError: no targets, or several outputs.
    """
    if not isinstance(class_weight, Mapping):
        raise ArgumentError(
            f"class_weight={class_weight!r}: expected a dict from a class' number to its weight, "
            f"such as {{0: 1.0, 1: 5.0}}, got {type(class_weight).__name__}"
        )
    if y is None or tree.is_nested(y):
        raise DataError("class_weight needs one array of targets; pass sample_weight instead")
    if y.ndim > 1:
        y = y.argmax(-1) if y.shape[-1] != 1 else y[..., 0]
    labels = np.round(y).astype(np.int64)
    weights = np.ones(labels.shape, config.floatx())
    for label, weight in class_weight.items():
        weights[labels == int(label)] = weight
    return weights


# ---- splitting and padding
def padded(array: np.ndarray, size: int) -> np.ndarray:
    """`array` with rows of zeros at its end that make it `size` long."""
    out = np.zeros((size, *array.shape[1:]), array.dtype)
    out[: len(array)] = array
    return out


def split_validation(packed: Packed, fraction: float) -> tuple[Packed, Packed]:
    """The first samples for training and the last `fraction` of them for validation.

    Raises:
        ArgumentError: not a fraction, or one that leaves nothing to train on.
    """
    if not 0 < fraction < 1:
        raise ArgumentError(f"validation_split={fraction}: expected a fraction between 0 and 1")
    n = packed.samples
    at = math.floor(n * (1.0 - fraction))
    if at == 0:
        raise ArgumentError(
            f"validation_split={fraction} of {n} samples leaves none for training; give more data "
            "or a smaller fraction"
        )
    first = Packed(*packed.unpack(packed.rows(0, at)))
    return first, Packed(*packed.unpack(packed.rows(at, n)))


def unpack_batch(data: Any) -> tuple[Any, Any, Any]:
    """(x, y, sample_weight) of `x`, `(x,)`, `(x, y)` or `(x, y, sample_weight)`.

    Raises:
        DataError: more than three parts.
    """
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise DataError(
            f"a batch has {len(data)} parts; expected x, (x,), (x, y) or (x, y, sample_weight)"
        )
    return (*data, None, None)[:3]
