"""Whole small networks trained by Keras from fixed weights on fixed data, without shuffling.

`training.npz` holds data, starting weights and trained weights; each case of `training.json`
describes the network, `compile` and `fit` in plain values (data by name) and what came out.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from .store import numbers, save_arrays, save_json
from .training_cases import CASES

Case = dict[str, Any]
DATA_ARGUMENTS = ("x", "y", "sample_weight")
CALLBACKS = {
    "EarlyStopping": keras.callbacks.EarlyStopping,
    "ReduceLROnPlateau": keras.callbacks.ReduceLROnPlateau,
    "TerminateOnNaN": keras.callbacks.TerminateOnNaN,
    "halve": lambda: keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5),
}


def make_data() -> dict[str, np.ndarray]:
    """23 rows of 4 features with targets of every kind: 23 leaves a last batch that is partial."""
    x = numbers(90, 23, 4)
    labels = (np.abs(x).argmax(axis=1) % 3).astype(np.int32)
    target = np.tanh(x @ numbers(91, 4, 2)).astype(np.float32)
    bits = (x.sum(axis=1, keepdims=True) > 0).astype(np.float32)
    return {
        "x": x,
        "labels": labels,
        "labels_column": labels[:, None],
        "one_hot": np.eye(3, dtype=np.float32)[labels],
        "target": target,
        "target_flat": target[:, 0].copy(),
        "bits": bits,
        "weights": np.abs(numbers(92, 23)) * (np.arange(23) % 5 != 2).astype(np.float32),
        "x_val": numbers(93, 9, 4),
        "labels_val": np.array([0, 1, 2, 2, 1, 0, 0, 1, 2], dtype=np.int32),
        "one_hot_val": np.eye(3, dtype=np.float32)[[0, 1, 2, 2, 1, 0, 0, 1, 2]],
        "target_val": numbers(94, 9, 2),
        "weights_val": np.abs(numbers(95, 9)),
        "images": np.random.default_rng(96).integers(0, 256, (23, 2, 2)).astype(np.uint8),
    }


def start_weights(shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    """Weights of moderate size for any network, from the position of each array alone."""
    return [numbers(100 + index, *shape) * 0.5 for index, shape in enumerate(shapes)]


def build(case: Case) -> keras.Sequential:
    """The network of a case, with its starting weights, compiled."""
    keras.utils.clear_session()
    model = keras.Sequential([keras.Input(tuple(case.get("input_shape", (4,))))])
    for name, arguments in case["layers"]:
        arguments = {k: regularizer(v) if k.endswith("regularizer") else v
                     for k, v in arguments.items()}  # fmt: skip
        model.add(getattr(keras.layers, name)(**arguments))
    model.set_weights(start_weights([w.shape for w in model.get_weights()]))
    compiled = dict(case["compile"])
    name, arguments = compiled.pop("optimizer")
    model.compile(getattr(keras.optimizers, name)(**arguments), **compiled)
    return model


def regularizer(value: Any) -> Any:
    """`[class, arguments]` as an object of `keras.regularizers`; strings as they are."""
    if isinstance(value, list):
        return getattr(keras.regularizers, value[0])(**value[1])
    return value


def resolved(arguments: Case, data: dict[str, np.ndarray]) -> Case:
    """Arguments with the names of arrays replaced by the arrays and callbacks built."""
    found = dict(arguments)
    for key in DATA_ARGUMENTS:
        if key in found:
            found[key] = data[found[key]]
    if "validation_data" in found:
        found["validation_data"] = tuple(data[name] for name in found["validation_data"])
    if "class_weight" in found:
        found["class_weight"] = {int(k): v for k, v in found["class_weight"].items()}
    if "callbacks" in found:
        found["callbacks"] = [CALLBACKS[name](**more) for name, more in found["callbacks"]]
    return found


def run(name: str, case: Case, data: dict[str, np.ndarray], arrays: dict[str, Any]) -> Case:
    """Train one network; its record, and its weights put into `arrays`."""
    model = build(case)
    start = model.get_weights()
    fit = {"verbose": 0, "shuffle": False} | resolved(case["fit"], data)
    history = model.fit(**fit)
    arrays |= {f"{name}/start/{i}": w for i, w in enumerate(start)}
    arrays |= {f"{name}/trained/{i}": w for i, w in enumerate(model.get_weights())}
    asked = {key: value for key, value in fit.items() if key in DATA_ARGUMENTS}
    outcome = {
        "history": history.history,
        "epoch": history.epoch,
        "params": history.params,
        "evaluate": model.evaluate(**asked, batch_size=8, verbose=0),
        "evaluate_dict": model.evaluate(**asked, batch_size=8, verbose=0, return_dict=True),
        "predict_head": model.predict(asked["x"], batch_size=8, verbose=0)[:3],
        "learning_rate": float(model.optimizer.learning_rate),
        "iterations": int(model.optimizer.iterations),
    }
    return {"id": name} | case | outcome


def by_batch(data: dict[str, np.ndarray], arrays: dict[str, Any]) -> Case:
    """`train_on_batch`, `test_on_batch` and `predict_on_batch`, running metrics included."""
    case = CASES["classifier_sgd"]
    model = build(case)
    x, y, weights = data["x"], data["one_hot"], data["weights"]
    outcome: Case = {"case": "classifier_sgd", "train": [], "test": []}
    for first in (0, 8, 16):
        part = slice(first, first + 8)
        outcome["train"].append(model.train_on_batch(x[part], y[part]))
    outcome["train_weighted"] = model.train_on_batch(x[:8], y[:8], sample_weight=weights[:8])
    outcome["train_class_weight"] = model.train_on_batch(
        x[:8], y[:8], class_weight={0: 1.0, 1: 2.0, 2: 0.5}, return_dict=True
    )
    model.reset_metrics()
    for first in (0, 8):
        outcome["test"].append(model.test_on_batch(x[first : first + 8], y[first : first + 8]))
    outcome["test_weighted"] = model.test_on_batch(
        x[:8], y[:8], sample_weight=weights[:8], return_dict=True
    )
    outcome["predict"] = model.predict_on_batch(x[:3])
    arrays |= {f"by_batch/trained/{i}": w for i, w in enumerate(model.get_weights())}
    return outcome


def record() -> None:
    """Write `training.npz` and `training.json`."""
    data = make_data()
    arrays: dict[str, Any] = {f"data/{name}": value for name, value in data.items()}
    cases = [run(name, case, data, arrays) for name, case in CASES.items()]
    content = {"cases": cases, "by_batch": by_batch(data, arrays)}
    save_arrays("training", arrays)
    save_json("training", content)
