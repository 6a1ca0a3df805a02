"""`whit.random`: random numbers with explicit seeds. Names and defaults are `keras.random`'s."""

from __future__ import annotations

from whit.random.distributions import (
    bernoulli,
    beta,
    binomial,
    categorical,
    dropout,
    gamma,
    normal,
    randint,
    shuffle,
    truncated_normal,
    uniform,
)
from whit.random.seed import SeedGenerator, global_seed_generator, set_global_seed

__all__ = [
    "SeedGenerator",
    "bernoulli",
    "beta",
    "binomial",
    "categorical",
    "dropout",
    "gamma",
    "global_seed_generator",
    "normal",
    "randint",
    "set_global_seed",
    "shuffle",
    "truncated_normal",
    "uniform",
]
