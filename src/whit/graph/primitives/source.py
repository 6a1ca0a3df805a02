"""Tensors that come from nowhere: inputs, constants, counters and random bits."""

from __future__ import annotations

import hashlib

import numpy as np

from whit.graph import dtypes
from whit.graph.tensor import Shape, Tensor, apply, primitive


class Literal:
    """A NumPy array as a static attribute: equal by content, so that programs can be cached.

    The array is a copy: what its owner does with it later does not change the graph.
    """

    __slots__ = ("array", "digest")

    def __init__(self, array: np.ndarray) -> None:
        self.array = np.array(array, array.dtype.newbyteorder("="), order="C")
        self.array.flags.writeable = False
        h = hashlib.sha256(f"{self.array.dtype.name}{self.array.shape}".encode())
        h.update(self.array.data)
        self.digest = h.hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Literal) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"Literal({self.array.dtype.name}{list(self.array.shape)} {self.digest[:12]})"


def input_(name: str, shape: Shape, dtype: str) -> Tensor:
    """A value given when the program runs; inputs of one name, shape and dtype are one tensor."""
    return apply("input", attrs=(name, tuple(map(int, shape)), dtype))


def literal(array: np.ndarray) -> Tensor:
    """A fixed array. One of a single element becomes a constant."""
    from whit.graph.build import full

    array = np.asarray(array)
    dtype = dtypes.canonical(array.dtype)
    if array.size == 1:
        return full(array.shape, array.reshape(-1)[0].item(), dtype)
    return apply("literal", attrs=(Literal(array),))


def random_bits(key: Tensor, shape: Shape) -> Tensor:
    """uint32 random bits from a key of two uint32 (Threefry-2x32-20, Salmon et al. 2011).

    Element i is the exclusive or of both words of the cipher of the counter (i, 0), so the bits
    depend on the key alone: not on the engine, and not on the number of threads.
    """
    return apply("random_bits", key, attrs=(tuple(map(int, shape)),))


def _bits_rule(inputs: tuple[Tensor, ...], attrs: tuple) -> tuple[Shape, str]:
    (key,) = inputs
    if key.shape != (2,) or key.dtype != "uint32":
        raise ValueError(f"random_bits: key must be uint32 of shape (2,), got {key!r}")
    return attrs[0], "uint32"


def _input_rule(inputs: tuple[Tensor, ...], attrs: tuple) -> tuple[Shape, str]:
    name, shape, dtype = attrs
    if min(shape, default=0) < 0:
        raise ValueError(f"input {name!r}: shape {shape} has a negative extent")
    return shape, dtypes.checked(dtype)


def _iota_rule(inputs: tuple[Tensor, ...], attrs: tuple) -> tuple[Shape, str]:
    n, dtype = attrs
    if n < 0 or dtype == "bool":
        raise ValueError(f"iota: cannot count to {n} in {dtype}")
    return (n,), dtypes.checked(dtype)


primitive("input", "source", _input_rule)
primitive("constant", "source", lambda inputs, attrs: ((), dtypes.checked(attrs[1])))
primitive(
    "literal",
    "source",
    lambda inputs, attrs: (attrs[0].array.shape, attrs[0].array.dtype.name),
)
primitive("iota", "source", _iota_rule)
primitive("random_bits", "source", _bits_rule, lambda g, y, key, shape: (None,))
