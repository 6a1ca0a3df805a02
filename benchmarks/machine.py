"""What this machine is: processor, features, cores, memory bandwidth, load.

The arithmetic peak is not measured here: whit's own tool does that, and the worker of whit is asked
for it.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

# What decides the speed of dense networks, out of the hundred flags a processor lists.
_FEATURES = (
    "sse4_2",
    "avx",
    "avx2",
    "fma",
    "avx512f",
    "avx512_bf16",
    "avx512_vnni",
    "amx_bf16",
    "amx_int8",
    "asimd",
    "asimdhp",
    "bf16",
    "sve",
    "sve2",
)


def _cpuinfo() -> list[dict[str, str]]:
    """One dictionary a logical processor; empty where the system has no such file."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as f:
            blocks = f.read().strip().split("\n\n")
    except OSError:
        return []
    fields = ([line.split(":", 1) for line in b.splitlines() if ":" in line] for b in blocks)
    return [{key.strip(): value.strip() for key, value in found} for found in fields]


def cores() -> tuple[int, int]:
    """Physical and logical cores this process may use."""
    try:
        allowed = os.sched_getaffinity(0)
    except AttributeError:
        allowed = set(range(os.cpu_count() or 1))
    places = {
        (c.get("physical id"), c["core id"])
        for c in _cpuinfo()
        if "core id" in c and int(c.get("processor", -1)) in allowed
    }
    return len(places) or len(allowed), len(allowed)


def is_mac() -> bool:
    """Whether `getrusage` counts in bytes, as on macOS, rather than in KiB."""
    return sys.platform == "darwin"


def load() -> float | None:
    """Load average of the last minute, or None where there is none."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return None


def bandwidth(threads: int, megabytes: int = 256, repeats: int = 5) -> float:
    """GB/s of NumPy copies on `threads` threads at once, bytes read and written both counted."""
    pairs = [
        (np.ones(megabytes * 250_000 // threads, np.float32), np.zeros(0, np.float32))
        for _ in range(threads)
    ]
    pairs = [(source, np.empty_like(source)) for source, _ in pairs]
    with ThreadPoolExecutor(threads) as pool:
        times = []
        for _ in range(repeats + 1):
            start = time.perf_counter()
            list(pool.map(lambda p: np.copyto(p[1], p[0]), pairs))
            times.append(time.perf_counter() - start)
    return 2 * sum(source.nbytes for source, _ in pairs) / min(times[1:]) / 1e9


def describe(megabytes: int = 256) -> dict[str, Any]:
    """All of the above."""
    info = (_cpuinfo() or [{}])[0]
    flags = set(info.get("flags", info.get("Features", "")).split())
    physical, logical = cores()
    return {
        "processor": info.get("model name") or platform.processor() or platform.machine(),
        "features": [f for f in _FEATURES if f in flags],
        "cores": physical,
        "logical": logical,
        "system": platform.platform(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "bandwidth_1": bandwidth(1, megabytes),
        "bandwidth_all": bandwidth(physical, megabytes),
        "load_before": load(),
    }
