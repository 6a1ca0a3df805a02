"""Adafactor: Adam's second moment kept as row and column means (Shazeer and Stern 2018)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from whit import ops
from whit.optimizers.optimizer import CommonArguments, LearningRate, Optimizer
from whit.variables import Variable


class Adafactor(Optimizer):
    """Steps relative to the size of the weights, scaled by a factored mean square.

    Args:
        learning_rate: see `Optimizer`, as all other arguments.
        beta_2_decay: the mean square keeps 1 - step ** beta_2_decay.
        epsilon_1: added to squared gradients.
        epsilon_2: the smallest size of weights that a step is relative to.
        clip_threshold: the largest root mean square of an update.
        relative_step: has no effect, as in Keras: the rate is never above 1 / sqrt(step).
    """

    hyperparameters = ("beta_2_decay", "epsilon_1", "epsilon_2", "clip_threshold", "relative_step")

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        **common: Unpack[CommonArguments],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.beta_2_decay, self.epsilon_1, self.epsilon_2 = beta_2_decay, epsilon_1, epsilon_2
        self.clip_threshold, self.relative_step = clip_threshold, relative_step

    def build(self, variables: Sequence[Variable]) -> None:
        """Row and column means of weights with two axes or more, and the mean square of all."""
        if self.built:
            return
        super().build(variables)
        slots: dict[str, list[Variable | None]] = {"r": [], "c": [], "v": []}
        for v in variables:
            for name, shape in zip("rc", _factor_shapes(v), strict=True):
                # a weight that is not factored has a scalar in their place in Keras' files
                dtype = v.dtype if len(v.shape) >= 2 else "int32"
                slots[name].append(self.add_variable(shape, dtype=dtype, name=v.name))
            slots["v"].append(self.add_variable_from_reference(v, name="velocity"))
        self._slots.update(slots)

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """See `Optimizer`."""
        dtype = variable.dtype
        g = ops.cast(gradient, dtype)
        w = variable.value
        step = self.step(dtype)
        falling = ops.divide(1.0, ops.sqrt(step))
        relative = ops.minimum(ops.cast(learning_rate, dtype), falling)
        rate = ops.maximum(_rms(w), self.epsilon_2) * relative
        keep = 1 - ops.power(step, self.beta_2_decay)
        v = self._mean_square(g * g + self.epsilon_1, variable, keep)
        update = g / ops.sqrt(v)
        update = update / ops.maximum(_rms(update) / self.clip_threshold, 1.0)
        variable.assign(w - rate * update)

    def _mean_square(self, square: Any, variable: Variable, keep: Any) -> Any:
        v = self.slot("v", variable)
        if len(variable.shape) < 2:
            return v.assign(v.value * keep + square * (1 - keep))
        r, c = self.slot("r", variable), self.slot("c", variable)
        rows = r.assign(r.value * keep + ops.mean(square, axis=-1) * (1 - keep))
        columns = c.assign(c.value * keep + ops.mean(square, axis=-2) * (1 - keep))
        rows = rows / ops.mean(rows, axis=-1, keepdims=True)
        return v.assign(ops.expand_dims(rows, -1) * ops.expand_dims(columns, -2))


def _factor_shapes(v: Variable) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The shapes of the row and the column means of a weight."""
    if len(v.shape) < 2:
        return (), ()
    return v.shape[:-1], (*v.shape[:-2], v.shape[-1])


def _rms(x: Any) -> Any:
    return ops.sqrt(ops.mean(ops.square(x)))
