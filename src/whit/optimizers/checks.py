"""Checks of the arguments that all optimizers take, and the signature that shows them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any


def check_hyperparameters(given: Mapping[str, Any]) -> None:
    """Raise ValueError for a common argument out of its range, or clipping asked for twice."""
    steps, frequency = given["gradient_accumulation_steps"], given["ema_overwrite_frequency"]
    if steps and not (isinstance(steps, int) and steps >= 2):
        raise ValueError(f"gradient_accumulation_steps={steps!r}: expected an integer >= 2 or None")
    if given["use_ema"]:
        check_range("ema_momentum", given["ema_momentum"], 0, 1)
        if frequency and not (isinstance(frequency, int) and frequency >= 1):
            raise ValueError(
                f"ema_overwrite_frequency={frequency!r}: expected an integer >= 1 or None"
            )
    kinds = ("clipnorm", "clipvalue", "global_clipnorm")
    clips = {n: given[n] for n in kinds if given[n] is not None}
    if len(clips) > 1:
        listing = ", ".join(f"{n}={v!r}" for n, v in clips.items())
        raise ValueError(f"{listing}: only one kind of clipping can be used, leave the others out")


def check_range(name: str, value: Any, low: float, high: float = float("inf")) -> None:
    """Raise ValueError unless `value` is a number in [low, high]."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not low <= value <= high:
        bounds = f"in [{low}, {high}]" if high != float("inf") else f">= {low}"
        raise ValueError(f"{name}={value!r}: expected a number {bounds}")


def keras_signature(cls: type, common: Mapping[str, Any]) -> inspect.Signature:
    """The signature of a class's `__init__`, its `**common` spelled out."""
    own = list(inspect.signature(cls.__init__).parameters.values())[1:]  # type: ignore[misc]
    named = [p for p in own if p.kind is not p.VAR_KEYWORD]
    if len(named) == len(own):
        return inspect.Signature(own)
    taken = {p.name for p in named}
    kind = inspect.Parameter.KEYWORD_ONLY
    extra = [inspect.Parameter(n, kind, default=d) for n, d in common.items() if n not in taken]
    return inspect.Signature(named + extra)
