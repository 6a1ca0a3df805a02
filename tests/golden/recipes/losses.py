"""Every loss of Keras over fixed inputs: each configuration, reduction and sample weight.

`losses.npz` holds the inputs by name; each case of `losses.json` names its inputs and keeps the
results by reduction and weights, and the gradient of the default reduction by the prediction.
"""

from __future__ import annotations

from typing import Any

import jax
import keras
import numpy as np

from .store import numbers, probabilities, save_arrays, save_json

REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "none", "mean_with_sample_weight")
Config = dict[str, Any]


def one_hot(labels: np.ndarray, width: int) -> np.ndarray:
    """Float32 rows of the identity."""
    return np.eye(width, dtype=np.float32)[labels]


def make_inputs() -> dict[str, np.ndarray]:
    """All inputs; the `edge` ones hold probabilities of exactly 0 and 1."""
    labels = np.array([0, 2, 1, 3, 2, 0], dtype=np.int32)
    pixels = np.random.default_rng(5).integers(0, 3, (2, 4)).astype(np.int32)
    edge = np.array([[1, 0, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0], [0.5, 0.5, 0, 0],
                     [0, 0, 1e-8, 1], [0.25, 0.75, 0, 0]], dtype=np.float32)  # fmt: skip
    return {
        "labels": labels,
        "labels_ignored": np.array([0, -1, 1, 3, -1, 0], dtype=np.int32),
        "labels_column": labels[:, None],
        "one_hot": one_hot(labels, 4),
        "soft": probabilities(21, 6, 4),
        "rows": probabilities(22, 6, 4),
        "rows_unnormalized": np.abs(numbers(23, 6, 4)) + 0.1,
        "edge": edge,
        "edge_zero_row": edge * np.array([[1], [1], [1], [1], [1], [0]], dtype=np.float32),
        "logits": numbers(24, 6, 4) * 3,
        "logits_extreme": numbers(25, 6, 4) * 60,
        "pixel_labels": pixels,
        "pixel_one_hot": one_hot(pixels, 3),
        "pixel_rows": probabilities(26, 2, 4, 3),
        "pixel_logits": numbers(27, 2, 4, 3),
        "channels_one_hot": np.moveaxis(one_hot(pixels, 3), -1, 1).copy(),
        "channels_rows": np.moveaxis(probabilities(26, 2, 4, 3), -1, 1).copy(),
        "bits": np.array([[0, 1], [1, 1], [0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float32),
        "bits_integer": np.array([[0, 1], [1, 1], [0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.int32),
        "signs": np.array([[-1, 1], [1, 1], [-1, -1], [1, -1], [1, 1], [-1, 1]], dtype=np.float32),
        "bit_rows": 1 / (1 + np.exp(-numbers(28, 6, 2))).astype(np.float32),
        "bit_edge": np.array([[0, 1], [0, 0], [1, 1], [1, 0.5], [1, 1], [0, 1e-9]], np.float32),
        "bit_logits": numbers(29, 6, 2) * 4,
        "bit_logits_extreme": numbers(30, 6, 2) * 80,
        "values": numbers(31, 6, 3),
        "values_with_zero": numbers(31, 6, 3) * np.array([1, 0, 1], np.float32),
        "guesses": numbers(32, 6, 3) * 2,
        "positive": np.abs(numbers(33, 6, 3)),
        "positive_guesses": np.abs(numbers(34, 6, 3)),
        "cube": numbers(35, 2, 3, 4),
        "cube_guesses": numbers(36, 2, 3, 4),
        "zeros": np.zeros((6, 3), dtype=np.float32),
        "column": numbers(37, 6, 1),
        "flat": numbers(38, 6),
        "flat_guesses": numbers(39, 6),
    }


# loss -> rows of (arguments, y_true, y_pred)
TABLE: dict[str, list[tuple[Config, str, str]]] = {
    "CategoricalCrossentropy": [
        ({}, "one_hot", "rows"), ({}, "soft", "rows"), ({}, "one_hot", "edge"),
        ({}, "one_hot", "edge_zero_row"), ({}, "one_hot", "rows_unnormalized"),
        ({"label_smoothing": 0.1}, "one_hot", "rows"),
        ({"label_smoothing": 0.1}, "one_hot", "edge"),
        ({"from_logits": True}, "one_hot", "logits"), ({"from_logits": True}, "soft", "logits"),
        ({"from_logits": True}, "one_hot", "logits_extreme"),
        ({"from_logits": True, "label_smoothing": 0.2}, "one_hot", "logits"),
        ({}, "pixel_one_hot", "pixel_rows"), ({"axis": 1}, "channels_one_hot", "channels_rows"),
        ({"from_logits": True, "axis": 1}, "channels_one_hot", "channels_rows"),
    ],
    "SparseCategoricalCrossentropy": [
        ({}, "labels", "rows"), ({}, "labels_column", "rows"), ({}, "labels", "edge"),
        ({}, "labels", "rows_unnormalized"), ({"from_logits": True}, "labels", "logits"),
        ({"from_logits": True}, "labels", "logits_extreme"),
        ({"ignore_class": -1}, "labels_ignored", "rows"), ({"ignore_class": 0}, "labels", "rows"),
        ({"ignore_class": 0, "from_logits": True}, "labels", "logits"),
        ({}, "pixel_labels", "pixel_rows"), ({"from_logits": True}, "pixel_labels", "pixel_logits"),
        ({"ignore_class": 1}, "pixel_labels", "pixel_rows"),
    ],
    "BinaryCrossentropy": [
        ({}, "bits", "bit_rows"), ({}, "bits_integer", "bit_rows"), ({}, "bits", "bit_edge"),
        ({"label_smoothing": 0.2}, "bits", "bit_rows"),
        ({"from_logits": True}, "bits", "bit_logits"),
        ({"from_logits": True}, "bits", "bit_logits_extreme"),
        ({"from_logits": True, "label_smoothing": 0.2}, "bits", "bit_logits"),
        ({"axis": 1}, "channels_one_hot", "channels_rows"),
    ],
    "BinaryFocalCrossentropy": [
        ({}, "bits", "bit_rows"), ({}, "bits", "bit_edge"),
        ({"gamma": 1.0}, "bits", "bit_rows"),
        ({"apply_class_balancing": True, "alpha": 0.3}, "bits", "bit_rows"),
        ({"from_logits": True}, "bits", "bit_logits"),
        ({"from_logits": True, "label_smoothing": 0.1}, "bits", "bit_logits"),
    ],
    "CategoricalFocalCrossentropy": [
        ({}, "one_hot", "rows"), ({}, "one_hot", "edge"),
        ({"alpha": 0.5, "gamma": 1.0}, "one_hot", "rows"),
        ({"alpha": [0.1, 0.2, 0.3, 0.4]}, "one_hot", "rows"),
        ({"from_logits": True}, "one_hot", "logits"),
        ({"from_logits": True, "label_smoothing": 0.1}, "one_hot", "logits"),
    ],
    "CategoricalGeneralizedCrossEntropy": [
        ({}, "labels", "rows"), ({"q": 0.7}, "labels", "rows"),
    ],
    "KLDivergence": [({}, "soft", "rows"), ({}, "one_hot", "edge")],
    "Poisson": [({}, "positive", "positive_guesses"), ({}, "positive", "zeros")],
    "MeanSquaredError": [({}, "values", "guesses"), ({}, "cube", "cube_guesses"),
                         ({}, "flat", "column"), ({}, "column", "flat"),
                         ({}, "flat", "flat_guesses")],
    "MeanAbsoluteError": [({}, "values", "guesses"), ({}, "cube", "cube_guesses"),
                          ({}, "values", "values")],
    "MeanAbsolutePercentageError": [({}, "values", "guesses"),
                                    ({}, "values_with_zero", "guesses")],
    "MeanSquaredLogarithmicError": [({}, "positive", "positive_guesses"),
                                    ({}, "values", "guesses")],
    "Huber": [({}, "values", "guesses"), ({"delta": 0.5}, "values", "guesses"),
              ({"delta": 3.0}, "values", "guesses")],
    "LogCosh": [({}, "values", "guesses"), ({}, "bit_logits", "bit_logits_extreme")],
    "Hinge": [({}, "signs", "bit_logits"), ({}, "bits", "bit_logits")],
    "SquaredHinge": [({}, "signs", "bit_logits"), ({}, "bits", "bit_logits")],
    "CategoricalHinge": [({}, "one_hot", "logits"), ({}, "one_hot", "rows")],
    "CosineSimilarity": [({}, "values", "guesses"), ({"axis": 1}, "cube", "cube_guesses"),
                         ({}, "values", "zeros")],
    "Dice": [({}, "pixel_one_hot", "pixel_rows"), ({"axis": -1}, "pixel_one_hot", "pixel_rows")],
    "Tversky": [({}, "pixel_one_hot", "pixel_rows"),
                ({"alpha": 0.2, "beta": 0.8}, "pixel_one_hot", "pixel_rows")],
}  # fmt: skip

ROW_WEIGHTS = np.array([1.0, 0.5, 2.0, 0.0, 3.0, 1.5], dtype=np.float32)


def weights_for(shape: tuple[int, ...]) -> dict[str, np.ndarray | None]:
    """Sample weights that fit unreduced losses of `shape`: none, by row, by column, by element."""
    if not shape:
        return {"unweighted": None}
    rows = ROW_WEIGHTS[: shape[0]]
    column = rows[:, None]
    if len(shape) == 1:
        return {"unweighted": None, "rows": rows, "column": column}
    return {"unweighted": None, "column": column, "elements": np.abs(numbers(40, *shape))}


def attempt(loss: keras.losses.Loss, *arguments: Any) -> Any:
    """The loss, or the error's text where Keras refuses the combination."""
    try:
        return np.asarray(loss(*arguments))
    except Exception as error:  # The record is of whatever Keras does.
        return {"error": f"{type(error).__name__}: {error}"}


def run(name: str, row: tuple[Config, str, str], inputs: dict[str, np.ndarray]) -> Config:
    """One row of the table under every reduction and weight."""
    config, true, guess = row
    make = getattr(keras.losses, name)
    y_true, y_pred = inputs[true], inputs[guess]
    shape = np.shape(make(reduction="none", **config)(y_true, y_pred))
    weights = weights_for(shape)
    results = {
        reduction: {
            label: attempt(make(reduction=reduction, **config), y_true, y_pred, weight)
            for label, weight in weights.items()
        }
        for reduction in REDUCTIONS
    }
    gradient = jax.grad(lambda guess: make(**config)(y_true, guess))(jax.numpy.asarray(y_pred))
    return {"class": name, "config": config, "y_true": true, "y_pred": guess, "weights": weights,
            "results": results, "gradient": gradient}  # fmt: skip


def record() -> None:
    """Write `losses.npz` and `losses.json`."""
    inputs = make_inputs()
    save_arrays("losses", inputs)
    cases = [run(name, row, inputs) for name, rows in TABLE.items() for row in rows]
    save_json("losses", {"reductions": REDUCTIONS, "cases": cases})
