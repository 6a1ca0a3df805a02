"""Lion: steps of one size along the sign of a mean gradient (Chen et al. 2023)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Unpack

from whit import ops
from whit.optimizers.optimizer import CommonArguments, LearningRate, Optimizer
from whit.variables import Variable


class Lion(Optimizer):
    """w -= learning_rate * sign(beta_1 * m + (1 - beta_1) * g)

    Args:
        learning_rate: see `Optimizer`, as all other arguments; a third to a tenth of Adam's.
        beta_1: the share of the mean in the direction, in (0, 1].
        beta_2: what the mean keeps at each step.
    """

    hyperparameters = ("beta_1", "beta_2")

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **common: Unpack[CommonArguments],
    ) -> None:
        if not 0 < beta_1 <= 1:
            raise ValueError(
                f"beta_1={beta_1!r}: expected a number in (0, 1]; "
                "with 0 only the sign of the gradient would count"
            )
        super().__init__(learning_rate, **common)
        self.beta_1, self.beta_2 = beta_1, beta_2

    def slot_groups(self) -> Iterable[Mapping[str, Any]]:
        """The mean gradient."""
        return [{"momentum": "zeros"}]

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """See `Optimizer`."""
        g = ops.cast(gradient, variable.dtype)
        slot = self.slot("momentum", variable)
        direction = ops.sign(slot.value * self.beta_1 + g * (1 - self.beta_1))
        slot.assign(slot.value * self.beta_2 + g * (1 - self.beta_2))
        variable.assign(variable.value - direction * ops.cast(learning_rate, variable.dtype))
