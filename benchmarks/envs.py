"""The peers: what each one runs, and the virtual environments the benchmark makes for them.

One environment for each framework, made at first need under a cache folder and named by a digest of
what is in it, so that a changed pin is a new environment. All versions stand in `PINS` and nowhere
else.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.protocol import PeerError

HERE = Path(__file__).resolve().parent

# Exact versions, so that two reports compare. On Linux, PyPI's torch is a CUDA build of several GB;
# it measures the same on the processor. To have the small one, let pip see an index or a folder
# that carries `torch==2.13.0+cpu` (PIP_EXTRA_INDEX_URL, PIP_FIND_LINKS): pip prefers it to the
# plain version.
PINS: dict[str, str] = {
    "numpy": "numpy==2.4.6",
    "keras": "keras==3.15.1",
    "jax": "jax==0.10.2",
    "jaxlib": "jaxlib==0.10.2",
    "torch": "torch==2.13.0",
    "tensorflow": "tensorflow-cpu==2.21.0; platform_system != 'Darwin'",
    "tensorflow-mac": "tensorflow==2.21.0; platform_system == 'Darwin'",
}

GROUPS: dict[str, tuple[str, ...]] = {
    "tensorflow": ("numpy", "keras", "tensorflow", "tensorflow-mac"),
    "jax": ("numpy", "keras", "jax", "jaxlib"),
    "torch": ("numpy", "keras", "torch"),
}


@dataclass(frozen=True)
class Peer:
    """One competitor.

    Args:
        name: the key in results and on the command line.
        title: for the report.
        group: its environment in `GROUPS`; `"whit"` is the running interpreter.
        script: file in `peers/`.
        module: what `import` time is measured of; empty for none.
        uses: names that its programs use first, so that a lazy module cannot hide its weight.
        env: environment variables of its own.
        caches: variables that name a cache of compiled code, emptied for a cold start.
    """

    name: str
    title: str
    group: str
    script: str
    module: str = ""
    uses: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    caches: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The script."""
        return str(HERE / "peers" / self.script)


WHIT = "whit"
_KERAS_NAMES = "{0}.models.Sequential, {0}.layers.Dense, {0}.optimizers.Adam"

PEERS: dict[str, Peer] = {
    peer.name: peer
    for peer in (
        Peer(
            WHIT,
            "whit",
            WHIT,
            "whit_native.py",
            "whit",
            _KERAS_NAMES.format("whit"),
            caches=("WHIT_CACHE",),
        ),
        Peer("jax", "JAX, whole-epoch scan", "jax", "plain_jax.py", "jax", "jax.numpy, jax.nn"),
        Peer(
            "torch",
            "PyTorch, fused optimizer",
            "torch",
            "plain_torch.py",
            "torch",
            "torch.nn, torch.optim",
        ),
        Peer(
            "torch-compile",
            "PyTorch, torch.compile",
            "torch",
            "plain_torch.py",
            env={"WHIT_BENCH_COMPILE": "1"},
            caches=("TORCHINDUCTOR_CACHE_DIR",),
        ),
        Peer(
            "keras-jax",
            "Keras on JAX",
            "jax",
            "keras_jax.py",
            "keras",
            _KERAS_NAMES.format("keras"),
            env={"KERAS_BACKEND": "jax"},
        ),
        Peer(
            "keras-torch",
            "Keras on PyTorch",
            "torch",
            "keras_torch.py",
            "keras",
            _KERAS_NAMES.format("keras"),
            env={"KERAS_BACKEND": "torch"},
        ),
        Peer(
            "keras-tensorflow",
            "Keras on TensorFlow",
            "tensorflow",
            "keras_tensorflow.py",
            "keras",
            _KERAS_NAMES.format("keras"),
            env={"KERAS_BACKEND": "tensorflow"},
        ),
    )
}

# Settings of the shell that would favour or hurt somebody. With no byte code written, every import
# of a source checkout would compile it anew.
_DROPPED = (
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONUNBUFFERED",
    "KERAS_BACKEND",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "XLA_FLAGS",
    "JAX_COMPILATION_CACHE_DIR",
    "WHIT_NUM_THREADS",
    "WHIT_DEBUG",
)


def environment(peer: Peer, threads: int, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """The whole environment of a peer's process."""
    env = {k: v for k, v in (os.environ if base is None else base).items() if k not in _DROPPED}
    env |= {"WHIT_BENCH_THREADS": str(threads), "TF_CPP_MIN_LOG_LEVEL": "2", **peer.env}
    if peer.group == WHIT:
        env["PYTHONPATH"] = str(HERE.parent / "src")
    return env


def cache_folder() -> Path:
    """Where the environments live: `WHIT_BENCH_ENVS`, else whit-bench in the platform's cache."""
    if given := os.environ.get("WHIT_BENCH_ENVS"):
        return Path(given).expanduser()
    homes = {
        "win32": Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")),
        "darwin": Path.home() / "Library" / "Caches",
    }
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return homes.get(sys.platform, default) / "whit-bench"


def requirements(group: str) -> list[str]:
    """The pinned requirements of a group."""
    return [PINS[key] for key in GROUPS[group]]


def folder_of(group: str) -> Path:
    """The folder of a group's environment; a changed pin or Python changes it."""
    what = "\n".join([*requirements(group), sys.version])
    return cache_folder() / f"{group}-{hashlib.sha256(what.encode()).hexdigest()[:10]}"


def _python_in(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def make(group: str, say: Callable[[str], None] = lambda _: None) -> Path:
    """The interpreter of a group's environment, made now if it is not there whole.

    Raises:
        PeerError: pip failed; its last lines are in the message.
    """
    folder = folder_of(group)
    done = folder / "complete"
    if done.exists():
        return _python_in(folder)
    shutil.rmtree(folder, ignore_errors=True)
    say(f"making the environment of {group}: {', '.join(requirements(group))}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    venv.create(folder, with_pip=True)
    command = [str(_python_in(folder)), "-m", "pip", "install", "--quiet", *requirements(group)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode:
        tail = "\n".join(found.stderr.strip().splitlines()[-8:])
        raise PeerError(
            f"pip could not install {group} ({', '.join(requirements(group))}):\n{tail}\n"
            f"Install it yourself and name its interpreter: --python-of {group}=PATH, "
            f"or leave it out with --peers."
        )
    done.write_text("\n".join(requirements(group)), encoding="utf-8")
    return _python_in(folder)


def interpreter(
    peer: Peer, given: Mapping[str, str], say: Callable[[str], None] = lambda _: None
) -> str:
    """The interpreter of a peer.

    Args:
        given: `--python-of`: paths by peer, by group, or `*` for all but whit.
    """
    keys = (peer.name, peer.group, *(() if peer.group == WHIT else ("*",)))
    for key in keys:
        if key in given:
            return given[key]
    return sys.executable if peer.group == WHIT else str(make(peer.group, say))
