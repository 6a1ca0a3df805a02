"""Names of element types, and what two of them make."""

from __future__ import annotations

import numpy as np
import pytest

from whit.graph import dtypes

CANONICAL = [
    ("float32", "float32"),
    ("uint16", "uint16"),
    (float, "float32"),
    (int, "int32"),
    (bool, "bool"),
    (np.float64, "float64"),
    (np.dtype("int8"), "int8"),
    (np.dtype(">f4"), "float32"),
    ("f8", "float64"),
    ("?", "bool"),
]


@pytest.mark.parametrize(("given", "name"), CANONICAL)
def test_canonical(given: object, name: str) -> None:
    assert dtypes.canonical(given) == name


@pytest.mark.parametrize("given", ["bfloat16", "float33", "complex64", "O", None, "U3", [], object])
def test_what_is_no_type(given: object) -> None:
    with pytest.raises(TypeError) as e:
        dtypes.canonical(given)
    text = str(e.value)
    assert text.startswith(
        f"dtype={given!r} is not a type that whit computes with; expected one of"
    )
    assert text.endswith("float32, float64")


def expected(a: str, b: str) -> str:
    """The rule in words: floats win, the wider of two; integers join as in NumPy, else float32."""
    if a in dtypes.FLOATS or b in dtypes.FLOATS:
        return "float64" if "float64" in (a, b) else "float32"
    joint = np.result_type(a, b)
    return "float32" if joint.kind == "f" else joint.name


@pytest.mark.parametrize("a", dtypes.DTYPES)
def test_promotion_of_two(a: str) -> None:
    for b in dtypes.DTYPES:
        assert dtypes.promote(a, b) == dtypes.promote(b, a) == expected(a, b)


PROMOTIONS = [
    ((), "float32"),
    (("bool",), "bool"),
    (("bool", "uint8"), "uint8"),
    (("int8", "uint8"), "int16"),
    (("int32", "uint32"), "int64"),
    (("uint64", "int8"), "float32"),
    (("int64", "float32"), "float32"),
    (("int64", "float64", "bool"), "float64"),
    (("uint8", "int8", "int32"), "int32"),
]


@pytest.mark.parametrize(("given", "name"), PROMOTIONS)
def test_promotion(given: tuple[str, ...], name: str) -> None:
    assert dtypes.promote(*given) == name


def test_kinds() -> None:
    assert [d for d in dtypes.DTYPES if dtypes.is_float(d)] == list(dtypes.FLOATS)
    assert [d for d in dtypes.DTYPES if dtypes.is_integer(d)] == list(dtypes.INTEGERS)


def test_checked_names() -> None:
    assert dtypes.checked("int8") == "int8"
    with pytest.raises(TypeError, match="dtype='float8' is not a type that whit computes with"):
        dtypes.checked("float8")
