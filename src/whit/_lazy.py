"""Names that are imported when they are first asked for, so that `import whit` stays quick."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any

from whit.naming import did_you_mean


def lazy_names(package: str, places: Mapping[str, str]) -> tuple[Callable, Callable]:
    """`__getattr__` and `__dir__` of a package.

    Args:
        package: its `__name__`.
        places: for each public name the module that has it; "" if the name is itself a submodule.
    """

    def getattr_(name: str) -> Any:
        if name not in places:
            hint = "" if name.startswith("_") else did_you_mean(name, places)
            raise AttributeError(f"module {package!r} has no attribute {name!r}.{hint}")
        place = places[name]
        if place:
            value = getattr(importlib.import_module(place), name)
        else:
            value = importlib.import_module(f"{package}.{name}")
        setattr(sys.modules[package], name, value)
        return value

    def dir_() -> list[str]:
        return sorted({*vars(sys.modules[package]), *places})

    return getattr_, dir_
