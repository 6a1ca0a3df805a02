"""Utilities, each imported when first used. Names and arguments are those of `keras.utils`."""

from __future__ import annotations

from whit._lazy import lazy_names

_PLACES = {
    "Progbar": "whit.utils.progbar",
    "clear_session": "whit.utils.session",
    "get_uid": "whit.utils.session",
    "normalize": "whit.utils.numerical",
    "set_random_seed": "whit.utils.random_seed",
    "to_categorical": "whit.utils.numerical",
}

__getattr__, __dir__ = lazy_names(__name__, _PLACES)
__all__ = sorted(_PLACES)
