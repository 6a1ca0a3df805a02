"""`whit doctor`: what this machine can do, whether whit works on it, and what to change if not.

`examine` collects the facts, as JSON has them; `advice` draws conclusions from them; the rest shows
both. Nothing here raises: what cannot be found out is said to be so.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

from whit._version import __version__
from whit.cli.cache import caches, size

Facts = dict[str, Any]

# What each environment variable of whit does, said by the doctor while it is in force.
VARIABLES = {
    "WHIT_CACHE": "compiled programs and data sets are kept there",
    "WHIT_DATA": "data sets are looked for there first",
    "WHIT_DEBUG": "the compiler reports what it does, tracebacks are whole",
    "WHIT_ENGINE": "this engine computes",
    "WHIT_NUM_THREADS": "so many threads compute",
    "WHIT_TARGET": "code is generated for this target, whatever the processor has",
}
# The processor features that decide what code is generated, in the order to show them.
FEATURES = (
    "sse4.2", "avx", "avx2", "fma", "f16c", "avx512f", "avx512vl", "avx512bf16", "avx512vnni",
    "amx-tile", "amx-bf16", "amx-int8", "neon", "sve", "bf16", "fp16fml",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`whit doctor [--json]`"""
    parser.add_argument("--json", action="store_true", help="print the facts as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Examine and show; 1 if the self-test failed, else 0."""
    facts = examine()
    if arguments.json:
        print(json.dumps(facts, indent=2))
    else:
        show(facts)
    return 0 if facts["self_test"].get("passed") else 1


# ---- the facts
def examine() -> Facts:
    """Everything that the doctor knows, by section; takes about three seconds."""
    facts: Facts = {title: _found_out(look) for title, look in SECTIONS.items()}
    facts["advice"] = list(advice(facts))
    return facts


def _found_out(look: Callable[[], Any]) -> Any:
    """What `look` finds; if it fails, why. Warnings are left out: the advice says the same."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return look()
    except Exception as error:  # a doctor who falls ill is of no use
        return {"error": f"{type(error).__name__}: {error}"}


def versions() -> Facts:
    """Of whit, Python and the libraries."""
    found: Facts = {"whit": __version__, "python": platform.python_version(), "system": _system()}
    for name in ("numpy", "llvmlite", "rich", "h5py"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    try:
        from llvmlite import binding

        found["llvm"] = ".".join(map(str, binding.llvm_version_info))
    except (ImportError, OSError) as error:
        found["llvm"] = None
        found["llvm_error"] = str(error)
    return found


def _system() -> str:
    return f"{platform.system()} {platform.release()} {platform.machine()}"


def processor() -> Facts:
    """Its name, and those of its features that matter."""
    from whit.engines.native.target import host_features

    have = host_features()
    return {"name": _processor_name(), "features": [name for name in FEATURES if name in have]}


def _processor_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def target() -> Facts:
    """What code is generated for, and why."""
    from whit.engines.native.target import host_target, usable_targets

    chosen, usable = host_target(), [t.name for t in usable_targets()]
    asked = os.environ.get("WHIT_TARGET")
    why = (
        "WHIT_TARGET asks for it"
        if asked
        else "the widest that this processor has the features for"
    )
    return {
        "name": chosen.name,
        "why": why,
        "vector_bits": chosen.vector_bits,
        "floats_per_vector": chosen.lanes(),
        "needs": list(chosen.needs),
        "usable": usable,
    }


def engine() -> Facts:
    """Which engine computes."""
    from whit.engines import get_engine

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found: Facts = {"name": get_engine().name}
    if said:
        found["why"] = str(said[0].message)
    return found


def threads() -> Facts:
    """How many compute, and how many processors there are."""
    from whit.engines.native.team import cores, default_threads

    return {"used": default_threads(), "processors_allowed": cores(), "processors": os.cpu_count()}


def speed() -> Facts:
    """The measured limits of this machine: multiply-adds on registers, bytes from memory."""
    from whit.engines.native.peak import measure

    found = measure()
    return {
        "float32_gflops_one_thread": round(found["gflops_1"], 1),
        "float32_gflops_all_threads": round(found["gflops_all"], 1),
        "memory_gbytes_per_second": round(found["gbytes"], 1),
    }


def cache_folders() -> list[Facts]:
    """Where they are, how full, and whether whit can write there."""
    return [
        {
            "name": cache.name,
            "holds": cache.holds,
            "folder": str(cache.folder),
            "files": len(cache.files()),
            "bytes": cache.nbytes(),
            "writable": cache.writable(),
        }
        for cache in caches()
    ]


def data_sets() -> Facts:
    """Where each data set lies on this machine; None if it would have to be fetched."""
    from whit.datasets._catalog import DATASETS

    return {name: _place_of(dataset) for name, dataset in DATASETS.items()}


def _place_of(dataset: Any) -> str | None:
    from whit.datasets import _search
    from whit.datasets._cache import cache_file

    kept = cache_file(dataset)
    given = [Path(p).expanduser() for p in os.environ.get("WHIT_DATA", "").split(os.pathsep) if p]
    for folder in given:
        if (place := _in_folder(dataset, folder)) is not None:
            return place
    return str(kept) if kept.is_file() else _in_folder(dataset, _search._keras_folder())


def _in_folder(dataset: Any, folder: Path) -> str | None:
    from whit.datasets import _search

    for place, form in _search._candidates(dataset, folder):
        if all(_search._locate(place, file) is not None for file in form.files):
            return str(place)
    return None


def self_test() -> Facts:
    """Train a small network in machine code and with NumPy, and compare the weights."""
    import numpy as np

    from whit.engines.native.engine import NativeEngine
    from whit.engines.reference import ReferenceEngine

    program = _small_training()
    random = np.random.default_rng(0)
    x, y = (random.standard_normal(t.shape).astype("float32") for t in program.data)
    start = [random.standard_normal(t.shape).astype("float32") / 8 for t in program.state]
    begin = time.perf_counter()
    executable = NativeEngine(threads=threads()["used"]).compile(program)
    compiled = time.perf_counter() - begin
    states = [[w.copy() for w in start] for _ in range(2)]
    executable.run(5, states[0], [x, y])
    ReferenceEngine().compile(program).run(5, states[1], [x, y])
    error = max(float(np.abs(a - b).max()) for a, b in zip(*states, strict=True))
    return {
        "passed": bool(error < 1e-4),
        "largest_difference": error,
        "compile_seconds": round(compiled, 3),
        "from_cache": executable.compiled.cached,
    }


def _small_training() -> Any:
    """One step of gradient descent of a network with one hidden layer."""
    from whit.graph import Program, apply, build, grad, input_

    x, y = input_("x", (96, 65), "float32"), input_("y", (96, 10), "float32")
    first, second = input_("first", (65, 33), "float32"), input_("second", (33, 10), "float32")
    hidden = apply("tanh", build.dot(x, first))
    loss = build.mean((build.dot(hidden, second) - y) * (build.dot(hidden, second) - y))
    updates = [
        w - g * 0.1 for w, g in zip((first, second), grad(loss, [first, second]), strict=True)
    ]
    return Program(
        outputs=(loss,), state=(first, second), updates=tuple(updates), data=(x, y), name="doctor"
    )


def environment() -> Facts:
    """The variables of whit that are set."""
    return {name: value for name, value in sorted(os.environ.items()) if name.startswith("WHIT_")}


SECTIONS: dict[str, Callable[[], Any]] = {
    "versions": versions,
    "processor": processor,
    "target": target,
    "engine": engine,
    "threads": threads,
    "speed": speed,
    "caches": cache_folders,
    "data_sets": data_sets,
    "self_test": self_test,
    "environment": environment,
}


# ---- what follows from them
def advice(facts: Facts) -> Iterable[str]:
    """What to change, one sentence each."""
    errors = {
        f["error"]: title
        for title, f in reversed(facts.items())
        if isinstance(f, dict) and "error" in f
    }
    for error, title in reversed(errors.items()):  # of several that failed alike, the first
        yield f"{TITLES[title]}: {error}"
    if facts["versions"].get("llvm") is None:
        yield (
            "llvmlite does not load, so nothing can be compiled: "
            "pip install --force-reinstall llvmlite"
        )
    if facts["self_test"].get("passed") is False:
        yield (
            "Machine code and NumPy disagree: clear the cache (whit cache clear objects) and try "
            "again; if it stays so, set WHIT_ENGINE=reference and report it with the output of "
            "whit doctor --json"
        )
    if facts["engine"].get("name") == "reference" and "WHIT_ENGINE" not in facts["environment"]:
        why = facts["engine"].get("why", "no reason is known")
        yield f"NumPy computes in place of machine code: {why}"
    yield from _advice_on_threads(facts["threads"])
    yield from _advice_on_speed(facts["speed"], facts["threads"])
    for cache in facts["caches"] if isinstance(facts["caches"], list) else ():
        if not cache["writable"]:
            yield (
                f"{cache['folder']} cannot be written, so {cache['holds']} are made or fetched "
                "anew each time: set WHIT_CACHE to a folder that can be written"
            )
    yield from _advice_on_environment(facts["environment"])


def _advice_on_threads(found: Facts) -> Iterable[str]:
    if "error" in found:
        return
    if found["used"] > found["processors_allowed"]:
        yield (
            f"{found['used']} threads share {found['processors_allowed']} processors and wait for "
            f"each other: set WHIT_NUM_THREADS={found['processors_allowed']}, or unset it"
        )
    elif found["used"] < found["processors_allowed"]:
        yield (
            f"Only {found['used']} of {found['processors_allowed']} processors compute: unset "
            "WHIT_NUM_THREADS to use them all"
        )
    elif found["used"] == 1:
        yield "One thread only: this process is allowed one processor"


def _advice_on_speed(found: Facts, team: Facts) -> Iterable[str]:
    if "error" in found or team.get("used", 1) < 2:
        return
    gain = found["float32_gflops_all_threads"] / found["float32_gflops_one_thread"]
    if gain < 0.6 * team["used"]:
        yield (
            f"{team['used']} threads compute only {gain:.1f} times as much as one: other programs "
            "are using this machine, or its processors are halves of one core"
        )


def _advice_on_environment(found: Facts) -> Iterable[str]:
    from whit.naming import did_you_mean

    for name, value in found.items():
        if name in VARIABLES:
            yield f"{name}={value} is in force: {VARIABLES[name]}"
        else:
            yield f"{name} is set but whit does not know it.{did_you_mean(name, VARIABLES)}"
    for folder in filter(None, found.get("WHIT_DATA", "").split(os.pathsep)):
        if not Path(folder).expanduser().is_dir():
            yield f"WHIT_DATA names {folder}, which is no folder"


# ---- showing
TITLES = {
    "versions": "Versions",
    "processor": "Processor",
    "target": "Target",
    "engine": "Engine",
    "threads": "Threads",
    "speed": "Speed",
    "caches": "Caches",
    "data_sets": "Data sets",
    "self_test": "Self-test",
    "environment": "Environment",
    "advice": "Advice",
}


def lines(title: str, found: Any) -> list[str]:
    """A section for people, a line for each thing."""
    if isinstance(found, dict) and "error" in found:
        return [found["error"]]
    return [line for line in SHOWN[title](found) if line]


def _versions_lines(f: Facts) -> list[str]:
    known = ("python", "numpy", "llvmlite", "llvm", "rich")
    rest = ", ".join(
        f"{'LLVM' if name == 'llvm' else name} {f[name] or '(missing)'}" for name in known
    )
    return [f"whit {f['whit']}", rest, f["system"]]


def _target_lines(f: Facts) -> list[str]:
    others = [name for name in f["usable"] if name != f["name"]]
    return [
        f"{f['name']}: {f['floats_per_vector']} floats in a vector of {f['vector_bits']} bits",
        f"chosen because it is {f['why']}"
        if f["why"].startswith("the")
        else f"chosen because {f['why']}",
        f"also possible, by WHIT_TARGET: {', '.join(others)}" if others else "",
    ]


def _threads_lines(f: Facts) -> list[str]:
    return [f"{f['used']} on {f['processors_allowed']} processors of {f['processors']}"]


def _speed_lines(f: Facts) -> list[str]:
    one, all_ = f["float32_gflops_one_thread"], f["float32_gflops_all_threads"]
    return [
        f"float32 multiply-adds: {all_:,.0f} GFLOP/s with all threads, {one:,.0f} with one",
        f"memory: {f['memory_gbytes_per_second']:,.1f} GB/s (copying, one thread)",
    ]


def _cache_lines(found: list[Facts]) -> list[str]:
    return [
        f"{c['holds']}: {c['files']} files, {size(c['bytes'])} in {c['folder']}"
        + ("" if c["writable"] else " (cannot be written)")
        for c in found
    ]


def _data_lines(f: Facts) -> list[str]:
    return [f"{name}: {place or 'not here; fetched when first used'}" for name, place in f.items()]


def _test_lines(f: Facts) -> list[str]:
    verdict = "passed" if f["passed"] else "FAILED"
    how = "loaded from the cache" if f["from_cache"] else "compiled"
    return [
        f"{verdict}: a small network, {how} in {f['compile_seconds']:.2f} s, trains as NumPy does "
        f"(largest difference {f['largest_difference']:.0e})"
    ]


SHOWN: dict[str, Callable[[Any], list[str]]] = {
    "versions": _versions_lines,
    "processor": lambda f: [f["name"], " ".join(f["features"])],
    "target": _target_lines,
    "engine": lambda f: [f["name"], f.get("why", "")],
    "threads": _threads_lines,
    "speed": _speed_lines,
    "caches": _cache_lines,
    "data_sets": _data_lines,
    "self_test": _test_lines,
    "environment": lambda f: (
        [f"{name}={value}" for name, value in f.items()] or ["no WHIT_* variable is set"]
    ),
    "advice": lambda found: found or ["Nothing to change."],
}


def show(facts: Facts) -> None:
    """Print the report: with colours on a terminal if rich is there, plain otherwise."""
    text = {title: lines(title, found) for title, found in facts.items()}
    if sys.stdout.isatty():
        try:
            _show_rich(text, bool(facts["advice"]))
            return
        except ImportError:
            pass
    _show_plain(text)


def _show_plain(text: dict[str, list[str]]) -> None:
    wide = max(len(TITLES[title]) for title in text)
    for title, rows in text.items():
        for n, row in enumerate(rows):
            print(f"{TITLES[title] if n == 0 else '':<{wide}}  {row}".rstrip())


def _show_rich(text: dict[str, list[str]], troubled: bool) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="bold cyan", no_wrap=True)
    table.add_column(overflow="fold")
    for title, rows in text.items():
        style = ("yellow" if troubled else "green") if title == "advice" else ""
        table.add_row(TITLES[title], escape("\n".join(rows)), style=style)
    Console().print(table)
