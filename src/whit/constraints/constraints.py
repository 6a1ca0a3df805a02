"""Projections of a weight, applied by the optimizer after each update."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from whit import config, ops

Axis = int | Sequence[int]


class Constraint:
    """Base class. A subclass defines `__call__(w)`, the projected weight; here `w` itself."""

    def __call__(self, w: Any) -> Any:
        """The projection of `w`."""
        return w

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal constraint."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constraint:
        """The constraint with this config."""
        return cls(**config)

    def __repr__(self) -> str:
        arguments = ", ".join(f"{k}={v!r}" for k, v in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


class MaxNorm(Constraint):
    """Scales vectors along `axis` down to a norm of at most `max_value`.

    Args:
        max_value: the largest norm.
        axis: along which a norm is taken: 0 for the weights into a Dense unit, [0, 1, 2] for a
            filter of Conv2D.
    """

    def __init__(self, max_value: float = 2, axis: Axis = 0) -> None:
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Any) -> Any:
        """The projection of `w`."""
        w, norms = _norms(w, self.axis)
        return w * (ops.clip(norms, 0, self.max_value) / (config.epsilon() + norms))

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {"max_value": self.max_value, "axis": self.axis}


class NonNeg(Constraint):
    """Replaces negative weights by 0."""

    def __call__(self, w: Any) -> Any:
        """The projection of `w`."""
        return ops.maximum(w, 0)


class UnitNorm(Constraint):
    """Scales vectors along `axis` to norm 1.

    Args:
        axis: see `MaxNorm`.
    """

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        """The projection of `w`."""
        w, norms = _norms(w, self.axis)
        return w / (config.epsilon() + norms)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {"axis": self.axis}


class MinMaxNorm(Constraint):
    """Moves the norms of vectors along `axis` towards [min_value, max_value].

    Args:
        min_value, max_value: the bounds of the norm.
        rate: 1 goes all the way at once; less goes that part of it.
        axis: see `MaxNorm`.
    """

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axis = 0
    ) -> None:
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: Any) -> Any:
        """The projection of `w`."""
        w, norms = _norms(w, self.axis)
        clipped = ops.clip(norms, self.min_value, self.max_value)
        desired = self.rate * clipped + (1 - self.rate) * norms
        return w * (desired / (config.epsilon() + norms))

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {n: getattr(self, n) for n in ("min_value", "max_value", "rate", "axis")}


def _norms(w: Any, axis: Axis) -> tuple[Any, Any]:
    w = ops.convert_to_tensor(w)
    axes = axis if isinstance(axis, int) else tuple(axis)
    return w, ops.sqrt(ops.sum(ops.square(w), axis=axes, keepdims=True))
