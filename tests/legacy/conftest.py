"""An old program's world for one test: `keras` stands for whit, old words are understood."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from whit import config, legacy
from whit.legacy import journal
from whit.legacy.finder import shadowing


@pytest.fixture
def old() -> Iterator[None]:
    """Everything that `whit run` sets up, and takes away afterwards."""
    layout = config.image_data_format()
    journal.clear()
    legacy.enable()
    with shadowing():
        yield
    legacy.disable()
    config.set_image_data_format(layout)
