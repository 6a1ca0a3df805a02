"""What all optimizers share: arguments, learning rates, state, averages, accumulation, messages."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.optimizers.runs import run_compiled, run_eagerly
from whit import constraints, ops, optimizers
from whit.engines import _engine
from whit.graph import Tensor, Trace
from whit.optimizers import SGD, Adam, schedules
from whit.optimizers.branch import choose
from whit.variables import Variable

GOLDEN = Path(__file__).parents[1] / "golden"
SIGNATURES = json.loads((GOLDEN / "signatures.json").read_text())
OURS = sorted(
    n
    for n, v in vars(optimizers).items()
    if inspect.isclass(v) and issubclass(v, optimizers.Optimizer)
)


def weight(value: Any = (1.0, 2.0), **attributes: Any) -> Variable:
    v = Variable(list(value), name=attributes.pop("name", "w"))
    for name, a in attributes.items():
        setattr(v, name, a)
    return v


# ---- names and arguments
@pytest.mark.parametrize("name", OURS)
def test_signature_is_keras(name: str) -> None:
    theirs = SIGNATURES["modules"]["optimizers"][name]["parameters"]
    parameters = inspect.signature(getattr(optimizers, name)).parameters.values()
    empty = inspect.Parameter.empty
    ours = {p.name: None if p.default is empty else repr(p.default) for p in parameters}
    assert ours == {n: default for n, kind, default in theirs if kind != "VAR_KEYWORD"}


@pytest.mark.parametrize("name", OURS)
def test_found_by_any_case(name: str) -> None:
    if name in ("Optimizer", "LossScaleOptimizer"):
        return
    for spelling in (name, name.lower(), name.upper()):
        assert type(optimizers.get(spelling)) is getattr(optimizers, name)


def test_get() -> None:
    adam = Adam(0.01)
    assert optimizers.get(adam) is adam and optimizers.get(None) is None
    twin = optimizers.get({"class_name": "adam", "config": {"learning_rate": 0.5, "beta_1": 0.8}})
    assert twin.beta_1 == 0.8 and float(twin.learning_rate) == 0.5
    assert optimizers.get(optimizers.serialize(adam)).get_config() == adam.get_config()
    with pytest.raises(ValueError, match=r"'adm' is not a known.*Did you mean .adam"):
        optimizers.get("adm")
    with pytest.raises(ValueError, match='expected a name such as "adam"'):
        optimizers.get(abs)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lr": 0.1}, "Adam has no argument 'lr'. Did you mean \"learning_rate\""),
        ({"beta1": 0.1}, 'Did you mean "beta_1"'),
        ({"clip_norm": 0.1}, 'Did you mean "clipnorm"'),
        ({"clipnorm": 1.0, "clipvalue": 2.0}, "only one kind of clipping"),
        (
            {"use_ema": True, "ema_momentum": 1.5},
            r"ema_momentum=1.5: expected a number in \[0, 1\]",
        ),
        ({"use_ema": True, "ema_overwrite_frequency": 0.5}, "ema_overwrite_frequency=0.5"),
        ({"gradient_accumulation_steps": 1}, "expected an integer >= 2"),
        ({"learning_rate": "fast"}, "learning_rate='fast': expected a number"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Adam(**arguments)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(momentum=2.0), r"momentum=2.0: expected a number in \[0, 1\]"),
        (lambda: optimizers.Lion(beta_1=0), r"beta_1=0: expected a number in \(0, 1\]"),
        (lambda: optimizers.AdamW(weight_decay=None), "AdamW needs a number"),
        (lambda: optimizers.Ftrl(learning_rate_power=1.0), "learning_rate_power=1.0"),
        (lambda: optimizers.Ftrl(l1_regularization_strength=-1), "l1_regularization_strength=-1"),
        (lambda: schedules.ExponentialDecay(0.1, 0, 0.5), "decay_steps=0: expected"),
        (lambda: schedules.CosineDecayRestarts(0.1, 0), "first_decay_steps=0: expected"),
        (lambda: schedules.PiecewiseConstantDecay([1], [1.0]), "one value more than boundaries"),
    ],
)
def test_bad_values(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_decay_is_announced() -> None:
    with pytest.warns(UserWarning, match="InverseTimeDecay"):
        SGD(0.1, decay=1e-6)  # type: ignore[call-arg]


# ---- learning rate
def test_learning_rate_is_a_variable() -> None:
    sgd = SGD(0.5)
    assert isinstance(sgd.learning_rate, Variable) and sgd.learning_rate.dtype == "float32"
    kept = sgd.learning_rate
    sgd.learning_rate = 0.25
    assert sgd.learning_rate is kept and float(kept) == 0.25
    assert float(SGD(1).learning_rate) == 1 and float(SGD(np.float64(0.5)).learning_rate) == 0.5


def test_a_new_rate_reaches_a_compiled_program() -> None:
    sgd, w = SGD(1.0), weight([0.0])
    g = [np.ones((1, 1), np.float32)]
    assert run_compiled(sgd, [w], g)[0].item() == -1
    sgd.learning_rate = 10.0
    assert run_compiled(sgd, [w], g)[0].item() == -11


def test_schedules_count_updates() -> None:
    halving = schedules.ExponentialDecay(1.0, 1, 0.5)
    for run in (run_eagerly, run_compiled):
        sgd, w = SGD(halving), weight([0.0])
        path = run(sgd, [w], [np.ones((4, 1), np.float32)])[0]
        np.testing.assert_allclose(path[:, 0], [-1, -1.5, -1.75, -1.875])
        assert float(sgd.learning_rate) == 0.5**4 and len(sgd.variables) == 1
    with pytest.raises(TypeError, match="made with a ExponentialDecay"):
        sgd.learning_rate = 0.1


def test_a_function_as_rate() -> None:
    sgd = SGD(lambda: 0.25)
    w = weight([1.0])
    sgd.apply([np.ones(1, np.float32)], [w])
    assert w.numpy() == 0.75
    changed = SGD(0.5)
    changed.learning_rate = schedules.CosineDecay(0.1, 10)
    assert [v.name for v in changed.variables] == ["iteration"]


def test_schedules_inside_a_trace_are_symbolic() -> None:
    trace = Trace()
    with trace.active():
        step = trace.input("step", (), "int32")
        for schedule in (
            schedules.PiecewiseConstantDecay([3, 8], [0.3, 0.1, 0.02]),
            schedules.PolynomialDecay(0.1, 10, cycle=True),
            schedules.CosineDecay(0.1, 10, warmup_target=0.5, warmup_steps=3),
            schedules.CosineDecayRestarts(0.1, 10),
            schedules.InverseTimeDecay(0.1, 10, 0.5, staircase=True),
        ):
            rate = schedule(step)
            assert isinstance(rate, Tensor) and (rate.shape, rate.dtype) == ((), "float32")


def test_schedule_registry() -> None:
    with pytest.raises(ValueError, match='Did you mean "CosineDecay"'):
        schedules.deserialize({"class_name": "CosinDecay", "config": {}})
    adam = Adam(schedules.CosineDecay(0.1, 10))
    config = json.loads(json.dumps(adam.get_config()))
    assert config["learning_rate"]["class_name"] == "CosineDecay"
    assert isinstance(Adam.from_config(config)._learning_rate, schedules.CosineDecay)


# ---- applying
def test_apply_needs_variables_once() -> None:
    sgd, w = SGD(1.0), weight([1.0])
    with pytest.raises(ValueError, match="has not been built"):
        sgd.apply([np.ones(1)])
    sgd.apply([], [w])
    assert int(sgd.iterations) == 0
    assert sgd.apply_gradients([(np.ones(1), w)]) is sgd.iterations
    sgd.apply([[1.0]])
    assert int(sgd.iterations) == 2 and w.numpy() == -1


def test_apply_refuses() -> None:
    sgd, w, other = SGD(1.0), weight([1.0]), weight([1.0], name="other")
    sgd.build([w])
    with pytest.raises(ValueError, match="'other' is not among those"):
        sgd.apply([np.ones(1)], [other])
    with pytest.raises(ValueError, match="2 gradients for 1 variables"):
        sgd.apply([np.ones(1)] * 2)
    with pytest.raises(ValueError, match="no gradient was given"):
        sgd.apply([None])


def test_missing_gradients_are_announced() -> None:
    sgd, a, b = SGD(1.0), weight([1.0], name="a"), weight([1.0], name="b")
    with pytest.warns(UserWarning, match="does not depend on b"):
        sgd.apply([np.ones(1), None], [a, b])
    assert (a.numpy(), b.numpy()) == (0, 1)


@pytest.mark.parametrize("run", [run_eagerly, run_compiled])
def test_constraints_come_last(run: Any) -> None:
    w = weight([1.0, 1.0], constraint=constraints.NonNeg())
    path = run(SGD(1.0), [w], [np.asarray([[3.0, 0.5]] * 2, np.float32)])[0]
    np.testing.assert_array_equal(path, [[0, 0.5], [0, 0]])


@pytest.mark.parametrize("run", [run_eagerly, run_compiled])
def test_overwriting(run: Any) -> None:
    scale, w = weight([5.0], name="scale", overwrite_with_gradient=True), weight([0.0])
    g = np.asarray([[2.0], [7.0], [3.0], [4.0]], np.float32)
    adam = Adam(1.0, weight_decay=0.1, clipnorm=1e-3)
    path = run(adam, [scale, w], [g, g])
    np.testing.assert_array_equal(path[0], g)
    assert not any("scale" in v.name for v in adam.variables)
    accumulating = SGD(1.0, gradient_accumulation_steps=2)
    path = run(accumulating, [weight([5.0], name="s", overwrite_with_gradient=True)], [g])
    np.testing.assert_array_equal(path[0][:, 0], [5, 7, 7, 4])


@pytest.mark.parametrize("run", [run_eagerly, run_compiled])
def test_accumulation_leaves_everything_between(run: Any) -> None:
    rng = np.random.default_rng(0)
    g = rng.normal(size=(6, 2)).astype("float32")
    plain, w = Adam(0.1), weight()
    means = g.reshape(3, 2, 2).mean(1)
    expected = run(plain, [w], [means])[0]
    adam = Adam(0.1, gradient_accumulation_steps=2)
    path = run(adam, [weight()], [g])[0]
    np.testing.assert_allclose(path[1::2], expected, 1e-6)
    np.testing.assert_array_equal(path[0], [1, 2])
    np.testing.assert_array_equal(path[2], path[1])
    assert int(adam.iterations) == 3


def test_global_norm_of_a_bad_gradient_is_nan() -> None:
    a, b = weight([1.0]), weight([1.0], name="b")
    SGD(1.0, global_clipnorm=1.0).apply([np.asarray([np.inf]), np.ones(1)], [a, b])
    assert np.isnan(b.numpy()).all()


def test_zero_gradients_are_not_clipped_into_nan() -> None:
    for clip in ("clipnorm", "global_clipnorm", "clipvalue"):
        w = weight()
        SGD(1.0, **{clip: 1.0}).apply([np.zeros(2)], [w])
        assert list(w.numpy()) == [1, 2]


def test_excluding_from_decay() -> None:
    a, b, c = weight([1.0], name="kernel"), weight([1.0], name="bias"), weight([1.0], name="gamma")
    sgd = SGD(1.0, weight_decay=0.5)
    sgd.exclude_from_weight_decay(var_list=[c], var_names=["bias"])
    sgd.apply([np.zeros(1)] * 3, [a, b, c])
    assert [v.numpy().item() for v in (a, b, c)] == [0.5, 1, 1]
    with pytest.raises(ValueError, match="before the optimizer is built"):
        sgd.exclude_from_weight_decay(var_names=["bias"])


def test_averages_are_used_in_the_end() -> None:
    sgd, w = SGD(1.0, use_ema=True, ema_momentum=0.5), weight([0.0])
    for g in (-1.0, -2.0, -3.0):
        sgd.apply([[g]], [w])
    sgd.finalize_variable_values([w])
    assert w.numpy() == ((0.5 * 1 + 0.5 * 3) * 0.5) + 0.5 * 6
    with pytest.raises(ValueError, match="keeps averages of 1"):
        sgd.finalize_variable_values([w, w])


# ---- state
def test_state_round_trip() -> None:
    g = [np.ones(2, np.float32)]
    adam, w = Adam(0.1), weight()
    for _ in range(3):
        adam.apply(g, [w])
    store: dict[str, np.ndarray] = {}
    adam.save_own_variables(store)
    twin, u = Adam(0.5), weight(w.numpy())
    with pytest.warns(UserWarning, match="not been built yet"):
        twin.load_own_variables(store)
    twin.build([u])
    twin.load_own_variables(store)
    for optimizer, v in ((adam, w), (twin, u)):
        optimizer.apply(g, [v])
    np.testing.assert_array_equal(w.numpy(), u.numpy())
    twin.set_weights([v.numpy() for v in adam.variables])
    with pytest.raises(ValueError, match="weights has 1 arrays, expected 4"):
        twin.set_weights([0])


def test_stateless_apply() -> None:
    adam, w = Adam(0.1), weight()
    with pytest.raises(ValueError, match="has not been built"):
        adam.stateless_apply([], [], [])
    adam.build([w])
    before = [v.numpy().copy() for v in adam.variables]
    weights, state = adam.stateless_apply(before, [np.ones(2)], [w.numpy()])
    for v, value in zip(adam.variables, before, strict=True):
        np.testing.assert_array_equal(v.numpy(), value)
    assert list(w.numpy()) == [1, 2] and state[0] == 1
    adam.apply([np.ones(2)])
    np.testing.assert_array_equal(weights[0], w.numpy())
    with pytest.raises(ValueError, match="trainable_variables has 2 values, expected 1"):
        adam.stateless_apply(before, [], [0, 0])


def test_names() -> None:
    first, second = Adam(), Adam()
    assert first.name.startswith("adam") and first.name != second.name
    assert Adam(name="mine").variables[0].path == "mine/iteration"


def test_loss_scale() -> None:
    sgd = SGD(1.0, loss_scale_factor=4.0)
    assert sgd.scale_loss(2.0) == 8
    w = weight([1.0])
    sgd.apply([[4.0]], [w])
    assert w.numpy() == 0


@pytest.mark.parametrize("run", [run_eagerly, run_compiled])
def test_dynamic_loss_scale(run: Any) -> None:
    w = weight([0.0])
    outer = optimizers.LossScaleOptimizer(SGD(1.0), initial_scale=8.0, dynamic_growth_steps=2)
    g = np.asarray([[8.0], [np.inf], [4.0], [4.0], [8.0]], np.float32)
    path = run(outer, [w], [g])[0]
    np.testing.assert_array_equal(path[:, 0], [-1, -1, -2, -3, -4])
    assert float(outer.dynamic_scale) == 8 and int(outer.iterations) == 4
    assert float(outer.scale_loss(1.0)) == 8
    outer.learning_rate = 0.5
    assert float(outer.inner_optimizer.learning_rate) == 0.5
    twin = optimizers.get(optimizers.serialize(outer))
    assert twin.get_config() == outer.get_config()


# ---- a user's own optimizer, written as Keras' documentation does
class Own(optimizers.Optimizer):
    def __init__(self, learning_rate: Any = 0.1, friction: float = 0.5, **kwargs: Any) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.friction = friction

    def build(self, variables: Any) -> None:
        super().build(variables)
        self.momentums = self.add_optimizer_variables(variables, "momentum")
        self.steps = Variable(0, name="steps", trainable=False)

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        m = self.momentums[self._get_variable_index(variable)]
        self.assign(m, ops.subtract(ops.multiply(m, self.friction), gradient * learning_rate))
        self.assign_add(variable, m)
        self.assign_add(self.steps, 1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "friction": self.friction}


@pytest.mark.parametrize("run", [run_eagerly, run_compiled])
def test_own_optimizer(run: Any) -> None:
    own, w = Own(1.0), weight([0.0])
    path = run(own, [w], [np.ones((3, 1), np.float32)])[0]
    np.testing.assert_array_equal(path[:, 0], [-1, -2.5, -4.25])
    assert [v.name for v in own.variables][2:] == ["w_momentum", "steps"]
    assert int(own.steps) == 3
    config = optimizers.serialize(own)
    assert optimizers.deserialize(config, {"Own": Own}).friction == 0.5
    with pytest.raises(TypeError, match="does not define update_step"):
        optimizers.Optimizer(0.1).apply([[1.0]], [w])


def test_own_slots() -> None:
    own, vs = Own(1.0), [weight([0.0]), weight([0.0], name="u")]
    a, b = own.add_optimizer_variables(vs, ["a", "b"], ["zeros", "ones"])
    assert [v.name for v in (*a, *b)] == ["w_a", "u_a", "w_b", "u_b"] and b[0].numpy() == 1
    with pytest.raises(ValueError, match="one for each name"):
        own.add_optimizer_variables(vs, ["a", "b"], ["zeros"])


def test_choose() -> None:
    a, b, c = (Variable(x, name=n) for x, n in ((1.0, "a"), (2.0, "b"), (3.0, "c")))

    def then() -> None:
        a.assign(b + 10.0)
        b.assign(0.0)

    def otherwise() -> None:
        a.assign(a * 100.0)
        c.assign(a + b)

    choose(True, then, otherwise)
    assert [float(v) for v in (a, b, c)] == [12, 0, 3]
    choose(np.asarray(False), then, otherwise)
    assert [float(v) for v in (a, b, c)] == [1200, 0, 1200]
    trace = Trace()
    with trace.active():
        flag = trace.input("flag", (), "bool")
        choose(flag, then, otherwise)
    program, state = trace.program([], stepped=[flag])
    flags = np.asarray([False, True])
    _engine("reference").compile(program).run(2, [v.array for v in state], stepped=[flags])
    assert [float(v) for v in (a, b, c)] == [10, 0, 120000]
