"""The loss classes: a function of `functions` or `crossentropy` with its arguments and a reduction.

Signatures are Keras'. What a loss computes is said once, in its function.
"""

from __future__ import annotations

from typing import Any

from whit.errors import ArgumentError
from whit.losses import crossentropy, functions
from whit.losses.base import LossFunctionWrapper

# ---- classes


class CategoricalCrossentropy(LossFunctionWrapper):
    """Cross-entropy of one-hot targets; see `categorical_crossentropy`.

    Args:
        from_logits: whether predictions are logits, not probabilities.
        label_smoothing: in [0, 1]: this share of every target is spread over all classes.
        axis: the class axis.
        reduction, name, dtype: as in `Loss`.
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            crossentropy.categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """Cross-entropy of integer labels; see `sparse_categorical_crossentropy`.

    Args:
        from_logits: whether predictions are logits, not probabilities.
        ignore_class: a label whose samples do not count.
        axis: the class axis.
        reduction, name, dtype: as in `Loss`.
    """

    optional = {"axis": -1}

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            crossentropy.sparse_categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )


class BinaryCrossentropy(LossFunctionWrapper):
    """Cross-entropy of targets 0 and 1; see `binary_crossentropy`.

    Args:
        from_logits: whether predictions are logits, not probabilities.
        label_smoothing: in [0, 1]: moves targets this share of the way towards 0.5.
        axis: the axis of the mean.
        reduction, name, dtype: as in `Loss`.
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            crossentropy.binary_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class BinaryFocalCrossentropy(LossFunctionWrapper):
    """Binary cross-entropy that weighs hard samples more; see `binary_focal_crossentropy`.

    Args:
        apply_class_balancing: weigh class 1 by `alpha`, class 0 by 1 - `alpha`.
        alpha: the weight of class 1.
        gamma: how much less well classified samples count.
        from_logits: whether predictions are logits, not probabilities.
        label_smoothing: in [0, 1]: moves targets this share of the way towards 0.5.
        axis: the axis of the mean.
        reduction, name, dtype: as in `Loss`.
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            crossentropy.binary_focal_crossentropy,
            reduction,
            name,
            dtype,
            apply_class_balancing=apply_class_balancing,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class CategoricalFocalCrossentropy(LossFunctionWrapper):
    """Cross-entropy that weighs hard samples more; see `categorical_focal_crossentropy`.

    Args:
        alpha: a factor, or one for each class.
        gamma: how much less well classified samples count.
        from_logits: whether predictions are logits, not probabilities.
        label_smoothing: in [0, 1]: this share of every target is spread over all classes.
        axis: the class axis.
        reduction, name, dtype: as in `Loss`.
    """

    def __init__(
        self,
        alpha: Any = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            crossentropy.categorical_focal_crossentropy,
            reduction,
            name,
            dtype,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class CategoricalGeneralizedCrossEntropy(LossFunctionWrapper):
    """Robust against wrong labels; see `categorical_generalized_cross_entropy`.

    Args:
        q: in (0, 1); larger is more robust.
        reduction, name, dtype: as in `Loss`.

    Raises:
        ArgumentError: `q` is not inside (0, 1).
    """

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ) -> None:
        if not 0.0 < q < 1.0:
            raise ArgumentError(f"q={q!r}: expected a number between 0 and 1, both excluded.")
        super().__init__(
            crossentropy.categorical_generalized_cross_entropy,
            reduction,
            name,
            dtype,
            q=q,
        )


# ---- regression


class MeanSquaredError(LossFunctionWrapper):
    """Mean of the squared errors."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(functions.mean_squared_error, reduction, name, dtype)


class MeanAbsoluteError(LossFunctionWrapper):
    """Mean of the absolute errors."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(functions.mean_absolute_error, reduction, name, dtype)


class MeanAbsolutePercentageError(LossFunctionWrapper):
    """Mean of the errors in percent of the targets."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(functions.mean_absolute_percentage_error, reduction, name, dtype)


class MeanSquaredLogarithmicError(LossFunctionWrapper):
    """Mean of the squared errors of log(1 + value)."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(functions.mean_squared_logarithmic_error, reduction, name, dtype)


class Huber(LossFunctionWrapper):
    """Squared error near 0, absolute error beyond `delta`; see `huber`.

    Args:
        delta: where the one becomes the other.
        reduction, name, dtype: as in `Loss`.
    """

    optional = {"delta": 1.0}

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(functions.huber, reduction, name, dtype, delta=delta)


class LogCosh(LossFunctionWrapper):
    """Mean of log(cosh(error)): much as `Huber`, and smooth."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "log_cosh",
        dtype: Any = None,
    ) -> None:
        super().__init__(functions.log_cosh, reduction, name, dtype)


class Poisson(LossFunctionWrapper):
    """Negative log-likelihood of counts, without constants; see `poisson`."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "poisson",
        dtype: Any = None,
    ) -> None:
        super().__init__(functions.poisson, reduction, name, dtype)


class KLDivergence(LossFunctionWrapper):
    """Kullback-Leibler divergence of distributions; see `kl_divergence`."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "kl_divergence",
        dtype: Any = None,
    ) -> None:
        super().__init__(functions.kl_divergence, reduction, name, dtype)


class CosineSimilarity(LossFunctionWrapper):
    """Minus the cosine between target and prediction: -1 similar, 1 opposite.

    Args:
        axis: the axis of the vectors.
        reduction, name, dtype: as in `Loss`.
    """

    optional = {"axis": -1}

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(functions.cosine_similarity, reduction, name, dtype, axis=axis)


# ---- margins


class Hinge(LossFunctionWrapper):
    """max(1 - target · prediction, 0); targets -1 and 1, or 0 and 1."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(functions.hinge, reduction, name, dtype)


class SquaredHinge(LossFunctionWrapper):
    """The square of `Hinge`'s."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "squared_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(functions.squared_hinge, reduction, name, dtype)


class CategoricalHinge(LossFunctionWrapper):
    """Margin between the right class and the best of the others."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(functions.categorical_hinge, reduction, name, dtype)


# ---- overlap and metric learning


class Dice(LossFunctionWrapper):
    """1 - the Dice coefficient of two masks; see `dice`.

    Args:
        axis: the axes of a mask; None is all, the batch included.
        reduction, name, dtype: as in `Loss`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "dice",
        axis: functions.Axis = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(functions.dice, reduction, name, dtype, axis=axis)


class Tversky(LossFunctionWrapper):
    """1 - the Tversky index of two masks; see `tversky`.

    Args:
        alpha: weight of what is missed. beta: weight of what is invented.
        axis: the axes of a mask; None is all, the batch included.
        reduction, name, dtype: as in `Loss`.
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "tversky",
        axis: functions.Axis = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            functions.tversky,
            reduction,
            name,
            dtype,
            alpha=alpha,
            beta=beta,
            axis=axis,
        )


class Circle(LossFunctionWrapper):
    """Circle loss of embeddings and integer labels; see `circle`.

    Args:
        gamma: scale of the similarities. margin: how relaxed pull and push are.
        remove_diagonal: do not compare an embedding with itself.
        reduction, name, dtype: as in `Loss`.
    """

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "circle",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            functions.circle,
            reduction,
            name,
            dtype,
            gamma=gamma,
            margin=margin,
            remove_diagonal=remove_diagonal,
        )
