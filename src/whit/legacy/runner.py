"""Running a user's program as `python program.py` does, with whit for Keras and TensorFlow.

The program is `__main__`, has its own arguments and its folder first on the path; its errors are
shown without whit's own frames. When it has ended, everything is as it was before.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Any

from whit import config
from whit.errors import WhitError
from whit.legacy import apply, journal
from whit.legacy.finder import shadowing
from whit.naming import did_you_mean

INTERRUPTED = 130  # what a shell expects of a program that Ctrl-C ended


class ProgramError(WhitError):
    """A file that `whit run` cannot run.

    Cause: no such file, a folder, or something that is not Python.

    Fix: name a Python program, as the message says.

    Example:
        whit run notebook.ipynb                    # refused
        jupyter nbconvert --to script notebook.ipynb && whit run notebook.py
    """


def run_program(path: str, arguments: Sequence[str] = (), explain: bool = False) -> int:
    """Run a program to its end.

    Args:
        path: of the program.
        arguments: its `sys.argv[1:]`.
        explain: print at the end which old names were translated.

    Returns:
        The exit status: 0, what the program gave to `sys.exit`, 1 after an error, 130 after Ctrl-C.

    Raises:
        ProgramError: it is not a Python program.
    """
    source = read_program(path)
    journal.clear()
    with _as_main(path, arguments) as main, shadowing():
        fresh = not apply.enabled()
        apply.enable()
        try:
            return _status_of(path, source, main)
        finally:
            if fresh:
                apply.disable()
            _flush()
            if explain:
                print(journal.explain(), file=sys.stderr)


# ---- the file
def read_program(path: str) -> bytes:
    """The program's text.

    Raises:
        ProgramError: there is none, or it is not Python.
    """
    try:
        source = Path(path).read_bytes()
    except FileNotFoundError:
        raise ProgramError(f"{path}: no such file.{_near(path)}") from None
    except IsADirectoryError:
        raise ProgramError(_is_folder(path)) from None
    except OSError as error:
        if os.path.isdir(path):  # Windows says "permission denied"
            raise ProgramError(_is_folder(path)) from None
        raise ProgramError(f"{path} cannot be read: {error.strerror or error}") from None
    if path.endswith(".ipynb"):
        hint = f"jupyter nbconvert --to script {path}"
        raise ProgramError(f"{path} is a notebook, not a Python program. Convert it first: {hint}")
    if b"\0" in source:
        raise ProgramError(f"{path} is not a Python program: it holds binary data")
    return source


def _near(path: str) -> str:
    folder = Path(path).parent
    try:
        names = [entry.name for entry in folder.iterdir() if entry.suffix == ".py"]
    except OSError:
        return f" There is no folder {folder} either."
    return did_you_mean(Path(path).name, names)


def _is_folder(path: str) -> str:
    inside = Path(path, "__main__.py")
    if inside.is_file():
        return f"{path} is a folder; to run it: whit run {inside}"
    programs = sorted(p.name for p in Path(path).glob("*.py"))[:5]
    holds = f" Name one of the programs in it: {', '.join(programs)}" if programs else ""
    return f"{path} is a folder, not a Python program.{holds}"


# ---- running it
@contextmanager
def _as_main(path: str, arguments: Sequence[str]) -> Iterator[ModuleType]:
    """Python's state as the program expects it, and as it was afterwards."""
    main = ModuleType("__main__")
    main.__dict__.update(__file__=path, __builtins__=__builtins__, __cached__=None)
    before = sys.argv, sys.path[:], sys.modules.get("__main__")
    sys.argv = [path, *arguments]
    sys.path.insert(0, str(Path(path).resolve().parent))
    sys.modules["__main__"] = main
    try:
        yield main
    finally:
        sys.argv, sys.path[:] = before[0], before[1]
        if before[2] is not None:
            sys.modules["__main__"] = before[2]


def _status_of(path: str, source: bytes, main: ModuleType) -> int:
    try:
        code: CodeType = compile(source, path, "exec", dont_inherit=True)
        exec(code, main.__dict__)
    except SystemExit as end:
        return _exit_status(end.code)
    except KeyboardInterrupt as stop:
        _flush()
        print(f"\nInterrupted{_where(stop.__traceback__, path)}.", file=sys.stderr)
        return INTERRUPTED
    except BaseException as error:
        _flush()
        _show(error)
        return 1
    return 0


def _exit_status(code: Any) -> int:
    """The exit status that Python gives a SystemExit."""
    if code is None:
        return 0
    if isinstance(code, int):
        return code
    _flush()
    print(code, file=sys.stderr)
    return 1


def _flush() -> None:
    try:
        sys.stdout.flush()
    except (OSError, ValueError):  # the reader has gone, or the program closed it
        pass


# ---- its errors
def _show(error: BaseException) -> None:
    """Print an error as Python does, less whit's own frames; or as the program's own hook does."""
    if sys.excepthook is not sys.__excepthook__:
        sys.excepthook(type(error), error, error.__traceback__)
    else:
        print(format_error(error), end="", file=sys.stderr)


def format_error(error: BaseException) -> str:
    """The traceback of an error; of whit's own frames their number, unless WHIT_DEBUG is set."""
    shown = traceback.TracebackException(type(error), error, error.__traceback__)
    if os.environ.get("WHIT_DEBUG") or not config.is_traceback_filtering_enabled():
        return "".join(shown.format())
    left_out = _without_our_frames(shown, set())
    text = "".join(shown.format())
    if left_out and not isinstance(error, WhitError | ImportError):
        frames = "1 frame" if left_out == 1 else f"{left_out} frames"
        text += f"({frames} inside whit left out; WHIT_DEBUG=1 shows them)\n"
    return text


def _without_our_frames(shown: traceback.TracebackException, seen: set[int]) -> int:
    """Take whit's frames out, in causes and groups too; how many there were below the program's."""
    if id(shown) in seen:
        return 0
    seen.add(id(shown))
    theirs = [frame for frame in shown.stack if not journal.is_ours(frame.filename)]
    inside = len(shown.stack) - len(theirs) - _frames_above(shown.stack)
    shown.stack = traceback.StackSummary.from_list(theirs)
    inner = [shown.__cause__, shown.__context__, *(shown.exceptions or ())]
    return inside + sum(_without_our_frames(e, seen) for e in inner if e is not None)


def _frames_above(stack: traceback.StackSummary) -> int:
    """How many of whit's frames called the program."""
    return next((n for n, f in enumerate(stack) if not journal.is_ours(f.filename)), len(stack))


def _where(trace: TracebackType | None, path: str) -> str:
    lines = [line for frame, line in traceback.walk_tb(trace) if frame.f_code.co_filename == path]
    return f" at {path}:{lines[-1]}" if lines else ""
