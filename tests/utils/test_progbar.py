"""The bar's text, character by character, with a clock that the test winds."""

from __future__ import annotations

import io
import logging
import sys

import pytest

from whit import config
from whit.errors import ArgumentError
from whit.utils import progbar
from whit.utils.progbar import Progbar, print_msg


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progbar, "time", clock)
    return clock


def bar(green: int, gray: int) -> str:
    return f"\x1b[32m{'━' * green}\x1b[0m\x1b[37m{'━' * gray}\x1b[0m"


def test_bar(clock: Clock, capsys: pytest.CaptureFixture) -> None:
    b = Progbar(10, stateless_metrics=[])
    clock.now += 0.5
    b.update(1, [("loss", 0.25)])
    first = f"\r\x1b[1m 1/10\x1b[0m {bar(2, 18)} \x1b[1m4s\x1b[0m 500ms/step - loss: 0.2500"
    assert capsys.readouterr().out == first
    clock.now += 0.9
    b.update(10, [("loss", 5e-4)])
    width = len(" 1/10 ") + 20 + len(" 4s 500ms/step - loss: 0.2500")
    last = f"\x1b[1m10/10\x1b[0m \x1b[32m{'━' * 20}\x1b[0m\x1b[37m\x1b[0m \x1b[1m1s\x1b[0m"
    last += " 100ms/step - loss: 5.0000e-04\n"
    assert capsys.readouterr().out == "\b" * width + "\r" + last


def test_no_green_before_the_first_twentieth(clock: Clock, capsys: pytest.CaptureFixture) -> None:
    Progbar(100).update(1)
    assert f"\x1b[0m \x1b[37m{'━' * 20}\x1b[0m" in capsys.readouterr().out


def test_shorter_text_is_blanked_out(clock: Clock, capsys: pytest.CaptureFixture) -> None:
    b = Progbar(2, stateless_metrics=[])
    clock.now += 0.25
    b.update(1, [("loss", 0.00012)])
    capsys.readouterr()
    clock.now += 0.003
    b.update(2, [("loss", 1.0)])
    assert capsys.readouterr().out.endswith(" 3ms/step - loss: 1.0000      \n")


def test_interval(clock: Clock, capsys: pytest.CaptureFixture) -> None:
    b = Progbar(10)
    b.update(1)
    capsys.readouterr()
    clock.now += 0.04
    b.update(2)
    assert capsys.readouterr().out == ""
    clock.now += 0.02
    b.update(3)
    assert " 3/10" in capsys.readouterr().out


def test_averages_unless_stateful(clock: Clock, capsys: pytest.CaptureFixture) -> None:
    b = Progbar(4, stateful_metrics=["seen"], interval=0)
    b.update(1, [("loss", 4.0), ("seen", 1.0)])
    b.update(3, [("loss", 1.0), ("seen", 3.0)])
    assert capsys.readouterr().out.endswith("loss: 2.0000 - seen: 3.0000")
    b.add(1, [("loss", 9.0), ("seen", 4.0)])  # the last values stand as they are
    assert "loss: 9.0000 - seen: 4.0000" in capsys.readouterr().out


def test_unknown_target(clock: Clock, capsys: pytest.CaptureFixture) -> None:
    b = Progbar(None)
    clock.now += 3
    b.update(3, [("loss", 2.0)])
    assert capsys.readouterr().out == "\r      3/Unknown \x1b[1m3s\x1b[0m 1s/step - loss: 2.0000"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.0, "0s"), (59.9, "59s"), (61.0, "1:01"), (3725.0, "1:02:05")],
)
def test_clock(seconds: float, shown: str) -> None:
    assert progbar._clock(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, " 0s/step"), (2.4, " 2s/step"), (0.0123, " 12ms/step"), (4.2e-5, " 42us/step")],
)
def test_time_per_step(seconds: float, shown: str) -> None:
    assert progbar._per_unit(seconds, "step") == shown


def test_one_line(clock: Clock, capsys: pytest.CaptureFixture) -> None:
    b = Progbar(100, verbose=2, stateless_metrics=[])
    clock.now += 1
    b.update(50, [("loss", 3.0)])
    assert capsys.readouterr().out == ""
    clock.now += 1
    b.update(100, [("loss", 1.5)])
    assert capsys.readouterr().out == "100/100 - 2s - 20ms/step - loss: 1.5000\n"


def test_silent(capsys: pytest.CaptureFixture) -> None:
    Progbar(2, verbose=0).update(2, [("loss", 1.0)])
    assert capsys.readouterr().out == ""


def test_close_ends_an_open_line_once(clock: Clock, capsys: pytest.CaptureFixture) -> None:
    b = Progbar(3)
    b.close()
    b.update(1)
    capsys.readouterr()
    b.close()
    b.close()
    assert capsys.readouterr().out == "\n"


def test_both_kinds_of_metrics() -> None:
    with pytest.raises(ArgumentError, match="stateful_metrics and stateless_metrics"):
        Progbar(3, stateful_metrics=["a"], stateless_metrics=["b"])


def test_messages_become_log_records(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture
) -> None:
    config.disable_interactive_logging()
    try:
        with caplog.at_level(logging.INFO, "whit"):
            print_msg("Epoch 1/2")
    finally:
        config.enable_interactive_logging()
    assert caplog.messages == ["Epoch 1/2"]
    assert capsys.readouterr().out == ""


def test_a_terminal_without_the_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    print_msg("━ done")
    assert raw.getvalue() == b"? done\n"
