"""What this machine could do at most: multiply-adds on registers alone, and bytes from memory.

The loop has as many independent accumulators as hide the latency and touches no memory, so its
rate is the ceiling against which kernels and whole epochs are measured.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from whit.engines.native import object as objects
from whit.engines.native.engine import aligned
from whit.engines.native.ir import F32, I64, PTR, Builder, Module, Value, constant
from whit.engines.native.step import ENTRY
from whit.engines.native.target import Target, host_target
from whit.engines.native.team import TEAM, default_threads

CHAINS = 12  # independent sums: more than latency times units on every core we know


def _module(target: Target) -> Module:
    """`run(tid, arena, table, control, steps)`: steps times CHAINS vector multiply-adds."""
    module = Module()
    b = Builder(module)
    names = (("tid", I64), ("arena", PTR), ("table", PTR), ("control", PTR), ("steps", I64))
    args = [Value(f"%{n}", t) for n, t in names]
    vector = F32.vector(target.lanes())
    own = b.at(args[1], b.mul(args[0], CHAINS * target.lanes()), F32)
    start = [b.load(b.at(own, q * target.lanes(), F32), vector) for q in range(CHAINS)]
    with b.loop(0, args[4], 1, start) as loop:
        factor, term = constant(0.999, vector), constant(1e-3, vector)
        loop.next = [b.overloaded("fmuladd", x, factor, term) for x in loop.values]
    for q, x in enumerate(loop.values):
        b.store(x, b.at(own, q * target.lanes(), F32))
    module.functions[ENTRY] = b.finish(ENTRY, args, "dso_local", noalias=False)
    return module


def measure(threads: int | None = None, seconds: float = 0.5) -> dict[str, Any]:
    """Measure the peak.

    Args:
        threads: size of the team; all by default.
        seconds: how long to measure each figure; the best of its slices counts.

    Returns:
        gflops_1 and gflops_all: float32 multiply-adds (2 operations each) of one thread and of
        the team, in 1e9 operations a second; threads; gbytes: bytes copied a second, read and
        written counted, in 1e9; target: its name.
    """
    target, threads = host_target(), threads or default_threads()
    code, _, _ = objects.to_object(_module(target).text, target)
    address, keep = objects.load(code, target)
    function = objects.function(address)
    arena = aligned(threads * CHAINS * target.lanes() * 4)
    steps = 2_000_000
    work = 2 * CHAINS * target.lanes() * steps

    def rate(team: int) -> float:
        best, until = 0.0, time.perf_counter() + seconds
        while time.perf_counter() < until:
            start = time.perf_counter()
            TEAM.run(team, function, arena.ctypes.data, 0, 0, steps)
            best = max(best, team * work / (time.perf_counter() - start))
        return best / 1e9

    result = {"gflops_1": rate(1), "gflops_all": rate(threads), "threads": threads}
    del keep
    return result | {"gbytes": _copy_rate(seconds), "target": target.name}


def _copy_rate(seconds: float) -> float:
    source, to = np.ones(1 << 24, np.float32), np.empty(1 << 24, np.float32)
    best, until = 0.0, time.perf_counter() + seconds
    while time.perf_counter() < until:
        start = time.perf_counter()
        np.copyto(to, source)
        best = max(best, 2 * source.nbytes / (time.perf_counter() - start))
    return best / 1e9
