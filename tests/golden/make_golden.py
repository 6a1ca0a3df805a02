"""Remake every stored number of `tests/golden` with the real Keras. Run by hand, never by tests.

In a throw-away virtual environment (Keras is no dependency of whit):

    pip install keras jax jaxlib
    KERAS_BACKEND=jax python tests/golden/make_golden.py              # everything
    KERAS_BACKEND=jax python tests/golden/make_golden.py losses text  # some of it

`README.md` beside this file says what each output holds and which versions made it.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
import warnings

os.environ.setdefault("KERAS_BACKEND", "jax")

RECIPES = (
    "signatures", "texts", "configs", "errors", "optimizers", "schedules", "losses", "metrics",
    "activations", "initializers", "regularizers", "training",
)  # fmt: skip


def main(names: list[str]) -> None:
    """Run the named recipes, or all of them."""
    unknown = sorted(set(names) - set(RECIPES))
    if unknown:
        sys.exit(f"Unknown recipes {unknown}; known are {', '.join(RECIPES)}.")
    warnings.simplefilter("ignore")
    for name in names or RECIPES:
        began = time.perf_counter()
        importlib.import_module(f"recipes.{name}").record()
        print(f"{name}: {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
