"""Exponentials, logarithms, trigonometric and hyperbolic functions, and the error function.

The primitives exp, log, tanh, sin, cos and erf are given; the rest is composed so that it is
accurate to a few units in the last place and differentiable to any order. Two devices recur: a
value corrected by `stop`ped terms keeps the derivative of the plain formula, which is exact where
the corrected one's is not; and `_magnitude` is |x| with the derivative +1 at 0, for odd functions
made of halves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from whit.graph import Tensor, apply, build
from whit.ops.elementwise import is_nan
from whit.ops.lift import Array, ArrayLike, floating, op

_LN2 = math.log(2.0)


def _exp(x: Tensor) -> Tensor:
    return apply("exp", x)


def _log(x: Tensor) -> Tensor:
    return apply("log", x)


def _sqrt(x: Tensor) -> Tensor:
    return apply("sqrt", x)


def stop(x: Tensor) -> Tensor:
    """`x`, constant to differentiation."""
    return apply("stop", x)


def _equal(x: Tensor, y: Any) -> Tensor:
    return build.binary("equal", x, y)


def _is_large(x: Tensor, single: float, double: float) -> Tensor:
    return x > (single if x.dtype == "float32" else double)


def _magnitude(x: Tensor) -> Tensor:
    return apply("max", -x, x)


def _odd(half: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """An odd function from its half for x >= 0."""
    y = half(_magnitude(x))
    return build.where(x < 0, -y, y)


def polynomial(x: Tensor, coefficients: Sequence[float]) -> Tensor:
    """The polynomial in x with these coefficients, constant first (Horner's scheme)."""
    y: Any = coefficients[-1]
    for c in coefficients[-2::-1]:
        y = x * y + c
    return y


# ---- exponentials and logarithms
@op("x")
def exp(x: ArrayLike) -> Array:
    """e to the power of x."""
    return _exp(floating(x))


@op("x")
def exp2(x: ArrayLike) -> Array:
    """2 to the power of x."""
    return build.binary("pow", 2.0, floating(x))


@op("x")
def expm1(x: ArrayLike) -> Array:
    """exp(x) - 1 without the loss of digits near 0: tanh(x / 2) * (exp(x) + 1)."""
    return exp_minus_one(floating(x))


def exp_minus_one(x: Tensor) -> Tensor:
    """See `expm1`."""
    e = _exp(x)
    plain = e - 1.0
    exact = apply("tanh", x * 0.5) * (e + 1.0)
    return plain + stop(build.mask(apply("abs", x) < 1, exact - plain))


@op("x")
def log(x: ArrayLike) -> Array:
    """The natural logarithm."""
    return _log(floating(x))


@op("x")
def log2(x: ArrayLike) -> Array:
    """The logarithm of base 2."""
    return _log(floating(x)) * (1 / _LN2)


@op("x")
def log10(x: ArrayLike) -> Array:
    """The logarithm of base 10."""
    return _log(floating(x)) * (1 / math.log(10.0))


@op("x")
def log1p(x: ArrayLike) -> Array:
    """log(1 + x) without the loss of digits near 0 (Kahan: log(u) * x / (u - 1) with u = 1 + x)."""
    return log_one_plus(floating(x))


def log_one_plus(x: Tensor) -> Tensor:
    """See `log1p`."""
    u = x + 1.0
    plain, step = _log(u), u - 1.0
    lost = _equal(step, 0)
    exact = build.where(lost, x, plain * build.divide(x, build.where(lost, 1, step)))
    return plain + stop(build.mask(apply("abs", x) < 0.5, exact - plain))


@op("x1", "x2")
def logaddexp(x1: ArrayLike, x2: ArrayLike) -> Array:
    """log(exp(x1) + exp(x2)) without overflow."""
    a, b = map(floating, build.unify(x1, x2))
    return _log_add_exp(a, b)


def _log_add_exp(a: Tensor, b: Tensor) -> Tensor:
    d = a - b
    d = build.where(is_nan(d), 0, d)  # inf - inf
    return apply("max", b, a) + log_one_plus(_exp(apply("min", d, -d)))


@op("x1", "x2")
def logaddexp2(x1: ArrayLike, x2: ArrayLike) -> Array:
    """log2(2**x1 + 2**x2) without overflow."""
    a, b = map(floating, build.unify(x1, x2))
    return _log_add_exp(a * _LN2, b * _LN2) * (1 / _LN2)


# ---- roots and powers
@op("x")
def cbrt(x: ArrayLike) -> Array:
    """The cube root, of negative numbers too."""
    return _odd(_cbrt_half, floating(x))


def _cbrt_half(x: Tensor) -> Tensor:
    y = build.binary("pow", x, 1 / 3)
    z = stop(y)  # one step of Newton, for 1/3 is not a number that a float can be
    regular = (z > 0) & (z < math.inf)
    step = build.divide(z * z * z - stop(x), build.where(regular, z * z * 3.0, 1))
    return y - build.mask(regular, stop(step))


@op("x1", "x2")
def hypot(x1: ArrayLike, x2: ArrayLike) -> Array:
    """sqrt(x1**2 + x2**2) without overflow; its gradient at (0, 0) is finite."""
    a, b = (_magnitude(v) for v in map(floating, build.unify(x1, x2)))
    longer, shorter = apply("max", a, b), apply("min", b, a)
    proper = (longer > 0) & (longer < math.inf)
    ratio = build.divide(shorter, build.where(proper, longer, 1))
    return build.where(proper, longer * _sqrt(build.mask(proper, ratio * ratio) + 1.0), longer)


@op("x1", "x2")
def ldexp(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 * 2**x2, x2 whole; in two factors, so that 2**x2 itself may lie outside the type."""
    a, b = build.unify(floating(x1), x2)
    half = apply("floor", b * 0.5)
    return a * build.binary("pow", 2.0, half) * build.binary("pow", 2.0, b - half)


# ---- angles
@op("x")
def deg2rad(x: ArrayLike) -> Array:
    """Degrees to radians."""
    return floating(x) * (math.pi / 180)


@op("x")
def rad2deg(x: ArrayLike) -> Array:
    """Radians to degrees."""
    return floating(x) * (180 / math.pi)


@op("x")
def sin(x: ArrayLike) -> Array:
    """Sine of an angle in radians."""
    return apply("sin", floating(x))


@op("x")
def cos(x: ArrayLike) -> Array:
    """Cosine of an angle in radians."""
    return apply("cos", floating(x))


@op("x")
def tan(x: ArrayLike) -> Array:
    """Tangent of an angle in radians."""
    x = floating(x)
    return build.divide(apply("sin", x), apply("cos", x))


@op("x")
def sinc(x: ArrayLike) -> Array:
    """sin(pi x) / (pi x), and 1 at 0."""
    a = floating(x) * math.pi
    zero = _equal(a, 0)
    safe = build.where(zero, 1, a)
    return build.where(zero, 1, build.divide(apply("sin", safe), safe))


# arctan(x) / x in x**2, for |x| <= tan(pi / 8); fitted at Chebyshev's points to 6e-10 and 5e-20.
_ARCTAN = {
    "float32": (
        0.99999999937087586,
        -0.33333306880874065,
        0.19998182384330435,
        -0.14239520496655996,
        0.10569738024915738,
        -0.060260709704955056,
    ),
    "float64": (
        1.0,
        -0.33333333333333324,
        0.19999999999997011,
        -0.14285714285329359,
        0.11111111085301239,
        -0.0909090805829841,
        0.07692281083678901,
        -0.06666205023178092,
        0.05876831709842750,
        -0.05217297919655059,
        0.04499441506749604,
        -0.03338645225903317,
        0.01511237643149517,
    ),
}


def _arctan_ratio(y: Tensor, x: Tensor) -> Tensor:
    """arctan(y / x) for y >= 0 and x >= 0, not both 0 and not both infinite."""
    steep = y > x
    small, large = build.where(steep, x, y), build.where(steep, y, x)
    middle = small > large * math.tan(math.pi / 8)  # then turn by an eighth of the circle
    top = build.where(middle, small - large, small)
    bottom = build.where(middle, small + large, large)
    t = build.divide(top, bottom)
    angle = t * polynomial(t * t, _ARCTAN[t.dtype])
    angle = build.where(middle, angle + math.pi / 4, angle)
    return build.where(steep, math.pi / 2 - angle, angle)


@op("x")
def arctan(x: ArrayLike) -> Array:
    """The angle in (-pi/2, pi/2) whose tangent is x."""
    x = floating(x)
    return _odd(lambda a: _arctan_ratio(a, build.full(a.shape, 1, a.dtype)), x)


@op("x1", "x2")
def arctan2(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The angle in [-pi, pi] of the point with the coordinates x2 (across) and x1 (up)."""
    y, x = map(floating, build.unify(x1, x2))
    return _angle(y, x)


def _angle(y: Tensor, x: Tensor) -> Tensor:
    a, b = _magnitude(y), _magnitude(x)
    origin, corner = _equal(a + b, 0), (a >= math.inf) & (b >= math.inf)
    a = build.where(corner, 1, a)
    b = build.where(origin | corner, 1, b)
    angle = _arctan_ratio(a, b)
    left = (x < 0) | (_equal(x, 0) & (build.divide(1.0, stop(x)) < 0))
    angle = build.where(left, math.pi - angle, angle)
    down = (y < 0) | (_equal(y, 0) & (build.divide(1.0, stop(y)) < 0))
    return build.where(down, -angle, angle)


@op("x")
def arcsin(x: ArrayLike) -> Array:
    """The angle in [-pi/2, pi/2] whose sine is x."""
    x = floating(x)
    return _odd(lambda a: _arctan_ratio(a, _sqrt((1.0 - a) * (1.0 + a))), x)


@op("x")
def arccos(x: ArrayLike) -> Array:
    """The angle in [0, pi] whose cosine is x."""
    x = floating(x)
    return 2.0 * _arctan_ratio(_sqrt(1.0 - x), _sqrt(1.0 + x))


# ---- hyperbolic functions
@op("x")
def tanh(x: ArrayLike) -> Array:
    """Hyperbolic tangent."""
    return apply("tanh", floating(x))


@op("x")
def sinh(x: ArrayLike) -> Array:
    """Hyperbolic sine, accurate near 0."""
    return _odd(_sinh_half, floating(x))


def _sinh_half(x: Tensor) -> Tensor:
    large = x > 20
    e = exp_minus_one(build.mask(~large, x))
    h = _exp(x * 0.5)  # exp(x) in two factors: it may overflow where its half does not
    return build.where(large, h * 0.5 * h, 0.5 * (e + build.divide(e, e + 1.0)))


@op("x")
def cosh(x: ArrayLike) -> Array:
    """Hyperbolic cosine."""
    x = floating(x)
    h, k = _exp(x * 0.5), _exp(x * -0.5)
    return h * 0.5 * h + k * 0.5 * k


@op("x")
def arcsinh(x: ArrayLike) -> Array:
    """The inverse of sinh."""
    return _odd(_arcsinh_half, floating(x))


def _arcsinh_half(x: Tensor) -> Tensor:
    large = _is_large(x, 1e4, 1e8)
    a = build.mask(~large, x)
    near = log_one_plus(a + build.divide(a * a, 1.0 + _sqrt(1.0 + a * a)))
    return build.where(large, _log(build.where(large, x, 1)) + _LN2, near)


@op("x")
def arccosh(x: ArrayLike) -> Array:
    """The inverse of cosh, at least 0; NaN below 1."""
    x = floating(x)
    large = _is_large(x, 1e4, 1e8)
    t = build.where(large, 1, x - 1.0)
    near = log_one_plus(t + _sqrt(t * (t + 2.0)))
    return build.where(large, _log(build.where(large, x, 1)) + _LN2, near)


@op("x")
def arctanh(x: ArrayLike) -> Array:
    """The inverse of tanh."""
    return _odd(lambda a: 0.5 * log_one_plus(build.divide(2.0 * a, 1.0 - a)), floating(x))


# ---- the error function
@op("x")
def erf(x: ArrayLike) -> Array:
    """The error function: 2 / sqrt(pi) times the integral of exp(-t**2) from 0 to x."""
    return apply("erf", floating(x))


# log(erfc(x) exp(x**2) / t) for x >= 0 as a Chebyshev series in t = 2 / (2 + x) from 1/15 to 1.
_ERFC = (
    -1.22422559389510489,
    0.606609323395592968,
    0.0140721642657179002,
    -0.00830924380805546596,
    -0.000553603888031184115,
    0.000291228350442060122,
    0.0000163278956573168406,
    -0.0000140097155427370633,
    -3.74112133605047908e-8,
    7.32820459095759778e-7,
    -5.6968092327950931e-8,
    -3.55965751863190837e-8,
    6.84486611939404605e-9,
    1.29035325644131755e-9,
    -5.5051846611449764e-10,
    -4.98991522553956304e-12,
    3.26345732773424409e-11,
    -4.34590853485603126e-12,
    -1.21999588632808675e-12,
    4.35611260448380001e-13,
    -3.23519779255953936e-15,
    -2.30887808415930663e-14,
    4.28015939199630646e-15,
    3.78360045852809413e-16,
    -2.85910576573669256e-16,
    4.35165370135254113e-17,
)
_ERFC_TERMS = {"float32": 12, "float64": len(_ERFC)}


@op("x")
def erfc(x: ArrayLike) -> Array:
    """1 - erf(x), accurate where erf(x) is near 1."""
    x = floating(x)
    far = x > 0.5
    tail = _erfc_tail(build.where(far, x, 1))
    return build.where(far, tail, 1.0 - apply("erf", x))


def _erfc_tail(x: Tensor) -> Tensor:
    """erfc for x > 0: the value from a series, the derivative from 1 - erf, which is exact."""
    z = stop(x)
    t = build.divide(2.0, z + 2.0)
    series = _chebyshev((t - 8 / 15) * (15 / 7), _ERFC[: _ERFC_TERMS[x.dtype]])
    coarse = apply("floor", z * 16.0) * (1 / 16)  # its square is exact, so exp's argument is
    value = t * _exp(-(coarse * coarse)) * _exp(series - (z - coarse) * (z + coarse))
    value = build.mask(z < 28, value)
    plain = apply("erf", x)
    return (stop(plain) - plain) + stop(value)


def _chebyshev(x: Tensor, coefficients: Sequence[float]) -> Tensor:
    """A Chebyshev series by Clenshaw's recurrence; the first coefficient counts half."""
    a: Any = 0.0
    b: Any = 0.0
    for c in coefficients[:0:-1]:
        a, b = 2.0 * x * a - b + c, a
    return x * a - b + coefficients[0] / 2


# Giles, "Approximating the erfinv function", GPU Computing Gems (2011), single precision.
_ERFINV_CENTRE = (
    1.50140941,
    0.246640727,
    -0.00417768164,
    -0.00125372503,
    0.00021858087,
    -4.39150654e-06,
    -3.5233877e-06,
    3.43273939e-07,
    2.81022636e-08,
)
_ERFINV_TAIL = (
    2.83297682,
    1.00167406,
    0.00943887047,
    -0.0076224613,
    0.00573950773,
    -0.00367342844,
    0.00134934322,
    0.000100950558,
    -0.000200214257,
)


@op("x")
def erfinv(x: ArrayLike) -> Array:
    """The inverse of erf, for x in [-1, 1]."""
    return inverse_erf(floating(x))


def inverse_erf(x: Tensor) -> Tensor:
    """See `erfinv`."""
    y = _erfinv_single(x)
    if x.dtype == "float64":
        y = _odd(_erfinv_refined, x)
    return build.where(_equal(apply("abs", x), 1), apply("sign", x) * math.inf, y)


def _erfinv_refined(x: Tensor) -> Tensor:
    """Two steps of Newton from the single-precision value; the last one carries the derivative."""
    regular, y = x < 1, _erfinv_single(x)
    tail = x > 0.5  # there erf(y) - x is found from the complements, which keep their digits
    for _ in range(2):
        z = build.mask(regular, stop(y))
        far = _erfc_tail(build.where(tail & regular, z, 1))
        error = build.where(tail, 1.0 - x - stop(far), apply("erf", z) - x)
        slope = _exp(z * z) * (math.sqrt(math.pi) / 2)
        y = build.where(regular, z - error * slope, stop(y))
    return y


def _erfinv_single(x: Tensor) -> Tensor:
    inside = apply("abs", x) < 1
    w = -_log(build.where(inside, (1.0 - x) * (1.0 + x), 1))
    central = w < 5
    centre = polynomial(build.where(central, w, 0) - 2.5, _ERFINV_CENTRE)
    tail = polynomial(_sqrt(build.where(central, 9, w)) - 3.0, _ERFINV_TAIL)
    return build.where(apply("abs", x) <= 1, x * build.where(central, centre, tail), math.nan)
