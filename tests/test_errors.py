"""Errors as part of the interface: what they derive from, what they document, what they suggest."""

from __future__ import annotations

import inspect

import pytest

from whit import errors

CLASSES = [
    c for c in vars(errors).values() if inspect.isclass(c) and c.__module__ == errors.__name__
]
BUILTINS = {
    "ArgumentError": ValueError,
    "UnknownNameError": ValueError,
    "ShapeError": ValueError,
    "DataError": ValueError,
    "LabelError": ValueError,
    "NonFiniteDataError": ValueError,
    "NonFiniteLossError": ArithmeticError,
    "NotCompiledError": ValueError,
    "NotBuiltError": ValueError,
}


@pytest.mark.parametrize("cls", CLASSES, ids=lambda c: c.__name__)
def test_each_says_its_cause_and_fix_with_an_example(cls: type) -> None:
    text = inspect.cleandoc(cls.__doc__ or "")
    for part in ("\nCause: ", "\nFix: ", "\nExample:\n    >>> "):
        assert part in text, part


@pytest.mark.parametrize("name", BUILTINS)
def test_programs_that_catch_the_builtin_keep_working(name: str) -> None:
    cls = getattr(errors, name)
    assert issubclass(cls, BUILTINS[name])
    assert issubclass(cls, errors.WhitError)


def test_everything_public_is_listed() -> None:
    assert {c.__name__ for c in CLASSES} <= set(errors.__all__)


@pytest.mark.parametrize(
    ("wrote", "meant"),
    [("adm", "adam"), ("Adam", "adam"), ("rmsprob", "rmsprop"), ("categorial", "categorical")],
)
def test_the_nearest_name_is_suggested(wrote: str, meant: str) -> None:
    hint = errors.did_you_mean(wrote, ["adam", "rmsprop", "categorical", "sgd"])
    assert hint.startswith(" Did you mean ")
    assert meant in hint


def test_nothing_near_nothing_suggested() -> None:
    assert errors.did_you_mean("zebra", ["adam", "sgd"]) == ""


def test_unknown_name_lists_all_if_none_is_near() -> None:
    error = errors.unknown_name("optimizer", "zebra", ["sgd", "Adam"])
    assert str(error) == "Unknown optimizer: 'zebra'. Known: Adam, sgd."
    near = errors.unknown_name("optimizer", "adm", ["sgd", "adam"])
    assert "Known" not in str(near)
