"""What a layer demands of its inputs, and the message when it does not get it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from whit import tree


@dataclass
class InputSpec:
    """The rank, shape and dtype that a layer expects of one input.

    Args:
        dtype: a dtype's name, or None for any.
        shape: the full shape, None for a free extent; implies `ndim`.
        ndim: the exact number of axes.
        max_ndim: the most axes.
        min_ndim: the fewest axes.
        axes: the extent of some axes, by index: `{-1: 784}`.
        allow_last_axis_squeeze: take inputs that lack, or add, a last axis of 1.
        name: the input's name, where a layer has several.
        optional: whether None may be passed.
    """

    dtype: str | None = None
    shape: Sequence[int | None] | None = None
    ndim: int | None = None
    max_ndim: int | None = None
    min_ndim: int | None = None
    axes: Mapping[int, int | None] = field(default_factory=dict)
    allow_last_axis_squeeze: bool = False
    name: str | None = None
    optional: bool = False

    def __post_init__(self) -> None:
        self.axes = {int(a): n for a, n in (self.axes or {}).items()}
        if self.shape is not None:
            self.shape = tuple(self.shape)
            self.ndim = len(self.shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal spec."""
        return dict(self.__dict__)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> InputSpec:
        """The spec that `get_config` described."""
        return cls(**config)

    def complaint(self, shape: tuple, dtype: str) -> str | None:
        """What is wrong with an input of this shape and dtype; None if nothing is."""
        n = len(shape)
        if self.ndim is not None and n != self.ndim and not self._squeezes(shape):
            return f"expected {_axes(self.ndim)}, got {_axes(n)}{_batch_hint(n, self.ndim)}"
        if self.max_ndim is not None and n > self.max_ndim:
            return f"expected at most {_axes(self.max_ndim)}, got {n}"
        if self.min_ndim is not None and n < self.min_ndim:
            return (
                f"expected at least {_axes(self.min_ndim)}, got {n}{_batch_hint(n, self.min_ndim)}"
            )
        if self.dtype is not None and dtype != self.dtype:
            return f"expected dtype {self.dtype}, got {dtype}"
        wanted = dict(enumerate(self.shape or ()))
        for axis, extent in [*self.axes.items(), *wanted.items()]:
            if extent is not None and -n <= axis < n and shape[axis] not in (extent, None):
                return f"expected {extent} along axis {axis}, got {shape[axis]}"
        return None

    def _squeezes(self, shape: tuple) -> bool:
        """Whether only a last axis of 1 is missing or extra."""
        if not self.allow_last_axis_squeeze or not self.shape:
            return False
        missing = len(shape) == len(self.shape) - 1 and self.shape[-1] == 1
        return missing or (len(shape) == len(self.shape) + 1 and shape[-1] == 1)


def _axes(n: int) -> str:
    return f"{n} axis" if n == 1 else f"{n} axes"


def _batch_hint(n: int, wanted: int) -> str:
    if n != wanted - 1:
        return ""
    return "; the first axis is the batch: for one sample x pass x[None], a batch of one"


def check_inputs(spec: Any, inputs: Any, layer: Any) -> None:
    """Raise ValueError if `inputs` are not what `spec` (one InputSpec for each) demands."""
    if spec is None:
        return
    specs, values = tree.flatten(spec), tree.flatten(inputs)
    if len(specs) != len(values):
        raise ValueError(f"{describe(layer)}: {len(specs)} inputs expected, got {len(values)}")
    for n, (one, value) in enumerate(zip(specs, values, strict=True)):
        if one is None or (value is None and one.optional):
            continue
        shape = getattr(value, "shape", None)
        if shape is None:
            raise ValueError(f"{describe(layer)}: input {n} is {value!r}, expected an array")
        wrong = one.complaint(tuple(shape), str(value.dtype))
        if wrong:
            shown = "None" if shape is None else str(tuple(shape))
            which = "its input" if len(specs) == 1 else f"input {n}"
            raise ValueError(f"{describe(layer)}: {which} has shape {shown}: {wrong}")


def describe(layer: Any) -> str:
    """`layer "dense_1" (Dense)`, as messages name it."""
    return f'layer "{layer.name}" ({type(layer).__name__})'
