"""The team: every thread enters the same native function, with its own number, once per call.

ctypes lets go of Python's lock, so the threads run at once and meet at the function's own barriers.
Threads are started when first needed and then wait for the next call. One call at a time has the
team; a program for one thread does not need it, so predictions in several threads do not wait.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from queue import SimpleQueue


def cores() -> int:
    """Processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1


def default_threads() -> int:
    """WHIT_NUM_THREADS, else one for each processor (at most 64)."""
    text = os.environ.get("WHIT_NUM_THREADS")
    if not text:
        return min(cores(), 64)
    if not text.isdigit() or not 1 <= int(text) <= 256:
        raise ValueError(f"WHIT_NUM_THREADS={text!r}: expected a whole number from 1 to 256")
    return int(text)


class Team:
    """Threads that wait for work."""

    def __init__(self) -> None:
        self._jobs: list[SimpleQueue] = []
        self._done: SimpleQueue = SimpleQueue()
        self._lock = threading.Lock()
        self._pid = os.getpid()

    def _grow(self, workers: int) -> None:
        while len(self._jobs) < workers:
            jobs: SimpleQueue = SimpleQueue()
            self._jobs.append(jobs)
            name = f"whit-{len(self._jobs)}"
            threading.Thread(
                target=self._work, args=(len(self._jobs), jobs), name=name, daemon=True
            ).start()

    def _work(self, tid: int, jobs: SimpleQueue) -> None:
        while True:
            function, args = jobs.get()
            function(tid, *args)
            self._done.put(tid)

    def run(self, threads: int, function: Callable[..., None], *args: int) -> None:
        """Call `function(tid, *args)` for every tid in range(threads), at the same time."""
        with self._lock:
            if self._pid != os.getpid():  # threads do not survive a fork
                self._jobs, self._done, self._pid = [], SimpleQueue(), os.getpid()
            self._grow(threads - 1)
            for jobs in self._jobs[: threads - 1]:
                jobs.put((function, args))
            function(0, *args)
            for _ in range(threads - 1):
                self._done.get()


TEAM = Team()
