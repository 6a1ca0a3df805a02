"""Data sets with Keras' `load_data()`, each verified by SHA-256 before it is used. The table of all
of them is `_catalog`, the one search through folders, caches, mirrors and the package index is
`_search`; the modules here are only the names that a Keras program imports."""

from __future__ import annotations

from whit.datasets import cifar10, fashion_mnist, mnist

__all__ = ["cifar10", "fashion_mnist", "mnist"]
