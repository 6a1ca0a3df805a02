"""What is looked for in the data before training, each with the whole text that the user reads."""

from __future__ import annotations

import re
import time
import warnings
from typing import Any

import numpy as np
import pytest

from whit import losses
from whit.errors import DataError, DataWarning, LabelError, NonFiniteDataError, ShapeError
from whit.training import checks

X = np.linspace(-1, 1, 40, dtype=np.float32).reshape(10, 4)
LABELS = np.arange(10) % 3
ONE_HOT = np.eye(3, dtype=np.float32)[LABELS]


def check(x: Any = X, y: Any = ONE_HOT, weight: Any = None, loss: Any = "categorical_crossentropy",
          inputs: Any = (None, 4), outputs: Any = (None, 3)) -> None:  # fmt: skip
    checks.check_training_data("model 'net'", x, y, weight, inputs, outputs, loss)


def fails(kind: type[Exception], text: str, **kwargs: Any) -> None:
    with pytest.raises(kind, match=f"^{re.escape(text)}$"):
        check(**kwargs)


# ---- what is right passes
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"y": LABELS, "loss": "sparse_categorical_crossentropy"},
        {"y": LABELS[:, None], "loss": losses.SparseCategoricalCrossentropy()},
        {"y": LABELS.astype(np.float32), "loss": "sparse_categorical_crossentropy"},
        {"y": LABELS.astype(np.uint8), "loss": "sparse_categorical_crossentropy"},
        {"y": LABELS, "loss": "crossentropy"},
        {"y": X[:, 0], "loss": "mse", "outputs": (None, 1)},
        {"y": X[:, :1], "loss": "mse", "outputs": (None,)},
        {"y": X, "loss": "mae", "outputs": (None, 4)},
        {"y": LABELS % 2, "loss": "binary_crossentropy", "outputs": (None, 1)},
        {"y": LABELS % 2 == 0, "loss": "bce", "outputs": (None, 1)},
        {"y": None, "loss": None},
        {"weight": np.ones(10)},
        {"inputs": None, "outputs": None},
        {"inputs": (None, None)},
        {"x": X[..., None]},
        {"x": X[:, 0], "inputs": (None, 1)},
        {"y": LABELS, "loss": lambda y_true, y_pred: y_pred},
        {"y": LABELS - 1, "loss": losses.SparseCategoricalCrossentropy(ignore_class=-1)},
        {"y": X.tolist(), "loss": "mse", "outputs": (None, 4)},
    ],
)
def test_good_data_passes(arguments: dict[str, Any]) -> None:
    check(**arguments)


def test_several_inputs_and_outputs() -> None:
    shapes = {"a": (None, 4), "b": (None, 2)}
    x = {"b": X[:, :2], "a": X}
    check(x=x, inputs=shapes, y=[ONE_HOT, X[:, 0]], outputs=[(None, 3), (None, 1)],
          loss=["categorical_crossentropy", "mse"])  # fmt: skip
    with pytest.raises(ShapeError, match=r"expects x\['b'\] of shape \(batch, 2\), got \(10, 4\)"):
        check(x={"a": X, "b": X}, inputs=shapes)
    with pytest.raises(LabelError, match=r"^y\[0\] holds integer labels"):
        check(y=[LABELS, X[:, 0]], outputs=[(None, 3), (None, 1)],
              loss=["categorical_crossentropy", "mse"])  # fmt: skip
    with pytest.raises(NonFiniteDataError, match=r"^x\['a'\] holds 40 values"):
        check(x={"a": X * np.nan, "b": X[:, :2]}, inputs=shapes)


# ---- numbers and lengths
def test_strings_name_the_column() -> None:
    table = np.array([[1.5, "7", "red"], [2.5, "8", "blue"]], dtype=object)
    text = (
        "x must be numbers, but it has dtype object and holds 'red' in column 2, first in row 0. "
        "Turn categories into integers (np.unique(column, return_inverse=True)) or one-hot "
        "columns, or leave them out; if all values are numbers, convert with "
        'x.astype("float32").'
    )
    fails(DataError, text, x=table)


def test_a_column_with_a_name() -> None:
    class Frame:
        columns = ("age", "city")
        shape = (2, 2)

        def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
            return np.array([[1, "Rome"], [2, "Oslo"]], dtype=object)

    with pytest.raises(DataError, match=r"'Rome' in column 1 \('city'\), first in row 0"):
        check(x=Frame())
    with pytest.raises(DataError, match=r"holds '3' in row 0"):
        check(y=np.array(["3", "4"]))
    with pytest.raises(DataError, match=r"y must be numbers.*datetime64"):
        check(y=np.array(["2020-01-01"], "datetime64[D]"))


def test_different_lengths() -> None:
    text = (
        "the arrays have different numbers of samples: x has 10, y has 9, sample_weight has 10. "
        "Sample i of each must belong together; were they filtered or split differently?"
    )
    fails(DataError, text, y=ONE_HOT[:9], weight=np.ones(10))


def test_empty_arrays() -> None:
    text = (
        "x is empty: its shape is (0, 4). There is nothing to learn from; look at the filter or "
        "the split that made it."
    )
    fails(DataError, text, x=X[:0], y=ONE_HOT[:0])


def test_a_single_number() -> None:
    text = "x is a single number; expected an array whose first axis is the samples."
    fails(ShapeError, text, x=np.float32(3), y=None)


# ---- shapes of inputs
def test_wrong_width() -> None:
    text = (
        "model 'net' expects x of shape (batch, 4), got (10, 3). Each row has 3 numbers and must "
        "have 4: change the data, or the model's input shape."
    )
    fails(ShapeError, text, x=X[:, :3])


def test_one_sample_without_the_batch_axis() -> None:
    text = (
        "model 'net' expects x of shape (batch, 4), got (4,). This is one sample without the batch "
        "axis: pass x[None]."
    )
    fails(ShapeError, text, x=X[0], y=None)
    with pytest.raises(ShapeError, match=r"pass x\[None\]"):
        checks.check_inputs("net", np.zeros((28, 28)), (None, 28, 28))


def test_flat_against_image() -> None:
    with pytest.raises(
        ShapeError, match=r"\(batch, 784\), got \(5, 28, 28\). Pass x.reshape\(-1, 784"
    ):
        checks.check_inputs("net", np.zeros((5, 28, 28)), (None, 784))
    with pytest.raises(ShapeError, match=r"Pass x.reshape\(-1, 28, 28, 1\)\."):
        checks.check_inputs("net", np.zeros((5, 784)), (None, 28, 28, 1))
    with pytest.raises(ShapeError, match="Reshape the data, or change the model's input shape"):
        checks.check_inputs("net", np.zeros((5, 28, 27)), (None, 28, 28))
    with pytest.raises(ShapeError, match=r"expects x of shape \(batch, any, 3\), got \(5, 7, 2\)"):
        checks.check_inputs("net", np.zeros((5, 7, 2)), (None, None, 3))


def test_a_last_axis_of_one_may_be_missing() -> None:
    checks.check_inputs("net", np.zeros((5, 28, 28)), (None, 28, 28, 1))
    checks.check_inputs("net", np.zeros((5, 28, 28, 1)), (None, 28, 28))


# ---- labels
def test_integer_labels_with_categorical_loss() -> None:
    text = (
        "y holds integer labels (shape (10,)), but the loss 'categorical_crossentropy' expects "
        "one-hot rows of 3 numbers, the shape of the output of model 'net', (batch, 3). Use "
        'loss="sparse_categorical_crossentropy", or pass '
        "whit.utils.to_categorical(y, num_classes=3)."
    )
    fails(LabelError, text, y=LABELS)
    with pytest.raises(LabelError, match=r"integer labels \(shape \(10, 1\)\)"):
        check(y=LABELS[:, None], loss=losses.CategoricalCrossentropy())


def test_one_hot_labels_with_sparse_loss() -> None:
    text = (
        "y holds rows of 3 numbers (shape (10, 3)), but the loss 'sparse_categorical_crossentropy' "
        "expects one integer label for each sample, of shape (batch,). Use "
        'loss="categorical_crossentropy" for one-hot rows, or pass y.argmax(axis=-1).'
    )
    fails(LabelError, text, loss="sparse_categorical_crossentropy")


def test_labels_out_of_range() -> None:
    text = (
        "y holds labels out of range: 3 in row 3, 4 in row 4, 5 in row 5, 6 in row 6, 7 in row 7 "
        "and 2 more. The output has 3 classes, so labels must be whole numbers from 0 to 2. Give "
        "the last layer 10 units, or correct the labels."
    )
    fails(LabelError, text, y=np.arange(10), loss="sparse_categorical_crossentropy")


@pytest.mark.parametrize(
    ("y", "text"),
    [
        (
            LABELS + 1,
            "out of range: 3 in row 2, 3 in row 5, 3 in row 8. .*count from 1: subtract 1",
        ),
        (LABELS - 1, "out of range: -1 in row 0.*Correct the labels"),
        (LABELS + 0.5, "out of range: 0.5 in row 0"),
    ],
)
def test_other_labels_out_of_range(y: np.ndarray, text: str) -> None:
    with pytest.raises(LabelError, match=text):
        check(y=y, loss="sparse_categorical_crossentropy")


def test_the_ignored_class_alone_is_allowed_besides() -> None:
    loss = losses.SparseCategoricalCrossentropy(ignore_class=255)
    y = LABELS.copy()
    y[3] = 255
    check(y=y, loss=loss)
    y[4] = 7
    with pytest.raises(LabelError, match=r"out of range: 7 in row 4. "):
        check(y=y, loss=loss)


def test_targets_of_another_shape() -> None:
    text = (
        "y has shape (10, 2), but the loss 'mse' compares it with the output of model 'net' and "
        "expects (batch, 3). Change the number of units of the last layer, or reshape y."
    )
    fails(ShapeError, text, y=X[:, :2], loss="mse")
    for y, loss in [(X[:, 0], "mse"), (X[:, :1], "mae"), (X[:, :2], "categorical_crossentropy"),
                    (LABELS, "binary_crossentropy"), (X[:, 0], losses.Huber())]:  # fmt: skip
        with pytest.raises(ValueError, match="y h"):
            check(y=y, loss=loss)
    with pytest.raises(ShapeError, match=r"expects \(batch, 7\)"):
        check(y=LABELS, loss="sparse_categorical_crossentropy", outputs=(None, 7, 3))


def test_targets_beyond_zero_and_one_with_a_binary_loss() -> None:
    signs = np.where(LABELS > 0, 1.0, -1.0)
    with pytest.warns(DataWarning, match=r"targets from -1.0 to 1.0.*pass \(y \+ 1\) / 2"):
        check(y=signs, loss="binary_crossentropy", outputs=(None, 1))


def test_an_unknown_loss_is_left_to_compile() -> None:
    check(loss="no such loss")
    check(loss={"a": "mse"})


# ---- NaN and infinities
def test_nan_in_x() -> None:
    x = X.copy()
    x[7, 2] = np.nan
    x[7, 3] = np.inf
    x[8, 0] = np.nan
    text = (
        "x holds 3 values that are not finite (2 NaN, 1 infinite) in 2 of 10 rows; the first in "
        "row 7, column 2. Find them with np.argwhere(~np.isfinite(x)), then fill them "
        "(np.nan_to_num) or keep only whole rows: "
        "x[np.isfinite(x).reshape(len(x), -1).all(axis=1)], and the same rows of the other arrays."
    )
    fails(NonFiniteDataError, text, x=x)


def test_nan_elsewhere() -> None:
    weight = np.ones(10)
    weight[3] = -np.inf
    with pytest.raises(
        NonFiniteDataError,
        match=r"sample_weight holds 1 value that is not finite \(1 infinite\) in 1 of 10 rows; the "
        r"first in row 3\.",
    ):
        check(weight=weight)
    with pytest.raises(NonFiniteDataError, match=r"y holds 30 values.*30 NaN"):
        check(y=ONE_HOT * np.nan)
    with pytest.raises(NonFiniteDataError, match=r"first in row 1, at index \(2, 3\)"):
        x = np.zeros((2, 4, 5), np.float32)
        x[1, 2, 3] = np.nan
        checks.check_finite("x", x)


@pytest.mark.parametrize("place", [0, 1, 9_999, 399_999, 400_000, 599_999])
@pytest.mark.parametrize("order", ["C", "F"])
def test_no_block_is_forgotten(place: int, order: Any) -> None:
    x = np.zeros((200_000, 3), np.float32)
    x.reshape(-1)[place] = np.nan
    with pytest.raises(NonFiniteDataError, match=f"row {place // 3}, column {place % 3}"):
        checks.check_finite("x", np.asarray(x, order=order))


def test_large_finite_numbers_are_no_infinities() -> None:
    checks.check_finite("x", np.full((10, 4), 3e38, np.float32))
    checks.check_finite("x", np.full((10, 4), 1e300))
    checks.check_finite("x", np.array([[2**62]]))


def test_the_whole_check_is_one_pass() -> None:
    """Measured against one sum over the data, so that a busy machine slows both."""
    x = np.ones((20_000, 784), np.float32)
    y = np.zeros(20_000, np.int64)

    def seconds(f: Any) -> float:
        times = []
        for _ in range(5):
            start = time.perf_counter()
            f()
            times.append(time.perf_counter() - start)
        return min(times)

    def whole() -> None:
        checks.check_training_data(
            "net", x, y, None, (None, 784), (None, 10), "sparse_categorical_crossentropy"
        )

    assert seconds(whole) < 6 * seconds(lambda: x.reshape(-1).sum()) + 0.01


# ---- images
def test_unscaled_images_are_warned_about_once() -> None:
    images = np.random.default_rng(0).integers(0, 256, (10, 8, 8)).astype(np.float32)
    text = (
        f"x looks like images with values from {images.min():.0f} to {images.max():.0f} that "
        "nothing scales; networks learn far better from values between 0 and 1. Pass "
        'x.astype("float32") / 255, or begin the model with layers.Rescaling(1 / 255).'
    )
    with pytest.warns(DataWarning, match=f"^{re.escape(text)}$"):
        check(x=images, inputs=(None, 8, 8))
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("default")
        for _ in range(3):
            check(x=images, inputs=(None, 8, 8))
    assert len(seen) == 1


@pytest.mark.parametrize(
    "x",
    [
        np.random.default_rng(0).integers(0, 256, (10, 8, 8)) / 255,
        np.random.default_rng(0).integers(0, 200, (10, 80)),  # words
        np.random.default_rng(0).integers(0, 2, (10, 8, 8)),
        np.random.default_rng(0).normal(size=(10, 8, 8)) * 50,
        np.arange(100.0).reshape(10, 10),
    ],
)
def test_other_data_is_not_taken_for_images(x: np.ndarray) -> None:
    checks.warn_unscaled_images("x", x)


def test_models_that_scale_are_left_alone() -> None:
    images = np.full((10, 8, 8), 255.0)
    checks.check_training_data(
        "net", images, ONE_HOT, None, (None, 8, 8), (None, 3), "mse", rescales=True
    )
