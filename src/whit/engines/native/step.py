"""The program as one native function: every thread runs all steps, kernel by kernel.

`run(tid, arena, table, control, steps)`: `table` holds the addresses of the caller's arrays,
`control` is an `engines.base.Control`'s words. Between phases the team meets at a spin barrier.
After each step the first thread decides whether to go on: not if the caller asked to stop or the
program's halting condition holds.
"""

from __future__ import annotations

import hashlib
import math
import sys
from dataclasses import dataclass

from whit.engines.native.ir import (
    I1,
    I8,
    I32,
    I64,
    PTR,
    VOID,
    Builder,
    Module,
    Value,
    constant,
    i64,
)
from whit.engines.native.kernels import Buffer, Kernel, itemsize
from whit.engines.native.schedule import Schedule
from whit.engines.native.templates import TEMPLATES
from whit.engines.native.templates.contraction import SCRATCH, scratch_bytes
from whit.engines.native.templates.loops import TID
from whit.engines.native.values import Values

ENTRY = "whit_run"
LINE = 64  # bytes of a cache line; each word that threads share has a line of its own
# The arena begins with: barrier count, barrier generation, decision, flags of each thread.
HEADER = 8 * LINE
SPINS = 4000


@dataclass(frozen=True)
class Code:
    """A module's text and what is needed to call it."""

    module: Module
    arena: int
    labels: tuple[str, ...]
    flops: tuple[int, ...]
    nbytes: tuple[int, ...]
    profile: int  # where in the arena the cycles of kernels lie


def write_program(s: Schedule, profile: bool = False) -> Code:
    """The whole program's code."""
    module = Module()
    scratch = max((scratch_bytes(k.plan, 64) for k in s.kernels if k.kind == "dot"), default=0)
    scratch = -(-scratch // LINE) * LINE
    calls = {k: _write_kernel(s, k, module) for k in s.kernels}
    ordered = [k for phase in s.phases for k in phase]
    labels = tuple(map(repr, ordered))
    writer = _Driver(s, module, calls, scratch, profile)
    writer.write()
    arena = end = HEADER + s.arena + s.threads * scratch
    if profile:
        arena += s.threads * 8 * (len(labels) + 1)
    flops, nbytes = tuple(map(_flops, ordered)), tuple(_traffic(s, k) for k in ordered)
    return Code(module, arena + LINE, labels, flops, nbytes, end)


def _flops(k: Kernel) -> int:
    return 2 * k.plan.batch * k.plan.m * k.plan.n * k.plan.k if k.kind == "dot" else 0


def _traffic(s: Schedule, k: Kernel) -> int:
    """Bytes of everything that a kernel reads or writes, each counted once."""
    used = {id(b): b for b in (*map(s.buffer, k.reads), *(s.buffers[n] for n in k.outs))}
    return sum(b.nbytes for b in used.values())


@dataclass(frozen=True)
class _Call:
    name: str
    buffers: tuple[Buffer, ...]


def _write_kernel(s: Schedule, k: Kernel, module: Module) -> _Call:
    """One kernel as a function; kernels with equal text are one function."""
    v = Values(s, k, module)
    TEMPLATES[k.kind](v)
    name = f"{k.kind}_" + hashlib.sha256("\n".join(v.b.lines).encode()).hexdigest()[:16]
    pointers = [p for _, p in v.buffers.values()]
    name += f"_{len(pointers)}"
    if name not in module.functions:
        text = v.b.finish(name, [*pointers, SCRATCH, TID], "internal")
        module.functions[name] = text.replace(") #0 {", ") noinline #0 {", 1)
    return _Call(name, tuple(buffer for buffer, _ in v.buffers.values()))


class _Driver:
    """Writes the entry function."""

    def __init__(
        self, s: Schedule, module: Module, calls: dict[Kernel, _Call], scratch: int, profile: bool
    ) -> None:
        self.s, self.module, self.calls, self.scratch = s, module, calls, scratch
        self.b = Builder(module)
        self.profile, self.tick = profile, 0
        self.args = [
            Value(f"%{n}", t)
            for n, t in (
                ("tid", I64),
                ("arena", PTR),
                ("table", PTR),
                ("control", PTR),
                ("steps", I64),
            )
        ]

    def write(self) -> None:
        b, s = self.b, self.s
        tid, arena, table, _, steps = self.args
        base = HEADER + s.arena
        self.own = b.at(arena, b.add(b.mul(tid, self.scratch), base), I8)
        self.given = [b.load(b.at(table, q, PTR), PTR) for q in range(len(s.table))]
        restore = flush_denormals(b, s.target.arch)
        self._start_clock()
        loop, body, out = b.label("step"), b.label("body"), b.label("stop")
        before = b.block
        b.jump(loop)
        b.start(loop)
        n = Value(b.name(), I64)
        at = len(b.lines)
        b.branch(b.compare("slt", n, steps), body, out)
        b.start(body)
        self.step = n
        self._phases()
        after = b.op("add", n, i64(1))
        go = self._decide(after)
        end = b.block
        b.lines.insert(at, f"  {n.name} = phi i64 [ 0, %{before} ], [ {after.name}, %{end} ]")
        b.branch(go, loop, out)
        b.start(out)
        restore()
        self.module.functions[ENTRY] = b.finish(ENTRY, self.args, "dso_local", noalias=False)

    # ---- one step
    def _phases(self) -> None:
        s = self.s
        for phase in s.phases:
            for k in phase:
                self._call(k)
                self._clock()
            self._barrier()
        for state, temp in s.copies:
            self._copy(state, temp)
        if s.copies:
            self._barrier()

    def _pointer(self, buffer: Buffer) -> Value:
        b = self.b
        if buffer.kind == "temp":
            return b.at(self.args[1], HEADER + buffer.offset, I8)
        base = self.given[buffer.slot]
        if buffer.kind in ("stepped", "output"):
            return b.at(base, b.mul(self.step, buffer.nbytes), I8)
        return base

    def _call(self, k: Kernel) -> None:
        call = self.calls[k]
        args = [self._pointer(buffer) for buffer in call.buffers]
        args += [self.own, self.args[0]]
        self.b.emit(f"call void @{call.name}({', '.join(map(str, args))})")

    def _copy(self, state: Buffer, temp: Buffer) -> None:
        b, total = self.b, state.nbytes
        item = itemsize(state.dtype)
        count = math.prod(state.shape)
        tid, n = self.args[0], self.s.threads
        lo = b.op("udiv", i64(b.mul(tid, count)), i64(n))
        hi = b.op("udiv", i64(b.mul(b.add(tid, 1), count)), i64(n))
        if not total:
            return
        first = b.mul(lo, item)
        size = b.mul(b.op("sub", hi, lo), item)
        to, source = self._pointer(state), self._pointer(temp)
        self.module.declare("llvm.memcpy.p0.p0.i64", VOID, [PTR, PTR, I64, I1])
        b.emit(
            f"call void @llvm.memcpy.p0.p0.i64({b.at(to, first, I8)}, {b.at(source, first, I8)}, "
            f"{i64(size)}, i1 false)"
        )

    def _decide(self, after: Value) -> Value:
        """Whether to do another step: the first thread looks, all follow."""
        b, arena = self.b, self.args[1]
        decision = b.at(arena, 2 * LINE, I8)
        if self.s.threads == 1:
            return self._wish(after)
        with b.when(b.compare("eq", self.args[0], i64(0))):
            wish = self._wish(after)
            b.store(b.new(f"zext {wish} to i64", I64), decision)
        self._barrier()
        return b.compare("ne", b.load(decision, I64), i64(0))

    def _wish(self, after: Value) -> Value:
        b, control = self.b, self.args[3]
        b.emit(f"store atomic volatile i64 {after.name}, ptr {control.name} monotonic, align 8")
        stop = b.new(f"load atomic volatile i64, {b.at(control, 8, I64)} monotonic, align 8", I64)
        go = b.compare("eq", stop, i64(0))
        if self.s.halt is not None:
            flag = b.load(self._pointer(self.s.buffers[self.s.halt]), I8)
            go = b.op("and", go, b.compare("eq", flag, constant(0, I8)))
        return go

    def _barrier(self) -> None:
        if self.s.threads > 1:
            declare_barrier(self.module, self.s.threads, self.s.target.arch)
            self.b.emit(f"call void @barrier({self.args[1]})")

    # ---- the profile: cycles of each kernel and of each wait, for every thread
    def _start_clock(self) -> None:
        if not self.profile:
            return
        b, count = self.b, sum(map(len, self.s.phases)) + 1
        base = HEADER + self.s.arena + self.s.threads * self.scratch
        self.clock = b.at(self.args[1], b.add(b.mul(self.args[0], 8 * count), base), I8)
        self.then = b.at(self.clock, 8 * (count - 1), I8)
        b.store(self._cycles(), self.then)
        self.count = count - 1

    def _cycles(self) -> Value:
        return self.b.intrinsic("llvm.readcyclecounter", I64)

    def _clock(self) -> None:
        if not self.profile:
            return
        b = self.b
        slot = b.at(self.clock, 8 * (self.tick % self.count), I8)
        now = self._cycles()
        passed = b.op("sub", now, b.load(self.then, I64))
        b.store(b.op("add", b.load(slot, I64), passed), slot)
        b.store(now, self.then)
        self.tick += 1


def flush_denormals(b: Builder, arch: str):
    """Treat denormals as zero while the program runs; returns what restores the thread's mode.

    Adam's moments of inputs that are always zero decay into denormals; without this the classic
    network's epochs are a fifth slower from the third on.
    """
    if arch == "x86":
        slot = b.new("alloca i32", PTR)
        b.intrinsic("llvm.x86.sse.stmxcsr", VOID, slot)
        old = b.load(slot, I32)
        quick = b.new("alloca i32", PTR)
        b.store(b.op("or", old, constant(0x8040, I32)), quick)
        b.intrinsic("llvm.x86.sse.ldmxcsr", VOID, quick)
        return lambda: b.intrinsic("llvm.x86.sse.ldmxcsr", VOID, slot)
    if arch == "arm":
        old = b.intrinsic("llvm.aarch64.get.fpcr", I64)
        b.intrinsic("llvm.aarch64.set.fpcr", VOID, b.op("or", old, i64(1 << 24)))
        return lambda: b.intrinsic("llvm.aarch64.set.fpcr", VOID, old)
    return lambda: None


def declare_barrier(module: Module, threads: int, arch: str) -> None:
    """A central barrier: the last to come opens the next generation; others spin, then yield."""
    if "barrier" in module.functions:
        return
    give_way = "SwitchToThread" if sys.platform == "win32" else "sched_yield"
    module.declare(give_way, I32, [])
    pause = {"x86": "llvm.x86.sse2.pause", "arm": "llvm.aarch64.hint"}.get(arch)
    if pause == "llvm.x86.sse2.pause":
        module.declare(pause, VOID, [])
        rest = "call void @llvm.x86.sse2.pause()"
    elif pause:
        module.declare(pause, VOID, [I32])
        rest = "call void @llvm.aarch64.hint(i32 1)"
    else:
        rest = "fence acquire"
    module.functions["barrier"] = f"""define internal void @barrier(ptr %bar) noinline #0 {{
entry:
  %generation = getelementptr i8, ptr %bar, i64 {LINE}
  %now = load atomic i32, ptr %generation monotonic, align 4
  %before = atomicrmw add ptr %bar, i32 1 acq_rel
  %is_last = icmp eq i32 %before, {threads - 1}
  br i1 %is_last, label %open, label %spin
open:
  store atomic i32 0, ptr %bar monotonic, align 4
  %next = add i32 %now, 1
  store atomic i32 %next, ptr %generation release, align 4
  br label %done
spin:
  %n = phi i32 [ 0, %entry ], [ %m, %wait ], [ 0, %yield ]
  %seen = load atomic i32, ptr %generation acquire, align 4
  %opened = icmp ne i32 %seen, %now
  br i1 %opened, label %done, label %wait
wait:
  {rest}
  %m = add i32 %n, 1
  %patient = icmp slt i32 %m, {SPINS}
  br i1 %patient, label %spin, label %yield
yield:
  %ignored = call i32 @{give_way}()
  br label %spin
done:
  ret void
}}
"""
