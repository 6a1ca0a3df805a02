"""Learning-rate schedules at steps before, at and after every turning point.

`schedules.json` lists, for each class and its arguments, the rate at each of `STEPS`.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from .store import save_json

STEPS = (0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 15, 16, 20, 21, 30, 31, 50, 99, 100, 101, 1000)

SCHEDULES: list[tuple[str, dict[str, Any]]] = [
    ("ExponentialDecay", {"decay_steps": 10, "decay_rate": 0.5}),
    ("ExponentialDecay", {"decay_steps": 10, "decay_rate": 0.5, "staircase": True}),
    ("InverseTimeDecay", {"decay_steps": 10, "decay_rate": 0.5}),
    ("InverseTimeDecay", {"decay_steps": 10, "decay_rate": 0.5, "staircase": True}),
    ("PolynomialDecay", {"decay_steps": 10}),
    ("PolynomialDecay", {"decay_steps": 10, "end_learning_rate": 0.01, "power": 2.0}),
    ("PolynomialDecay", {"decay_steps": 10, "power": 0.5, "cycle": True}),
    ("PolynomialDecay", {"decay_steps": 10, "end_learning_rate": 0.02, "cycle": True}),
    ("CosineDecay", {"decay_steps": 20}),
    ("CosineDecay", {"decay_steps": 20, "alpha": 0.1}),
    ("CosineDecay", {"decay_steps": 20, "warmup_target": 0.5, "warmup_steps": 5}),
    ("CosineDecay", {"decay_steps": 20, "alpha": 0.1, "warmup_target": 0.5, "warmup_steps": 10}),
    ("CosineDecay", {"decay_steps": 20, "warmup_steps": 5}),
    ("CosineDecayRestarts", {"first_decay_steps": 10}),
    ("CosineDecayRestarts", {"first_decay_steps": 10, "t_mul": 1.0, "m_mul": 0.5}),
    ("CosineDecayRestarts", {"first_decay_steps": 5, "t_mul": 1.5, "m_mul": 0.8, "alpha": 0.05}),
    ("PiecewiseConstantDecay", {"boundaries": [5, 20], "values": [0.5, 0.1, 0.01]}),
    ("PiecewiseConstantDecay", {"boundaries": [10.0], "values": [1.0, 0.5]}),
]


def record() -> None:
    """Write `schedules.json`."""
    cases = []
    for name, config in SCHEDULES:
        if name != "PiecewiseConstantDecay":
            config = {"initial_learning_rate": 0.1} | config
        schedule = getattr(keras.optimizers.schedules, name)(**config)
        rates = [np.float32(schedule(step)) for step in STEPS]
        cases.append({"class": name, "config": config, "rates": rates})
    save_json("schedules", {"steps": STEPS, "cases": cases})
