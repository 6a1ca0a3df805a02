"""JAX as its expert writes it: data resident, the whole epoch one jitted `lax.scan`.

Buffers are donated, Adam and momentum are written out, integer labels index the log-softmax (no
one-hot array), the batch is gathered inside the scan, and the permutation comes from NumPy, whose
shuffle is the quicker one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import wire


class PlainJax(wire.Peer):
    """The peer."""

    dists = ("jax", "jaxlib", "numpy")

    def __init__(self) -> None:
        import jax

        self.jax, self.jnp = jax, jax.numpy
        nn = jax.nn
        self.activations = {"relu": nn.relu, "tanh": jax.numpy.tanh, "sigmoid": nn.sigmoid}

    def build(self, seed: int) -> None:
        jnp, net = self.jnp, self.net
        self.rng = np.random.default_rng(seed)
        shapes = list(pairwise(net["sizes"]))
        self.params = [(jnp.asarray(self._kernel(s)), jnp.zeros(s[1])) for s in shapes]
        init, self.update = {"Adam": self._adam, "SGD": self._momentum}[net["optimizer"][0]]()
        self.slots = init(self.params)
        self.x = jnp.asarray(self.data.x_train)
        self.y = jnp.asarray(self.data.y_train.astype(np.int32))
        self._epoch = self.jax.jit(self._scan, donate_argnums=(0, 1))
        self._forward = self.jax.jit(self._outputs)

    def _kernel(self, shape: tuple[int, int]) -> np.ndarray:
        if self.net["init"] == "normal":
            return self.rng.normal(0, 0.05, shape).astype(np.float32)
        limit = float(np.sqrt(6 / sum(shape)))
        return self.rng.uniform(-limit, limit, shape).astype(np.float32)

    def _logits(self, params: Any, x: Any) -> Any:
        for i, (w, b) in enumerate(params):
            x = x @ w + b
            if i < len(params) - 1:
                x = self.activations[self.net["hidden"]](x)
        return x

    def _outputs(self, params: Any, x: Any) -> Any:
        z = self._logits(params, x)
        last = self.net["last"]
        return self.jax.nn.softmax(z) if last == "softmax" else self.activations[last](z)

    def _loss(self, params: Any, x: Any, y: Any) -> tuple[Any, Any]:
        jnp = self.jnp
        if self.net["loss"] == "mse":
            return jnp.mean((self._outputs(params, x) - x) ** 2), jnp.zeros(())
        z = self._logits(params, x)
        picked = jnp.take_along_axis(self.jax.nn.log_softmax(z), y[:, None], axis=1)
        return -jnp.mean(picked), jnp.mean(jnp.argmax(z, 1) == y)

    def _adam(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        jnp, tree = self.jnp, self.jax.tree
        rate = self.net["optimizer"][1]["learning_rate"]

        def init(params: Any) -> Any:
            return tree.map(jnp.zeros_like, params), tree.map(jnp.zeros_like, params), jnp.zeros(())

        def update(params: Any, slots: Any, grads: Any) -> tuple[Any, Any]:
            m, v, t = slots
            t = t + 1
            scale = rate * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
            m = tree.map(lambda m, g: m + (g - m) * 0.1, m, grads)
            v = tree.map(lambda v, g: v + (g * g - v) * 0.001, v, grads)
            new = tree.map(lambda p, m, v: p - scale * m / (jnp.sqrt(v) + 1e-7), params, m, v)
            return new, (m, v, t)

        return init, update

    def _momentum(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        tree, options = self.jax.tree, self.net["optimizer"][1]

        def update(params: Any, slots: Any, grads: Any) -> tuple[Any, Any]:
            slots = tree.map(lambda u, g: u * options["momentum"] + g, slots, grads)
            step = options["learning_rate"]
            return tree.map(lambda p, u: p - step * u, params, slots), slots

        return partial(tree.map, self.jnp.zeros_like), update

    def _scan(self, params: Any, slots: Any, x: Any, y: Any, rows: Any) -> Any:
        grad = self.jax.value_and_grad(self._loss, has_aux=True)

        def step(state: Any, batch: Any) -> Any:
            params, slots = state
            (loss, hit), grads = grad(params, x[batch], y[batch])
            return self.update(params, slots, grads), (loss, hit)

        state, (losses, hits) = self.jax.lax.scan(step, (params, slots), rows)
        return state, losses.mean(), hits.mean()

    def epoch(self, rows: int | None = None) -> tuple[float, float | None]:
        """One pass over the first `rows` rows in a new order."""
        count = len(self.x) if rows is None else rows
        order = self.rng.permutation(count).astype(np.int32).reshape(-1, self.net["batch"])
        state, loss, hits = self._epoch(self.params, self.slots, self.x, self.y, order)
        self.params, self.slots = state
        return float(loss), float(hits) if self.net["last"] == "softmax" else None

    def train(self, turn: wire.Turn) -> None:
        while turn(*self.epoch()):
            pass

    def first_step(self) -> None:
        self.epoch(self.net["batch"])

    def predictors(self) -> dict[str, Callable[[np.ndarray], Any]]:
        call = lambda x: np.asarray(self._forward(self.params, x))  # noqa: E731
        return {"compiled": call}

    def program(self, seed: int) -> None:
        self.build(seed)
        test, labels = self.jnp.asarray(self.data.x_test), self.data.y_test
        for number in range(10):
            loss, accuracy = self.epoch()
            found = np.asarray(self._forward(self.params, test)).argmax(1)
            right = float((found == labels).mean())
            print(f"epoch {number + 1} loss {loss:.4f} accuracy {accuracy:.4f} test {right:.4f}")
        wire.report_error(right)


if __name__ == "__main__":
    wire.main(PlainJax)
