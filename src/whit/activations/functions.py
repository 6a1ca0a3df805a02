"""Activations whose arguments or defaults differ from the operation of the same name."""

from __future__ import annotations

from typing import Any

from whit import ops
from whit.graph import build
from whit.ops.lift import floating, op


@op("x")
def relu(
    x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Any:
    """x from `threshold` up to `max_value`, and `negative_slope * (x - threshold)` below.

    Args:
        x: an array.
        negative_slope: slope below the threshold.
        max_value: the largest value; None for no bound.
        threshold: where the line begins. The derivative there is that from below.
    """
    if not negative_slope and not threshold:
        y = ops.relu(x)
    else:
        x = floating(x)
        low = (x - float(threshold)) * float(negative_slope)
        y = build.where(x > threshold, x, low if negative_slope else 0)
    return y if max_value is None else build.binary("min", y, max_value)


def gelu(x: Any, approximate: bool = False) -> Any:
    """x times the normal distribution function of x (Hendrycks & Gimpel 2016).

    Args:
        x: an array.
        approximate: with tanh in place of the error function.
    """
    return ops.gelu(x, approximate)


def softmax(x: Any, axis: Any = -1) -> Any:
    """exp(x) divided by its sum over `axis`.

    Args:
        x: an array of one axis or more.
        axis: an integer or several.
    """
    return ops.softmax(x, axis)


def log_softmax(x: Any, axis: Any = -1) -> Any:
    """log(softmax(x)) over `axis`."""
    return ops.log_softmax(x, axis)


def exponential(x: Any) -> Any:
    """exp(x)."""
    return ops.exp(x)


def linear(x: Any) -> Any:
    """x as it is."""
    return x


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """x where x > 0, else `negative_slope * x` (Maas et al. 2013)."""
    return ops.leaky_relu(x, negative_slope)
