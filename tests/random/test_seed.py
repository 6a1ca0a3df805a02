"""Seeds: generators count, traces carry the count on, one call seeds everything."""

from __future__ import annotations

import random as python_random
from collections.abc import Iterator

import numpy as np
import pytest

from whit import random
from whit.graph import Trace
from whit.ops.core import evaluate
from whit.random.seed import seed_key
from whit.utils.random_seed import set_random_seed


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    saved = python_random.getstate(), np.random.get_state()
    yield
    python_random.setstate(saved[0])
    np.random.set_state(saved[1])


def test_a_generator_gives_new_numbers_at_each_draw() -> None:
    g = random.SeedGenerator(7)
    draws = [random.uniform(4, seed=g) for _ in range(3)]
    assert len({d.tobytes() for d in draws}) == 3
    again = random.SeedGenerator(7)
    for d in draws:
        np.testing.assert_array_equal(random.uniform(4, seed=again), d)
    np.testing.assert_array_equal(draws[0], random.uniform(4, seed=7))


def test_a_traced_draw_moves_the_state_of_the_program() -> None:
    g, twin = random.SeedGenerator(7), random.SeedGenerator(7)
    trace = Trace()
    with trace.active():
        x, y = random.uniform(4, seed=g), random.uniform(4, seed=g)
    state = trace.variables[g.state]
    found = evaluate([x, y, trace.values[g.state]], {state: g.state.array})
    np.testing.assert_array_equal(found[0], random.uniform(4, seed=twin))
    np.testing.assert_array_equal(found[1], random.uniform(4, seed=twin))
    np.testing.assert_array_equal(found[2], twin.state.array)
    assert (g.state.array == seed_key(7)).all()


def test_the_global_generator_follows_set_random_seed() -> None:
    set_random_seed(3)
    first = random.normal(5), random.normal(5), np.random.rand(), python_random.random()
    set_random_seed(3)
    second = random.normal(5), random.normal(5), np.random.rand(), python_random.random()
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    assert (first[0] != first[1]).any()
    state = random.global_seed_generator().state
    random.set_global_seed(3)
    assert random.global_seed_generator().state is state


def test_a_generator_without_seed_takes_one_from_python() -> None:
    python_random.seed(1)
    first = random.SeedGenerator()
    python_random.seed(1)
    second = random.SeedGenerator()
    assert (first.state.array == second.state.array).all()
    assert (random.SeedGenerator().state.array != first.state.array).any()


def test_config() -> None:
    g = random.SeedGenerator.from_config(random.SeedGenerator(5).get_config())
    assert (g.state.array == [5, 0]).all()
    assert random.SeedGenerator().get_config() == {"seed": None}
    assert not g.state.trainable


@pytest.mark.parametrize("seed", [0, 1, 2**32 + 5, -1, 2**70])
def test_any_integer_is_a_seed(seed: int) -> None:
    assert seed_key(seed).tolist() == [seed % 2**32, seed // 2**32 % 2**32]


@pytest.mark.parametrize("seed", ["7", 1.5, True])
def test_what_is_no_seed(seed: object) -> None:
    with pytest.raises(ValueError, match="expected an integer, a SeedGenerator or None"):
        random.uniform(3, seed=seed)
    with pytest.raises(ValueError, match="expected an integer"):
        random.SeedGenerator(seed)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="expected an integer from 0 to"):
        set_random_seed(seed)  # type: ignore[arg-type]


def test_unknown_argument() -> None:
    with pytest.raises(ValueError, match="unknown arguments 'sead'"):
        random.SeedGenerator(sead=3)
