"""The command `whit`: run a program, look at the machine, look after the caches.

Each verb is a row of `VERBS`; what it does is imported when it is called, so that `whit --version`
is as quick as Python itself.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

from whit._version import __version__
from whit.naming import did_you_mean

__all__ = ["main"]

# Exit statuses, as argparse and shells have them.
USAGE_ERROR, INTERRUPTED, BROKEN_PIPE = 2, 130, 141


@dataclass(frozen=True)
class Verb:
    """One verb of the command.

    Attributes:
        module: in this package; has `add_arguments(parser)` and `run(arguments) -> exit status`.
        help: one line. description: what `whit VERB --help` says below the usage.
    """

    module: str
    help: str
    description: str


VERBS = {
    "run": Verb(
        "run",
        "run a Keras program unchanged",
        "Run a program with whit in place of keras, tensorflow.keras and what it uses of "
        "tensorflow, for this program alone. "
        "Programs for Keras 1, Keras 2 and tf.keras run as they are.",
    ),
    "doctor": Verb(
        "doctor",
        "show what this machine can do, and what is wrong",
        "Show versions, processor, chosen target, threads, measured speed, caches and data sets, "
        "compile a small program and compare it with NumPy, and say what to change if something is "
        "wrong.",
    ),
    "cache": Verb(
        "cache",
        "show or clear whit's caches",
        "Show the caches of compiled programs and of data sets, or clear them.",
    ),
}


def main(argv: Sequence[str] | None = None) -> int:
    """The command.

    Args:
        argv: arguments; those of the process by default.

    Returns:
        The exit status: 0 if all is well, 2 if the command was not understood, else the verb's.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = make_parser(arguments[:1])
    if not arguments:
        parser.print_help()
        return 0
    own, program = split_program(arguments)
    parsed = parser.parse_args(own)
    if parsed.verb is None:
        parser.print_help()
        return 0
    parsed.program = program
    return _perform(VERBS[parsed.verb], parsed)


def _perform(verb: Verb, parsed: argparse.Namespace) -> int:
    run: Callable[[argparse.Namespace], int] = import_module(f"whit.cli.{verb.module}").run
    try:
        status = run(parsed)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # `whit doctor | head`: whoever read this has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return status


class _Parser(argparse.ArgumentParser):
    """Says "did you mean" of an unknown verb."""

    def error(self, message: str) -> None:  # type: ignore[override]
        """Print the usage and the error, and end with status 2."""
        self.print_usage(sys.stderr)
        print(f"{self.prog}: {message}", file=sys.stderr)
        raise SystemExit(USAGE_ERROR)


def make_parser(wanted: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The parser; the arguments of a verb are added only if it is the one `wanted`."""
    parser = _Parser(
        prog="whit",
        description="Keras' interface on its own compiler: a model and its training loop become "
        "one native function.",
        epilog="whit VERB --help says more about a verb.",
    )
    parser.add_argument("--version", action="version", version=f"whit {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs", parser_class=_Parser)
    for name, verb in VERBS.items():
        sub = verbs.add_parser(name, help=verb.help, description=verb.description)
        if name in wanted:
            import_module(f"whit.cli.{verb.module}").add_arguments(sub)
    if wanted and not wanted[0].startswith("-") and wanted[0] not in VERBS:
        parser.error(_unknown_verb(wanted[0]))
    return parser


def _unknown_verb(name: str) -> str:
    if name.endswith(".py"):
        return f"{name!r} is no verb. To run the program: whit run {name}"
    return f"{name!r} is no verb.{did_you_mean(name, VERBS)} Verbs: {', '.join(VERBS)}"


def split_program(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """`whit run`'s own arguments, and the program with all of its arguments, which are not ours.

    >>> split_program(["run", "--threads", "2", "train.py", "--threads", "9"])
    (['run', '--threads', '2'], ['train.py', '--threads', '9'])
    """
    if not arguments or arguments[0] != "run":
        return list(arguments), []
    at = 1
    while at < len(arguments) and arguments[at].startswith("-"):
        if arguments[at] == "--":
            return list(arguments[:at]), list(arguments[at + 1 :])
        at += 2 if arguments[at] in TAKE_A_VALUE else 1
    return list(arguments[:at]), list(arguments[at:])


TAKE_A_VALUE = ("--engine", "--threads")  # the options of `whit run` that do
