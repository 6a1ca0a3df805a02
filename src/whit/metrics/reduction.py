"""Sum and Mean of values, and the mean of a function of (y_true, y_pred): what most metrics are."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from whit import ops
from whit.graph import Tensor, build
from whit.losses.align import same_rank
from whit.losses.base import loss_mask, merge_mask
from whit.metrics.base import Metric, accumulate
from whit.ops.lift import Array, ArrayLike, op, strong

Reduce = Callable[[Tensor, list[int]], Tensor]


@op("values", "sample_weight")
def weighted_sum(values: ArrayLike, sample_weight: ArrayLike, dtype: str) -> Array:
    """The sum of all values, each times its weight (None is 1)."""
    values = build.cast(strong(values), dtype)
    if sample_weight is not None:
        values, _ = _weighted(values, build.cast(strong(sample_weight), dtype), build.total)
    return build.total(values)


@op("values", "sample_weight")
def mean_sums(values: ArrayLike, sample_weight: ArrayLike, dtype: str) -> Array:
    """Weighted sum over the samples of their mean values, and the sum of the weights.

    Args:
        values: (batch, ...). sample_weight: of as many axes or fewer, or None.
        dtype: to compute in.
    """
    values = build.cast(strong(values), dtype)
    if sample_weight is None:  # one sum over everything, not one for each sample first
        samples = values.shape[0] if values.ndim else 1
        each = max(math.prod(values.shape[1:]), 1)
        return build.total(values) * (1.0 / each), build.constant(float(samples), dtype)
    values, weight = _weighted(values, build.cast(strong(sample_weight), dtype), build.mean)
    return build.total(values), build.total(weight)


def _weighted(values: Tensor, weight: Tensor, reduce: Reduce) -> tuple[Tensor, Tensor]:
    """One value times its weight for each sample, and the weights; other axes are reduced."""
    values, weight = same_rank(values, weight)
    values = _reduce_from(weight.ndim, values, reduce)
    weight = build.broadcast_to(weight, values.shape)
    return _reduce_from(1, values * weight, reduce), _reduce_from(1, weight, reduce)


def _reduce_from(axis: int, x: Tensor, reduce: Reduce) -> Tensor:
    return reduce(x, list(range(axis, x.ndim))) if x.ndim > axis else x


@op("sample_weight", "mask")
def _masked(sample_weight: ArrayLike, mask: ArrayLike, dtype: str) -> Array:
    return merge_mask(sample_weight, mask, dtype, "sum")


class Sum(Metric):
    """The (weighted) sum of values.

    Args:
        name, dtype: as in `Metric`.

    Example:
        >>> m = Sum()
        >>> m.update_state([1, 3, 5, 7])
        >>> m.result()
        array(16., dtype=float32)
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values, (batch, ...)."""
        accumulate(self.total, weighted_sum(values, sample_weight, self.dtype))

    def result(self) -> Any:
        """The sum so far."""
        return ops.cast(self.total, self.dtype)


class Mean(Metric):
    """The (weighted) mean of values.

    Args:
        name, dtype: as in `Metric`.

    Example:
        >>> m = Mean()
        >>> m.update_state([1, 3, 5, 7], sample_weight=[1, 1, 0, 0])
        >>> m.result()
        array(2., dtype=float32)
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), name="total")
        self.count = self.add_variable((), name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values, (batch, ...); one weight for each sample, or for each value."""
        total, count = mean_sums(values, sample_weight, self.dtype)
        accumulate(self.total, total)
        accumulate(self.count, count)

    def result(self) -> Any:
        """The mean so far; 0 before the first value."""
        return ops.divide_no_nan(self.total, self.count)


class MeanMetricWrapper(Mean):
    """The mean of a function of targets and predictions.

    Args:
        fn: `fn(y_true, y_pred, **kwargs)` -> one value for each sample, or more.
        name, dtype: as in `Metric`.
        **kwargs: further arguments of `fn`; attributes of the object as well.
    """

    configured: tuple[str, ...] = ()
    """Arguments that a subclass's `get_config` holds, apart from name and dtype."""

    def __init__(
        self,
        fn: Callable[..., Any],
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self._fn = fn
        self._fn_kwargs = kwargs
        for key, value in kwargs.items():
            setattr(self, key, value)

    def update_state(  # type: ignore[override]
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        """Add a batch of targets and predictions."""
        values = self._fn(y_true, y_pred, **self._fn_kwargs)
        if sample_weight is not None:
            mask = loss_mask(self._fn, y_true, values, self._fn_kwargs)
            if mask is not None:
                sample_weight = _masked(sample_weight, mask, self.dtype)
        super().update_state(values, sample_weight=sample_weight)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        config = super().get_config()
        if type(self) is not MeanMetricWrapper:
            return config | {k: self._fn_kwargs[k] for k in self.configured}
        from whit.metrics import serialize

        return config | {"fn": serialize(self._fn)} | self._fn_kwargs

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """The metric with these arguments; a serialized `fn` becomes the function."""
        if isinstance(config.get("fn"), dict):
            from whit.metrics import deserialize

            config = {**config, "fn": deserialize(config["fn"])}
        return cls(**config)
