"""The reference engine: every primitive in NumPy, one row each. The oracle of all other engines,
and what computes a single operation on arrays outside a trace.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from whit.engines.base import Control, check_arrays
from whit.graph import Program, Tensor


def _broadcast(x: np.ndarray, shape: tuple, dims: tuple) -> np.ndarray:
    lined_up = [1] * len(shape)
    for q, d in enumerate(dims):
        lined_up[d] = x.shape[q]
    return np.broadcast_to(x.reshape(lined_up), shape)


def _pad(x: np.ndarray, low: tuple, high: tuple, value: float) -> np.ndarray:
    return np.pad(x, list(zip(low, high, strict=True)), constant_values=value)


def _slice(x: np.ndarray, start: tuple, stop: tuple, step: tuple) -> np.ndarray:
    return x[tuple(slice(*s) for s in zip(start, stop, step, strict=True))]


def _gather(x: np.ndarray, indices: np.ndarray) -> np.ndarray:
    if not indices.size:
        return np.zeros(indices.shape + x.shape[1:], x.dtype)
    return x[np.clip(indices, 0, len(x) - 1)]


def _scatter_add(x: np.ndarray, indices: np.ndarray, updates: np.ndarray) -> np.ndarray:
    out = np.array(x)
    np.add.at(out, np.clip(indices, 0, len(x) - 1), updates)
    return out


def _erf(x: np.ndarray) -> np.ndarray:
    return np.vectorize(math.erf, otypes=[np.float64])(x) if x.size else x


def _floor_divide(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    if x.dtype.kind == "f":
        return np.floor(x / y)
    return np.where(y == 0, 0, np.floor_divide(x, np.where(y == 0, 1, y)))


def _power(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    if x.dtype.kind == "f":
        return np.power(x, y)
    return np.where(y < 0, 0, np.power(x, np.maximum(y, 0)))


def _shift(op: Callable) -> Callable:
    """Counts are taken modulo the width of the type, as processors do."""

    def shift(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return op(x, y & np.asarray(x.dtype.itemsize * 8 - 1, y.dtype))

    return shift


def _cast(x: np.ndarray, dtype: str) -> np.ndarray:
    if dtype == "bool":
        return x != 0
    if x.dtype.kind == "f" and np.dtype(dtype).kind in "iu":
        return _saturate(x, np.dtype(dtype))
    return x.astype(dtype)


def _saturate(x: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Float to integer: towards zero, out of range to the nearest bound, NaN to 0."""
    info = np.iinfo(dtype)
    y = np.trunc(np.nan_to_num(x, nan=0.0, posinf=np.inf, neginf=-np.inf))
    top, bottom = y >= float(info.max), y <= float(info.min)
    out = np.where(top | bottom, 0, y).astype(dtype)
    return np.where(top, info.max, np.where(bottom, info.min, out)).astype(dtype)


_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))


def threefry(k0: int, k1: int, counter: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Threefry-2x32-20 of the blocks (counter, 0); all arithmetic modulo 2**32."""
    keys = [np.uint32(k0), np.uint32(k1), np.uint32(k0) ^ np.uint32(k1) ^ np.uint32(0x1BD11BDA)]
    with np.errstate(over="ignore"):
        x, y = counter.astype(np.uint32) + keys[0], np.full(counter.shape, keys[1], np.uint32)
        for group in range(5):
            for r in _ROTATIONS[group % 2]:
                x = x + y
                y = (y << np.uint32(r)) | (y >> np.uint32(32 - r))
                y = y ^ x
            x = x + keys[(group + 1) % 3]
            y = y + keys[(group + 2) % 3] + np.uint32(group + 1)
    return x, y


def _random_bits(key: np.ndarray, shape: tuple) -> np.ndarray:
    x, y = threefry(int(key[0]), int(key[1]), np.arange(math.prod(shape), dtype=np.uint32))
    return (x ^ y).reshape(shape)


def _sum(x: np.ndarray, axes: tuple) -> np.ndarray:
    return np.sum(x, axes, dtype=x.dtype)


RULES: dict[str, Callable] = {
    "constant": lambda value, dtype: np.asarray(value).astype(dtype),
    "literal": lambda value: value.array,
    "iota": lambda n, dtype: np.arange(n).astype(dtype),
    "random_bits": _random_bits,
    "neg": np.negative,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "tanh": np.tanh,
    "erf": _erf,
    "sin": np.sin,
    "cos": np.cos,
    "floor": np.floor,
    "sign": np.sign,
    "abs": np.abs,
    "not": np.invert,
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "floor_divide": _floor_divide,
    "pow": _power,
    "max": np.maximum,
    "min": np.minimum,
    "equal": np.equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "shift_left": _shift(np.left_shift),
    "shift_right": _shift(np.right_shift),
    "where": np.where,
    "cast": _cast,
    "stop": lambda x: x,
    "reshape": lambda x, shape: x.reshape(shape),
    "transpose": lambda x, perm: x.transpose(perm),
    "broadcast": _broadcast,
    "slice": _slice,
    "pad": _pad,
    "flip": lambda x, axes: np.flip(x, axes),
    "concat": lambda *xs: np.concatenate(xs[:-1], xs[-1]),
    "sum": _sum,
    "max_reduce": lambda x, axes: np.max(x, axes),
    "min_reduce": lambda x, axes: np.min(x, axes),
    "prod": lambda x, axes: np.prod(x, axes, dtype=x.dtype),
    "cumsum": lambda x, axis: np.cumsum(x, axis, dtype=x.dtype),
    "dot": np.matmul,
    "gather": _gather,
    "scatter_add": _scatter_add,
}


def compute(node: Tensor, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """The value of one node from the values of its inputs."""
    with np.errstate(all="ignore"):
        out = RULES[node.op](*inputs, *node.attrs)
    return np.asarray(out).astype(node.dtype, copy=False)


def evaluate(program: Program, known: dict[Tensor, np.ndarray]) -> dict[Tensor, np.ndarray]:
    """The values of every node of one step, given those of its inputs."""
    values = dict(known)
    for node in program.nodes:
        if node not in values:
            values[node] = compute(node, [values[a] for a in node.inputs])
    return values


class ReferenceExecutable:
    """Runs a program node by node."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def run(
        self,
        steps: int,
        state: Sequence[np.ndarray] = (),
        data: Sequence[np.ndarray] = (),
        stepped: Sequence[np.ndarray] = (),
        control: Control | None = None,
    ) -> list[np.ndarray]:
        """See `engines.base.Executable.run`."""
        p = self.program
        check_arrays(p, steps, state, data, stepped)
        outputs = [np.zeros((steps, *t.shape), t.dtype) for t in p.outputs]
        fixed = dict(zip(p.data, data, strict=True))
        for step in range(steps):
            if control is not None and control.stopped:
                break
            known = fixed | dict(zip(p.state, state, strict=True))
            known |= {t: a[step] for t, a in zip(p.stepped, stepped, strict=True)}
            values = evaluate(p, known)
            for out, t in zip(outputs, p.outputs, strict=True):
                out[step] = values[t]
            fresh = [np.array(values[u]) for u in p.updates]
            for array, value in zip(state, fresh, strict=True):
                array[...] = value
            if control is not None:
                control.steps_done = step + 1
            if p.halt is not None and values[p.halt]:
                break
        return outputs


class ReferenceEngine:
    """Programs in NumPy."""

    name = "reference"

    def compile(self, program: Program) -> ReferenceExecutable:
        """Nothing to prepare."""
        return ReferenceExecutable(program)
