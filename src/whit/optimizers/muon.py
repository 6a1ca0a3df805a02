"""Muon: momentum whose matrices are made orthogonal before each step (Jordan et al. 2024)."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Unpack

from whit import ops
from whit.optimizers.optimizer import LearningRate, Optimizer, OtherArguments
from whit.variables import Variable


class Muon(Optimizer):
    """Orthogonalised momentum for matrices, Adam for all other weights.

    Args:
        learning_rate: see `Optimizer`, as all other arguments.
        adam_beta_1, adam_beta_2, adam_weight_decay, epsilon: of Adam, for the other weights.
        weight_decay: of the matrices.
        exclude_layers: patterns of paths whose matrices Adam takes.
        exclude_embeddings: Adam takes embeddings.
        muon_a, muon_b, muon_c: coefficients of the Newton-Schulz iteration.
        adam_lr_ratio: Adam's learning rate as a multiple of `learning_rate`.
        momentum: what the velocity keeps at each step.
        ns_steps: iterations of Newton-Schulz.
        nesterov: step along the velocity as it will be after the next gradient.
        rms_rate: scale steps by this times sqrt(max(rows, columns)) (Liu et al. 2025); or None.
    """

    hyperparameters = (
        "adam_beta_1",
        "adam_beta_2",
        "epsilon",
        "exclude_layers",
        "muon_a",
        "muon_b",
        "muon_c",
        "adam_lr_ratio",
        "momentum",
        "ns_steps",
        "nesterov",
        "exclude_embeddings",
        "adam_weight_decay",
        "rms_rate",
    )

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        *,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.775,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
        **common: Unpack[OtherArguments],
    ) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay, **common)
        self.adam_beta_1, self.adam_beta_2 = adam_beta_1, adam_beta_2
        self.adam_weight_decay, self.adam_lr_ratio = adam_weight_decay, adam_lr_ratio
        self.epsilon, self.momentum, self.nesterov = epsilon, momentum, nesterov
        self.exclude_layers = list(exclude_layers or ())
        self.exclude_embeddings = exclude_embeddings
        self.muon_a, self.muon_b, self.muon_c = muon_a, muon_b, muon_c
        self.ns_steps, self.rms_rate = ns_steps, rms_rate

    def uses_adam(self, variable: Variable) -> bool:
        """Whether a weight is Adam's."""
        if len(variable.shape) != 2:
            return True
        path = variable.path
        if self.exclude_embeddings and "embedding" in path.lower():
            return True
        return any(re.search(pattern, path) for pattern in self.exclude_layers)

    def build(self, variables: Sequence[Variable]) -> None:
        """A velocity for each weight, and Adam's mean square for its own."""
        if self.built:
            return
        super().build(variables)
        slots: dict[str, list[Variable | None]] = {"momentum": [], "velocity": []}
        for v in variables:
            for name, wanted in (("momentum", True), ("velocity", self.uses_adam(v))):
                skip = v.overwrite_with_gradient or not wanted
                slots[name].append(None if skip else self.add_variable_from_reference(v, name))
        self._slots.update(slots)

    def _decay_rate(self, variable: Variable) -> float | None:
        rate = self.adam_weight_decay if self.uses_adam(variable) else self.weight_decay
        return None if self._undecayed(variable) else rate

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """See `Optimizer`."""
        g = ops.cast(gradient, variable.dtype)
        rate = ops.cast(learning_rate, variable.dtype)
        update = self._adam_step if self.uses_adam(variable) else self._muon_step
        variable.assign(variable.value - update(g, variable, rate))

    def _adam_step(self, g: Any, variable: Variable, rate: Any) -> Any:
        m, v = self.slot("momentum", variable), self.slot("velocity", variable)
        step = self.step(variable.dtype)
        mean = m.assign(m.value + (g - m.value) * (1 - self.adam_beta_1))
        square = v.assign(v.value + (g * g - v.value) * (1 - self.adam_beta_2))
        root = ops.sqrt(1 - ops.power(self.adam_beta_2, step))
        alpha = ops.divide(rate * self.adam_lr_ratio * root, 1 - ops.power(self.adam_beta_1, step))
        return mean * alpha / (ops.sqrt(square) + self.epsilon)

    def _muon_step(self, g: Any, variable: Variable, rate: Any) -> Any:
        m = self.slot("momentum", variable)
        velocity = m.assign(m.value + (g + m.value * (self.momentum - 1)))
        direction = g + velocity * self.momentum if self.nesterov else velocity
        scale = 1.0 if self.rms_rate is None else math.sqrt(max(variable.shape)) * self.rms_rate
        return self.orthogonalize(direction) * (rate * scale)

    def orthogonalize(self, matrix: Any) -> Any:
        """About U V^T of the singular value decomposition, by Newton-Schulz iterations."""
        tall = matrix.shape[-2] > matrix.shape[-1]
        x = ops.transpose(matrix) if tall else matrix
        x = x / (ops.sqrt(ops.sum(ops.square(x))) + 1e-7)
        for _ in range(self.ns_steps):
            gram = ops.matmul(x, ops.transpose(x))
            polynomial = gram * self.muon_b + ops.matmul(gram, gram) * self.muon_c
            x = x * self.muon_a + ops.matmul(polynomial, x)
        return ops.transpose(x) if tall else x
