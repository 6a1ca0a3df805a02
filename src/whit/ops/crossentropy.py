"""Cross-entropies, element by element as in Keras, and the encodings they are fed with.

Probabilities that a softmax or a sigmoid of the same graph made are taken back to their logits: the
logarithm is then exact where a clipped probability would have lost everything.
"""

from __future__ import annotations

from typing import Any

from whit import config
from whit.graph import Tensor, apply, build, dtypes
from whit.ops.activation import is_softmax, log_soft_max, logits_behind_sigmoid, soft_plus
from whit.ops.lift import Array, ArrayLike, axis_of, floating, op


def log_probabilities(output: Tensor, from_logits: bool, axis: int) -> Tensor:
    """Logarithms of the class probabilities along `axis`.

    Args:
        output: logits, or probabilities: these are divided by their sum and clipped to
            [epsilon, 1 - epsilon], unless they come from a softmax over that axis.
    """
    if from_logits:
        return log_soft_max(output, (axis,))
    if is_softmax(output, (axis,)):
        return apply("log", output)
    total = build.total(output, (axis,))
    return apply("log", clipped(build.divide(output, build.expand(total, output.shape, (axis,)))))


def clipped(p: Tensor) -> Tensor:
    """Probabilities kept `epsilon` away from 0 and 1."""
    epsilon = config.epsilon()
    return build.binary("min", build.maximum(p, epsilon), 1 - epsilon)


@op("target", "output")
def categorical_crossentropy(
    target: ArrayLike, output: ArrayLike, from_logits: bool = False, axis: int = -1
) -> Array:
    """-sum(target * log(output)) along `axis`.

    Args:
        target: class probabilities, one-hot or not, of the shape of `output`.
        output: probabilities, or logits if `from_logits`.

    Raises:
        ValueError: shapes that differ.
    """
    output = floating(output)
    at = _class_axis(output, axis, "categorical_crossentropy")
    if target.shape != output.shape:
        raise ValueError(
            f"categorical_crossentropy: target has shape {target.shape} and output {output.shape}; "
            "they must be equal. Integer labels are for sparse_categorical_crossentropy, or can be "
            "made one-hot by ops.one_hot"
        )
    target = build.cast(target, output.dtype)
    return -build.total(target * log_probabilities(output, from_logits, at), (at,))


@op("target", "output")
def sparse_categorical_crossentropy(
    target: ArrayLike, output: ArrayLike, from_logits: bool = False, axis: int = -1
) -> Array:
    """-log(output) at the class that `target` names, along `axis`.

    Args:
        target: integer labels of the shape of `output` without `axis` (or with extent 1 there).
        output: probabilities, or logits if `from_logits`.

    Raises:
        ValueError: shapes that do not fit.
    """
    output = floating(output)
    at = _class_axis(output, axis, "sparse_categorical_crossentropy")
    shape = output.shape[:at] + output.shape[at + 1 :]
    if target.ndim == output.ndim and target.shape[at] == 1:
        target = build.reshape(target, target.shape[:at] + target.shape[at + 1 :])
    if target.shape != shape:
        raise ValueError(
            f"sparse_categorical_crossentropy: target has shape {target.shape}; expected {shape}, "
            f"one integer label for each row of output {output.shape}. One-hot targets are for "
            "categorical_crossentropy"
        )
    logs = log_probabilities(output, from_logits, at)
    return -build.total(build.mask(hot(target, output.shape, at), logs), (at,))


def _class_axis(output: Tensor, axis: int, name: str) -> int:
    if not output.ndim:
        raise ValueError(f"{name}: output is a scalar; expected an axis of classes")
    return axis_of(axis, output.ndim)


@op("target", "output")
def binary_crossentropy(target: ArrayLike, output: ArrayLike, from_logits: bool = False) -> Array:
    """-target * log(output) - (1 - target) * log(1 - output), for each element.

    Args:
        target: 0 or 1, or probabilities, of the shape of `output`.
        output: probabilities (clipped to [epsilon, 1 - epsilon]), or logits if `from_logits`.

    Raises:
        ValueError: shapes that differ.
    """
    output = floating(output)
    if target.shape != output.shape:
        raise ValueError(
            f"binary_crossentropy: target has shape {target.shape} and output {output.shape}; "
            "they must be equal"
        )
    target = build.cast(target, output.dtype)
    logits = output if from_logits else logits_behind_sigmoid(output)
    if logits is not None:
        return soft_plus(logits) - logits * target
    p = clipped(output)
    return -(target * apply("log", p) + (1.0 - target) * apply("log", 1.0 - p))


# ---- encodings
def hot(labels: Tensor, shape: tuple[int, ...], axis: int) -> Tensor:
    """True where the index along `axis` of `shape` equals the label."""
    labels = labels if dtypes.is_integer(labels.dtype) else build.cast(labels, "int32")
    classes = build.broadcast(build.iota(shape[axis], labels.dtype), shape, (axis,))
    return apply("equal", build.expand(labels, shape, (axis,)), classes)


def _refuse_sparse(sparse: bool) -> None:
    if sparse:
        raise ValueError("sparse=True: whit has no sparse tensors; use sparse=False")


@op("x")
def one_hot(
    x: ArrayLike, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Array:
    """1 at the class that each integer names, 0 elsewhere (everywhere for a label out of range).

    Args:
        axis: where the axis of classes stands in the result.
        dtype: `floatx` by default.
    """
    _refuse_sparse(sparse)
    at = axis_of(axis, x.ndim + 1)
    shape = (*x.shape[:at], int(num_classes), *x.shape[at:])
    wanted = config.floatx() if dtype is None else dtypes.canonical(dtype)
    return build.cast(hot(x, shape, at), wanted)


@op("inputs")
def multi_hot(
    inputs: ArrayLike,
    num_classes: int | None = None,
    axis: int = -1,
    dtype: Any = None,
    sparse: bool = False,
    num_tokens: int | None = None,
) -> Array:
    """1 at every class that a row of integers names, 0 elsewhere.

    Args:
        num_tokens: Keras' old name of `num_classes`.
    """
    _refuse_sparse(sparse)
    classes = num_tokens if num_classes is None else num_classes
    if classes is None:
        raise ValueError("multi_hot: num_classes=None: expected the number of classes")
    rows = one_hot(inputs, classes, axis, "bool")
    rows = build.reduce("max_reduce", rows, (1 if inputs.ndim > 1 else 0,))
    return build.cast(rows, config.floatx() if dtype is None else dtypes.canonical(dtype))
