"""`whit doctor` and `whit cache`: the facts, the advice that follows from them, and their looks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from whit.cli import cache, doctor, main

GOOD: dict[str, Any] = {
    "versions": {
        "whit": "1",
        "python": "3",
        "numpy": "2",
        "llvmlite": "0",
        "llvm": "22",
        "rich": None,
        "system": "S",
    },
    "processor": {"name": "P", "features": ["avx2", "fma"]},
    "target": {
        "name": "avx2",
        "why": "the widest that this processor has the features for",
        "vector_bits": 256,
        "floats_per_vector": 8,
        "needs": ["avx2"],
        "usable": ["avx2", "sse2"],
    },
    "engine": {"name": "native"},
    "threads": {"used": 4, "processors_allowed": 4, "processors": 8},
    "speed": {
        "float32_gflops_one_thread": 100.0,
        "float32_gflops_all_threads": 390.0,
        "memory_gbytes_per_second": 12.5,
    },
    "caches": [
        {
            "name": "objects",
            "holds": "compiled programs",
            "folder": "F",
            "files": 2,
            "bytes": 2500,
            "writable": True,
        }
    ],
    "data_sets": {"mnist": "here", "cifar10": None},
    "self_test": {
        "passed": True,
        "largest_difference": 1e-7,
        "compile_seconds": 0.2,
        "from_cache": False,
    },
    "environment": {},
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place for the caches, and no other variable of whit's."""
    for name in doctor.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WHIT_CACHE", str(tmp_path))
    return tmp_path


def advice(**changed: Any) -> str:
    facts = {
        name: {**v, **changed[name]} if name in changed and isinstance(v, dict) else v
        for name, v in GOOD.items()
    }
    return "\n".join(
        doctor.advice({**facts, **{n: v for n, v in changed.items() if isinstance(v, list)}})
    )


# ---- the facts
def test_json_holds_every_section(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert set(facts) == {*doctor.SECTIONS, "advice"}
    assert facts["self_test"]["passed"] and facts["self_test"]["largest_difference"] < 1e-4
    assert facts["target"]["name"] in facts["target"]["usable"]
    assert facts["speed"]["float32_gflops_all_threads"] > 1
    assert facts["speed"]["memory_gbytes_per_second"] > 0.1
    assert [c["folder"] for c in facts["caches"]] == [
        str(folder / "objects"),
        str(folder / "datasets"),
    ]
    assert facts["environment"] == {"WHIT_CACHE": str(folder)}
    assert facts["data_sets"].keys() == {"mnist", "fashion_mnist", "cifar10"}


def test_data_sets_are_found_without_reading_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(folder / "keras"))
    assert doctor.data_sets()["mnist"] is None
    (folder / "keras" / "datasets").mkdir(parents=True)
    (folder / "keras" / "datasets" / "mnist.npz").touch()
    assert doctor.data_sets()["mnist"] == str(folder / "keras" / "datasets")
    (folder / "datasets").mkdir()
    (folder / "datasets" / "mnist.npz").touch()
    assert doctor.data_sets()["mnist"] == str(folder / "datasets" / "mnist.npz")
    given = folder / "given" / "mnist"
    given.mkdir(parents=True)
    (given / "mnist.npz").touch()
    monkeypatch.setenv("WHIT_DATA", str(given.parent))
    assert doctor.data_sets()["mnist"] == str(given)


def test_a_section_that_fails_is_said_to(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHIT_NUM_THREADS", "many")
    facts = {name: doctor._found_out(doctor.SECTIONS[name]) for name in ("threads", "self_test")}
    assert "WHIT_NUM_THREADS='many'" in facts["threads"]["error"]
    text = list(doctor.advice({**GOOD, **facts}))
    assert [line for line in text if "many" in line] == [f"Threads: {facts['threads']['error']}"]


def test_the_self_test_notices_a_wrong_result(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from whit.engines.reference import ReferenceEngine

    right = ReferenceEngine.compile

    def wrong(self: Any, program: Any) -> Any:
        executable = right(self, program)

        class Wrong:
            def run(self, steps: int, state: Any, data: Any) -> None:
                executable.run(steps, state, data)
                state[0][0, 0] += 1

        return Wrong()

    monkeypatch.setattr(ReferenceEngine, "compile", wrong)
    assert doctor.self_test()["passed"] is False


# ---- the advice
def test_nothing_to_change() -> None:
    assert advice() == ""


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"versions": {"llvm": None}}, "pip install --force-reinstall llvmlite"),
        ({"self_test": {"passed": False}}, "Machine code and NumPy disagree: clear the cache"),
        (
            {"engine": {"name": "reference", "why": "no LLVM"}},
            "NumPy computes in place of machine code: no LLVM",
        ),
        ({"threads": {"used": 9}}, "9 threads share 4 processors"),
        ({"threads": {"used": 2}}, "Only 2 of 4 processors compute"),
        ({"threads": {"used": 1, "processors_allowed": 1}}, "One thread only"),
        (
            {"speed": {"float32_gflops_all_threads": 110.0}},
            "4 threads compute only 1.1 times as much as one",
        ),
        ({"caches": [{**GOOD["caches"][0], "writable": False}]}, "F cannot be written"),
        (
            {"environment": {"WHIT_ENGINE": "native"}},
            "WHIT_ENGINE=native is in force: this engine computes",
        ),
        (
            {"environment": {"WHIT_THREADS": "3"}},
            'whit does not know it. Did you mean "WHIT_NUM_THREADS"?',
        ),
        (
            {"environment": {"WHIT_DATA": "no-such-folder"}},
            "WHIT_DATA names no-such-folder, which is no folder",
        ),
        ({"speed": {"error": "OSError: no"}}, "Speed: OSError: no"),
    ],
)
def test_advice(changed: dict[str, Any], said: str) -> None:
    assert said in advice(**changed)


# ---- the looks
def test_the_plain_report(capsys: pytest.CaptureFixture[str]) -> None:
    doctor.show({**GOOD, "advice": []})
    text = capsys.readouterr().out
    assert text.splitlines()[:2] == [
        "Versions     whit 1",
        "             python 3, numpy 2, llvmlite 0, LLVM 22, rich (missing)",
    ]
    for part in (
        "Target       avx2: 8 floats in a vector of 256 bits",
        "also possible, by WHIT_TARGET: sse2",
        "Speed        float32 multiply-adds: 390 GFLOP/s with all threads, 100 with one",
        "compiled programs: 2 files, 2.5 KB in F",
        "cifar10: not here; fetched when first used",
        "Self-test    passed: a small network, compiled in 0.20 s",
        "Environment  no WHIT_* variable is set",
        "Advice       Nothing to change.",
    ):
        assert part in text


def test_the_report_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    doctor.show({**GOOD, "advice": ["Buy a [faster] machine"]})
    text = capsys.readouterr().out
    assert "Buy a [faster] machine" in text and "Self-test" in text


# ---- the caches
def test_cache_show_and_clear(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "objects").mkdir()
    (folder / "objects" / "a.o").write_bytes(bytes(1500))
    (folder / "objects" / "notes.txt").write_text("not whit's")
    (folder / "datasets").mkdir()
    (folder / "datasets" / "mnist.npz").write_bytes(bytes(20))
    assert main(["cache"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"objects   compiled programs: 1 file, 1.5 KB in {folder / 'objects'}",
        f"datasets  data sets: 1 file, 20 B in {folder / 'datasets'}",
    ]
    assert main(["cache", "clear", "objects"]) == 0
    assert capsys.readouterr().out == "objects   removed 1 files, 1.5 KB\n"
    assert [p.name for p in (folder / "objects").iterdir()] == ["notes.txt"]
    assert main(["cache", "clear"]) == 0
    assert not list((folder / "datasets").iterdir())
    assert main(["cache", "show", "object"]) == 2
    assert 'Did you mean "objects"?' in capsys.readouterr().err


def test_a_cache_that_cannot_be_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "file").touch()
    monkeypatch.setenv("WHIT_CACHE", str(folder / "file"))
    assert [c.writable() for c in cache.caches()] == [False, False]
    assert cache.describe(cache.caches()[0]).endswith("(cannot be written)")
    monkeypatch.setenv("WHIT_CACHE", str(folder / "not" / "yet"))
    assert [c.writable() for c in cache.caches()] == [True, True]
