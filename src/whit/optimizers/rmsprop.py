"""RMSprop: steps scaled by a running mean square of the gradient (Hinton's lecture 6e)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Unpack

from whit import ops
from whit.optimizers.optimizer import CommonArguments, LearningRate, Optimizer
from whit.variables import Variable


class RMSprop(Optimizer):
    """w -= learning_rate * g / sqrt(mean of g**2 + epsilon)

    Args:
        learning_rate: see `Optimizer`, as all other arguments.
        rho: what the means keep at each step.
        momentum: of the steps.
        epsilon: keeps the denominator from zero.
        centered: scale by the variance of the gradient rather than by its mean square.
    """

    hyperparameters = ("rho", "momentum", "epsilon", "centered")

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **common: Unpack[CommonArguments],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered

    def slot_groups(self) -> Iterable[Mapping[str, Any]]:
        """The mean square; the velocity and the mean if they are used."""
        names = ["velocity"]
        names += ["momentum"] if self.momentum > 0 else []
        names += ["average_gradient"] if self.centered else []
        return [{name: "zeros"} for name in names]

    def _mean(self, slot: Variable, value: Any) -> Any:
        return slot.assign(slot.value * self.rho + value * (1 - self.rho))

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """See `Optimizer`."""
        g = ops.cast(gradient, variable.dtype)
        spread = self._mean(self.slot("velocity", variable), g * g)
        if self.centered:
            mean = self._mean(self.slot("average_gradient", variable), g)
            spread = spread - mean * mean
        rate = ops.cast(learning_rate, variable.dtype)
        step = g * rate / ops.sqrt(spread + self.epsilon)
        if self.momentum > 0:
            slot = self.slot("momentum", variable)
            step = slot.assign(slot.value * self.momentum + step)
        variable.assign(variable.value - step)
