"""Distributions: moments within five standard errors, ranges exactly, same seed same bits."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.support import traced
from whit import ops, random

N = 40_000

# name, draw, mean, variance
MOMENTS: list[tuple[str, Callable[[Any], Any], float, float]] = [
    ("uniform", lambda s: random.uniform(N, seed=s), 0.5, 1 / 12),
    ("uniform between", lambda s: random.uniform((N,), -2, 3, seed=s), 0.5, 25 / 12),
    ("uniform double", lambda s: random.uniform(N, dtype="float64", seed=s), 0.5, 1 / 12),
    ("normal", lambda s: random.normal((N,), seed=s), 0, 1),
    ("normal scaled", lambda s: random.normal((200, N // 200), 3, 2, seed=s), 3, 4),
    ("normal double", lambda s: random.normal(N, dtype="float64", seed=s), 0, 1),
    ("truncated", lambda s: random.truncated_normal(N, 1, 2, seed=s), 1, 4 * 0.7737),
    ("randint", lambda s: random.randint(N, -3, 4, seed=s), 0, 4),
    ("bernoulli", lambda s: random.bernoulli(N, 0.3, seed=s), 0.3, 0.21),
    ("binomial", lambda s: random.binomial(N // 4, 10, 0.25, seed=s), 2.5, 1.875),
    ("gamma", lambda s: random.gamma(N, 2.5, seed=s), 2.5, 2.5),
    ("gamma below 1", lambda s: random.gamma(N, 0.4, seed=s), 0.4, 0.4),
    ("beta", lambda s: random.beta(N, 2.0, 3.0, seed=s), 0.4, 0.04),
]


@pytest.mark.parametrize("case", range(len(MOMENTS)), ids=[m[0] for m in MOMENTS])
def test_moments(case: int) -> None:
    _, draw, mean, variance = MOMENTS[case]
    x = np.asarray(draw(11), np.float64).ravel()
    kurtosis = ((x - x.mean()) ** 4).mean() / x.var() ** 2
    assert abs(x.mean() - mean) < 5 * math.sqrt(variance / x.size)
    assert abs(x.var() - variance) < 5 * variance * math.sqrt((kurtosis - 1) / x.size) + 1e-3
    other = np.asarray(draw(12), np.float64).ravel()
    assert (x != other).any()
    assert abs(np.corrcoef(x, other)[0, 1]) < 5 / math.sqrt(x.size)
    assert abs(np.corrcoef(x[1:], x[:-1])[0, 1]) < 5 / math.sqrt(x.size)


@pytest.mark.parametrize(
    ("draw", "distribution"),
    [
        (lambda: random.uniform(N, seed=5), lambda t: t),
        (lambda: random.normal(N, seed=5), lambda t: 0.5 * (1 + math.erf(t / math.sqrt(2)))),
        (
            lambda: random.truncated_normal(N, seed=5),
            lambda t: (math.erf(t / math.sqrt(2)) / math.erf(math.sqrt(2)) + 1) / 2,
        ),
        (lambda: random.gamma(N, 1.0, seed=5), lambda t: 1 - math.exp(-t)),
        (lambda: random.beta(N, 1.0, 2.0, seed=5), lambda t: 1 - (1 - t) ** 2),
    ],
)
def test_distribution_functions(draw: Callable, distribution: Callable) -> None:
    """Kolmogorov and Smirnov's distance, at a level of one in a million."""
    x = np.sort(np.asarray(draw(), np.float64))
    exact = np.array([distribution(t) for t in x])
    distance = max((np.arange(1, N + 1) / N - exact).max(), (exact - np.arange(N) / N).max())
    assert distance < 2.7 / math.sqrt(N)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_ranges(dtype: str) -> None:
    u = random.uniform(N, 1, 2, dtype, seed=3)
    assert u.dtype == dtype and (u >= 1).all() and (u < 2).all()
    t = random.truncated_normal(N, dtype=dtype, seed=3)
    assert (np.abs(t) <= 2).all()
    assert np.isfinite(random.normal(N, dtype=dtype, seed=3)).all()
    assert (random.gamma(N, 0.1, dtype, seed=3) >= 0).all()


@pytest.mark.parametrize("dtype", ["int8", "int32", "uint8", "int64"])
def test_randint_reaches_every_value(dtype: str) -> None:
    low = 0 if dtype[0] == "u" else -3
    x = random.randint(2000, low, low + 7, dtype, seed=1)
    assert x.dtype == dtype and sorted(set(x.tolist())) == list(range(low, low + 7))


def test_parameters_broadcast() -> None:
    low = np.array([0.0, 10.0, 20.0], np.float32)
    x = random.uniform((1000, 3), low, low + 1, seed=2)
    assert ((x >= low) & (x <= low + 1)).all() and x.shape == (1000, 3)
    y = random.normal((1000, 3), mean=low, stddev=1e-3, seed=2)
    np.testing.assert_allclose(y.mean(0), low, atol=1e-3)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (3, 0, 2), 7])
def test_shapes(shape: Any) -> None:
    expected = (shape,) if isinstance(shape, int) else shape
    for draw in (random.uniform, random.normal, random.truncated_normal):
        assert draw(shape, seed=1).shape == expected
        assert draw(shape, dtype="float64", seed=1).shape == expected


def test_same_seed_same_numbers_in_and_out_of_a_trace() -> None:
    for draw in (random.uniform, random.normal, random.truncated_normal):
        first = draw((5, 3), seed=9)
        np.testing.assert_array_equal(first, draw((5, 3), seed=9))
        np.testing.assert_array_equal(first, traced(lambda d=draw: d((5, 3), seed=9)))
        assert (first != draw((5, 3), seed=10)).any()


def test_categorical() -> None:
    p = np.array([[0.2, 0.5, 0.3], [0.9, 0.1, 0.0]])
    with np.errstate(divide="ignore"):
        logits = np.log(p).astype(np.float32)
    x = random.categorical(logits, 20_000, seed=4)
    assert x.shape == (2, 20_000) and x.dtype == np.int32
    shares = np.stack([(x == c).mean(1) for c in range(3)], 1)
    np.testing.assert_allclose(shares, p, atol=0.02)
    with pytest.raises(ValueError, match="expected two axes"):
        random.categorical(logits[0], 3)


def test_dropout() -> None:
    x = np.ones((200, 100), np.float32)
    y = random.dropout(x, 0.25, seed=1)
    assert set(np.unique(y).tolist()) == {0.0, np.float32(1 / 0.75).item()}
    assert abs((y == 0).mean() - 0.25) < 0.02
    rows = random.dropout(x, 0.5, noise_shape=(None, 1), seed=1)
    assert ((rows == 0).all(1) | (rows != 0).all(1)).all()
    assert (random.dropout(x, 0.0, seed=1) == x).all()
    assert (random.dropout(x, 1.0, seed=1) == 0).all()
    with pytest.raises(ValueError, match=r"rate=1.5: expected a number from 0 to 1"):
        random.dropout(x, 1.5)


@pytest.mark.parametrize("axis", [0, 1])
def test_shuffle(axis: int) -> None:
    x = np.arange(60).reshape(20, 3) if axis == 0 else np.arange(60).reshape(3, 20)
    y = random.shuffle(x, axis, seed=1)
    assert (y != x).any()
    order = np.argsort(np.take(y, 0, 1 - axis))
    np.testing.assert_array_equal(np.take(y, order, axis), x)
    np.testing.assert_array_equal(traced(lambda t: random.shuffle(t, axis, seed=1), x), y)


def test_types_that_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match=r"random\.normal: dtype='int32': expected a float"):
        random.normal(3, dtype="int32")
    with pytest.raises(ValueError, match=r"random\.randint: dtype='float32': expected an integer"):
        random.randint(3, 0, 2, "float32")


def test_uniform_is_ready_for_a_logarithm() -> None:
    assert np.isfinite(ops.log1p(-random.uniform(N, seed=8))).all()
