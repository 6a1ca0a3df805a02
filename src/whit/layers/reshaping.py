"""Layers that move elements and compute nothing: Flatten, Reshape, Permute, RepeatVector."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from whit import config, ops
from whit.layers.core import positive_integer
from whit.layers.input_spec import InputSpec, describe
from whit.layers.layer import Layer


class Flatten(Layer):
    """Makes each sample one row. Input shape: `(batch, ...)`. Output shape: `(batch, features)`.

    Args:
        data_format: "channels_last" (the default), or "channels_first": then axis 1 is moved last
            before, so that the order of the features is the same for both.
        **kwargs: see `Layer`.
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = config.standardize_data_format(data_format)
        self.input_spec = InputSpec(min_ndim=1)
        self._channels_first = self.data_format == "channels_first"

    def call(self, inputs: Any) -> Any:
        """The samples as rows."""
        ndim = len(inputs.shape)
        if self._channels_first and ndim > 1:
            inputs = ops.transpose(inputs, (0, *range(2, ndim), 1))
        return ops.reshape(inputs, (inputs.shape[0], math.prod(inputs.shape[1:])))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        return {**super().get_config(), "data_format": self.data_format}


class Reshape(Layer):
    """Gives each sample another shape with the same elements in the same order.

    Args:
        target_shape: without the batch axis; one extent may be -1, and is worked out.
        **kwargs: see `Layer`.
    """

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        shape = (target_shape,) if isinstance(target_shape, int) else tuple(target_shape)
        if shape.count(-1) > 1 or any(d < -1 for d in shape):
            raise ValueError(
                f"Reshape: target_shape={target_shape!r}: expected extents >= 0, at most one -1"
            )
        self.target_shape = tuple(int(d) for d in shape)

    def call(self, inputs: Any) -> Any:
        """The samples in their new shape."""
        size = math.prod(inputs.shape[1:])
        known = math.prod(d for d in self.target_shape if d != -1)
        fits = size == known if -1 not in self.target_shape else known and size % known == 0
        if not fits:
            raise ValueError(
                f"{describe(self)}: a sample of shape {tuple(inputs.shape[1:])} has {size} "
                f"elements, which do not fill target_shape={self.target_shape}"
            )
        free = size // known if known else 0
        shape = (free if d == -1 else d for d in self.target_shape)
        return ops.reshape(inputs, (inputs.shape[0], *shape))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        return {**super().get_config(), "target_shape": self.target_shape}


class Permute(Layer):
    """Reorders the axes of each sample.

    Args:
        dims: axis `dims[i]` of the input becomes axis i + 1; counted from 1, the batch axis is left
            out. `Permute((2, 1))` swaps the two axes.
        **kwargs: see `Layer`.
    """

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(
                f"Permute: dims={self.dims}: expected each of 1 to {len(self.dims)} once (axis 0, "
                "the batch, stays)"
            )
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Any) -> Any:
        """The samples with their axes in the new order."""
        return ops.transpose(inputs, (0, *self.dims))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        return {**super().get_config(), "dims": self.dims}


class RepeatVector(Layer):
    """Repeats each row. Input shape: `(batch, features)`. Output shape: `(batch, n, features)`.

    Args:
        n: how often.
        **kwargs: see `Layer`.
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = positive_integer("RepeatVector", "n", n)
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Any) -> Any:
        """Each row n times."""
        batch, features = inputs.shape
        return ops.broadcast_to(ops.expand_dims(inputs, 1), (batch, self.n, features))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        return {**super().get_config(), "n": self.n}
