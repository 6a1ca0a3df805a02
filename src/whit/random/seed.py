"""Seeds as state. A SeedGenerator counts, and each count is a new key for the counter-based cipher
that makes random bits: so the numbers depend on the seed and on how many draws came before, not on
the engine or the number of threads, and a traced program goes on where the last run stopped.
"""

from __future__ import annotations

import random as python_random
from typing import Any

import numpy as np

from whit.ops import core


class SeedGenerator:
    """Gives a new key at each draw.

    Args:
        seed: an integer; by default one from Python's `random`, which
            `whit.utils.set_random_seed` makes reproducible.
        name: of the state variable.

    Attributes:
        state: Variable uint32 (2,): the seed's lower half, and its upper half plus the count.

    Raises:
        ValueError: a seed that is not an integer.
    """

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs: Any) -> None:
        if kwargs:
            raise ValueError(f"SeedGenerator: unknown arguments {', '.join(map(repr, kwargs))}")
        from whit.naming import auto_name
        from whit.variables import Variable

        self._initial_seed = seed
        self.name = name or auto_name("seed_generator")
        start = make_default_seed() if seed is None else seed
        self.state = Variable(
            seed_key(start), trainable=False, autocast=False, name=f"{self.name}_state"
        )

    def next(self, ordered: bool = True) -> Any:
        """The next key, uint32 (2,); in a trace the count goes on with the program's state.

        Args:
            ordered: accepted for Keras' sake.
        """
        key = core.call(lambda x: x, self.state)
        key = np.array(key) if isinstance(key, np.ndarray) else key
        self.state.assign(core.call(lambda x, one: x + one, key, _ONE_DRAW))
        return key

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {"seed": self._initial_seed}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        """The generator that a config describes."""
        return cls(**config)


_ONE_DRAW = np.array([0, 1], np.uint32)


def seed_key(seed: Any) -> np.ndarray:
    """The first key of an integer seed."""
    if isinstance(seed, bool) or not hasattr(seed, "__index__"):
        raise ValueError(
            f"seed={seed!r}: expected an integer, a SeedGenerator or None, "
            f"got {type(seed).__name__}"
        )
    low, high = int(seed) % 2**32, int(seed) // 2**32 % 2**32
    return np.array([low, high], np.uint32)


def make_default_seed() -> int:
    """A seed from Python's `random`."""
    return python_random.randint(1, 10**9)


_global: list[SeedGenerator] = []


def global_seed_generator() -> SeedGenerator:
    """The generator behind every draw that is given neither a seed nor a generator."""
    if not _global:
        _global.append(SeedGenerator(name="global_seed_generator"))
    return _global[0]


def set_global_seed(seed: int) -> None:
    """Start the global generator again from `seed`, in programs already compiled too."""
    if _global:
        _global[0].state.assign(seed_key(seed))
    else:
        _global.append(SeedGenerator(seed, name="global_seed_generator"))


def draw_key(seed: Any) -> Any:
    """The key for one draw.

    Args:
        seed: an integer (the same numbers at every call), a SeedGenerator (new ones), or None: the
            global generator's.
    """
    if seed is None:
        return global_seed_generator().next()
    return seed.next() if hasattr(seed, "next") else seed_key(seed)
