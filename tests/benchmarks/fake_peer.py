"""A peer with no framework behind it: answers the protocol at once, fails or skips on request."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks" / "peers"))
import wire

MODE = os.environ.get("FAKE", "")


class FakePeer(wire.Peer):
    """Counts its epochs; the loss is one over the count."""

    def __init__(self) -> None:
        if MODE == "skip":
            raise wire.Skip("this machine is not for me")
        print("a banner that no protocol should see")

    def build(self, seed: int) -> None:
        self.fits, self.epochs = 0, 0

    def train(self, turn: wire.Turn) -> None:
        self.fits += 1
        if MODE == "fail":
            raise ValueError("I cannot train")
        while True:
            self.epochs += 1
            if not turn(1 / self.epochs, 0.5):
                return

    def first_step(self) -> None:
        self.epochs += 1

    def predictors(self) -> dict[str, Callable[[np.ndarray], Any]]:
        return {"compiled": lambda x: x.sum()}

    def program(self, seed: int) -> None:
        wire.report_error(0.98 + seed / 1000)

    def do_counts(self) -> dict[str, Any]:
        """How often training began and how many epochs it had."""
        return {"fits": self.fits, "epochs": self.epochs, "shape": list(self.data.x_train.shape)}

    def do_die(self) -> None:
        """End without an answer."""
        print("last words", file=sys.stderr, flush=True)
        os._exit(3)

    def do_sleep(self) -> None:
        """Never answer; ends with its input."""
        sys.stdin.readline()


if __name__ == "__main__":
    wire.main(FakePeer)
