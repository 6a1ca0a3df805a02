"""The class Metric: a few Variables that accumulate over batches, and the number they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from whit import ops
from whit.errors import ShapeError
from whit.losses.align import compute_dtype
from whit.naming import auto_name
from whit.variables import Variable


class Metric:
    """A number that is accumulated over batches: subclass it and write three methods.

    `update_state` adds a batch to the variables, `result` computes the number from them, and
    `reset_state` starts again (by default all variables become 0). Written with `whit.ops`, all
    three work on arrays and inside a compiled training step.

    Args:
        dtype: what it computes in: a dtype, a policy, or None for `whit.config.floatx()`.
        name: for progress bars and history; made from the class's name if not given.

    Example:
        >>> class Positives(whit.Metric):
        ...     def __init__(self, name="positives"):
        ...         super().__init__(name=name)
        ...         self.total = self.add_variable((), "zeros", name="total")
        ...     def update_state(self, y_true, y_pred, sample_weight=None):
        ...         self.total.assign_add(ops.sum(ops.cast(y_pred > 0.5, "float32")))
        ...     def result(self):
        ...         return self.total.value

    Source: https://keras.io/api/metrics/
    """

    _direction: str | None = None  # "up" or "down": what is better

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self._variables: list[Variable] = []
        self._metrics: list[Metric] = []
        self.name = name or auto_name(type(self).__name__)
        self._dtype = compute_dtype(dtype)

    @property
    def dtype(self) -> str:
        """The type that it computes in."""
        return self._dtype

    @property
    def variables(self) -> list[Variable]:
        """All its state: its own variables, then those of metrics that are its attributes."""
        return [*self._variables, *(v for m in self._metrics for v in m.variables)]

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = None,
        dtype: Any = None,
        aggregation: str = "sum",
        name: str | None = None,
    ) -> Variable:
        """A new variable of this metric.

        Args:
            shape: its shape.
            initializer: anything that `whit.initializers.get` takes; zeros by default.
            dtype: that of the metric by default.
            aggregation: accepted for Keras' sake; state is never split over machines.
            name: of the variable.
        """
        self._check_super_called()
        first = _zeros if initializer in (None, "zeros") else initializer
        variable = Variable(first, tuple(shape), dtype or self.dtype, trainable=False, name=name)
        variable.path = f"{self.name}/{variable.name}"
        self._variables.append(variable)
        return variable

    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: Any = None,
        dtype: Any = None,
        name: str | None = None,
    ) -> Variable:
        """`add_variable` under its older name."""
        return self.add_variable(shape, initializer, dtype, name=name)

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Add a batch; written by subclasses."""
        raise TypeError(f"{type(self).__name__} must define update_state(y_true, y_pred, ...)")

    def result(self) -> Any:
        """The number so far; written by subclasses."""
        raise TypeError(f"{type(self).__name__} must define result()")

    def reset_state(self) -> None:
        """Forget all batches."""
        for v in self.variables:
            v.assign(ops.zeros(v.shape, v.dtype))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add a batch and give the number so far."""
        self._check_super_called()
        self.update_state(*args, **kwargs)
        return self.result()

    # ---- without side effects
    def stateless_update_state(self, metric_variables: Sequence, *args: Any, **kwargs: Any) -> list:
        """The values of `variables` after a batch, starting from `metric_variables`.

        Raises:
            ShapeError: not one value for each variable.
        """
        before = self._swap(metric_variables)
        try:
            self.update_state(*args, **kwargs)
        finally:
            after = self._swap(before)
        return after

    def stateless_result(self, metric_variables: Sequence) -> Any:
        """The number that `metric_variables` stand for.

        Raises:
            ShapeError: not one value for each variable.
        """
        before = self._swap(metric_variables)
        try:
            result = self.result()
            return np.array(result) if isinstance(result, np.ndarray) else result
        finally:
            self._swap(before)

    def stateless_reset_state(self) -> list:
        """The values of `variables` after `reset_state`."""
        before = [_copy(v.value) for v in self.variables]
        self.reset_state()
        return self._swap(before)

    def _swap(self, values: Sequence) -> list:
        """Give the variables these values; returns those they had."""
        if len(values) != len(self.variables):
            raise ShapeError(
                f"metric_variables: {type(self).__name__} has {len(self.variables)} variables, got "
                f"{len(values)} values"
            )
        before = [_copy(v.value) for v in self.variables]
        for v, value in zip(self.variables, values, strict=True):
            v.assign(value)
        return before

    # ---- bookkeeping
    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """The metric with these arguments."""
        return cls(**config)

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Metric):
            self._check_super_called()
            self._metrics.append(value)
        elif isinstance(value, Variable):
            self._check_super_called()
            if not any(v is value for v in self._variables):
                self._variables.append(value)
        super().__setattr__(name, value)

    def _check_super_called(self) -> None:
        if "_variables" not in vars(self):
            raise RuntimeError(
                f"{type(self).__name__}.__init__ must call super().__init__() before anything else"
            )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _zeros(shape: tuple[int, ...], dtype: Any = None) -> np.ndarray:
    return np.zeros(shape, dtype)


def _copy(value: Any) -> Any:
    return np.array(value) if isinstance(value, np.ndarray) else value


def accumulate(variable: Variable, amount: Any) -> None:
    """Add `amount`, cast to its dtype, to a variable."""
    variable.assign(ops.add(variable, ops.cast(amount, variable.dtype)))
