"""What an inner layer knows of the calls around it: whether it is training, and the path to it.

A stack for each thread. `Layer.__call__` and `Layer.build` push a frame; `training` given to a
model reaches every layer inside, and a variable made inside is named `model/layer/kernel`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Frame:
    """One layer that is being called or built."""

    layer: Any
    training: bool | None
    calling: bool


class _Stack(threading.local):
    def __init__(self) -> None:
        self.frames: list[Frame] = []


_stack = _Stack()


def training() -> bool | None:
    """The `training` of the call in progress; None outside any, or if nobody said."""
    return _stack.frames[-1].training if _stack.frames else None


def calling() -> bool:
    """Whether some layer is being called."""
    return any(f.calling for f in _stack.frames)


def path() -> str:
    """The names of the layers being called or built, joined with "/"."""
    names: list[str] = []
    for before, frame in zip([None, *_stack.frames], _stack.frames, strict=False):
        if before is None or before.layer is not frame.layer:
            names.append(frame.layer.name)
    return "/".join(names)


@contextmanager
def frame(layer: Any, training: bool | None, calling: bool) -> Iterator[None]:
    """Be inside a call (or, if not `calling`, inside the build) of `layer`."""
    _stack.frames.append(Frame(layer, training, calling))
    try:
        yield
    finally:
        _stack.frames.pop()
