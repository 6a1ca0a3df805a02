"""whit, through the same text as Keras (`fit.py`); and what only whit is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import wire
from fit import FitPeer


class WhitPeer(FitPeer):
    """The peer; a method `do_NAME` answers the command NAME."""

    def __init__(self) -> None:
        import whit

        jit = whit.jit

        def compiled(model: Any) -> Callable[..., Any]:
            return jit(lambda x: model(x, training=False))

        super().__init__(whit, ("numpy", "llvmlite"), compiled)

    def versions(self) -> dict[str, str]:
        return {"whit": self.keras.__version__, **super().versions()}

    def prepare(self, net: wire.Net, data: wire.Data) -> None:
        importlib.import_module("llvmlite.binding")  # a library: not to be counted as our memory
        super().prepare(net, data)

    def do_save_data(self, path: str) -> dict[str, Any]:
        """Write MNIST, from wherever whit finds it, for all peers to read."""
        (x_train, y_train), (x_test, y_test) = self.keras.datasets.mnist.load_data()
        np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
        return {"rows": len(x_train)}

    def do_peak(self) -> dict[str, Any]:
        """The register-only float32 peak, by whit's own tool."""
        return {"peak": importlib.import_module("whit.engines.native.peak").measure()}


if __name__ == "__main__":
    wire.main(WhitPeer)
