"""jit, grad and value_and_grad: what is traced when, state, structures, nesting, mistakes."""

import numpy as np
import pytest

import whit
from whit import layers, ops
from whit.graph import Trace

X = np.linspace(-1, 1, 12, dtype="float32").reshape(3, 4)


def counted(function):
    """`function`, and a list that grows each time its Python code runs."""
    runs = []

    def wrapper(*args, **kwargs):
        runs.append(1)
        return function(*args, **kwargs)

    return wrapper, runs


# ---- jit: signatures
def test_jit_traces_once_for_each_shape_and_dtype():
    function, runs = counted(lambda x, y: x * 2 + y)
    f = whit.jit(function)
    for _ in range(3):
        np.testing.assert_array_equal(f(X, X), X * 3)
    assert len(runs) == 1
    f(X[:2], X[:2])
    f(X.astype("float64"), X.astype("float64"))
    f(X.astype("int32"), X.astype("int32"))
    assert len(runs) == 4
    f.clear()
    f(X, X)
    assert len(runs) == 5


def test_floats_are_arguments_and_other_plain_values_are_static():
    function, runs = counted(lambda x, rate, k, flag: x * rate * k if flag else x)
    f = whit.jit(function)
    for rate in (0.5, 0.25):
        np.testing.assert_allclose(f(X, rate, 3, True), X * rate * 3, rtol=1e-6)
    assert len(runs) == 1
    np.testing.assert_array_equal(f(X, 0.5, 3, False), X)
    np.testing.assert_array_equal(f(X, 0.5, k=4, flag=True), X * 2)
    np.testing.assert_array_equal(f(X, 0.5, 1, True), X * 0.5)  # 1 and True are not one signature
    assert len(runs) == 4


def test_floats_beside_float64_keep_their_bits():
    y = whit.jit(lambda x, rate: x * rate)(np.ones(1), 0.1)
    assert y.dtype == np.float64
    assert y[0] == 0.1
    assert whit.jit(lambda x, rate: x * rate)(np.ones(1, "float32"), 0.1).dtype == np.float32


def test_any_layout_and_any_array_like():
    f = whit.jit(lambda x: x + 1)
    for x in (
        X,
        X.T,
        X[::2, ::-1],
        np.asfortranarray(X),
        X.astype(">f4"),
        np.float32(3),
        [X, X][0],
    ):
        np.testing.assert_array_equal(f(x), x + 1)
    assert f(np.float32(3)).shape == ()
    assert whit.jit(lambda x: x + 1)(whit.Variable(X)).shape == X.shape


def test_structures_go_in_and_out():
    @whit.jit
    def f(pair, named):
        a, b = pair
        return {"z": (a + b, None), "a": [named["k"] * 2]}

    got = f((X, X), {"k": X})
    assert list(got) == ["z", "a"]
    np.testing.assert_array_equal(got["z"][0], X + X)
    assert got["z"][1] is None
    np.testing.assert_array_equal(got["a"][0], X * 2)


def test_results_without_operations():
    f = whit.jit(lambda x: (x, x, 3.0, np.arange(3), None))
    same, again, number, array, nothing = f(X)
    np.testing.assert_array_equal(same, X)
    np.testing.assert_array_equal(again, X)
    assert float(number) == 3
    np.testing.assert_array_equal(array, [0, 1, 2])
    assert nothing is None


def test_methods_can_be_jitted():
    class Thing:
        def __init__(self, k):
            self.k = k

        @whit.jit
        def scale(self, x):
            return x * self.k

    np.testing.assert_array_equal(Thing(2).scale(X), X * 2)
    np.testing.assert_array_equal(Thing(3).scale(X), X * 3)


def test_name_and_docstring_stay():
    @whit.jit
    def named(x):
        """Says what it does."""
        return x

    assert (named.__name__, named.__doc__) == ("named", "Says what it does.")
    assert whit.jit()(lambda x: x)(X).shape == X.shape


# ---- jit: state
def test_variables_are_read_and_kept_up_to_date():
    total = whit.Variable(np.zeros((), "float32"))

    @whit.jit
    def add(x):
        total.assign_add(ops.sum(x))
        return total.value

    assert float(add(np.ones(3, "float32"))) == 3
    assert float(add(np.ones(3, "float32"))) == 6
    total.assign(10.0)
    assert float(add(np.ones(3, "float32"))) == 13
    assert float(total.numpy()) == 13


def test_random_layers_go_on_from_call_to_call():
    drop = layers.Dropout(0.5, seed=1)
    f = whit.jit(lambda x: drop(x, training=True))
    x = np.ones((8, 8), "float32")
    first, second = f(x), f(x)
    assert not np.array_equal(first, second)
    drop2 = layers.Dropout(0.5, seed=1)
    np.testing.assert_array_equal(first, drop2(x, training=True))  # eager: the same bits
    np.testing.assert_array_equal(second, drop2(x, training=True))


def test_a_jitted_function_is_inlined_in_a_trace():
    f = whit.jit(lambda x: x * 2)
    g = whit.jit(lambda x: f(x) + f(x))
    np.testing.assert_array_equal(g(X), X * 4)
    trace = Trace()
    with trace.active():
        y = f(trace.input("x", (2,), "float32"))
    assert y.op == "mul"


# ---- gradients
def test_grad_of_arrays_floats_and_structures():
    f = whit.grad(lambda p, x: ops.sum(ops.square(x @ p["w"] + p["b"])))
    p = {"w": np.ones((4, 2), "float32"), "b": np.zeros(2, "float32")}
    g = f(p, X)
    residual = 2 * (X @ p["w"])
    np.testing.assert_allclose(g["w"], X.T @ residual, rtol=1e-5)
    np.testing.assert_allclose(g["b"], residual.sum(0), rtol=1e-5, atol=1e-5)
    assert float(whit.grad(lambda a: a * a * a)(2.0)) == 12


def test_argnums():
    f = lambda a, b: ops.sum(a * b)  # noqa: E731
    np.testing.assert_array_equal(whit.grad(f, argnums=1)(X, X + 1), X)
    ga, gb = whit.grad(f, argnums=(0, -1))(X, X + 1)
    np.testing.assert_array_equal(ga, X + 1)
    np.testing.assert_array_equal(gb, X)


def test_value_and_aux():
    f = lambda a: (ops.sum(a * a), {"twice": a * 2})  # noqa: E731
    (value, aux), g = whit.value_and_grad(f, has_aux=True)(X)
    assert float(value) == pytest.approx(float((X * X).sum()))
    np.testing.assert_array_equal(aux["twice"], X * 2)
    np.testing.assert_array_equal(g, X * 2)
    g, aux = whit.grad(f, has_aux=True)(X)
    np.testing.assert_array_equal(g, aux["twice"])
    value, g = whit.value_and_grad(lambda a: ops.sum(a))(X)
    np.testing.assert_array_equal(g, np.ones_like(X))


def test_gradients_by_variables():
    dense = layers.Dense(2)
    dense.build((None, 4))

    @whit.value_and_grad
    def loss(weights, x):
        return ops.sum(dense(x))

    _, (by_kernel, by_bias) = loss(dense.trainable_variables, X)
    np.testing.assert_allclose(by_kernel, np.repeat(X.sum(0)[:, None], 2, 1), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(by_bias, [3, 3])


def test_gradients_of_gradients():
    f = lambda x: ops.sum(x**3)  # noqa: E731
    second = whit.grad(lambda x: ops.sum(whit.grad(f)(x)))
    np.testing.assert_allclose(second(X), 6 * X, rtol=1e-5, atol=1e-6)
    third = whit.grad(lambda x: ops.sum(second(x)))
    np.testing.assert_allclose(third(X), np.full_like(X, 6), rtol=1e-5)


def test_what_is_closed_over_is_constant():
    """d/da (a * x) at a = x is x, not 2x, although both are the same traced tensor."""
    g = whit.jit(lambda x: whit.grad(lambda a: ops.sum(a * x))(x))
    np.testing.assert_array_equal(g(X), X)
    chained = whit.jit(
        lambda x: whit.grad(lambda a: ops.sum(a * whit.grad(lambda b: ops.sum(b * b))(x)))(x)
    )
    np.testing.assert_allclose(chained(X), 2 * X, rtol=1e-6)


def test_assignments_inside_a_differentiated_function_stay():
    seen = whit.Variable(np.zeros(X.shape, "float32"))

    def f(x):
        seen.assign(x * 5)
        return ops.sum(x * x)

    g = whit.jit(lambda x: whit.grad(f)(x + 1))
    np.testing.assert_allclose(g(X), 2 * (X + 1), rtol=1e-6)
    np.testing.assert_allclose(seen.numpy(), 5 * (X + 1), rtol=1e-6)


def test_a_variable_that_is_differentiated_by_and_assigned():
    v = whit.Variable(np.array([1.0, 2.0], "float32"))

    def step(variable):
        loss = ops.sum(variable * variable)
        variable.assign(variable * 10.0)
        return loss

    np.testing.assert_array_equal(whit.grad(step)(v), [2, 4])
    np.testing.assert_array_equal(v.numpy(), [10, 20])
    np.testing.assert_array_equal(whit.grad(lambda w: ops.sum(w * w))(v), [20, 40])
    np.testing.assert_array_equal(v.numpy(), [10, 20])


def test_gradient_where_there_is_none():
    g = whit.grad(lambda a, b: ops.sum(b))(X, X)
    np.testing.assert_array_equal(g, np.zeros_like(X))


# ---- mistakes
class Odd:
    """Neither an array nor hashable."""

    __hash__ = None


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: whit.jit(3), "function=3 is not callable"),
        (
            lambda: whit.jit(lambda x: x)(Odd()),
            "an argument is a Odd, which is neither an array nor",
        ),
        (lambda: whit.grad(lambda a: a)(X), "the loss must be a scalar, got shape (3, 4)"),
        (
            lambda: whit.grad(lambda a: ops.sum(a))(X.astype("int32")),
            "cannot differentiate by int32[3, 4]: it is not floating point",
        ),
        (lambda: whit.grad(lambda a: a)(3), "cannot differentiate by 3"),
        (
            lambda: whit.grad(lambda a: a, argnums=1)(1.0),
            "argnums=1, but the call has 1 positional",
        ),
        (lambda: whit.grad(lambda a: (a, a))(1.0), "has_aux=True is for a result (loss, aux)"),
        (lambda: whit.grad(lambda a: a, has_aux=True)(1.0), "needs a result (loss, aux)"),
        (lambda: whit.grad(lambda a: None)(1.0), "the result must be one scalar, got None"),
        (lambda: whit.jit(lambda x: np.exp(x))(X), "Use whit.ops in place of NumPy functions"),
        (lambda: whit.jit(lambda x: x + 1 if x else x)(X), "the truth value of"),
    ],
)
def test_mistakes_are_explained(make, text):
    with pytest.raises((TypeError, ValueError)) as caught:
        make()
    assert text in str(caught.value)


def test_a_leaked_tensor_is_refused():
    kept = []
    whit.jit(lambda x: kept.append(x) or x)(X)
    with pytest.raises(TypeError, match="used after its trace has ended"):
        whit.jit(lambda x: x)(kept[0])


def test_a_failed_trace_leaves_nothing_behind():
    with pytest.raises(ZeroDivisionError):
        whit.jit(lambda x: 1 / 0)(X)
    assert Trace.current() is None
    np.testing.assert_array_equal(ops.add(X, 1), X + 1)
