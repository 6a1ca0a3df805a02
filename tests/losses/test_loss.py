"""The class Loss: reductions, weights, masks, traces, what is known about softmax, and errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from whit import losses, ops
from whit.errors import ArgumentError, ShapeError
from whit.graph import Tensor, Trace, grad, input_, topological
from whit.ops.core import evaluate

T = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]], np.float32)
P = np.array([[1.0, 1.0], [2.0, 5.0], [1.0, 5.0]], np.float32)  # losses 0.5, 2, 4.5
W = np.array([1.0, 0.0, 2.0], np.float32)


@pytest.mark.parametrize(
    ("reduction", "plain", "weighted"),
    [
        ("sum_over_batch_size", 7 / 3, 9.5 / 3),
        ("mean", 7 / 3, 9.5 / 3),
        ("sum", 7.0, 9.5),
        ("mean_with_sample_weight", 7 / 3, 9.5 / 3.0),
        ("none", [0.5, 2.0, 4.5], [0.5, 0.0, 9.0]),
        (None, [0.5, 2.0, 4.5], [0.5, 0.0, 9.0]),
    ],
)
def test_reductions(reduction: Any, plain: Any, weighted: Any) -> None:
    loss = losses.MeanSquaredError(reduction=reduction)
    np.testing.assert_allclose(loss(T, P), plain, rtol=1e-6)
    np.testing.assert_allclose(loss(T, P, W), weighted, rtol=1e-6)
    np.testing.assert_allclose(np.ravel(loss(T, P, W[:, None])), np.ravel(weighted), rtol=1e-6)


def test_mean_with_sample_weight_divides_by_the_weights() -> None:
    loss = losses.MeanSquaredError(reduction="mean_with_sample_weight")
    np.testing.assert_allclose(loss(T, P, np.array([2.0, 2.0, 1.0])), (1 + 4 + 4.5) / 5)
    np.testing.assert_array_equal(loss(T, P, np.zeros(3)), 0)


def test_one_weight_a_sample_weighs_all_losses_of_the_sample() -> None:
    t = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    p = t + np.array([1, 2], np.float32)[:, None, None]
    loss = losses.MeanSquaredError(reduction="none")
    np.testing.assert_allclose(loss(t, p, np.array([1.0, 10.0])), [[1, 1], [40, 40]])


def test_weights_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"sample_weight has shape \(2,\).*losses.*shape \(3,\)"):
        losses.MeanSquaredError()(T, P, np.ones(2))
    with pytest.raises(ShapeError, match="sample_weight"):
        losses.MeanSquaredError()(T, P, np.ones((3, 4)))


def test_flat_targets_fit_a_column() -> None:
    t, p = np.array([1.0, 2.0]), np.array([[1.0], [4.0]])
    for f in (losses.MeanSquaredError(), losses.MeanAbsoluteError(), losses.Huber()):
        assert f(t, p) == f(t[:, None], p), f
    np.testing.assert_allclose(losses.MeanSquaredError()(t, p), 2.0)


def test_ignored_class_does_not_count_in_the_mean() -> None:
    rows = np.array([[0.5, 0.5], [0.25, 0.75], [0.9, 0.1]], np.float32)
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    got = loss(np.array([0, 1, -1]), rows)
    np.testing.assert_allclose(got, -(np.log(0.5) + np.log(0.75)) / 2, rtol=1e-6)
    assert loss(np.array([-1, -1, -1]), rows) == 0
    by_name = losses.resolve_loss(loss, (3,), (3, 2))
    assert by_name is loss


def test_large_integer_labels_are_not_rounded() -> None:
    """Keras casts them to float32, which has no 16777217."""
    seen = {}

    class Custom(losses.Loss):
        integer_targets = True

        def call(self, y_true: Any, y_pred: Any) -> Any:
            seen["label"] = int(y_true[0])
            return y_pred

    Custom()(np.array([16777217]), np.array([1.0]))
    assert seen["label"] == 16777217


def test_subclass_and_function_of_the_user() -> None:
    class Cubic(losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return ops.mean(ops.abs(y_true - y_pred) ** 3, axis=-1)

    def cubic(y_true: Any, y_pred: Any, power: int = 3) -> Any:
        return ops.mean(ops.abs(y_true - y_pred) ** power, axis=-1)

    expected = (np.abs(T - P) ** 3).mean()
    np.testing.assert_allclose(Cubic()(T, P), expected, rtol=1e-6)
    wrapped = losses.LossFunctionWrapper(cubic, name="cubic", power=3)
    np.testing.assert_allclose(wrapped(T, P), expected, rtol=1e-6)
    assert Cubic(name="c").name == "c"
    with pytest.raises(TypeError, match=r"Loss has no loss: it must define call"):
        losses.Loss()(T, P)


def test_dtype() -> None:
    assert losses.MeanSquaredError()(T.astype("float64"), P).dtype == np.float32
    assert losses.MeanSquaredError(dtype="float64")(T, P).dtype == np.float64
    assert losses.MeanSquaredError().dtype == "float32"


# ---- in a trace
def traced(loss: Any, t: np.ndarray, make: Any, z: np.ndarray) -> tuple[Tensor, float, np.ndarray]:
    """The graph of loss(t, make(z)), its value and its gradient by z."""
    x = input_("z", z.shape, z.dtype.name)
    with Trace().active():
        value = loss(t, make(x))
        gradient = grad(value, [x])[0]
    return value, float(evaluate(value, {x: z})), evaluate(gradient, {x: z})


CONFIDENT = np.array([[60.0, -60.0, 0.0], [-50.0, 50.0, 1.0]], np.float32)
WRONG = np.array([[0, 1, 0], [1, 0, 0]], np.float32)


@pytest.mark.parametrize(
    ("loss", "target"),
    [
        (losses.CategoricalCrossentropy(), WRONG),
        (losses.SparseCategoricalCrossentropy(), WRONG.argmax(1)),
    ],
)
def test_softmax_is_seen_through(loss: Any, target: np.ndarray) -> None:
    """Clipped probabilities would give a loss of 16 and no gradient."""
    _, value, gradient = traced(loss, target, ops.softmax, CONFIDENT)
    np.testing.assert_allclose(value, (120 + 100) / 2, rtol=1e-5)
    np.testing.assert_allclose(gradient, [[0.5, -0.5, 0], [-0.5, 0.5, 0]], atol=1e-6)


def test_sigmoid_is_seen_through() -> None:
    z = np.array([[40.0], [-30.0]], np.float32)
    t = np.array([[0.0], [1.0]], np.float32)
    _, value, gradient = traced(losses.BinaryCrossentropy(), t, ops.sigmoid, z)
    np.testing.assert_allclose(value, 35, rtol=1e-6)
    np.testing.assert_allclose(gradient, [[0.5], [-0.5]], rtol=1e-6)


def test_softmax_over_another_axis_is_normalised_and_clipped_as_keras_does() -> None:
    z = np.array([[1.0, 2.0], [3.0, -1.0]], np.float32)
    t = np.eye(2, dtype=np.float32)
    p = np.exp(z) / np.exp(z).sum(0, keepdims=True)
    p = p / p.sum(1, keepdims=True)
    _, value, _ = traced(losses.CategoricalCrossentropy(), t, lambda x: ops.softmax(x, axis=0), z)
    np.testing.assert_allclose(value, -np.log(np.diag(p)).mean(), rtol=1e-5)


def test_logits_that_are_probabilities_are_warned_about() -> None:
    with pytest.warns(
        UserWarning, match=r"from_logits=True, but y_pred is the output of a softmax"
    ):
        _, value, _ = traced(
            losses.CategoricalCrossentropy(from_logits=True), WRONG, ops.softmax, CONFIDENT
        )
    np.testing.assert_allclose(value, 110, rtol=1e-5)
    with pytest.warns(UserWarning, match="output of a sigmoid"):
        traced(losses.BinaryCrossentropy(from_logits=True), WRONG, ops.sigmoid, CONFIDENT)


def test_the_graph_of_the_classic_loss_is_lean() -> None:
    value, _, _ = traced(losses.CategoricalCrossentropy(), WRONG, ops.softmax, CONFIDENT)
    names = [node.op for node in topological([value])]
    counts = {op: names.count(op) for op in set(names)}
    assert counts["exp"] == counts["log"] == counts["max_reduce"] == 1
    assert counts["sum"] == 3  # of the softmax, over the classes, over the batch
    assert "div" not in counts
    assert "where" not in counts


def test_arrays_and_trace_agree() -> None:
    rows = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]], np.float32)
    for loss in (losses.CategoricalCrossentropy(label_smoothing=0.1), losses.KLDivergence(),
                 losses.CategoricalFocalCrossentropy(alpha=[0.2, 0.3, 0.5])):  # fmt: skip
        _, value, _ = traced(loss, WRONG, lambda x: x, rows)
        np.testing.assert_allclose(value, loss(WRONG, rows), rtol=1e-6)


# ---- errors
def test_errors_say_what_to_do() -> None:
    rows = np.full((3, 4), 0.25, np.float32)
    labels = np.array([1, 2, 3])
    with pytest.raises(ShapeError, match=r"y_true has shape \(3,\).*sparse_categorical_cross"):
        losses.categorical_crossentropy(labels, rows)
    with pytest.raises(ShapeError, match=r"y_true has shape \(3, 4\).*argmax"):
        losses.sparse_categorical_crossentropy(rows, rows)
    with pytest.raises(ShapeError, match=r"binary_crossentropy: y_true has shape \(3, 2\)"):
        losses.binary_crossentropy(rows[:, :2], rows)
    with pytest.warns(SyntaxWarning, match="use binary_crossentropy"):
        losses.categorical_crossentropy(np.ones((3, 1)), np.ones((3, 1)))
    with pytest.raises(ArgumentError, match=r"q=1.0: expected a number between 0 and 1"):
        losses.CategoricalGeneralizedCrossEntropy(q=1.0)
    with pytest.raises(ArgumentError, match=r"reduction='means'.*Did you mean .mean.\?"):
        losses.MeanSquaredError(reduction="means")
    with pytest.raises(ValueError, match="do not broadcast"):
        losses.mean_squared_error(np.ones((3, 2)), np.ones((3, 4)))
