"""An array in a file: its rows are read a few at a time, in whichever order the file holds them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnctl.data.files import Source, read_exactly, understood, with_seeking
from nnctl.errors import DataError, Problem

MOST_COLUMNS = 2**18
LARGEST_ROW = 2**26  # bytes


@dataclass(frozen=True, eq=False)
class Layout:
    """What an array's header says; the source stands right behind the header."""

    source: Source
    what: str  # how errors call the array
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    header_bytes: int

    @property
    def n_columns(self) -> int:
        """How many cells a row has."""
        return math.prod(self.shape[1:])

    @property
    def row_bytes(self) -> int:
        """How many bytes a row takes."""
        return self.n_columns * self.dtype.itemsize

    @property
    def bytes(self) -> int:
        """How many bytes all rows take."""
        return self.shape[0] * self.row_bytes

    def error(self, wrong: str) -> DataError:
        """Return the error for what is wrong with the array."""
        return DataError(Problem(f"{self.what} {wrong}", self.source.name))


@dataclass(frozen=True, eq=False)
class OpenArray:
    """An array whose header has been read and checked."""

    layout: Layout
    read: Callable[[int, int], NDArray[Any]]  # first row, rows -> (rows, n_columns), in their order
    name: str | None = None  # of the column that it is, or in front of those that it holds

    @property
    def n_rows(self) -> int:
        """The number of rows."""
        return self.layout.shape[0]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns' names.

        `x1`, `x2`, ... for those of a matrix, `pixel_0_0`, `pixel_0_1`, ... for those of images;
        an array that has a name gives it to its column, or puts it before the numbers of each.
        """
        row = self.layout.shape[1:]
        if not row:
            return (self.name or "x1",)
        if len(row) == 1:
            start = "x" if self.name is None else f"{self.name}_"
            return tuple(f"{start}{number}" for number in range(1, row[0] + 1))
        indices = itertools.product(*map(range, row))
        return tuple("_".join((self.name or "pixel", *map(str, index))) for index in indices)

    def named(self, name: str) -> OpenArray:
        """Return the array under a name."""
        return replace(self, name=name)


def in_row_order(layout: Layout) -> OpenArray:
    """Return the array that a file holds one row after another (C order).

    Raises DataError for a shape that is no table, and for another size than the file has.
    """
    check_layout(layout)
    source = layout.source
    # A damaged header may promise columns that are not there: a row is seen before they are named.
    ahead = read_exactly(source, layout.row_bytes, layout.what)

    def read(first: int, rows: int) -> NDArray[Any]:
        start = b"" if first else ahead
        content = start + read_exactly(source, rows * layout.row_bytes - len(start), layout.what)
        if first + rows == layout.shape[0]:
            refuse_rest(layout)
        return np.frombuffer(content, layout.dtype).reshape(rows, layout.n_columns)

    return OpenArray(layout, read)


def in_column_order(layout: Layout, files: ExitStack) -> OpenArray:
    """Return the array that a file holds one column after another (Fortran order).

    A pipe or packed data is put into a temporary file, which lives as long as `files`.
    Raises DataError as in_row_order does.
    """
    check_layout(layout)
    if layout.source.start is None:
        rest = files.enter_context(with_seeking(layout.source))
        layout = replace(layout, source=rest, header_bytes=0)
        check_layout(layout)
    source = layout.source
    assert source.start is not None
    start = source.start + layout.header_bytes
    n_rows, size = layout.shape[0], layout.dtype.itemsize
    # Where the file has each column, whose indices run the other way round.
    places = np.arange(layout.n_columns).reshape(layout.shape[1:], order="F").ravel().tolist()

    def read(first: int, rows: int) -> NDArray[Any]:
        cells = np.empty((layout.n_columns, rows), layout.dtype)
        for column, place in enumerate(places):
            with understood(source.name):
                source.stream.seek(start + (place * n_rows + first) * size)
            content = read_exactly(source, rows * size, layout.what)
            cells[column] = np.frombuffer(content, layout.dtype)
        return cells.T

    return OpenArray(layout, read)


def check_layout(layout: Layout) -> None:
    """Refuse an array that is no table of rows, or of another size than its file says.

    That is before anything is allocated for it.
    """
    if not layout.shape:
        raise layout.error("is a single value; save a row for each sample, along the first axis")
    if 0 in layout.shape or not layout.dtype.itemsize:
        shape = layout.shape
        raise layout.error(f"is empty (received shape {shape}, {layout.dtype}); save some rows")
    if layout.n_columns > MOST_COLUMNS or layout.row_bytes > LARGEST_ROW:
        raise layout.error(
            f"has rows of {layout.n_columns} cells and {layout.row_bytes} bytes (at most "
            f"{MOST_COLUMNS} and {LARGEST_ROW}); save a row for each sample, along the first axis"
        )
    if layout.source.size is not None:
        check_size(layout, layout.source.size - layout.header_bytes)


def check_size(layout: Layout, size: int) -> None:
    """Refuse another number of bytes behind the header than the header promises."""
    if size < layout.bytes:
        raise layout.error(
            f"is cut short or damaged: its header promises {layout.bytes} bytes (received {size}); "
            "make or fetch the file again"
        )
    if size > layout.bytes:
        raise layout.error(
            f"ends before the file does: {size - layout.bytes} bytes follow it; "
            "save several arrays in an NPZ file, or make or fetch the file again"
        )


def refuse_rest(layout: Layout) -> None:
    """Refuse bytes behind the array; that is also where packed data shows that it is whole."""
    with understood(layout.source.name):
        rest = len(layout.source.stream.read(1))
    check_size(layout, layout.bytes + rest)
