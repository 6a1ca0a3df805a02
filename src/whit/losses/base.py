"""The class Loss, and how losses of samples become one number: weights, masks, reductions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from whit import ops
from whit.errors import ArgumentError, ShapeError, did_you_mean
from whit.graph import Tensor, build, origin
from whit.losses.align import as_value, compute_dtype, same_rank
from whit.naming import auto_name
from whit.ops.lift import Array, ArrayLike, op, strong

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none")


class Loss:
    """What training makes small: subclass it and write `call(y_true, y_pred)`.

    Args:
        name: for progress bars and history; made from the class's name if not given.
        reduction: how the losses of the samples become one number: "sum_over_batch_size" or "mean"
            (sum of weighted losses over their count), "sum", "mean_with_sample_weight" (over the
            sum of the weights), or "none" or None (no reduction).
        dtype: what it computes in: a dtype, a policy, or None for `whit.config.floatx()`.

    Raises:
        ArgumentError: a reduction that does not exist.

    Example:
        >>> class Absolute(whit.Loss):
        ...     def call(self, y_true, y_pred):
        ...         return ops.mean(ops.abs(y_true - y_pred), axis=-1)

    Source: https://keras.io/api/losses/
    """

    integer_targets = False
    """Whether `call` wants the targets as they are, not cast to the loss's dtype."""

    def __init__(
        self,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        self.name = name or auto_name(type(self).__name__)
        self.reduction = check_reduction(reduction)
        self._dtype = compute_dtype(dtype)

    @property
    def dtype(self) -> str:
        """The type that it computes in."""
        return self._dtype

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss of a batch.

        Args:
            y_true: targets, shape (batch, ...).
            y_pred: predictions, shape (batch, ...).
            sample_weight: one weight for each sample (batch,), or for each loss, or broadcastable.

        Returns:
            A scalar, or with reduction "none" one loss for each sample: an array, or a tensor in a
            trace.
        """
        with origin(self.name):
            p = as_value(y_pred, self.dtype)
            t = as_value(y_true, None if self.integer_targets else self.dtype)
            losses = self.call(t, p)
            mask = self.mask(t, p, losses)
            return reduce_weighted_values(losses, sample_weight, mask, self.reduction, self.dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each sample, shape (batch,) or (batch, d0, ...); written by subclasses."""
        raise TypeError(f"{type(self).__name__} has no loss: it must define call(y_true, y_pred)")

    def mask(self, y_true: Any, y_pred: Any, losses: Any) -> Any:
        """Which losses count (bool, shape of `losses`), or None for all of them."""
        return None

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal loss."""
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """The loss with these arguments."""
        return cls(**config)


class LossFunctionWrapper(Loss):
    """A Loss from a function of (y_true, y_pred, ...) to the losses of the samples.

    Args:
        fn: the function.
        reduction, name, dtype: as in `Loss`.
        **kwargs: further arguments of `fn`; attributes of the object as well.
    """

    optional: dict[str, Any] = {}
    """Arguments that `get_config` leaves out while they have these values (Keras' always does)."""

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.fn = fn
        self.integer_targets = getattr(fn, "integer_targets", False)
        self._kwargs = kwargs
        vars(self).update(kwargs)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`fn` of targets and predictions of one rank."""
        t, p = same_rank(y_true, y_pred)
        return self.fn(t, p, **self._kwargs)

    def mask(self, y_true: Any, y_pred: Any, losses: Any) -> Any:
        """What the function's own `mask` says, if it has one."""
        return loss_mask(self.fn, y_true, losses, self._kwargs)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal loss."""
        config = super().get_config()
        if type(self) is LossFunctionWrapper:
            from whit.losses import serialize

            config["fn"] = serialize(self.fn)
        left_out = {k for k, v in self.optional.items() if self._kwargs.get(k) == v}
        return config | {k: v for k, v in self._kwargs.items() if k not in left_out}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """The loss with these arguments; a serialized `fn` becomes the function."""
        if isinstance(config.get("fn"), dict):
            from whit.losses import deserialize

            config = {**config, "fn": deserialize(config["fn"])}
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def check_reduction(reduction: str | None) -> str | None:
    """`reduction` itself.

    Raises:
        ArgumentError: it does not exist.
    """
    if reduction is not None and reduction not in REDUCTIONS:
        hint = did_you_mean(reduction, REDUCTIONS)
        raise ArgumentError(
            f"reduction={reduction!r}: expected one of {', '.join(map(repr, REDUCTIONS))} or None."
            f"{hint}"
        )
    return reduction


def loss_mask(fn: Callable, y_true: Any, losses: Any, kwargs: dict[str, Any]) -> Any:
    """Which of `losses` count according to the loss function's `mask`; None for all."""
    mask = getattr(fn, "mask", None)
    return None if mask is None else mask(y_true, losses, **kwargs)


@op("values", "sample_weight", "mask")
def reduce_weighted_values(
    values: ArrayLike,
    sample_weight: ArrayLike = None,
    mask: ArrayLike = None,
    reduction: str | None = "sum_over_batch_size",
    dtype: Any = None,
) -> Array:
    """Weigh and mask losses and reduce them to one.

    Args:
        values: losses, shape (batch, ...).
        sample_weight: of their shape, or of a leading part of it (one weight for each sample), or
            broadcastable to it, or None.
        mask: true where a loss counts, or None. Means are over those that count.
        reduction: see `Loss`.
        dtype: of the result; that of `values` if None.

    Returns:
        A scalar; with reduction "none" or None the weighted losses.
    """
    check_reduction(reduction)
    values = strong(values) if dtype is None else build.cast(strong(values), compute_dtype(dtype))
    weight = merge_mask(sample_weight, mask, values.dtype, reduction)
    if weight is not None:
        values, weight = fit_weights(values, weight)
        values = values * weight
    if reduction in (None, "none") or values.shape in ((), (0,)):
        return values
    total = build.total(values)
    if reduction == "sum":
        return total
    if reduction == "mean_with_sample_weight" and weight is not None:
        return ops.divide_no_nan(total, build.total(weight))
    return total * (1.0 / max(values.size, 1))


def merge_mask(
    weight: Tensor | None, mask: Tensor | None, dtype: str, reduction: str | None
) -> Tensor | None:
    """Weights with those of masked losses 0; for a mean the others grow to make up for them."""
    weight = None if weight is None else build.cast(strong(weight), dtype)
    if mask is None:
        return weight
    counts = build.cast(mask, dtype)
    if reduction in ("mean", "sum_over_batch_size"):
        counts = counts * ops.divide_no_nan(float(mask.size), build.total(counts))
    if weight is None:
        return counts
    counts, weight = fit_weights(counts, weight)
    return counts * weight


def fit_weights(values: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Both of one rank: axes of extent 1 added on the right of weights that name leading axes.

    One weight for each sample thus weighs all losses of that sample, as Keras' documentation says.

    Raises:
        ShapeError: the weights do not broadcast to the values.
    """
    values, weight = same_rank(values, weight)
    missing = values.ndim - weight.ndim
    if missing > 0 and weight.shape == values.shape[: weight.ndim]:
        weight = build.reshape(weight, weight.shape + (1,) * missing)
    try:
        fits = np.broadcast_shapes(values.shape, weight.shape) == values.shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"sample_weight has shape {weight.shape}, but the losses that it weighs have shape "
            f"{values.shape}. Give one weight for each sample (shape {values.shape[:1]}) or one "
            "for each loss."
        )
    return values, weight
