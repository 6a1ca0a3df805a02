"""Keras on JAX, as a user runs it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import wire
from fit import FitPeer


def make() -> wire.Peer:
    """Import and wrap."""
    os.environ["KERAS_BACKEND"] = "jax"
    import jax
    import keras

    def compiled(model: Any) -> Callable[..., Any]:
        # Copies: `predict` donates the model's own buffers.
        weights = [jax.numpy.array(v.value) for v in model.trainable_variables]
        rest = [jax.numpy.array(v.value) for v in model.non_trainable_variables]
        forward = jax.jit(lambda w, r, x: model.stateless_call(w, r, x, training=False)[0])
        return lambda x: np.asarray(forward(weights, rest, x))

    return FitPeer(keras, ("keras", "jax", "jaxlib", "numpy"), compiled)


if __name__ == "__main__":
    wire.main(make)
