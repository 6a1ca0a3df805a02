"""The few functions of `keras.backend` that programs still use."""

from __future__ import annotations

from typing import Any

from whit.config import (
    backend,
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from whit.graph import dtypes
from whit.utils.session import clear_session, get_uid


def standardize_dtype(dtype: Any) -> str:
    """The name of a dtype; `floatx()` for None."""
    return floatx() if dtype is None else dtypes.canonical(dtype)


def is_float_dtype(dtype: Any) -> bool:
    """Whether a dtype is floating point."""
    return dtypes.is_float(standardize_dtype(dtype))


def is_int_dtype(dtype: Any) -> bool:
    """Whether a dtype is an integer type (bool is not)."""
    return dtypes.is_integer(standardize_dtype(dtype))


def result_type(*dtypes_: Any) -> str:
    """The dtype of a result whose operands have these dtypes; Python types are weak."""
    weak = [d for d in dtypes_ if d in (bool, int, float)]
    known = dtypes.promote(*(standardize_dtype(d) for d in dtypes_ if d not in (bool, int, float)))
    if len(weak) == len(dtypes_):
        return dtypes.promote(*(dtypes.canonical(d) for d in weak)) if weak else floatx()
    if float in weak and not dtypes.is_float(known):
        return floatx()
    return "int32" if int in weak and known == "bool" else known


__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "get_uid",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "result_type",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "standardize_dtype",
]
