"""The node of the graph, and the one function that makes it.

A Tensor is an immutable, typed value: a primitive applied to tensors with static attributes. Equal
nodes are one object (hash-consing), so common subexpressions cost nothing and identity is equality.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
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
_serial = itertools.count()
_interned: WeakValueDictionary[tuple, Tensor] = WeakValueDictionary()
_origin: list[str] = []


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

    __slots__ = ("__weakref__", "attrs", "dtype", "inputs", "origin", "primitive", "serial", "shape")

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

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a tensor with no axes")
        return self.shape[0]

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
    if rule is not None:
        simpler = rule(inputs, attrs)
        if simpler is not None:
            return simpler
    return intern(name, inputs, attrs)


def intern(name: str, inputs: tuple[Tensor, ...], attrs: tuple) -> Tensor:
    """`apply` without simplification."""
    key = (name, tuple(map(id, inputs)), attrs)
    if name == "constant":  # 0.0 == -0.0 == False as keys, and they are different constants
        key = (name, str(attrs[0]), attrs[1])
    node = _interned.get(key)
    if node is None:
        node = Tensor()
        node.primitive = PRIMITIVES[name]
        node.inputs, node.attrs = inputs, attrs
        node.shape, node.dtype = node.primitive.infer(inputs, attrs)
        node.origin = _origin[-1] if _origin else ""
        node.serial = next(_serial)
        _interned[key] = node
    return node


@contextmanager
def origin(path: str) -> Iterator[None]:
    """Name what is being traced; nested names join with '/'."""
    _origin.append(f"{_origin[-1]}/{path}" if _origin else path)
    try:
        yield
    finally:
        _origin.pop()


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
