"""Schedules that fall once: exponential, piecewise, polynomial, inverse in time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from whit import ops
from whit.optimizers.schedules.schedule import LearningRateSchedule, as_float, check_steps


class ExponentialDecay(LearningRateSchedule):
    """initial_learning_rate * decay_rate ** (step / decay_steps)

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: the steps after which it has been multiplied by `decay_rate`.
        decay_rate: the factor.
        staircase: change only every `decay_steps` steps.
        name: has no effect.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        check_steps("decay_steps", decay_steps)
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.decay_rate, self.staircase, self.name = decay_rate, staircase, name

    def _passed(self, step: Any) -> Any:
        passed = as_float(step) / float(self.decay_steps)
        return ops.floor(passed) if self.staircase else passed

    def __call__(self, step: Any) -> Any:
        """The learning rate at `step`."""
        return self.initial_learning_rate * ops.power(self.decay_rate, self._passed(step))

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        names = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")
        return {n: getattr(self, n) for n in names}


class InverseTimeDecay(ExponentialDecay):
    """initial_learning_rate / (1 + decay_rate * step / decay_steps)

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: the unit of time.
        decay_rate: how fast it falls.
        staircase: change only every `decay_steps` steps.
        name: has no effect.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase, name)

    def __call__(self, step: Any) -> Any:
        """The learning rate at `step`."""
        return ops.divide(self.initial_learning_rate, 1 + self.decay_rate * self._passed(step))


class PiecewiseConstantDecay(LearningRateSchedule):
    """values[0] up to and including step boundaries[0], then values[1], ...; at last values[-1].

    Args:
        boundaries: increasing steps.
        values: the rates, one more than boundaries.
        name: has no effect.
    """

    def __init__(
        self,
        boundaries: Sequence[float],
        values: Sequence[float],
        name: str = "PiecewiseConstant",
    ) -> None:
        if len(values) != len(boundaries) + 1:
            raise ValueError(
                f"values has {len(values)} entries and boundaries {len(boundaries)}; "
                "expected one value more than boundaries"
            )
        self.boundaries, self.values, self.name = list(boundaries), list(values), name

    def __call__(self, step: Any) -> Any:
        """The learning rate at `step`."""
        step = ops.convert_to_tensor(step)
        rate: Any = as_float(0) + float(self.values[-1])
        pairs = zip(reversed(self.boundaries), reversed(self.values[:-1]), strict=True)
        for boundary, value in pairs:
            whole = int(boundary) == boundary  # whole steps are compared as integers: exact
            rate = ops.where(step <= (int(boundary) if whole else boundary), float(value), rate)
        return rate

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {n: getattr(self, n) for n in ("boundaries", "values", "name")}


class PolynomialDecay(LearningRateSchedule):
    """From the initial rate to the end rate in `decay_steps`, as (1 - step / decay_steps) ** power.

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: the steps until the end rate.
        end_learning_rate: the rate from there on.
        power: 1 is a straight line.
        cycle: instead of staying at the end rate, start again over the next multiple of
            `decay_steps`.
        name: has no effect.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        check_steps("decay_steps", decay_steps)
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.end_learning_rate, self.power, self.cycle = end_learning_rate, power, cycle
        self.name = name

    def __call__(self, step: Any) -> Any:
        """The learning rate at `step`."""
        step, steps = as_float(step), float(self.decay_steps)
        if self.cycle:
            cycles = ops.maximum(ops.ceil(step / steps), 1.0)
            passed = ops.divide(step, cycles * steps)
        else:
            passed = ops.minimum(step, steps) / steps
        span = self.initial_learning_rate - self.end_learning_rate
        return span * ops.power(1.0 - passed, float(self.power)) + self.end_learning_rate

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        names = (
            "initial_learning_rate",
            "decay_steps",
            "end_learning_rate",
            "power",
            "cycle",
            "name",
        )
        return {n: getattr(self, n) for n in names}
