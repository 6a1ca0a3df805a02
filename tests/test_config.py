"""Settings: defaults, checks, and what their messages say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from whit import config


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    saved = dict(vars(config._settings))
    yield
    vars(config._settings).update(saved)


def test_defaults() -> None:
    assert (config.floatx(), config.epsilon(), config.image_data_format(), config.backend()) == (
        "float32",
        1e-7,
        "channels_last",
        "whit",
    )
    assert config.max_epochs() is config.max_steps_per_epoch() is None
    assert config.is_interactive_logging_enabled() and config.is_traceback_filtering_enabled()


@pytest.mark.parametrize(
    ("setter", "getter", "value"),
    [
        ("set_floatx", "floatx", "float64"),
        ("set_epsilon", "epsilon", 1e-3),
        ("set_image_data_format", "image_data_format", "channels_first"),
        ("set_num_threads", "num_threads", 3),
        ("set_max_epochs", "max_epochs", 2),
        ("set_max_steps_per_epoch", "max_steps_per_epoch", 5),
    ],
)
def test_set(setter: str, getter: str, value: Any) -> None:
    getattr(config, setter)(value)
    assert getattr(config, getter)() == value


@pytest.mark.parametrize(
    ("setter", "value", "message"),
    [
        ("set_floatx", "float31", 'floatx=.float31.*Did you mean "float32"'),
        ("set_image_data_format", "channel_last", 'Did you mean "channels_last"'),
        ("set_num_threads", 0, "num_threads=0: expected an integer of 1 or more, or None"),
        ("set_num_threads", True, "num_threads=True"),
        ("set_max_epochs", -1, "max_epochs=-1"),
        ("set_backend", "jax", "backend='jax': whit computes with its own compiler"),
    ],
)
def test_bad_values(setter: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        getattr(config, setter)(value)


@pytest.mark.parametrize("name", ["interactive_logging", "traceback_filtering", "flash_attention"])
def test_switches(name: str) -> None:
    getattr(config, f"disable_{name}")()
    assert not getattr(config, f"is_{name}_enabled")()
    getattr(config, f"enable_{name}")()
    assert getattr(config, f"is_{name}_enabled")()


def test_threads_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHIT_NUM_THREADS", "5")
    assert config.num_threads() == 5
    config.set_num_threads(2)
    assert config.num_threads() == 2
    config.set_num_threads(None)
    monkeypatch.setenv("WHIT_NUM_THREADS", "many")
    with pytest.raises(ValueError, match="WHIT_NUM_THREADS='many'"):
        config.num_threads()
    monkeypatch.delenv("WHIT_NUM_THREADS")
    assert config.num_threads() >= 1
