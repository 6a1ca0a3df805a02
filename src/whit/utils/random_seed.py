"""One call that makes a program reproducible."""

from __future__ import annotations

import random

import numpy as np


def set_random_seed(seed: int) -> None:
    """Seed Python's `random`, NumPy's global generator and whit's.

    With the same seed, program and whit version, weights, shuffles, dropout and so the whole
    training are the same on each run.

    Args:
        seed: an integer from 0 to 2**32 - 1.

    Raises:
        ValueError: another seed.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**32:
        raise ValueError(f"seed={seed!r}: expected an integer from 0 to 2**32 - 1")
    from whit.random import set_global_seed

    random.seed(int(seed))
    np.random.seed(int(seed))
    set_global_seed(int(seed))
