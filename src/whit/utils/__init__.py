"""Utilities, each imported when first used. Names and arguments are those of `keras.utils`."""

from __future__ import annotations

from whit._lazy import lazy_names

_PLACES = {
    "Progbar": "whit.utils.progbar",
    "clear_session": "whit.utils.session",
    "disable_interactive_logging": "whit.config",
    "enable_interactive_logging": "whit.config",
    "get_uid": "whit.utils.session",
    "is_interactive_logging_enabled": "whit.config",
    "normalize": "whit.utils.numerical",
    "set_random_seed": "whit.utils.random_seed",
    "standardize_dtype": "whit.backend",
    "to_categorical": "whit.utils.numerical",
}

__getattr__, __dir__ = lazy_names(__name__, _PLACES)
__all__ = sorted(_PLACES)
