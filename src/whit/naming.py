"""Names of objects: snake case of a class, a number when a name repeats, what a typo meant."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable

_used: Counter[str] = Counter()


def to_snake_case(name: str) -> str:
    """`"RandomNormal"` -> `"random_normal"`, as Keras writes it (`"L1L2"` -> `"l1l2"`)."""
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def auto_name(prefix: str) -> str:
    """The snake case of `prefix`, with `_1`, `_2`, ... from its second use on."""
    prefix = to_snake_case(prefix)
    count = _used[prefix]
    _used[prefix] += 1
    return f"{prefix}_{count}" if count else prefix


def reset_names() -> None:
    """Start counting again."""
    _used.clear()


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """`' Did you mean "adam"?'` for `"adm"`, or nothing if no choice is near."""
    known = {c.lower(): c for c in sorted(choices, reverse=True)}
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.6)
    return f' Did you mean "{known[near[0]]}"?' if near else ""
