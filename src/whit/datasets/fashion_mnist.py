"""Fashion-MNIST, 70,000 pictures of clothing: the name that Keras programs import."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whit.datasets._catalog import Split


def load_data() -> tuple[Split, Split]:
    """Loads Fashion-MNIST (Xiao, Rasul, Vollgraf; arXiv 1708.07747), a harder twin of MNIST.

    Classes 0 to 9: T-shirt/top, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag,
    ankle boot. The data is looked for as that of `whit.datasets.mnist`.

    Returns:
        `(x_train, y_train), (x_test, y_test)`, all `uint8`: images `(60000, 28, 28)` and
        `(10000, 28, 28)` from 0 to 255, labels `(60000,)` and `(10000,)` from 0 to 9.

    Raises:
        DataError: the data was found nowhere; the message says where to put which file.

    Example:

    ```python
    (x_train, y_train), (x_test, y_test) = whit.datasets.fashion_mnist.load_data()
    ```
    """
    from whit.datasets._catalog import DATASETS
    from whit.datasets._search import load_splits

    return load_splits(DATASETS["fashion_mnist"])
