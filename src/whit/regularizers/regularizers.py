"""Penalties on weights or activities, added to the loss: scalars computed from one tensor."""

from __future__ import annotations

import math
from typing import Any

from whit import ops


class Regularizer:
    """Base class. A subclass defines `__call__(x)`, a scalar, and, to be saved, `get_config()`."""

    def __call__(self, x: Any) -> Any:
        """The penalty of `x`."""
        return 0.0

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal regularizer."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Regularizer:
        """The regularizer with this config."""
        return cls(**config)

    def __repr__(self) -> str:
        arguments = ", ".join(f"{k}={v!r}" for k, v in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


class L1(Regularizer):
    """l1 * sum(abs(x)).

    Args:
        l1: the factor.
    """

    def __init__(self, l1: float | None = 0.01) -> None:
        self.l1 = _factor("l1", 0.01 if l1 is None else l1)

    def __call__(self, x: Any) -> Any:
        """The penalty of `x`."""
        return self.l1 * ops.sum(ops.absolute(x))

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {"l1": self.l1}


class L2(Regularizer):
    """l2 * sum(square(x)).

    Args:
        l2: the factor.
    """

    def __init__(self, l2: float | None = 0.01) -> None:
        self.l2 = _factor("l2", 0.01 if l2 is None else l2)

    def __call__(self, x: Any) -> Any:
        """The penalty of `x`."""
        return self.l2 * ops.sum(ops.square(x))

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {"l2": self.l2}


class L1L2(Regularizer):
    """l1 * sum(abs(x)) + l2 * sum(square(x)).

    Args:
        l1, l2: the factors.
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1 = _factor("l1", 0.0 if l1 is None else l1)
        self.l2 = _factor("l2", 0.0 if l2 is None else l2)

    def __call__(self, x: Any) -> Any:
        """The penalty of `x`."""
        penalty = ops.zeros((), ops.convert_to_tensor(x).dtype)
        if self.l1:
            penalty = penalty + self.l1 * ops.sum(ops.absolute(x))
        if self.l2:
            penalty = penalty + self.l2 * ops.sum(ops.square(x))
        return penalty

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {"l1": self.l1, "l2": self.l2}


class OrthogonalRegularizer(Regularizer):
    """`factor` times the mean absolute cosine between different rows (or columns) of a matrix.

    Args:
        factor: how strong.
        mode: "rows" or "columns".
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        if mode not in ("rows", "columns"):
            raise ValueError(f'mode={mode!r}: expected "rows" or "columns"')
        self.factor, self.mode = _factor("factor", factor), mode

    def __call__(self, inputs: Any) -> Any:
        """The penalty of `inputs`.

        Raises:
            ValueError: `inputs` is not a matrix.
        """
        shape = tuple(inputs.shape)
        if len(shape) != 2:
            raise ValueError(f"OrthogonalRegularizer takes matrices, got inputs of shape {shape}")
        vectors = inputs if self.mode == "rows" else ops.transpose(inputs)
        n = vectors.shape[0]
        square_norms = ops.sum(ops.square(vectors), axis=1, keepdims=True)
        unit = vectors / ops.sqrt(ops.maximum(square_norms, 1e-14))
        cosines = ops.matmul(unit, ops.transpose(unit))
        off_diagonal = ops.absolute(cosines * (1.0 - ops.eye(n, dtype=cosines.dtype)))
        return self.factor * 0.5 * ops.sum(off_diagonal) / (n * (n - 1.0) / 2.0)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {"factor": self.factor, "mode": self.mode}


def _factor(name: str, value: Any) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value < 0:
        raise ValueError(f"{name}={value!r}: expected a finite number >= 0")
    return float(value)
