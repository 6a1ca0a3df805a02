"""A module that `arguments.py` finds in its own folder."""

NAME = "beside"
