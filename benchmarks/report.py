"""From raw results to the Markdown report: medians, ratios, shares of peak, aims.

Everything here is a pure function of the results' JSON, so a report can be made again from the
file. What was not measured is said to be so; nothing is filled in.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import mean, median
from typing import Any

from benchmarks.envs import WHIT
from benchmarks.nets import NETS

Results = Mapping[str, Any]
KERAS_TF = "keras-tensorflow"


# ---- arithmetic
@dataclass(frozen=True)
class Spread:
    """Median, smallest and largest of some readings."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """The spread of `values`, of which there must be one or more."""
        found = list(values)
        return cls(median(found), min(found), max(found))

    def text(self, scale: float = 1.0, digits: int = 3) -> str:
        """`median (low – high)`, multiplied by `scale`."""
        middle, low, high = (f"{v * scale:.{digits}f}" for v in (self.median, self.low, self.high))
        return middle if low == high else f"{middle} ({low} – {high})"


def fastest(times: Mapping[str, Sequence[float]]) -> str | None:
    """The peer other than whit with the smallest median; None without one."""
    others = {peer: median(t) for peer, t in times.items() if peer != WHIT and t}
    return min(others, key=lambda peer: others[peer]) if others else None


def speedup(times: Mapping[str, Sequence[float]], peer: str | None = None) -> Spread | None:
    """How many times faster whit is than `peer`, or than the fastest of them.

    The median is the ratio of the two medians; low and high are those of the turns, each against
    the turn beside it. None if one of the two was not measured.
    """
    peer = peer or fastest(times)
    ours, theirs = times.get(WHIT), times.get(peer or "")
    if not ours or not theirs:
        return None
    pairs = [b / a for a, b in zip(ours, theirs, strict=False)]
    return Spread(median(theirs) / median(ours), min(pairs), max(pairs))


def gflops_peak(results: Results) -> float | None:
    """The highest peak on all threads that was measured, before or after, in GFLOP/s."""
    found = [p["gflops_all"] for p in results.get("peaks", ()) if p]
    return max(found) if found else None


def share_of_peak(results: Results, net: str, peer: str = WHIT) -> float | None:
    """Share of the float32 peak over a median epoch; None if one of the two is missing."""
    peak, seconds = gflops_peak(results), _epochs(results, net).get(peer)
    if not peak or not seconds:
        return None
    return results["epochs"][net]["gflop"] / median(seconds) / peak


def beyond_libraries(memory: Mapping[str, float]) -> float | None:
    """MB of peak memory beyond what was resident after imports and data."""
    if "peak_end" not in memory or "rss" not in memory:
        return None
    return memory["peak_end"] - memory["rss"]


def _epochs(results: Results, net: str) -> dict[str, list[float]]:
    peers = results.get("epochs", {}).get(net, {}).get("peers", {})
    return {peer: found["seconds"] for peer, found in peers.items()}


def _program(results: Results, key: str = "seconds") -> dict[str, list[float]]:
    return {peer: [run[key] for run in runs] for peer, runs in results.get("program", {}).items()}


# ---- the aims
@dataclass(frozen=True)
class Aim:
    """A figure the project set itself.

    Args:
        text: what.
        unit: printed after the numbers.
        bar, aim: what must and what should be reached; no aim where there is none.
        value: the measured figure of some results, or None.
        higher: whether more is better.
        low: with it, `low` to `bar` is a range to be inside of.
    """

    text: str
    unit: str
    bar: float
    aim: float | None
    value: Callable[[Results], float | None]
    higher: bool = False
    low: float | None = None
    digits: int = 2

    def verdict(self, value: float | None) -> str:
        """One word or two about `value`."""
        if value is None:
            return "not measured"
        if self.low is not None:
            return "reached" if self.low <= value <= self.bar else "**missed**"
        if self.aim is not None and self._reaches(value, self.aim):
            return "aim reached"
        return "bar reached" if self._reaches(value, self.bar) else "**missed**"

    def _reaches(self, value: float, mark: float) -> bool:
        return value >= mark if self.higher else value <= mark

    def row(self, results: Results) -> list[str]:
        """A line of the table."""
        value = self.value(results)
        bar = f"{self.bar:g} {self.unit}"
        if self.low is not None:
            bar = f"{self.low:g} – {bar}"
        aim = "" if self.aim is None else f"{self.aim:g} {self.unit}"
        found = "" if value is None else f"{value:.{self.digits}f} {self.unit}"
        return [self.text, bar, aim, found, self.verdict(value)]


def _ratio(of: Callable[[Results], Mapping[str, list[float]]], peer: str | None = None) -> Any:
    def value(results: Results) -> float | None:
        found = speedup(of(results), peer)
        return None if found is None else found.median

    return value


def _first(key: str) -> Callable[[Results], float | None]:
    def value(results: Results) -> float | None:
        turns = results.get("start", {}).get("first", {}).get(WHIT, ())
        return median(t[key] for t in turns) if turns and turns[0][key] is not None else None

    return value


def _import(results: Results) -> float | None:
    turns = results.get("start", {}).get("import", {}).get(WHIT)
    return median(t["module"] for t in turns) if turns else None


def _predict(way: str) -> Callable[[Results], float | None]:
    def value(results: Results) -> float | None:
        turns = results.get("predict", {}).get(WHIT)
        return median(t[way] for t in turns) * 1e6 if turns and way in turns[0] else None

    return value


def _share(results: Results) -> float | None:
    share = share_of_peak(results, "classic")
    return None if share is None else share * 100


def _error(results: Results) -> float | None:
    errors = _program(results, "error").get(WHIT)
    return mean(errors) if errors else None


def _memory(results: Results) -> float | None:
    peers = results.get("epochs", {}).get("classic", {}).get("peers", {})
    return beyond_libraries(peers[WHIT]["memory"]) if WHIT in peers else None


AIMS: tuple[Aim, ...] = (
    *(
        Aim(
            f"epoch of {net.title}, against the fastest peer",
            "×",
            1.3,
            1.6,
            _ratio(partial(_epochs, net=name)),
            higher=True,
        )
        for name, net in NETS.items()
    ),
    Aim("float32 peak over a whole epoch of classic", "%", 60, 75, _share, higher=True, digits=0),
    Aim(
        "whole program, cold, against the fastest peer",
        "×",
        1.5,
        1.7,
        _ratio(_program),
        higher=True,
    ),
    Aim(
        "whole program, cold, against Keras on TensorFlow",
        "×",
        3,
        3.6,
        _ratio(_program, KERAS_TF),
        higher=True,
    ),
    Aim("baseline error, mean of the seeds", "%", 2.0, None, _error, low=1.6),
    Aim("`import whit`", "s", 0.2, 0.1, _import, digits=3),
    Aim("first step of a new model, cold cache", "s", 0.6, 0.3, _first("cold"), digits=3),
    Aim("first step of a new model, warm cache", "s", 0.1, 0.03, _first("warm"), digits=3),
    Aim("one sample through `predict`", "µs", 50, None, _predict("predict"), digits=1),
    Aim("one sample through a compiled function", "µs", 15, None, _predict("compiled"), digits=1),
    Aim("peak memory beyond arrays and libraries", "MB", 100, None, _memory, digits=0),
)


# ---- Markdown
def table(head: Sequence[str], rows: Iterable[Sequence[str]], rule: str = "---:") -> str:
    """A Markdown table; `rule` sets the columns after the first, right unless told otherwise."""
    lines = [list(head), ["---", *[rule] * (len(head) - 1)], *[list(row) for row in rows]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _title(results: Results, peer: str) -> str:
    title = results["peers"].get(peer, {}).get("title", peer)
    return f"**{title}**" if peer == WHIT else title


def _against(times: Mapping[str, Sequence[float]]) -> Callable[[str], str]:
    """How a median compares: with whit's, or with the smallest where whit took no part."""
    base = median(times[WHIT]) if WHIT in times else min(median(t) for t in times.values())
    return lambda peer: f"{median(times[peer]) / base:.2f} ×"


def _by_median(times: Mapping[str, Sequence[float]]) -> list[str]:
    return sorted(times, key=lambda peer: median(times[peer]))


def _aims(results: Results) -> str:
    head = ("figure", "bar", "aim", "measured", "verdict")
    return "## Aims\n\n" + table(head, (aim.row(results) for aim in AIMS))


def _net(results: Results, name: str) -> str:
    net, times = results["epochs"][name], _epochs(results, name)
    if not times:
        return f"### {name}: {net['title']}\n\nNo peer finished."
    against = _against(times)

    def row(peer: str) -> list[str]:
        found, share = net["peers"][peer], share_of_peak(results, name, peer)
        rate = net["gflop"] / median(times[peer])
        beyond = beyond_libraries(found["memory"])
        return [
            _title(results, peer),
            Spread.of(times[peer]).text(),
            against(peer),
            f"{rate:.0f}",
            "" if share is None else f"{share * 100:.0f} %",
            f"{found['first']:.2f}",
            f"{found['loss'][-1]:.4f}",
            "" if beyond is None else f"{beyond:.0f}",
        ]

    head = (
        "peer",
        "s an epoch",
        "time",
        "GFLOP/s",
        "of peak",
        "first epoch, s",
        "last loss",
        "memory, MB",
    )
    gflop = f"{net['rows']:,} rows, {net['gflop']:.1f} GFLOP an epoch"
    return f"### {name}: {net['title']}\n\n{gflop}.{_best(times)}\n\n" + table(
        head, map(row, _by_median(times))
    )


def _best(times: Mapping[str, Sequence[float]]) -> str:
    found, peer = speedup(times), fastest(times)
    if found is None:
        return ""
    return f" whit is {found.text(digits=2)} times as fast as the fastest peer ({peer})."


def _epochs_part(results: Results) -> str:
    text = (
        "## Seconds an epoch\n\nMedian (fastest – slowest epoch). `time` is against whit's, or the "
        "fastest's where whit took no part; `of peak` counts what the mathematics needs."
    )
    return "\n\n".join([text, *(_net(results, name) for name in results["epochs"])])


def _program_part(results: Results) -> str:
    times = _program(results)
    if not times:
        return "## The whole classic program\n\nNo peer finished."
    against = _against(times)

    def row(peer: str) -> list[str]:
        runs = results["program"][peer]
        cpu = [r["user"] + r["system"] for r in runs if r["user"] is not None]
        memory = [r["peak_mb"] for r in runs if r["peak_mb"] is not None]
        errors = [r["error"] for r in runs]
        return [
            _title(results, peer),
            Spread.of(times[peer]).text(digits=2),
            against(peer),
            f"{median(cpu):.1f}" if cpu else "",
            f"{median(memory):.0f}" if memory else "",
            f"{mean(errors):.2f} ({min(errors):.2f} – {max(errors):.2f})",
        ]

    head = ("peer", "seconds", "time", "processor s", "peak MB", "baseline error, %")
    about = "Process start to printed error, 10 epochs, compiled code not cached, a seed a run."
    return f"## The whole classic program\n\n{about}{_best(times)}\n\n" + table(
        head, map(row, _by_median(times))
    )


def _start_part(results: Results) -> str:
    imports, firsts = results["start"]["import"], results["start"]["first"]

    def row(peer: str) -> list[str]:
        turns = firsts.get(peer, ())
        cold = [t["cold"] for t in turns]
        warm = [t["warm"] for t in turns if t["warm"] is not None]
        module, names = ([t[key] for t in imports.get(peer, ())] for key in ("module", "names"))
        cells = [module, names, cold, warm]
        return [_title(results, peer), *(Spread.of(c).text() if c else "" for c in cells)]

    peers = [peer for peer in results["peers"] if peer in imports or peer in firsts]
    head = ("peer", "import, s", "and first names, s", "first step, cold, s", "first step, warm, s")
    return "## Start\n\n" + table(head, map(row, peers))


def _predict_part(results: Results) -> str:
    def row(peer: str) -> list[str]:
        turns = results["predict"][peer]
        ways = [[t[way] for t in turns if way in t] for way in ("predict", "compiled")]
        return [
            _title(results, peer),
            *(Spread.of(w).text(1e6, digits=1) if w else "" for w in ways),
        ]

    head = ("peer", "`predict`, µs", "compiled function, µs")
    return "## One sample\n\n" + table(head, map(row, results["predict"]))


def _machine_part(results: Results) -> str:
    m, peaks = results["machine"], [p for p in results.get("peaks", ()) if p]
    loads = [f"{v:.2f}" for v in (m.get("load_before"), m.get("load_after")) if v is not None]
    rows = [
        ["processor", f"{m['processor']}, {m['cores']} cores ({m['logical']} logical)"],
        ["features", " ".join(m["features"]) or "unknown"],
        ["float32 peak, 1 thread", " / ".join(f"{p['gflops_1']:.0f}" for p in peaks)],
        ["float32 peak, all threads", " / ".join(f"{p['gflops_all']:.0f}" for p in peaks)],
        ["memory copy, 1 thread", f"{m['bandwidth_1']:.1f} GB/s"],
        ["memory copy, all cores", f"{m['bandwidth_all']:.1f} GB/s"],
        ["load average, before / after", " / ".join(loads) or "unknown"],
        ["system", f"{m['system']}, Python {m['python']}"],
    ]
    for row in rows[2:4]:
        row[1] = f"{row[1]} GFLOP/s" if row[1] else "not measured"
    return "## Machine\n\n" + table(("what", "figure"), rows, "---")


def _versions_part(results: Results) -> str:
    def row(peer: str) -> list[str]:
        return [
            _title(results, peer),
            ", ".join(f"{k} {v}" for k, v in results["versions"][peer].items()),
        ]

    return "## Versions\n\n" + table(("peer", "versions"), map(row, results["versions"]), "---")


def _failures_part(results: Results) -> str:
    lines = [
        f"- {f['peer']}, {f['where']}: {f['kind']}: {f['message'].strip().splitlines()[-1]}"
        for f in results["failures"]
    ]
    return "## Left out\n\n" + "\n".join(lines)


def warnings(results: Results) -> list[str]:
    """What a reader must know before believing the figures."""
    found, m, chosen = [], results["machine"], results["settings"]
    if chosen.get("rows"):
        found.append("A trial run on few rows: the figures show that the benchmark runs, no more.")
    if (m.get("load_before") or 0) > 0.3 * m["cores"]:
        found.append(
            f"The machine was busy when the run began (load average {m['load_before']:.2f}): peers "
            "that wait for each other by spinning, PyTorch above all, are slowed most by that."
        )
    return found


_PARTS: tuple[tuple[str, Callable[[Results], str]], ...] = (
    ("epochs", _epochs_part),
    ("program", _program_part),
    ("start", _start_part),
    ("predict", _predict_part),
    ("machine", _machine_part),
    ("versions", _versions_part),
    ("failures", _failures_part),
)


def render(results: Results) -> str:
    """The whole report as Markdown."""
    chosen = results["settings"]
    about = (
        f"{results['date']}: {chosen['epochs']} timed epochs of each network and "
        f"{chosen['rounds']} rounds of everything else, all peers taking turns in one run. Made by "
        "`python -m benchmarks`; what each figure means stands in `benchmarks/README.md`."
    )
    notes = [f"> **Note.** {text}" for text in warnings(results)]
    parts = [part(results) for key, part in _PARTS if results.get(key)]
    return "\n\n".join(["# whit beside its peers", about, *notes, _aims(results), *parts]) + "\n"


def show(text: str) -> None:
    """Print the report: drawn by rich on a terminal that has it, else as it is."""
    if sys.stdout.isatty() and importlib.util.find_spec("rich"):
        from rich.console import Console
        from rich.markdown import Markdown

        Console().print(Markdown(text))
    else:
        print(text)
