"""Dynamic loss scaling: keeps small gradients from vanishing in low precision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from whit import ops
from whit.optimizers.branch import choose
from whit.optimizers.optimizer import Optimizer
from whit.variables import Variable


class LossScaleOptimizer(Optimizer):
    """Runs another optimizer on a loss that is scaled up as far as the gradients stay finite.

    A step with a gradient that is not finite changes no weight and halves the scale; after
    `dynamic_growth_steps` finite steps in a row the scale doubles.

    Args:
        inner_optimizer: updates the weights.
        initial_scale: the first scale.
        dynamic_growth_steps: see above.
        name: made from the class if not given.
    """

    def __init__(
        self,
        inner_optimizer: Optimizer,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
    ) -> None:
        self.inner_optimizer = inner_optimizer
        super().__init__(0.0, name=name)
        self.initial_scale, self.dynamic_growth_steps = initial_scale, dynamic_growth_steps
        inner_optimizer.loss_scale_factor = None

    def build(self, variables: Sequence[Variable]) -> None:
        """The scale, the count of finite steps, and what the inner optimizer needs."""
        if self.built:
            return
        self.step_counter = self.add_variable((), "zeros", "int32", name="step_counter")
        self.dynamic_scale = self.add_variable(
            (), lambda shape, dtype: self.initial_scale, "float32", name="dynamic_scale"
        )
        self.inner_optimizer.build(variables)
        super().build(variables)

    @property
    def variables(self) -> list[Variable]:
        """Its own and the inner optimizer's."""
        return [*self._variables, *self.inner_optimizer.variables]

    @property
    def learning_rate(self) -> Any:
        """The inner optimizer's."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self.inner_optimizer.learning_rate = value

    @property
    def iterations(self) -> Any:
        """The inner optimizer's."""
        return self.inner_optimizer.iterations

    def apply(
        self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None
    ) -> None:
        """See `Optimizer.apply`."""
        grads, variables = self._paired(list(grads), trainable_variables)
        scale = self.dynamic_scale.value
        finite: Any = True
        for g in grads:
            finite = ops.logical_and(finite, ops.all(ops.isfinite(g)))
        unscaled = [
            g if v.overwrite_with_gradient else ops.divide(g, scale)
            for g, v in zip(grads, variables, strict=True)
        ]

        def step() -> None:
            self.inner_optimizer.apply(unscaled, variables)
            self._grow()

        choose(finite, step, self._shrink)

    def _grow(self) -> None:
        count, scale = self.step_counter, self.dynamic_scale
        due = ops.equal(count, self.dynamic_growth_steps - 1)

        def double() -> None:
            count.assign(0)
            scale.assign(scale.value * 2.0)

        choose(due, double, lambda: count.assign_add(1))

    def _shrink(self) -> None:
        self.step_counter.assign(0)
        self.dynamic_scale.assign(self.dynamic_scale.value * 0.5)

    def scale_loss(self, loss: Any) -> Any:
        """The loss times the scale."""
        return ops.multiply(loss, self.dynamic_scale if self.built else self.initial_scale)

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """See `Optimizer`."""
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        from whit.optimizers import serialize

        return {
            "name": self.name,
            "inner_optimizer": serialize(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> LossScaleOptimizer:
        """The optimizer with this config."""
        from whit.optimizers import deserialize

        config = dict(config)
        inner = deserialize(config.pop("inner_optimizer"), custom_objects)
        return cls(inner, **config)
