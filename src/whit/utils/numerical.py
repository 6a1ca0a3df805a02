"""Small transformations of NumPy arrays that programs do before training."""

from __future__ import annotations

from typing import Any

import numpy as np


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray:
    """Class numbers as rows with a 1 in the class' place (one-hot).

    Args:
        x: integers from 0 to `num_classes - 1`; a last axis of 1 is dropped.
        num_classes: the width of the result; the largest number and one by default.

    Returns:
        A float64 array of shape `(*x.shape, num_classes)`.

    Raises:
        ValueError: an empty `x` without `num_classes`, or a number that is no class.

    >>> to_categorical([0, 2])
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    labels = np.array(x, dtype="int64")
    shape = labels.shape
    if len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    labels = labels.reshape(-1)
    if not num_classes:
        if not labels.size:
            raise ValueError("to_categorical: x is empty, so num_classes must be given")
        num_classes = int(labels.max()) + 1
    wrong = labels[(labels < 0) | (labels >= num_classes)]
    if wrong.size:
        raise ValueError(
            f"to_categorical: x holds {wrong[0]}, which is none of the classes 0 to "
            f"{num_classes - 1}; shift the labels to begin at 0, or give a larger num_classes"
        )
    rows = np.zeros((labels.size, num_classes))
    rows[np.arange(labels.size), labels] = 1
    return rows.reshape((*shape, num_classes))


def normalize(x: Any, axis: int = -1, order: int = 2) -> np.ndarray:
    """`x` divided by its norm along `axis`, so that the norm becomes 1; zeros stay zeros.

    Args:
        x: array-like.
        axis: along which to take the norm.
        order: of the norm: 2 for the Euclidean length.

    >>> normalize([[3.0, 4.0]])
    array([[0.6, 0.8]])
    """
    x = np.asarray(x)
    norm = np.linalg.norm(x, order, axis, keepdims=True)
    return x / np.where(norm == 0, 1, norm)
