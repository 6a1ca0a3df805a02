"""Adam and its kin: steps along a mean gradient, scaled by a mean square (Kingma and Ba 2014)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Unpack

from whit import ops
from whit.optimizers.optimizer import CommonArguments, LearningRate, Optimizer, OtherArguments
from whit.variables import Variable


class _Moments(Optimizer):
    """What the family shares: both moments of the gradient and their decay rates."""

    hyperparameters: ClassVar[tuple[str, ...]] = ("beta_1", "beta_2", "epsilon")
    beta_1: float
    beta_2: float
    epsilon: float

    def slot_groups(self) -> Iterable[Mapping[str, Any]]:
        """Both moments."""
        return [{"momentum": "zeros", "velocity": "zeros"}]

    def moments(self, gradient: Any, variable: Variable) -> tuple[Any, Any]:
        """Both moments, moved towards the gradient and its square."""
        m, v = self.slot("momentum", variable), self.slot("velocity", variable)
        return (
            m.assign(m.value + (gradient - m.value) * (1 - self.beta_1)),
            v.assign(v.value + (gradient * gradient - v.value) * (1 - self.beta_2)),
        )

    def unbias(self, beta: float, dtype: str) -> Any:
        """1 - beta ** step: what a mean that began at zero lacks."""
        return 1 - ops.power(beta, self.step(dtype))


class Adam(_Moments):
    """w -= learning_rate * m / (sqrt(v) + epsilon), moments corrected for their start at zero.

    Args:
        learning_rate: see `Optimizer`, as all other arguments.
        beta_1, beta_2: what the mean gradient and the mean square keep at each step.
        epsilon: keeps the denominator from zero.
        amsgrad: use the largest mean square so far (Reddi et al. 2018).
    """

    hyperparameters = ("beta_1", "beta_2", "epsilon", "amsgrad")

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **common: Unpack[CommonArguments],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.beta_1, self.beta_2, self.epsilon, self.amsgrad = beta_1, beta_2, epsilon, amsgrad

    def slot_groups(self) -> Iterable[Mapping[str, Any]]:
        """Both moments, and the largest second moment."""
        return [*super().slot_groups(), *([{"velocity_hat": "zeros"}] if self.amsgrad else [])]

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """See `Optimizer`."""
        dtype = variable.dtype
        m, v = self.moments(ops.cast(gradient, dtype), variable)
        # all scalar work stays in `alpha`, so that the elementwise part is short
        rate = ops.cast(learning_rate, dtype) * ops.sqrt(self.unbias(self.beta_2, dtype))
        alpha = ops.divide(rate, self.unbias(self.beta_1, dtype))
        if self.amsgrad:
            largest = self.slot("velocity_hat", variable)
            v = largest.assign(ops.maximum(largest, v))
        variable.assign(variable.value - m * alpha / (ops.sqrt(v) + self.epsilon))


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2017).

    Args:
        learning_rate: see `Optimizer`, as all other arguments.
        weight_decay: a number.
        beta_1, beta_2, epsilon, amsgrad: see `Adam`.
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **common: Unpack[OtherArguments],
    ) -> None:
        if weight_decay is None:
            raise ValueError("weight_decay=None: AdamW needs a number; use Adam for none")
        super().__init__(
            learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **common
        )


class Adamax(_Moments):
    """Adam with the infinity norm in place of the mean square (Kingma and Ba 2014, section 7).

    Args:
        learning_rate: see `Optimizer`, as all other arguments.
        beta_1, beta_2: what the mean gradient and the norm keep at each step.
        epsilon: keeps the denominator from zero.
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **common: Unpack[CommonArguments],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def slot_groups(self) -> Iterable[Mapping[str, Any]]:
        """The mean gradient and the norm."""
        return [{"momentum": "zeros", "norm": "zeros"}]

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """See `Optimizer`."""
        dtype = variable.dtype
        g = ops.cast(gradient, dtype)
        m, u = self.slot("momentum", variable), self.slot("norm", variable)
        mean = m.assign(m.value + (g - m.value) * (1 - self.beta_1))
        norm = u.assign(ops.maximum(u.value * self.beta_2, ops.absolute(g)))
        rate = ops.divide(ops.cast(learning_rate, dtype), self.unbias(self.beta_1, dtype))
        variable.assign(variable.value - mean * rate / (norm + self.epsilon))


class Nadam(_Moments):
    """Adam with Nesterov's momentum and a momentum schedule (Dozat 2016).

    Args:
        learning_rate: see `Optimizer`, as all other arguments.
        beta_1, beta_2: what the mean gradient and the mean square keep at each step.
        epsilon: keeps the denominator from zero.
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **common: Unpack[CommonArguments],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def build(self, variables: Sequence[Variable]) -> None:
        """The moments, and the product of all momenta so far."""
        if self.built:
            return
        super().build(variables)
        dtype = variables[0].dtype if variables else None
        self._u_product = self.add_variable((), "ones", dtype, name="u_product")

    def _momentum(self, step: Any) -> Any:
        """The schedule of the momentum."""
        return self.beta_1 * (1.0 - 0.5 * ops.power(0.96, step))

    def update_steps(self, grads: Sequence[Any], variables: Sequence[Variable], rate: Any) -> None:
        """Also extends the product of momenta, once a step."""
        product = self._u_product
        product.assign(product.value * self._momentum(self.step(product.dtype)))
        super().update_steps(grads, variables, rate)

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """See `Optimizer`."""
        dtype = variable.dtype
        g = ops.cast(gradient, dtype)
        step = self.step(dtype)
        now, after = self._momentum(step), self._momentum(step + 1)
        product = ops.cast(self._u_product, dtype)
        m, v = self.moments(g, variable)
        from_mean = ops.divide(after, 1 - product * after)
        from_gradient = ops.divide(1 - now, 1 - product)
        mean = m * from_mean + g * from_gradient
        mean_square = v / self.unbias(self.beta_2, dtype)
        rate = ops.cast(learning_rate, dtype)
        variable.assign(variable.value - mean * rate / (ops.sqrt(mean_square) + self.epsilon))


class Lamb(_Moments):
    """Adam whose step is scaled, layer by layer, to the norm of the weights (You et al. 2019).

    Args:
        learning_rate: see `Optimizer`, as all other arguments.
        beta_1, beta_2: what the mean gradient and the mean square keep at each step.
        epsilon: keeps the denominator from zero.
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **common: Unpack[CommonArguments],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """See `Optimizer`."""
        dtype = variable.dtype
        m, v = self.moments(ops.cast(gradient, dtype), variable)
        root = ops.sqrt(v / self.unbias(self.beta_2, dtype)) + self.epsilon
        update = m / self.unbias(self.beta_1, dtype) / root
        w = variable.value
        size, step = (ops.sqrt(ops.sum(ops.square(x))) for x in (w, update))
        both = ops.logical_and(size > 0, step > 0)
        ratio = ops.where(both, ops.divide(size, ops.where(both, step, 1.0)), 1.0)
        variable.assign(w - (ratio * ops.cast(learning_rate, dtype)) * update)
