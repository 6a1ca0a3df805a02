"""The peers' half of the line protocol, and what all peers share: data, turns, memory, latency.

The driver (`benchmarks/protocol.py`) writes one JSON object a line on standard input; the peer
answers each with one on standard output. An epoch ends by answering and waiting for the next line,
inside the training loop: that is how the epochs of several processes take turns without restarting
`fit`. Only NumPy and the standard library here: each peer runs in an environment of its own.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
import time
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

Net = dict[str, Any]


class Skip(Exception):
    """This peer cannot run here, for a reason that is no fault (no C++ compiler, say)."""


@dataclass
class Data:
    """MNIST as the classic program has it: float32 rows in 0..1 and integer labels."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    @classmethod
    def read(cls, path: str, rows: int | None = None) -> Data:
        """Read an .npz in Keras' layout; keep the first `rows` of the training set, if given."""
        with np.load(path) as z:
            x, y, xt, yt = (z[k] for k in ("x_train", "y_train", "x_test", "y_test"))
        return cls(_rows(x[:rows]), y[:rows].astype(np.int64), _rows(xt), yt.astype(np.int64))


def _rows(images: np.ndarray) -> np.ndarray:
    flat = images.reshape(len(images), -1).astype(np.float32)
    flat /= 255
    return flat


def one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    """Float32 rows with a one at the label, shape `(n, classes)`."""
    y = np.zeros((len(labels), classes), np.float32)
    y[np.arange(len(labels)), labels] = 1
    return y


class Turn(Protocol):
    """Called by a peer at the end of each epoch; true means: train another."""

    def __call__(self, loss: float, accuracy: float | None) -> bool: ...


class Peer(ABC):
    """What a peer must do; the command loop below calls it.

    Subclasses import their framework in `__init__`, so that this file costs them nothing.
    """

    dists: tuple[str, ...] = ("numpy",)

    def prepare(self, net: Net, data: Data) -> None:
        """Make the arrays that training reads; their memory is not counted as the peer's."""
        self.net, self.data = net, data

    @abstractmethod
    def build(self, seed: int) -> None:
        """A new model of `self.net` with fresh weights, ready to train."""

    @abstractmethod
    def train(self, turn: Turn) -> None:
        """Train epochs, each newly shuffled, until `turn` returns false."""

    @abstractmethod
    def first_step(self) -> None:
        """One step on the first batch of a model that was just built, to its end."""

    @abstractmethod
    def predictors(self) -> dict[str, Callable[[np.ndarray], Any]]:
        """Ways to predict, NumPy in and out: `predict` as a user would, `compiled` the fastest."""

    @abstractmethod
    def program(self, seed: int) -> None:
        """The classic program from `Sequential()` on, data prepared; prints its baseline error."""

    def versions(self) -> dict[str, str]:
        """What is installed, for the report."""
        return {d: importlib.metadata.version(d) for d in self.dists}


class Wire:
    """The two pipes. Standard output is kept for answers: what libraries print goes to stderr."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        self.pending: dict[str, Any] | None = None

    def next(self) -> dict[str, Any] | None:
        """The next command, or None at the end."""
        if self.pending is not None:
            command, self.pending = self.pending, None
            return command
        line = sys.stdin.readline()
        return json.loads(line) if line.strip() else None

    def reply(self, **fields: Any) -> None:
        """Answer one command."""
        self._out.write(json.dumps(fields) + "\n")
        self._out.flush()


class _Turns:
    """Times an epoch from the driver's word to its end, everything in between included."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._start = time.perf_counter()

    def __call__(self, loss: float, accuracy: float | None = None) -> bool:
        seconds = time.perf_counter() - self._start
        found = None if accuracy is None else float(accuracy)
        self._wire.reply(seconds=seconds, loss=float(loss), accuracy=found)
        command = self._wire.next()
        if command is not None and command["do"] == "epoch":
            self._start = time.perf_counter()
            return True
        self._wire.pending = command or {"do": "quit"}
        return False


def memory() -> dict[str, float]:
    """Resident memory now and at its peak, MB; empty where the system does not tell."""
    try:
        with open("/proc/self/status", encoding="ascii") as f:
            fields = dict(line.split(":", 1) for line in f)
    except OSError:
        return {}
    keys = {"rss": "VmRSS", "peak": "VmHWM", "files": "RssFile"}
    return {k: int(fields[v].split()[0]) * 1024 / 1e6 for k, v in keys.items() if v in fields}


def reset_peak() -> None:
    """Let the peak begin again from here (Linux)."""
    try:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as f:
            f.write("5")
    except OSError:
        pass


def median_call(f: Callable[[], Any], budget: float = 0.4, most: int = 2000) -> float:
    """Median seconds of a call, after ten that do not count; at most `budget` seconds or so."""
    for _ in range(10):
        f()
    times: list[float] = []
    end = time.perf_counter() + budget
    while len(times) < most and (len(times) < 5 or time.perf_counter() < end):
        start = time.perf_counter()
        f()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


class _Session:
    """One process's answers: a method for each command."""

    def __init__(self, peer: Peer, wire: Wire) -> None:
        self.peer, self.wire = peer, wire

    def hello(self) -> dict[str, Any]:
        return {"versions": self.peer.versions()}

    def load(self, data: str, net: Net, rows: int | None = None) -> dict[str, Any]:
        self.peer.prepare(net, Data.read(data, rows))
        reset_peak()
        return {"memory": memory()}

    def build(self, seed: int) -> dict[str, Any]:
        start = time.perf_counter()
        self.peer.build(seed)
        return {"seconds": time.perf_counter() - start}

    def epoch(self) -> None:
        self.peer.train(_Turns(self.wire))

    def first(self, seed: int) -> dict[str, Any]:
        start = time.perf_counter()
        self.peer.build(seed)
        built = time.perf_counter()
        self.peer.first_step()
        return {"build": built - start, "step": time.perf_counter() - built}

    def latency(self) -> dict[str, Any]:
        x = np.ascontiguousarray(self.peer.data.x_test[:1])
        if not hasattr(self, "_predictors"):
            self._predictors = self.peer.predictors()
        calls = self._predictors.items()
        return {"seconds": {k: median_call(lambda f=f: f(x)) for k, f in calls}}  # type: ignore[misc]

    def memory(self) -> dict[str, Any]:
        return {"memory": memory()}


def _answer(session: _Session, command: dict[str, Any]) -> None:
    name = command.pop("do")
    method = getattr(session, name, None) or getattr(session.peer, f"do_{name}")
    try:
        answer = method(**command)
    except Skip as why:
        answer = {"skip": str(why)}
    except Exception:
        answer = {"error": traceback.format_exc(limit=-6)}
    if answer is not None:
        session.wire.reply(**answer)


def _serve(make: Callable[[], Peer]) -> None:
    wire = Wire()
    try:
        session = _Session(make(), wire)
    except Skip as why:
        wire.next()
        return wire.reply(skip=str(why))
    while (command := wire.next()) is not None and command["do"] != "quit":
        _answer(session, command)


def main(make: Callable[[], Peer]) -> None:
    """Run as a script: `program DATA SEED NET` is the whole classic program, no argument serves."""
    if sys.argv[1:2] == ["program"]:
        data, seed, net = sys.argv[2:5]
        peer = make()
        peer.prepare(json.loads(net), Data.read(data))
        peer.program(int(seed))
    else:
        _serve(make)


def report_error(accuracy: float) -> None:
    """The classic program's last line."""
    print(f"Baseline Error: {100 - accuracy * 100:.2f}%")
