"""The one global state: number types, thresholds, switches. Names are those of `keras.config`.

Reads are plain attribute look-ups; setters check what they are given and say what they expected.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from whit.graph import dtypes
from whit.naming import did_you_mean


@dataclass
class _Settings:
    floatx: str = "float32"
    epsilon: float = 1e-7
    image_data_format: str = "channels_last"
    num_threads: int | None = None
    max_epochs: int | None = None
    max_steps_per_epoch: int | None = None
    interactive_logging: bool = True
    traceback_filtering: bool = True
    flash_attention: bool = True
    unsafe_deserialization: bool = False


_settings = _Settings()


# ---- numbers
def floatx() -> str:
    """The default floating-point type: "float32" unless set."""
    return _settings.floatx


def set_floatx(value: str) -> None:
    """Make `value` the default floating-point type.

    Args:
        value: "float32" or "float64".

    Raises:
        ValueError: another type.
    """
    if value not in dtypes.FLOATS:
        raise ValueError(
            f"floatx={value!r}: expected one of {', '.join(dtypes.FLOATS)}."
            f"{did_you_mean(str(value), dtypes.FLOATS)}"
        )
    _settings.floatx = value


def epsilon() -> float:
    """The small number that keeps divisions and logarithms finite: 1e-7 unless set."""
    return _settings.epsilon


def set_epsilon(value: float) -> None:
    """Make `value` the small number of `epsilon()`."""
    _settings.epsilon = float(value)


def numerics() -> tuple[str, float, str]:
    """Everything here that changes what an operation computes: the key of caches of operations."""
    return _settings.floatx, _settings.epsilon, _settings.image_data_format


# ---- layout
_DATA_FORMATS = ("channels_last", "channels_first")


def image_data_format() -> str:
    """Where images have their channels: "channels_last" unless set."""
    return _settings.image_data_format


def set_image_data_format(data_format: str) -> None:
    """Choose where images have their channels.

    Args:
        data_format: "channels_last" or "channels_first".

    Raises:
        ValueError: another name.
    """
    _settings.image_data_format = standardize_data_format(data_format)


def standardize_data_format(data_format: str | None) -> str:
    """The data format meant: the default for None, lower case, checked."""
    if data_format is None:
        return _settings.image_data_format
    name = str(data_format).lower()
    if name not in _DATA_FORMATS:
        raise ValueError(
            f"data_format={data_format!r}: expected one of {', '.join(_DATA_FORMATS)}."
            f"{did_you_mean(name, _DATA_FORMATS)}"
        )
    return name


# ---- the machine
def backend() -> str:
    """The name of what computes: always "whit"."""
    return "whit"


def set_backend(backend: str) -> None:
    """Accepts "whit" alone: whit brings its own compiler and needs no other backend.

    Raises:
        ValueError: another name.
    """
    if backend != "whit":
        raise ValueError(
            f"backend={backend!r}: whit computes with its own compiler; only 'whit' can be set"
        )


def num_threads() -> int:
    """Threads that a compiled program may use.

    What `set_num_threads` chose, else WHIT_NUM_THREADS, else the processors this process may run
    on.

    Raises:
        ValueError: WHIT_NUM_THREADS is not a positive whole number.
    """
    if _settings.num_threads is not None:
        return _settings.num_threads
    asked = os.environ.get("WHIT_NUM_THREADS", "")
    if not asked:
        return _available_processors()
    if not asked.isascii() or not asked.isdigit() or int(asked) < 1:
        raise ValueError(f"WHIT_NUM_THREADS={asked!r}: expected a whole number of 1 or more")
    return int(asked)


def set_num_threads(value: int | None) -> None:
    """Let compiled programs use `value` threads; None asks environment and machine again."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise ValueError(f"num_threads={value!r}: expected an integer of 1 or more, or None")
    _settings.num_threads = value


def _available_processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


# ---- limits on training, for trying a program out quickly
def max_epochs() -> int | None:
    """The most epochs that any `fit` trains: that of `set_max_epochs`, or None for no limit."""
    return _settings.max_epochs


def set_max_epochs(max_epochs: int | None) -> None:
    """Let no `fit` train more than this many epochs; None lifts the limit."""
    _settings.max_epochs = _limit("max_epochs", max_epochs)


def max_steps_per_epoch() -> int | None:
    """The most steps of any epoch: that of `set_max_steps_per_epoch`, or None for no limit."""
    return _settings.max_steps_per_epoch


def set_max_steps_per_epoch(max_steps_per_epoch: int | None) -> None:
    """Let no epoch have more than this many steps; None lifts the limit."""
    _settings.max_steps_per_epoch = _limit("max_steps_per_epoch", max_steps_per_epoch)


def _limit(name: str, value: Any) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise ValueError(f"{name}={value!r}: expected an integer of 1 or more, or None")
    return value


# ---- switches
def enable_interactive_logging() -> None:
    """Print progress to the terminal as a moving bar (the default)."""
    _settings.interactive_logging = True


def disable_interactive_logging() -> None:
    """Log progress line by line instead of moving a bar."""
    _settings.interactive_logging = False


def is_interactive_logging_enabled() -> bool:
    """Whether progress is a moving bar."""
    return _settings.interactive_logging


def enable_traceback_filtering() -> None:
    """Leave whit's own frames out of tracebacks (the default)."""
    _settings.traceback_filtering = True


def disable_traceback_filtering() -> None:
    """Show whit's own frames in tracebacks."""
    _settings.traceback_filtering = False


def is_traceback_filtering_enabled() -> bool:
    """Whether tracebacks leave whit's own frames out."""
    return _settings.traceback_filtering


def enable_flash_attention() -> None:
    """Accepted for Keras' sake: whit's compiler chooses how attention is computed."""
    _settings.flash_attention = True


def disable_flash_attention() -> None:
    """Accepted for Keras' sake: whit's compiler chooses how attention is computed."""
    _settings.flash_attention = False


def is_flash_attention_enabled() -> bool:
    """What the last of `enable_flash_attention` and `disable_flash_attention` said."""
    return _settings.flash_attention


def enable_unsafe_deserialization() -> None:
    """Let saved models bring Python code of their own: only for files you trust."""
    _settings.unsafe_deserialization = True


def is_unsafe_deserialization_enabled() -> bool:
    """Whether saved models may bring Python code."""
    return _settings.unsafe_deserialization


def is_nnx_enabled() -> bool:
    """Whether variables are Flax NNX's: never, in whit."""
    return False
