"""`python -m whit` is the command `whit`."""

from __future__ import annotations

import sys

from whit.cli import main

if __name__ == "__main__":
    sys.exit(main())
