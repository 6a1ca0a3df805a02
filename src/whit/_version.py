"""The version, in one place: pyproject.toml and `whit.__version__` both read it from here."""

__version__ = "0.1.0.dev0"
