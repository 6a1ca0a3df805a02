"""Keras on TensorFlow, as a user runs it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import wire
from fit import FitPeer


def make() -> wire.Peer:
    """Import and wrap."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import keras
    import tensorflow as tf

    def compiled(model: Any) -> Callable[..., Any]:
        forward = tf.function(lambda x: model(x, training=False))
        return lambda x: forward(tf.constant(x)).numpy()

    return FitPeer(keras, ("keras", "tensorflow-cpu", "numpy"), compiled)


if __name__ == "__main__":
    wire.main(make)
