"""`import keras` and `import tensorflow` in a program that whit runs: modules in their place.

A finder in front of all others answers for these names and those below them, so nothing is
installed and a Keras that is installed is shadowed, for as long as `shadowing()` lasts. A stand-in
has no names of its own: it looks them up in the table and in whit.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, lru_cache
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from whit._version import __version__
from whit.legacy import journal, rules, table
from whit.legacy.apply import find
from whit.legacy.rows import Name
from whit.naming import did_you_mean

SHADOWED = ("keras", "tensorflow", "tf_keras")
# What lies below whit but is not part of Keras' interface.
_INTERNAL = frozenset({"cli", "engines", "graph", "legacy", "naming", "registry", "transforms"})
_NAMES = {(row.module, row.old): row for row in table.NAMES}
_GONE = {(row.module, row.old): row for row in table.GONE}
_MODULES = {row.old: row for row in table.MODULES}


# ---- what a module path means
@lru_cache(maxsize=1024)
def canonical(path: str) -> str:
    """A path that begins with `keras` or `tensorflow`, whatever root the program uses.

    >>> canonical("tensorflow.python.keras.layers.core")
    'keras.layers.core'
    """
    for roots, name in ((table.ROOTS, "keras"), (table.TENSORFLOW_ROOTS, "tensorflow")):
        for root in sorted(roots, key=len, reverse=True):
            if path == root or path.startswith(root + "."):
                return name + path[len(root) :]
    return path


@lru_cache(maxsize=1024)
def modules_behind(path: str) -> tuple[str, ...] | None:
    """The modules of whit that hold the names of an imported path; None if there is none such."""
    root, _, below = canonical(path).partition(".")
    if root == "keras" and not below:
        return ("whit",)
    if root == "keras" and below in _MODULES:
        return tuple(f"whit.{name}" for name in _MODULES[below].new)
    if root == "keras" and _public(below):
        return (f"whit.{below}",)
    return () if _has_names(canonical(path)) or _is_on_the_way(path) else None


def _public(below: str) -> bool:
    parts = below.split(".")
    if parts[0] in _INTERNAL or any(part.startswith("_") for part in parts):
        return False
    try:
        return find_spec(f"whit.{below}") is not None
    except ModuleNotFoundError:
        return False


def _has_names(path: str) -> bool:
    return any(module == path for module, _ in (*_NAMES, *_GONE))


def _is_on_the_way(path: str) -> bool:
    """Whether a known path lies below: `tensorflow.python` for `tensorflow.python.keras`."""
    ends = (*table.ROOTS, *table.TENSORFLOW_ROOTS, *(module for module, _ in _NAMES))
    return any(end == path or end.startswith(path + ".") for end in ends)


# ---- the modules
class StandIn(ModuleType):
    """A module of the program's Keras or TensorFlow: names come from the table, then from whit."""

    def __init__(self, name: str, behind: Sequence[str]) -> None:
        super().__init__(name, "Keras' interface, as whit offers it to this program.")
        self.__behind__ = tuple(behind)

    @cached_property
    def __canonical__(self) -> str:
        return canonical(self.__name__)

    def __getattr__(self, name: str) -> Any:
        path = self.__canonical__
        if name == "__version__":
            return table.VERSIONS.get(path, __version__)
        if name == "__all__":
            return [n for n in dir(self) if not n.startswith("_")]
        if name.startswith("__"):
            raise AttributeError(name)
        for module in self._known_as():
            if (module, name) in _GONE:
                raise AttributeError(_gone(module, name))
            if (module, name) in _NAMES:
                return _value_of(_NAMES[module, name])
        child = f"{self.__name__}.{name}"
        if canonical(child).removeprefix("keras.") in _MODULES or _is_root(child):
            return import_module(child)
        value = self._in_whit(name)
        if value is _NOTHING or isinstance(value, ModuleType):
            ours = getattr(value, "__name__", "").replace("whit", "keras", 1)
            for path in (child, ours):
                if path and modules_behind(path) is not None:
                    return import_module(path)
            raise AttributeError(_no_such_name(self, name))
        return value

    def _known_as(self) -> list[str]:
        """The paths under which the table may list a name of this module: old, then today's."""
        return [self.__canonical__, *("keras" + m.removeprefix("whit") for m in self.__behind__)]

    def _in_whit(self, name: str) -> Any:
        for module in self.__behind__:
            value = getattr(import_module(module), name, _NOTHING)
            if value is not _NOTHING:
                return value
        return _NOTHING

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        row = _MODULES.get(self.__canonical__.removeprefix("keras."))
        if row is None or not row.calls:
            raise TypeError(f"the module {self.__name__} cannot be called")
        return getattr(self, row.calls)(*args, **kwargs)

    def __dir__(self) -> list[str]:
        names = {old for module, old in _NAMES if module in self._known_as()}
        for module in self.__behind__:
            found = import_module(module)
            names.update(getattr(found, "__all__", None) or (n for n in dir(found) if n[0] != "_"))
        return sorted(names)


_NOTHING = object()


def _is_root(path: str) -> bool:
    return path in table.ROOTS or path in table.TENSORFLOW_ROOTS


def _value_of(row: Name) -> Any:
    journal.note(row)
    value = find(row.new) if row.new else row.value
    if row.new.startswith("ops.") and row.module.startswith("tensorflow"):
        return rules.with_numpy(value)
    return value


# ---- what is missing
def _gone(module: str, name: str) -> str:
    row = _GONE[module, name]
    return f"{module}.{name} ({row.era}) does not exist any more. {row.instead}"


def _no_such_name(module: StandIn, name: str) -> str:
    where = f"{module.__name__} has no name {name!r} in whit {__version__}."
    if module.__canonical__ == "keras.backend" and not name.startswith("_"):
        from whit import ops

        if hasattr(ops, name):
            return f"{where} Today it is keras.ops.{name}."
    names = dir(module)
    alike = [n for n in names if n.islower()] if name.islower() else []  # modules before classes
    return where + (did_you_mean(name, alike) or did_you_mean(name, names))


class Finder(MetaPathFinder, Loader):
    """Answers for `keras`, `tensorflow` and everything below them."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The stand-in's spec; None for any other module.

        Raises:
            ModuleNotFoundError: there is no such module in Keras, nor a name like it.
        """
        if fullname.partition(".")[0] not in SHADOWED:
            return None
        if modules_behind(fullname) is None:
            raise ModuleNotFoundError(self._missing(fullname), name=fullname.rpartition(".")[0])
        return ModuleSpec(fullname, self, is_package=True)

    @staticmethod
    def _missing(fullname: str) -> str:
        """What to say of a name that is no module; it may have been `from parent import name`."""
        parent, _, name = fullname.rpartition(".")
        holder = sys.modules.get(parent)
        if not isinstance(holder, StandIn):
            return f"No module named {fullname!r}: whit has nothing under this name"
        if (holder.__canonical__, name) in _GONE:
            return _gone(holder.__canonical__, name)
        return _no_such_name(holder, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """An empty stand-in."""
        row = _MODULES.get(canonical(spec.name).removeprefix("keras."))
        if row is not None and row.old != "backend":  # that one is today's name too
            journal.note(row)
        return StandIn(spec.name, modules_behind(spec.name) or ())

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run: names are looked up when they are used."""


@contextmanager
def shadowing() -> Iterator[None]:
    """While this lasts, `keras` and `tensorflow` are whit, whatever else is installed."""
    hidden = {name: sys.modules.pop(name) for name in list(sys.modules) if _is_shadowed(name)}
    finder = Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if _is_shadowed(name)]:
            del sys.modules[name]
        sys.modules.update(hidden)


def _is_shadowed(name: str) -> bool:
    return name.partition(".")[0] in SHADOWED
