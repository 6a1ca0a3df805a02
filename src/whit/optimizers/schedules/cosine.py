"""Schedules along half a cosine, once or with warm restarts (Loshchilov and Hutter 2016, SGDR)."""

from __future__ import annotations

import math
from typing import Any

from whit import ops
from whit.optimizers.schedules.schedule import LearningRateSchedule, as_float, check_steps


class CosineDecay(LearningRateSchedule):
    """From the initial rate to `alpha` times it along half a cosine, after a linear warm-up.

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: the steps of the decay.
        alpha: the last rate as a fraction of the first.
        name: has no effect.
        warmup_target: the rate after the warm-up; None: no warm-up.
        warmup_steps: the steps of the warm-up.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        check_steps("decay_steps", decay_steps)
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.alpha, self.name = alpha, name
        self.warmup_target, self.warmup_steps = warmup_target, warmup_steps

    def _decayed(self, rate: float, step: Any) -> Any:
        """Half a cosine from `rate`, `step` steps in."""
        cosine = 0.5 * (1.0 + ops.cos(math.pi * (step / float(self.decay_steps))))
        return rate * ((1 - self.alpha) * cosine + self.alpha)

    def __call__(self, step: Any) -> Any:
        """The learning rate at `step`."""
        step = as_float(step)
        if self.warmup_target is None:
            step = ops.minimum(step, float(self.decay_steps))
            return self._decayed(self.initial_learning_rate, step)
        warmup = float(self.warmup_steps)
        step = ops.minimum(step, self.decay_steps + warmup)
        after = self._decayed(self.warmup_target, step - warmup)
        if not self.warmup_steps:
            return after
        climb = self.warmup_target - self.initial_learning_rate
        return ops.where(step < warmup, climb * (step / warmup) + self.initial_learning_rate, after)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        names = (
            "initial_learning_rate",
            "decay_steps",
            "alpha",
            "name",
            "warmup_target",
            "warmup_steps",
        )
        return {n: getattr(self, n) for n in names}


class CosineDecayRestarts(LearningRateSchedule):
    """Half a cosine again and again, each `t_mul` times as long and `m_mul` times as high.

    Args:
        initial_learning_rate: the rate at step 0.
        first_decay_steps: the steps of the first period.
        t_mul: the growth of the period.
        m_mul: the growth of the starting rate.
        alpha: the lowest rate as a fraction of the first.
        name: has no effect.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: int,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        check_steps("first_decay_steps", first_decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = first_decay_steps
        self.t_mul, self.m_mul, self.alpha, self.name = t_mul, m_mul, alpha, name

    def _period(self, passed: Any) -> tuple[Any, Any]:
        """Restarts so far, after `passed` first periods, and the fraction of the current one."""
        if self.t_mul == 1:
            restarts = ops.floor(passed)
            return restarts, passed - restarts
        growth = ops.log(1.0 - passed * (1.0 - self.t_mul))
        restarts = ops.floor(growth / math.log(self.t_mul))
        scale = ops.power(float(self.t_mul), restarts)
        started = (1.0 - scale) / (1.0 - self.t_mul)  # the periods before, as a geometric sum
        return restarts, ops.divide(passed - started, scale)

    def __call__(self, step: Any) -> Any:
        """The learning rate at `step`."""
        restarts, fraction = self._period(as_float(step) / float(self.first_decay_steps))
        height = 0.5 * ops.power(float(self.m_mul), restarts)
        cosine = height * (1.0 + ops.cos(math.pi * fraction))
        return self.initial_learning_rate * ((1 - self.alpha) * cosine + self.alpha)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        names = ("initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha", "name")
        return {n: getattr(self, n) for n in names}
