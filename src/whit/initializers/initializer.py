"""What every initializer is: a callable that makes the first value of a variable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from whit.graph import dtypes


class Initializer:
    """Base class; subclasses define `__call__(shape, dtype)` and, to be saved, `get_config()`."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """The first value.

        Args:
            shape: of the variable.
            dtype: defaults to `whit.config.floatx()`.
        """
        raise TypeError(
            f"{type(self).__name__} does not define __call__(self, shape, dtype=None), "
            "which every Initializer must"
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal initializer."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        """The initializer with this config."""
        return cls(**config)

    def clone(self) -> Initializer:
        """A new initializer with the same config."""
        return type(self).from_config(self.get_config())

    def __repr__(self) -> str:
        arguments = ", ".join(f"{k}={v!r}" for k, v in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


def numpy_dtype(dtype: Any) -> np.dtype:
    """`dtype`, or the default float, as NumPy's."""
    if dtype is None:
        from whit import config

        dtype = config.floatx()
    return np.dtype(dtypes.canonical(dtype))
