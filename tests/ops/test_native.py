"""Compositions and their gradients give the same numbers on the native engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.engines.compare import assert_same, function_of
from whit import ops, random
from whit.graph import Tensor, Trace, build, dtypes, grad

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(2, 5, 37)).astype(np.float32)
LABELS = np.array([0, 3, 36, 1, 1], np.int32)

CASES: dict[str, tuple[Callable[..., Any], tuple[np.ndarray, ...]]] = {
    "argmax": (lambda x: ops.argmax(x, 1), (X,)),
    "dropout": (lambda x: random.dropout(x, 0.3, seed=4), (X,)),
    "einsum": (lambda x, y: ops.einsum("ij,kj->ik", x, y), (X, Y)),
    "erfinv": (lambda x: ops.erfinv(ops.tanh(x)), (X,)),
    "gelu": (ops.gelu, (X,)),
    "labels": (lambda x: ops.sparse_categorical_crossentropy(LABELS, ops.softmax(x)), (X,)),
    "layer_normalization": (ops.layer_normalization, (X,)),
    "log1p": (lambda x: ops.log1p(x * x), (X,)),
    "logits": (lambda x: ops.binary_crossentropy(ops.ones_like(x), ops.sigmoid(x)), (X,)),
    "mod": (ops.mod, (X, Y)),
    "normal": (lambda x: x + random.normal((5, 37), seed=4), (X,)),
    "randint": (lambda x: random.randint((5, 37), -3, 9, seed=4) + ops.cast(x, "int32"), (X,)),
    "sort": (lambda x: ops.sort(x, 1), (X,)),
    "take": (lambda x: ops.take(x, [0, -1, 3], 1), (X,)),
    "top_k": (lambda x: ops.top_k(x, 3)[0], (X,)),
}


@pytest.mark.parametrize("name", CASES)
def test_native(name: str) -> None:
    f, arrays = CASES[name]

    def with_gradients(*inputs: Tensor) -> list[Tensor]:
        with Trace().active():
            y = f(*inputs)
            found = grad(build.total(y * y * y), inputs) if dtypes.is_float(y.dtype) else []
        return [y, *found]

    assert_same(*_program(with_gradients, arrays))


def _program(f: Callable[..., Any], arrays: tuple[np.ndarray, ...]) -> tuple[Any, ...]:
    program, data = function_of(f, *arrays)
    return program, (), data
