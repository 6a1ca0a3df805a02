"""Steps scaled by all past gradients (Duchi et al. 2011), or by past gradients and past steps
(Zeiler 2012, Adadelta)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Unpack

from whit import ops
from whit.initializers import Constant
from whit.optimizers.optimizer import CommonArguments, LearningRate, Optimizer
from whit.variables import Variable


class Adagrad(Optimizer):
    """w -= learning_rate * g / sqrt(sum of g**2 + epsilon)

    Args:
        learning_rate: see `Optimizer`, as all other arguments.
        initial_accumulator_value: what the sum begins with.
        epsilon: keeps the denominator from zero.
    """

    hyperparameters = ("initial_accumulator_value", "epsilon")

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **common: Unpack[CommonArguments],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.initial_accumulator_value, self.epsilon = initial_accumulator_value, epsilon

    def slot_groups(self) -> Iterable[Mapping[str, Any]]:
        """The sum of squares."""
        return [{"accumulator": Constant(self.initial_accumulator_value)}]

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """See `Optimizer`."""
        g = ops.cast(gradient, variable.dtype)
        slot = self.slot("accumulator", variable)
        total = slot.assign(slot.value + g * g)
        rate = ops.cast(learning_rate, variable.dtype)
        variable.assign(variable.value - g * rate / ops.sqrt(total + self.epsilon))


class Adadelta(Optimizer):
    """w -= learning_rate * g * rms(past steps) / rms(past gradients)

    Args:
        learning_rate: see `Optimizer`, as all other arguments. The paper's is 1.
        rho: what the means keep at each step.
        epsilon: keeps the roots from zero.
    """

    hyperparameters = ("rho", "epsilon")

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        **common: Unpack[CommonArguments],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.rho, self.epsilon = rho, epsilon

    def slot_groups(self) -> Iterable[Mapping[str, Any]]:
        """The mean squares of gradients and of steps."""
        return [{"accumulated_grad": "zeros", "accumulated_delta_var": "zeros"}]

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """See `Optimizer`."""
        g = ops.cast(gradient, variable.dtype)
        gradients = self.slot("accumulated_grad", variable)
        steps = self.slot("accumulated_delta_var", variable)
        keep, take = self.rho, 1 - self.rho
        mean_square = gradients.assign(gradients.value * keep + g * g * take)
        step = g * ops.sqrt(steps.value + self.epsilon) / ops.sqrt(mean_square + self.epsilon)
        steps.assign(steps.value * keep + step * step * take)
        variable.assign(variable.value - step * ops.cast(learning_rate, variable.dtype))
