"""The one thing that holds state: weights, optimizer slots, metric totals, seeds and counters.

A Variable owns one aligned array that engines update in place. Inside a trace, reading it gives
the tensor of its newest value and assigning it becomes an update of the program; outside, it is
computed with like an array.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from whit.graph import Trace, dtypes
from whit.naming import auto_name
from whit.ops import core

Initializer = Callable[..., Any]
ALIGNMENT = 64  # bytes: a cache line, and the widest vector


def aligned_empty(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """An uninitialised C-contiguous array that starts on a cache line."""
    nbytes = math.prod(shape) * np.dtype(dtype).itemsize
    raw = np.empty(nbytes + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + nbytes].view(dtype).reshape(shape)


@contextmanager
def outside_trace() -> Iterator[None]:
    """Compute at once, whatever is being traced: for what is made once, like a first weight."""
    stack = Trace._active
    saved = stack[:]
    stack.clear()
    try:
        yield
    finally:
        stack[:] = saved


class Variable:
    """A named array that may change.

    Args:
        initializer: the first value (anything array-like), a callable `(shape, dtype) -> array`, or
            the name of an initializer.
        shape: needed if `initializer` is callable or a name.
        dtype: defaults to the type of an array, else to `whit.config.floatx()`.
        trainable: whether training may change it through a gradient.
        autocast: whether layers may cast it to their compute dtype.
        name: made up ("variable", "variable_1", ...) if not given; must not contain "/".

    Attributes:
        array: the owned, 64-byte aligned, C-contiguous array; written into, never replaced.
        path: the name with the layer's in front of it.
        overwrite_with_gradient: an optimizer sets the variable to its gradient instead of stepping.

    Raises:
        ValueError: no shape for a callable initializer, an unknown extent, or a bad name.
    """

    __whit_variable__ = True
    __array_priority__ = 1000  # `array + variable` asks the variable first

    def __init__(
        self,
        initializer: Any,
        shape: Sequence[int] | None = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        name: str | None = None,
    ) -> None:
        self.name = _checked_name(name)
        self.path = self.name
        self._trainable = bool(trainable)
        self.autocast = bool(autocast)
        self._regularizer: Callable | None = None
        self._constraint: Callable | None = None
        self.overwrite_with_gradient = False
        if isinstance(initializer, str):
            from whit import initializers

            initializer = initializers.get(initializer)
        with outside_trace():
            value = self._first_value(initializer, shape, dtype)
        self.shape: tuple[int, ...] = value.shape
        self.dtype: str = value.dtype.name
        self.array = _owned(value)

    def _first_value(self, initializer: Any, shape: Sequence[int] | None, dtype: Any) -> np.ndarray:
        if not callable(initializer):
            value = core.convert(initializer)
            if not isinstance(value, np.ndarray):
                value = np.asarray(value, dtypes.canonical(type(value)))
            return value if dtype is None else np.asarray(core.cast(value, dtypes.canonical(dtype)))
        if shape is None:
            raise ValueError(
                f"variable {self.name!r}: shape=None with a callable initializer; "
                "give the shape that the initializer should fill"
            )
        shape = _checked_shape(shape, self.name)
        dtype = _floatx() if dtype is None else dtypes.canonical(dtype)
        value = np.asarray(core.convert(initializer(shape, dtype=dtype)))
        if value.shape != shape:
            raise ValueError(
                f"variable {self.name!r}: the initializer returned shape {value.shape}, "
                f"expected shape={shape}"
            )
        return np.asarray(core.cast(value, dtype))

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.array.size

    @property
    def nbytes(self) -> int:
        """Bytes of the value."""
        return self.array.nbytes

    @property
    def trainable(self) -> bool:
        """Whether training may change it through a gradient."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)

    @property
    def regularizer(self) -> Callable | None:
        """Called on the variable; its result is added to the loss."""
        return self._regularizer

    @regularizer.setter
    def regularizer(self, value: Callable | None) -> None:
        self._regularizer = _callable_or_none("regularizer", value)

    @property
    def constraint(self) -> Callable | None:
        """Called on the variable after each update; gives its new value."""
        return self._constraint

    @constraint.setter
    def constraint(self, value: Callable | None) -> None:
        self._constraint = _callable_or_none("constraint", value)

    @property
    def value(self) -> Any:
        """The newest value: a Tensor inside a trace, the array outside."""
        trace = Trace.current()
        return self.array if trace is None else trace.read(self)

    def numpy(self) -> np.ndarray:
        """The value as an array, not a copy: do not write into it."""
        return self.array

    def assign(self, value: Any) -> Any:
        """Make `value`, cast to the variable's dtype, its value.

        Args:
            value: array-like, Variable or Tensor of exactly the variable's shape.

        Returns:
            The new value.

        Raises:
            ValueError: another shape.
        """
        trace = Trace.current()
        if trace is not None:
            tensor = core.symbolic(core.convert(value, self.dtype))
            self._check_shape(tensor.shape)
            trace.assign(self, tensor)
            return tensor
        array = np.asarray(core.convert(value, self.dtype))
        self._check_shape(array.shape)
        self.array[...] = array
        return self.array

    def assign_add(self, value: Any) -> Any:
        """Add `value`."""
        return self.assign(self + value)

    def assign_sub(self, value: Any) -> Any:
        """Subtract `value`."""
        return self.assign(self - value)

    def _check_shape(self, shape: tuple[int, ...]) -> None:
        if shape != self.shape:
            raise ValueError(
                f"variable {self.path!r} has shape {self.shape}; a value of shape {shape} "
                "cannot be assigned to it. Reshape or broadcast the value first"
            )

    # ---- Python's and NumPy's protocols
    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if Trace.current() is not None:
            return np.asarray(self.value)  # raises: traced values have no numbers yet
        wanted = self.array.dtype if dtype is None else np.dtype(dtype)
        if copy is False and wanted != self.array.dtype:
            raise ValueError(
                f"variable {self.path!r} is {self.dtype}; as {wanted} it must be copied"
            )
        return np.array(self.array, dtype=wanted, copy=True if copy else None)

    def __getstate__(self) -> dict[str, Any]:
        return dict(self.__dict__)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, array=_owned(state["array"]))

    def __float__(self) -> float:
        return float(self.__array__().item())

    def __int__(self) -> int:
        return int(self.__array__().item())

    def __index__(self) -> int:
        if not dtypes.is_integer(self.dtype):
            raise TypeError(f"variable {self.path!r} is {self.dtype}, not an integer")
        return int(self)

    def __bool__(self) -> bool:
        raise TypeError(f"variable {self.path!r} is not true or false; compare its value")

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError(f"variable {self.path!r} has no axes and so no len()")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        return self.value[key]

    def __repr__(self) -> str:
        described = f"path={self.path}, shape={self.shape}, dtype={self.dtype}"
        return f"<Variable {described}, value={self.array}>"


def _owned(value: np.ndarray) -> np.ndarray:
    array = aligned_empty(value.shape, value.dtype.name)
    array[...] = value
    return array


def _floatx() -> str:
    from whit import config

    return config.floatx()


def _checked_name(name: str | None) -> str:
    if name is None:
        return auto_name("variable")
    if not isinstance(name, str) or "/" in name:
        raise ValueError(f"name={name!r}: a variable's name must be a string without '/'")
    return name


def _checked_shape(shape: Sequence[int] | int, name: str) -> tuple[int, ...]:
    extents = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
    for d in extents:
        if not isinstance(d, int | np.integer) or d < 0:
            raise ValueError(
                f"variable {name!r}: shape={shape!r} must be known extents, each an integer >= 0"
            )
    return tuple(map(int, extents))


def _callable_or_none(argument: str, value: Any) -> Callable | None:
    if value is not None and not callable(value):
        raise ValueError(
            f"{argument}={value!r}: expected a callable (a whit.{argument}s object, say) or None"
        )
    return value


# ---- operators: those of whit.ops
_BINARY = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "true_divide",
    "floordiv": "floor_divide",
    "mod": "mod",
    "pow": "power",
    "matmul": "matmul",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
}
_COMPARE = {"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal"}
_UNARY = {"neg": "negative", "abs": "absolute", "invert": "bitwise_not"}


def _install_operators() -> None:
    def op(name: str, swap: bool = False) -> Callable:
        def method(self: Variable, *others: Any) -> Any:
            from whit import ops

            operands = (*others, self) if swap else (self, *others)
            return getattr(ops, name)(*operands)

        return method

    for special, name in {**_BINARY, **_COMPARE, **_UNARY}.items():
        setattr(Variable, f"__{special}__", op(name))
    for special, name in _BINARY.items():
        setattr(Variable, f"__r{special}__", op(name, swap=True))


_install_operators()
