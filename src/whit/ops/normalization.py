"""Moments, and what normalizes by them: batch, layer and root-mean-square normalization."""

from __future__ import annotations

import math
from typing import Any

from whit import config
from whit.graph import Tensor, apply, build
from whit.ops.lift import Array, ArrayLike, axes_of, axis_of, floating, op
from whit.ops.reductions import centred_moments, kept

Axis = int | tuple[int, ...] | list[int]


def _inverse_root(x: Tensor) -> Tensor:
    return build.divide(1.0, apply("sqrt", x))


def _over(y: Tensor, x: Tensor, axes: tuple[int, ...]) -> Tensor:
    return build.expand(y, x.shape, axes)


@op("x")
def moments(x: ArrayLike, axes: Any, keepdims: bool = False, synchronized: bool = False) -> Array:
    """Mean and variance over `axes`, as a tuple.

    Args:
        synchronized: accepted for Keras' sake; there is one replica.
    """
    x = floating(x)
    over = axes_of(axes, x.ndim, "axes")
    m, v = centred_moments(x, over)
    return kept(m, x.shape, over, keepdims), kept(v, x.shape, over, keepdims)


@op("x", "mean", "variance", "offset", "scale")
def batch_normalization(
    x: ArrayLike,
    mean: ArrayLike,
    variance: ArrayLike,
    axis: int,
    offset: ArrayLike = None,
    scale: ArrayLike = None,
    epsilon: float = 0.001,
) -> Array:
    """(x - mean) / sqrt(variance + epsilon) * scale + offset, statistics lying along `axis`."""
    x = floating(x)
    at = axis_of(axis, x.ndim)
    line = lambda v: build.broadcast(build.cast(v, x.dtype), x.shape, (at,))  # noqa: E731
    factor = _inverse_root(variance + epsilon)
    if scale is not None:
        factor = factor * scale
    shift = -(mean * factor)
    if offset is not None:
        shift = shift + offset
    return x * line(factor) + line(shift)


def _broadcast_weights(v: Tensor, x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Weights that lie along `axes` (in that order), repeated to the shape of x."""
    v = build.cast(v, x.dtype)
    if v.ndim == len(axes) and v.shape == tuple(x.shape[a] for a in axes):
        return build.broadcast(v, x.shape, axes)
    return build.broadcast_to(v, x.shape)


@op("x", "gamma", "beta")
def layer_normalization(
    x: ArrayLike,
    gamma: ArrayLike = None,
    beta: ArrayLike = None,
    axis: Axis = -1,
    epsilon: float | None = None,
    rms_scaling: bool = False,
) -> Array:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta over `axis` (Ba et al. 2016).

    Args:
        epsilon: `whit.config.epsilon()` by default.
        rms_scaling: scale by gamma over the standard deviation without centring (deprecated in
            Keras for `rms_normalization`).
    """
    x = floating(x)
    axes = axes_of(axis, x.ndim)
    epsilon = config.epsilon() if epsilon is None else epsilon
    m, v = centred_moments(x, axes)
    y = (x if rms_scaling else x - _over(m, x, axes)) * _over(_inverse_root(v + epsilon), x, axes)
    y = y if gamma is None else y * _broadcast_weights(gamma, x, axes)
    return y if beta is None or rms_scaling else y + _broadcast_weights(beta, x, axes)


@op("x", "scale")
def rms_normalization(
    x: ArrayLike, scale: ArrayLike = None, axis: Axis = -1, epsilon: float | None = None
) -> Array:
    """x / sqrt(mean(x**2) + epsilon) * scale over `axis` (Zhang & Sennrich 2019)."""
    x = floating(x)
    axes = axes_of(axis, x.ndim)
    epsilon = config.epsilon() if epsilon is None else epsilon
    factor = _inverse_root(build.mean(x * x, axes) + epsilon)
    y = x * _over(factor, x, axes)
    return y if scale is None else y * _broadcast_weights(scale, x, axes)


@op("x")
def normalize(
    x: ArrayLike, axis: Axis = -1, order: float = 2, epsilon: float | None = None
) -> Array:
    """x divided by its norm over `axis`, or by `epsilon` where the norm is smaller."""
    if isinstance(order, bool) or not isinstance(order, int | float) or order < 1:
        raise ValueError(f"normalize: order={order!r}: expected a number of 1 or more")
    x = floating(x)
    axes = axes_of(axis, x.ndim)
    epsilon = config.epsilon() if epsilon is None else epsilon
    if order == 2:
        squares = build.total(x * x, axes)
        return x * _over(_inverse_root(build.maximum(squares, epsilon**2)), x, axes)
    size = _power_norm(x, axes, order)
    return build.divide(x, _over(build.maximum(size, epsilon), x, axes))


def _power_norm(x: Tensor, axes: tuple[int, ...], order: float) -> Tensor:
    size = apply("abs", x)
    if math.isinf(order):
        return build.reduce("max_reduce", size, axes)
    total = build.total(build.power(size, order), axes)
    return total if order == 1 else build.binary("pow", total, 1.0 / order)
