"""The native engine: group -> schedule -> templates -> object -> team. See docs/design.md.

* `group`: which node is computed in which kernel. `access`: where kernels read.
* `schedule`: plans, the split over the team, updates in place, phases, memory.
* `values`, `arith`, `vecmath`: a node's instructions. `templates`: the loops around them.
* `step`: the driver that runs steps. `object`: machine code and its cache. `team`: threads.
"""

from __future__ import annotations

import warnings

from whit.engines.base import Engine

__all__ = ["make_engine"]


def make_engine() -> Engine:
    """The native engine, or the reference engine with one warning where LLVM cannot be used."""
    try:
        from whit.engines.native.engine import NativeEngine
        from whit.engines.native.target import host_target

        host_target()
        return NativeEngine()
    except (ImportError, OSError, RuntimeError) as error:
        from whit.engines.reference import ReferenceEngine

        warnings.warn(
            f"whit cannot generate machine code here ({error}); it computes with NumPy instead, "
            "many times slower. `whit doctor` says more.",
            RuntimeWarning,
            stacklevel=2,
        )
        return ReferenceEngine()
