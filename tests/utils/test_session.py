"""The names of whit.utils: each is there, and is Keras' too."""

import json
from pathlib import Path

import pytest

from whit import utils

GOLDEN = Path(__file__).parents[1] / "golden"
KERAS = json.loads((GOLDEN / "signatures.json").read_text())["modules"]


@pytest.mark.parametrize("name", utils.__all__)
def test_every_name_is_there(name):
    assert callable(getattr(utils, name))
    assert name in KERAS["utils"] or name in KERAS["backend"]


def test_an_unknown_name_gets_a_suggestion():
    with pytest.raises(AttributeError, match='Did you mean "to_categorical"'):
        utils.to_categorial  # noqa: B018
