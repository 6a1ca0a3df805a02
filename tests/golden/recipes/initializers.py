"""Every initializer of Keras: statistics of the random ones, values of the others, and the fans.

`initializers.json` keeps mean, standard deviation, extremes and the share of values beyond one
standard deviation for several shapes; bits are not compared, since generators differ.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from .store import save_json

Config = dict[str, Any]

SHAPES = ((300, 200), (50, 1000), (3, 3, 64, 96), (20000,), (8, 100, 120))

RANDOM: list[tuple[str, Config]] = [
    ("RandomNormal", {}), ("RandomNormal", {"mean": 1.0, "stddev": 2.0}),
    ("RandomUniform", {}), ("RandomUniform", {"minval": 0.0, "maxval": 3.0}),
    ("TruncatedNormal", {}), ("TruncatedNormal", {"mean": -1.0, "stddev": 0.5}),
    ("GlorotUniform", {}), ("GlorotNormal", {}), ("HeUniform", {}), ("HeNormal", {}),
    ("LecunUniform", {}), ("LecunNormal", {}), ("VarianceScaling", {}),
    *[("VarianceScaling", {"scale": 2.0, "mode": mode, "distribution": distribution})
      for mode in ("fan_in", "fan_out", "fan_avg")
      for distribution in ("truncated_normal", "untruncated_normal", "uniform")],
]  # fmt: skip

EXACT: list[tuple[str, Config, tuple[int, ...]]] = [
    ("Zeros", {}, (2, 3)), ("Ones", {}, (2, 3)), ("Constant", {"value": 2.5}, (2, 3)),
    ("Constant", {"value": 0.1}, ()), ("Identity", {}, (3, 3)), ("Identity", {}, (2, 4)),
    ("Identity", {"gain": 0.5}, (4, 2)),
]  # fmt: skip

ORTHOGONAL: list[tuple[Config, tuple[int, ...]]] = [
    ({}, (20, 20)),
    ({}, (30, 10)),
    ({}, (10, 30)),
    ({"gain": 2.0}, (12, 8)),
    ({}, (3, 3, 4, 6)),
]

FANS = ((), (5,), (4, 6), (3, 4, 6), (3, 5, 4, 6), (2, 3, 5, 4, 6))


def statistics(name: str, config: Config, shape: tuple[int, ...]) -> Config:
    """Moments of one sample under a fixed seed, with the theoretical spread left to the reader."""
    values = np.asarray(getattr(keras.initializers, name)(seed=7, **config)(shape), np.float64)
    spread = values.std()
    return {
        "class": name, "config": config, "shape": shape, "mean": values.mean(), "std": spread,
        "min": values.min(), "max": values.max(),
        "beyond_one_std": float(np.mean(np.abs(values - values.mean()) > spread)),
    }  # fmt: skip


def repeated(name: str, config: Config) -> Config:
    """Whether one seeded or unseeded initializer gives the same values when it is called twice."""
    outcome = {}
    for seed in (7, None):
        initializer = getattr(keras.initializers, name)(seed=seed, **config)
        first, second = (np.asarray(initializer((4, 5))) for _ in range(2))
        again = np.asarray(getattr(keras.initializers, name)(seed=seed, **config)((4, 5)))
        outcome[str(seed)] = {"same_object": bool((first == second).all()),
                              "same_seed": bool((first == again).all())}  # fmt: skip
    return {"class": name, "outcome": outcome}


def orthogonality(config: Config, shape: tuple[int, ...]) -> Config:
    """The Gram matrix's diagonal value and the largest error of Keras' own result."""
    matrix = np.asarray(keras.initializers.Orthogonal(seed=7, **config)(shape), np.float64)
    matrix = matrix.reshape(-1, shape[-1])
    gram = matrix @ matrix.T if matrix.shape[0] < matrix.shape[1] else matrix.T @ matrix
    scale = config.get("gain", 1.0) ** 2
    return {"config": config, "shape": shape, "diagonal": scale,
            "largest_error": float(np.abs(gram - scale * np.eye(len(gram))).max())}  # fmt: skip


def record() -> None:
    """Write `initializers.json`."""
    fans = keras.src.initializers.random_initializers.compute_fans
    content = {
        "statistics": [statistics(n, c, shape) for n, c in RANDOM for shape in SHAPES],
        "exact": [
            {"class": n, "config": c, "shape": shape,
             "values": np.asarray(getattr(keras.initializers, n)(**c)(shape))}
            for n, c, shape in EXACT
        ],
        "repeated": [repeated(n, c) for n, c in (*RANDOM[:5], ("GlorotUniform", {}),
                                                 ("Orthogonal", {}))],
        "orthogonal": [orthogonality(config, shape) for config, shape in ORTHOGONAL],
        "fans": [{"shape": shape, "fans": fans(shape)} for shape in FANS],
    }  # fmt: skip
    save_json("initializers", content)
