"""Normalization, cross-entropies, encodings and attention against formulas in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.support import traced
from whit import config, ops
from whit.graph import Trace, input_
from whit.ops.activation import is_softmax, logits_behind_sigmoid

RNG = np.random.default_rng(5)
X = RNG.normal(size=(3, 4, 5)).astype(np.float32)
SCORES = RNG.normal(size=(3, 4)).astype(np.float32)


def close(found: Any, expected: Any, rtol: float = 2e-5) -> None:
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=2e-6)


def softmax(x: np.ndarray, axis: Any) -> np.ndarray:
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


# ---- softmax and sigmoid as graphs
@pytest.mark.parametrize("axis", [-1, 0, 1, (0, 2), (1, -1)])
def test_softmax(axis: Any) -> None:
    close(ops.softmax(X, axis), softmax(X, axis))
    close(ops.log_softmax(X, axis), np.log(softmax(X.astype(np.float64), axis)))
    close(traced(lambda x: ops.log(ops.softmax(x, axis)), X), ops.log_softmax(X, axis))


def test_softmax_of_extremes_and_of_nothing() -> None:
    x = np.array([[1e4, 0, -1e4], [-np.inf, 3, 3]], np.float32)
    close(ops.softmax(x), [[1, 0, 0], [0, 0.5, 0.5]])
    assert ops.softmax(np.zeros((2, 0), np.float32)).shape == (2, 0)
    assert ops.log_softmax(np.zeros((0, 3), np.float32)).shape == (0, 3)


def test_losses_recognize_softmax_and_sigmoid() -> None:
    x = input_("x", (3, 4), "float32")
    with Trace().active():
        assert is_softmax(ops.softmax(x), (1,)) and not is_softmax(ops.softmax(x, 0), (1,))
        assert not is_softmax(ops.exp(x) / 2.0, (1,))
        assert logits_behind_sigmoid(ops.sigmoid(x)) is x
        assert logits_behind_sigmoid(ops.exp(x)) is None
        assert logits_behind_sigmoid(ops.softmax(x)) is None


def test_softmax_has_the_promised_form() -> None:
    """div(exp(x - stop(max)), broadcast(sum)): engines and losses rely on it."""
    x = input_("x", (3, 4), "float32")
    with Trace().active():
        y = ops.softmax(x)
    e, total = y.inputs
    assert (y.op, e.op, total.op, total.inputs[0].op) == ("div", "exp", "broadcast", "sum")
    assert total.inputs[0].inputs[0] is e and e.inputs[0].inputs[0] is x
    top = e.inputs[0].inputs[1]
    assert (top.op, top.inputs[0].op, top.inputs[0].inputs[0].op) == (
        "broadcast",
        "stop",
        "max_reduce",
    )


# ---- cross-entropies
HOT = np.eye(4, dtype=np.float32)[[0, 2, 1]]
LABELS = np.array([0, 2, 1])


def test_categorical_crossentropy() -> None:
    p = softmax(SCORES, -1)
    expected = -np.log(p[np.arange(3), LABELS])
    close(ops.categorical_crossentropy(HOT, SCORES, from_logits=True), expected)
    close(ops.categorical_crossentropy(HOT, p), expected)
    close(ops.categorical_crossentropy(HOT, p * 7), expected)
    close(ops.categorical_crossentropy(HOT.T, SCORES.T, from_logits=True, axis=0), expected)
    for labels in (LABELS, LABELS[:, None], LABELS.astype(np.float32), LABELS.astype(np.uint8)):
        close(ops.sparse_categorical_crossentropy(labels, SCORES, from_logits=True), expected)
        close(ops.sparse_categorical_crossentropy(labels, p), expected)


def test_confident_mistakes_keep_their_size() -> None:
    """Behind a softmax in the same graph the loss is that of the logits; alone it is clipped."""
    x = np.array([[0.0, 200.0, 0, 0]], np.float32)
    found = traced(lambda t: ops.categorical_crossentropy(HOT[:1], ops.softmax(t)), x)
    close(found, [200])
    close(ops.categorical_crossentropy(HOT[:1], ops.softmax(x)), [-np.log(config.epsilon())])
    y = np.array([[-200.0]], np.float32)
    one = np.ones((1, 1), np.float32)
    close(traced(lambda t: ops.binary_crossentropy(one, ops.sigmoid(t)), y), [[200]])
    close(ops.binary_crossentropy(one, ops.sigmoid(y)), [[-np.log(config.epsilon())]])


def test_binary_crossentropy() -> None:
    t = (RNG.random((3, 4)) > 0.5).astype(np.float32)
    p = 1 / (1 + np.exp(-SCORES))
    expected = -(t * np.log(p) + (1 - t) * np.log(1 - p))
    close(ops.binary_crossentropy(t, SCORES, from_logits=True), expected)
    close(ops.binary_crossentropy(t, p), expected)
    far = np.array([[1e4, -1e4]], np.float32)
    close(ops.binary_crossentropy(np.array([[0, 1]]), far, from_logits=True), [[1e4, 1e4]])


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (
            lambda: ops.categorical_crossentropy(LABELS, SCORES),
            r"target has shape \(3,\) and output \(3, 4\).*sparse_categorical_crossentropy",
        ),
        (
            lambda: ops.sparse_categorical_crossentropy(HOT, SCORES),
            r"target has shape \(3, 4\); expected \(3,\), one integer label",
        ),
        (lambda: ops.binary_crossentropy(LABELS, SCORES), "they must be equal"),
        (lambda: ops.categorical_crossentropy(1.0, 0.5), "output is a scalar"),
        (lambda: ops.one_hot(LABELS, 3, sparse=True), "no sparse tensors"),
        (lambda: ops.multi_hot(LABELS), "num_classes=None"),
        (lambda: ops.normalize(X, order=0), "order=0: expected a number of 1 or more"),
        (lambda: ops.glu(X), r"axis=-1 of shape \(3, 4, 5\) has 5 places; expected an even"),
        (lambda: ops.dot_product_attention(X, X, X), "need four axes"),
    ],
)
def test_errors(f: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        f()


# ---- encodings
def test_one_hot() -> None:
    close(ops.one_hot(LABELS, 4), HOT)
    close(ops.one_hot(LABELS, 4, axis=0), HOT.T)
    assert ops.one_hot(LABELS, 4, dtype="int8").dtype == np.int8
    close(ops.one_hot([[5, -1]], 3), np.zeros((1, 2, 3)))
    assert ops.one_hot(np.zeros((0,), np.int32), 3).shape == (0, 3)


def test_multi_hot() -> None:
    close(ops.multi_hot([[0, 2], [1, 1]], 4), [[1, 0, 1, 0], [0, 1, 0, 0]])
    close(ops.multi_hot([0, 2], num_classes=3), [1, 0, 1])


# ---- normalization
def test_moments() -> None:
    m, v = ops.moments(X, (0, 1))
    close(m, X.mean((0, 1)))
    close(v, X.var((0, 1)))
    assert ops.moments(X, [1], keepdims=True)[1].shape == (3, 1, 5)


def test_batch_normalization() -> None:
    m, o, s = RNG.normal(size=(3, 4)).astype(np.float32)
    v = np.abs(m) + 0.1
    line = lambda a: a[None, :, None]  # noqa: E731
    plain = (X - line(m)) / np.sqrt(line(v) + 0.001)
    close(ops.batch_normalization(X, m, v, 1), plain)
    close(ops.batch_normalization(X, m, v, 1, o, s), plain * line(s) + line(o))
    close(ops.batch_normalization(X, m, v, 1, offset=o), plain + line(o))


def test_layer_and_rms_normalization() -> None:
    g, b = RNG.normal(size=(2, 4, 5)).astype(np.float32)
    centred = X - X.mean((1, 2), keepdims=True)
    plain = centred / np.sqrt(X.var((1, 2), keepdims=True) + 1e-3)
    close(ops.layer_normalization(X, axis=(1, 2), epsilon=1e-3), plain)
    close(ops.layer_normalization(X, g, b, axis=(1, 2), epsilon=1e-3), plain * g + b)
    last = X / np.sqrt((X**2).mean(-1, keepdims=True) + config.epsilon())
    close(ops.rms_normalization(X, g[0]), last * g[0])


@pytest.mark.parametrize("order", [1, 2, 3, np.inf])
def test_normalize(order: float) -> None:
    close(ops.normalize(X, 1, order), X / np.linalg.norm(X, order, 1, keepdims=True))
    close(ops.normalize(X * 0, 1, order), X * 0)


# ---- attention
def test_attention() -> None:
    q, k, v = RNG.normal(size=(3, 2, 5, 4, 3)).astype(np.float32)
    scores = np.einsum("bqhd,bkhd->bhqk", q, k) / np.sqrt(3)
    close(ops.dot_product_attention(q, k, v), np.einsum("bhqk,bkhd->bqhd", softmax(scores, -1), v))
    hidden = np.where(np.tri(5, dtype=bool), scores, -np.inf)
    causal = np.einsum("bhqk,bkhd->bqhd", softmax(hidden, -1), v)
    close(ops.dot_product_attention(q, k, v, is_causal=True), causal)
    close(ops.dot_product_attention(q, k, v, mask=np.tri(5, dtype=bool)), causal)
    bias = RNG.normal(size=(4, 5, 5)).astype(np.float32)
    close(
        ops.dot_product_attention(q, k, v, bias=bias, scale=1.0),
        np.einsum("bhqk,bkhd->bqhd", softmax(scores * np.sqrt(3) + bias, -1), v),
    )


def test_attention_shares_keys_among_heads() -> None:
    q = RNG.normal(size=(2, 5, 4, 3)).astype(np.float32)
    k, v = RNG.normal(size=(2, 2, 5, 2, 3)).astype(np.float32)
    wide = [np.repeat(a, 2, axis=2) for a in (k, v)]
    close(ops.dot_product_attention(q, k, v), ops.dot_product_attention(q, *wide))
