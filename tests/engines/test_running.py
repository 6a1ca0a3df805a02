"""What surrounds the code: stopping, halting, the cache, arrays that do not fit, threads, fork."""

from __future__ import annotations

import os
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from whit.engines import base, get_engine, set_engine
from whit.engines.native import object as objects
from whit.engines.native.engine import NativeEngine
from whit.engines.native.target import TARGETS, host_target, usable_targets
from whit.engines.native.team import TEAM, default_threads
from whit.engines.reference import ReferenceEngine
from whit.graph import Program, apply, build, input_

ENGINES = [NativeEngine(None, 1), NativeEngine(None, 2), ReferenceEngine()]
NAMES = ["native-1", "native-2", "reference"]


def counter(limit: float | None = None) -> Program:
    """Counts its steps; halts when the count reaches `limit`."""
    n, x = input_("n", (), "float32"), input_("x", (64, 64), "float32")
    step = input_("step", (2,), "float32")
    halt = None if limit is None else apply("less_equal", build.constant(limit, "float32"), n + 1)
    return Program(
        outputs=(n + 1, build.total(step)),
        state=(n, x),
        updates=(n + 1, apply("tanh", build.dot(x, x))),
        stepped=(step,),
        halt=halt,
    )


def arrays(steps: int) -> dict[str, list[np.ndarray]]:
    return {
        "state": [np.zeros((), "f"), np.full((64, 64), 0.01, "f")],
        "stepped": [np.arange(2 * steps, dtype="f").reshape(steps, 2)],
    }


@pytest.mark.parametrize("engine", ENGINES, ids=NAMES)
def test_steps_are_counted_and_their_outputs_stacked(engine: base.Engine) -> None:
    control, given = base.Control(), arrays(5)
    counts, sums = engine.compile(counter()).run(5, **given, control=control)
    assert counts.tolist() == [1, 2, 3, 4, 5]
    assert sums.tolist() == [1, 5, 9, 13, 17]
    assert control.steps_done == 5 and given["state"][0] == 5


@pytest.mark.parametrize("engine", ENGINES, ids=NAMES)
def test_halts_after_the_step_in_which_the_condition_holds(engine: base.Engine) -> None:
    control, given = base.Control(), arrays(10)
    counts, _ = engine.compile(counter(3.0)).run(10, **given, control=control)
    assert control.steps_done == 3 and given["state"][0] == 3
    assert counts.tolist() == [1, 2, 3] + [0] * 7


@pytest.mark.parametrize("threads", [1, 2])
def test_stops_between_two_steps_when_asked(threads: int) -> None:
    steps = 2_000_000
    given, control = arrays(steps), base.Control()
    executable = NativeEngine(None, threads).compile(counter())
    worker = threading.Thread(
        target=executable.run, args=(steps,), kwargs={**given, "control": control}
    )
    worker.start()
    while not control.steps_done:
        time.sleep(0.001)
    control.stop()
    worker.join(30)
    assert not worker.is_alive()
    assert 0 < control.steps_done < steps and given["state"][0] == control.steps_done


def test_no_steps_do_nothing() -> None:
    given = arrays(0)
    out = NativeEngine().compile(counter()).run(0, **given)
    assert [o.shape for o in out] == [(0,), (0,)] and given["state"][0] == 0


@pytest.mark.parametrize("engine", ENGINES, ids=NAMES)
def test_arrays_that_do_not_fit_are_refused(engine: base.Engine) -> None:
    executable = engine.compile(counter())
    good = arrays(2)
    with pytest.raises(ValueError, match="2 state arrays wanted, got 1"):
        executable.run(2, good["state"][:1], stepped=good["stepped"])
    with pytest.raises(ValueError, match=r"state 'x' is float32\[64, 64\], got float64\[64, 64\]"):
        executable.run(2, [good["state"][0], np.zeros((64, 64))], stepped=good["stepped"])
    with pytest.raises(ValueError, match=r"stepped 'step' is float32\[3, 2\], got float32\[2, 2\]"):
        executable.run(3, good["state"], stepped=good["stepped"])


def test_a_state_that_cannot_be_written_is_refused() -> None:
    good = arrays(1)
    good["state"][1].flags.writeable = False
    with pytest.raises(ValueError, match="'x' must be a writable C-contiguous array"):
        NativeEngine().compile(counter()).run(1, **good)


def test_several_threads_run_one_executable_at_once() -> None:
    executable = NativeEngine(None, 1).compile(counter())
    states = [arrays(200) for _ in range(8)]
    workers = [threading.Thread(target=executable.run, args=(200,), kwargs=s) for s in states]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    for s in states:
        assert s["state"][0] == 200
        assert np.array_equal(s["state"][1], states[0]["state"][1])


# ---- the cache
@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WHIT_CACHE", str(tmp_path))
    monkeypatch.setattr(objects, "_warned", [])
    return tmp_path / "objects"


def result() -> float:
    given = arrays(3)
    NativeEngine(None, 1).compile(counter()).run(3, **given)
    return float(given["state"][1].sum())


def test_code_is_kept_and_found_again(cache: Path) -> None:
    engine = NativeEngine(None, 1)
    assert not engine.compile(counter()).compiled.cached
    assert len(list(cache.glob("*.o"))) == 1
    assert engine.compile(counter()).compiled.cached


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "foreign"])
def test_a_damaged_entry_is_written_anew_and_never_run(cache: Path, damage: str) -> None:
    wanted = result()
    (entry,) = cache.glob("*.o")
    whole = entry.read_bytes()
    middle = len(whole) // 2
    entry.write_bytes(
        {
            "cut": whole[:middle],
            "flipped": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
            "empty": b"",
            "foreign": b"MZ" + whole[2:],
        }[damage]
    )
    assert not NativeEngine(None, 1).compile(counter()).compiled.cached
    assert result() == wanted and entry.read_bytes() == whole


def test_a_cache_that_cannot_be_written_warns_once(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("WHIT_CACHE", str(tmp_path / "file"))
    with pytest.warns(RuntimeWarning, match="could not keep compiled code.*WHIT_CACHE"):
        result()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result()


def test_a_full_disk_leaves_nothing_behind(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.warns(RuntimeWarning, match="No space left"):
        result()
    assert list(cache.iterdir()) == []


# ---- choices
def test_targets_and_engines_are_chosen_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [t.name for t in usable_targets()]
    assert host_target().name in names
    monkeypatch.setenv("WHIT_TARGET", names[-1])
    assert host_target() is TARGETS[names[-1]]
    monkeypatch.setenv("WHIT_TARGET", "z80")
    with pytest.raises(ValueError, match="WHIT_TARGET='z80' does not run here; expected one of"):
        host_target()
    with pytest.raises(ValueError, match="engine 'fpga' is unknown"):
        set_engine("fpga")
    monkeypatch.setenv("WHIT_ENGINE", "reference")
    assert get_engine().name == "reference"


def test_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHIT_NUM_THREADS", "3")
    assert default_threads() == 3
    monkeypatch.setenv("WHIT_NUM_THREADS", "many")
    with pytest.raises(ValueError, match="WHIT_NUM_THREADS='many'"):
        default_threads()


def test_small_programs_use_one_thread() -> None:
    x = input_("x", (4, 4), "float32")
    assert NativeEngine().compile(Program(outputs=(x + 1,), data=(x,))).threads == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_the_team_works_in_a_forked_child() -> None:
    executable = NativeEngine(None, 2).compile(counter())
    executable.run(2, **arrays(2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        given = arrays(2)
        executable.run(2, **given)
        os._exit(0 if given["state"][0] == 2 else 1)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            assert os.waitstatus_to_exitcode(status) == 0
            return
        time.sleep(0.01)
    os.kill(child, 9)
    pytest.fail("the child hangs")


def test_oversubscribed_teams_finish() -> None:
    given = arrays(50)
    NativeEngine(None, 8).compile(counter()).run(50, **given)
    assert given["state"][0] == 50 and TEAM is not None


def test_a_profile_accounts_for_every_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHIT_DEBUG", "2")
    from whit.engines.native import profile as profiles

    monkeypatch.setattr(profiles, "_PROFILES", [profiles.Profile("other", [], [], [])])
    executable = NativeEngine(None, 2).compile(counter())
    executable.run(4, **arrays(4))
    executable.run(3, **arrays(3))
    profile = executable.profile
    assert profile is not None and profile.steps == 7 and profile.seconds > 0
    assert len(profile.cycles) == len(profile.labels) and min(profile.cycles) > 0
    product = next(q for q, label in enumerate(profile.labels) if label.startswith("dot"))
    assert profile.flops[product] == 2 * 64**3
    table = profile.table()
    assert "7 steps" in table and all(label in table for label in profile.labels)
