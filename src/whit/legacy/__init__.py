"""Programs for Keras 0, 1, 2 and `tf.keras`: what they say, translated to today's Keras.

`whit run program.py` does all of it for one program. In a program of your own, `enable()` makes
whit understand the old arguments, values and methods; `import whit as keras` alone is Keras 3.
"""

from __future__ import annotations

from whit.legacy.apply import disable, enable, enabled
from whit.legacy.journal import explain

__all__ = ["disable", "enable", "enabled", "explain"]
