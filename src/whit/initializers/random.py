"""Initializers that draw: normal, uniform, truncated normal, and those scaled to the layer's fans.

Drawn on the host with NumPy's SFC64, the fastest of its generators. As in Keras an initializer
without a seed takes one when it is made (from Python's `random`, so `whit.utils.set_random_seed`
decides it) and gives the same values at every call; a SeedGenerator gives new ones each time.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from whit.initializers.initializer import Initializer, numpy_dtype
from whit.naming import did_you_mean
from whit.variables import outside_trace

TRUNCATED_STDDEV = 0.87962566103423978  # of a standard normal cut at two
Sampler = Callable[[np.random.Generator, tuple[int, ...], np.dtype], np.ndarray]


# ---- drawing
def normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Standard normal."""
    return rng.standard_normal(shape, dtype)


def uniform(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Uniform in [0, 1)."""
    return rng.random(shape, dtype)


def truncated_normal(
    rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype
) -> np.ndarray:
    """Standard normal, drawn again where it is beyond two."""
    values = np.asarray(rng.standard_normal(shape, dtype)).reshape(-1)
    (outside,) = np.nonzero(np.abs(values) > 2)
    while outside.size:
        values[outside] = rng.standard_normal(outside.size, dtype)
        outside = outside[np.abs(values[outside]) > 2]
    return values.reshape(shape)


class RandomInitializer(Initializer):
    """Base of those that draw.

    Args:
        seed: an int, a `whit.random.SeedGenerator`, or None.
    """

    def __init__(self, seed: Any = None) -> None:
        if isinstance(seed, Mapping):
            seed = _seed_generator(seed)
        known = seed is None or hasattr(seed, "next") or isinstance(seed, int | np.integer)
        if not known:
            raise ValueError(
                f"seed={seed!r}: expected an int, a whit.random.SeedGenerator or None, "
                f"got {type(seed).__name__}"
            )
        self._given_seed = seed
        self.seed = random.randint(1, 10**9) if seed is None else seed

    def draw(
        self,
        sample: Sampler,
        shape: Sequence[int],
        dtype: Any,
        scale: float = 1.0,
        shift: float = 0.0,
    ) -> np.ndarray:
        """scale * sample + shift, drawn in floating point and then of `dtype`."""
        wanted = numpy_dtype(dtype)
        drawn = wanted if wanted.name in ("float32", "float64") else np.dtype("float32")
        values = np.asarray(sample(self._generator(), tuple(shape), drawn))
        if scale != 1:
            values *= scale
        if shift != 0:
            values += shift
        return values.astype(wanted, copy=False)

    def _generator(self) -> np.random.Generator:
        seed = self.seed
        if hasattr(seed, "next"):
            with outside_trace():
                entropy = [int(word) for word in np.asarray(seed.next()).reshape(-1)]
        else:
            entropy = [int(seed) % 2**64]
        return np.random.Generator(np.random.SFC64(np.random.SeedSequence(entropy)))

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {"seed": _seed_config(self._given_seed)}


def _seed_config(seed: Any) -> Any:
    if not hasattr(seed, "next"):
        return seed
    return {
        "module": "keras.random",
        "class_name": "SeedGenerator",
        "config": seed.get_config(),
        "registered_name": None,
    }


def _seed_generator(config: Mapping[str, Any]) -> Any:
    from whit.random import SeedGenerator

    return SeedGenerator.from_config(dict(config["config"]))


# ---- given numbers
class RandomNormal(RandomInitializer):
    """Normal with `mean` and `stddev`.

    Args:
        mean, stddev: of the distribution.
        seed: see `RandomInitializer`.
    """

    _sampler: Any = staticmethod(normal)

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        self.mean, self.stddev = mean, stddev
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """See `Initializer`."""
        return self.draw(type(self)._sampler, shape, dtype, self.stddev, self.mean)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


class TruncatedNormal(RandomNormal):
    """Like `RandomNormal`, with values beyond two `stddev` from the mean drawn again."""

    _sampler = staticmethod(truncated_normal)


class RandomUniform(RandomInitializer):
    """Uniform in [minval, maxval).

    Args:
        minval, maxval: the bounds.
        seed: see `RandomInitializer`.
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        self.minval, self.maxval = minval, maxval
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """See `Initializer`."""
        return self.draw(uniform, shape, dtype, self.maxval - self.minval, self.minval)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}


# ---- scaled to the fans
def compute_fans(
    shape: Sequence[int],
    input_axes: Sequence[int] | None = None,
    output_axes: Sequence[int] | None = None,
) -> tuple[int, int]:
    """How many inputs reach one unit, and how many units one input reaches.

    Args:
        shape: of the weight: (in, out), or (*window, in, out) of a convolution.
        input_axes, output_axes: the axes to count instead.
    """
    shape = tuple(shape)
    if input_axes is not None and output_axes is not None:
        fans = (math.prod(shape[a] for a in axes) for axes in (input_axes, output_axes))
        return next(fans), next(fans)
    if len(shape) < 2:
        return (shape or (1,))[0], (shape or (1,))[0]
    window = math.prod(shape[:-2])
    return shape[-2] * window, shape[-1] * window


_MODES: dict[str, Callable[[int, int], float]] = {
    "fan_in": lambda fan_in, fan_out: fan_in,
    "fan_out": lambda fan_in, fan_out: fan_out,
    "fan_avg": lambda fan_in, fan_out: (fan_in + fan_out) / 2,
}
# distribution: how it is drawn, and (factor, shift) that turn the draw into variance 1
_DISTRIBUTIONS: dict[str, tuple[Sampler, float, float]] = {
    "truncated_normal": (truncated_normal, 1 / TRUNCATED_STDDEV, 0.0),
    "untruncated_normal": (normal, 1.0, 0.0),
    "uniform": (uniform, 2 * math.sqrt(3), -math.sqrt(3)),
}


class VarianceScaling(RandomInitializer):
    """Variance `scale / fan`, so that signals keep their size through the layer.

    Args:
        scale: positive.
        mode: "fan_in", "fan_out" or "fan_avg".
        distribution: "truncated_normal" (or "normal"), "untruncated_normal" or "uniform".
        seed: see `RandomInitializer`.
        input_axes, output_axes: which axes of the shape are inputs and outputs.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        if scale <= 0:
            raise ValueError(f"scale={scale!r}: expected a positive number")
        distribution = str(distribution).lower()
        distribution = "truncated_normal" if distribution == "normal" else distribution
        _check_choice("mode", mode, _MODES)
        _check_choice("distribution", distribution, _DISTRIBUTIONS)
        self.scale, self.mode, self.distribution = scale, mode, distribution
        self.input_axes, self.output_axes = input_axes, output_axes
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """See `Initializer`."""
        fans = compute_fans(shape, self.input_axes, self.output_axes)
        stddev = math.sqrt(self.scale / max(1.0, _MODES[self.mode](*fans)))
        sample, factor, shift = _DISTRIBUTIONS[self.distribution]
        return self.draw(sample, shape, dtype, stddev * factor, stddev * shift)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        names = ("scale", "mode", "distribution", "input_axes", "output_axes")
        return {**super().get_config(), **{n: getattr(self, n) for n in names}}


def _check_choice(argument: str, value: str, choices: Mapping[str, Any]) -> None:
    if value not in choices:
        raise ValueError(
            f"{argument}={value!r}: expected one of {', '.join(choices)}."
            f"{did_you_mean(str(value), choices)}"
        )


class _Preset(VarianceScaling):
    """VarianceScaling with `scale`, `mode` and `distribution` from a paper.

    Args:
        seed: see `RandomInitializer`.
        input_axes, output_axes: which axes of the shape are inputs and outputs.
    """

    _preset: ClassVar[tuple[float, str, str]]

    def __init__(
        self,
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(*self._preset, seed, input_axes, output_axes)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        given = _seed_config(self._given_seed)
        return {"seed": given, "input_axes": self.input_axes, "output_axes": self.output_axes}


class GlorotUniform(_Preset):
    """Uniform with variance 2 / (fan_in + fan_out) (Glorot and Bengio 2010)."""

    _preset = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Preset):
    """Truncated normal with variance 2 / (fan_in + fan_out) (Glorot and Bengio 2010)."""

    _preset = (1.0, "fan_avg", "truncated_normal")


class LecunUniform(_Preset):
    """Uniform with variance 1 / fan_in (LeCun et al. 1998, "Efficient BackProp")."""

    _preset = (1.0, "fan_in", "uniform")


class LecunNormal(_Preset):
    """Truncated normal with variance 1 / fan_in (LeCun et al. 1998; Klambauer et al. 2017)."""

    _preset = (1.0, "fan_in", "truncated_normal")


class HeUniform(_Preset):
    """Uniform with variance 2 / fan_in (He et al. 2015, arXiv:1502.01852)."""

    _preset = (2.0, "fan_in", "uniform")


class HeNormal(_Preset):
    """Truncated normal with variance 2 / fan_in (He et al. 2015, arXiv:1502.01852)."""

    _preset = (2.0, "fan_in", "truncated_normal")


class Orthogonal(RandomInitializer):
    """A random matrix with orthonormal rows or columns, whichever are fewer, times `gain`.

    A shape of more than two axes is a matrix whose rows are all axes but the last
    (Saxe et al. 2014).

    Args:
        gain: the factor.
        seed: see `RandomInitializer`.
    """

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        self.gain = gain
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """See `Initializer`.

        Raises:
            ValueError: `shape` has fewer than two axes.
        """
        if len(shape) < 2:
            raise ValueError(
                f"shape={tuple(shape)}: Orthogonal needs at least two axes, got {len(shape)}"
            )
        rows, columns = math.prod(shape[:-1]), shape[-1]
        drawn = dtype if numpy_dtype(dtype).kind == "f" else "float32"
        tall = self.draw(normal, (max(rows, columns), min(rows, columns)), drawn)
        q, r = np.linalg.qr(tall)
        q = q * np.sign(np.diagonal(r))  # makes the draw uniform over orthogonal matrices
        q = q.T if rows < columns else q
        return np.asarray(self.gain * q.reshape(tuple(shape)), numpy_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {**super().get_config(), "gain": self.gain}
