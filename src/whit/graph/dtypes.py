"""The element types of whit and how two of them meet.

A dtype is its NumPy name as a string. Promotion follows Keras 3: among integers as NumPy does
(uint64 beside a signed type is float32), an integer beside a float takes the float's type, and a
Python scalar is weak: it takes the type of the array it meets.
"""

from __future__ import annotations

import numpy as np

FLOATS = ("float32", "float64")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
DTYPES = ("bool", *INTEGERS, *FLOATS)
_PYTHON = {float: "float32", int: "int32", bool: "bool"}


def is_float(dtype: str) -> bool:
    """True for the types that have a gradient."""
    return dtype in FLOATS


def is_integer(dtype: str) -> bool:
    """True for signed and unsigned integers (not for bool)."""
    return dtype in INTEGERS


def canonical(dtype: object) -> str:
    """The name of `dtype` (a name, NumPy dtype or Python type); TypeError if whit has it not."""
    if isinstance(dtype, str) and dtype in DTYPES:
        return dtype
    name = _PYTHON.get(dtype) if isinstance(dtype, type) else None
    if name is None:
        try:
            name = "None" if dtype is None else np.dtype(dtype).name  # type: ignore[call-overload]
        except (TypeError, ValueError):
            name = str(dtype)
    if name not in DTYPES:
        raise TypeError(
            f"dtype={dtype!r} is not a type that whit computes with; "
            f"expected one of {', '.join(DTYPES)}"
        )
    return name


def checked(dtype: str) -> str:
    """`dtype` itself if it is one of the names above; TypeError if not."""
    return dtype if dtype in DTYPES else canonical(str(dtype))


def promote(*dtypes: str) -> str:
    """The dtype of a result whose operands have these dtypes."""
    floats = [d for d in dtypes if d in FLOATS]
    if floats:
        return "float64" if "float64" in floats else "float32"
    if not dtypes:
        return "float32"
    joint = np.result_type(*dtypes).name
    return joint if joint in DTYPES and not is_float(joint) else "float32"
