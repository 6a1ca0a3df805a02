"""Medians, ratios, verdicts and the text of the report, from made-up results."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import report
from benchmarks.nets import NETS
from benchmarks.report import AIMS, Spread, fastest, render, speedup

Results = dict[str, Any]


def verdicts(results: Results) -> dict[str, tuple[str, str]]:
    """Measured and verdict by the aim's text."""
    return {row[0]: (row[3], row[4]) for row in (aim.row(results) for aim in AIMS)}


def test_spread() -> None:
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(2.0, 1.0, 3.0)
    assert Spread.of([0.0015]).text(1e6, digits=0) == "1500"
    assert Spread.of([0.5, 0.25]).text(digits=2) == "0.38 (0.25 – 0.50)"


def test_the_fastest_peer_is_never_whit() -> None:
    assert fastest({"whit": [0.1], "a": [3.0, 2.0, 9.0], "b": [2.5]}) == "b"
    assert fastest({"whit": [0.1]}) is None


def test_speedup_is_of_medians_and_its_spread_of_turns() -> None:
    times = {"whit": [1.0, 2.0, 4.0], "a": [3.0, 3.0, 6.0], "b": [9.0, 9.0, 9.0]}
    assert speedup(times) == Spread(1.5, 1.5, 3.0)
    assert speedup(times, "b") == Spread(4.5, 2.25, 9.0)
    assert speedup({"a": [1.0]}) is None
    assert speedup({"whit": [1.0]}) is None
    assert speedup(times, "c") is None


def test_share_of_peak_uses_the_higher_peak(results: Results) -> None:
    assert report.gflops_peak(results) == 500
    assert report.share_of_peak(results, "classic") == pytest.approx(150 / 0.5 / 500)
    results["peaks"] = [None, None]
    assert report.share_of_peak(results, "classic") is None


def test_gflop_of_an_epoch() -> None:
    products = 784 * 784 + 784 * 10
    by_hand = 2 * 60_000 * (2 * products + 784 * 10) / 1e9
    assert NETS["classic"].gflop(60_000) == pytest.approx(by_hand)
    assert NETS["classic"].gflop(60_000) == pytest.approx(150.2, abs=0.2)
    assert NETS["classic"].parameters == 784 * 785 + 10 * 785


def test_verdicts(results: Results) -> None:
    found = verdicts(results)
    classic = NETS["classic"].title
    assert found[f"epoch of {classic}, against the fastest peer"] == ("1.50 ×", "bar reached")
    assert found["float32 peak over a whole epoch of classic"] == ("60 %", "bar reached")
    assert found["whole program, cold, against the fastest peer"] == ("1.73 ×", "aim reached")
    assert found["whole program, cold, against Keras on TensorFlow"][1] == "aim reached"
    assert found["baseline error, mean of the seeds"] == ("1.80 %", "reached")
    assert found["`import whit`"] == ("0.100 s", "aim reached")
    assert found["first step of a new model, cold cache"] == ("0.800 s", "**missed**")
    assert found["first step of a new model, warm cache"] == ("0.030 s", "aim reached")
    assert found["one sample through `predict`"] == ("60.0 µs", "**missed**")
    assert found["one sample through a compiled function"] == ("14.0 µs", "bar reached")
    assert found["peak memory beyond arrays and libraries"] == ("60 MB", "bar reached")


def test_an_error_outside_the_range_is_missed_on_either_side(results: Results) -> None:
    key = "baseline error, mean of the seeds"
    for error in (1.5, 2.1):
        for run in results["program"]["whit"]:
            run["error"] = error
        assert verdicts(results)[key][1] == "**missed**"


def test_what_is_missing_is_not_measured(results: Results) -> None:
    for section in ("epochs", "program", "start", "predict"):
        del results[section]
    assert {verdict for _, verdict in verdicts(results).values()} == {"not measured"}
    assert "## Seconds an epoch" not in render(results)


def test_without_whit_peers_are_held_against_the_fastest(results: Results) -> None:
    del results["epochs"]["classic"]["peers"]["whit"]
    text = render(results)
    assert "| JAX | 0.750 (0.700 – 0.900) | 1.00 × |" in text
    assert "| Keras on TensorFlow | 1.500 | 2.00 × |" in text


def test_the_whole_report(results: Results) -> None:
    text = render(results)
    assert "| **whit** | 0.500 (0.400 – 0.600) | 1.00 × | 300 | 60 % | 2.00 | 0.5000 | 60 |" in text
    assert "1.50 (1.40 – 1.88) times as fast as the fastest peer (jax)" in text
    assert "| **whit** | 5.50 (5.00 – 6.00) | 1.00 × | 11.0 | 700 | 1.80 (1.70 – 1.90) |" in text
    assert "| **whit** | 0.100 (0.090 – 0.110) | 0.200 | 0.800 (0.700 – 0.900) |" in text
    assert "| JAX |  | 200.0 |" in text
    assert "| float32 peak, all threads | 470 / 500 GFLOP/s |" in text
    assert "- torch-compile, predict: skipped: no C++" in text
    assert "> **Note.**" not in text


def test_tables_are_whole(results: Results) -> None:
    widths: list[int] = []
    for line in [*render(results).splitlines(), ""]:
        if line.startswith("|"):
            widths.append(line.count("|"))
        else:
            assert len(set(widths)) <= 1
            widths = []


def test_a_busy_machine_and_a_trial_run_are_told(results: Results) -> None:
    results["machine"]["load_before"] = 1.2
    results["settings"]["rows"] = 6000
    text = render(results)
    assert "The machine was busy when the run began (load average 1.20)" in text
    assert "A trial run on few rows" in text


def test_a_network_that_nobody_finished(results: Results) -> None:
    results["epochs"]["classic"]["peers"] = {}
    assert "No peer finished." in render(results)
