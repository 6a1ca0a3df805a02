"""The command from its arguments to the written files, with fake peers; and the environments."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import __main__ as command
from benchmarks import envs
from benchmarks.envs import PEERS, Peer

FAKE = Path(__file__).with_name("fake_peer.py")
PYTHON = ["--python-of", f"*={sys.executable}"]


def fake(name: str, mode: str = "") -> Peer:
    env, cache = {"FAKE": mode}, ("FAKE_CACHE",)
    return Peer(name, name.upper(), "jax", str(FAKE), module="json", env=env, caches=cache)


@pytest.fixture
def peers(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Peer]]:
    """Two fake peers in place of the real ones, no pauses."""
    made = {"a": fake("a"), "b": fake("b")}
    real = dict(PEERS)
    PEERS.clear()
    PEERS.update(made)
    monkeypatch.setattr(command.measure, "PAUSE", 0.0)
    monkeypatch.setattr(command.machine, "describe", lambda _: MACHINE)
    yield PEERS
    PEERS.clear()
    PEERS.update(real)


MACHINE = {
    "processor": "fake",
    "features": [],
    "cores": 1,
    "logical": 1,
    "system": "fake",
    "python": "3",
    "bandwidth_1": 1.0,
    "bandwidth_all": 1.0,
    "load_before": 0.0,
}


def run(digits: Path, out: Path, *extra: str) -> int:
    return command.main([*PYTHON, "--data", str(digits), "--json", str(out), *extra])


def test_a_run_with_every_section(peers: Any, digits: Path, tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "deep" / "out.json"
    assert run(digits, out, "--epochs", "2", "--rounds", "1", "--nets", "wide") == 0
    found = json.loads(out.read_text())
    assert found["epochs"]["wide"]["peers"]["b"]["loss"] == [1 / 2, 1 / 3]
    assert [r["error"] for r in found["program"]["a"]] == [1.9]
    assert {len(t) for t in found["start"]["import"].values()} == {1}
    assert all(t["warm"] > 0 for t in found["start"]["first"]["a"])
    assert found["predict"]["b"][0]["compiled"] > 0
    assert found["failures"] == []
    assert out.with_suffix(".md").read_text() in capsys.readouterr().out


def test_only_what_was_asked_for(peers: Any, digits: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    assert run(digits, out, "--only", "predict", "--rounds", "1", "--peers", "b") == 0
    found = json.loads(out.read_text())
    assert "epochs" not in found and list(found["predict"]) == ["b"]


def test_a_failing_peer_ends_the_run_or_is_left_out(
    peers: dict[str, Peer], digits: Path, tmp_path: Path, capsys: Any
) -> None:
    peers["b"] = fake("b", "fail")
    out, asked = tmp_path / "out.json", ("--only", "epochs", "--nets", "classic", "--epochs", "1")
    assert run(digits, out, *asked) == 1
    assert "I cannot train" in capsys.readouterr().err
    assert not out.exists()
    assert run(digits, out, *asked, "--keep-going") == 0
    found = json.loads(out.read_text())
    assert list(found["epochs"]["classic"]["peers"]) == ["a"]
    assert [f["peer"] for f in found["failures"]] == ["b"]


def test_only_a_full_run_replaces_the_published_report() -> None:
    parse = command.parser().parse_args
    assert command.settings(parse([]))["full"]
    partial = (["--quick"], ["--only", "epochs"], ["--nets", "wide"], ["--peers", "jax"])
    assert not any(command.settings(parse(args))["full"] for args in partial)
    quick = command.settings(parse(["--quick", "--epochs", "9"]))
    assert (quick["epochs"], quick["rounds"], quick["rows"]) == (9, 1, 6000)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--peers", "jaxx"], "'jaxx': choose from whit, jax, torch"),
        (["--only", ""], "choose from epochs, program, start, predict"),
        (["--epochs", "0"], "expected a whole number of 1 or more"),
        (["--python-of", "jax=/no/such/python"], "expected PEER=PATH with an interpreter there"),
    ],
)
def test_wrong_arguments_are_explained(args: list[str], message: str, capsys: Any) -> None:
    with pytest.raises(SystemExit):
        command.parser().parse_args(args)
    assert message in capsys.readouterr().err


def test_the_shells_settings_do_not_reach_the_peers() -> None:
    base = {"PATH": "p", "PYTHONPATH": "x", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    env = envs.environment(PEERS["keras-jax"], 3, base)
    assert env["PATH"] == "p" and env["KERAS_BACKEND"] == "jax"
    assert env["WHIT_BENCH_THREADS"] == "3"
    assert not {"PYTHONPATH", "OMP_NUM_THREADS", "PYTHONDONTWRITEBYTECODE"} & env.keys()
    assert envs.environment(PEERS["whit"], 3, base)["PYTHONPATH"].endswith("src")


def test_interpreters_by_peer_group_and_star(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"keras-jax": "1", "jax": "2", "*": "3"}
    names = ("keras-jax", "jax", "torch", "whit")
    assert [envs.interpreter(PEERS[n], given) for n in names] == ["1", "2", "3", sys.executable]
    monkeypatch.setattr(envs, "make", lambda group, say: f"made {group}")
    assert envs.interpreter(PEERS["keras-torch"], {}) == "made torch"


def test_a_changed_pin_is_a_new_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHIT_BENCH_ENVS", "/somewhere")
    before = envs.folder_of("jax"), envs.folder_of("torch")
    monkeypatch.setitem(envs.PINS, "jax", "jax==9.9")
    assert envs.folder_of("jax") != before[0]
    assert envs.folder_of("torch") == before[1]
    assert envs.folder_of("jax").parent == Path("/somewhere")


def test_an_environment_is_made_once_and_a_half_made_one_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls: list[list[str]] = []
    outcome = SimpleNamespace(returncode=1, stderr="No matching distribution\n")
    monkeypatch.setenv("WHIT_BENCH_ENVS", str(tmp_path))
    monkeypatch.setattr(envs.venv, "create", lambda folder, with_pip: folder.mkdir())
    monkeypatch.setattr(envs.subprocess, "run", lambda c, **_: calls.append(c) or outcome)
    with pytest.raises(envs.PeerError, match="No matching distribution"):
        envs.make("jax")
    outcome.returncode = 0
    first = envs.make("jax")
    assert envs.make("jax") == first
    assert len(calls) == 2
    assert calls[1][-4:] == envs.requirements("jax")
