"""Small programs print what they print under the real Keras, timings aside.

Programs run as they were recorded, with whit in the place of keras. Of a bar only the last state is
compared, since how often it is drawn depends on the time that steps take.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

import whit

RECORD = json.loads((Path(__file__).parents[1] / "golden" / "texts.json").read_text("utf-8"))
PROGRAMS = RECORD["programs"]
ELSEWHERE = {
    "callback_checkpoint",  # writes a file format
    "callback_terminate_on_nan",  # trains on infinite targets, which whit refuses
    "callback_order",  # shuffles; see test_callbacks
}
NAMES = [n for n in PROGRAMS if not n.startswith(("summary", "repr")) and n not in ELSEWHERE]


def rounded(match: re.Match) -> str:
    return f"{float(match[0]):.3g}"


def settled(text: str) -> list[str]:
    """The lines that stay: no colours, no bars that were drawn over, no timings, few digits."""
    text = re.sub(r"\x1b\[\d+m|\x08", "", text).replace("\r", "\n")
    lines = [line.rstrip() for line in text.split("\n") if line.strip()]
    kept: list[str] = []
    for line in lines:
        bar = re.match(r"\s*(\d+)/(\d+|Unknown) ", line)
        if bar and "━" not in line and "Unknown" not in line:
            bar = None  # a line of verbose=2, which is printed once
        if bar and bar[1] != bar[2]:
            continue
        if bar and kept and kept[-1].startswith(bar[0].strip()):
            kept.pop()
        line = re.sub(r" (\d+(s|ms|us)|\d+:\d+) +(- )?\d+(s|ms|us)/step", " TIME", line)
        line = re.sub(r"\d+\.\d+(e[+-]\d+)?", rounded, line)
        kept.append(re.sub(r"\s+", " ", line).replace(" ]", "]").strip())
    return kept


@pytest.mark.filterwarnings("ignore:the data ended before the epoch did")
@pytest.mark.parametrize("name", NAMES)
def test_prints_as_keras(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "keras", whit)
    capsys.readouterr()
    exec(RECORD["header"] + PROGRAMS[name]["source"], {})
    assert settled(capsys.readouterr().out) == settled("".join(PROGRAMS[name]["stdout"]))
