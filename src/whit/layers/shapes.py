"""Shapes and dtypes without numbers: KerasTensor, and running a layer on shapes alone.

A layer is traced over inputs of stand-in extents and the graph is thrown away. Tracing twice, with
different stand-ins, tells which extents of a result follow the unknown ones of the arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from whit import tree
from whit.graph import Tensor, Trace, dtypes
from whit.naming import auto_name

Extents = tuple[int | None, ...]


class KerasTensor:
    """A value that is not there yet: its shape (None for a free extent), dtype and name."""

    def __init__(
        self, shape: Sequence[int | None], dtype: str = "float32", name: str | None = None
    ) -> None:
        self.shape: Extents = standardize_shape(shape)
        self.dtype = dtypes.canonical(dtype)
        self.name = name or auto_name("keras_tensor")
        self.sparse = self.ragged = self.optional = False

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __repr__(self) -> str:
        return (
            f"<KerasTensor shape={self.shape}, dtype={self.dtype}, sparse=False, ragged=False, "
            f"name={self.name}>"
        )

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError(f"{self!r} has a shape but no numbers; it can be given to layers only")

    def __bool__(self) -> bool:
        raise TypeError(f"{self!r} has a shape but no numbers, so it is not true or false")


def standardize_shape(shape: Any) -> Extents:
    """A shape as a tuple of Python ints and None.

    Raises:
        ValueError: not a sequence of integers >= 0 and None.
    """
    if isinstance(shape, int):
        shape = (shape,)
    try:
        extents = tuple(None if d is None else int(d) for d in shape)
    except (TypeError, ValueError):
        extents = (-1,)
    if any(d is not None and d < 0 for d in extents):
        raise ValueError(
            f"shape={shape!r}: expected a tuple of integers >= 0, with None for a free extent"
        )
    return extents


def is_shape(value: Any) -> bool:
    """Whether `value` is one shape, and not a structure of them."""
    return isinstance(value, list | tuple) and all(isinstance(d, int | None) for d in value)


def map_shapes(function: Callable[[Any], Any], shapes: Any) -> Any:
    """`function` of each shape in a structure whose leaves are shapes."""
    if is_shape(shapes):
        return function(shapes)
    if isinstance(shapes, dict):
        return {k: map_shapes(function, v) for k, v in shapes.items()}
    return type(shapes)(map_shapes(function, v) for v in shapes)


def has_keras_tensors(*structures: Any) -> bool:
    """Whether there is a KerasTensor among the leaves."""
    return any(isinstance(x, KerasTensor) for x in tree.iterate(structures))


def infer(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """The result of `call` with KerasTensors in place of tensors, in and out."""
    structure, first = _trace(call, args, kwargs, _STAND_INS[0])
    if any(None in x.shape for x in tree.iterate((args, kwargs)) if isinstance(x, KerasTensor)):
        _, second = _trace(call, args, kwargs, _STAND_INS[1])
    else:
        second = first
    leaves = [_merge(a, b) for a, b in zip(first, second, strict=True)]
    return tree.pack_sequence_as(structure, leaves)


# What stands for an unknown extent of axis 0 (the batch) and of other axes, in the two traces.
_STAND_INS = ((2, 5), (3, 7))


def _trace(call: Callable, args: Any, kwargs: Any, stand_ins: tuple[int, int]) -> tuple[Any, list]:
    trace = Trace("shapes")
    batch, other = stand_ins

    def enter(x: Any) -> Any:
        if not isinstance(x, KerasTensor):
            return x
        known = ((other if q else batch) if d is None else d for q, d in enumerate(x.shape))
        return trace.input(x.name, tuple(known), x.dtype)

    with trace.active():
        args, kwargs = tree.map_structure(enter, (args, kwargs))
        result = call(*args, **kwargs)
    return result, tree.flatten(result)


def _merge(a: Any, b: Any) -> Any:
    """One leaf of the two results: extents that differ are unknown."""
    if not isinstance(a, Tensor):
        return a
    return KerasTensor(
        [m if m == n else None for m, n in zip(a.shape, b.shape, strict=True)], a.dtype
    )
