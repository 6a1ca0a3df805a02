"""`python -m benchmarks`: measure, all peers in turns, write and print the report.

A full run writes `benchmarks/results/latest.md` and `latest.json`. A run that leaves something out
(`--only`, `--nets`, `--peers`, `--quick`) only prints, and writes where `--json` says.
"""

from __future__ import annotations

import argparse
import datetime
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import machine, measure, report
from benchmarks.envs import HERE, PEERS, WHIT, interpreter
from benchmarks.nets import NETS
from benchmarks.protocol import Failures, PeerError

QUICK = {"epochs": 2, "rounds": 1, "rows": 6000}
LATEST = HERE / "results" / "latest.json"


def _names(table: Mapping[str, Any]) -> Any:
    """An argument type: names of a table, separated by commas."""

    def parse(text: str) -> list[str]:
        names = [name.strip() for name in text.split(",") if name.strip()]
        wrong = [name for name in names if name not in table]
        if wrong or not names:
            known = ", ".join(table)
            raise argparse.ArgumentTypeError(f"{', '.join(wrong) or text!r}: choose from {known}")
        return names

    return parse


def _pair(text: str) -> tuple[str, str]:
    name, _, path = text.partition("=")
    if not path or not Path(path).exists():
        raise argparse.ArgumentTypeError(f"{text!r}: expected PEER=PATH with an interpreter there")
    return name, path


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number of 1 or more")
    return int(text)


def _choice(table: Mapping[str, Any], metavar: str, what: str) -> dict[str, Any]:
    text = f"{what}: {', '.join(table)} (default: all)"
    return {"type": _names(table), "metavar": f"{metavar},...", "help": text}


OPTIONS: dict[str, dict[str, Any]] = {
    "--only": _choice(measure.SECTIONS, "SECTION", "sections to measure"),
    "--nets": _choice(NETS, "NET", "networks of the epochs section"),
    "--peers": _choice(PEERS, "PEER", "who takes part"),
    "--epochs": {"type": _count, "help": "timed epochs of each network (default: 7)"},
    "--rounds": {"type": _count, "help": "turns of everything else (default: 5)"},
    "--quick": {
        "action": "store_true",
        "help": "a trial: few turns on few rows; the figures mean nothing",
    },
    "--json": {
        "type": Path,
        "metavar": "FILE",
        "help": "write the results here, and the report beside it as .md",
    },
    "--keep-going": {
        "action": "store_true",
        "help": "leave a peer that fails out instead of ending the run",
    },
    "--python-of": {
        "type": _pair,
        "action": "append",
        "default": [],
        "metavar": "PEER=PATH",
        "help": "interpreter of a peer or group, * for all but whit; makes no environment",
    },
    "--data": {
        "type": Path,
        "metavar": "NPZ",
        "help": "MNIST in Keras' layout (default: asked of whit)",
    },
}


def parser() -> argparse.ArgumentParser:
    """The command line."""
    about = "Measure whit beside its peers, all taking turns in one run."
    made = argparse.ArgumentParser(prog="python -m benchmarks", description=about)
    for flag, keywords in OPTIONS.items():
        made.add_argument(flag, **keywords)
    return made


def settings(args: argparse.Namespace) -> dict[str, Any]:
    """Numbers of this run, `--quick` and the defaults filled in."""
    default = QUICK if args.quick else {"epochs": 7, "rounds": 5, "rows": None}
    return {
        "sections": args.only or list(measure.SECTIONS),
        "nets": args.nets or list(NETS),
        "peers": args.peers or list(PEERS),
        "epochs": args.epochs or default["epochs"],
        "rounds": args.rounds or default["rounds"],
        "rows": default["rows"],
        "full": not (args.quick or args.only or args.nets or args.peers),
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _data(given: Path | None, pythons: Mapping[str, str], threads: int, folder: Path) -> None:
    target = folder / "mnist.npz"
    if given is not None:
        shutil.copyfile(given, target)
    elif WHIT in pythons:
        measure.save_data(pythons[WHIT], PEERS[WHIT], threads, target)
    else:
        measure.save_data(interpreter(PEERS[WHIT], {}), PEERS[WHIT], threads, target)


def run(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Measure everything that `args` asks for; `folder` is for the data."""
    chosen = settings(args)
    failures = Failures(args.keep_going, _say)
    given, threads = dict(args.python_of), machine.cores()[0]
    peers = [PEERS[name] for name in chosen["peers"]]
    made = {
        p.name: failures.attempt(p.name, "environment", partial(interpreter, p, given, _say))
        for p in peers
    }
    pythons = {name: path for name, path in made.items() if path is not None}
    _data(args.data, pythons, threads, folder)
    this = measure.Run(
        peers=[p for p in peers if p.name in pythons],
        pythons=pythons,
        nets=[NETS[name] for name in chosen["nets"]],
        threads=threads,
        data=folder,
        failures=failures,
        say=_say,
        **{k: chosen[k] for k in ("epochs", "rounds", "rows")},
    )
    results: dict[str, Any] = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="minutes"),
        "settings": chosen,
        "machine": machine.describe(32 if args.quick else 256),
        "peaks": [measure.peak(this)],
    }
    for section in chosen["sections"]:
        results[section] = measure.SECTIONS[section](this)
    results["peaks"].append(measure.peak(this))
    results["machine"]["load_after"] = machine.load()
    results["peers"] = {p.name: {"title": p.title} for p in this.peers}
    return results | {"versions": this.versions, "failures": failures.entries}


def save(results: dict[str, Any], text: str, path: Path) -> None:
    """Write the results, and the report beside them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    path.with_suffix(".md").write_text(text, encoding="utf-8")
    _say(f"written: {path} and {path.with_suffix('.md').name}")


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns the exit status."""
    args = parser().parse_args(argv)
    try:
        with tempfile.TemporaryDirectory(prefix="whit-bench-") as folder:
            results = run(args, Path(folder))
    except PeerError as why:
        _say(f"\n{why}\n\n--keep-going leaves a peer that fails out.")
        return 1
    text = report.render(results)
    path = args.json or (LATEST if results["settings"]["full"] else None)
    if path is not None:
        save(results, text, path)
    report.show(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
