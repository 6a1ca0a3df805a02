"""Conversion, inspection and control flow.

A trace has no loops: loops over known extents are unrolled, a branch on a traced value computes
both sides and chooses, and a loop whose end is only known when it runs needs a bound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from whit.graph import Tensor, Trace, apply, build, dtypes
from whit.ops import core
from whit.ops.lift import Array, ArrayLike, op, scalar_dtype, strong


# ---- conversion
def convert_to_tensor(
    x: ArrayLike, dtype: Any = None, sparse: bool | None = None, ragged: bool | None = None
) -> Array:
    """x as what operations return: a Tensor in a trace, else a NumPy array of its own.

    Args:
        dtype: x's own by default; Python floats become `floatx`, Python integers int32.
    """
    if sparse or ragged:
        raise ValueError("whit has neither sparse nor ragged tensors")
    if dtype is None and isinstance(x, bool | int | float) and not isinstance(x, np.generic):
        dtype = scalar_dtype(x)
    return _as_tensor(x, None if dtype is None else dtypes.canonical(dtype))


@op("x")
def _as_tensor(x: ArrayLike, dtype: str | None) -> Array:
    return x if dtype is None else build.cast(x, dtype)


def array(x: ArrayLike, dtype: Any = None) -> Array:
    """See `convert_to_tensor`."""
    return convert_to_tensor(x, dtype)


def copy(x: ArrayLike) -> Array:
    """x again."""
    return convert_to_tensor(x)


def convert_to_numpy(x: ArrayLike) -> np.ndarray:
    """x as a NumPy array.

    Raises:
        TypeError: x is traced and has no numbers yet.
    """
    return np.array(core.convert(x)) if not isinstance(x, Tensor) else np.asarray(x)


@op("x")
def cast(x: ArrayLike, dtype: Any) -> Array:
    """x in another type. Floats become integers towards 0, those out of range the nearest bound."""
    return build.cast(x, dtypes.canonical(dtype))


@op("x")
def saturate_cast(x: ArrayLike, dtype: Any) -> Array:
    """x in another type, values out of its range becoming the nearest bound."""
    wanted = dtypes.canonical(dtype)
    if dtypes.is_float(x.dtype) or not dtypes.is_integer(wanted) or x.dtype == "bool":
        return build.cast(x, wanted)
    have, want = np.iinfo(x.dtype), np.iinfo(wanted)
    if want.min > have.min:
        x = build.maximum(x, int(want.min))
    if want.max < have.max:
        x = build.binary("min", x, int(want.max))
    return build.cast(x, wanted)


@op("variable")
def stop_gradient(variable: ArrayLike) -> Array:
    """The value, a constant to differentiation."""
    return apply("stop", variable)


# ---- inspection
def shape(x: ArrayLike) -> tuple[int, ...]:
    """Extents of x: Python integers, known in a trace too."""
    return tuple(x.shape) if hasattr(x, "shape") else np.shape(x)


def ndim(x: ArrayLike) -> int:
    """Number of axes of x."""
    return len(shape(x))


def size(x: ArrayLike) -> int:
    """Number of elements of x."""
    return int(np.prod(shape(x), dtype=np.int64))


def dtype(x: ArrayLike) -> str:
    """The name of x's element type."""
    if isinstance(x, bool | int | float):
        return scalar_dtype(x)
    x = core.convert(x)
    return x.dtype if isinstance(x, Tensor) else x.dtype.name


def is_tensor(x: Any) -> bool:
    """Whether x is what operations return: a traced Tensor or a NumPy array."""
    return isinstance(x, Tensor | np.ndarray)


# ---- structures of arrays
def map_structure(f: Callable[..., Any], *trees: Any) -> Any:
    """`f` on the leaves of lists, tuples and dicts of one form."""
    first = trees[0]
    if isinstance(first, dict):
        return {k: map_structure(f, *(t[k] for t in trees)) for k in first}
    if isinstance(first, list | tuple):
        parts = [map_structure(f, *p) for p in zip(*trees, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    return None if first is None else f(*trees)


def leaves(tree: Any) -> list[Any]:
    """The leaves of lists, tuples and dicts."""
    if isinstance(tree, dict):
        return [x for v in tree.values() for x in leaves(v)]
    if isinstance(tree, list | tuple):
        return [x for v in tree for x in leaves(v)]
    return [] if tree is None else [tree]


# ---- branches
def _known(x: Any) -> bool:
    return not core.is_symbolic(x)


def cond(pred: ArrayLike, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """`true_fn()` if `pred`, else `false_fn()`.

    In a trace with a traced `pred` both are computed, what they assign to variables included, and
    the results chosen from; so both must return the same structure, shapes and types.
    """
    if _known(pred):
        return true_fn() if bool(np.asarray(core.convert(pred))) else false_fn()
    return _both(core.convert(pred), true_fn, false_fn)


def _both(pred: Tensor, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    trace = Trace.current()
    before = dict(trace.values) if trace else {}
    yes = true_fn()
    if trace is None:
        return map_structure(lambda a, b: _choose(pred, a, b), yes, false_fn())
    after = dict(trace.values)
    trace.values.clear()
    trace.values.update({**trace.variables, **before})
    no = false_fn()
    for variable, value in trace.values.items():
        trace.values[variable] = _choose(
            pred, after.get(variable, trace.variables[variable]), value
        )
    return map_structure(lambda a, b: _choose(pred, a, b), yes, no)


def _choose(pred: Tensor, a: Any, b: Any) -> Any:

    a, b = core.symbolic(a), core.symbolic(b)
    if a is b:
        return a
    if (a.shape, a.dtype) != (b.shape, b.dtype):
        raise ValueError(
            f"cond: the branches give {a.dtype}{list(a.shape)} and {b.dtype}{list(b.shape)}; "
            "they must agree"
        )
    chosen = build.broadcast_to(build.cast(pred, "bool"), a.shape)
    return apply("where", chosen, a, b)


def switch(index: ArrayLike, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """`branches[index](*operands)`, an index out of range taking the nearest branch."""
    if not branches:
        raise ValueError("switch: branches is empty; expected one function or more")
    if _known(index):
        at = min(max(int(np.asarray(core.convert(index))), 0), len(branches) - 1)
        return branches[at](*operands)
    index = core.convert(index)
    result = lambda: branches[-1](*operands)  # noqa: E731
    for q in range(len(branches) - 2, -1, -1):
        result = _branch(index <= q, branches[q], operands, result)
    return result()


def _branch(
    pred: Tensor, f: Callable, operands: tuple, other: Callable[[], Any]
) -> Callable[[], Any]:
    return lambda: cond(pred, lambda: f(*operands), other)


# ---- loops
def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    maximum_iterations: int | None = None,
) -> Any:
    """`loop_vars = body(*loop_vars)` while `cond(*loop_vars)`.

    In a trace with a condition that depends on traced values the loop is unrolled
    `maximum_iterations` times, and the steps after its end change nothing.

    Raises:
        ValueError: a traced condition without `maximum_iterations`.
    """
    single = not isinstance(loop_vars, list | tuple)
    state = (loop_vars,) if single else tuple(loop_vars)
    count = 0
    while maximum_iterations is None or count < maximum_iterations:
        going = cond(*state)
        if not _known(going):
            return _bounded(cond, body, state, maximum_iterations, count, single)
        if not bool(np.asarray(core.convert(going))):
            break
        state = _as_state(body(*state), single)
        count += 1
    return state[0] if single else state


def _as_state(result: Any, single: bool) -> tuple:
    return tuple(result) if isinstance(result, list | tuple) and not single else (result,)


def _bounded(
    cond_fn: Callable, body: Callable, state: tuple, maximum: int | None, count: int, single: bool
) -> Any:
    if maximum is None:
        raise ValueError(
            "while_loop: the condition depends on traced values, so its end is not known while "
            "tracing; give maximum_iterations"
        )
    going: Any = True
    for _ in range(count, maximum):
        going = core.call(lambda a, b: build.binary("and", strong(a), b), going, cond_fn(*state))
        state = _step_if(going, body, state, single)
    return state[0] if single else state


def _step_if(going: Any, body: Callable, state: tuple, single: bool) -> tuple:
    return cond(going, lambda: _as_state(body(*state), single), lambda: state)


def fori_loop(lower: int, upper: int, body_fun: Callable[[Any, Any], Any], init_val: Any) -> Any:
    """`val = body_fun(i, val)` for i from lower to upper - 1, unrolled: bounds must be known."""
    for i in range(int(lower), int(upper)):
        init_val = body_fun(i, init_val)
    return init_val


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
) -> tuple[Any, Any]:
    """`carry, y = f(carry, x)` for each x of `xs` along the first axis; the last carry and all y.

    Args:
        xs: an array or a structure of arrays, or None: then `length` steps are made with None.
        reverse: from the last to the first; the y stay in the order of the x.
        unroll: accepted for Keras' sake; the loop is always unrolled in a trace.
    """
    n = length if xs is None else shape(leaves(xs)[0])[0]
    if n is None:
        raise ValueError("scan: give xs or length")
    carry, ys = init, []
    for i in reversed(range(n)) if reverse else range(n):
        carry, y = f(carry, map_structure(lambda x, i=i: _row(x, i), xs))
        ys.append(y)
    return carry, _stacked(ys[::-1] if reverse else ys)


@op("x")
def _row(x: ArrayLike, i: int) -> Array:
    return x[i]


def _stacked(ys: list[Any]) -> Any:
    from whit.ops.shaping import stack

    return map_structure(lambda *y: stack(y), *ys) if ys else None


def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """`f` on each row of `xs` (an array, or a structure of arrays); results stacked."""
    n = shape(leaves(xs)[0])[0]
    return _stacked([f(map_structure(lambda x, i=i: _row(x, i), xs)) for i in range(n)])


def associative_scan(
    f: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0
) -> Any:
    """Running results of an associative `f` along `axis`, in log2(n) doublings.

    Args:
        f: of two structures like `elems`, whose arrays hold many elements along `axis`.
    """
    from whit.ops.shaping import concatenate, flip, split

    x = map_structure(lambda v: flip(v, axis), elems) if reverse else elems
    n, shift = shape(leaves(elems)[0])[axis], 1
    while shift < n:
        head = map_structure(lambda v, s=shift: split(v, [s], axis)[0], x)
        early = map_structure(lambda v, s=shift: split(v, [n - s], axis)[0], x)
        late = map_structure(lambda v, s=shift: split(v, [s], axis)[1], x)
        x = map_structure(lambda a, b: concatenate([a, b], axis), head, f(early, late))
        shift *= 2
    return map_structure(lambda v: flip(v, axis), x) if reverse else x


def vectorize(pyfunc: Callable, *, excluded: Any = None, signature: str | None = None) -> Callable:
    """`pyfunc` of scalars as a function of arrays, called once for each element (first axes)."""
    skip = set(excluded or ())
    if signature is not None:
        raise ValueError("vectorize: signature is not supported; write the function over arrays")

    def vectorized(*args: Any) -> Any:
        rows = [core.convert(a) for q, a in enumerate(args) if q not in skip]
        grid = np.broadcast_shapes(*(shape(r) for r in rows))
        from whit.ops.shaping import broadcast_to, reshape, stack

        flat = [reshape(broadcast_to(r, grid), (-1,)) for r in rows]
        results = []
        for i in range(size(flat[0])):
            supply = iter([_row(r, i) for r in flat])
            results.append(pyfunc(*(a if q in skip else next(supply) for q, a in enumerate(args))))
        y = stack(results)
        return reshape(y, (*grid, *shape(y)[1:]))

    return vectorized
