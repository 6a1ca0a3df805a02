"""The processor as the compiler sees it: one row of numbers for each family of instructions.

Chosen from the list of features that the processor reports, never from its name, since virtual
machines lie about names. `WHIT_TARGET` overrides the choice (to test the narrower code on a wider
machine). Adding a processor is adding a row.
"""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Target:
    """What code is generated for.

    Attributes:
        name: as in WHIT_TARGET.
        cpu, features, triple: for LLVM; an empty triple is this process's own.
        vector_bits: width of a vector register. registers: how many there are.
        fma: whether a multiply-add is one instruction.
        needs: features that must be present for this row to be chosen.
        arch: machine family: x86 or arm.
        l1, l2: data cache bytes of one core, for blocking.
    """

    name: str
    cpu: str
    features: str
    vector_bits: int
    registers: int
    fma: bool
    needs: tuple[str, ...]
    arch: str
    triple: str = ""
    l1: int = 32 * 1024
    l2: int = 512 * 1024

    def lanes(self, bits: int = 32) -> int:
        """Elements of `bits` bits in one vector register."""
        return max(1, self.vector_bits // bits)


_V3 = ("avx2", "fma", "bmi2", "f16c")
_V4 = ("avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd")
TARGETS = {
    t.name: t
    for t in (
        Target(
            "avx512",
            "x86-64-v4",
            "-prefer-256-bit",
            512,
            32,
            True,
            (*_V3, *_V4),
            "x86",
            l1=48 * 1024,
        ),
        Target("avx2", "x86-64-v3", "", 256, 16, True, _V3, "x86"),
        Target("sse2", "x86-64", "", 128, 16, False, (), "x86"),
        Target("neon", "generic", "+neon", 128, 32, True, (), "arm", l1=64 * 1024),
    )
}


def machine_arch() -> str:
    """x86, arm, or what the platform calls itself."""
    machine = platform.machine().lower()
    if machine in ("x86_64", "amd64"):
        return "x86"
    return "arm" if machine in ("arm64", "aarch64") else machine


def host_features() -> set[str]:
    """Names of the instruction sets this processor has and the system lets us use."""
    from llvmlite import binding

    return {name for name, present in binding.get_host_cpu_features().items() if present}


def usable_targets() -> list[Target]:
    """The rows that run on this machine, widest first."""
    have, arch = host_features(), machine_arch()
    return [t for t in TARGETS.values() if t.arch == arch and set(t.needs) <= have]


@lru_cache
def _choose(override: str | None) -> Target:
    usable = usable_targets()
    if override:
        if override not in [t.name for t in usable]:
            names = ", ".join(t.name for t in usable)
            raise ValueError(f"WHIT_TARGET={override!r} does not run here; expected one of {names}")
        return TARGETS[override]
    if not usable:
        raise RuntimeError(f"no code generator for the processor family {machine_arch()!r}")
    return usable[0]


def host_target() -> Target:
    """The target of this process: that of WHIT_TARGET, else the widest that runs here."""
    return _choose(os.environ.get("WHIT_TARGET") or None)
