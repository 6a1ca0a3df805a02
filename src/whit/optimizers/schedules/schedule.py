"""What every learning-rate schedule is: a function of the step, computed inside the program."""

from __future__ import annotations

from typing import Any

from whit import ops
from whit.graph import dtypes


class LearningRateSchedule:
    """Base class. A subclass defines `__call__(step)`, a scalar, and, to be saved, `get_config()`.

    `step` is the number of updates so far; in training it is symbolic, so a schedule is written in
    `whit.ops` and does not branch in Python on it.
    """

    def __call__(self, step: Any) -> Any:
        """The learning rate at `step`."""
        raise TypeError(
            f"{type(self).__name__} does not define __call__(self, step), "
            "which every LearningRateSchedule must"
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal schedule."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LearningRateSchedule:
        """The schedule with this config."""
        return cls(**config)

    def __repr__(self) -> str:
        arguments = ", ".join(f"{k}={v!r}" for k, v in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


def as_float(step: Any) -> Any:
    """The step as a floating-point scalar (float64 stays)."""
    step = ops.convert_to_tensor(step)
    if dtypes.is_float(str(step.dtype)):
        return step
    from whit import config

    return ops.cast(step, config.floatx())


def check_steps(name: str, value: Any) -> None:
    """Raise ValueError unless a number of steps is positive."""
    if value <= 0:
        raise ValueError(f"{name}={value!r}: expected a number of steps > 0")
