"""Keras on PyTorch, as a user runs it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import wire
from fit import FitPeer


def make() -> wire.Peer:
    """Import and wrap."""
    os.environ["KERAS_BACKEND"] = "torch"
    import keras
    import torch

    torch.set_num_threads(int(os.environ.get("WHIT_BENCH_THREADS", os.cpu_count() or 1)))

    def compiled(model: Any) -> Callable[..., Any]:
        def call(x: np.ndarray) -> np.ndarray:
            with torch.inference_mode():
                return model(torch.from_numpy(x), training=False).numpy()

        return call

    return FitPeer(keras, ("keras", "torch", "numpy"), compiled)


if __name__ == "__main__":
    wire.main(make)
