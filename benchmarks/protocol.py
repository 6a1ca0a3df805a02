"""The driver's half of the line protocol: one process a peer, asked in turns.

A worker is a peer's script behind two pipes, one JSON object a line each way (the other half is
`peers/wire.py`). `round_robin` is the order of every measurement here: peer A, B, C, A, B, C and so
on, so that a slow minute of the machine falls on everyone.
"""

from __future__ import annotations

import json
import queue
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

T = TypeVar("T")
Reply = dict[str, Any]


class PeerError(RuntimeError):
    """A peer failed: its own traceback, or the end of what it wrote, is the message."""


class PeerSkipped(RuntimeError):
    """A peer said that it cannot run on this machine, and why."""


class Worker:
    """A running peer.

    Args:
        command: program and arguments.
        env: its whole environment.
        timeout: seconds that one answer may take.
    """

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], timeout: float = 600.0
    ) -> None:
        self._timeout = timeout
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(
            list(command),
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        """Queue answers until the end, which is an empty string."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def ask(self, do: str, **arguments: Any) -> Reply:
        """Send one command and wait for its answer.

        Raises:
            PeerError: the peer raised, ended, or did not answer in time.
            PeerSkipped: the peer cannot run here.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self._process.stdin.flush()
        except (BrokenPipeError, OSError):
            pass  # it has ended: what it said last is in the queue, or the log tells
        reply = self._answer(do)
        if "skip" in reply:
            raise PeerSkipped(reply["skip"])
        if "error" in reply:
            raise PeerError(reply["error"])
        return reply

    def _answer(self, do: str) -> Reply:
        try:
            line = self._lines.get(timeout=self._timeout)
        except queue.Empty:
            raise PeerError(f"no answer to '{do}' in {self._timeout:g} s\n{self.log()}") from None
        if not line:
            raise PeerError(f"ended at '{do}'\n{self.log()}")
        return json.loads(line)

    def log(self, characters: int = 2000) -> str:
        """The end of what the peer wrote on standard error."""
        self._log.seek(0)
        return self._log.read()[-characters:]

    def close(self, patience: float = 10.0) -> None:
        """End the process: by the end of its input, else by force."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.close()
        except OSError:
            pass
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(patience)
        self._process.stdout.close()
        self._log.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Failures:
    """What went wrong, where, with whom; whether to go on without them.

    Args:
        keep_going: leave a failing peer out from there on instead of ending the run. A peer that
            skips itself never ends the run.
        say: where to tell of it at once.
    """

    def __init__(self, keep_going: bool, say: Callable[[str], None] = lambda _: None) -> None:
        self._keep_going, self._say = keep_going, say
        self.entries: list[dict[str, str]] = []

    def attempt(self, peer: str, where: str, action: Callable[[], T]) -> T | None:
        """Run `action`; None if it failed and the run is to go on."""
        try:
            return action()
        except PeerSkipped as why:
            self._note("skipped", peer, where, str(why))
        except PeerError as why:
            self._note("failed", peer, where, str(why))
            if not self._keep_going:
                raise PeerError(f"{peer}, {where}: {why}") from None
        return None

    def _note(self, kind: str, peer: str, where: str, message: str) -> None:
        self._say(f"{peer}, {where}: {kind}: {message.strip().splitlines()[-1]}")
        self.entries.append({"kind": kind, "peer": peer, "where": where, "message": message})


def round_robin(
    turns: Mapping[str, Callable[[], T]],
    rounds: int,
    failures: Failures,
    where: str,
    *,
    pause: float = 0.0,
    said: Callable[[int, dict[str, T]], None] = lambda _n, _r: None,
) -> dict[str, list[T]]:
    """Give every peer one turn, then every peer the next, `rounds` times.

    Args:
        turns: what one turn of each peer is, in order.
        failures: decides what becomes of a peer that fails; left out, it loses earlier results too.
        where: for the messages.
        pause: seconds before each turn, in which the one before stops spinning.
        said: told of each round when it ends.

    Returns:
        For each peer that lasted, its `rounds` results.
    """
    results: dict[str, list[T]] = {peer: [] for peer in turns}
    for number in range(rounds):
        for peer in list(results):
            time.sleep(pause)
            result = failures.attempt(peer, where, turns[peer])
            if result is None:
                del results[peer]
            else:
                results[peer].append(result)
        said(number, {peer: found[-1] for peer, found in results.items()})
    return results
