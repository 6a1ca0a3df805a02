"""`whit run`: a Keras program as `python` would run it, on whit."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from whit.engines import engine_names

USAGE_ERROR = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `whit run`; the program and its arguments are split off before."""
    parser.usage = "whit run [options] program.py [arguments of the program ...]"
    parser.add_argument(
        "--explain", action="store_true", help="at the end, list the old names that were translated"
    )
    parser.add_argument("--engine", choices=engine_names(), help="what computes; native by default")
    parser.add_argument(
        "--threads",
        type=_threads,
        metavar="N",
        help="threads to compute with; one a core by default",
    )


def _threads(text: str) -> str:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 256")
    return text


def run(arguments: argparse.Namespace) -> int:
    """Run the program; its exit status."""
    if not arguments.program:
        print("whit run: which program? Say: whit run program.py", file=sys.stderr)
        return USAGE_ERROR
    from whit.legacy.runner import ProgramError, run_program

    path, *rest = arguments.program
    try:
        with _environment({"WHIT_ENGINE": arguments.engine, "WHIT_NUM_THREADS": arguments.threads}):
            return run_program(path, rest, explain=arguments.explain)
    except ProgramError as error:
        print(f"whit run: {error}", file=sys.stderr)
        return USAGE_ERROR


@contextmanager
def _environment(wanted: Mapping[str, str | None]) -> Iterator[None]:
    """These environment variables, for the program and the processes that it starts."""
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update({name: value for name, value in wanted.items() if value is not None})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
