"""The remains of keras.backend, and what clear_session forgets."""

import pytest

import whit as keras
from whit import backend


@pytest.mark.parametrize(
    ("dtypes", "expected"),
    [
        (("int32", "float32"), "float32"),
        (("int8", "uint8"), "int16"),
        (("int32", float), "float32"),
        (("float64", int), "float64"),
        (("bool", int), "int32"),
        ((int, float), "float32"),
        ((bool, int), "int32"),
        ((), "float32"),
        ((None, "int32"), "float32"),
    ],
)
def test_result_type(dtypes, expected):
    assert backend.result_type(*dtypes) == expected


def test_dtypes():
    assert backend.standardize_dtype(None) == "float32"
    assert backend.standardize_dtype("int64") == "int64"
    assert backend.is_float_dtype("float64")
    assert not backend.is_float_dtype("bool")
    assert backend.is_int_dtype("uint8")
    assert not backend.is_int_dtype("bool")


def test_settings_are_those_of_config():
    assert backend.epsilon() == keras.config.epsilon() == 1e-7
    assert backend.floatx() == "float32"
    assert backend.image_data_format() == "channels_last"
    assert backend.backend() == "whit"


def test_clear_session_starts_names_and_ids_again():
    keras.utils.clear_session()
    first = [keras.layers.Dense(1).name, backend.get_uid("a"), backend.get_uid("a")]
    backend.clear_session(free_memory=False)
    again = [keras.layers.Dense(1).name, backend.get_uid("a"), backend.get_uid("a")]
    assert first == again == ["dense", 1, 2]
    assert backend.get_uid("b") == 1
