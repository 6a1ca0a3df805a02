"""The line protocol, both halves, with fake workers."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.nets import NETS
from benchmarks.protocol import Failures, PeerError, PeerSkipped, Worker, round_robin

FAKE = Path(__file__).with_name("fake_peer.py")


def worker(mode: str = "", timeout: float = 30.0) -> Worker:
    return Worker([sys.executable, str(FAKE)], os.environ | {"FAKE": mode}, timeout)


@pytest.fixture
def ready(digits: Path) -> Iterator[Worker]:
    with worker() as w:
        w.ask("load", data=str(digits), net=NETS["classic"].spec(), rows=200)
        w.ask("build", seed=1)
        yield w


def test_epochs_wait_inside_one_fit(ready: Worker) -> None:
    losses = [ready.ask("epoch")["loss"] for _ in range(3)]
    assert losses == [1, 1 / 2, 1 / 3]
    assert ready.ask("counts") == {"fits": 1, "epochs": 3, "shape": [200, 784]}


def test_another_command_ends_the_fit_and_is_answered(ready: Worker) -> None:
    ready.ask("epoch")
    assert ready.ask("latency")["seconds"].keys() == {"compiled"}
    assert ready.ask("epoch")["loss"] == 1 / 2
    assert ready.ask("counts")["fits"] == 2


def test_epoch_seconds_are_of_the_turn_alone(ready: Worker) -> None:
    assert all(0 <= ready.ask("epoch")["seconds"] < 0.5 for _ in range(3))


def test_versions_come_although_the_peer_prints() -> None:
    with worker() as w:
        assert "numpy" in w.ask("hello")["versions"]


def test_a_peers_error_carries_its_traceback(digits: Path) -> None:
    with worker("fail") as w:
        w.ask("load", data=str(digits), net=NETS["classic"].spec())
        w.ask("build", seed=1)
        with pytest.raises(PeerError, match="ValueError: I cannot train"):
            w.ask("epoch")
        assert w.ask("counts")["fits"] == 1


def test_a_peer_that_cannot_run_says_so() -> None:
    with worker("skip") as w, pytest.raises(PeerSkipped, match="not for me"):
        w.ask("hello")


def test_a_dead_peer_is_told_with_its_last_words() -> None:
    with worker() as w, pytest.raises(PeerError, match=r"ended at 'die'\n(.*\n)*last words"):
        w.ask("die")


def test_a_silent_peer_is_given_up() -> None:
    with worker(timeout=30) as w:
        w.ask("hello")
        w._timeout = 0.05
        with pytest.raises(PeerError, match=r"no answer to 'sleep' in 0\.05 s"):
            w.ask("sleep")


def test_round_robin_takes_turns() -> None:
    order: list[str] = []
    turns = {name: (lambda n=name: order.append(n) or n) for name in "abc"}
    found = round_robin(turns, 2, Failures(False), "here")
    assert order == list("abcabc")
    assert found == {"a": ["a", "a"], "b": ["b", "b"], "c": ["c", "c"]}


def test_round_robin_tells_of_each_round() -> None:
    told: list[tuple[int, dict[str, int]]] = []
    count = iter(range(10))
    turns = {"a": lambda: next(count), "b": lambda: next(count)}
    round_robin(turns, 2, Failures(False), "here", said=lambda n, row: told.append((n, row)))
    assert told == [(0, {"a": 0, "b": 1}), (1, {"a": 2, "b": 3})]


def failing() -> int:
    raise PeerError("Traceback\nValueError: broken")


def test_a_failing_peer_ends_the_run() -> None:
    with pytest.raises(PeerError, match="b, here: Traceback"):
        round_robin({"a": lambda: 1, "b": failing}, 2, Failures(False), "here")


def test_a_failing_peer_is_left_out_when_told_to_go_on() -> None:
    said: list[str] = []
    failures = Failures(True, said.append)
    assert round_robin({"a": lambda: 1, "b": failing}, 3, failures, "here") == {"a": [1, 1, 1]}
    assert said == ["b, here: failed: ValueError: broken"]
    assert [f["peer"] for f in failures.entries] == ["b"]


def test_a_skipping_peer_never_ends_the_run() -> None:
    def skip() -> int:
        raise PeerSkipped("no compiler")

    failures = Failures(False)
    assert round_robin({"a": skip, "b": lambda: 2}, 1, failures, "here") == {"b": [2]}
    assert failures.entries[0]["kind"] == "skipped"
