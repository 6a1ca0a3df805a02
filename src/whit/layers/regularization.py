"""Layers that act only in training, or only on the loss: Dropout, ActivityRegularization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from whit import random, regularizers
from whit.layers.layer import Layer


class Dropout(Layer):
    """In training, sets elements to 0 at random and scales the rest by `1 / (1 - rate)`.

    Source: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from
    overfitting". Outside training the input passes unchanged.

    Args:
        rate: the share of elements to drop, from 0 to 1.
        noise_shape: the shape of the mask, which is repeated along extents of 1; None in it takes
            the input's extent. `(None, 1, None)` drops the same features at every time step.
        seed: an integer, for the same masks in each run.
        **kwargs: see `Layer`.

    Raises:
        ValueError: `rate` is not a number from 0 to 1.
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1:
            raise ValueError(f"Dropout: rate={rate!r}: expected a number from 0 to 1")
        self.rate = rate
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)
        self.seed = seed
        if rate > 0:
            self.seed_generator = random.SeedGenerator(seed)
        self.supports_masking = True

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        """The input, some of it dropped if `training`."""
        if not training or self.rate == 0:
            return inputs
        shape = self.noise_shape
        if shape is not None:
            shape = tuple(n if d is None else d for d, n in zip(shape, inputs.shape, strict=True))
        return random.dropout(inputs, self.rate, noise_shape=shape, seed=self.seed_generator)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        config = {"rate": self.rate, "noise_shape": self.noise_shape, "seed": self.seed}
        return {**super().get_config(), **config}


class ActivityRegularization(Layer):
    """Passes its input through and adds a penalty on it to the loss.

    Args:
        l1: factor of the sum of absolute values.
        l2: factor of the sum of squares.
        **kwargs: see `Layer`.
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.l1, self.l2 = l1, l2
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The input."""
        return inputs

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        config = {k: v for k, v in super().get_config().items() if k != "activity_regularizer"}
        return {**config, "l1": self.l1, "l2": self.l2}
