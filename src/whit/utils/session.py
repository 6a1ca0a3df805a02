"""Forgetting what whit remembers between models."""

from __future__ import annotations

from collections import Counter

from whit.naming import reset_names

_uids: Counter[str] = Counter()


def clear_session(free_memory: bool = True) -> None:
    """Start numbering the names of layers, models and variables anew: the next Dense is "dense".

    Args:
        free_memory: whether to collect garbage as well.
    """
    reset_names()
    _uids.clear()
    if free_memory:
        import gc

        gc.collect()


def get_uid(prefix: str = "") -> int:
    """How often this has been called with `prefix`, this time included."""
    _uids[prefix] += 1
    return _uids[prefix]
