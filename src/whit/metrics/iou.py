"""Intersection over union of classes, from a confusion matrix: one matrix product a batch."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from whit import ops
from whit.config import epsilon
from whit.errors import ArgumentError
from whit.graph import build
from whit.losses.align import as_value, first_of_largest
from whit.metrics.base import Metric, accumulate
from whit.ops.crossentropy import hot
from whit.ops.lift import Array, ArrayLike, op


@op("y_true", "y_pred", "weight")
def confusion_matrix(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    weight: ArrayLike,
    num_classes: int,
    dtype: str,
    true_axis: int | None = None,
    pred_axis: int | None = None,
    ignore_class: int | None = None,
) -> Array:
    """(classes, classes): the weight of samples of each label (row) by predicted class (column).

    Args:
        y_true, y_pred: classes, or scores with the class axis `true_axis`, `pred_axis`. Classes out
            of range are not counted.
        weight: of the samples, or a scalar. ignore_class: a label that is not counted.
    """
    t = y_true if true_axis is None else first_of_largest(y_true, true_axis)
    p = y_pred if pred_axis is None else first_of_largest(y_pred, pred_axis)
    t, p = (build.reshape(build.cast(x, "int32"), (x.size,)) for x in (t, p))
    weight = build.cast(weight, dtype)
    weight = build.reshape(weight, (weight.size,) if weight.ndim else ())
    weight = build.broadcast_to(weight, t.shape)
    if ignore_class is not None:
        weight = build.mask(ops.not_equal(t, ignore_class), weight)
    rows, columns = (hot(x, (t.size, num_classes), 1) for x in (t, p))
    weighted = build.mask(rows, build.broadcast(weight, rows.shape, (0,)))
    return build.dot(build.swap_last(weighted), build.cast(columns, dtype))


@op("matrix")
def _average_iou(matrix: ArrayLike, classes: tuple[int, ...]) -> Array:
    """The mean of TP / (TP + FP + FN) over those of the classes that occur."""
    hits = build.cast(ops.diagonal(matrix), "float32")
    either = build.cast(ops.sum(matrix, 0) + ops.sum(matrix, 1), "float32") - hits
    hits, either = (ops.take(x, list(classes), axis=0) for x in (hits, either))
    occurs = ops.greater(either, 1e-9)
    scores = build.mask(occurs, hits / (either + epsilon()))
    return ops.sum(scores) / (ops.sum(build.cast(occurs, "float32")) + epsilon())


class IoU(Metric):
    """TP / (TP + FP + FN) of some classes, averaged over those that occur.

    Args:
        num_classes: number of classes.
        target_class_ids: the classes to average over.
        name: as in `Metric`. dtype: of the counts, int32 by default.
        ignore_class: a label whose samples do not count.
        sparse_y_true, sparse_y_pred: integer classes (True), or scores with a class axis (False).
        axis: the class axis of scores.

    Raises:
        ArgumentError: a target class that does not exist.
    """

    _direction = "up"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(name=name, dtype=dtype or "int")
        if max(target_class_ids) >= num_classes:
            raise ArgumentError(
                f"target_class_ids={list(target_class_ids)}: expected classes below "
                f"num_classes={num_classes}."
            )
        self.num_classes = num_classes
        self.target_class_ids = list(target_class_ids)
        self.ignore_class = ignore_class
        self.sparse_y_true, self.sparse_y_pred, self.axis = sparse_y_true, sparse_y_pred, axis
        shape = (num_classes, num_classes)
        self.total_cm = self.add_variable(shape, name="total_confusion_matrix")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of labels and predicted classes, of any shape."""
        weight = as_value(1 if sample_weight is None else sample_weight)
        if sample_weight is not None and "float" in str(weight.dtype) and "int" in self.dtype:
            warnings.warn(
                f"sample_weight is {weight.dtype}, but {self.name} counts in {self.dtype}: weights "
                'are rounded towards 0. Give the metric dtype="float32".',
                stacklevel=2,
            )
        matrix = confusion_matrix(
            y_true,
            y_pred,
            weight,
            self.num_classes,
            self.dtype,
            None if self.sparse_y_true else self.axis,
            None if self.sparse_y_pred else self.axis,
            self.ignore_class,
        )
        accumulate(self.total_cm, matrix)

    def result(self) -> Any:
        """The average so far."""
        return _average_iou(self.total_cm, tuple(self.target_class_ids))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        return super().get_config() | {name: getattr(self, name) for name in self._configured}

    _configured: tuple[str, ...] = (
        "num_classes", "target_class_ids", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis",
    )  # fmt: skip


class BinaryIoU(IoU):
    """`IoU` of scores of two classes.

    Args:
        target_class_ids: the classes, 0 and 1, to average over.
        threshold: scores at or above it are class 1.
        name, dtype: as in `IoU`.
    """

    _configured = ("target_class_ids", "threshold")

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of labels 0 and 1 and scores."""
        above = ops.greater_equal(ops.cast(y_pred, "float32"), self.threshold)
        super().update_state(y_true, ops.cast(above, "int32"), sample_weight)


class MeanIoU(IoU):
    """`IoU` averaged over all classes; arguments as there."""

    _configured: tuple[str, ...] = (
        "num_classes", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis",
    )  # fmt: skip

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        everything = range(num_classes)
        super().__init__(
            num_classes, everything, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis
        )


class OneHotIoU(IoU):
    """`IoU` of one-hot labels; arguments as there."""

    _configured = ("num_classes", "target_class_ids", "ignore_class", "sparse_y_pred", "axis")

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis
        )


class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` of one-hot labels; arguments as in `IoU`."""

    _configured = ("num_classes", "ignore_class", "sparse_y_pred", "axis")

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)
