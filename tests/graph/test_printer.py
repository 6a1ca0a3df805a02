"""The listing of a graph, word for word."""

from __future__ import annotations

import numpy as np

from whit.graph import apply, build, grad, input_, literal, origin, to_text

DENSE = """\
x: float32[4, 3] = input()
w: float32[3, 2] = input()
v2: float32[4, 2] = x @ w   # dense
v3: float32[4, 2] = max(v2, 0.0)   # dense/relu
v4: float32[] = sum(v3, (0, 1))   # loss
v5: float32[] = v4 * 0.125   # loss
-> v5"""

GRADIENT = """\
x: float32[4, 3] = input()
v1: float32[3, 4] = transpose(x, (1, 0))
w: float32[3, 2] = input()
v3: float32[4, 2] = x @ w   # dense
v4: float32[4, 2] = max(v3, 0.0)   # dense/relu
v5: bool[4, 2] = 0.0 < v4
v6: float32[4, 2] = where(v5, 0.125, 0.0)
v7: float32[3, 2] = v1 @ v6
-> v7"""

OTHERS = """\
x: float32[4] = input()
v1: float32[4, 2] = broadcast(x, (4, 2), (0,))
v2: bool[4, 2] = v1 == 2.5
v3: int32[4] = iota(4, 'int32')
v4: int32[2] = literal(Literal(int32[2] c3b229400201))
v5: int32[2] = gather(v3, v4)
-> v2
-> v5
-> 2.5
-> x"""


def test_a_layer_and_its_gradient() -> None:
    x, w = input_("x", (4, 3), "float32"), input_("w", (3, 2), "float32")
    with origin("dense"):
        y = x @ w
        with origin("relu"):
            y = build.maximum(y, 0.0)
    with origin("loss"):
        loss = build.mean(y)
    assert to_text([loss]) == DENSE
    assert to_text(grad(loss, [w])) == GRADIENT


def test_constants_literals_and_several_roots() -> None:
    x = input_("x", (4,), "float32")
    wide = build.broadcast(x, (4, 2), (0,))
    picked = build.gather(build.iota(4), literal(np.array([3, 1], "int32")))
    constant = build.constant(2.5, "float32")
    assert (
        to_text([apply("equal", wide, build.full((4, 2), 2.5, "float32")), picked, constant, x])
        == OTHERS
    )


def test_nothing() -> None:
    assert to_text([]) == ""
