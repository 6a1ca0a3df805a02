"""Random numbers: compositions over the same random bits on every engine (Threefry-2x32-20)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from whit import config
from whit.graph import Tensor, apply, build, dtypes, random_bits
from whit.ops.lift import Array, ArrayLike, axis_of, floating, op, strong
from whit.ops.shaping import static_shape
from whit.ops.special import inverse_erf
from whit.random.seed import draw_key

Shape = int | Sequence[int]


# ---- bits to numbers
def _words(key: Tensor, shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Two independent words of 32 bits for each element."""
    both = random_bits(key, (2, *shape))
    return tuple(  # type: ignore[return-value]
        build.reshape(build.slice_(both, *_row(both, q)), shape) for q in (0, 1)
    )


def _row(x: Tensor, q: int) -> tuple[tuple[int, ...], ...]:
    return (q, *(0,) * (x.ndim - 1)), (q + 1, *x.shape[1:]), (1,) * x.ndim


def _shifted(bits: Tensor, by: int, dtype: str) -> Tensor:
    return build.cast(build.binary("shift_right", bits, by), dtype)


def _unit(key: Tensor, shape: tuple[int, ...], dtype: str) -> Tensor:
    """Uniform in [0, 1): multiples of 2**-24, or 2**-53."""
    if dtype == "float32":
        return _shifted(random_bits(key, shape), 8, dtype) * 2.0**-24
    high, low = _words(key, shape)
    whole = _shifted(high, 5, dtype) * 2.0**26 + _shifted(low, 6, dtype)
    return whole * 2.0**-53


def _symmetric(key: Tensor, shape: tuple[int, ...], dtype: str) -> Tensor:
    """Uniform in (-1, 1), never 0: odd multiples of 2**-24, or 2**-53."""
    if dtype == "float32":
        whole = _shifted(random_bits(key, shape), 8, "int32")
        return build.cast(whole * 2 - (2**24 - 1), dtype) * 2.0**-24
    high, low = _words(key, shape)
    whole = (_shifted(high, 6, dtype) - 2.0**25) * 2.0**26 + _shifted(low, 6, dtype)
    return (whole * 2.0 + 1.0) * 2.0**-52


def _normal(key: Tensor, shape: tuple[int, ...], dtype: str) -> Tensor:
    return inverse_erf(_symmetric(key, shape, dtype)) * math.sqrt(2.0)


def _float_type(dtype: Any, name: str) -> str:
    wanted = config.floatx() if dtype is None else dtypes.canonical(dtype)
    if not dtypes.is_float(wanted):
        raise ValueError(
            f"random.{name}: dtype={dtype!r}: expected a floating-point type; integers are drawn "
            "by random.randint"
        )
    return wanted


def _scaled(x: Tensor, by: Any, plus: Any) -> Tensor:
    dtype, shape = x.dtype, x.shape
    by, plus = (v if not isinstance(v, Tensor) else build.cast(v, dtype) for v in (by, plus))
    return build.broadcast_to(build.cast(build.add(build.multiply(x, by), plus), dtype), shape)


# ---- continuous
def uniform(
    shape: Shape,
    minval: ArrayLike = 0.0,
    maxval: ArrayLike = 1.0,
    dtype: Any = None,
    seed: Any = None,
) -> Array:
    """Uniform numbers in [minval, maxval).

    Args:
        shape: of the result; minval and maxval broadcast to it.
        dtype: a floating-point type, `floatx` by default.
        seed: an integer, a SeedGenerator, or None for the global one.
    """
    dtype = _float_type(dtype, "uniform")
    return _uniform(draw_key(seed), minval, maxval, static_shape(shape), dtype)


@op("key", "minval", "maxval")
def _uniform(key: Tensor, minval: Any, maxval: Any, shape: tuple[int, ...], dtype: str) -> Array:
    x = _unit(key, shape, dtype)
    if isinstance(minval, Tensor) or isinstance(maxval, Tensor):
        low, high = (build.cast(strong(v), dtype) for v in (minval, maxval))
        return _scaled(x, high - low, low)
    x = _scaled(x, float(maxval) - float(minval), float(minval))
    top = float(np.nextafter(np.asarray(maxval, dtype), np.asarray(minval, dtype)))
    return build.binary("min", x, top) if maxval > minval else x  # rounding may have reached maxval


def normal(
    shape: Shape,
    mean: ArrayLike = 0.0,
    stddev: ArrayLike = 1.0,
    dtype: Any = None,
    seed: Any = None,
) -> Array:
    """Normal numbers: the inverse of the distribution function at uniform ones.

    Args: as `uniform`.
    """
    dtype = _float_type(dtype, "normal")
    return _gaussian(draw_key(seed), mean, stddev, static_shape(shape), dtype)


@op("key", "mean", "stddev")
def _gaussian(key: Tensor, mean: Any, stddev: Any, shape: tuple[int, ...], dtype: str) -> Array:
    return _scaled(_normal(key, shape, dtype), stddev, mean)


_TWO_SIGMA = math.erf(2 / math.sqrt(2))


def truncated_normal(
    shape: Shape,
    mean: ArrayLike = 0.0,
    stddev: ArrayLike = 1.0,
    dtype: Any = None,
    seed: Any = None,
) -> Array:
    """Normal numbers within two standard deviations of the mean.

    Args: as `uniform`.
    """
    dtype = _float_type(dtype, "truncated_normal")
    return _truncated(draw_key(seed), mean, stddev, static_shape(shape), dtype)


@op("key", "mean", "stddev")
def _truncated(key: Tensor, mean: Any, stddev: Any, shape: tuple[int, ...], dtype: str) -> Array:
    x = inverse_erf(_symmetric(key, shape, dtype) * _TWO_SIGMA) * math.sqrt(2.0)
    return _scaled(build.binary("min", build.maximum(x, -2), 2), stddev, mean)


_TRIES = 8


def gamma(shape: Shape, alpha: ArrayLike, dtype: Any = None, seed: Any = None) -> Array:
    """Gamma-distributed numbers of shape parameter `alpha` and scale 1.

    Marsaglia & Tsang, "A simple method for generating gamma variables" (2000), with a fixed number
    of tries (all of them fail for fewer than one in 10**10 numbers, which become the mode).

    Args: as `uniform`; alpha broadcasts to the shape.
    """
    dtype = _float_type(dtype, "gamma")
    return _gamma(draw_key(seed), alpha, static_shape(shape), dtype)


@op("key", "alpha")
def _gamma(key: Tensor, alpha: Any, shape: tuple[int, ...], dtype: str) -> Array:
    alpha = build.broadcast_to(build.cast(strong(alpha), dtype), shape)
    below_one = alpha < 1
    d = build.where(below_one, alpha + 1.0, alpha) - 1 / 3
    c = build.divide(1 / 3, apply("sqrt", d))
    keys = _split(key, 2 * _TRIES + 1)
    v = build.full(shape, 1, dtype)
    done = build.full(shape, False, "bool")
    for q in range(_TRIES):
        x = _normal(keys[2 * q], shape, dtype)
        root = x * c + 1.0
        cube = build.where(root > 0, root * root * root, 1)
        u = apply("log", _unit(keys[2 * q + 1], shape, dtype) + 2.0**-25)
        fits = (root > 0) & (u < 0.5 * x * x + d * (1.0 - cube + apply("log", cube)))
        v = build.where(done | ~fits, v, cube)
        done = done | fits
    boost = apply("log", _unit(keys[-1], shape, dtype) + 2.0**-25)
    boost = apply("exp", build.divide(boost, alpha))
    return d * v * build.where(below_one, boost, 1)


def _split(key: Tensor, n: int) -> list[Tensor]:
    """n keys from one."""
    words = random_bits(key, (n, 2))
    return [build.reshape(build.slice_(words, *_row(words, q)), (2,)) for q in range(n)]


def beta(
    shape: Shape, alpha: ArrayLike, beta: ArrayLike, dtype: Any = None, seed: Any = None
) -> Array:
    """Beta-distributed numbers: G(alpha) / (G(alpha) + G(beta)) for gamma-distributed G.

    Args: as `uniform`; alpha and beta broadcast to the shape.
    """
    dtype = _float_type(dtype, "beta")
    return _beta(draw_key(seed), alpha, beta, static_shape(shape), dtype)


@op("key", "alpha", "beta")
def _beta(key: Tensor, alpha: Any, beta: Any, shape: tuple[int, ...], dtype: str) -> Array:
    first, second = _split(key, 2)
    a, b = _gamma(first, alpha, shape, dtype), _gamma(second, beta, shape, dtype)
    return build.divide(a, a + b)


# ---- discrete
def randint(
    shape: Shape, minval: ArrayLike, maxval: ArrayLike, dtype: Any = "int32", seed: Any = None
) -> Array:
    """Uniform integers from minval to maxval - 1.

    Args: as `uniform`; `dtype` is an integer type.
    """
    wanted = dtypes.canonical(dtype)
    if not dtypes.is_integer(wanted):
        raise ValueError(
            f"random.randint: dtype={dtype!r}: expected an integer type; floats are drawn by "
            "random.uniform"
        )
    return _randint(draw_key(seed), minval, maxval, static_shape(shape), wanted)


@op("key", "minval", "maxval")
def _randint(key: Tensor, minval: Any, maxval: Any, shape: tuple[int, ...], dtype: str) -> Array:
    low, high = (build.cast(strong(v), "int64") for v in (minval, maxval))
    span = build.broadcast_to(build.cast(high - low, "uint64"), shape)
    bits = build.cast(random_bits(key, shape), "uint64")
    steps = build.binary("shift_right", bits * span, 32)  # the upper word of the product
    return build.cast(build.cast(steps, "int64") + build.broadcast_to(low, shape), dtype)


def bernoulli(
    shape: Shape, probability: ArrayLike = 0.5, dtype: Any = None, seed: Any = None
) -> Array:
    """1 with the given probability, else 0.

    Args: as `uniform`; `dtype` is any type, `floatx` by default.
    """
    wanted = config.floatx() if dtype is None else dtypes.canonical(dtype)
    return _bernoulli(draw_key(seed), probability, static_shape(shape), wanted)


@op("key", "probability")
def _bernoulli(key: Tensor, probability: Any, shape: tuple[int, ...], dtype: str) -> Array:
    chosen = build.binary("less", _unit(key, shape, config.floatx()), probability)
    return build.cast(chosen, dtype)


def binomial(
    shape: Shape,
    counts: ArrayLike,
    probabilities: ArrayLike,
    dtype: Any = None,
    seed: Any = None,
) -> Array:
    """How many of `counts` trials succeed, each with its probability.

    Args:
        counts: known numbers (not computed in a trace); every trial is drawn, so that time grows
            with the largest of them.
        others: as `uniform`.
    """
    dtype = _float_type(dtype, "binomial")
    most = int(np.max(np.asarray(counts), initial=0))
    return _binomial(draw_key(seed), counts, probabilities, static_shape(shape), most, dtype)


@op("key", "counts", "probabilities")
def _binomial(
    key: Tensor, counts: Any, probabilities: Any, shape: tuple[int, ...], most: int, dtype: str
) -> Array:
    wide = (most, *shape)
    p = build.broadcast_to(build.cast(strong(probabilities), dtype), wide)
    n = build.broadcast_to(build.cast(strong(counts), "int32"), wide)
    success = (_unit(key, wide, dtype) < p) & (build.broadcast(build.iota(most), wide, (0,)) < n)
    return build.total(build.cast(success, dtype), (0,))


def categorical(
    logits: ArrayLike, num_samples: int, dtype: Any = "int32", seed: Any = None
) -> Array:
    """Classes drawn with the probabilities softmax(logits), `num_samples` for each row.

    Args:
        logits: (batch, classes).

    Returns:
        (batch, num_samples) integers: where logits plus Gumbel noise is largest.
    """
    return _categorical(draw_key(seed), logits, int(num_samples), dtypes.canonical(dtype))


@op("key", "logits")
def _categorical(key: Tensor, logits: Any, num_samples: int, dtype: str) -> Array:
    from whit.ops.reductions import argmax

    x = floating(logits)
    if x.ndim != 2:
        raise ValueError(f"random.categorical: logits have shape {x.shape}; expected two axes")
    wide = (x.shape[0], num_samples, x.shape[1])
    u = _unit(key, wide, x.dtype) + 2.0**-25
    noise = -apply("log", -apply("log", u))
    return build.cast(argmax(build.broadcast(x, wide, (0, 2)) + noise, -1), dtype)


# ---- on arrays
def dropout(inputs: ArrayLike, rate: float, noise_shape: Any = None, seed: Any = None) -> Array:
    """Elements set to 0 with probability `rate`, the others divided by 1 - rate.

    Args:
        noise_shape: shape of the draws; extents of 1 (or None: that of `inputs`) share one.

    Raises:
        ValueError: a rate outside [0, 1].
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"dropout: rate={rate!r}: expected a number from 0 to 1")
    return _dropout(draw_key(seed), inputs, float(rate), _plain(noise_shape))


def _plain(noise_shape: Any) -> tuple[int | None, ...] | None:
    return None if noise_shape is None else tuple(noise_shape)


@op("key", "inputs")
def _dropout(key: Tensor, inputs: Any, rate: float, noise_shape: Any) -> Array:
    x = floating(inputs)
    if rate in (0, 1):
        return x if rate == 0 else build.zeros_like(x)
    shape = noise_shape or x.shape
    shape = tuple(d if n is None else n for n, d in zip(shape, x.shape, strict=True))
    limit = build.full(shape, min(round(rate * 2**32), 2**32 - 1), "uint32")
    dropped = apply("less", random_bits(key, shape), limit)
    return build.mask(~build.broadcast_to(dropped, x.shape), x * (1.0 / (1.0 - rate)))


def shuffle(x: ArrayLike, axis: int = 0, seed: Any = None) -> Array:
    """x with its slices along `axis` in random order: that of random numbers sorted."""
    from whit.ops.control import shape as shape_of
    from whit.ops.indexing import take
    from whit.ops.sorting import argsort

    shape = shape_of(x)
    at = axis_of(axis, len(shape))
    return take(x, argsort(_bits(draw_key(seed), shape[at])), at)


@op("key")
def _bits(key: Tensor, n: int) -> Array:
    return random_bits(key, (n,))
