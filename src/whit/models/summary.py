"""`model.summary()`: the table that Keras prints, and below it what a sample costs.

The table is laid out here and not by a library: the text is the same wherever it is printed, and on
a terminal it is coloured.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from whit.models.cost import cost_per_sample

_WIDTH = 88  # of the widest table that fits by default
_NARROWEST = 4  # column


@dataclass(frozen=True)
class Column:
    """One column of the table: its heading, how its cells are aligned, and its width inside."""

    heading: str
    align: str
    width: int


def print_summary(
    model: Any,
    line_length: int | None,
    positions: Sequence[float] | None,
    print_fn: Callable[[str], Any] | None,
    expand_nested: bool,
    show_trainable: bool,
    layer_range: Sequence[str] | None,
) -> None:
    """See `Model.summary`."""
    columns = _columns(line_length, positions, show_trainable)
    rows = list(_rows(model, _in_range(model.layers, layer_range), expand_nested, show_trainable))
    lines = [f'Model: "{model.name}"', *_table(columns, rows), *_totals(model)]
    text = "\n".join(lines) + "\n"
    if print_fn is not None:
        print_fn(text)
    else:
        print(_coloured(text) if _on_terminal() else text, end="")


# ---- what is in the table
def _in_range(layers: list[Any], names: Sequence[str] | None) -> list[Any]:
    """The layers from the first that matches `names[0]` to the last that matches `names[1]`."""
    if names is None:
        return layers
    if len(names) != 2 or not all(isinstance(n, str) for n in names):
        raise ValueError(f"summary: layer_range={names!r}: expected the names of two layers")
    first, last = ([q for q, x in enumerate(layers) if re.match(n, x.name)] for n in names)
    if not first or not last:
        raise ValueError(
            f"summary: layer_range={list(names)} matches no layer; layers: "
            f"{', '.join(x.name for x in layers)}"
        )
    ends = sorted([min(first), max(last)])
    return layers[ends[0] : ends[1] + 1]


def _rows(
    model: Any, layers: list[Any], nested: bool, trainable: bool, depth: int = 0
) -> Iterator[list[str]]:
    for layer in layers:
        mark = "└" + " " * depth if depth else ""
        cells = [
            f"{mark}{layer.name} ({type(layer).__name__})",
            _shape(model, layer),
            _params(layer),
        ]
        yield [*cells, "Y" if layer.trainable else "N"] if trainable else cells
        if nested and hasattr(layer, "_output_shape_of"):
            yield from _rows(layer, layer.layers, nested, trainable, depth + 1)


def _shape(model: Any, layer: Any) -> str:
    shape = model._output_shape_of(layer)
    return "?" if shape is None else str(shape)


def _params(layer: Any) -> str:
    return f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"


# ---- what stands below it
def _totals(model: Any) -> list[str]:
    trainable = sum(v.size for v in model.trainable_variables), _nbytes(model.trainable_variables)
    rest = [v for v in model.weights if not any(v is t for t in model.trainable_variables)]
    fixed = sum(v.size for v in rest), _nbytes(rest)
    optimizer = getattr(model, "optimizer", None)
    slots = list(optimizer.variables) if optimizer is not None and optimizer.built else []
    extra = sum(v.size for v in slots), _nbytes(slots)
    entries = [
        ("Total", (trainable[0] + fixed[0] + extra[0], trainable[1] + fixed[1] + extra[1])),
        ("Trainable", trainable),
        ("Non-trainable", fixed),
    ]
    entries += [("Optimizer", extra)] if slots else []
    lines = [f" {name} params: {n:,} ({memory(size)})" for name, (n, size) in entries]
    return lines + _costs(model)


def _costs(model: Any) -> list[str]:
    shape = model._build_shape
    if (
        not model.built
        or not isinstance(shape, tuple)
        or not all(isinstance(d, int | None) for d in shape)
    ):
        return []
    cost = cost_per_sample(model, shape, model.compute_dtype)
    return [
        f" FLOPs per sample: {cost.forward:,} forward, {cost.training:,} with backward",
        f" Memory per sample: {memory(cost.output_bytes)} of layer outputs",
    ]


def _nbytes(variables: Sequence[Any]) -> int:
    return sum(v.nbytes for v in variables)


def memory(nbytes: float) -> str:
    """A number of bytes for people: "2.38 MB"."""
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if nbytes < 1024:
            return f"{nbytes:.2f} {unit}"
        nbytes /= 1024
    return f"{nbytes:.2f} PB"


# ---- the layout
def _columns(
    line_length: int | None, positions: Sequence[float] | None, trainable: bool
) -> list[Column]:
    headings = ["Layer (type)", "Output Shape", "Param #"]
    aligns = ["left", "left", "right"]
    ends = list(positions or (0.45, 0.80, 1.0))
    widest = _WIDTH
    if trainable:
        headings, aligns = [*headings, "Trainable"], [*aligns, "center"]
        ends, widest = [e * 0.9 for e in ends] + [1.0], widest + 12
    length = line_length or min(widest, shutil.get_terminal_size().columns - 4)
    stops = [int(e * length) for e in ends]
    widths = [b - a for a, b in zip([0, *stops], stops, strict=False)]
    if min(widths) < _NARROWEST or len(widths) != len(headings):
        raise ValueError(
            f"summary: line_length={length} and positions={ends} leave columns of {widths}; "
            f"expected {len(headings)} columns of {_NARROWEST} or more"
        )
    return [Column(*c) for c in zip(headings, aligns, _inside(widths, length), strict=True)]


def _inside(widths: list[int], length: int) -> list[int]:
    """Widths without the borders and blanks, which are taken from the columns in equal shares."""
    excess = sum(widths) + 3 * len(widths) + 1 - length
    inside = []
    for left, width in zip(range(len(widths), 0, -1), widths, strict=True):
        share = round(excess / left)
        inside.append(max(width - share, 1))
        excess -= share
    return inside


def _table(columns: list[Column], rows: list[list[str]]) -> Iterator[str]:
    yield _rule(columns, *"┏━┳┓")
    yield from _cells(columns, [_cut(c.heading, c.width) for c in columns], "┃")
    yield _rule(columns, *"┡━╇┩")
    for n, row in enumerate(rows):
        if n:
            yield _rule(columns, *"├─┼┤")
        yield from _cells(columns, row, "│")
    yield _rule(columns, *"└─┴┘")


def _rule(columns: list[Column], left: str, line: str, cross: str, right: str) -> str:
    return left + cross.join(line * (c.width + 2) for c in columns) + right


def _cells(columns: list[Column], row: list[str], bar: str) -> Iterator[str]:
    """A row as lines: each cell wrapped to the width of its column."""
    wrapped = [textwrap.wrap(text, c.width) or [""] for text, c in zip(row, columns, strict=True)]
    for n in range(max(map(len, wrapped))):
        parts = [w[n] if n < len(w) else "" for w in wrapped]
        padded = [_ALIGN[c.align](p, c.width) for p, c in zip(parts, columns, strict=True)]
        yield f"{bar} " + f" {bar} ".join(padded) + f" {bar}"


_ALIGN: dict[str, Callable[[str, int], str]] = {
    "left": str.ljust,
    "right": str.rjust,
    "center": str.center,
}


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


# ---- colours
_BOLD, _BLUE, _CYAN, _GREEN = "1", "38;5;33", "38;5;45", "38;5;34"


def _on_terminal() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def _coloured(text: str) -> str:
    """Headings bold, classes blue, None cyan, numbers green."""
    return "\n".join(map(_coloured_line, text.split("\n")))


def _coloured_line(line: str) -> str:
    if line.startswith("┃"):
        return "┃".join(_paint(cell, _BOLD) if cell else "" for cell in line.split("┃"))
    if line.startswith("│"):
        _, name, *rest, _ = line.split("│")
        name = re.sub(r"(?<=\()\w+(?=\) *$)", lambda m: _paint(m[0], _BLUE), name)
        return "│".join(["", name, *map(_painted_numbers, rest), ""])
    if line.startswith(("Model", " ")):
        label, colon, figures = line.partition(": ")
        counts, bracket, bytes_ = figures.partition(" (")
        return _paint(label + colon, _BOLD) + _painted_numbers(counts) + bracket + bytes_
    return line


def _painted_numbers(text: str) -> str:
    paint = lambda m: _paint(m[0], _CYAN if m[0] == "None" else _GREEN)  # noqa: E731
    return re.sub(r"None|\d[\d,.]*(?![\w.])", paint, text)


def _paint(text: str, style: str) -> str:
    return f"\x1b[{style}m{text}\x1b[0m"
