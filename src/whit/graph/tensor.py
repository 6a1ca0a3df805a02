"""The node of the graph, and the one function that makes it.

A Tensor is an immutable, typed value: a primitive applied to tensors with static attributes. Equal
nodes are one object (hash-consing), so common subexpressions cost nothing and identity is equality.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Primitive:
    """One mathematical operation: its shape and dtype rule, and its gradient.

    Args:
        name: as printed and as engines look it up.
        infer: `(inputs, attrs) -> (shape, dtype)`; raises ValueError or TypeError on misuse.
        vjp: `(g, y, *inputs, *attrs) -> cotangents of inputs`, each a Tensor or None; prefers the
            result `y` to the inputs, since less has to be kept for the backward pass.
        kind: how engines treat it: source, elementwise, movement, reduction, contraction, indexing.
    """

    name: str
    infer: Callable[[tuple[Tensor, ...], tuple], tuple[Shape, str]]
    vjp: Callable[..., Iterable[Tensor | None]] | None
    kind: str

    def __repr__(self) -> str:
        return self.name


PRIMITIVES: dict[str, Primitive] = {}
Rewrite = Callable[[tuple["Tensor", ...], tuple], "Tensor | None"]
REWRITES: dict[str, Rewrite] = {}
_VALUED = ("constant", "pad")  # 0.0 == -0.0 == False as keys, and they are different values
_serial = itertools.count()
_interned: WeakValueDictionary[tuple, Tensor] = WeakValueDictionary()


class _Origins(threading.local):
    """The path of what is being traced, for each thread its own."""

    path = ""


_origins = _Origins()


class Tensor:
    """A value in the graph.

    Attributes:
        primitive: what computes it.
        inputs: the tensors it is computed from.
        attrs: static attributes of the primitive, positional and hashable.
        shape: a tuple of ints. dtype: a name from `graph.dtypes`.
        origin: path of the layer or function that first asked for it, for errors and profiles.
        serial: creation order; inputs always have smaller serials.
    """

    __slots__ = (
        "__weakref__",
        "attrs",
        "dtype",
        "inputs",
        "origin",
        "primitive",
        "serial",
        "shape",
    )

    primitive: Primitive
    inputs: tuple[Tensor, ...]
    attrs: tuple
    shape: Shape
    dtype: str
    origin: str
    serial: int

    @property
    def op(self) -> str:
        """The primitive's name."""
        return self.primitive.name

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        n = 1
        for d in self.shape:
            n *= d
        return n

    if TYPE_CHECKING:  # the operators are installed by graph.build, which stands on this file

        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __rtruediv__(self, other: Any) -> Tensor: ...
        def __floordiv__(self, other: Any) -> Tensor: ...
        def __rfloordiv__(self, other: Any) -> Tensor: ...
        def __mod__(self, other: Any) -> Tensor: ...
        def __rmod__(self, other: Any) -> Tensor: ...
        def __pow__(self, other: Any) -> Tensor: ...
        def __rpow__(self, other: Any) -> Tensor: ...
        def __matmul__(self, other: Any) -> Tensor: ...
        def __rmatmul__(self, other: Any) -> Tensor: ...
        def __and__(self, other: Any) -> Tensor: ...
        def __rand__(self, other: Any) -> Tensor: ...
        def __or__(self, other: Any) -> Tensor: ...
        def __ror__(self, other: Any) -> Tensor: ...
        def __xor__(self, other: Any) -> Tensor: ...
        def __rxor__(self, other: Any) -> Tensor: ...
        def __lt__(self, other: Any) -> Tensor: ...
        def __le__(self, other: Any) -> Tensor: ...
        def __gt__(self, other: Any) -> Tensor: ...
        def __ge__(self, other: Any) -> Tensor: ...
        def __neg__(self) -> Tensor: ...
        def __abs__(self) -> Tensor: ...
        def __invert__(self) -> Tensor: ...
        def __getitem__(self, key: Any) -> Tensor: ...

    __array_priority__ = 1000  # `array * tensor` asks the tensor first

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a tensor with no axes")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return f"<Tensor %{self.serial} {self.op} {self.dtype}{list(self.shape)}>"

    def __bool__(self) -> bool:
        raise TypeError(
            f"the truth value of {self!r} is not known while a function is being traced; "
            "use ops.where or ops.cond on the value, or decide before tracing"
        )

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError(
            f"{self!r} has no numbers yet: it is traced, not computed. Use whit.ops in place of "
            "NumPy functions inside layers, losses and jitted functions"
        )


def primitive(name: str, kind: str, infer: Callable, vjp: Callable | None = None) -> None:
    """Add a row to the table of primitives."""
    PRIMITIVES[name] = Primitive(name, infer, vjp, kind)


def rewrite(name: str) -> Callable[[Rewrite], Rewrite]:
    """Register the simplification tried whenever primitive `name` is applied."""

    def register(rule: Rewrite) -> Rewrite:
        REWRITES[name] = rule
        return rule

    return register


def apply(name: str, *inputs: Tensor, attrs: tuple = ()) -> Tensor:
    """The tensor `name(*inputs, *attrs)`: simplified, checked, and shared with equal ones.

    Raises:
        ValueError, TypeError: shapes or dtypes that the primitive does not take.
    """
    rule = REWRITES.get(name)
    if rule is None:
        return intern(name, inputs, attrs)
    inferred = PRIMITIVES[name].infer(inputs, attrs)  # first: misuse must not be simplified away
    simpler = rule(inputs, attrs)
    return intern(name, inputs, attrs, inferred) if simpler is None else simpler


def intern(
    name: str, inputs: tuple[Tensor, ...], attrs: tuple, inferred: tuple[Shape, str] | None = None
) -> Tensor:
    """`apply` without simplification; `inferred` is the shape and dtype if they are known."""
    key: tuple = (name, tuple(map(id, inputs)), attrs)
    if name in _VALUED:
        key = (*key, repr(attrs))
    node = _interned.get(key)
    if node is None:
        node = Tensor()
        node.primitive = PRIMITIVES[name]
        node.inputs, node.attrs = inputs, attrs
        node.shape, node.dtype = inferred or node.primitive.infer(inputs, attrs)
        node.origin = _origins.path
        node.serial = next(_serial)
        _interned[key] = node
    return node


@contextmanager
def origin(path: str) -> Iterator[None]:
    """Name what is being traced; nested names join with '/'."""
    outer = _origins.path
    _origins.path = f"{outer}/{path}" if outer else path
    try:
        yield
    finally:
        _origins.path = outer


def topological(roots: Iterable[Tensor]) -> list[Tensor]:
    """Every tensor that `roots` need, each after its inputs."""
    order: list[Tensor] = []
    seen: set[Tensor] = set()
    stack = [(r, False) for r in reversed(list(roots))]
    while stack:
        node, ready = stack.pop()
        if ready:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((a, False) for a in reversed(node.inputs))
    return order
