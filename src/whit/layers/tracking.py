"""Finds the state of a layer by looking at its attributes: variables, sublayers, metrics, seeds.

Nothing is recorded when an attribute is set; lists, tuples and dicts in attributes are searched, so
a layer appended to a list later is found as well. Attributes are asked in the order they were made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from whit.random import SeedGenerator
from whit.variables import Variable


def search(holder: Any, wanted: Callable[[Any], bool]) -> Iterator[Any]:
    """The values in the attributes of `holder`, and in containers there, that are `wanted`."""
    stack = [v for name, v in reversed(vars(holder).items()) if name != "_made_with"]
    while stack:
        value = stack.pop()
        if wanted(value):
            yield value
        elif isinstance(value, list | tuple):
            stack.extend(reversed(value))
        elif isinstance(value, dict):
            stack.extend(reversed(value.values()))


def unique(items: Iterator[Any]) -> list[Any]:
    """Each item once, in order of first appearance, by identity."""
    return list({id(x): x for x in items}.values())


def variables(holder: Any) -> list[Variable]:
    """The variables that `holder` itself has; not those of its sublayers or seed generators."""
    return unique(search(holder, lambda v: isinstance(v, Variable)))


def seeds(holder: Any) -> list[SeedGenerator]:
    """The seed generators that `holder` itself has."""
    return unique(search(holder, lambda v: isinstance(v, SeedGenerator)))


def metrics(holder: Any) -> list[Any]:
    """The metrics that `holder` itself has."""
    return unique(search(holder, is_metric))


def is_metric(value: Any) -> bool:
    """Whether `value` is a metric object (metrics and layers do not import each other)."""
    cls = type(value)
    return hasattr(cls, "update_state") and hasattr(cls, "reset_state")
