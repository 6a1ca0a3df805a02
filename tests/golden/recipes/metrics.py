"""Every metric of Keras over three updates, with and without sample weights.

`metrics.npz` holds the batches by name (first axis: the update); each case of `metrics.json`
names its batches and keeps the result after each update, after a reset, and the state variables.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from .store import numbers, probabilities, save_arrays, save_json

UPDATES, ROWS, CLASSES = 3, 5, 6
Config = dict[str, Any]


def make_inputs() -> dict[str, np.ndarray]:
    """Batches: labels and scores with ties, probabilities at the threshold, regression values."""
    generator = np.random.default_rng(50)
    labels = generator.integers(0, CLASSES, (UPDATES, ROWS)).astype(np.int32)
    scores = probabilities(51, UPDATES, ROWS, CLASSES)
    scores[0, 0] = 1 / CLASSES  # every class ties
    scores[1, 2, :3] = scores[1, 2, :3].max()  # three classes tie
    scores[2, 1] = np.nan  # a network that diverged
    bits = generator.integers(0, 2, (UPDATES, ROWS, 2)).astype(np.float32)
    bit_scores = (1 / (1 + np.exp(-numbers(52, UPDATES, ROWS, 2)))).astype(np.float32)
    bit_scores[0, 1] = (0.5, 0.75)
    values = numbers(53, UPDATES, ROWS, 3)
    return {
        "labels": labels,
        "labels_column": labels[..., None],
        "one_hot": np.eye(CLASSES, dtype=np.float32)[labels],
        "scores": scores,
        "scores_finite": np.nan_to_num(scores, nan=0.25),
        "classes": generator.integers(0, CLASSES, (UPDATES, ROWS)).astype(np.int32),
        "ids": np.argsort(numbers(61, UPDATES, ROWS, CLASSES), axis=-1).astype(np.int32),
        "steps_labels": generator.integers(0, 3, (UPDATES, ROWS, 4)).astype(np.int32),
        "steps_scores": probabilities(54, UPDATES, ROWS, 4, 3),
        "bits": bits,
        "bit_scores": bit_scores,
        "signs": bits * 2 - 1,
        "values": values,
        "guesses": values + numbers(55, UPDATES, ROWS, 3) / 2,
        "positive": np.abs(values),
        "positive_guesses": np.abs(numbers(56, UPDATES, ROWS, 3)),
        "flat": numbers(57, UPDATES, ROWS),
        "weights": np.abs(numbers(58, UPDATES, ROWS)) * np.array([1, 0, 1, 2, 1], np.float32),
        "element_weights": np.abs(numbers(59, UPDATES, ROWS, 3)),
        "step_weights": np.abs(numbers(60, UPDATES, ROWS, 4)),
    }


# metric -> rows of (arguments, inputs of update_state); weights are added by `weights_for`.
TABLE: dict[str, list[tuple[Config, tuple[str, ...]]]] = {
    "Accuracy": [({}, ("labels", "classes")), ({}, ("labels_column", "classes"))],
    "BinaryAccuracy": [({}, ("bits", "bit_scores")), ({"threshold": 0.7}, ("bits", "bit_scores"))],
    "CategoricalAccuracy": [({}, ("one_hot", "scores")), ({}, ("one_hot", "scores_finite"))],
    "SparseCategoricalAccuracy": [({}, ("labels", "scores")), ({}, ("labels_column", "scores")),
                                  ({}, ("steps_labels", "steps_scores"))],
    "TopKCategoricalAccuracy": [({}, ("one_hot", "scores")), ({"k": 2}, ("one_hot", "scores")),
                                ({"k": 3}, ("one_hot", "scores_finite"))],
    "SparseTopKCategoricalAccuracy": [
        ({}, ("labels", "scores")), ({"k": 2}, ("labels", "scores")),
        ({"k": 3}, ("labels_column", "scores")), ({"k": 2}, ("steps_labels", "steps_scores")),
        ({"k": 2, "from_sorted_ids": True}, ("labels", "ids"))],
    "Mean": [({}, ("flat",)), ({}, ("values",))],
    "Sum": [({}, ("flat",)), ({}, ("values",))],
    "MeanSquaredError": [({}, ("values", "guesses"))],
    "RootMeanSquaredError": [({}, ("values", "guesses")), ({}, ("flat", "flat"))],
    "MeanAbsoluteError": [({}, ("values", "guesses"))],
    "MeanAbsolutePercentageError": [({}, ("values", "guesses"))],
    "MeanSquaredLogarithmicError": [({}, ("positive", "positive_guesses"))],
    "LogCoshError": [({}, ("values", "guesses"))],
    "CosineSimilarity": [({}, ("values", "guesses"))],
    "R2Score": [({}, ("values", "guesses")),
                ({"class_aggregation": None}, ("values", "guesses")),
                ({"class_aggregation": "variance_weighted_average"}, ("values", "guesses"))],
    "Hinge": [({}, ("signs", "bit_scores"))],
    "SquaredHinge": [({}, ("signs", "bit_scores"))],
    "CategoricalHinge": [({}, ("one_hot", "scores_finite"))],
    "KLDivergence": [({}, ("one_hot", "scores_finite"))],
    "Poisson": [({}, ("positive", "positive_guesses"))],
    "BinaryCrossentropy": [({}, ("bits", "bit_scores")),
                           ({"label_smoothing": 0.1}, ("bits", "bit_scores")),
                           ({"from_logits": True}, ("bits", "signs"))],
    "CategoricalCrossentropy": [({}, ("one_hot", "scores_finite")),
                                ({"from_logits": True, "label_smoothing": 0.1},
                                 ("one_hot", "scores_finite"))],
    "SparseCategoricalCrossentropy": [({}, ("labels", "scores_finite")),
                                      ({"from_logits": True}, ("labels", "scores_finite"))],
    "Precision": [({}, ("bits", "bit_scores")),
                  ({"thresholds": [0.3, 0.6]}, ("bits", "bit_scores")),
                  ({"top_k": 2}, ("one_hot", "scores_finite")),
                  ({"top_k": 3, "class_id": 4}, ("one_hot", "scores_finite"))],
    "Recall": [({}, ("bits", "bit_scores")), ({"thresholds": [0.3, 0.6]}, ("bits", "bit_scores")),
               ({"top_k": 2}, ("one_hot", "scores_finite"))],
    "TruePositives": [({}, ("bits", "bit_scores"))],
    "FalseNegatives": [({"thresholds": [0.3, 0.6]}, ("bits", "bit_scores"))],
    "AUC": [({"num_thresholds": 20}, ("bits", "bit_scores")),
            ({"num_thresholds": 20, "curve": "PR"}, ("bits", "bit_scores"))],
    "F1Score": [({}, ("one_hot", "scores_finite")),
                ({"average": "macro"}, ("one_hot", "scores_finite")),
                ({"average": "micro", "threshold": 0.2}, ("one_hot", "scores_finite"))],
}  # fmt: skip

WEIGHTS = {2: ("weights",), 3: ("weights",), 4: ("step_weights",)}
ELEMENTWISE = ("Mean", "Sum")


def weights_for(name: str, arguments: tuple[str, ...], inputs: dict[str, np.ndarray]) -> list[Any]:
    """Names of the sample weights to try, `None` first."""
    rank = inputs[arguments[0]].ndim
    found: list[Any] = [None, *WEIGHTS[rank]]
    if inputs[arguments[-1]].ndim == 4:
        found = [None, "step_weights"]
    if name in ELEMENTWISE and rank == 3:
        found.append("element_weights")
    return found


def run(name: str, config: Config, arguments: tuple[str, ...], weight: str | None,
        inputs: dict[str, np.ndarray]) -> Config:  # fmt: skip
    """One metric over all updates."""
    keras.utils.clear_session()
    case: Config = {"class": name, "config": config, "inputs": arguments, "sample_weight": weight}
    metric = getattr(keras.metrics, name)(**config)
    case["name"] = metric.name
    case["results"] = []
    try:
        for update in range(UPDATES):
            batch = [inputs[argument][update] for argument in arguments]
            metric.update_state(*batch, sample_weight=inputs[weight][update] if weight else None)
            case["results"].append(np.asarray(metric.result()))
        case["variables"] = [[v.name, list(v.shape), np.asarray(v)] for v in metric.variables]
        metric.reset_state()
        case["reset"] = np.asarray(metric.result())
    except Exception as error:  # The record is of whatever Keras does.
        case["error"] = f"{type(error).__name__}: {error}"
    return case


def wrapped(inputs: dict[str, np.ndarray]) -> list[Config]:
    """`MeanMetricWrapper` around a plain function of the last axis, with an extra argument."""

    def distance(y_true: Any, y_pred: Any, power: float = 1.0) -> Any:
        return keras.ops.mean(keras.ops.abs(y_true - y_pred) ** power, axis=-1)

    cases = []
    for weight in (None, "weights"):
        metric = keras.metrics.MeanMetricWrapper(distance, name="distance", power=1.5)
        for update in range(UPDATES):
            batch = inputs["values"][update], inputs["guesses"][update]
            metric.update_state(*batch, sample_weight=inputs[weight][update] if weight else None)
        cases.append({"function": "mean(|y_true - y_pred| ** 1.5, axis=-1)",
                      "sample_weight": weight, "result": np.asarray(metric.result())})  # fmt: skip
    return cases


def record() -> None:
    """Write `metrics.npz` and `metrics.json`."""
    inputs = make_inputs()
    save_arrays("metrics", inputs)
    cases = [
        run(name, config, arguments, weight, inputs)
        for name, rows in TABLE.items()
        for config, arguments in rows
        for weight in weights_for(name, arguments, inputs)
    ]
    save_json("metrics", {"updates": UPDATES, "cases": cases, "wrapped": wrapped(inputs)})
