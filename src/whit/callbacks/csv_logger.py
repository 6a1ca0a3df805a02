"""Writes the metrics of each epoch into a CSV file."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from typing import IO, Any

import numpy as np

from whit.callbacks.callback import Callback


class CSVLogger(Callback):
    """One row for each epoch, with the epoch's number and its metrics.

    Args:
        filename: of the file.
        separator: between the columns.
        append: whether to go on with a file that exists; otherwise it is written anew.

    Source: https://keras.io/api/callbacks/csv_logger/
    """

    def __init__(
        self, filename: str | os.PathLike, separator: str = ",", append: bool = False
    ) -> None:
        super().__init__()
        self.filename = os.fspath(filename)
        self.sep = separator
        self.append = append
        self.append_header = True
        self.keys: list[str] | None = None
        self.writer: csv.DictWriter | None = None
        self.csv_file: IO[str] | None = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Open the file."""
        if self.append and os.path.exists(self.filename):
            self.append_header = os.path.getsize(self.filename) == 0
        self._close()
        self.csv_file = open(  # noqa: SIM115  (closed when training ends)
            self.filename, "a" if self.append else "w", newline="", encoding="utf-8"
        )
        self.writer = self.keys = None

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write a row."""
        logs = logs or {}
        if self.writer is None:
            self.keys = sorted(logs)
            if not any(k.startswith("val_") for k in self.keys):
                # Validation may begin in a later epoch, and a column cannot be added then.
                self.keys += [f"val_{k}" for k in self.keys]
            assert self.csv_file is not None
            self.writer = csv.DictWriter(self.csv_file, ["epoch", *self.keys], delimiter=self.sep)
            if self.append_header:
                self.writer.writeheader()
        assert self.keys is not None and self.csv_file is not None
        row = {"epoch": epoch, **{k: _cell(logs.get(k, "NA")) for k in self.keys}}
        self.writer.writerow(row)
        self.csv_file.flush()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Close the file."""
        self._close()
        self.writer = None

    def _close(self) -> None:
        if self.csv_file is not None:
            self.csv_file.close()


def _cell(value: Any) -> Any:
    scalar = isinstance(value, np.ndarray) and value.ndim == 0
    if isinstance(value, Iterable) and not isinstance(value, str) and not scalar:
        return f'"[{", ".join(map(str, value))}]"'
    return value
