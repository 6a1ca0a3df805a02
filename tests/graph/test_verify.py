"""The verifier: sound graphs pass, and each way of breaking a node is named."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.engines.programs import random_program
from whit.graph import Tensor, apply, build, input_, verify
from whit.graph.tensor import PRIMITIVES, Primitive


@pytest.mark.parametrize("seed", range(10))
def test_sound_graphs(seed: int) -> None:
    verify(random_program(seed).roots)


def cut(t: Tensor) -> None:
    t.inputs = t.inputs[:1]


def turn_to(**fields: object) -> Callable[[Tensor], None]:
    def break_it(t: Tensor) -> None:
        for name, new in fields.items():
            setattr(t, name, new)

    return break_it


def need_itself(t: Tensor) -> None:
    t.inputs = (t, t)


def foreign(t: Tensor) -> None:
    rule = PRIMITIVES["add"]
    t.primitive = Primitive("add", rule.infer, rule.vjp, rule.kind)


BROKEN: dict[str, tuple[Callable[[Tensor], None], str]] = {
    "shape": (turn_to(shape=(9,)), r"its rule says \(\(5,\), 'float32'\)"),
    "dtype": (turn_to(dtype="int8"), r"its rule says \(\(5,\), 'float32'\)"),
    "too few inputs": (cut, "add takes 2 operands, got 1"),
    "inputs that differ": (
        turn_to(inputs=(input_("a", (2,), "int8"), input_("b", (3,), "int8"))),
        "operands differ",
    ),
    "a type the primitive does not take": (
        turn_to(inputs=(input_("a", (5,), "bool"),) * 2),
        "add is not defined for dtype bool",
    ),
    "order": (turn_to(serial=0), "made before its inputs"),
    "a circle": (need_itself, "made before its inputs"),
    "primitive": (foreign, "unknown primitive"),
    "unknown primitive": (
        turn_to(primitive=Primitive("frobnicate", PRIMITIVES["add"].infer, None, "elementwise")),
        "unknown primitive",
    ),
}


# Equal nodes are found by the identity of their inputs, which a sound node keeps alive. A broken
# one may not, and what takes its input's place in memory would be taken for the input.
_ALIVE: list[Tensor] = []


@pytest.mark.parametrize("name", BROKEN)
def test_broken_nodes(name: str) -> None:
    break_it, text = BROKEN[name]
    x = input_(f"of the test of {name}", (5,), "float32")  # a node that no other test shares
    _ALIVE.append(x)
    node = x + x
    root = apply("exp", node)
    verify([root])
    break_it(node)
    with pytest.raises(ValueError, match=rf"^<Tensor %\d+ \w+ .*>: .*{text}"):
        verify([root])


def test_after_a_pass() -> None:
    """As in use: the graph that a pass made, checked at its roots."""
    a, b = input_("a", (2, 3), "float32"), input_("b", (3,), "float32")
    verify([build.mean(a * b + 1), build.dot(a, build.swap_last(a))])
