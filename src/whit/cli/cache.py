"""`whit cache`: how much whit keeps on disk and where, and removing it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cache:
    """One folder that whit keeps things in.

    Attributes:
        name: for `whit cache clear NAME`. holds: what is in it. folder: where it is.
        patterns: which of its files are whit's own.
    """

    name: str
    holds: str
    folder: Path
    patterns: tuple[str, ...]

    def files(self) -> list[Path]:
        """whit's files in it."""
        found = (path for pattern in self.patterns for path in self.folder.glob(pattern))
        return sorted(path for path in found if path.is_file())

    def nbytes(self) -> int:
        """The size of those."""
        return sum(path.stat().st_size for path in self.files())

    def writable(self) -> bool:
        """Whether whit can keep something there, the folder being made if need be."""
        place = self.folder
        while not place.exists() and place.parent != place:
            place = place.parent
        return place.is_dir() and os.access(place, os.W_OK | os.X_OK)


def caches() -> list[Cache]:
    """All of them."""
    from whit.datasets import _cache
    from whit.engines.native import object as objects

    return [
        Cache("objects", "compiled programs", objects.cache_folder(), ("*.o", "tmp*")),
        Cache("datasets", "data sets", _cache.cache_folder() / "datasets", ("*.npz", ".*.tmp")),
    ]


def size(nbytes: float) -> str:
    """A number of bytes for people."""
    for unit in ("B", "KB", "MB"):
        if nbytes < 1000:
            return f"{nbytes:.0f} {unit}" if unit == "B" else f"{nbytes:.1f} {unit}"
        nbytes /= 1000
    return f"{nbytes:.1f} GB"


def describe(cache: Cache) -> str:
    """How much is in it, where it is, and whether that is writable."""
    files = cache.files()
    count = "1 file" if len(files) == 1 else f"{len(files)} files"
    locked = "" if cache.writable() else " (cannot be written)"
    return f"{count}, {size(cache.nbytes())} in {cache.folder}{locked}"


# ---- the verb
def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`whit cache [show | clear] [NAME ...]`"""
    parser.add_argument("action", nargs="?", choices=("show", "clear"), default="show")
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="objects (compiled programs) or datasets; all by default",
    )


def run(arguments: argparse.Namespace) -> int:
    """Show or clear; 1 if something could not be removed, 2 for an unknown name."""
    from whit.errors import unknown_name

    known = {cache.name: cache for cache in caches()}
    for name in arguments.names:
        if name not in known:
            print(f"whit cache: {unknown_name('cache', name, known)}", file=sys.stderr)
            return 2
    chosen = [known[name] for name in arguments.names or known]
    if arguments.action == "clear":
        return _clear(chosen)
    for cache in chosen:
        print(f"{cache.name:<9} {cache.holds}: {describe(cache)}")
    return 0


def _clear(chosen: Iterable[Cache]) -> int:
    status = 0
    for cache in chosen:
        removed = freed = 0
        for path in cache.files():
            nbytes = path.stat().st_size
            try:
                path.unlink()
            except OSError as error:
                print(f"whit cache: {path}: {error.strerror or error}", file=sys.stderr)
                status = 1
            else:
                removed, freed = removed + 1, freed + nbytes
        print(f"{cache.name:<9} removed {removed} files, {size(freed)}")
    return status
