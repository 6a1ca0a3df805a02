"""WHIT_DEBUG=2: where the time of each program went, kernel by kernel, printed when Python ends.

The driver counts cycles around every kernel, the wait at the barrier before it included. Shares of
cycles are turned into seconds by the wall time of the runs.
"""

from __future__ import annotations

import atexit
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass
class Profile:
    """What a profiled executable has done so far.

    Attributes:
        name: of the program. labels: of the kernels, in the order in which they run.
        flops, nbytes: of one step of each kernel: floating-point operations of contractions, and
            bytes read and written once.
        seconds, steps: of all runs. cycles: of each kernel, on the first thread.
    """

    name: str
    labels: Sequence[str]
    flops: Sequence[int]
    nbytes: Sequence[int]
    seconds: float = 0.0
    steps: int = 0
    cycles: list[int] = field(default_factory=list)

    def table(self) -> str:
        """One line a kernel, the slowest first."""
        total = sum(self.cycles) or 1
        title = f"{self.name}: {self.steps} steps in {self.seconds:.3f} s"
        lines = [title, f"{'kernel':36} {'share':>6} {'us/step':>9} {'GFLOP/s':>9} {'GB/s':>7}"]
        rows = zip(self.labels, self.flops, self.nbytes, self.cycles, strict=True)
        for label, flops, nbytes, cycles in sorted(rows, key=lambda r: -r[3]):
            each = self.seconds * cycles / total / max(self.steps, 1)
            rate = f"{flops / each / 1e9:9.1f}" if flops and each else " " * 9
            bandwidth = f"{nbytes / each / 1e9:7.1f}" if each else ""
            lines.append(f"{label:36} {cycles / total:6.1%} {each * 1e6:9.1f} {rate} {bandwidth}")
        return "\n".join(lines)


_PROFILES: list[Profile] = []


def start(name: str, meta: Mapping) -> Profile:
    """A profile that is printed when Python ends."""
    profile = Profile(name, meta["labels"], meta["flops"], meta["nbytes"])
    if not _PROFILES:
        atexit.register(_print_all)
    _PROFILES.append(profile)
    return profile


def _print_all() -> None:
    for profile in sorted(_PROFILES, key=lambda p: -p.seconds):
        if profile.steps:
            print(profile.table(), file=sys.stderr)
