"""Puts the root on the path, so that `benchmarks` can be imported; made-up data and results."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
for folder in (ROOT, ROOT / "benchmarks" / "peers"):
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    """A small file in MNIST's layout."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (400, 28, 28), np.uint8)
    labels = rng.integers(0, 10, 400, np.uint8)
    path = tmp_path / "digits.npz"
    np.savez(path, x_train=images, y_train=labels, x_test=images[:20], y_test=labels[:20])
    return path


def epochs_of(**seconds: list[float]) -> dict[str, Any]:
    """The epochs section's part of one network, with these readings."""
    peers = {
        name.replace("_", "-"): {
            "seconds": found,
            "loss": [0.5] * len(found),
            "accuracy": [0.9] * len(found),
            "first": 2.0,
            "memory": {"rss": 200.0, "peak_end": 260.0},
        }
        for name, found in seconds.items()
    }
    return {"title": "a network", "gflop": 150.0, "rows": 60_000, "peers": peers}


@pytest.fixture
def results() -> dict[str, Any]:
    """A whole run's results, with whit and two others."""
    program = {"user": 10.0, "system": 1.0, "peak_mb": 700.0}
    return {
        "date": "2026-01-02T03:04+00:00",
        "settings": {"epochs": 3, "rounds": 2, "rows": None, "full": True},
        "machine": {
            "processor": "A processor",
            "features": ["avx2"],
            "cores": 2,
            "logical": 2,
            "system": "a system",
            "python": "3.11",
            "numpy": "2",
            "bandwidth_1": 12.0,
            "bandwidth_all": 20.0,
            "load_before": 0.1,
            "load_after": 1.5,
        },
        "peaks": [{"gflops_1": 240.0, "gflops_all": 470.0}, {"gflops_1": 245.0, "gflops_all": 500}],
        "peers": {
            "whit": {"title": "whit"},
            "jax": {"title": "JAX"},
            "keras-tensorflow": {"title": "Keras on TensorFlow"},
        },
        "epochs": {
            "classic": epochs_of(
                whit=[0.5, 0.4, 0.6], jax=[0.7, 0.75, 0.9], keras_tensorflow=[1.5, 1.5, 1.5]
            )
        },
        "program": {
            "whit": [program | {"seconds": s, "error": e} for s, e in ((5.0, 1.7), (6.0, 1.9))],
            "jax": [program | {"seconds": s, "error": 1.8} for s in (9.0, 10.0)],
            "keras-tensorflow": [program | {"seconds": s, "error": 1.8} for s in (21.0, 23.0)],
        },
        "start": {
            "import": {
                "whit": [{"module": 0.09, "names": 0.2}, {"module": 0.11, "names": 0.2}],
                "jax": [{"module": 0.6, "names": 0.7}],
            },
            "first": {
                "whit": [{"cold": 0.7, "warm": 0.02}, {"cold": 0.9, "warm": 0.04}],
                "jax": [{"cold": 1.0, "warm": None}, {"cold": 1.0, "warm": None}],
            },
        },
        "predict": {
            "whit": [{"predict": 60e-6, "compiled": 14e-6}],
            "jax": [{"compiled": 200e-6}],
        },
        "versions": {"whit": {"whit": "0.1", "numpy": "2"}, "jax": {"jax": "0.10"}},
        "failures": [
            {"kind": "skipped", "peer": "torch-compile", "where": "predict", "message": "a\nno C++"}
        ],
    }
