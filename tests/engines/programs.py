"""Random programs for the differential tests: any composition of the primitives must compile."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from whit.graph import Program, Tensor, apply, build, grad, input_, random_bits

EXTENTS = (1, 2, 3, 5, 7, 8, 9, 16, 17, 31, 33)
Rng = np.random.Generator


def last(x: Tensor) -> int:
    """The last axis."""
    return x.ndim - 1


def softmax(x: Tensor) -> Tensor:
    """Softmax over the last axis, as a composition."""
    top = build.reduce("max_reduce", x, (last(x),))
    e = apply("exp", x - apply("stop", build.expand(top, x.shape, (last(x),))))
    return build.divide(e, build.expand(build.total(e, (last(x),)), x.shape, (last(x),)))


def centred(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """`x` less its mean over `axes`."""
    return x - build.expand(build.mean(x, axes), x.shape, axes)


def some_axes(r: Rng, x: Tensor) -> tuple[int, ...]:
    """A random set of axes, at least one if there is any."""
    chosen = [q for q in range(x.ndim) if r.random() < 0.5]
    return tuple(chosen or list(range(x.ndim))[-1:])


def _view_and_back(r: Rng, x: Tensor) -> Tensor:
    perm = list(r.permutation(x.ndim))
    y = build.transpose(x, [int(p) for p in perm])
    y = apply("tanh", y) if r.random() < 0.5 else y * 0.5
    return build.transpose(y, [perm.index(q) for q in range(x.ndim)])


def _regroup(r: Rng, x: Tensor) -> Tensor:
    flat = (
        build.reshape(x, (x.size,))
        if r.random() < 0.5
        else build.reshape(_view_and_back(r, x), (x.size,))
    )
    return build.reshape(flat * 0.5 + 0.1, x.shape)


def _pad_and_cut(r: Rng, x: Tensor) -> Tensor:
    low = tuple(int(r.integers(0, 3)) for _ in x.shape)
    high = tuple(int(r.integers(0, 3)) for _ in x.shape)
    y = build.pad(x, low, high, 0.25)
    start = tuple(int(r.integers(0, a + b + 1)) for a, b in zip(low, high, strict=True))
    stop = tuple(s + n for s, n in zip(start, x.shape, strict=True))
    return build.slice_(y, start, stop, (1,) * x.ndim)


def _flip_some(r: Rng, x: Tensor) -> Tensor:
    return build.flip(x, some_axes(r, x)) + x * 0.5


def _concat_and_cut(r: Rng, x: Tensor) -> Tensor:
    axis = int(r.integers(0, x.ndim))
    y = build.concat([x * 0.5, x, x + 1.0], axis)
    at = int(r.integers(0, 2 * x.shape[axis] + 1))
    start = tuple(at if q == axis else 0 for q in range(x.ndim))
    stop = tuple(s + n for s, n in zip(start, x.shape, strict=True))
    return build.slice_(y, start, stop, (1,) * x.ndim)


def _rows_of(r: Rng, x: Tensor) -> Tensor:
    indices = build.cast(build.iota(x.shape[0]) * 3 % x.shape[0], "int32")
    return build.gather(x, indices)


def _scattered(r: Rng, x: Tensor) -> Tensor:
    indices = build.cast(build.iota(x.shape[0]) * 2 % x.shape[0], "int32")
    return build.scatter_add(x * 0.5, indices, x)


def _dropped(r: Rng, x: Tensor) -> Tensor:
    key = build.cast(build.iota(2) + int(r.integers(1000)), "uint32")
    bits = random_bits(key, x.shape)
    keep = apply(
        "less",
        build.cast(apply("shift_right", bits, build.full(x.shape, 8, "uint32")), "float32"),
        build.full(x.shape, 2.0**23, "float32"),
    )
    return build.mask(keep, x)


def _product(r: Rng, x: Tensor, w: Callable[[int, int], Tensor]) -> Tensor:
    """A contraction of the last two axes, back to the shape of `x`."""
    if x.ndim < 2:
        return x
    n = x.shape[-1]
    if r.random() < 0.4:
        return build.dot(build.dot(x, build.swap_last(x)) * (0.3 / n), x)
    weight = w(n, n)
    lead = x.shape[:-2]
    weight = build.broadcast_to(weight, (*lead, n, n))
    if r.random() < 0.5:
        weight = build.swap_last(weight)
    return build.dot(x, weight)


def operations(w: Callable[[int, int], Tensor]) -> list[Callable[[Rng, Tensor, Tensor], Tensor]]:
    """What a random program is made of: (rng, x, y of the same shape) to that shape."""
    return [
        lambda r, x, y: x + y,
        lambda r, x, y: x * y * 0.5,
        lambda r, x, y: x - y,
        lambda r, x, y: apply("tanh", x),
        lambda r, x, y: build.maximum(x, y),
        lambda r, x, y: apply("min", x, y),
        lambda r, x, y: build.maximum(x, 0.0),
        lambda r, x, y: apply("exp", x * 0.2) - y,
        lambda r, x, y: softmax(x),
        lambda r, x, y: centred(x, some_axes(r, x)),
        lambda r, x, y: apply("log", x * x + 1.0),
        lambda r, x, y: apply("sqrt", x * x + 0.5),
        lambda r, x, y: apply("erf", x) + apply("sin", y) * apply("cos", x),
        lambda r, x, y: build.divide(x, y * y + 1.0),
        lambda r, x, y: build.where(apply("less", x, y), x, y * 0.5),
        lambda r, x, y: _scaled_by_largest(r, x, y),
        lambda r, x, y: apply("cumsum", x, attrs=(int(r.integers(0, x.ndim)),)) * 0.2,
        lambda r, x, y: _view_and_back(r, x),
        lambda r, x, y: _regroup(r, x),
        lambda r, x, y: _pad_and_cut(r, x),
        lambda r, x, y: _flip_some(r, x),
        lambda r, x, y: _concat_and_cut(r, x),
        lambda r, x, y: _rows_of(r, x),
        lambda r, x, y: _scattered(r, x),
        lambda r, x, y: _dropped(r, x),
        lambda r, x, y: _product(r, x, w),
        lambda r, x, y: _product(r, x, w),
    ]


def _scaled_by_largest(r: Rng, x: Tensor, y: Tensor) -> Tensor:
    axes = some_axes(r, y)
    return x * build.expand(build.reduce("max_reduce", y, axes), y.shape, axes)


def random_program(seed: int, depth: int = 8, differentiate: bool = True) -> Program:
    """A program with a state of several tensors, a loss and, if asked, its gradients' update."""
    r = np.random.default_rng(seed)
    rank = int(r.integers(1, 4))
    shape = tuple(int(r.choice(EXTENTS)) for _ in range(rank))
    x = input_("x", shape, "float32")
    b = input_("b", shape[-1:], "float32")
    s = input_("s", (), "float32")
    state = [x, b, s]

    def weight(n: int, m: int) -> Tensor:
        w = input_(f"w{n}x{m}", (n, m), "float32")
        if w not in state:
            state.append(w)
        return w * (1.0 / n) if r.random() < 0.3 else w

    pool = [x, x + build.broadcast_to(b, shape), x * build.broadcast_to(s, shape)]
    choices = operations(weight)
    for _ in range(int(r.integers(2, depth))):
        f = choices[int(r.integers(len(choices)))]
        pool.append(f(r, pool[int(r.integers(len(pool)))], pool[int(r.integers(len(pool)))]))
    loss = build.mean(apply("tanh", pool[-1]) * pool[-1])
    updates = list(state)
    if differentiate:
        grads = grad(loss, state)
        updates = [p - g * 0.1 for p, g in zip(state, grads, strict=True)]
    else:
        updates[0] = pool[-1] * 0.5
    return Program(outputs=(loss, pool[-1]), state=tuple(state), updates=tuple(updates))


def initial_state(program: Program, seed: int = 0) -> list[np.ndarray]:
    """Arrays to start from."""
    r = np.random.default_rng(seed)
    return [np.array(r.normal(size=t.shape) * 0.5, t.dtype) for t in program.state]
