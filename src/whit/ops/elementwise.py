"""Arithmetic, comparison, logic, bits and rounding: operations on single elements, with NumPy's
broadcasting and Keras' promotion of types.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from whit.graph import Tensor, apply, build, dtypes
from whit.ops.lift import Array, ArrayLike, floating, op, strong

# Python's own, whose names some operations take.
_abs = abs


# ---- arithmetic
@op("x1", "x2")
def add(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 + x2; for bool, logical or."""
    a, b = build.unify(x1, x2)
    return apply("or" if a.dtype == "bool" else "add", a, b)


@op("x1", "x2")
def subtract(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 - x2."""
    return build.subtract(x1, x2)


@op("x1", "x2")
def multiply(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 * x2; for bool, logical and."""
    a, b = build.unify(x1, x2)
    return apply("and" if a.dtype == "bool" else "mul", a, b)


@op("x1", "x2")
def divide(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 / x2 in floating point, whatever the operands are."""
    a, b = build.unify(x1, x2)
    return apply("div", floating(a), floating(b))


true_divide = divide


@op("x1", "x2")
def divide_no_nan(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 / x2, and 0 where x2 is 0; its gradient is 0 there too."""
    a, b = map(floating, build.unify(x1, x2))
    zero = apply("equal", b, build.zeros_like(b))
    return build.where(zero, 0, apply("div", a, build.where(zero, 1, b)))


@op("x1", "x2")
def floor_divide(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The whole number below x1 / x2; an integer divided by 0 gives 0."""
    return apply("floor_divide", *map(_numeric, build.unify(x1, x2)))


@op("x1", "x2")
def mod(x1: ArrayLike, x2: ArrayLike) -> Array:
    """What remains of x1 / x2, with the sign of x2."""
    a, b = map(_numeric, build.unify(x1, x2))
    rest = a - apply("floor_divide", a, b) * b
    if not dtypes.is_float(rest.dtype):
        return rest
    zero = build.zeros_like(rest)  # rounding may leave the rest just outside [0, b)
    astray = apply("xor", apply("less", rest, zero), apply("less", b, zero))
    return build.where(astray & ~apply("equal", rest, zero), rest + b, rest)


@op("x1", "x2")
def fmod(x1: ArrayLike, x2: ArrayLike) -> Array:
    """What remains of x1 / x2, with the sign of x1."""
    a, b = map(_numeric, build.unify(x1, x2))
    rest = mod(absolute(a), absolute(b))
    return build.where(a < 0, -rest, rest) if a.dtype[0] != "u" else rest


@op("x1", "x2")
def power(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 to the power of x2. Powers 1, 2, 3 and 0.5 given as numbers become products and a root."""
    if not isinstance(x1, Tensor) or not isinstance(x2, int | float):
        return build.power(*map(_numeric, build.unify(x1, x2)))
    like = build.unify(x1, x2)[0]
    return build.power(_numeric(like), x2)


@op("x")
def negative(x: ArrayLike) -> Array:
    """-x."""
    return apply("neg", x)


@op("x")
def absolute(x: ArrayLike) -> Array:
    """The magnitude of x; its gradient is 0 at 0."""
    return x if x.dtype == "bool" or x.dtype[0] == "u" else apply("abs", x)


abs = absolute


@op("x")
def fabs(x: ArrayLike) -> Array:
    """The magnitude of x, in floating point."""
    return apply("abs", floating(x))


@op("x")
def sign(x: ArrayLike) -> Array:
    """-1, 0 or 1."""
    return x if x.dtype == "bool" else apply("sign", x)


@op("x")
def square(x: ArrayLike) -> Array:
    """x * x."""
    x = _numeric(x)
    return x * x


@op("x")
def sqrt(x: ArrayLike) -> Array:
    """The square root."""
    return apply("sqrt", floating(x))


@op("x")
def rsqrt(x: ArrayLike) -> Array:
    """1 / sqrt(x)."""
    return build.divide(1.0, apply("sqrt", floating(x)))


@op("x")
def reciprocal(x: ArrayLike) -> Array:
    """1 / x."""
    return build.divide(1.0, floating(x))


@op("x1", "x2")
def maximum(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The larger of the two; NaN if either is. Where they are equal x2 has the gradient."""
    a, b = build.unify(x1, x2)
    return apply("or" if a.dtype == "bool" else "max", a, b)


@op("x1", "x2")
def minimum(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The smaller of the two; NaN if either is. Where they are equal x2 has the gradient."""
    a, b = build.unify(x1, x2)
    return apply("and" if a.dtype == "bool" else "min", a, b)


@op("x1", "x2")
def fmax(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The larger of the two; the other if one is NaN."""
    a, b = build.unify(x1, x2)
    return build.where(is_nan(a), b, build.where(is_nan(b), a, maximum(a, b)))


@op("x1", "x2")
def fmin(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The smaller of the two; the other if one is NaN."""
    a, b = build.unify(x1, x2)
    return build.where(is_nan(a), b, build.where(is_nan(b), a, minimum(a, b)))


@op("x", "x_min", "x_max")
def clip(x: ArrayLike, x_min: ArrayLike, x_max: ArrayLike) -> Array:
    """x, but no less than x_min and no more than x_max; the gradient is 0 outside."""
    x = _numeric(strong(x))
    lower, upper = (_bound(b, x.dtype) for b in (x_min, x_max))
    x = x if lower is None else build.maximum(x, lower)
    return x if upper is None else build.binary("min", x, upper)


def _bound(bound: Any, dtype: str) -> Any:
    """A bound in the type of the array: a float bound does not make an integer array float."""
    if isinstance(bound, float) and not dtypes.is_float(dtype):
        return bound if math.isinf(bound) or bound != int(bound) else int(bound)
    return bound


@op("x1", "x2")
def heaviside(x1: ArrayLike, x2: ArrayLike) -> Array:
    """0 for negative x1, 1 for positive, x2 at 0, NaN at NaN."""
    a, b = map(floating, build.unify(x1, x2))
    step = build.where(a < 0, 0, build.where(a > 0, 1, b))
    return build.where(is_nan(a), a, step)


@op("x1", "x2")
def gcd(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The greatest common divisor of integers, by Euclid's steps (enough of them for the type)."""
    a, b = map(absolute, _integers("gcd", *build.unify(x1, x2)))
    bits = int(a.dtype.lstrip("uint"))
    for _ in range(math.ceil(bits * 1.4405) + 1):  # Lamé: Fibonacci numbers are the worst case
        done = apply("equal", b, build.zeros_like(b))
        a, b = build.where(done, a, b), build.mask(~done, mod(a, b))
    return a


@op("x1", "x2")
def lcm(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The least common multiple of integers; 0 if either is 0."""
    a, b = map(absolute, _integers("lcm", *build.unify(x1, x2)))
    return apply("floor_divide", a, gcd(a, b)) * b


# ---- comparison and logic
def _compare(name: str, x: Any, y: Any) -> Tensor:
    return apply(name, *build.unify(x, y))


@op("x1", "x2")
def equal(x1: ArrayLike, x2: ArrayLike) -> Array:
    """Where x1 == x2."""
    return _compare("equal", x1, x2)


@op("x1", "x2")
def not_equal(x1: ArrayLike, x2: ArrayLike) -> Array:
    """Where x1 != x2."""
    return ~_compare("equal", x1, x2)


@op("x1", "x2")
def less(x1: ArrayLike, x2: ArrayLike) -> Array:
    """Where x1 < x2."""
    return _compare("less", x1, x2)


@op("x1", "x2")
def less_equal(x1: ArrayLike, x2: ArrayLike) -> Array:
    """Where x1 <= x2."""
    return _compare("less_equal", x1, x2)


@op("x1", "x2")
def greater(x1: ArrayLike, x2: ArrayLike) -> Array:
    """Where x1 > x2."""
    return _compare("less", x2, x1)


@op("x1", "x2")
def greater_equal(x1: ArrayLike, x2: ArrayLike) -> Array:
    """Where x1 >= x2."""
    return _compare("less_equal", x2, x1)


def _logical(name: str, x: Any, y: Any) -> Tensor:
    a, b = (build.cast(strong(v), "bool") for v in (x, y))
    return build.binary(name, a, b)


@op("x1", "x2")
def logical_and(x1: ArrayLike, x2: ArrayLike) -> Array:
    """Where both are true (not zero)."""
    return _logical("and", x1, x2)


@op("x1", "x2")
def logical_or(x1: ArrayLike, x2: ArrayLike) -> Array:
    """Where either is true (not zero)."""
    return _logical("or", x1, x2)


@op("x1", "x2")
def logical_xor(x1: ArrayLike, x2: ArrayLike) -> Array:
    """Where exactly one is true (not zero)."""
    return _logical("xor", x1, x2)


@op("x")
def logical_not(x: ArrayLike) -> Array:
    """Where x is zero."""
    return ~build.cast(x, "bool")


def is_nan(x: Tensor) -> Tensor:
    """Where a tensor is not a number: the only value unlike itself."""
    if not dtypes.is_float(x.dtype):
        return build.full(x.shape, False, "bool")
    return ~apply("equal", x, x)


@op("x")
def isnan(x: ArrayLike) -> Array:
    """Where x is not a number."""
    return is_nan(x)


@op("x")
def isinf(x: ArrayLike) -> Array:
    """Where x is infinite, of either sign."""
    return _is_value(absolute(x), math.inf)


@op("x")
def isposinf(x: ArrayLike) -> Array:
    """Where x is plus infinity."""
    return _is_value(x, math.inf)


@op("x")
def isneginf(x: ArrayLike) -> Array:
    """Where x is minus infinity."""
    return _is_value(x, -math.inf)


def _is_value(x: Tensor, value: float) -> Tensor:
    if not dtypes.is_float(x.dtype):
        return build.full(x.shape, False, "bool")
    return build.binary("equal", x, value)


@op("x")
def isfinite(x: ArrayLike) -> Array:
    """Where x is neither infinite nor NaN."""
    return is_finite(x)


def is_finite(x: Tensor) -> Tensor:
    """Where a tensor is neither infinite nor NaN."""
    if not dtypes.is_float(x.dtype):
        return build.full(x.shape, True, "bool")
    return absolute(x) < math.inf


@op("x")
def isreal(x: ArrayLike) -> Array:
    """True everywhere: whit has no complex numbers."""
    return build.full(x.shape, True, "bool")


@op("x1", "x2")
def isclose(
    x1: ArrayLike,
    x2: ArrayLike,
    rtol: float = 1e-5,
    atol: float = 1e-8,
    equal_nan: bool = False,
) -> Array:
    """Where |x1 - x2| <= atol + rtol * |x2|; infinities are close to themselves."""
    a, b = map(floating, build.unify(x1, x2))
    same = apply("equal", a, b)
    near = absolute(a - b) <= atol + rtol * absolute(b)
    close = same | (near & is_finite(a) & is_finite(b))
    return close | (is_nan(a) & is_nan(b)) if equal_nan else close


@op("x")
def signbit(x: ArrayLike) -> Array:
    """Where x is negative, minus zero included."""
    if x.dtype[0] in "ub":
        return build.full(x.shape, False, "bool")
    if not dtypes.is_float(x.dtype):
        return x < 0
    return (x < 0) | (apply("equal", x, build.zeros_like(x)) & (build.divide(1.0, x) < 0))


@op("x")
def nan_to_num(
    x: ArrayLike,
    nan: float = 0.0,
    posinf: float | None = None,
    neginf: float | None = None,
) -> Array:
    """x with `nan` for NaN and `posinf`, `neginf` (the largest numbers) for infinities."""
    if not dtypes.is_float(x.dtype):
        return x
    largest = float(_limits(x.dtype)[1])
    high = build.where(_is_value(x, math.inf), largest if posinf is None else posinf, x)
    low = build.where(_is_value(x, -math.inf), -largest if neginf is None else neginf, high)
    return build.where(is_nan(x), nan, low)


# ---- bits
def _bitwise(name: str, x: Any, y: Any) -> Tensor:
    return apply(name, *_integers(name, *build.unify(x, y), boolean=True))


@op("x", "y")
def bitwise_and(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits set in both."""
    return _bitwise("and", x, y)


@op("x", "y")
def bitwise_or(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits set in either."""
    return _bitwise("or", x, y)


@op("x", "y")
def bitwise_xor(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits set in exactly one."""
    return _bitwise("xor", x, y)


@op("x")
def bitwise_not(x: ArrayLike) -> Array:
    """Every bit turned; for bool, logical not."""
    return apply("not", *_integers("bitwise_not", x, boolean=True))


bitwise_invert = bitwise_not


@op("x", "y")
def bitwise_left_shift(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits of x moved up by y, modulo the width of the type."""
    return _bitwise("shift_left", x, y)


@op("x", "y")
def bitwise_right_shift(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits of x moved down by y, modulo the width of the type; the sign is kept."""
    return _bitwise("shift_right", x, y)


left_shift = bitwise_left_shift
right_shift = bitwise_right_shift


# ---- the names that complex numbers have; every number here is real
@op("x")
def real(x: ArrayLike) -> Array:
    """x: the real part of a real number."""
    return x


@op("x")
def imag(x: ArrayLike) -> Array:
    """0: the imaginary part of a real number."""
    return build.zeros_like(x)


@op("x")
def conjugate(x: ArrayLike) -> Array:
    """x: real numbers are their own conjugates."""
    return x


conj = conjugate


@op("x")
def angle(x: ArrayLike) -> Array:
    """0 for numbers that are not negative, pi for negative ones."""
    x = floating(x)
    return build.where(is_nan(x), x, build.where(x < 0, math.pi, build.zeros_like(x)))


# ---- rounding
@op("x")
def floor(x: ArrayLike) -> Array:
    """The whole number at or below x, in floating point."""
    return apply("floor", floating(x))


@op("x")
def ceil(x: ArrayLike) -> Array:
    """The whole number at or above x, in floating point."""
    return -apply("floor", -floating(x))


@op("x")
def trunc(x: ArrayLike) -> Array:
    """x without its fraction."""
    if not dtypes.is_float(x.dtype):
        return x
    return build.where(x < 0, -apply("floor", -x), apply("floor", x))


@op("x")
def round(x: ArrayLike, decimals: int = 0) -> Array:
    """The nearest number of `decimals` decimal places, halves to the even one."""
    if not dtypes.is_float(x.dtype):
        return x if decimals >= 0 else build.cast(_scaled_round(floating(x), decimals), x.dtype)
    return _scaled_round(x, decimals)


def _scaled_round(x: Tensor, decimals: int) -> Tensor:
    if not decimals:
        return round_even(x)
    scale = 10.0 ** _abs(decimals)
    if decimals > 0:
        return build.divide(round_even(x * scale), scale)
    return round_even(build.divide(x, scale)) * scale


def round_even(x: Tensor) -> Tensor:
    """The nearest whole number, halves to the even one."""
    below = apply("floor", x)
    rest = x - below  # exact
    odd = below - 2.0 * apply("floor", below * 0.5)
    up = build.where(rest > 0.5, 1, build.mask(build.binary("equal", rest, 0.5), odd))
    whole_from = 2.0 ** (24 if x.dtype == "float32" else 53)  # all numbers are whole from here on
    return build.where(apply("abs", x) < whole_from, below + up, x)


# ---- types
def _numeric(x: Tensor) -> Tensor:
    """bool becomes int32, so that there is arithmetic on it."""
    return build.cast(x, "int32") if x.dtype == "bool" else x


def _integers(name: str, *xs: Tensor, boolean: bool = False) -> tuple[Tensor, ...]:
    for x in xs:
        if dtypes.is_float(x.dtype) or (x.dtype == "bool" and not boolean):
            raise TypeError(
                f"{name} is defined for integers, got {x.dtype}; cast the operand first"
            )
    return xs


def _limits(dtype: str) -> tuple[Any, Any]:
    """The smallest and the largest finite number of a type."""
    info = np.finfo(dtype) if dtypes.is_float(dtype) else np.iinfo(dtype)
    return info.min, info.max
