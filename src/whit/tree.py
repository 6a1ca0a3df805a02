"""Nested structures: lists, tuples and dicts with anything in their leaves.

Layers and transformed functions take and give such structures; Keras calls the same helpers
`keras.tree`. A dict's values come in the order of its sorted keys, so equal dicts are equal trees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any


def is_nested(structure: Any) -> bool:
    """Whether `structure` is a list, tuple or dict, and not a leaf."""
    return isinstance(structure, list | tuple | dict)


def iterate(structure: Any) -> Iterator[Any]:
    """The leaves of `structure`, from left to right; None is a leaf."""
    if isinstance(structure, dict):
        for key in sorted_keys(structure):
            yield from iterate(structure[key])
    elif isinstance(structure, list | tuple):
        for item in structure:
            yield from iterate(item)
    else:
        yield structure


def flatten(structure: Any) -> list[Any]:
    """The leaves of `structure` in a list.

    >>> flatten({"b": [1, 2], "a": (3,)})
    [3, 1, 2]
    """
    return list(iterate(structure))


def pack_sequence_as(structure: Any, flat_sequence: Iterable[Any]) -> Any:
    """`structure` with its leaves replaced, from left to right.

    >>> pack_sequence_as({"b": [0, 0], "a": 0}, "xyz")
    {'b': ['y', 'z'], 'a': 'x'}
    """
    leaves = iter(flat_sequence)
    return _map(lambda _: next(leaves), structure)


def map_structure(func: Callable[..., Any], *structures: Any) -> Any:
    """`func` of each leaf; of the leaves side by side if there are several structures of one form.

    >>> map_structure(lambda a, b: a + b, [1, (2,)], [10, (20,)])
    [11, (22,)]
    """
    first, *rest = structures
    if not rest:
        return _map(func, first)
    columns = zip(*(flatten(s) for s in structures), strict=True)
    return pack_sequence_as(first, [func(*leaves) for leaves in columns])


def sorted_keys(structure: dict) -> list[Any]:
    """The keys of a dict in sorted order, or as they came if they do not compare."""
    try:
        return sorted(structure)
    except TypeError:
        return list(structure)


def _map(func: Callable[[Any], Any], structure: Any) -> Any:
    if isinstance(structure, dict):
        done = {key: _map(func, structure[key]) for key in sorted_keys(structure)}
        return type(structure)((key, done[key]) for key in structure)
    if isinstance(structure, tuple) and hasattr(structure, "_fields"):
        return type(structure)(*(_map(func, item) for item in structure))
    if isinstance(structure, list | tuple):
        return type(structure)(_map(func, item) for item in structure)
    return func(structure)
