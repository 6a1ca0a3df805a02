"""What is accepted as data, what it becomes, and what is said about what is not."""

from __future__ import annotations

import numpy as np
import pytest

from whit import config
from whit.errors import DataError, ShapeError
from whit.training.data import as_array, class_weights, pack, padded, unpack_batch


class Frame:
    """The part of a DataFrame that matters here."""

    def __init__(self, array: np.ndarray, columns: list[str]) -> None:
        self.array, self.columns = array, columns

    def __array__(self, dtype=None, copy=None):
        return np.array(self.array, dtype)


class Capsule:
    """Data that only speaks DLPack."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def __dlpack__(self, **kwargs):
        return self.array.__dlpack__(**kwargs)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


def test_no_copy_where_none_is_needed():
    x = np.ones((3, 2), "float32")
    assert as_array(x, "x") is x


@pytest.mark.parametrize(
    ("given", "dtype"),
    [
        (np.ones((2, 2)), "float32"),
        (np.ones((2, 2), "float16"), "float32"),
        ([[1.0, 2.0], [3.0, 4.0]], "float32"),
        (np.ones(2, "uint8"), "uint8"),
        (np.ones(2, "int64"), "int64"),
        ([True, False], "bool"),
        (np.asfortranarray(np.ones((3, 2), "float32")), "float32"),
        (Frame(np.ones((2, 2)), ["a", "b"]), "float32"),
        (Capsule(np.ones((2, 2), "float32")), "float32"),
    ],
)
def test_dtypes_and_layout(given, dtype):
    array = as_array(given, "x")
    assert array.dtype.name == dtype
    assert array.flags.c_contiguous


def test_floats_follow_floatx():
    config.set_floatx("float64")
    try:
        assert as_array(np.ones(2, "float32"), "x").dtype == "float64"
    finally:
        config.set_floatx("float32")


def test_a_list_of_rows_is_one_array_and_a_list_of_arrays_several():
    assert pack([[1.0, 2.0], [3.0, 4.0]]).arrays[0].shape == (2, 2)
    packed = pack([np.ones((2, 1)), np.ones((2, 3))], {"a": [1, 2], "b": None})
    assert [a.shape for a in packed.arrays] == [(2, 1), (2, 3), (2,)]
    x, y, weights = packed.triple
    assert x[1].shape == (2, 3) and y["b"] is None and weights is None
    assert packed.samples == 2


def test_forms_tell_structures_apart():
    one = np.ones(2)
    forms = [pack(one).form, pack([one]).form, pack({"a": one}).form, pack(one, one).form]
    assert len(set(forms)) == 4


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (np.array([["a"], ["b"]]), DataError, "x must be numbers.*'a'"),
        (Frame(np.array([[1, "u"]], object), ["n", "s"]), DataError, r"column 1 \('s'\)"),
        (np.ones(2, complex), DataError, "dtype complex128"),
        ([[1.0], [1.0, 2.0]], DataError, "All rows need the same length"),
        (3.0, ShapeError, "x is the single number"),
    ],
)
def test_what_is_no_data(given, error, message):
    with pytest.raises(error, match=message):
        pack(given)


def test_class_weights():
    weight = {0: 0.5, 2: 3}
    expected = [0.5, 1.0, 3.0]
    for labels in (np.arange(3), np.arange(3.0)[:, None], np.eye(3, dtype="float32")):
        found = class_weights(labels, weight)
        assert found.tolist() == expected and found.dtype == "float32"
    with pytest.raises(DataError, match="class_weight needs one array of targets"):
        class_weights(None, weight)


def test_batches():
    assert unpack_batch([1, 2]) == (1, 2, None)
    assert unpack_batch({"a": 1}) == ({"a": 1}, None, None)
    with pytest.raises(DataError, match="a batch has 4 parts"):
        unpack_batch((1, 2, 3, 4))


def test_padding():
    assert padded(np.ones((2, 1), "int8"), 3).tolist() == [[1], [1], [0]]
