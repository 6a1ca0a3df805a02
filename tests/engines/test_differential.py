"""Random compositions of the primitives, forward, gradient, several steps: native is reference."""

from __future__ import annotations

import numpy as np
import pytest

from tests.engines.compare import TARGETS_HERE, assert_same
from tests.engines.programs import initial_state, random_program
from whit.graph import Program, Tensor, apply, build, input_, verify

SEEDS = 60


@pytest.mark.parametrize("seed", range(SEEDS))
def test_random_programs(seed: int) -> None:
    program = random_program(seed, differentiate=seed % 3 != 0)
    verify(program.roots)
    target = TARGETS_HERE[seed % len(TARGETS_HERE)]
    state = initial_state(program, seed)
    assert_same(program, state, steps=2, target=target, threads=1 + seed % 2, tolerance=2e-3)


def square(name: str, n: int = 48) -> Tensor:
    """A state of shape (n, n)."""
    return input_(name, (n, n), "float32")


def _hostile() -> dict[str, dict[Tensor, Tensor]]:
    """Updates that are wrong if a state is overwritten too early."""
    a, b = square("a"), square("b")
    t = build.swap_last

    def rows(x: Tensor) -> Tensor:
        return build.expand(build.total(x, (1,)), x.shape, (1,))

    def columns(x: Tensor) -> Tensor:
        return build.expand(build.total(x, (0,)), x.shape, (0,))

    late = columns(build.dot(build.dot(a, b), apply("tanh", a)))
    return {
        "swapped": {a: b, b: a},
        "swapped and scaled": {a: b * 0.9, b: a * 1.1},
        "its own transpose": {a: t(a)},
        "its own transpose, added": {a: t(a) * 0.5 + a},
        "reversed": {a: build.flip(a, (1,))},
        "squared": {a: build.dot(a, a) * 0.5},
        "old value read after the write": {a: build.dot(b, b), b: b + a * 0.1},
        "cycle of contractions": {a: build.dot(b, a) * 0.3, b: build.dot(a, b) * 0.3},
        "sum of its rows": {a: a - rows(a) * 0.1},
        "sum of its columns": {a: a - columns(a) * 0.1},
        "late reader": {a: build.dot(a, b) * 0.5, b: b * 0.5 + late * 0.01},
        "one value for two states": {a: a + b, b: a + b},
        "regrouped": {a: build.reshape(build.reshape(a, (48 * 48,)) * 0.5, (48, 48))},
        "regrouped and turned": {a: build.reshape(build.reshape(t(a), (24, 96)), (48, 48))},
        "scattered onto itself": {a: build.scatter_add(a, build.iota(48) // 2, b)},
    }


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("case", list(_hostile()))
def test_updates_in_place(case: str, threads: int) -> None:
    updates = _hostile()[case]
    state = [square("a"), square("b")]
    program = Program(
        outputs=(build.total(state[0]),),
        state=tuple(state),
        updates=tuple(updates.get(s, s) for s in state),
    )
    arrays = initial_state(program)
    arrays = [x * 0.3 for x in arrays]
    assert_same(program, arrays, steps=3, threads=threads, tolerance=1e-4)


def test_state_that_is_also_an_output_and_a_constant_output() -> None:
    a = square("a", 9)
    program = Program(
        outputs=(a, a * 2, build.full((3,), 4.0, "float32"), build.iota(5)),
        state=(a,),
        updates=(a * 2,),
    )
    assert_same(program, initial_state(program), steps=3)


@pytest.mark.parametrize("threads", [1, 2])
def test_same_program_same_bits(threads: int) -> None:
    from whit.engines.native.engine import NativeEngine

    program = random_program(11)
    runs = []
    for _ in range(2):
        state = initial_state(program, 5)
        NativeEngine(None, threads).compile(program).run(3, state)
        runs.append(state)
    for x, y in zip(*runs, strict=True):
        assert np.array_equal(x, y)
