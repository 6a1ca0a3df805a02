"""Activations as layers, with their parameters: ReLU, LeakyReLU, ELU, PReLU, Softmax."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from whit import activations, constraints, initializers, ops, regularizers
from whit.layers.input_spec import InputSpec
from whit.layers.layer import Layer


class ReLU(Layer):
    """`max(x, 0)`, with a bend, a slope and a ceiling to choose.

    `x` above `threshold`, but at most `max_value`; up to it `negative_slope * (x - threshold)`.

    Args:
        max_value: the ceiling; none by default.
        negative_slope: the slope below `threshold`.
        threshold: where the bend is.
        **kwargs: see `Layer`.

    Raises:
        ValueError: a negative `max_value` or `threshold`, or a `negative_slope` below 0.
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, value in [("max_value", max_value), ("negative_slope", negative_slope)]:
            _not_negative("ReLU", name, value)
        _not_negative("ReLU", "threshold", threshold)
        self.max_value, self.negative_slope, self.threshold = max_value, negative_slope, threshold
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The rectified input."""
        return activations.relu(
            inputs,
            negative_slope=self.negative_slope,
            max_value=self.max_value,
            threshold=self.threshold,
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        return {
            **super().get_config(),
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }


class LeakyReLU(Layer):
    """`x` where it is positive, `negative_slope * x` elsewhere.

    Args:
        negative_slope: the slope below 0.
        **kwargs: see `Layer`; `alpha`, the argument's old name, is taken with a warning.
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        if "alpha" in kwargs:
            negative_slope = kwargs.pop("alpha")
            warnings.warn("LeakyReLU: alpha is now called negative_slope", stacklevel=2)
        super().__init__(**kwargs)
        if negative_slope is None:
            raise ValueError("LeakyReLU: negative_slope=None: expected a number >= 0")
        _not_negative("LeakyReLU", "negative_slope", negative_slope)
        self.negative_slope = negative_slope
        self.supports_masking = True

    __init__.__also_takes__ = ("alpha",)  # type: ignore[attr-defined]

    def call(self, inputs: Any) -> Any:
        """The leaky rectified input."""
        return activations.leaky_relu(inputs, negative_slope=self.negative_slope)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        return {**super().get_config(), "negative_slope": self.negative_slope}


class ELU(Layer):
    """`x` where it is positive, `alpha * (exp(x) - 1)` elsewhere.

    Source: Clevert et al. 2015, "Fast and accurate deep network learning by exponential linear
    units".

    Args:
        alpha: minus the limit for very negative inputs.
        **kwargs: see `Layer`.
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = alpha
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The input with its negative part bent."""
        return activations.elu(inputs, alpha=self.alpha)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        return {**super().get_config(), "alpha": self.alpha}


class PReLU(Layer):
    """`x` where it is positive, `alpha * x` elsewhere, with learned slopes `alpha`.

    Source: He et al. 2015, "Delving deep into rectifiers".

    Args:
        alpha_initializer: of the slopes.
        alpha_regularizer: adds a penalty on the slopes to the loss.
        alpha_constraint: applied to the slopes after each update.
        shared_axes: axes of the input, counted with the batch axis as 0, along which slopes are
            shared: `[1, 2]` for one slope for each channel of an image.
        **kwargs: see `Layer`.
    """

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        axes = [shared_axes] if isinstance(shared_axes, int) else shared_axes
        self.shared_axes = None if axes is None else list(axes)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Make a slope for each element of a sample, or one for all along the shared axes."""
        shared = set(self.shared_axes or ())
        shape = [1 if q in shared else d for q, d in enumerate(input_shape)][1:]
        self.alpha = self.add_weight(
            shape,
            self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
            name="alpha",
        )
        own = {q: d for q, d in enumerate(input_shape) if q and q not in shared}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=own)

    def call(self, inputs: Any) -> Any:
        """The input with its negative part scaled."""
        negative_part = ops.relu(ops.negative(inputs))
        return ops.subtract(ops.relu(inputs), ops.multiply(self.alpha, negative_part))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        return {
            **super().get_config(),
            "alpha_initializer": initializers.serialize(self.alpha_initializer),
            "alpha_regularizer": regularizers.serialize(self.alpha_regularizer),
            "alpha_constraint": constraints.serialize(self.alpha_constraint),
            "shared_axes": self.shared_axes,
        }


class Softmax(Layer):
    """Exponentials that add up to 1 along `axis`.

    Args:
        axis: an axis, or several to normalise over together.
        **kwargs: see `Layer`.
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis if isinstance(axis, int) else tuple(axis)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The normalised exponentials; elements where `mask` is false get next to nothing."""
        if mask is not None:
            lowest = -3e4 if inputs.dtype == "float16" else -1e9
            inputs = ops.add(inputs, ops.multiply(1.0 - ops.cast(mask, inputs.dtype), lowest))
        if isinstance(self.axis, int):
            return activations.softmax(inputs, axis=self.axis)
        return ops.exp(inputs - ops.logsumexp(inputs, axis=self.axis, keepdims=True))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        return {**super().get_config(), "axis": self.axis}


def _not_negative(owner: str, name: str, value: float | None) -> None:
    if value is not None and value < 0:
        raise ValueError(f"{owner}: {name}={value!r}: expected a number >= 0")
