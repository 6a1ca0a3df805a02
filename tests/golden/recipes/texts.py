"""What Keras prints: every program of `programs.py`, run in a process of its own.

`texts.json` keeps each program's text with its standard output, through a pipe and, for some,
through a pseudo-terminal 80 columns wide. Timings are as they came.
"""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import tempfile
import termios

from .programs import HEADER, PROGRAMS, TERMINAL
from .store import save_json

COLUMNS = 80


def environment() -> dict[str, str]:
    """The parent's environment without anything that changes colours or widths."""
    dropped = {"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TERM"}
    kept = {k: v for k, v in os.environ.items() if k not in dropped}
    kept |= {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", "PYTHONWARNINGS": "ignore"}
    return kept


def through_pipe(program: str) -> str:
    """Standard output of `program` when it is no terminal."""
    command = [sys.executable, "-c", program]
    with tempfile.TemporaryDirectory() as folder:  # Some programs save their weights.
        run = subprocess.run(
            command, env=environment(), cwd=folder, capture_output=True, text=True, check=False
        )
    if run.returncode:
        raise RuntimeError(f"{program}\n{run.stderr}")
    return run.stdout


def through_terminal(program: str) -> str:
    """Output of `program` on a pseudo-terminal, control characters included."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    command = [sys.executable, "-c", program]
    child = subprocess.Popen(
        command, env=environment(), stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL
    )
    os.close(theirs)
    pieces = []
    try:
        while piece := os.read(ours, 65536):
            pieces.append(piece)
    except OSError:  # Linux answers EIO when the child has closed its side.
        pass
    os.close(ours)
    child.wait()
    return b"".join(pieces).decode("utf-8")


def record() -> None:
    """Write `texts.json`."""
    content = {"header": HEADER, "columns": COLUMNS, "programs": {}}
    for name, body in PROGRAMS.items():
        entry = {"source": body, "stdout": through_pipe(HEADER + body).splitlines(keepends=True)}
        if name in TERMINAL:
            entry["terminal"] = through_terminal(HEADER + body).splitlines(keepends=True)
        content["programs"][name] = entry
    save_json("texts", content)
