"""How golden values are written: small JSON files for people, `.npz` files for arrays.

JSON keeps float32 values as their shortest exact decimal, so `numpy.float32(value)` gives back
the very bits that Keras computed, and a file stays small enough to read and to diff.
"""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).resolve().parent.parent


def plain(value: Any) -> Any:
    """Turn arrays, tensors and NumPy scalars into what JSON holds, without losing a bit."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if hasattr(value, "__array__"):
        array = np.asarray(value)
        if array.dtype == np.float32:
            array = np.vectorize(lambda x: float(str(np.float32(x))), otypes=[float])(array)
        return array.tolist()
    return repr(value)


def layout(content: Any, indent: int = 0) -> str:
    """JSON text in which whatever fits on a line of 100 characters stays on one."""
    line = json.dumps(content)
    if len(line) + indent <= 100 or not isinstance(content, (dict, list)):
        return line
    nested = (dict, list, str)
    if isinstance(content, list) and not any(isinstance(item, nested) for item in content):
        return textwrap.fill(line, 100, subsequent_indent=" " * (indent + 1))
    if isinstance(content, dict):
        items = [f"{json.dumps(k)}: {layout(v, indent + 1)}" for k, v in content.items()]
        opening, closing = "{}"
    else:
        items = [layout(item, indent + 1) for item in content]
        opening, closing = "[]"
    pad = "\n" + " " * indent
    return opening + f"{pad} " + f",{pad} ".join(items) + pad + closing


def save_json(name: str, content: Any) -> None:
    """Write `content` as `<name>.json`."""
    (FOLDER / f"{name}.json").write_text(layout(plain(content)) + "\n", encoding="utf-8")


def save_arrays(name: str, arrays: dict[str, Any]) -> None:
    """Write `arrays` as `<name>.npz`; NumPy stamps no date, so equal arrays give equal files."""
    np.savez_compressed(FOLDER / f"{name}.npz", **{k: np.asarray(v) for k, v in arrays.items()})


def numbers(seed: int, *shape: int) -> np.ndarray:
    """Standard normal float32 values that depend on the seed alone."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def probabilities(seed: int, *shape: int) -> np.ndarray:
    """Float32 rows that are positive and sum to one."""
    raw = np.exp(numbers(seed, *shape))
    return (raw / raw.sum(axis=-1, keepdims=True)).astype(np.float32)
