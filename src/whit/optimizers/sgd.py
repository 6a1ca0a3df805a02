"""Gradient descent, with momentum and Nesterov's momentum (Sutskever et al. 2013)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Unpack

from whit import ops
from whit.optimizers.checks import check_range
from whit.optimizers.optimizer import CommonArguments, LearningRate, Optimizer
from whit.variables import Variable


class SGD(Optimizer):
    """w -= learning_rate * g; with momentum v = momentum * v - learning_rate * g, w += v.

    Args:
        learning_rate: see `Optimizer`, as all other arguments.
        momentum: in [0, 1].
        nesterov: step along the velocity as it will be after the next gradient.
    """

    hyperparameters = ("momentum", "nesterov")

    def __init__(
        self,
        learning_rate: LearningRate = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **common: Unpack[CommonArguments],
    ) -> None:
        super().__init__(learning_rate, **common)
        check_range("momentum", momentum, 0, 1)
        self.momentum, self.nesterov = momentum, nesterov

    def slot_groups(self) -> Iterable[Mapping[str, Any]]:
        """A velocity, if there is momentum."""
        return [{"momentum": "zeros"}] if self.momentum else []

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """See `Optimizer`."""
        step = ops.cast(gradient, variable.dtype) * ops.cast(learning_rate, variable.dtype)
        w = variable.value
        if not self.momentum:
            variable.assign(w - step)
            return
        slot = self.slot("momentum", variable)
        velocity = slot.assign(slot.value * self.momentum - step)
        variable.assign(w + (velocity * self.momentum - step if self.nesterov else velocity))
