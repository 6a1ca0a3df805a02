"""Which rows of the table a program used, and on which of its lines: what `--explain` prints."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from whit.legacy.rows import Row

PACKAGE = str(Path(__file__).resolve().parent.parent)
_OURS = (PACKAGE, "<frozen importlib", str(Path(importlib.__file__).parent))


@dataclass(frozen=True)
class Use:
    """One old name in one place.

    Attributes:
        row: of the table. file, line: where the program uses it.
    """

    row: Row
    file: str
    line: int


_uses: dict[tuple[str, str, int], Use] = {}


def note(row: Row) -> None:
    """Remember that the program used `row` on the line that it is at."""
    frame = _program_frame()
    if frame is not None:
        place = frame.f_code.co_filename, frame.f_lineno
        _uses.setdefault((row.key, *place), Use(row, *place))


def uses() -> list[Use]:
    """Every use so far, in order."""
    return list(_uses.values())


def clear() -> None:
    """Forget every use."""
    _uses.clear()


def is_ours(filename: str) -> bool:
    """Whether a frame with this file name is whit's or Python's import machinery's."""
    return filename.startswith(_OURS)


def _program_frame() -> FrameType | None:
    return next((f for f in _callers() if not is_ours(f.f_code.co_filename)), None)


def _callers() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back


def explain() -> str:
    """One line for each use: where, the old name, the modern one, its era."""
    if not _uses:
        return "whit: no old names were translated"
    found = sorted(_uses.values(), key=lambda use: (use.file, use.line))
    old = max(len(use.row.key) for use in found)
    new = max(len(use.row.today) for use in found)
    place = [f"{Path(use.file).name}:{use.line}" for use in found]
    wide = max(map(len, place))
    lines = [
        f"  {where:<{wide}}  {use.row.key:<{old}}  →  {use.row.today:<{new}}  {use.row.era}"
        for where, use in zip(place, found, strict=True)
    ]
    count = "1 old name was" if len(lines) == 1 else f"{len(lines)} old names were"
    return "\n".join([f"whit: {count} translated", *lines])
