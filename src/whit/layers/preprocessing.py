"""Layers that bring raw data to a good scale: Rescaling, Normalization."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from whit import config, ops
from whit.layers.input_spec import describe
from whit.layers.layer import Layer


class Rescaling(Layer):
    """`inputs * scale + offset`, in the layer's dtype: `Rescaling(1 / 255)` for images.

    Args:
        scale: a number, or one for each channel (the last axis).
        offset: a number, or one for each channel.
        **kwargs: see `Layer`.
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale, self.offset = scale, offset
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The scaled and shifted input."""
        dtype = self.compute_dtype
        scale, offset = _factor(self.scale, dtype), _factor(self.offset, dtype)
        return ops.add(ops.multiply(ops.cast(inputs, dtype), scale), offset)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        return {**super().get_config(), "scale": self.scale, "offset": self.offset}


class Normalization(Layer):
    """`(inputs - mean) / sqrt(variance)`, with the moments of each feature learned by `adapt`.

    Args:
        axis: the axis or axes that have moments of their own; None for one mean and variance of
            everything.
        mean: given, together with `variance`, in place of `adapt`.
        variance: see `mean`.
        invert: do the inverse: from normalised values to the original scale.
        **kwargs: see `Layer`.

    Raises:
        ValueError: only one of `mean` and `variance`, or an axis the input does not have.
    """

    def __init__(
        self,
        axis: int | Sequence[int] | None = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axis = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        if (mean is None) != (variance is None):
            missing, given = ("mean", "variance") if mean is None else ("variance", "mean")
            raise ValueError(
                f"Normalization: {given} is given and {missing} is not; give both or none"
            )
        self.input_mean, self.input_variance = mean, variance
        self.invert = invert
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Find the axes with moments of their own; make the moments unless they were given."""
        n = len(input_shape)
        if any(not -n <= a < n for a in self.axis):
            raise ValueError(
                f"{describe(self)}: axis={list(self.axis)} is outside an input of {n} axes"
            )
        self._kept = sorted(a % n for a in self.axis)
        shape = [input_shape[a] for a in self._kept]
        if None in shape:
            raise ValueError(
                f"{describe(self)}: axis={list(self.axis)}: the extents along them must be known, "
                f"got {tuple(input_shape)}"
            )
        self._moment_shape = tuple(shape)
        self._broadcast_shape = tuple(
            d if q in self._kept else 1 for q, d in enumerate(input_shape)
        )
        if self.input_mean is None:
            self.adapt_mean = self.add_weight(shape, "zeros", trainable=False, name="mean")
            self.adapt_variance = self.add_weight(shape, "ones", trainable=False, name="variance")
            self.count = self.add_weight((), "zeros", dtype="int32", trainable=False, name="count")

    def adapt(self, data: Any) -> None:
        """Set mean and variance to those of `data`; earlier ones are forgotten.

        Args:
            data: an array, or an iterable of batches (a tuple's first part is taken as the input).

        Raises:
            ValueError: the layer was given its mean and variance, or there are no data.
        """
        if self.input_mean is not None:
            raise ValueError(
                f"adapt: {describe(self)} was made with mean and variance, which adapt would set; "
                "leave them out"
            )
        whole = isinstance(data, list) or hasattr(data, "__array__")
        batches: Iterable[Any] = [np.asarray(data)] if whole else data
        count, mean, square = 0, np.float64(0), np.float64(0)
        for batch in batches:
            x = np.asarray(batch[0] if isinstance(batch, tuple) else batch)
            if not self.built:
                self.build((None, *x.shape[1:]))
            count, mean, square = _merge((count, mean, square), x, self._reduced(x))
        if not count:
            raise ValueError(f"adapt: {describe(self)}: there are no data to take moments of")
        self.adapt_mean.assign(np.reshape(mean, self._moment_shape))
        self.adapt_variance.assign(np.reshape(square / count, self._moment_shape))

    def _reduced(self, x: np.ndarray) -> tuple[int, ...]:
        return tuple(q for q in range(x.ndim) if q not in self._kept)

    def call(self, inputs: Any) -> Any:
        """The normalised input (or, inverted, the original)."""
        dtype = self.compute_dtype
        if self.input_mean is None:
            shape = self._broadcast_shape
            mean, variance = (ops.reshape(m, shape) for m in (self.adapt_mean, self.adapt_variance))
        else:
            mean, variance = self._given(self.input_mean), self._given(self.input_variance)
        x = ops.cast(inputs, dtype)
        deviation = ops.maximum(ops.sqrt(variance), config.epsilon())
        if self.invert:
            return ops.add(mean, ops.multiply(x, deviation))
        return ops.divide(ops.subtract(x, mean), deviation)

    def _given(self, value: Any) -> np.ndarray:
        """A mean or variance given to the constructor, in the shape that meets the input."""
        array = np.asarray(value, self.compute_dtype)
        array = array if array.size == 1 else array.reshape(self._moment_shape)
        return np.broadcast_to(array, self._moment_shape).reshape(self._broadcast_shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer; adapted moments are weights, and not in it."""
        return {
            **super().get_config(),
            "axis": self.axis,
            "invert": self.invert,
            "mean": _plain(self.input_mean),
            "variance": _plain(self.input_variance),
        }


def _factor(value: Any, dtype: str) -> Any:
    return value if isinstance(value, int | float) else np.asarray(value, dtype)


def _plain(value: Any) -> Any:
    """An array-like as numbers and lists, for a config."""
    return None if value is None else np.asarray(value).tolist()


Moments = tuple[int, Any, Any]


def _merge(so_far: Moments, x: np.ndarray, axes: tuple[int, ...]) -> Moments:
    """Count, mean and sum of squared deviations with a batch more (Chan et al. 1979)."""
    n, mean, square = so_far
    m = int(np.prod([x.shape[a] for a in axes]))
    if not m:
        return so_far
    batch_mean = np.mean(x, axes, dtype=np.float64)
    batch_square = np.var(x, axes, dtype=np.float64) * m
    apart = batch_mean - mean
    total = n + m
    return total, mean + apart * (m / total), square + batch_square + apart**2 * (n * m / total)
