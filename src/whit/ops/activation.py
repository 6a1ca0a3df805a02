"""Activation functions. Values keep their digits at both ends and no gradient is NaN: exponents are
never positive, and what a `where` leaves out is finite.
"""

from __future__ import annotations

import math

from whit.graph import Tensor, apply, build
from whit.ops.lift import Array, ArrayLike, axes_of, axis_of, floating, op
from whit.ops.shaping import part
from whit.ops.special import exp_minus_one, log_one_plus

Axis = int | tuple[int, ...] | list[int]


def _exp(x: Tensor) -> Tensor:
    return apply("exp", x)


def _below(x: Tensor) -> Tensor:
    """min(0, x) with the derivative 1 at 0."""
    return build.binary("min", 0, x)


# ---- sigmoid and its kin
def logistic(x: Tensor) -> Tensor:
    """1 / (1 + exp(-x)), with exp only of what is not positive. `logits_behind` knows this form."""
    z = _exp(apply("min", x, -x))
    one = build.full(x.shape, 1, x.dtype)
    positive = apply("less_equal", build.zeros_like(x), x)
    return build.divide(apply("where", positive, one, z), one + z)


def logits_behind_sigmoid(y: Tensor) -> Tensor | None:
    """The x of `logistic(x)`, if y is one."""
    if y.op != "div" or y.inputs[0].op != "where":
        return None
    positive, _, z = y.inputs[0].inputs
    if positive.op != "less_equal" or z.op != "exp" or z.inputs[0].op != "min":
        return None
    x = positive.inputs[1]
    return x if z.inputs[0].inputs[0] is x else None


def soft_plus(x: Tensor) -> Tensor:
    """log(1 + exp(x)); its derivative is the sigmoid everywhere, 1/2 at 0."""
    return build.binary("max", 0, x) + log_one_plus(_exp(apply("min", x, -x)))


@op("x")
def sigmoid(x: ArrayLike) -> Array:
    """1 / (1 + exp(-x))."""
    return logistic(floating(x))


@op("x")
def log_sigmoid(x: ArrayLike) -> Array:
    """log(sigmoid(x)), finite for every finite x."""
    return -soft_plus(-floating(x))


@op("x")
def softplus(x: ArrayLike) -> Array:
    """log(1 + exp(x))."""
    return soft_plus(floating(x))


@op("x")
def silu(x: ArrayLike) -> Array:
    """x * sigmoid(x) (Hendrycks & Gimpel 2016; Ramachandran et al. 2017)."""
    x = floating(x)
    return x * logistic(x)


swish = silu


@op("x")
def mish(x: ArrayLike) -> Array:
    """x * tanh(softplus(x)) (Misra 2019)."""
    x = floating(x)
    return x * apply("tanh", soft_plus(x))


@op("x")
def softsign(x: ArrayLike) -> Array:
    """x / (1 + |x|)."""
    x = floating(x)
    return build.divide(x, 1.0 + apply("abs", x))


@op("x")
def tanh_shrink(x: ArrayLike) -> Array:
    """x - tanh(x)."""
    x = floating(x)
    return x - apply("tanh", x)


@op("x")
def gelu(x: ArrayLike, approximate: bool = True) -> Array:
    """x times the normal distribution function of x (Hendrycks & Gimpel 2016).

    Args:
        approximate: with tanh in place of the error function.
    """
    x = floating(x)
    if approximate:
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * (x * x * x))
        return 0.5 * x * (1.0 + apply("tanh", inner))
    return 0.5 * x * (1.0 + apply("erf", x * math.sqrt(0.5)))


@op("x")
def glu(x: ArrayLike, axis: int = -1) -> Array:
    """The first half of x along `axis` times the sigmoid of the second (Dauphin et al. 2017)."""
    x = floating(x)
    at = axis_of(axis, x.ndim)
    n = x.shape[at]
    if n % 2:
        raise ValueError(
            f"glu: axis={axis} of shape {x.shape} has {n} places; expected an even number"
        )
    return part(x, at, 0, n // 2) * logistic(part(x, at, n // 2, n))


# ---- the rectifier and its kin
@op("x")
def relu(x: ArrayLike) -> Array:
    """max(x, 0); the derivative at 0 is 0."""
    return build.maximum(x if x.dtype != "bool" else build.cast(x, "int32"), 0)


@op("x")
def relu6(x: ArrayLike) -> Array:
    """min(max(x, 0), 6)."""
    return build.binary("min", build.maximum(floating(x), 0), 6)


@op("x")
def leaky_relu(x: ArrayLike, negative_slope: float = 0.2) -> Array:
    """x where x > 0, else negative_slope * x."""
    x = floating(x)
    return build.where(x > 0, x, x * float(negative_slope))


@op("x")
def elu(x: ArrayLike, alpha: float = 1.0) -> Array:
    """x where x > 0, else alpha * (exp(x) - 1) (Clevert et al. 2015)."""
    x = floating(x)
    return build.where(x > 0, x, exp_minus_one(_below(x)) * float(alpha))


_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


@op("x")
def selu(x: ArrayLike) -> Array:
    """1.0507 * elu(x, 1.6733): keeps zero mean and unit variance (Klambauer et al. 2017)."""
    x = floating(x)
    curve = exp_minus_one(_below(x)) * (_SELU_ALPHA * _SELU_SCALE)
    return build.where(x > 0, x * _SELU_SCALE, curve)


@op("x")
def celu(x: ArrayLike, alpha: float = 1.0) -> Array:
    """x where x > 0, else alpha * (exp(x / alpha) - 1) (Barron 2017)."""
    x = floating(x)
    curve = exp_minus_one(_below(x) * (1.0 / alpha)) * float(alpha)
    return build.where(x > 0, x, curve)


@op("x")
def squareplus(x: ArrayLike, b: float = 4) -> Array:
    """(x + sqrt(x**2 + b)) / 2 (Barron 2021)."""
    x = floating(x)
    return (x + apply("sqrt", x * x + float(b))) * 0.5


# ---- piecewise
@op("x")
def hard_sigmoid(x: ArrayLike) -> Array:
    """x / 6 + 1 / 2, no less than 0 and no more than 1."""
    return _hard_gate(floating(x))


def _hard_gate(x: Tensor) -> Tensor:
    return build.binary("min", build.maximum(x + 3.0, 0), 6) * (1 / 6)


@op("x")
def hard_silu(x: ArrayLike) -> Array:
    """x * hard_sigmoid(x) (Howard et al. 2019)."""
    x = floating(x)
    return x * _hard_gate(x)


hard_swish = hard_silu


@op("x")
def hard_tanh(x: ArrayLike) -> Array:
    """x, no less than -1 and no more than 1."""
    return build.binary("min", build.maximum(x, -1), 1)


@op("x")
def hard_shrink(x: ArrayLike, threshold: float = 0.5) -> Array:
    """x where |x| > threshold, else 0."""
    x = floating(x)
    return build.mask(apply("abs", x) > threshold, x)


@op("x")
def soft_shrink(x: ArrayLike, threshold: float = 0.5) -> Array:
    """x moved towards 0 by `threshold`, and 0 where it would pass it."""
    x = floating(x)
    return build.mask(apply("abs", x) > threshold, x - apply("sign", x) * float(threshold))


@op("x")
def threshold(x: ArrayLike, threshold: float, default_value: float) -> Array:
    """x where x > threshold, else default_value."""
    x = floating(x)
    return build.where(x > threshold, x, default_value)


@op("x")
def sparse_plus(x: ArrayLike) -> Array:
    """0 below -1, (x + 1)**2 / 4 up to 1, x above."""
    x = floating(x)
    shifted = x + 1.0
    return build.mask(x > -1, build.where(x < 1, shifted * shifted * 0.25, x))


@op("x")
def sparse_sigmoid(x: ArrayLike) -> Array:
    """(x + 1) / 2, no less than 0 and no more than 1."""
    return build.binary("min", build.maximum(floating(x) * 0.5 + 0.5, 0), 1)


# ---- along an axis
def _shifted(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """x less its largest element along `axes`, which is a constant to differentiation."""
    top = apply("stop", build.reduce("max_reduce", x, axes))
    return x - build.expand(top, x.shape, axes)


def soft_max(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """exp(x - max) / sum(exp(x - max)); losses know this form."""
    if 0 in x.shape:
        return x
    e = _exp(_shifted(x, axes))
    return build.divide(e, build.expand(build.total(e, axes), x.shape, axes))


def is_softmax(y: Tensor, axes: tuple[int, ...]) -> bool:
    """Whether y was made by `soft_max` over these axes."""
    if y.op != "div" or y.inputs[0].op != "exp" or y.inputs[1].op != "broadcast":
        return False
    total, shape, dims = y.inputs[1].inputs[0], *y.inputs[1].attrs
    over = tuple(q for q in range(len(shape)) if q not in dims)
    return total.op == "sum" and total.inputs[0] is y.inputs[0] and over == axes


@op("x")
def softmax(x: ArrayLike, axis: Axis = -1) -> Array:
    """exp(x) divided by its sum over `axis` (an integer or several)."""
    x = floating(x)
    return soft_max(x, axes_of(axis, x.ndim))


@op("x")
def log_softmax(x: ArrayLike, axis: Axis = -1) -> Array:
    """log(softmax(x)) over `axis`, without overflow or loss of digits."""
    x = floating(x)
    return log_soft_max(x, axes_of(axis, x.ndim))


def log_soft_max(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """See `log_softmax`."""
    if 0 in x.shape:
        return x
    z = _shifted(x, axes)
    return z - build.expand(apply("log", build.total(_exp(z), axes)), x.shape, axes)


@op("x")
def sparsemax(x: ArrayLike, axis: int = -1) -> Array:
    """The point of the probability simplex nearest to x (Martins & Astudillo 2016).

    Every element is compared with every other along the axis.
    """
    x = floating(x)
    at = axis_of(axis, x.ndim)
    if 0 in x.shape:
        return x
    n = x.shape[at]
    wide = (*x.shape[:at], n, *x.shape[at:])
    mine = build.broadcast(x, wide, [q + (q > at) for q in range(x.ndim)])
    other = build.broadcast(x, wide, [q + (q >= at) for q in range(x.ndim)])
    above = apply("less_equal", mine, other)
    count = build.total(build.cast(above, x.dtype), (at + 1,))
    total = build.total(build.mask(above, other), (at + 1,))
    support = build.cast(apply("less", total, x * count + 1.0), x.dtype)
    share = build.total(support * x, (at,)) - 1.0
    share = build.divide(share, build.total(support, (at,)))
    return build.maximum(x - build.expand(share, x.shape, (at,)), 0)
