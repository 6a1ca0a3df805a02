"""PyTorch as its expert writes it: resident tensors, fused optimizers, no data loader.

Denormals are flushed to zero. Run as it is, or with WHIT_BENCH_COMPILE=1 with loss and gradient
through `torch.compile`; the benchmark measures both, because which one is faster depends on the
network and the machine.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import wire


class PlainTorch(wire.Peer):
    """The peer."""

    dists = ("torch", "numpy")

    def __init__(self) -> None:
        self.compiles = os.environ.get("WHIT_BENCH_COMPILE") == "1"
        compilers = (os.environ.get("CXX", ""), "g++", "clang++", "cl")
        if self.compiles and not any(c and shutil.which(c) for c in compilers):
            raise wire.Skip("torch.compile needs a C++ compiler, and none is on the path")
        import torch

        self.torch = torch
        torch.set_num_threads(int(os.environ.get("WHIT_BENCH_THREADS", os.cpu_count() or 1)))
        torch.set_flush_denormal(True)

    def build(self, seed: int) -> None:
        torch, net = self.torch, self.net
        torch.manual_seed(seed)
        self.model = self._sequential()
        name, options = net["optimizer"]
        if name == "Adam":
            parameters, rate = self.model.parameters(), options["learning_rate"]
            self.optimizer = torch.optim.Adam(parameters, lr=rate, eps=1e-7, fused=True)
        else:
            rate, momentum = options["learning_rate"], options["momentum"]
            parameters = self.model.parameters()
            self.optimizer = torch.optim.SGD(parameters, lr=rate, momentum=momentum, fused=True)
        self.x = torch.from_numpy(self.data.x_train)
        self.y = torch.from_numpy(self.data.y_train)
        self.loss = torch.compile(self._loss) if self.compiles else self._loss

    def _sequential(self) -> Any:
        nn, net = self.torch.nn, self.net
        kinds = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}
        layers: list[Any] = []
        for a, b in pairwise(net["sizes"]):
            dense = nn.Linear(a, b)
            if net["init"] == "normal":
                nn.init.normal_(dense.weight, 0, 0.05)
            else:
                nn.init.xavier_uniform_(dense.weight)
            nn.init.zeros_(dense.bias)
            layers += [dense, kinds[net["hidden"]]()]
        layers.pop()
        if net["last"] in kinds:
            layers.append(kinds[net["last"]]())
        return nn.Sequential(*layers)

    def _loss(self, x: Any, y: Any) -> tuple[Any, Any]:
        functional = self.torch.nn.functional
        z = self.model(x)
        if self.net["loss"] == "mse":
            return functional.mse_loss(z, x), None
        return functional.cross_entropy(z, y), (z.detach().argmax(1) == y).sum()

    def step(self, batch: Any) -> tuple[Any, Any]:
        """Forward, backward and update on the rows `batch`."""
        x = self.x[batch]
        loss, hits = self.loss(x, x if self.net["loss"] == "mse" else self.y[batch])
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return loss.detach(), hits

    def epoch(self) -> tuple[float, float | None]:
        """One pass over the data in a new order."""
        order = self.torch.randperm(len(self.x)).split(self.net["batch"])
        losses, hits = zip(*(self.step(batch) for batch in order), strict=True)
        loss = float(self.torch.stack(losses).mean())
        if hits[0] is None:
            return loss, None
        return loss, float(self.torch.stack(hits).sum()) / len(self.x)

    def train(self, turn: wire.Turn) -> None:
        while turn(*self.epoch()):
            pass

    def first_step(self) -> None:
        self.step(self.torch.arange(self.net["batch"]))

    def predictors(self) -> dict[str, Callable[[np.ndarray], Any]]:
        torch = self.torch
        whole = torch.nn.Sequential(self.model, torch.nn.Softmax(dim=1)).eval()
        forward = torch.compile(whole) if self.compiles else whole

        def call(x: np.ndarray) -> np.ndarray:
            with torch.inference_mode():
                return forward(torch.from_numpy(x)).numpy()

        return {"compiled": call}

    def program(self, seed: int) -> None:
        torch = self.torch
        self.build(seed)
        test, labels = torch.from_numpy(self.data.x_test), torch.from_numpy(self.data.y_test)
        for number in range(10):
            loss, accuracy = self.epoch()
            with torch.inference_mode():
                right = float((self.model(test).argmax(1) == labels).float().mean())
            print(f"epoch {number + 1} loss {loss:.4f} accuracy {accuracy:.4f} test {right:.4f}")
        wire.report_error(right)


if __name__ == "__main__":
    wire.main(PlainTorch)
