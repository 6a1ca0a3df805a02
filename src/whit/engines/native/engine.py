"""The native engine itself: a program in, machine code out, run on the team."""

from __future__ import annotations

import ctypes
import hashlib
import os
import sys
import time
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from whit.engines.base import Control, check_arrays
from whit.engines.native import object as objects
from whit.engines.native import profile as profiles
from whit.engines.native.schedule import Schedule
from whit.engines.native.step import Code, write_program
from whit.engines.native.target import Target, host_target
from whit.engines.native.team import TEAM, default_threads
from whit.graph import Program

# Operations of a step below which one thread is quicker: in a run of many steps the team only has
# to meet at barriers, for a single step it has to be woken (50 microseconds and more).
SMALL_WORK = 400_000
SMALL_SINGLE_STEP = 6_000_000


def debug_level() -> int:
    """WHIT_DEBUG: 1 what was compiled, 2 profiles, 3 the schedule, 4 the IR, 5 the assembly."""
    text = os.environ.get("WHIT_DEBUG", "0")
    return int(text) if text.isdigit() else 0


def work(program: Program) -> int:
    """A rough count of a step's operations."""
    total = 0
    for n in program.nodes:
        if n.op == "dot":
            total += n.size * n.inputs[0].shape[-1]
        elif n.op not in ("broadcast", "reshape", "transpose", "constant", "input"):
            total += n.size
    return total


def aligned(nbytes: int, alignment: int = 64) -> np.ndarray:
    """Zeroed bytes that begin at a cache line."""
    raw = np.zeros(nbytes + alignment, np.uint8)
    start = -raw.ctypes.data % alignment
    return raw[start : start + nbytes]


class NativeExecutable:
    """A program as machine code.

    Attributes:
        program, threads, target: what was compiled, and for what.
        compiled: the code, with the time that each stage of making it took.
    """

    def __init__(
        self, program: Program, target: Target, threads: int, profile: bool = False
    ) -> None:
        self.program, self.target, self.threads = program, target, threads
        self.literals = [t for t in program.nodes if t.op == "literal"]
        self.compiled = _compile(program, target, threads, profile)
        self.profile = profiles.start(program.name, self.compiled.meta) if profile else None
        self._function = objects.function(self.compiled.address)
        self._arenas: list[tuple[np.ndarray, int]] = []
        self._known: tuple[tuple[int, ...], list[int], Sequence[np.ndarray]] = ((), [], ())
        self._fixed = [_address(t.attrs[0].array) for t in self.literals]
        self._inputs = [
            (t.shape, np.dtype(t.dtype), t in program.stepped)
            for t in (*program.data, *program.stepped)
        ]
        self._outputs = [(t.shape, np.dtype(t.dtype)) for t in program.outputs]
        count = len(program.state) + len(self._inputs) + len(self._outputs) + len(self._fixed)
        self._table = ctypes.c_uint64 * (count + 1)
        self._small = work(program) < SMALL_SINGLE_STEP and not profile

    @cached_property
    def _alone(self) -> NativeExecutable:
        """The same for one thread; it gives the same bits."""
        return NativeExecutable(self.program, self.target, 1)

    def run(
        self,
        steps: int,
        state: Sequence[np.ndarray] = (),
        data: Sequence[np.ndarray] = (),
        stepped: Sequence[np.ndarray] = (),
        control: Control | None = None,
    ) -> list[np.ndarray]:
        """See `engines.base.Executable.run`."""
        if steps == 1 and self._small and self.threads > 1:
            return self._alone.run(steps, state, data, stepped, control)
        # A prediction of one sample is 16 microseconds of work: this path is kept short.
        given = [*data, *stepped]
        if len(given) != len(self._inputs):
            check_arrays(self.program, steps, state, data, stepped)
        for q, (a, (shape, dtype, each)) in enumerate(zip(given, self._inputs, strict=True)):
            if a.dtype != dtype or a.shape != ((steps, *shape) if each else shape):
                check_arrays(self.program, steps, state, data, stepped)
            if type(a) is not np.ndarray or not a.flags.c_contiguous:  # a NumPy scalar has no home
                given[q] = np.ascontiguousarray(a)
        addresses = self._state_addresses(steps, state, data, stepped)
        outputs = [np.zeros((steps, *shape), dtype) for shape, dtype in self._outputs]
        if steps < 1:
            return outputs
        table = self._table(
            *addresses, *map(_address, given), *map(_address, outputs), *self._fixed
        )
        words = (control or Control()).words
        try:
            arena = self._arenas.pop()  # atomic, so that threads can run at once
        except IndexError:
            memory = aligned(self.compiled.meta["arena"])
            arena = (memory, _address(memory))
        start = time.perf_counter() if self.profile is not None else 0.0
        try:
            args = (arena[1], ctypes.addressof(table), _address(words), steps)
            if self.threads == 1:
                self._function(0, *args)
            else:
                TEAM.run(self.threads, self._function, *args)
        finally:
            self._arenas.append(arena)
        if self.profile is not None:
            self._note(self.profile, int(words[0]), time.perf_counter() - start)
        return outputs

    def _note(self, profile: profiles.Profile, steps: int, seconds: float) -> None:
        profile.steps += steps
        profile.seconds += seconds
        profile.cycles = [threads[0] for threads in self.cycles().values()]

    def _state_addresses(
        self, steps: int, state: Sequence[np.ndarray], data: Sequence, stepped: Sequence
    ) -> list[int]:
        """Where the state lies; the arrays of the last call are known to fit."""
        ids = tuple(map(id, state))
        known, addresses, _ = self._known
        if ids != known:
            check_arrays(self.program, steps, state, data, stepped)
            _check_writable(self.program, state)
            addresses = [_address(a) for a in state]
            self._known = (ids, addresses, list(state))
        return addresses

    def cycles(self) -> dict[str, list[int]]:
        """With `profile`: for each kernel the cycles of every thread, waits before it included."""
        labels = self.compiled.meta["labels"]
        arena, _ = self._arenas[-1]
        count = self.threads * (len(labels) + 1)
        start = self.compiled.meta["profile"]
        words = arena[start : start + 8 * count].view(np.int64).reshape(self.threads, -1)
        return {f"{q} {n}": words[:, q].tolist() for q, n in enumerate(labels)}


def _address(a: np.ndarray) -> int:
    return a.__array_interface__["data"][0]


def _check_writable(program: Program, state: Sequence[np.ndarray]) -> None:
    for t, a in zip(program.state, state, strict=True):
        if not a.flags.c_contiguous or not a.flags.writeable:
            raise ValueError(
                f"{program.name}: state {t.attrs[0]!r} must be a writable C-contiguous array"
            )


def _compile(program: Program, target: Target, threads: int, profile: bool) -> objects.Compiled:
    start = time.perf_counter()
    parts = (program.digest, target, threads, profile, objects.toolchain())
    key = hashlib.sha256(repr(parts).encode()).hexdigest()
    path = objects.cache_folder() / f"{key}.o"
    level = debug_level()
    entry = objects.read_entry(path) if level < 3 else None
    seconds: dict[str, float] = {}
    if entry is None:
        schedule = Schedule(program, target, threads)
        seconds["schedule"] = time.perf_counter() - start
        code = write_program(schedule, profile)
        seconds["write"] = time.perf_counter() - start - seconds["schedule"]
        binary, stages, made = objects.to_object(code.module.text, target)
        seconds |= stages
        meta = _notes(code)
        objects.write_entry(path, meta, binary)
        if level >= 3:
            _show(schedule, code, made, level)
    else:
        meta, binary = entry
    lap = time.perf_counter()
    address, keep = objects.load(binary, target)
    seconds["load"] = time.perf_counter() - lap
    compiled = objects.Compiled(address, meta, seconds, entry is not None, keep)
    if level >= 1:
        _report(program, target, threads, compiled, time.perf_counter() - start, len(binary))
    return compiled


def _notes(code: Code) -> dict[str, Any]:
    return {
        "arena": code.arena,
        "labels": code.labels,
        "flops": code.flops,
        "nbytes": code.nbytes,
        "profile": code.profile,
    }


def _report(
    program: Program,
    target: Target,
    threads: int,
    compiled: objects.Compiled,
    total: float,
    size: int,
) -> None:
    stages = " ".join(f"{k} {v * 1e3:.0f}" for k, v in compiled.seconds.items())
    origin = "from the cache" if compiled.cached else "compiled"
    print(
        f"whit: {program.name} {origin} in {total * 1e3:.0f} ms ({stages}) for {target.name}, "
        f"{threads} threads, {len(program.nodes)} nodes, {size:,} bytes of code, "
        f"{compiled.meta['arena']:,} bytes of memory",
        file=sys.stderr,
    )


def _show(schedule: Schedule, code: Code, made: Any, level: int) -> None:
    module, tm = made
    print(schedule, file=sys.stderr)
    if level >= 4:
        print(code.module.text(tm.triple, str(tm.target_data)), file=sys.stderr)
    if level >= 5:
        print(tm.emit_assembly(module), file=sys.stderr)


class NativeEngine:
    """Programs as machine code.

    Args:
        target: what to generate code for; this machine's widest by default.
        threads: size of the team; `default_threads()` by default. Small programs use one.
    """

    name = "native"

    def __init__(self, target: Target | None = None, threads: int | None = None) -> None:
        self.target, self.threads = target, threads

    def compile(self, program: Program, profile: bool = False) -> NativeExecutable:
        """Machine code for `program`, from the cache if it was made before."""
        threads = self.threads or default_threads()
        if self.threads is None and work(program) < SMALL_WORK:
            threads = 1
        profile = profile or debug_level() == 2
        return NativeExecutable(program, self.target or host_target(), threads, profile)
