"""The programs in the documentation run, and print what stands below them.

In each file of docs/ the blocks that open with three backticks and `python` are run in order in one
namespace. A block of kind `output` after one of them is what it prints, word for word; of kind
`text`, for times and the like, it is not compared.
"""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILES = [p for p in sorted(DOCS.glob("*.md")) if "```python\n" in p.read_text(encoding="utf-8")]


def programs(text: str) -> list[tuple[str, str, str | None]]:
    """(where, code, what it prints or None) for each block of Python."""
    blocks = list(BLOCK.finditer(text))
    found = []
    for q, block in enumerate(blocks):
        kind, code = block.groups()
        after = blocks[q + 1].groups() if q + 1 < len(blocks) else ("", "")
        if kind == "python":
            line = text.count("\n", 0, block.start()) + 1
            found.append((f"line {line}", code, after[1] if after[0] == "output" else None))
    return found


def test_the_chapter_on_the_idea_is_among_them() -> None:
    assert "idea.md" in [p.name for p in FILES]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_programs_run_and_print_what_is_shown(path: Path) -> None:
    namespace: dict[str, object] = {"__name__": path.stem}
    text = path.read_text(encoding="utf-8")
    for where, code, shown in programs(text):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, f"{path.name}, {where}", "exec"), namespace)
        if shown is not None:
            assert printed.getvalue().rstrip() == shown.rstrip(), f"{path.name}, {where}"


def test_blocks_are_found() -> None:
    text = "a\n```python\nprint(1)\n```\n\n```output\n1\n```\n```python\nx = 2\n```\n"
    assert programs(text) == [("line 2", "print(1)\n", "1\n"), ("line 9", "x = 2\n", None)]
