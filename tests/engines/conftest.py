"""Engine tests keep compiled code in a folder of their own."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory):
    patch = pytest.MonkeyPatch()
    patch.setenv("WHIT_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield
    patch.undo()
