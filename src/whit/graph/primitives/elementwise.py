"""Functions of single elements. Operands already have one shape and, but for `where`, one dtype."""

from __future__ import annotations

import math
from collections.abc import Callable

from whit.graph import dtypes
from whit.graph.build import cast, divide, mask, where, zeros_like
from whit.graph.tensor import Shape, Tensor, apply, primitive

Rule = Callable[[tuple[Tensor, ...], tuple], tuple[Shape, str]]


def _same(inputs: tuple[Tensor, ...], name: str, arity: int) -> None:
    if len(inputs) != arity:
        raise TypeError(f"{name} takes {arity} operand{'s' * (arity > 1)}, got {len(inputs)}")
    first = inputs[0]
    for x in inputs[1:]:
        if x.shape != first.shape or x.dtype != first.dtype:
            raise ValueError(f"{name}: operands differ: {', '.join(map(repr, inputs))}")


def _rule(name: str, arity: int, accepts: Callable[[str], bool], result: str | None = None) -> Rule:
    def infer(inputs: tuple[Tensor, ...], attrs: tuple) -> tuple[Shape, str]:
        _same(inputs, name, arity)
        if not accepts(inputs[0].dtype):
            raise TypeError(f"{name} is not defined for dtype {inputs[0].dtype}")
        return inputs[0].shape, result or inputs[0].dtype

    return infer


def _number(dtype: str) -> bool:
    return dtype != "bool"


def _bits(dtype: str) -> bool:
    return not dtypes.is_float(dtype)


def _any(dtype: str) -> bool:
    return True


def _floating(name: str, vjp: Callable, arity: int = 1) -> None:
    primitive(name, "elementwise", _rule(name, arity, dtypes.is_float), vjp)


def _arithmetic(name: str, vjp: Callable, arity: int = 2) -> None:
    primitive(name, "elementwise", _rule(name, arity, _number), vjp)


def _compare(name: str) -> None:
    primitive(name, "elementwise", _rule(name, 2, _any, "bool"), lambda g, y, a, b: (None, None))


def _greater(a: Tensor, b: Tensor) -> Tensor:
    return apply("less", b, a)


def _erf_vjp(g: Tensor, y: Tensor, a: Tensor) -> tuple[Tensor]:
    return (g * apply("exp", -(a * a)) * (2.0 / math.sqrt(math.pi)),)


def _pow_vjp(g: Tensor, y: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """At a = b = 0 the first is 0, not 0 * infinity; the second is 0 where log(a) is undefined."""
    log_a = apply("log", where(_greater(a, zeros_like(a)), a, 1))
    less_one = where(apply("equal", b, zeros_like(b)), 1, b - 1)
    return g * b * apply("pow", a, less_one), g * y * log_a


_floating("exp", lambda g, y, a: (g * y,))
_floating("log", lambda g, y, a: (divide(g, a),))
_floating("sqrt", lambda g, y, a: (divide(g * 0.5, y),))
_floating("tanh", lambda g, y, a: (g * (1 - y * y),))
_floating("erf", _erf_vjp)
_floating("sin", lambda g, y, a: (g * apply("cos", a),))
_floating("cos", lambda g, y, a: (-(g * apply("sin", a)),))
_floating("floor", lambda g, y, a: (None,))
_floating("div", lambda g, y, a, b: (divide(g, b), -divide(g * y, b)), 2)

_arithmetic("neg", lambda g, y, a: (-g,), 1)
_arithmetic("abs", lambda g, y, a: (g * apply("sign", a),), 1)
_arithmetic("sign", lambda g, y, a: (None,), 1)
_arithmetic("add", lambda g, y, a, b: (g, g))
_arithmetic("sub", lambda g, y, a, b: (g, -g))
_arithmetic("mul", lambda g, y, a, b: (g * b, g * a))
_arithmetic("pow", _pow_vjp)
_arithmetic("floor_divide", lambda g, y, a, b: (None, None))
# Ties give the gradient to the second operand, so that relu(x) = max(x, 0) has none at 0.
_arithmetic(
    "max",
    lambda g, y, a, b: (mask(_greater(y, b), g), mask(apply("not", _greater(y, b)), g)),
)
_arithmetic(
    "min",
    lambda g, y, a, b: (mask(_greater(b, y), g), mask(apply("not", _greater(b, y)), g)),
)

for _name in ("equal", "less", "less_equal"):
    _compare(_name)

for _name in ("and", "or", "xor", "shift_left", "shift_right"):
    primitive(_name, "elementwise", _rule(_name, 2, _bits), lambda g, y, a, b: (None, None))
primitive("not", "elementwise", _rule("not", 1, _bits), lambda g, y, a: (None,))


def _where_rule(inputs: tuple[Tensor, ...], attrs: tuple) -> tuple[Shape, str]:
    condition, x, y = inputs
    _same((x, y), "where", 2)
    if condition.dtype != "bool" or condition.shape != x.shape:
        raise ValueError(f"where: condition {condition!r} does not fit {x!r}")
    return x.shape, x.dtype


def _where_vjp(g: Tensor, y: Tensor, c: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor | None, ...]:
    return None, mask(c, g), where(c, zeros_like(g), g)


def _cast_rule(inputs: tuple[Tensor, ...], attrs: tuple) -> tuple[Shape, str]:
    (x,), (dtype,) = inputs, attrs
    return x.shape, dtypes.checked(dtype)


primitive("where", "elementwise", _where_rule, _where_vjp)
primitive(
    "cast",
    "elementwise",
    _cast_rule,
    lambda g, y, a, dtype: (cast(g, a.dtype) if dtypes.is_float(a.dtype) else None,),
)
primitive(  # a value that is not differentiated
    "stop",
    "movement",
    lambda inputs, attrs: (inputs[0].shape, inputs[0].dtype),
    lambda g, y, a: (None,),
)
