"""AdamW that needs no schedule: it steps one sequence and returns another's average
(Defazio et al. 2024)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Unpack

from whit import ops
from whit.optimizers.optimizer import CommonArguments, LearningRate, Optimizer
from whit.variables import Variable


class ScheduleFreeAdamW(Optimizer):
    """z -= learning_rate * g / sqrt(v); x = mean of all z; w = beta_1 * x + (1 - beta_1) * z.

    Args:
        learning_rate: see `Optimizer`, as all other arguments.
        beta_1: the share of the average in the weights.
        beta_2: what the mean square keeps at each step.
        epsilon: keeps the denominator from zero.
        warmup_steps: the rate climbs linearly over so many steps.
    """

    hyperparameters = ("beta_1", "beta_2", "epsilon", "warmup_steps")

    def __init__(
        self,
        learning_rate: LearningRate = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
        **common: Unpack[CommonArguments],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.warmup_steps = warmup_steps

    def slot_groups(self) -> Iterable[Mapping[str, Any]]:
        """z (Keras calls it momentum) and the mean square."""
        return [{"momentum": "zeros", "velocity": "zeros"}]

    def build(self, variables: Sequence[Variable]) -> None:
        """The slots; z begins at the weights."""
        if self.built:
            return
        super().build(variables)
        for v, z in zip(self._trainable_variables, self._slots["momentum"], strict=True):
            if z is not None:
                z.assign(v.value)

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """See `Optimizer`."""
        dtype = variable.dtype
        g = ops.cast(gradient, dtype)
        rate, step = ops.cast(learning_rate, dtype), self.step(dtype)
        if self.warmup_steps > 0:
            rate = rate * ops.minimum(step / float(self.warmup_steps), 1.0)
        z, v = self.slot("momentum", variable), self.slot("velocity", variable)
        mean_square = v.assign(v.value + (g * g - v.value) * (1 - self.beta_2))
        unbiased = mean_square / (1 - ops.power(self.beta_2, step))
        x = (variable.value - z.value * (1 - self.beta_1)) / self.beta_1
        new_z = z.assign(z.value - g * rate / (ops.sqrt(unbiased) + self.epsilon))
        share = ops.divide(1.0, step)
        x = x * (1 - share) + new_z * share
        variable.assign(new_z * (1 - self.beta_1) + x * self.beta_1)
