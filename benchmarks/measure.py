"""What is measured, a function a section: each takes the run and returns its part of the results.

Results are plain JSON values with every single reading in them; medians and ratios are made later,
in `report.py`. All peers of a section take turns; a peer that fails is left out as `Failures`
decides.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.envs import HERE, WHIT, Peer, environment
from benchmarks.nets import NETS, Net
from benchmarks.protocol import Failures, PeerError, Worker, round_robin

Results = dict[str, Any]

PROGRAM = HERE.parent / "examples" / "mnist_mlp.py"
PAUSE = 0.3  # seconds before a turn: OpenMP threads spin for 0.2 s after their last work


@dataclass
class Run:
    """One run: who takes part, how often, with what data.

    Args:
        peers: in the order of their turns.
        pythons: the interpreter of each peer.
        nets: the networks to train.
        epochs: timed epochs of each network.
        rounds: turns of everything else.
        rows: training rows, or None for all; only for trying the benchmark out.
        threads: threads for peers that have to be told.
        data: folder with `mnist.npz`.
        failures: what went wrong.
        say: tells of progress.
    """

    peers: Sequence[Peer]
    pythons: Mapping[str, str]
    nets: Sequence[Net]
    epochs: int
    rounds: int
    rows: int | None
    threads: int
    data: Path
    failures: Failures
    say: Callable[[str], None] = print
    versions: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def npz(self) -> str:
        """The data file that all peers read."""
        return str(self.data / "mnist.npz")

    def environment(self, peer: Peer, **extra: str) -> dict[str, str]:
        """A peer's environment."""
        return environment(peer, self.threads) | extra

    def worker(self, peer: Peer, **extra: str) -> Worker:
        """Start a peer and ask its versions."""
        command = [self.pythons[peer.name], peer.path]
        worker = Worker(command, self.environment(peer, **extra))
        try:
            self.versions[peer.name] = worker.ask("hello")["versions"]
        except BaseException:
            worker.close()
            raise
        return worker


# ---- seconds an epoch, memory
def epochs(run: Run) -> Results:
    """Seconds of every epoch of every network, with losses, and the memory that training took."""
    return {net.name: _epochs_of(run, net) for net in run.nets}


def _epochs_of(run: Run, net: Net) -> Results:
    where = f"epochs of {net.name}"
    with ExitStack() as stack:
        workers: dict[str, Worker] = {}
        found: dict[str, Results] = {}
        for peer in run.peers:
            begin = partial(_start, run, peer, net, stack)
            started = run.failures.attempt(peer.name, where, begin)
            if started is not None:
                workers[peer.name], found[peer.name] = started
        turns = {name: partial(worker.ask, "epoch") for name, worker in workers.items()}
        said = partial(_say_round, run, net.name)
        replies = round_robin(turns, run.epochs, run.failures, where, pause=PAUSE, said=said)
        for name, turns_of in replies.items():
            found[name] |= {k: [r[k] for r in turns_of] for k in ("seconds", "loss", "accuracy")}
            end = workers[name].ask("memory")["memory"]
            found[name]["memory"] |= {f"{key}_end": value for key, value in end.items()}
    rows = run.rows or 60_000
    return {
        "title": net.title,
        "gflop": net.gflop(rows),
        "rows": rows,
        "peers": {name: found[name] for name in replies},
    }


def _start(run: Run, peer: Peer, net: Net, stack: ExitStack) -> tuple[Worker, Results]:
    """A worker that has trained the first epoch, in which everything is compiled."""
    worker = stack.enter_context(run.worker(peer))
    base = worker.ask("load", data=run.npz, net=net.spec(), rows=run.rows)["memory"]
    worker.ask("build", seed=1)
    first = worker.ask("epoch")
    run.say(f"{net.name}: {peer.name} is ready, first epoch {first['seconds']:.2f} s")
    return worker, {"first": first["seconds"], "memory": base}


def _say_round(run: Run, what: str, number: int, row: Mapping[str, Any]) -> None:
    cells = "  ".join(f"{peer} {reply['seconds']:.3f}" for peer, reply in row.items())
    run.say(f"{what} {number + 1}/{run.epochs}:  {cells}")


# ---- the whole program
def program(run: Run) -> Results:
    """The classic program as whole processes: times, peak memory, baseline error."""
    counts = dict.fromkeys((p.name for p in run.peers), 0)

    def turn(peer: Peer) -> Results:
        counts[peer.name] += 1
        with tempfile.TemporaryDirectory(prefix="whit-bench-") as folder:
            found = _process(*_program_of(run, peer, counts[peer.name], Path(folder)))
        error = re.search(r"Baseline Error: ([\d.]+)%", found.pop("output"))
        if error is None:
            raise PeerError("it printed no 'Baseline Error'")
        run.say(f"program: {peer.name} {found['seconds']:.2f} s, error {error[1]} %")
        return found | {"error": float(error[1])}

    turns = {p.name: partial(turn, p) for p in run.peers}
    return round_robin(turns, run.rounds, run.failures, "program", pause=PAUSE)


def _program_of(
    run: Run, peer: Peer, seed: int, folder: Path
) -> tuple[Sequence[str], Mapping[str, str]]:
    """Command and environment, with empty caches of compiled code in `folder`."""
    python = run.pythons[peer.name]
    env = run.environment(peer, **{name: str(folder / "cache") for name in peer.caches})
    if peer.name != WHIT:
        net = json.dumps(NETS["classic"].spec())
        return [python, peer.path, "program", run.npz, str(seed), net], env
    seeded = folder / "program.py"
    first = f"from keras.utils import set_random_seed\nset_random_seed({seed})\n"
    seeded.write_text(first + PROGRAM.read_text(encoding="utf-8"), encoding="utf-8")
    return [python, "-m", "whit", "run", str(seeded)], env | {"WHIT_DATA": str(run.data)}


def _process(command: Sequence[str], env: Mapping[str, str]) -> Results:
    """Run to the end: seconds, user and system time, peak resident memory in MB, output."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as out:
        start = time.perf_counter()
        process = subprocess.Popen(command, env=dict(env), stdout=out, stderr=subprocess.STDOUT)
        usage = _wait(process)
        seconds = time.perf_counter() - start
        out.seek(0)
        output = out.read()
    if process.returncode:
        raise PeerError(f"exit status {process.returncode}\n{output[-2000:]}")
    return {"seconds": seconds, "output": output, **usage}


def _wait(process: subprocess.Popen[bytes]) -> Results:
    if not hasattr(os, "wait4"):
        process.wait()
        return {"user": None, "system": None, "peak_mb": None}
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if machine.is_mac() else 1024
    return {
        "user": usage.ru_utime,
        "system": usage.ru_stime,
        "peak_mb": usage.ru_maxrss * unit / 1e6,
    }


# ---- import, first step
def start(run: Run) -> Results:
    """Import time and the first step of a new model, each in processes that do nothing else."""
    return {"import": _imports(run), "first": _firsts(run)}


_IMPORT = """\
from time import perf_counter
start = perf_counter()
import {module}
imported = perf_counter()
{uses}
print(imported - start, perf_counter() - start)
"""


def _imports(run: Run) -> Results:
    def turn(peer: Peer) -> dict[str, float]:
        text = _IMPORT.format(module=peer.module, uses=peer.uses or peer.module)
        found = _process([run.pythons[peer.name], "-c", text], run.environment(peer))
        module, names = found["output"].split()[-2:]
        return {"module": float(module), "names": float(names)}

    turns = {p.name: partial(turn, p) for p in run.peers if p.module}
    # The first round reads the files from the disk and is left out.
    found = round_robin(turns, run.rounds + 1, run.failures, "import")
    return {peer: times[1:] for peer, times in found.items()}


def _firsts(run: Run) -> Results:
    def once(peer: Peer, cache: str) -> float:
        extra = dict.fromkeys(peer.caches, cache)
        with run.worker(peer, **extra) as worker:
            net = NETS["classic"]
            worker.ask("load", data=run.npz, net=net.spec(), rows=net.batch)
            found = worker.ask("first", seed=1)
        return found["build"] + found["step"]

    def turn(peer: Peer) -> Results:
        with tempfile.TemporaryDirectory(prefix="whit-bench-") as cache:
            cold = once(peer, cache)
            warm = once(peer, cache) if peer.caches else None
        run.say(f"first step: {peer.name} {cold:.3f} s" + (f", warm {warm:.3f} s" if warm else ""))
        return {"cold": cold, "warm": warm}

    turns = {p.name: partial(turn, p) for p in run.peers}
    return round_robin(turns, run.rounds, run.failures, "first step", pause=PAUSE)


# ---- one sample
def predict(run: Run) -> Results:
    """Seconds to predict one sample with the classic network, by each of a peer's ways."""
    net, where = NETS["classic"], "predict"

    def ready(peer: Peer, stack: ExitStack) -> Worker:
        worker = stack.enter_context(run.worker(peer))
        worker.ask("load", data=run.npz, net=net.spec(), rows=net.batch)
        worker.ask("build", seed=1)
        return worker

    with ExitStack() as stack:
        workers = {
            p.name: run.failures.attempt(p.name, where, partial(ready, p, stack)) for p in run.peers
        }
        turns = {
            name: partial(_latency, worker)
            for name, worker in workers.items()
            if worker is not None
        }
        found = round_robin(turns, run.rounds, run.failures, where, pause=PAUSE)
    for name, rows in found.items():
        ways = ", ".join(f"{way} {s * 1e6:.0f} µs" for way, s in rows[-1].items())
        run.say(f"predict: {name}: {ways}")
    return found


def _latency(worker: Worker) -> dict[str, float]:
    return worker.ask("latency")["seconds"]


SECTIONS: dict[str, Callable[[Run], Results]] = {
    "epochs": epochs,
    "program": program,
    "start": start,
    "predict": predict,
}


# ---- the machine
def peak(run: Run) -> Results | None:
    """What whit's own tool says of the float32 peak; None without whit."""
    peer = next((p for p in run.peers if p.name == WHIT), None)
    if peer is None:
        return None

    def ask() -> Results:
        with run.worker(peer) as worker:
            return worker.ask("peak")["peak"]

    return run.failures.attempt(WHIT, "peak", ask)


def save_data(python: str, peer: Peer, threads: int, path: Path) -> None:
    """Have whit write MNIST to `path`, for all peers to read."""
    with Worker([python, peer.path], environment(peer, threads)) as worker:
        worker.ask("save_data", path=str(path))
