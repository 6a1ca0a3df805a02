"""Whether rows of a prediction are independent: said of graphs for which one can see it."""

from __future__ import annotations

import numpy as np
import pytest

from whit import ops
from whit.graph import Trace
from whit.training.rowwise import rows_are_independent

TABLE = np.arange(12, dtype="float32").reshape(3, 4)

INDEPENDENT = {
    "dense": lambda x: ops.relu(ops.matmul(x, np.ones((4, 3), "float32")) + 1.0),
    "softmax": lambda x: ops.softmax(x, axis=-1),
    "mean of columns": lambda x: ops.mean(x, axis=1),
    "reshaped": lambda x: ops.reshape(x, (-1, 2, 2)),
    "turned and back": lambda x: ops.transpose(ops.flip(ops.transpose(x), axis=0)),
    "sliced columns": lambda x: ops.concatenate([x[:, 2:], x[:, :2]], axis=1),
    "padded columns": lambda x: ops.pad(x, ((0, 0), (1, 1))),
    "looked up": lambda x: ops.take(TABLE, ops.cast(x[:, 0] > 0, "int32"), axis=0),
    "running sum": lambda x: ops.cumsum(x, axis=1),
    "row by row": lambda x: ops.matmul(x[:, None, :], x[:, :, None]),
    "where": lambda x: ops.where(x > 0, x, 0.0),
}
MIXED = {
    "centered": lambda x: x - ops.mean(x, axis=0),
    "similarities": lambda x: ops.matmul(x, ops.transpose(x)),
    "from the left": lambda x: ops.matmul(np.ones((5, 5), "float32"), x),
    "reversed": lambda x: ops.flip(x, axis=0),
    "shifted": lambda x: ops.concatenate([x[1:], x[:1]], axis=0),
    "first row": lambda x: x - x[0],
    "running sum": lambda x: ops.cumsum(x, axis=0),
    "flat": lambda x: ops.reshape(x, (-1,)),
    "constant": lambda x: ops.zeros((5, 2)),
}


def independent(f) -> bool:
    trace = Trace()
    with trace.active():
        x = trace.input("x", (5, 4), "float32")
        program, _ = trace.program([f(x)], stepped=[x])
    return rows_are_independent(program, [x])


@pytest.mark.parametrize("name", INDEPENDENT)
def test_independent(name):
    assert independent(INDEPENDENT[name])


@pytest.mark.parametrize("name", MIXED)
def test_mixed(name):
    assert not independent(MIXED[name])
