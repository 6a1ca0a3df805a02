"""The recipes behind the stored numbers: one module for each file that `make_golden.py` writes.

Only this package imports Keras, and only when a person runs `make_golden.py` by hand; the tests
read the files that it left behind.
"""
