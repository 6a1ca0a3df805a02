"""Where an epoch's batches come from: arrays in memory, or a stream that a thread reads ahead.

A feed gives its epochs as `Run`s: so many steps of one program on these arrays. Arrays in memory
make one long run and perhaps a short last one, and the program gathers the batches itself; a stream
makes a run of one step for each batch.
"""

from __future__ import annotations

import itertools
import queue
import threading
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from whit import config
from whit.errors import ArgumentError, DataError
from whit.training.data import Packed, class_weights, pack, unpack_batch
from whit.transforms import _tracing

BATCH_SIZE = 32
_AHEAD = 2  # batches read while one is trained on


@dataclass
class Run:
    """Steps of one program.

    Attributes:
        source: how a step gets its batch: "rows" of resident arrays, "slices" of them one after the
            other, or the arrays as a "whole".
        packed: the arrays. batch: samples in a step. steps: how many.
        rows: for "rows", the indices, int32 (steps, batch). start: for "slices", the first sample.
        padding: rows at the end of the last batch that are no samples.
    """

    source: str
    packed: Packed
    batch: int
    steps: int = 1
    rows: np.ndarray | None = None
    start: int = 0
    padding: int = 0

    def arguments(self, first: int, count: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """The `data` and `stepped` arrays of steps `first` to `first + count`."""
        if self.source == "rows":
            assert self.rows is not None
            return self.packed.arrays, [self.rows[first : first + count]]
        if self.source == "whole":
            return self.packed.arrays, []
        at = self.start + first * self.batch
        shape = (count, self.batch)
        parts = self.packed.rows(at, at + count * self.batch)
        return [], [a.reshape(shape + a.shape[1:]) for a in parts]

    def samples(self, step: int) -> np.ndarray:
        """Which samples of the data the batch of `step` has; for a stream, places in the batch."""
        if self.rows is not None:
            return self.rows[step]
        return np.arange(self.batch) + self.start + step * self.batch


class ArrayFeed:
    """Batches of arrays in memory.

    Args:
        packed: the arrays.
        batch_size: samples in a batch, 32 by default.
        shuffle: whether a new permutation is drawn for each pass over the data; "batch" permutes
            whole batches.
        steps: steps in an epoch; the passes then go on from epoch to epoch.
        gather: whether programs gather rows (for training) or get slices.

    Attributes:
        steps: steps in an epoch, known beforehand.
    """

    streams = False

    def __init__(
        self,
        packed: Packed,
        batch_size: int | None = None,
        shuffle: bool | str = False,
        steps: int | None = None,
        gather: bool = False,
    ) -> None:
        self.packed = packed
        self.batch = min(checked_count("batch_size", batch_size) or BATCH_SIZE, packed.samples)
        self._batches = -(-packed.samples // self.batch)
        self._limit = _limited(checked_count("steps", steps))
        self._shuffle = _checked_shuffle(shuffle)
        self._gather = gather
        self._order: np.ndarray | None = None
        self._seen = 0

    @property
    def steps(self) -> int:
        """Steps in an epoch."""
        return self._limit or self._batches

    @property
    def whole(self) -> bool:
        """Whether an epoch is one step with all the data."""
        return self._batches == 1

    def epoch(self) -> Iterator[Run]:
        """The runs of one epoch; goes on in the middle of a pass if `steps` is given."""
        if self._limit is None or self._seen == 0:
            self._seen = 0
            self._order = self._permutation() if self._gather else None
        left = self._batches - self._seen
        take = min(self.steps, left)
        if take < self.steps:
            _warn_out_of_data()
        start = self._seen
        self._seen = (start + take) % self._batches
        yield from self._runs(start, start + take)

    def _runs(self, start: int, stop: int) -> Iterator[Run]:
        full = self.packed.samples // self.batch
        if start < min(stop, full):
            yield self._run(start * self.batch, min(stop, full) - start, self.batch)
        if stop > full:
            last = self.packed.samples - full * self.batch
            yield self._run(full * self.batch, 1, last)

    def _run(self, first: int, steps: int, batch: int) -> Run:
        if self._order is None:
            return Run("slices", self.packed, batch, steps, start=first)
        rows = self._order[first : first + steps * batch].reshape(steps, batch)
        return Run("rows", self.packed, batch, steps, rows=rows)

    def _permutation(self) -> np.ndarray:
        n = self.packed.samples
        if not self._shuffle:
            return np.arange(n, dtype=np.int32)
        generator = shuffling_generator()
        if self._shuffle != "batch":
            return generator.permutation(np.arange(n, dtype=np.int32))
        full = n // self.batch * self.batch
        blocks = generator.permutation(np.arange(full, dtype=np.int32).reshape(-1, self.batch))
        return np.concatenate([blocks.ravel(), np.arange(full, n, dtype=np.int32)])

    def restart(self) -> None:
        """Begin again at the first sample."""
        self._seen = 0


def shuffling_generator() -> np.random.Generator:
    """NumPy's Philox with a key from the global seed: the same seed gives the same order."""
    from whit.random.seed import global_seed_generator

    key = np.asarray(global_seed_generator().next(), np.uint64)
    return np.random.Generator(np.random.Philox(key=key))


class StreamFeed:
    """Batches from a generator, an iterable, or an object with `__len__` and `__getitem__`.

    Args:
        source: gives batches `x`, `(x,)`, `(x, y)` or `(x, y, sample_weight)`.
        steps: batches in an epoch; a generator then goes on from epoch to epoch.
        shuffle: whether an indexed source is read in a new order each epoch.
        class_weight: makes sample weights for each batch.
    """

    streams = True

    def __init__(
        self, source: Any, steps: int | None = None, shuffle: Any = False, class_weight: Any = None
    ) -> None:
        self._source = source
        self._limit = _limited(checked_count("steps", steps))
        self._shuffle = bool(shuffle)
        self._class_weight = class_weight
        self._iterator: Iterator | None = None
        self._reader: Reader | None = None
        self._first = True

    @property
    def steps(self) -> int | None:
        """Steps in an epoch, if that is known."""
        if self._limit is not None or not hasattr(self._source, "__len__"):
            return self._limit
        return len(self._source)

    def epoch(self) -> Iterator[Run]:
        """A run of one step for each batch."""
        if self._iterator is None or self._limit is None:
            self._iterator = self._iterate()
        limit, seen = self._limit, 0
        self._reader = Reader(self._iterator, limit, self._pack)
        try:
            for packed in self._reader:
                seen += 1
                yield Run("whole", packed, packed.samples)
        finally:
            self.close()
        if not seen and self._first:
            raise DataError(f"x: {self._source!r} gave no batch at all")
        if seen < (limit or 1):
            self._iterator = None
            _warn_out_of_data()
        if limit is None and hasattr(self._source, "on_epoch_end"):
            self._source.on_epoch_end()
        self._first = False

    def _iterate(self) -> Iterator:
        if not is_indexed(self._source):
            return iter(self._source)
        order = np.arange(len(self._source))
        if self._shuffle:
            order = shuffling_generator().permutation(order)
        return (self._source[int(q)] for q in order)

    def _pack(self, batch: Any) -> Packed:
        x, y, weights = unpack_batch(batch)
        packed = pack(x, y, weights)
        if self._class_weight is not None and weights is None:
            x, y, _ = packed.triple
            packed = Packed(x, y, class_weights(y, self._class_weight))
        # A generator may fill the same buffer again while this batch still waits.
        packed.arrays = [np.array(a) for a in packed.arrays]
        return packed

    def close(self) -> None:
        """End the thread that reads ahead."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None


class Reader:
    """Reads batches on a thread of its own, two ahead of the one in use.

    Args:
        batches: where they come from. limit: read no more than this many, so that none is lost.
        convert: applied to each, on that thread.
    """

    def __init__(self, batches: Iterator, limit: int | None, convert: Any) -> None:
        self._batches, self._limit, self._convert = batches, limit, convert
        self._queue: queue.Queue[tuple[str, Any]] = queue.Queue(_AHEAD)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read, name="whit-reader", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            for _ in itertools.count() if self._limit is None else range(self._limit):
                if self._ended.is_set():
                    return
                with _tracing:  # what is being traced is global: not while the user's code computes
                    batch = next(self._batches)
                self._put("batch", self._convert(batch))
        except StopIteration:
            pass
        except BaseException as error:
            self._put("error", error)
            return
        self._put("end", None)

    def _put(self, kind: str, value: Any) -> None:
        while not self._ended.is_set():
            try:
                return self._queue.put((kind, value), timeout=0.05)
            except queue.Full:
                continue

    def __iter__(self) -> Iterator[Packed]:
        while True:
            try:
                kind, value = self._queue.get(timeout=0.1)  # wakes up so that Ctrl-C is seen
            except queue.Empty:
                continue
            if kind == "error":
                raise value
            if kind == "end":
                return
            yield value

    def close(self) -> None:
        """Let the thread end; one that is stuck in the user's generator is left to the exit."""
        self._ended.set()
        self._thread.join(timeout=1.0)


# ---- choosing
def is_indexed(source: Any) -> bool:
    """Whether it is read by index, as Keras' PyDataset and PyTorch's map-style data sets are."""
    return hasattr(source, "__getitem__") and hasattr(source, "__len__")


def is_stream(x: Any) -> bool:
    """Whether `x` gives batches, in place of being the data."""
    if x is None or isinstance(x, list | tuple | dict | str | bytes) or hasattr(x, "shape"):
        return False
    if hasattr(x, "__array__") or hasattr(x, "__dlpack__"):
        return False
    return isinstance(x, Iterable) or is_indexed(x)


def make_feed(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    batch_size: int | None = None,
    shuffle: Any = False,
    steps: int | None = None,
    class_weight: Any = None,
    gather: bool = False,
) -> ArrayFeed | StreamFeed:
    """The feed for these arguments of `fit`, `evaluate` or `predict`.

    Raises:
        DataError: unusable data. ArgumentError: arguments that do not go together.
    """
    if isinstance(x, Packed) or not is_stream(x):
        if isinstance(x, Packed):
            x, y, sample_weight = x.triple
        packed = pack(x, y, sample_weight, class_weight)
        return ArrayFeed(packed, batch_size, shuffle, steps, gather)
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise ArgumentError(
                f"{name} cannot be given when x gives batches; let it give (x, y) or "
                "(x, y, sample_weight)"
            )
    return StreamFeed(x, steps, shuffle, class_weight)


def checked_count(name: str, value: Any) -> int | None:
    """A positive whole number, or None.

    Raises:
        ArgumentError: anything else.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ArgumentError(f"{name}={value!r}: expected a whole number of 1 or more, or None")
    return int(value)


def _checked_shuffle(shuffle: Any) -> bool | str:
    if isinstance(shuffle, str) and shuffle != "batch":
        raise ArgumentError(f"shuffle={shuffle!r}: expected True, False or 'batch'")
    return shuffle if isinstance(shuffle, str) else bool(shuffle)


def _limited(steps: int | None) -> int | None:
    most = config.max_steps_per_epoch()
    if most is None or (steps is not None and steps <= most):
        return steps
    warnings.warn(f"steps_per_epoch is limited to {most} by whit.config", stacklevel=2)
    return most


def _warn_out_of_data() -> None:
    warnings.warn(
        "the data ended before the epoch did. Make sure that it has at least steps_per_epoch * "
        "epochs batches, or leave steps_per_epoch out",
        stacklevel=3,
    )
