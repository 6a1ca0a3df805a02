"""IR to machine code, once: object files cached on disk, loaded into this process.

A cache entry is named by a digest of everything that decides its content, carries the SHA-256 of
what follows, and is replaced atomically. One that is damaged, cut off or of another version is
ignored and written anew, never run. Where the cache cannot be written whit says so once and goes
on.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from whit.engines.native.step import ENTRY
from whit.engines.native.target import Target

MAGIC = b"whit-object-1\n"
_warned: list[str] = []


def cache_folder() -> Path:
    """Where compiled programs are kept: WHIT_CACHE, or the user's cache folder."""
    chosen = os.environ.get("WHIT_CACHE")
    if chosen:
        return Path(chosen) / "objects"
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME", home / ".cache"))
    return base / "whit" / "objects"


@dataclass
class Compiled:
    """Machine code in this process.

    Attributes:
        address: of the entry function. meta: what the compiler noted for the caller.
        seconds: how long each stage took. cached: whether the object came from disk.
    """

    address: int
    meta: dict[str, Any]
    seconds: dict[str, float] = field(default_factory=dict)
    cached: bool = False
    keep: Any = None


@lru_cache
def _initialise() -> None:
    from llvmlite import binding

    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()


def machine(target: Target) -> Any:
    """LLVM's code generator for a target."""
    from llvmlite import binding

    _initialise()
    triple = target.triple or binding.get_process_triple()
    return binding.Target.from_triple(triple).create_target_machine(
        cpu=target.cpu,
        features=target.features,
        opt=2,
        reloc="pic" if target.triple else "default",
        jit=not target.triple,
    )


@lru_cache
def toolchain() -> str:
    """Versions that an object file depends on."""
    import llvmlite
    from llvmlite import binding

    here = Path(__file__).parent
    sources = hashlib.sha256()
    for path in sorted([*here.rglob("*.py"), *here.parent.parent.glob("graph/**/*.py")]):
        sources.update(path.read_bytes())
    return (
        f"{llvmlite.__version__} {binding.llvm_version_info} {sys.platform} {sources.hexdigest()}"
    )


def to_object(
    text_of: Callable[[str, str], str], target: Target
) -> tuple[bytes, dict[str, float], Any]:
    """Object code of a module; `text_of(triple, layout)` writes it."""
    from llvmlite import binding

    seconds: dict[str, float] = {}
    clock = time.perf_counter()

    def lap(name: str) -> None:
        nonlocal clock
        now = time.perf_counter()
        seconds[name], clock = now - clock, now

    tm = machine(target)
    text = text_of(tm.triple, str(tm.target_data))
    lap("text")
    module = binding.parse_assembly(text)
    module.verify()
    lap("parse")
    optimise(module, tm)
    lap("optimise")
    code = tm.emit_object(module)
    lap("generate")
    return code, seconds, (module, tm)


# What code that is already vectorised gains from; the usual pipeline takes five times as long and
# gains nothing (0.22 s against 0.05 on the classic network, the same speed).
PASSES = ("simplify_cfg", "loop_rotate", "instruction_combine")


def optimise(module: Any, tm: Any) -> None:
    """Run PASSES over every function."""
    from llvmlite import binding

    builder = binding.create_pass_builder(tm, binding.create_pipeline_tuning_options())
    passes = binding.create_new_function_pass_manager()
    for name in PASSES:
        getattr(passes, f"add_{name}_pass")()
    for function_ in module.functions:
        if not function_.is_declaration:
            passes.run(function_, builder)


def load(code: bytes, target: Target) -> tuple[int, Any]:
    """Link object code into the process: the entry's address and what keeps it alive."""
    from llvmlite import binding

    tm = machine(target)
    engine = binding.create_mcjit_compiler(binding.parse_assembly(""), tm)
    engine.add_object_file(binding.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine.get_function_address(ENTRY), engine


def read_entry(path: Path) -> tuple[dict[str, Any], bytes] | None:
    """A cache entry's notes and code; None if there is none that is whole."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    head = len(MAGIC) + 32
    if (
        not data.startswith(MAGIC)
        or hashlib.sha256(data[head:]).digest() != data[len(MAGIC) : head]
    ):
        return None
    size = int.from_bytes(data[head : head + 8], "little")
    return json.loads(data[head + 8 : head + 8 + size]), data[head + 8 + size :]


def write_entry(path: Path, meta: dict[str, Any], code: bytes) -> None:
    """Write a cache entry whole or not at all; a failure is one warning, not an error."""
    notes = json.dumps(meta).encode()
    body = len(notes).to_bytes(8, "little") + notes + code
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as f:
                f.write(MAGIC + hashlib.sha256(body).digest() + body)
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        if not _warned:
            _warned.append(str(error))
            warnings.warn(
                f"whit could not keep compiled code in {path.parent} ({error}); it will be "
                "compiled again next time. Set WHIT_CACHE to a folder that can be written.",
                RuntimeWarning,
                stacklevel=2,
            )


def function(address: int) -> Any:
    """The entry as a callable that lets other Python threads run meanwhile."""
    words = [ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64]
    return ctypes.CFUNCTYPE(None, *words)(address)
