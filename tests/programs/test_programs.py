"""Whole programs, each in the words of one Keras, run unchanged by `whit run` in a process each."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def run(
    name: str, *arguments: str, options: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k not in ("WHIT_DEBUG", "WHIT_ENGINE")}
    command = [sys.executable, "-m", "whit", "run", *options, str(HERE / name), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)


def results(name: str) -> dict[str, str]:
    """What a program printed, as {label: value}; it must have ended well and said nothing else."""
    done = run(name)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    lines = [line.partition(": ") for line in done.stdout.splitlines() if ": " in line]
    return {label: value for label, _, value in lines}


def test_keras_0() -> None:
    found = results("keras0_three_blobs.py")
    assert float(found["Test accuracy"]) > 0.95
    assert found["Classes right"] == found["Test accuracy"]


def test_keras_1() -> None:
    assert float(results("keras1_two_classes.py")["accuracy"].rstrip("%")) > 85


def test_keras_2() -> None:
    found = results("keras2_callbacks.py")
    assert found["lr"] == "0.020"
    assert float(found["agreement"]) > 0.95


def test_tf_keras() -> None:
    done = run("tf_keras_regression.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "TensorFlow 2",
        "GPUs 0",
        "error below 0.1: True",
        "ndarray (2, 1)",
    ]


@pytest.mark.parametrize("status", [0, 3])
def test_arguments_path_and_status(status: int) -> None:
    done = run("arguments.py", str(status), "--explain", options=("--engine", "reference"))
    assert done.returncode == status
    expected = ["beside", str([str(status), "--explain"]), "arguments.py", "arguments.py"]
    assert done.stdout.splitlines() == [" ".join(expected), "True True"]
    assert done.stderr == ""
