"""Columns of numbers in blocks of rows: in memory, or in a temporary file once they are many.

A table with more cells than memory should hold is parsed once, kept on the disk as the bytes of
its numbers, and read again a block or a column at a time, which takes next to no time.
"""

from __future__ import annotations

import contextlib
import tempfile
import weakref
from collections.abc import Iterator
from typing import IO

import numpy as np

from nnctl.data.arrays import FloatArray
from nnctl.errors import Problem, StorageError

BYTES_IN_MEMORY = 32 * 2**20
NUMBER = np.dtype(np.float64)


class Blocks:
    """A matrix (n_columns, n_rows) of float64 that grows by blocks of rows."""

    def __init__(self, n_columns: int, bytes_in_memory: int = BYTES_IN_MEMORY) -> None:
        self.n_columns = n_columns
        self.n_rows = 0
        self._bytes_in_memory = bytes_in_memory
        self._sizes: list[int] = []  # rows of each block
        self._held: list[FloatArray] = []  # the blocks, unless they are in the file
        self._file: IO[bytes] | None = None  # without a name: it vanishes with its process

    def append(self, block: FloatArray) -> None:
        """Add a block (n_columns, rows); StorageError where the disk cannot take it."""
        assert block.shape[0] == self.n_columns
        block = np.ascontiguousarray(block, NUMBER)
        self._sizes.append(block.shape[1])
        self.n_rows += block.shape[1]
        if self._file is None:
            self._held.append(block)
            if self.n_columns * self.n_rows * NUMBER.itemsize > self._bytes_in_memory:
                self._move_to_disk()
        else:
            self._write([block])

    def __iter__(self) -> Iterator[FloatArray]:
        """Yield the blocks (n_columns, rows) in the order of the rows."""
        if self._file is None:
            yield from self._held
            return
        start = 0
        for rows in self._sizes:
            yield self._read(start, self.n_columns * rows).reshape(self.n_columns, rows)
            start += self.n_columns * rows

    def column(self, position: int) -> FloatArray:
        """Return one column (n_rows,)."""
        if self._file is None and len(self._held) == 1:
            column: FloatArray = self._held[0][position]
            return column
        values = np.empty(self.n_rows)
        first, start = 0, 0
        for index, rows in enumerate(self._sizes):
            values[first : first + rows] = (
                self._held[index][position]
                if self._file is None
                else self._read(start + position * rows, rows)
            )
            first += rows
            start += self.n_columns * rows
        return values

    def _move_to_disk(self) -> None:
        try:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115  open as long as the table lives
        except OSError as error:
            raise no_room(error) from error
        weakref.finalize(self, self._file.close)
        self._write(self._held)
        self._held = []

    def _write(self, blocks: list[FloatArray]) -> None:
        assert self._file is not None
        try:
            for block in blocks:
                self._file.write(block.data)
            self._file.flush()
        except OSError as error:
            with contextlib.suppress(OSError):  # closing tries to write the rest again
                self._file.close()
            raise no_room(error) from error

    def _read(self, start: int, count: int) -> FloatArray:
        """Return `count` numbers from the one at `start`."""
        assert self._file is not None
        values = np.empty(count)
        self._file.seek(start * NUMBER.itemsize)
        read = self._file.readinto(values.data.cast("B"))  # type: ignore[attr-defined]
        if read != values.nbytes:
            message = "the temporary file of the rows is shorter than it was; run the command again"
            raise StorageError(Problem(message, tempfile.gettempdir()))
        self._file.seek(0, 2)
        return values


def no_room(error: OSError) -> StorageError:
    """Return the error for a temporary file that cannot be made or written."""
    message = (
        f"the rows do not fit into the directory for temporary files ({error.strerror}); free "
        "some space there, or set TMPDIR to another directory"
    )
    return StorageError(Problem(message, tempfile.gettempdir()))
