"""Makes one definition serve three callers: `@op` lets a function written over Tensors take arrays,
Variables, lists and Python scalars, inside a trace and outside.

Outside a trace the function is traced once for each signature (shapes, dtypes, static arguments);
the few NumPy calls it comes to are kept, so that a repeated operation costs little more than they
do.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

import numpy as np

from whit import config
from whit.engines import reference
from whit.graph import Tensor, Trace, input_, topological
from whit.graph.build import constant
from whit.ops.core import convert, symbolic

ArrayLike = Any
"""What operations take: arrays, Variables, Python scalars, nested lists, Tensors."""
Array = Any
"""What operations return: a Tensor if anything is traced, a NumPy array if nothing is."""

P = ParamSpec("P")
R = TypeVar("R")
Slot = int


def op(*arrays: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Lift a function over Tensors to everything that is like an array.

    Args:
        arrays: names of the parameters that are arrays; `"*xs"` is a sequence of arrays. The
            function receives Tensors for them, or Python scalars where a scalar stands beside an
            array (it is
            weak: it takes the array's type), or None. Its other parameters are static.
    """

    def lift(f: Callable[P, R]) -> Callable[P, R]:
        code = f.__code__
        names = code.co_varnames[: code.co_argcount]

        @functools.wraps(f)
        def lifted(*args: P.args, **kwargs: P.kwargs) -> R:
            if len(args) > len(names):
                return f(*args, **kwargs)  # Python's own complaint about too many arguments
            bound: dict[str, Any] = {**dict(zip(names, args, strict=False)), **kwargs}
            if len(bound) < len(args) + len(kwargs):
                return f(*args, **kwargs)
            return _run(f, arrays, bound)

        return lifted

    return lift


def floating(x: Tensor) -> Tensor:
    """`x` in floating point: the default type for integers and bool."""
    from whit.graph import dtypes
    from whit.graph.build import cast

    return x if dtypes.is_float(x.dtype) else cast(x, config.floatx())


def strong(x: Any) -> Tensor:
    """A Tensor from an operand that may be a weak scalar."""
    return x if isinstance(x, Tensor) else constant(x, scalar_dtype(x))


def scalar_dtype(x: Any) -> str:
    """The type that a lone Python scalar has."""
    if isinstance(x, np.generic):
        return x.dtype.name
    return "bool" if isinstance(x, bool) else "int32" if isinstance(x, int) else config.floatx()


def _run(f: Callable, arrays: Sequence[str], bound: dict[str, Any]) -> Any:
    leaves: list[Any] = []
    for name in arrays:
        if name[0] != "*":
            if name in bound:
                bound[name] = _operand(bound[name])
                leaves.append(bound[name])
        elif name[1:] in bound:
            bound[name[1:]] = [_operand(x) for x in _sequence(name[1:], bound[name[1:]])]
            leaves += bound[name[1:]]
    if Trace.current() is not None or any(isinstance(x, Tensor) for x in leaves):
        return f(**_with_leaves(arrays, bound, _traced(leaves)))
    return _at_once(f, arrays, bound, leaves)


def _operand(x: Any) -> Any:
    if x is None:
        return None
    if isinstance(x, list | tuple) and _holds_tensor(x):
        from whit.ops.shaping import stack

        return stack([_operand(e) for e in x])
    return convert(x)


def _holds_tensor(x: Any) -> bool:
    if isinstance(x, list | tuple):
        return any(map(_holds_tensor, x))
    return isinstance(x, Tensor) or hasattr(x, "__whit_variable__")


def _sequence(name: str, xs: Any) -> Sequence[Any]:
    if isinstance(xs, list | tuple):
        return xs
    xs = convert(xs)
    if not getattr(xs, "shape", ()):
        raise ValueError(f"{name}={xs!r}: expected a list or tuple of arrays")
    return [xs[i] for i in range(xs.shape[0])]


def _is_scalar(x: Any) -> bool:
    return isinstance(x, bool | int | float)


def _traced(leaves: list[Any]) -> list[Any]:
    """Arrays as literals; a lone scalar as a constant of its own type."""
    alone = all(x is None or _is_scalar(x) for x in leaves)
    return [
        symbolic(x) if isinstance(x, np.ndarray) else strong(x) if alone and x is not None else x
        for x in leaves
    ]


def _with_leaves(arrays: Sequence[str], bound: dict[str, Any], leaves: list[Any]) -> dict[str, Any]:
    supply = iter(leaves)
    out = dict(bound)
    for name in arrays:
        if name[0] != "*":
            if name in bound:
                out[name] = next(supply)
        elif name[1:] in bound:
            out[name[1:]] = [next(supply) for _ in bound[name[1:]]]
    return out


# ---- outside a trace
class _Plan:
    """The NumPy calls that a function comes to for one signature."""

    def __init__(self, inputs: list[Tensor], result: Any) -> None:
        order = [t for t in topological(_tensors(result)) if t not in inputs]
        known = _constants(order)
        self.result = result
        self.constants = list(known.values())
        self.slots: dict[Tensor, Slot] = {t: q for q, t in enumerate([*inputs, *known])}
        self.steps: list[tuple[Callable, tuple[Slot, ...], tuple, np.dtype]] = []
        for node in order:
            if node not in self.slots:
                self.slots[node] = len(self.slots)
                at = tuple(self.slots[a] for a in node.inputs)
                rule = reference.RULES[node.op]
                self.steps.append((rule, at, node.attrs, np.dtype(node.dtype)))

    def run(self, arrays: list[np.ndarray]) -> Any:
        """The function's value on these arrays."""
        values = [*arrays, *self.constants]
        with np.errstate(all="ignore"):
            for rule, at, attrs, dtype in self.steps:
                out = np.asarray(rule(*[values[s] for s in at], *attrs))
                values.append(out if out.dtype == dtype else out.astype(dtype))
        return self._shaped(self.result, values, arrays)

    def _shaped(self, result: Any, values: list[np.ndarray], arrays: list[np.ndarray]) -> Any:
        if isinstance(result, Tensor):
            return _owned(values[self.slots[result]], arrays)
        if isinstance(result, list | tuple):
            return type(result)(self._shaped(r, values, arrays) for r in result)
        return result


_FOLDED = 4096  # elements; larger constants are computed at each call rather than kept


def _constants(order: Sequence[Tensor]) -> dict[Tensor, np.ndarray]:
    """Values of the nodes that depend on no input."""
    known: dict[Tensor, np.ndarray] = {}
    for node in order:
        view = node.op in ("broadcast", "literal")
        if all(a in known for a in node.inputs) and (view or node.size <= _FOLDED):
            value = reference.compute(node, [known[a] for a in node.inputs]).view()
            value.flags.writeable = False  # a result that is one is copied
            known[node] = value
    return known


def _tensors(result: Any) -> list[Tensor]:
    if isinstance(result, list | tuple):
        return [t for r in result for t in _tensors(r)]
    return [result] if isinstance(result, Tensor) else []


def _owned(out: np.ndarray, arrays: list[np.ndarray]) -> np.ndarray:
    """A result never shares memory with an operand (a Variable's array changes in place)."""
    if not out.flags.writeable or any(np.may_share_memory(out, a) for a in arrays):
        return out.copy()
    return out


_plans: OrderedDict[tuple, _Plan] = OrderedDict()
_PLANS_KEPT = 4096


def _at_once(f: Callable, arrays: Sequence[str], bound: dict[str, Any], leaves: list[Any]) -> Any:
    concrete = [x for x in leaves if isinstance(x, np.ndarray)]
    key = _signature(f, arrays, bound, leaves)
    plan = None if key is None else _plans.get(key)
    if plan is None:
        plan = _trace_plan(f, arrays, bound, leaves)
        if key is not None:
            _plans[key] = plan
            if len(_plans) > _PLANS_KEPT:
                _plans.popitem(last=False)
    return plan.run(concrete)


def _trace_plan(
    f: Callable, arrays: Sequence[str], bound: dict[str, Any], leaves: list[Any]
) -> _Plan:
    alone = all(x is None or _is_scalar(x) for x in leaves)
    inputs: list[Tensor] = []
    operands: list[Any] = []
    for x in leaves:
        if isinstance(x, np.ndarray):
            inputs.append(input_(f"eager.{len(inputs)}", x.shape, x.dtype.name))
            operands.append(inputs[-1])
        else:
            operands.append(strong(x) if alone and x is not None else x)
    with Trace("eager").active():  # so that operations used inside f are traced too
        return _Plan(inputs, f(**_with_leaves(arrays, bound, operands)))


class _NoKey(Exception):
    """A static argument that cannot be part of a key."""


def _signature(f: Callable, arrays: Sequence[str], bound: dict, leaves: list) -> tuple | None:
    """What the plan depends on, or None if it cannot be told (then nothing is kept)."""
    operands = {name.lstrip("*") for name in arrays}
    try:
        static = tuple((k, _static(v)) for k, v in bound.items() if k not in operands)
        given = tuple(
            (k, len(v) if isinstance(v, list) else 0) for k, v in bound.items() if k in operands
        )
        return f, config.numerics(), static, given, tuple(map(_leaf, leaves))
    except _NoKey:
        return None


def _leaf(x: Any) -> Any:
    return (x.shape, x.dtype) if isinstance(x, np.ndarray) else (type(x), repr(x))


_PLAIN = (bool, int, float, str, type(None), type(...), type, np.dtype)


def _static(v: Any) -> Any:
    if isinstance(v, list | tuple):
        return type(v), tuple(map(_static, v))
    if isinstance(v, slice):
        return slice, _static((v.start, v.stop, v.step))
    if isinstance(v, np.generic) or not isinstance(v, _PLAIN):
        raise _NoKey
    return type(v), repr(v) if isinstance(v, float) else v


def axes_of(axis: Any, ndim: int, name: str = "axis") -> tuple[int, ...]:
    """The axes meant by None (all), an integer or a sequence, counted from 0 and sorted.

    Raises:
        ValueError: one is out of range or named twice.
    """
    if axis is None:
        return tuple(range(ndim))
    given = axis if isinstance(axis, list | tuple) else (axis,)
    axes = [axis_of(a, ndim, name) for a in given]
    if len(set(axes)) != len(axes):
        raise ValueError(f"{name}={axis!r} names one axis twice")
    return tuple(sorted(axes))


def axis_of(axis: Any, ndim: int, name: str = "axis") -> int:
    """One axis, counted from 0; ValueError if there is no such axis."""
    try:
        a = axis.__index__()
    except (AttributeError, TypeError):
        raise ValueError(f"{name}={axis!r}: expected an integer") from None
    if not -ndim <= a < ndim:
        raise ValueError(f"{name}={axis!r} is out of range for an array with {ndim} axes")
    return a % ndim
