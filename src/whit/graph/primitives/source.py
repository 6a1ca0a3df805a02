"""Tensors that come from nowhere: inputs, constants, counters and random bits."""

from __future__ import annotations

import hashlib

import numpy as np

from whit.graph import dtypes
from whit.graph.tensor import Shape, Tensor, apply, primitive


class Literal:
    """A NumPy array as a static attribute: equal by content, so that programs can be cached."""

    __slots__ = ("array", "digest")

    def __init__(self, array: np.ndarray) -> None:
        self.array = np.ascontiguousarray(array)
        head = f"{self.array.dtype.name}{self.array.shape}".encode()
        self.digest = hashlib.sha256(head + self.array.tobytes()).hexdigest()

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
    """A fixed array. One that is a repeated scalar becomes a constant."""
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


primitive("input", "source", lambda inputs, attrs: (attrs[1], attrs[2]))
primitive("constant", "source", lambda inputs, attrs: ((), attrs[1]))
primitive(
    "literal",
    "source",
    lambda inputs, attrs: (attrs[0].array.shape, attrs[0].array.dtype.name),
)
primitive("iota", "source", lambda inputs, attrs: ((attrs[0],), attrs[1]))
primitive("random_bits", "source", _bits_rule, lambda g, y, key, shape: (None,))
