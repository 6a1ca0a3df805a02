"""HOW it is computed: one protocol, several engines, chosen by `WHIT_ENGINE` or `whit.config`."""

from __future__ import annotations

import os
from functools import lru_cache

from whit.engines.base import Control, Engine, Executable
from whit.graph import Program

__all__ = ["Control", "Engine", "Executable", "compile_program", "get_engine", "set_engine"]

_chosen: list[str] = []


def engine_names() -> tuple[str, ...]:
    """The engines there are."""
    return ("native", "reference")


def set_engine(name: str) -> None:
    """Choose the engine for everything compiled from now on."""
    if name not in engine_names():
        raise ValueError(f"engine {name!r} is unknown; expected one of {', '.join(engine_names())}")
    _chosen[:] = [name]


def get_engine() -> Engine:
    """The engine in use: that of `set_engine`, else of WHIT_ENGINE, else native."""
    name = _chosen[0] if _chosen else os.environ.get("WHIT_ENGINE", "native")
    return _engine(name)


@lru_cache
def _engine(name: str) -> Engine:
    if name == "reference":
        from whit.engines.reference import ReferenceEngine

        return ReferenceEngine()
    if name != "native":
        raise ValueError(
            f"WHIT_ENGINE={name!r} is unknown; expected one of {', '.join(engine_names())}"
        )
    from whit.engines.native import make_engine

    return make_engine()


def compile_program(program: Program) -> Executable:
    """Compile with the engine in use."""
    return get_engine().compile(program)
