"""The four networks every peer trains, as one table, and the arithmetic each of them costs.

A peer gets a network as the plain dictionary of `Net.spec`, over the line protocol, so that it
needs no import from here. The floating-point count is the same for every peer: what the
contractions of the mathematics need, not what an implementation happens to execute.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any


@dataclass(frozen=True)
class Net:
    """A dense network with its loss and optimizer.

    Args:
        name: the key in results and on the command line.
        title: one line for the report.
        sizes: widths from input to output.
        hidden, last: Keras' names of the activations.
        loss: `"categorical_crossentropy"` (one-hot labels) or `"mse"` (the input is the target).
        optimizer: Keras' class name and arguments.
        init: Keras' name of the kernels' initializer.
        batch: rows in a step.
    """

    name: str
    title: str
    sizes: tuple[int, ...]
    hidden: str
    last: str
    loss: str
    optimizer: tuple[str, dict[str, float]]
    init: str = "glorot_uniform"
    batch: int = 200

    @property
    def classifies(self) -> bool:
        """Whether the network has labels, and so an accuracy."""
        return self.loss == "categorical_crossentropy"

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return sum(a * b + b for a, b in pairwise(self.sizes))

    def gflop(self, rows: int) -> float:
        """10⁹ floating-point operations of one epoch over `rows` rows.

        A multiply-add counts as 2. Each layer has a product forward and one for its weights'
        gradient; all but the first have one for their input's gradient. Elementwise work is not
        counted.
        """
        layers = [a * b for a, b in pairwise(self.sizes)]
        return 2 * rows * (3 * sum(layers) - layers[0]) / 1e9

    def spec(self) -> dict[str, Any]:
        """The network as JSON-able values for the line protocol."""
        return asdict(self)


_ADAM = ("Adam", {"learning_rate": 1e-3})
_MOMENTUM = ("SGD", {"learning_rate": 0.01, "momentum": 0.9})
_CROSS_ENTROPY = "categorical_crossentropy"

NETS: dict[str, Net] = {
    net.name: net
    for net in (
        Net(
            "classic",
            "784-784 relu-10 softmax, Adam",
            (784, 784, 10),
            "relu",
            "softmax",
            _CROSS_ENTROPY,
            _ADAM,
            init="normal",
        ),
        Net(
            "tanh",
            "784-512-512-512-10 tanh, momentum SGD",
            (784, 512, 512, 512, 10),
            "tanh",
            "softmax",
            _CROSS_ENTROPY,
            _MOMENTUM,
        ),
        Net(
            "autoencoder",
            "784-128-32-128-784 sigmoid autoencoder, MSE, Adam",
            (784, 128, 32, 128, 784),
            "sigmoid",
            "sigmoid",
            "mse",
            _ADAM,
        ),
        Net(
            "wide",
            "784-256 relu-1000 softmax, Adam",
            (784, 256, 1000),
            "relu",
            "softmax",
            _CROSS_ENTROPY,
            _ADAM,
        ),
    )
}
