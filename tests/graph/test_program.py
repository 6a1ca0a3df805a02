"""What may be a program, and the name that its meaning has."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from whit.graph import Program, Tensor, apply, build, function, grad, input_, literal, origin

S = input_("s", (3,), "float32")
X = input_("x", (3,), "float32")
HALT = S[0] < 0.0


def test_unknown_inputs() -> None:
    with pytest.raises(
        ValueError, match=r"<Tensor .* input float32\[3\]> \(x\) is not among the prog"
    ):
        Program(outputs=(S + X,), state=(S,), updates=(S,))
    with pytest.raises(ValueError, match=r"\(x\) is not among the program's inputs"):
        Program(state=(S,), updates=(X,))
    with pytest.raises(ValueError, match=r"\(s\) is not among the program's inputs"):
        Program(data=(X,), halt=HALT)
    Program(outputs=(S + X,), state=(S,), updates=(S,), stepped=(X,))


@pytest.mark.parametrize(
    "update", [build.total(S), build.cast(S, "float64"), S[:2], build.reshape(S, (3, 1))], ids=repr
)
def test_updates_keep_shape_and_dtype(update: Tensor) -> None:
    text = r"^state <Tensor .*> cannot become <Tensor .*>: shape and dtype must stay$"
    with pytest.raises(ValueError, match=text):
        Program(state=(S,), updates=(update,))


def test_one_update_for_each_state() -> None:
    with pytest.raises(ValueError, match="a program needs one update for each state"):
        Program(state=(S,), updates=())


@pytest.mark.parametrize("halt", [S < 0.0, build.total(S), build.constant(1, "int32")], ids=repr)
def test_halt_is_a_bool_scalar(halt: Tensor) -> None:
    with pytest.raises(ValueError, match=r"^halt must be a bool scalar, got <Tensor"):
        Program(state=(S,), updates=(S,), halt=halt)


def test_nodes_and_roots() -> None:
    y = S * 2
    p = Program(outputs=(y,), state=(S,), updates=(y + X,), data=(X,), halt=HALT)
    assert p.roots == [y, y + X, HALT]
    place = {t: q for q, t in enumerate(p.nodes)}
    assert all(place[a] < place[t] for t in p.nodes for a in t.inputs) and len(place) == len(
        p.nodes
    )
    f = function([y], [S], "double")
    assert (f.outputs, f.data, f.state, f.name) == ((y,), (S,), (), "double")


EXP = apply("exp", S)
DIFFERENT = {
    "plain": function([EXP], [S]),
    "another primitive": function([apply("sin", S)], [S]),
    "another constant": function([EXP * 2.0], [S]),
    "its negative": function([EXP * -2.0], [S]),
    "integer attribute": function([EXP[:2]], [S]),
    "another shape": function(
        [apply("exp", input_("s", (4,), "float32"))], [input_("s", (4,), "float32")]
    ),
    "another dtype": function(
        [apply("exp", input_("s", (3,), "float64"))], [input_("s", (3,), "float64")]
    ),
    "stepped": Program(outputs=(EXP,), stepped=(S,)),
    "as state": Program(outputs=(EXP,), state=(S,), updates=(S,)),
    "updated": Program(outputs=(EXP,), state=(S,), updates=(EXP,)),
    "only updated": Program(state=(S,), updates=(EXP,)),
    "twice": function([EXP, EXP], [S]),
    "an unused input": function([EXP], [S, X]),
    "the other input": function([apply("exp", X)], [S, X]),
    "an output that halts": Program(outputs=(EXP,), data=(S,), halt=HALT),
    "an output that does not": function([EXP, HALT], [S]),
    "a literal": function([EXP * literal(np.array([1, 2, 3], "float32"))], [S]),
    "another literal": function([EXP * literal(np.array([1, 2, 4], "float32"))], [S]),
    "x - s": function([X - S], [S, X]),
    "s - x": function([S - X], [S, X]),
    "x - x": function([X - X], [S, X]),
}


def test_different_programs_have_different_digests() -> None:
    digests = {p.digest: name for name, p in DIFFERENT.items()}
    assert sorted(digests.values()) == sorted(DIFFERENT)


def test_names_origins_and_creation_order_do_not_matter() -> None:
    with origin("elsewhere"):
        t = input_("another name", (3,), "float32")
        late, early = t * 3.0, apply("cos", t)
        p = Program(outputs=(early + late,), data=(t,), name="another")
    q = function([apply("cos", S) + S * 3.0], [S])
    assert p.digest == q.digest


PROGRAM = """
from whit.graph import Program, apply, build, grad, input_, literal
import numpy as np
{before}
x, w = input_("x", (5, 3), "float32"), input_("w", (3, 2), "float32")
loss = build.mean(apply("tanh", x @ w) * literal(np.arange(2, dtype="float32")))
update = w - grad(loss, [w])[0] * 0.1
print(Program((loss,), (w,), (update,), stepped=(x,), halt=loss > 9.0).digest)
"""


def test_the_same_in_every_process() -> None:
    def digest(before: str, seed: str) -> str:
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        code = PROGRAM.format(before=before)
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
        )
        return done.stdout

    first = digest("", "1")
    assert len(first.strip()) == 64
    assert digest("apply('exp', input_('x', (5, 3), 'float32')) + 1.0", "2") == first


def test_gradients_are_part_of_the_digest() -> None:
    loss = build.total(EXP)
    programs = [function([g], [S]) for g in grad(loss, [S])] + [function([loss], [S])]
    assert len({p.digest for p in programs}) == 2
