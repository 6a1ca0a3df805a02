"""Functions of functions: `jit` compiles one, `grad` and `value_and_grad` differentiate one.

A function is traced once for each signature of its arguments into a program; the Variables that it
reads and assigns become the program's state. Inside a trace a transformed function is inlined, so
transformations nest. Gradients are compiled as well: there is no second way to compute.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from types import MethodType
from typing import Any

import numpy as np

from whit import tree
from whit.engines import compile_program
from whit.graph import Tensor, Trace, apply, dtypes, topological
from whit.graph import grad as graph_grad
from whit.ops import core

_tracing = threading.RLock()  # one trace at a time: all of them share the table of tensors


class Compiled:
    """A traced and compiled call: arrays in, the function's result out."""

    __slots__ = ("pack", "run", "shapes", "state")

    def __init__(self, run: Callable, state: list[np.ndarray], result: Any, shapes: list) -> None:
        self.run, self.state, self.shapes = run, state, shapes
        self.pack = _packer(result)

    def __call__(self, data: list[np.ndarray]) -> Any:
        """Run one step on contiguous arrays of exactly the traced shapes and dtypes."""
        outputs = self.run(1, self.state, data)
        if self.pack is next:  # one array: 1 µs less
            return outputs[0].reshape(self.shapes[0])
        arrays = [a.reshape(s) for a, s in zip(outputs, self.shapes, strict=True)]
        return self.pack(iter(arrays))


def _packer(result: Any) -> Callable[[Iterator[np.ndarray]], Any]:
    """What puts arrays into the structure of a traced result; worked out once, run at each call."""
    if isinstance(result, dict):
        order = tree.sorted_keys(result)
        packers = [(key, _packer(result[key])) for key in order]
        if order == list(result):
            return lambda arrays: {key: pack(arrays) for key, pack in packers}
    if isinstance(result, dict) or hasattr(result, "_fields"):
        leaves = tree.map_structure(lambda x: x is not None, result)
        return lambda arrays: tree.map_structure(lambda x: next(arrays) if x else None, leaves)
    if isinstance(result, list | tuple):
        inner, kind = [_packer(item) for item in result], type(result)
        return lambda arrays: kind([pack(arrays) for pack in inner])
    return next if result is not None else lambda arrays: None


class Jitted:
    """A function that is traced and compiled once for each signature; see `jit`."""

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self.__name__ = getattr(function, "__name__", type(function).__name__)
        self._function = function
        self._cache: dict[Any, Compiled] = {}
        # Calls with nothing but arrays find their program by shapes and dtypes alone: about 1 µs.
        self._fast: dict[Any, Compiled] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if Trace.current() is not None:
            return self._function(*args, **kwargs)
        if not kwargs:
            key = _fast_key(args)
            compiled = self._fast.get(key) if key is not None else None
            if compiled is not None:
                return compiled([a if a.flags.c_contiguous else _contiguous(a) for a in args])
        return self._slow_call(args, kwargs)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def clear(self) -> None:
        """Forget every program: the next call is traced again."""
        self._cache.clear()
        self._fast.clear()

    def _slow_call(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        leaves = [_Leaf(x, self.__name__) for x in tree.iterate((args, kwargs))]
        wide = any(leaf.array is not None and leaf.array.dtype == np.float64 for leaf in leaves)
        for leaf in leaves:
            leaf.settle("float64" if wide else "float32")
        key = (_form((args, kwargs)), *(leaf.key for leaf in leaves))
        try:
            compiled = self._cache.get(key)
        except TypeError:
            raise TypeError(_unhashable(self.__name__, leaves)) from None
        if compiled is None:
            compiled = self._compile(args, kwargs, leaves)
            self._cache[key] = compiled
            if not kwargs and (fast := _fast_key(args)) is not None:
                self._fast[fast] = compiled
        return compiled([leaf.array for leaf in leaves if leaf.array is not None])

    def _compile(self, args: tuple, kwargs: dict[str, Any], leaves: Sequence[_Leaf]) -> Compiled:
        trace = Trace(self.__name__)
        with _tracing, trace.active():
            inputs: list[Tensor] = []
            symbols = []
            for leaf in leaves:
                if leaf.array is not None:
                    inputs.append(trace.input("arg", leaf.array.shape, leaf.array.dtype.name))
                symbols.append(leaf.value if leaf.array is None else inputs[-1])
            args, kwargs = tree.pack_sequence_as((args, kwargs), symbols)
            result = self._function(*args, **kwargs)
            outputs = [core.symbolic(x) for x in tree.iterate(result) if x is not None]
            program, variables = trace.program(outputs, data=inputs)
            run = compile_program(program).run
        state = [v.array for v in variables]  # type: ignore[attr-defined]
        return Compiled(run, state, result, [t.shape for t in outputs])


class _Leaf:
    """One leaf of a call's arguments: an array to pass, or a value that the trace bakes in."""

    __slots__ = ("array", "key", "value")

    def __init__(self, value: Any, function: str) -> None:
        self.value = value
        self.array: np.ndarray | None = None
        self.key: Any = (type(value), value)
        if isinstance(value, Tensor):
            raise TypeError(
                f"{function}: an argument is the traced {value!r}, used after its trace has ended; "
                "return values from a traced function instead of keeping them aside"
            )
        if hasattr(value, "__whit_variable__"):
            self.key = value
        elif not isinstance(value, bool | int | float | str | type(None)):
            self._take_array(value)

    def _take_array(self, value: Any) -> None:
        if not isinstance(value, np.ndarray | np.generic):
            if not hasattr(value, "__array__"):
                return
            value = core.convert(value)
        self._set(np.asarray(value))

    def _set(self, array: np.ndarray) -> None:
        name = dtypes.canonical(array.dtype)
        self.array = _contiguous(array.astype(name, copy=False))
        self.key = (array.shape, name)

    def settle(self, float_dtype: str) -> None:
        """Python floats are arguments, not part of the program: a changed rate compiles nothing."""
        if type(self.value) is float:
            self._set(np.asarray(self.value, float_dtype))


def _fast_key(args: tuple) -> tuple | None:
    """The shapes and dtypes of a call with nothing but arrays; None if there is something else."""
    for a in args:
        if type(a) is not np.ndarray:
            return None
    return tuple([(a.shape, a.dtype) for a in args])


def _contiguous(array: np.ndarray) -> np.ndarray:
    return array if array.flags.c_contiguous else np.array(array, order="C")


def _form(structure: Any) -> Any:
    """A hashable description of the nesting: equal for arguments that nest equally."""
    if isinstance(structure, dict):
        keys = tree.sorted_keys(structure)
        return (type(structure), tuple((k, _form(structure[k])) for k in keys))
    if isinstance(structure, list | tuple):
        return (type(structure), tuple(_form(x) for x in structure))
    return None


def _unhashable(function: str, leaves: Sequence[_Leaf]) -> str:
    for leaf in leaves:
        try:
            hash(leaf.key)
        except TypeError:
            return (
                f"{function}: an argument is a {type(leaf.value).__name__}, which is neither an "
                "array nor hashable; pass arrays, numbers and strings, alone or nested"
            )
    return f"{function}: a key of a dict argument is not hashable"


def jit(function: Callable[..., Any] | None = None) -> Any:
    """Compile `function` into one program for each signature of its arguments.

    Arrays and Python floats are arguments of the program; integers, booleans, strings and None are
    part of the signature, as are the shapes and dtypes of arrays: a new signature is traced anew.
    Variables read in the function are read at each call, and what it assigns to them is kept.

    Args:
        function: takes and returns arrays, alone or nested in lists, tuples and dicts. Its Python
            code runs only while it is traced, with `whit.ops` on symbolic tensors.

    Returns:
        A function of the same arguments that gives NumPy arrays. It is inlined in other traces.

    >>> import whit
    >>> double = whit.jit(lambda x: x + x)
    >>> double(np.ones(2, "float32")).tolist()
    [2.0, 2.0]
    """
    if function is None:
        return jit
    if not callable(function):
        raise TypeError(f"jit: function={function!r} is not callable")
    return Jitted(function)


def value_and_grad(
    function: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Jitted:
    """A function that gives the value of `function` and its gradient.

    Args:
        function: returns a floating-point scalar, or `(scalar, anything)` if `has_aux`.
        argnums: position, or positions, of the arguments to differentiate by. Such an argument is
            an array, a float, a Variable, or a structure of these.
        has_aux: whether `function` returns something beside the scalar.

    Returns:
        A compiled function with the result `(value, gradient)`, or `((value, aux), gradient)` if
        `has_aux`. The gradient has the structure of the argument; a tuple for several `argnums`.

    Raises:
        TypeError: an argument to differentiate by is not floating point, or is not given.
        ValueError: `function` does not return a scalar.
    """

    @functools.wraps(function)
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        return _differentiate(function, argnums, has_aux, args, kwargs)

    return Jitted(differentiated)


def grad(
    function: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Jitted:
    """A function that gives the gradient of `function`: see `value_and_grad`.

    Returns:
        A compiled function with the result `gradient`, or `(gradient, aux)` if `has_aux`.

    >>> import whit
    >>> float(whit.grad(lambda x: x * x)(3.0))
    6.0
    """

    @functools.wraps(function)
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        value, gradient = _differentiate(function, argnums, has_aux, args, kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return Jitted(differentiated)


def _differentiate(
    function: Callable, argnums: int | Sequence[int], has_aux: bool, args: tuple, kwargs: dict
) -> tuple[Any, Any]:
    """Inside a trace: `function` of fresh inputs, differentiated, with the arguments put back.

    Fresh inputs keep apart what the function closes over from what it is given: in
    `grad(lambda a: a * x)(x)` only the first x is differentiated by.
    """
    trace = Trace.current()
    assert trace is not None
    name = getattr(function, "__name__", "function")
    several = not isinstance(argnums, int)
    asked = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    positions = [_position(n, args, name) for n in asked]
    wanted = tuple(args[n] for n in positions)
    leaves = [_wrt(x, name) for x in tree.iterate(wanted)]
    fresh = [trace.input("wrt", t.shape, t.dtype) for _, t in leaves]
    shadowed = {v: f for (v, _), f in zip(leaves, fresh, strict=True) if v is not None}
    trace.values.update(shadowed)
    inner = [f if v is None else v for (v, _), f in zip(leaves, fresh, strict=True)]
    changed = dict(zip(positions, tree.pack_sequence_as(wanted, inner), strict=True))
    result = function(*(changed.get(n, a) for n, a in enumerate(args)), **kwargs)
    value, aux = _split(result, has_aux, name)
    gradients = graph_grad(value, fresh)
    actual = {f: t for (_, t), f in zip(leaves, fresh, strict=True)}
    variables = list(trace.values)
    aux_flat = [None if x is None else core.symbolic(x) for x in tree.iterate(aux)]
    roots = [value, *gradients, *(trace.values[v] for v in variables)]
    roots += [x for x in aux_flat if x is not None]
    final = iter(substitute(roots, actual))
    value = next(final)
    gradient = tree.pack_sequence_as(wanted, [next(final) for _ in gradients])
    trace.values.update({v: next(final) for v in variables})
    aux = tree.pack_sequence_as(aux, [None if x is None else next(final) for x in aux_flat])
    return (value, aux) if has_aux else value, gradient if several else gradient[0]


def _position(n: int, args: tuple, name: str) -> int:
    if not -len(args) <= n < len(args):
        raise TypeError(
            f"grad of {name}: argnums={n}, but the call has {len(args)} positional arguments"
        )
    return n % len(args)


def _wrt(x: Any, name: str) -> tuple[Any, Tensor]:
    """The Variable (or None) and the tensor of one leaf to differentiate by."""
    variable = x if hasattr(x, "__whit_variable__") else None
    usable = variable is not None or isinstance(x, Tensor | float | np.ndarray | np.generic)
    tensor = core.symbolic(x) if usable else None
    if tensor is None or not dtypes.is_float(tensor.dtype):
        what = f"{tensor.dtype}{list(tensor.shape)}" if tensor is not None else repr(x)
        raise TypeError(
            f"grad of {name}: cannot differentiate by {what}: it is not floating point. Pass float "
            "arrays or Variables, or choose another argument with argnums"
        )
    return variable, tensor


def _split(result: Any, has_aux: bool, name: str) -> tuple[Tensor, Any]:
    aux = None
    if has_aux:
        if not isinstance(result, tuple) or len(result) != 2:
            raise TypeError(
                f"grad of {name}: has_aux=True needs a result (loss, aux), got {result!r}"
            )
        result, aux = result
    if tree.is_nested(result) or result is None:
        hint = "; has_aux=True is for a result (loss, aux)" if isinstance(result, tuple) else ""
        raise TypeError(f"grad of {name}: the result must be one scalar, got {result!r}{hint}")
    return core.symbolic(result), aux


def substitute(roots: Sequence[Tensor], replacements: dict[Tensor, Tensor]) -> list[Tensor]:
    """The graphs of `roots` with some tensors replaced by others of their shape and dtype."""
    new = dict(replacements)
    for node in topological(roots):
        if node in new or not any(a in new for a in node.inputs):
            continue
        new[node] = apply(node.op, *(new.get(a, a) for a in node.inputs), attrs=node.attrs)
        new[node].origin = new[node].origin or node.origin
    return [new.get(r, r) for r in roots]
