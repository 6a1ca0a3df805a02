"""Initializers without chance: zeros, ones, any constant, the identity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from whit.initializers.initializer import Initializer, numpy_dtype


class Constant(Initializer):
    """The same value everywhere.

    Args:
        value: a scalar, or an array that broadcasts to the variable's shape.
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """See `Initializer`."""
        return np.full(tuple(shape), np.asarray(self.value), numpy_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        value = self.value
        return {"value": value.tolist() if isinstance(value, np.ndarray | np.generic) else value}


class Zeros(Initializer):
    """Zeros."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """See `Initializer`."""
        return np.zeros(tuple(shape), numpy_dtype(dtype))


class Ones(Initializer):
    """Ones."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """See `Initializer`."""
        return np.ones(tuple(shape), numpy_dtype(dtype))


class Identity(Initializer):
    """`gain` on the diagonal of a matrix, zeros elsewhere.

    Args:
        gain: the factor.
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """See `Initializer`.

        Raises:
            ValueError: `shape` is not that of a matrix.
        """
        if len(shape) != 2:
            raise ValueError(
                f"shape={tuple(shape)}: Identity makes matrices, so it needs two axes, "
                f"got {len(shape)}"
            )
        return (self.gain * np.eye(shape[0], shape[1])).astype(numpy_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {"gain": self.gain}
