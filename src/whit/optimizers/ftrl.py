"""Follow the regularised leader (McMahan et al. 2013): for sparse linear models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Unpack

from whit import ops
from whit.initializers import Constant
from whit.optimizers.checks import check_range
from whit.optimizers.optimizer import CommonArguments, LearningRate, Optimizer
from whit.variables import Variable


class Ftrl(Optimizer):
    """The minimiser of all past linearised losses with L1 and L2 penalties.

    Args:
        learning_rate: see `Optimizer`, as all other arguments.
        learning_rate_power: how the rate falls with the accumulator; <= 0, and 0 keeps it.
        initial_accumulator_value: >= 0.
        l1_regularization_strength, l2_regularization_strength: >= 0.
        l2_shrinkage_regularization_strength: >= 0; an L2 penalty on the weights of this step.
        beta: as in the paper.
    """

    hyperparameters = (
        "learning_rate_power",
        "initial_accumulator_value",
        "l1_regularization_strength",
        "l2_regularization_strength",
        "l2_shrinkage_regularization_strength",
        "beta",
    )

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **common: Unpack[CommonArguments],
    ) -> None:
        super().__init__(learning_rate, **common)
        check_range("initial_accumulator_value", initial_accumulator_value, 0)
        check_range("l1_regularization_strength", l1_regularization_strength, 0)
        check_range("l2_regularization_strength", l2_regularization_strength, 0)
        shrinkage = l2_shrinkage_regularization_strength
        check_range("l2_shrinkage_regularization_strength", shrinkage, 0)
        if learning_rate_power > 0:
            raise ValueError(f"learning_rate_power={learning_rate_power!r}: expected a number <= 0")
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = shrinkage
        self.beta = beta

    def slot_groups(self) -> Iterable[Mapping[str, Any]]:
        """The sum of squares and the linear term."""
        return [{"accumulator": Constant(self.initial_accumulator_value), "linear": "zeros"}]

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """See `Optimizer`."""
        g = ops.cast(gradient, variable.dtype)
        rate = ops.cast(learning_rate, variable.dtype)
        accumulator, linear = self.slot("accumulator", variable), self.slot("linear", variable)
        w = variable.value
        before = ops.power(accumulator, -self.learning_rate_power)
        total = accumulator.assign(accumulator.value + g * g)
        after = ops.power(total, -self.learning_rate_power)
        shrunk = g + w * (2 * self.l2_shrinkage_regularization_strength)
        z = linear.assign(linear.value + shrunk - (after - before) / rate * w)
        l2 = self.l2_regularization_strength + ops.divide(self.beta, 2.0 * rate)
        l1 = self.l1_regularization_strength
        variable.assign((ops.clip(z, -l1, l1) - z) / (after / rate + 2 * l2))
