"""Every optimizer on a fixed sequence of gradients: both variables after each step.

`optimizers.npz` holds the inputs and, for each case of `optimizers.json`, the kernel's and the
bias's path; the JSON file holds the arguments, the learning rates seen and the final slots.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from .store import numbers, save_arrays, save_json

STEPS = 15
COUNTERS = ("iteration", "learning_rate")
Config = dict[str, Any]

OPTIMIZERS: dict[str, list[Config]] = {
    "SGD": [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}],
    "RMSprop": [{}, {"momentum": 0.9}, {"centered": True}, {"centered": True, "momentum": 0.5},
                {"rho": 0.8, "epsilon": 1e-3}],
    "Adam": [{}, {"amsgrad": True}, {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}],
    "AdamW": [{}, {"amsgrad": True}, {"weight_decay": 0.1}],
    "Adagrad": [{}, {"initial_accumulator_value": 0.5, "epsilon": 1e-3}],
    "Adadelta": [{}, {"rho": 0.8, "epsilon": 1e-3}],
    "Adamax": [{}, {"beta_1": 0.8, "beta_2": 0.9}],
    "Nadam": [{}, {"beta_1": 0.8, "beta_2": 0.9}],
    "Lion": [{}, {"beta_1": 0.8, "beta_2": 0.9}],
    "Ftrl": [{}, {"l1_regularization_strength": 0.01, "l2_regularization_strength": 0.02},
             {"l2_shrinkage_regularization_strength": 0.1, "beta": 0.3},
             {"learning_rate_power": -0.7}],
    "Adafactor": [{}, {"relative_step": False}, {"beta_2_decay": -0.5, "clip_threshold": 0.5}],
    "Lamb": [{}, {"beta_1": 0.8, "beta_2": 0.9}],
    "Muon": [{}, {"nesterov": False}],
    "ScheduleFreeAdamW": [{}, {"warmup_steps": 4}],
}  # fmt: skip

COMMON: list[Config] = [
    {"learning_rate": 0.1},
    {"learning_rate": 0.1, "clipnorm": 1.0},
    {"learning_rate": 0.1, "clipvalue": 0.3},
    {"learning_rate": 0.1, "global_clipnorm": 1.0},
    {"learning_rate": 0.1, "weight_decay": 0.05},
    {"learning_rate": 0.1, "use_ema": True},
    {"learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 4},
    {"learning_rate": 0.1, "gradient_accumulation_steps": 3},
    {"learning_rate": 0.1, "loss_scale_factor": 8.0},
]

EXTRA: list[tuple[str, Config]] = [
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0.1, "clipnorm": 0.5}),
    ("SGD", {"learning_rate": 0.1, "gradient_accumulation_steps": 4, "clipvalue": 0.2,
             "weight_decay": 0.05}),
    ("SGD", {"learning_rate": 0.1, "gradient_accumulation_steps": 3, "use_ema": True,
             "ema_overwrite_frequency": 5}),
    ("AdamW", {"learning_rate": 0.1, "weight_decay": 0.1, "exclude": ["bias"]}),
    ("SGD", {"learning_rate": 0.1, "weight_decay": 0.1, "exclude": ["bias"]}),
    ("Adam", {"learning_rate": 0.1, "amsgrad": True, "global_clipnorm": 0.5, "use_ema": True,
              "ema_momentum": 0.5, "ema_overwrite_frequency": 3}),
]  # fmt: skip

SCHEDULES: list[tuple[str, Config]] = [
    ("ExponentialDecay",
     {"initial_learning_rate": 0.2, "decay_steps": 4, "decay_rate": 0.5, "staircase": True}),
    ("PiecewiseConstantDecay", {"boundaries": [3, 8], "values": [0.3, 0.1, 0.02]}),
    ("CosineDecay", {"initial_learning_rate": 0.0, "decay_steps": 8, "warmup_target": 0.2,
                     "warmup_steps": 4}),
    ("PolynomialDecay", {"initial_learning_rate": 0.2, "decay_steps": 10, "power": 2.0}),
]  # fmt: skip
SCHEDULED = ("SGD", "Adam", "RMSprop", "Nadam")


def inputs() -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Start values and gradients: one entry always 0, one dead from step 5 on, one huge step."""
    kernel, bias = numbers(11, STEPS, 3, 2), numbers(12, STEPS, 2)
    kernel[:, 0, 0] = 0.0
    kernel[5:, 1, 1] = 0.0
    kernel[7] *= 20.0
    bias[9] *= 1e-4
    return {"kernel": numbers(13, 3, 2), "bias": numbers(14, 2)}, kernel, bias


def cases() -> list[Config]:
    """All cases: a name for the arrays, the class, its arguments, the schedule if any."""
    plain = [(n, {**own, **more}) for n, owns in OPTIMIZERS.items() for own in owns
             for more in ({}, {"learning_rate": 0.1})]  # fmt: skip
    common = [(name, config) for name in OPTIMIZERS for config in COMMON[1:]]
    found = [{"class": name, "config": config} for name, config in plain + common + EXTRA]
    found += [
        {"class": name, "config": {}, "schedule": {"class": schedule, "config": config}}
        for name in SCHEDULED
        for schedule, config in SCHEDULES
    ]
    counts: dict[str, int] = {}
    for case in found:
        number = counts[case["class"]] = counts.get(case["class"], -1) + 1
        case["id"] = f"{case['class']}-{number:02d}"
    return found


def build(case: Config) -> keras.optimizers.Optimizer:
    """The optimizer of a case, not yet built."""
    config = dict(case["config"])
    excluded = config.pop("exclude", None)
    if "schedule" in case:
        schedule = getattr(keras.optimizers.schedules, case["schedule"]["class"])
        config["learning_rate"] = schedule(**case["schedule"]["config"])
    optimizer = getattr(keras.optimizers, case["class"])(**config)
    if excluded:
        optimizer.exclude_from_weight_decay(var_names=excluded)
    return optimizer


def run(case: Config, arrays: dict[str, Any]) -> None:
    """Apply every gradient; put the paths into `arrays` and what else there is into `case`."""
    keras.utils.clear_session()
    start, kernels, biases = inputs()
    variables = [keras.Variable(value, name=name) for name, value in start.items()]
    optimizer = build(case)
    optimizer.build(variables)
    case["variables"] = [[v.name, v.path, list(v.shape)] for v in optimizer.variables]
    path: list[list[np.ndarray]] = []
    rates = []
    for step in range(STEPS):
        rates.append(np.float32(optimizer.learning_rate))
        gradients = [keras.ops.convert_to_tensor(g[step]) for g in (kernels, biases)]
        optimizer.apply(gradients, variables)
        path.append([np.array(v) for v in variables])
    case["learning_rates"] = rates[0] if len(set(rates)) == 1 else rates
    optimizer.finalize_variable_values(variables)
    case["iterations"] = int(optimizer.iterations)
    case["finalized"] = [np.array(v) for v in variables]
    case["slots"] = {v.name: np.array(v) for v in optimizer.variables if v.name not in COUNTERS}
    for index, name in enumerate(start):
        arrays[f"{case['id']}/{name}"] = np.stack([values[index] for values in path])


def record() -> None:
    """Write `optimizers.npz` and `optimizers.json`."""
    start, kernels, biases = inputs()
    arrays: dict[str, Any] = {f"start/{name}": value for name, value in start.items()}
    arrays |= {"gradients/kernel": kernels, "gradients/bias": biases}
    done = []
    for case in cases():
        try:
            run(case, arrays)
        except (ValueError, TypeError) as error:
            case["refused"] = f"{type(error).__name__}: {error}"
        done.append(case)
    save_arrays("optimizers", arrays)
    save_json("optimizers", {"steps": STEPS, "cases": done})
