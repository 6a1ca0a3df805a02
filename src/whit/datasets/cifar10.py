"""CIFAR-10, 60,000 small colour photographs: the name that Keras programs import."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whit.datasets._catalog import Split


def load_data() -> tuple[Split, Split]:
    """Loads CIFAR-10 (Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009).

    Classes 0 to 9: airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck. Only the
    authors' lossless archive is accepted, never a copy as JPEG. The data is looked for as that of
    `whit.datasets.mnist`.

    Returns:
        `(x_train, y_train), (x_test, y_test)`, all `uint8`: images `(50000, 32, 32, 3)` and
        `(10000, 32, 32, 3)` from 0 to 255 with channels last, labels `(50000, 1)` and
        `(10000, 1)` from 0 to 9.

    Raises:
        DataError: the data was found nowhere; the message says where to put which file.

    Example:

    ```python
    (x_train, y_train), (x_test, y_test) = whit.datasets.cifar10.load_data()
    ```
    """
    from whit.datasets._catalog import DATASETS
    from whit.datasets._search import load_splits

    return load_splits(DATASETS["cifar10"])
