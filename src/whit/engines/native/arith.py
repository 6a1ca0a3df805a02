"""One row for each elementwise primitive: its instructions, scalar and vector, for every dtype."""

from __future__ import annotations

from collections.abc import Callable

from whit.engines.native import vecmath
from whit.engines.native.ir import Builder, Type, Value, constant

ELEMENT = {
    "bool": "i1",
    "int8": "i8",
    "uint8": "i8",
    "int16": "i16",
    "uint16": "i16",
    "int32": "i32",
    "uint32": "i32",
    "int64": "i64",
    "uint64": "i64",
    "float32": "float",
    "float64": "double",
}


def is_unsigned(dtype: str) -> bool:
    """bool counts as unsigned."""
    return dtype[0] in "ub"


def _pick(floating: str, signed: str, unsigned: str | None = None) -> Callable:
    def rule(b: Builder, dtype: str, x: Value, y: Value) -> Value:
        word = (
            floating if x.type.is_float else unsigned if unsigned and is_unsigned(dtype) else signed
        )
        return b.op(word, x, y)

    return rule


def _compare(floating: str, signed: str, unsigned: str | None = None) -> Callable:
    def rule(b: Builder, dtype: str, x: Value, y: Value) -> Value:
        word = (
            floating if x.type.is_float else unsigned if unsigned and is_unsigned(dtype) else signed
        )
        return b.compare(word, x, y)

    return rule


def _is_constant(x: Value) -> bool:
    return not x.name.startswith("%")


def larger(b: Builder, dtype: str, x: Value, y: Value, flip: bool = False) -> Value:
    """The larger (or smaller) of two; NaN wins."""
    if not x.type.is_float:
        if x.type.elem == "i1":
            return b.op("and" if flip else "or", x, y)
        word = ("u" if is_unsigned(dtype) else "s") + ("lt" if flip else "gt")
        return b.select(b.compare(word, x, y), x, y)
    best = b.select(b.compare("ult" if flip else "ugt", x, y), x, y)
    return best if _is_constant(y) else b.select(b.compare("uno", y, y), y, best)


def smaller(b: Builder, dtype: str, x: Value, y: Value) -> Value:
    """The smaller of two; NaN wins."""
    return larger(b, dtype, x, y, flip=True)


def _float_unary(vector: Callable | None, name: str) -> Callable:
    """float32 through our own vector code where there is some; else libm's, through LLVM."""

    def rule(b: Builder, dtype: str, x: Value) -> Value:
        if vector is not None and x.type.elem == "float":
            return vector(b, x)
        return b.overloaded(name, x)

    return rule


def _erf(b: Builder, dtype: str, x: Value) -> Value:
    if x.type.elem == "float":
        return vecmath.erf(b, x)
    if not x.type.lanes:
        return b.intrinsic("erf", x.type, x)
    out = x
    for q in range(x.type.lanes):
        out = b.insert(out, b.intrinsic("erf", x.type.scalar, b.extract(x, q)), q)
    return out


def _sign(b: Builder, dtype: str, x: Value) -> Value:
    one, zero = constant(1, x.type), constant(0, x.type)
    if is_unsigned(dtype):
        return b.select(b.compare("eq", x, zero), zero, one)
    kind = "o" if x.type.is_float else "s"
    below = b.select(
        b.compare(kind + "lt", x, zero), constant(-1, x.type), x if x.type.is_float else zero
    )
    return b.select(b.compare(kind + "gt", x, zero), one, below)


def _abs(b: Builder, dtype: str, x: Value) -> Value:
    if x.type.is_float:
        return b.overloaded("fabs", x)
    if is_unsigned(dtype):
        return x
    return b.select(b.compare("slt", x, constant(0, x.type)), b.neg(x), x)


def _floor_divide(b: Builder, dtype: str, x: Value, y: Value) -> Value:
    """Towards minus infinity; an integer divided by 0 is 0."""
    if x.type.is_float:
        return b.overloaded("floor", b.op("fdiv", x, y))
    zero, one = constant(0, x.type), constant(1, x.type)
    none = b.compare("eq", y, zero)
    if is_unsigned(dtype):
        return b.select(none, zero, b.op("udiv", x, b.select(none, one, y)))
    minus = b.compare("eq", y, constant(-1, x.type))  # the smallest integer / -1 would trap
    safe = b.select(b.op("or", none, minus), one, y)
    q, r = b.op("sdiv", x, safe), b.op("srem", x, safe)
    apart = b.compare("slt", b.op("xor", r, safe), zero)
    down = b.op("and", b.compare("ne", r, zero), apart)
    q = b.select(down, b.op("sub", q, one), q)
    return b.select(none, zero, b.select(minus, b.neg(x), q))


def _power(b: Builder, dtype: str, x: Value, y: Value) -> Value:
    """libm's pow; for integers by repeated squaring, and 0 for negative exponents."""
    if x.type.is_float:
        return b.overloaded("pow", x, y)
    zero, one = constant(0, x.type), constant(1, x.type)
    result, base = one, x
    for bit in range(x.type.bits):
        on = b.compare("ne", b.op("and", b.op("lshr", y, constant(bit, y.type)), one), zero)
        result = b.select(on, b.op("mul", result, base), result)
        base = b.op("mul", base, base)
    if is_unsigned(dtype):
        return result
    return b.select(b.compare("slt", y, zero), zero, result)


def _shift(signed: str, unsigned: str) -> Callable:
    def rule(b: Builder, dtype: str, x: Value, y: Value) -> Value:
        count = b.op("and", y, constant(x.type.bits - 1, y.type))
        return b.op(unsigned if is_unsigned(dtype) else signed, x, count)

    return rule


def _not(b: Builder, dtype: str, x: Value) -> Value:
    return b.op("xor", x, constant(True if x.type.elem == "i1" else -1, x.type))


def _negate(b: Builder, dtype: str, x: Value) -> Value:
    return b.neg(x)


RULES: dict[str, Callable[..., Value]] = {
    "add": _pick("fadd", "add"),
    "sub": _pick("fsub", "sub"),
    "mul": _pick("fmul", "mul"),
    "div": _pick("fdiv", "sdiv", "udiv"),
    "floor_divide": _floor_divide,
    "pow": _power,
    "max": larger,
    "min": smaller,
    "neg": _negate,
    "abs": _abs,
    "sign": _sign,
    "exp": _float_unary(vecmath.exp, "exp"),
    "log": _float_unary(vecmath.log, "log"),
    "tanh": _float_unary(vecmath.tanh, "tanh"),
    "erf": _erf,
    "sqrt": _float_unary(None, "sqrt"),
    "sin": _float_unary(None, "sin"),
    "cos": _float_unary(None, "cos"),
    "floor": _float_unary(None, "floor"),
    "equal": _compare("oeq", "eq"),
    "less": _compare("olt", "slt", "ult"),
    "less_equal": _compare("ole", "sle", "ule"),
    "and": _pick("", "and"),
    "or": _pick("", "or"),
    "xor": _pick("", "xor"),
    "not": _not,
    "shift_left": _shift("shl", "shl"),
    "shift_right": _shift("ashr", "lshr"),
    "where": lambda b, dtype, c, x, y: b.select(c, x, y),
}


def cast(b: Builder, x: Value, source: str, dtype: str) -> Value:
    """Conversion as the reference does it: to bool "is not zero", float to integer saturating."""
    if source == dtype:
        return x
    to = ELEMENT[dtype]
    if dtype == "bool":
        return b.compare("une" if x.type.is_float else "ne", x, constant(0, x.type))
    target = Type(to, x.type.lanes)
    if x.type.is_float and target.is_float:
        return b.convert("fpext" if to == "double" else "fptrunc", x, to)
    if x.type.is_float:
        word = "fptoui" if is_unsigned(dtype) else "fptosi"
        return _saturate(b, word, x, target)
    if target.is_float:
        return b.convert("uitofp" if is_unsigned(source) else "sitofp", x, to)
    if target.bits == x.type.bits:
        return Value(x.name, target)
    if target.bits < x.type.bits:
        return b.convert("trunc", x, to)
    return b.convert("zext" if is_unsigned(source) else "sext", x, to)


def _saturate(b: Builder, word: str, x: Value, to: Type) -> Value:
    def tag(t: Type) -> str:
        elem = {"float": "f32", "double": "f64"}.get(t.elem, t.elem)
        return f"v{t.lanes}{elem}" if t.lanes else elem

    return b.intrinsic(f"llvm.{word}.sat.{tag(to)}.{tag(x.type)}", to, x)


IDENTITY = {"sum": 0, "prod": 1}
COMBINE = {"sum": "add", "prod": "mul", "max_reduce": "max", "min_reduce": "min"}


def identity(op: str, dtype: str, type: Type) -> Value:
    """What a reduction starts from."""
    if op in IDENTITY:
        return constant(IDENTITY[op], type)
    low = op == "max_reduce"
    if type.is_float:
        return constant(float("-inf") if low else float("inf"), type)
    if type.elem == "i1":
        return constant(not low, type)
    bits = type.bits
    if is_unsigned(dtype):
        return constant(0 if low else 2**bits - 1, type)
    return constant(-(2 ** (bits - 1)) if low else 2 ** (bits - 1) - 1, type)


def combine(b: Builder, op: str, dtype: str, x: Value, y: Value) -> Value:
    """One step of a reduction."""
    return RULES[COMBINE[op]](b, dtype, x, y)


def across(b: Builder, op: str, dtype: str, x: Value) -> Value:
    """All lanes of a vector to one, halving; an odd lane out is taken first."""
    while x.type.lanes > 1:
        half, odd = divmod(x.type.lanes, 2)
        low = b.shuffle(x, x, range(half))
        high = b.shuffle(x, x, range(half, 2 * half))
        paired = combine(b, op, dtype, low, high)
        if odd:
            last = b.extract(x, 2 * half)
            first = combine(b, op, dtype, b.extract(paired, 0), last)
            paired = b.insert(paired, first, 0)
        x = paired
    return b.extract(x, 0) if x.type.lanes else x
