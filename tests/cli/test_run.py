"""`whit run`: a program's arguments, path, status and errors are those of `python program.py`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from whit.cli import main, split_program


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A file to write a program into."""
    return tmp_path / "program.py"


def run(program: Path, text: str, *options: str, arguments: tuple[str, ...] = ()) -> int:
    program.write_text(text)
    return main(["run", *options, str(program), *arguments])


# ---- what the program sees
def test_the_program_is_main_with_its_own_arguments(
    program: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (
        "import sys, os\n"
        "print(__name__, sys.argv[1:], __file__ == sys.argv[0],"
        " sys.path[0] == os.path.dirname(__file__))\n"
        "print(sys.modules['__main__'].__dict__ is globals(), __spec__)\n"
    )
    before = sys.argv, sys.path[:], sys.modules["__main__"]
    assert run(program, text, arguments=("--explain", "--", "x")) == 0
    assert capsys.readouterr().out == f"__main__ {['--explain', '--', 'x']} True True\nTrue None\n"
    assert (sys.argv, sys.path, sys.modules["__main__"]) == before


def test_modules_beside_the_program(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (program.parent / "beside_it.py").write_text("X = 5\n")
    assert run(program, "import beside_it\nprint(beside_it.X)\n") == 0
    assert capsys.readouterr().out == "5\n"


@pytest.mark.parametrize(
    ("end", "status", "said"),
    [("", 0, ""), ("3", 3, ""), ("None", 0, ""), ("True", 1, ""), ("'no data'", 1, "no data\n")],
)
def test_exit_status(
    program: Path, capsys: pytest.CaptureFixture[str], end: str, status: int, said: str
) -> None:
    assert run(program, f"import sys\nsys.exit({end})\n") == status
    assert capsys.readouterr().err == said


def test_encodings_and_coding_lines(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program.write_bytes("# -*- coding: latin-1 -*-\nprint('é')\n".encode("latin-1"))
    assert main(["run", str(program)]) == 0
    assert capsys.readouterr().out == "é\n"


def test_engine_and_threads_hold_for_the_program_alone(
    program: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WHIT_ENGINE", raising=False)
    monkeypatch.setenv("WHIT_NUM_THREADS", "1")
    text = "import os\nprint(os.environ['WHIT_ENGINE'], os.environ['WHIT_NUM_THREADS'])\n"
    assert run(program, text, "--engine", "reference", "--threads=2") == 0
    assert capsys.readouterr().out == "reference 2\n"
    assert "WHIT_ENGINE" not in os.environ and os.environ["WHIT_NUM_THREADS"] == "1"


def test_explain(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "from keras.layers.core import Dense\n\nDense(output_dim=3)\n"
    assert run(program, text, "--explain") == 0
    assert capsys.readouterr().err == (
        "whit: 2 old names were translated\n"
        "  program.py:1  keras.layers.core    →  keras.layers  Keras 2\n"
        "  program.py:3  Dense(output_dim=…)  →  units=…       Keras 1\n"
    )
    assert run(program, "from keras.layers import Dense\nDense(3)\n", "--explain") == 0
    assert capsys.readouterr().err == "whit: no old names were translated\n"


# ---- its errors
FAILS = """\
import keras

def build():
    return keras.layers.Dense(-1)

build()
"""


def test_a_traceback_without_whits_frames(
    program: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WHIT_DEBUG", raising=False)
    assert run(program, FAILS) == 1
    said = capsys.readouterr().err
    assert said.startswith(
        "Traceback (most recent call last):\n"
        f'  File "{program}", line 6, in <module>\n    build()\n'
        f'  File "{program}", line 4, in build\n'
    )
    assert said.count('File "') == 2 and "ValueError: " in said
    assert "inside whit left out; WHIT_DEBUG=1 shows them)" in said


def test_a_whole_traceback_with_debug(
    program: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHIT_DEBUG", "1")
    assert run(program, FAILS) == 1
    said = capsys.readouterr().err
    assert said.count('File "') > 3 and "left out" not in said


def test_causes_lose_whits_frames_too(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = FAILS.replace(
        "\nbuild()\n",
        "\ntry:\n    build()\nexcept ValueError as e:\n    raise RuntimeError('mine') from e\n",
    )
    assert run(program, text) == 1
    said = capsys.readouterr().err
    assert "direct cause" in said and "RuntimeError: mine" in said
    assert said.count('File "') == said.count(f'File "{program}"')


def test_a_syntax_error_shows_its_line(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(program, "x = 1\nprint 'Python 2'\n") == 1
    said = capsys.readouterr().err
    assert f'File "{program}", line 2' in said and "SyntaxError" in said and "left out" not in said


def test_the_programs_own_excepthook(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "import sys\nsys.excepthook = lambda kind, e, trace: print('hooked', e)\n1 / 0\n"
    before = sys.excepthook
    try:
        assert run(program, text) == 1
    finally:
        sys.excepthook = before
    assert capsys.readouterr().out == "hooked division by zero\n"


def test_ctrl_c_is_one_line_and_status_130(program: Path) -> None:
    program.write_text(
        "import keras, time\nprint('ready', flush=True)\nwhile True:\n    time.sleep(0.01)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-m", "whit", "run", str(program)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None and child.stdout.readline() == "ready\n"
    time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=30)
    assert child.returncode == 130
    assert said in (f"\nInterrupted at {program}:{line}.\n" for line in (3, 4))


# ---- files that are no programs
def test_no_such_file(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program.write_text("")
    assert main(["run", str(program.with_name("progam.py"))]) == 2
    assert capsys.readouterr().err == (
        f'whit run: {program.with_name("progam.py")}: no such file. Did you mean "program.py"?\n'
    )
    assert main(["run", str(program.parent / "nowhere" / "a.py")]) == 2
    assert "There is no folder" in capsys.readouterr().err


def test_a_folder(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program.write_text("")
    assert main(["run", str(program.parent)]) == 2
    assert (
        "is a folder, not a Python program. Name one of the programs in it: program.py"
        in capsys.readouterr().err
    )
    (program.parent / "__main__.py").write_text("")
    assert main(["run", str(program.parent)]) == 2
    assert (
        f"is a folder; to run it: whit run {program.parent / '__main__.py'}"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "a.ipynb",
            b"{}",
            "is a notebook, not a Python program. Convert it first: jupyter nbconvert --to script",
        ),
        ("model.h5", b"\x89HDF\r\n\x00\x00", "is not a Python program: it holds binary data"),
    ],
)
def test_not_a_program(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert main(["run", str(tmp_path / name)]) == 2
    assert said in capsys.readouterr().err


# ---- the command line
@pytest.mark.parametrize(
    ("given", "own", "program"),
    [
        ("run a.py", "run", "a.py"),
        ("run --explain a.py --explain", "run --explain", "a.py --explain"),
        (
            "run --threads 2 --engine=reference a.py -x",
            "run --threads 2 --engine=reference",
            "a.py -x",
        ),
        ("run -- -a.py -- b", "run", "-a.py -- b"),
        ("run", "run", ""),
        ("doctor --json", "doctor --json", ""),
    ],
)
def test_split_program(given: str, own: str, program: str) -> None:
    assert split_program(given.split()) == (own.split(), program.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run"], "whit run: which program? Say: whit run program.py\n"),
        (["run", "--threads", "no", "a.py"], "'no' is not a whole number from 1 to 256"),
        (["run", "--engine", "fast", "a.py"], "invalid choice: 'fast'"),
        (["docter"], 'Did you mean "doctor"?'),
        (["train.py"], "To run the program: whit run train.py"),
    ],
)
def test_usage_errors(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    try:
        status = main(arguments)
    except SystemExit as end:
        status = int(str(end.code))
    assert status == 2
    assert said in capsys.readouterr().err


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    from whit import __version__

    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0 and capsys.readouterr().out == f"whit {__version__}\n"
    assert main([]) == 0
    text = capsys.readouterr().out
    assert "usage: whit" in text and "run a Keras program unchanged" in text and "doctor" in text


def test_the_version_is_quick_to_say() -> None:
    """Nothing heavy is imported for it."""
    code = (
        "import sys\nfrom whit.cli import main\n"
        "try:\n    main(['--version'])\nexcept SystemExit:\n    pass\n"
        "print(sorted({'numpy', 'llvmlite', 'rich', 'whit.engines'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
