"""Twenty training steps of small networks equal float64 NumPy, for every optimizer.

The rules below are written a second time, from the papers and Keras' documentation, in plain NumPy;
so are the two networks and their gradients.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from whit import optimizers
from whit.engines import _engine
from whit.graph import Tensor, Trace, apply, build, grad
from whit.optimizers import schedules
from whit.variables import Variable

STEPS, BATCH = 20, 8
Rule = Callable[[np.ndarray], Iterator[np.ndarray]]
LR = 2.0**-6  # exact in float32, so that the float64 runs can be compared to the last digits


# ---- rules: coroutines that receive a gradient and the weight, and yield the new weight
def sgd(w: np.ndarray, lr: Callable, momentum: float = 0.0, nesterov: bool = False) -> Any:
    v, t = np.zeros_like(w), 0
    g = yield w
    while True:
        v = momentum * v - lr(t) * g
        w = w + (momentum * v - lr(t) * g if nesterov else v)
        t += 1
        g = yield w


def rmsprop(w, lr, rho=0.9, momentum=0.0, eps=1e-7, centered=False):
    s, a, v, t = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w), 0
    g = yield w
    while True:
        s = rho * s + (1 - rho) * g**2
        a = rho * a + (1 - rho) * g
        spread = s - a**2 if centered else s
        v = momentum * v + lr(t) * g / np.sqrt(spread + eps)
        w, t = w - v, t + 1
        g = yield w


def adam(w, lr, b1=0.9, b2=0.999, eps=1e-7, amsgrad=False, decay=0.0):
    m, v, top, t = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w), 0
    g = yield w
    while True:
        rate, t = lr(t), t + 1
        w = w - w * decay * rate
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        top = np.maximum(top, v)
        used = top if amsgrad else v
        w = w - rate * math.sqrt(1 - b2**t) / (1 - b1**t) * m / (np.sqrt(used) + eps)
        g = yield w


def adamax(w, lr, b1=0.9, b2=0.999, eps=1e-7):
    m, u, t = np.zeros_like(w), np.zeros_like(w), 0
    g = yield w
    while True:
        rate, t = lr(t), t + 1
        m = b1 * m + (1 - b1) * g
        u = np.maximum(b2 * u, np.abs(g))
        w = w - rate / (1 - b1**t) * m / (u + eps)
        g = yield w


def nadam(w, lr, b1=0.9, b2=0.999, eps=1e-7):
    m, v, product, t = np.zeros_like(w), np.zeros_like(w), 1.0, 0
    g = yield w
    while True:
        rate, t = lr(t), t + 1
        mu, after = (b1 * (1 - 0.5 * 0.96**s) for s in (t, t + 1))
        product *= mu
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        mean = after * m / (1 - product * after) + (1 - mu) * g / (1 - product)
        w = w - rate * mean / (np.sqrt(v / (1 - b2**t)) + eps)
        g = yield w


def lamb(w, lr, b1=0.9, b2=0.999, eps=1e-7):
    m, v, t = np.zeros_like(w), np.zeros_like(w), 0
    g = yield w
    while True:
        rate, t = lr(t), t + 1
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        update = m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + eps)
        sizes = np.linalg.norm(w), np.linalg.norm(update)
        w = w - rate * (sizes[0] / sizes[1] if min(sizes) > 0 else 1.0) * update
        g = yield w


def adagrad(w, lr, initial=0.1, eps=1e-7):
    total, t = np.full_like(w, initial), 0
    g = yield w
    while True:
        total = total + g**2
        w, t = w - lr(t) * g / np.sqrt(total + eps), t + 1
        g = yield w


def adadelta(w, lr, rho=0.95, eps=1e-7):
    s, d, t = np.zeros_like(w), np.zeros_like(w), 0
    g = yield w
    while True:
        s = rho * s + (1 - rho) * g**2
        step = -np.sqrt(d + eps) / np.sqrt(s + eps) * g
        d = rho * d + (1 - rho) * step**2
        w, t = w + lr(t) * step, t + 1
        g = yield w


def lion(w, lr, b1=0.9, b2=0.99):
    m, t = np.zeros_like(w), 0
    g = yield w
    while True:
        w = w - lr(t) * np.sign(b1 * m + (1 - b1) * g)
        m, t = b2 * m + (1 - b2) * g, t + 1
        g = yield w


def ftrl(w, lr, power=-0.5, initial=0.1, l1=0.0, l2=0.0, shrink=0.0, beta=0.0):
    n, z, t = np.full_like(w, initial), np.zeros_like(w), 0
    g = yield w
    while True:
        rate, t = lr(t), t + 1
        new = n + g**2
        sigma = (new**-power - n**-power) / rate
        z = z + g + 2 * shrink * w - sigma * w
        n = new
        quadratic = n**-power / rate + 2 * (l2 + beta / (2 * rate))
        w = (np.clip(z, -l1, l1) - z) / quadratic
        g = yield w


def adafactor(w, lr, decay=-0.8, eps1=1e-30, eps2=1e-3, clip=1.0):
    r, c, v, t = 0.0, 0.0, np.zeros_like(w), 0
    g = yield w
    while True:
        rate, t = lr(t), t + 1
        rms = math.sqrt(np.mean(w**2))
        step = max(eps2, rms) * min(rate, 1 / math.sqrt(t))
        keep = 1 - t**decay
        square = g**2 + eps1
        if w.ndim == 2:
            r = keep * r + (1 - keep) * square.mean(1)
            c = keep * c + (1 - keep) * square.mean(0)
            v = np.outer(r / r.mean(), c)
        else:
            v = keep * v + (1 - keep) * square
        u = g / np.sqrt(v)
        w = w - step * u / max(1.0, math.sqrt(np.mean(u**2)) / clip)
        g = yield w


def schedule_free(w, lr, b1=0.9, b2=0.999, eps=1e-8, warmup=0):
    z, x, v, t = w, w, np.zeros_like(w), 0
    g = yield w
    while True:
        rate, t = lr(t), t + 1
        rate *= min(t / warmup, 1) if warmup else 1
        v = b2 * v + (1 - b2) * g**2
        z = z - rate * g / (np.sqrt(v / (1 - b2**t)) + eps)
        x = x + (z - x) / t
        w = b1 * x + (1 - b1) * z
        g = yield w


def muon(w, lr, momentum=0.95, nesterov=True, decay=0.004, rms=0.2):
    if w.ndim != 2:
        yield from adam(w, lr, decay=decay)
    m, t = np.zeros_like(w), 0
    g = yield w
    while True:
        w = w - w * decay * lr(t)
        m = momentum * m + g
        d = g + momentum * m if nesterov else m
        x = d / (np.linalg.norm(d) + 1e-7)
        for _ in range(5):
            gram = x @ x.T
            x = 3.4445 * x + (-4.775 * gram + 2.0315 * gram @ gram) @ x
        w, t = w - lr(t) * x * math.sqrt(max(w.shape)) * rms, t + 1
        g = yield w


def constant(t: int) -> float:
    return LR


RULES: dict[str, tuple[Callable[[], optimizers.Optimizer], Callable]] = {
    "sgd": (lambda: optimizers.SGD(LR), sgd),
    "momentum": (lambda: optimizers.SGD(LR, 0.9), lambda w, lr: sgd(w, lr, 0.9)),
    "nesterov": (lambda: optimizers.SGD(LR, 0.9, True), lambda w, lr: sgd(w, lr, 0.9, True)),
    "rmsprop": (lambda: optimizers.RMSprop(LR), rmsprop),
    "rmsprop_all": (
        lambda: optimizers.RMSprop(LR, 0.8, 0.5, 1e-3, True),
        lambda w, lr: rmsprop(w, lr, 0.8, 0.5, 1e-3, True),
    ),
    "adam": (lambda: optimizers.Adam(LR), adam),
    "amsgrad": (
        lambda: optimizers.Adam(LR, 0.8, 0.9, 1e-3, amsgrad=True),
        lambda w, lr: adam(w, lr, 0.8, 0.9, 1e-3, True),
    ),
    "adamw": (
        lambda: optimizers.AdamW(LR, weight_decay=0.1),
        lambda w, lr: adam(w, lr, decay=0.1),
    ),
    "adagrad": (lambda: optimizers.Adagrad(LR), adagrad),
    "adadelta": (lambda: optimizers.Adadelta(LR), adadelta),
    "adamax": (lambda: optimizers.Adamax(LR), adamax),
    "nadam": (lambda: optimizers.Nadam(LR), nadam),
    "lion": (lambda: optimizers.Lion(LR), lion),
    "lamb": (lambda: optimizers.Lamb(LR), lamb),
    "ftrl": (lambda: optimizers.Ftrl(LR), ftrl),
    "ftrl_all": (
        lambda: optimizers.Ftrl(LR, -0.7, 0.2, 0.01, 0.02, 0.1, 0.3),
        lambda w, lr: ftrl(w, lr, -0.7, 0.2, 0.01, 0.02, 0.1, 0.3),
    ),
    "adafactor": (lambda: optimizers.Adafactor(LR), adafactor),
    "schedulefree": (lambda: optimizers.ScheduleFreeAdamW(LR), schedule_free),
    "muon": (lambda: optimizers.Muon(LR), muon),
    "scheduled": (
        lambda: optimizers.Adam(schedules.ExponentialDecay(0.5, 4, 0.5, staircase=True)),
        lambda w, lr: adam(w, lambda t: 0.5 * 0.5 ** (t // 4)),
    ),
}


# ---- networks: start weights, the loss over Tensors, and gradients in NumPy
def tanh_regression(rng: np.random.Generator) -> list[np.ndarray]:
    return [rng.normal(size=s) * 0.5 for s in ((5, 7), (7,), (7, 3), (3,))]


def tanh_loss(ws: list[Tensor], x: Tensor, y: Tensor) -> Tensor:
    h = apply("tanh", build.dot(x, ws[0]) + ws[1])
    e = build.dot(h, ws[2]) + ws[3] - y
    return build.mean(e * e)


def tanh_gradients(ws: list[np.ndarray], x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    h = np.tanh(x @ ws[0] + ws[1])
    d = 2 * (h @ ws[2] + ws[3] - y) / y.size
    dh = d @ ws[2].T * (1 - h**2)
    return [x.T @ dh, dh.sum(0), h.T @ d, d.sum(0)]


def softmax_start(rng: np.random.Generator) -> list[np.ndarray]:
    return [rng.normal(size=s) * 0.5 for s in ((5, 3), (3,))]


def softmax_loss(ws: list[Tensor], x: Tensor, y: Tensor) -> Tensor:
    z = build.dot(x, ws[0]) + ws[1]
    log_sum = apply("log", build.total(apply("exp", z), [1]))
    return build.mean(log_sum * build.total(y, [1]) - build.total(z * y, [1]))


def softmax_gradients(ws: list[np.ndarray], x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    e = np.exp(x @ ws[0] + ws[1])
    d = (e / e.sum(1, keepdims=True) * y.sum(1, keepdims=True) - y) / len(y)
    return [x.T @ d, d.sum(0)]


NETWORKS = {
    "tanh": (tanh_regression, tanh_loss, tanh_gradients),
    "softmax": (softmax_start, softmax_loss, softmax_gradients),
}


def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    return rng.normal(size=(STEPS, BATCH, 5)), np.abs(rng.normal(size=(STEPS, BATCH, 3)))


def expected(network: str, rule: Callable) -> list[np.ndarray]:
    make, _, gradients = NETWORKS[network]
    coroutines = [rule(w, constant) for w in make(np.random.default_rng(3))]
    ws = [next(c) for c in coroutines]
    for x, y in zip(*data(), strict=True):
        ws = [c.send(g) for c, g in zip(coroutines, gradients(ws, x, y), strict=True)]
    return ws


def trained(
    network: str, optimizer: optimizers.Optimizer, dtype: str, engine: str
) -> list[np.ndarray]:
    make, loss_of, _ = NETWORKS[network]
    variables = [Variable(w, dtype=dtype) for w in make(np.random.default_rng(3))]
    x, y = (a.astype(dtype) for a in data())
    optimizer.build(variables)
    trace = Trace("training")
    inputs = [trace.input("batch", a.shape[1:], dtype) for a in (x, y)]
    with trace.active():
        ws = [v.value for v in variables]
        loss = loss_of(ws, *inputs)
        optimizer.apply(grad(loss, ws), variables)
    program, state = trace.program([loss], stepped=inputs)
    arrays: list[Any] = [v.array for v in state]  # type: ignore[attr-defined]
    (losses,) = _engine(engine).compile(program).run(STEPS, state=arrays, stepped=[x, y])
    assert np.isfinite(losses).all()
    return [v.numpy() for v in variables]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("name", RULES)
def test_float64(name: str, network: str) -> None:
    make, rule = RULES[name]
    ours = trained(network, make(), "float64", "reference")
    for a, b in zip(ours, expected(network, rule), strict=True):
        np.testing.assert_allclose(a, b, 1e-9, 1e-11)


@pytest.mark.parametrize("engine", ["reference", "native"])
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("name", RULES)
def test_float32(name: str, network: str, engine: str) -> None:
    make, rule = RULES[name]
    ours = trained(network, make(), "float32", engine)
    tolerance = 2e-3 if name == "muon" else 1e-4  # Newton-Schulz amplifies rounding
    for a, b in zip(ours, expected(network, rule), strict=True):
        np.testing.assert_allclose(a, b, tolerance, tolerance)
