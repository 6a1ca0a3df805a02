"""exp, log, tanh and erf of float32 vectors, from elementary operations.

Polynomials are those of the Cephes library (S. Moshier); errors are a few units in the last place,
NaN stays NaN and infinities are honoured. Other functions and float64 go to the system's libm,
lane by lane.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from whit.engines.native.ir import Builder, Value, constant


def _k(x: float, like: Value) -> Value:
    return constant(x, like.type)


def fma(b: Builder, x: Value, y: Value, z: Value) -> Value:
    """x * y + z, in one rounding where the processor can."""
    return b.overloaded("fmuladd", x, y, z)


def polynomial(b: Builder, x: Value, coefficients: Sequence[float]) -> Value:
    """Horner's rule, highest power first."""
    total = _k(coefficients[0], x)
    for c in coefficients[1:]:
        total = fma(b, total, x, _k(c, x))
    return total


_EXP = (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 0.5)


def exp(b: Builder, x: Value) -> Value:
    """e to the x: 2**n times a polynomial on [-ln2/2, ln2/2]; 0 below -87.3, inf above 88.7."""
    low, high = _k(-87.33654, x), _k(88.72283, x)
    y = b.select(b.compare("ogt", x, low), x, low)
    y = b.select(b.compare("olt", y, high), y, high)
    n = b.overloaded("rint", b.op("fmul", y, _k(math.log2(math.e), x)))
    r = fma(b, n, _k(-0.693359375, x), y)
    r = fma(b, n, _k(2.12194440e-4, x), r)
    p = polynomial(b, r, _EXP)
    p = fma(b, b.op("fmul", r, r), p, b.op("fadd", r, _k(1.0, x)))
    # 2**n in two factors, since n can be 128.
    i = b.convert("fptosi", n, "i32")
    half = b.op("ashr", i, constant(1, i.type))
    for part in (half, b.op("sub", i, half)):
        bits = b.op("shl", b.op("add", part, constant(127, i.type)), constant(23, i.type))
        p = b.op("fmul", p, b.convert("bitcast", bits, "float"))
    p = b.select(b.compare("olt", x, low), _k(0.0, x), p)
    p = b.select(b.compare("ogt", x, high), _k(math.inf, x), p)
    return b.select(b.compare("uno", x, x), x, p)


_LOG = (
    7.0376836292e-2,
    -1.1514610310e-1,
    1.1676998740e-1,
    -1.2420140846e-1,
    1.4249322787e-1,
    -1.6668057665e-1,
    2.0000714765e-1,
    -2.4999993993e-1,
    3.3333331174e-1,
)


def log(b: Builder, x: Value) -> Value:
    """Natural logarithm; -inf at 0, NaN below."""
    smallest = _k(1.17549435e-38, x)
    y = b.select(b.compare("ogt", x, smallest), x, smallest)
    bits = b.convert("bitcast", y, "i32")
    e = b.op("sub", b.op("lshr", bits, constant(23, bits.type)), constant(126, bits.type))
    m = b.op("and", bits, constant(0x007FFFFF, bits.type))
    m = b.convert("bitcast", b.op("or", m, constant(0x3F000000, bits.type)), "float")
    small = b.compare("olt", m, _k(0.707106781186547524, x))
    e = b.op("sub", e, b.select(small, constant(1, e.type), constant(0, e.type)))
    m = b.op("fsub", b.op("fadd", m, b.select(small, m, _k(0.0, x))), _k(1.0, x))
    e = b.convert("sitofp", e, "float")
    z = b.op("fmul", m, m)
    y = b.op("fmul", b.op("fmul", polynomial(b, m, _LOG), m), z)
    y = fma(b, e, _k(-2.12194440e-4, x), y)
    y = fma(b, z, _k(-0.5, x), y)
    y = fma(b, e, _k(0.693359375, x), b.op("fadd", m, y))
    y = b.select(b.compare("oeq", x, _k(math.inf, x)), x, y)
    y = b.select(b.compare("oeq", x, _k(0.0, x)), _k(-math.inf, x), y)
    return b.select(b.compare("ult", x, _k(0.0, x)), _k(math.nan, x), y)


# A rational function of degree 13 over 6 (the one of Eigen's vectorised tanh), on [-7.9, 7.9].
_TANH_ABOVE = (
    -2.76076847742355e-16,
    2.00018790482477e-13,
    -8.60467152213735e-11,
    5.12229709037114e-08,
    1.48572235717979e-05,
    6.37261928875436e-04,
    4.89352455891786e-03,
)
_TANH_BELOW = (
    1.19825839466702e-06,
    1.18534705686654e-04,
    2.26843463243900e-03,
    4.89352518554385e-03,
)


def tanh(b: Builder, x: Value) -> Value:
    """A quotient of polynomials in x squared; x itself very near 0."""
    bound = 7.90531110763549805
    y = b.select(b.compare("olt", x, _k(bound, x)), x, _k(bound, x))
    y = b.select(b.compare("ogt", y, _k(-bound, x)), y, _k(-bound, x))
    z = b.op("fmul", y, y)
    above = b.op("fmul", y, polynomial(b, z, _TANH_ABOVE))
    far = b.op("fdiv", above, polynomial(b, z, _TANH_BELOW))
    small = b.compare("ult", b.overloaded("fabs", x), _k(4e-4, x))  # and NaN, which stays
    return b.select(small, x, far)


_ERF = (
    7.853861353153693e-5,
    -8.010193625184903e-4,
    5.188327685732524e-3,
    -2.685381193529856e-2,
    1.128358514861418e-1,
    -3.761262582423300e-1,
    1.128379165726710e0,
)
_ERFC_LOW = (
    2.326819970068386e-2,
    -1.387039388740657e-1,
    3.687424674597105e-1,
    -5.824733027278666e-1,
    6.210004621745983e-1,
    -4.944515323274145e-1,
    3.404879937665872e-1,
    -2.741127028184656e-1,
    5.638259427386472e-1,
)
_ERFC_HIGH = (
    -1.047766399936249e1,
    1.297719955372516e1,
    -7.495518717768503e0,
    2.921019019210786e0,
    -1.015265279202700e0,
    4.218463358204948e-1,
    -2.820767439740514e-1,
    5.641895067754075e-1,
)


def erf(b: Builder, x: Value) -> Value:
    """A polynomial on [-1, 1], 1 - erfc(|x|) beyond."""
    size = b.overloaded("fabs", x)
    z = b.op("fmul", x, x)
    near = b.op("fmul", x, polynomial(b, z, _ERF))
    one = _k(1.0, x)
    q = b.op("fdiv", one, b.select(b.compare("olt", size, one), one, size))
    y = b.op("fmul", q, q)
    low, high = polynomial(b, y, _ERFC_LOW), polynomial(b, y, _ERFC_HIGH)
    p = b.select(b.compare("olt", size, _k(2.0, x)), low, high)
    tail = b.op("fmul", b.op("fmul", exp(b, b.neg(z)), q), p)
    far = b.overloaded("copysign", b.op("fsub", one, tail), x)
    far = b.select(b.compare("uno", x, x), x, far)
    return b.select(b.compare("olt", size, one), near, far)
