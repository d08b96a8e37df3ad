"""Arrays without column names become tables: rows along the first axis, a column for each number.

A chunk's rows are read from all arrays side by side, so that none of them is ever held whole.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnctl.data.array_rows import OpenArray
from nnctl.data.request import Request
from nnctl.data.table import Table
from nnctl.data.typed_columns import Cells, Chunk, Plan, as_rows, make_plan, write_numbers

LARGEST_PIECE = 2**24  # bytes of an array that are read at once
SURROGATES = 0xD800 >> 11  # halves of characters, which stand for nothing alone
TEXTS = "US"  # the kinds of dtype that hold text


def read_arrays(arrays: Sequence[OpenArray], source: str, request: Request) -> Iterator[Table]:
    """Yield tables of the columns of arrays that have equally many rows."""
    names = [array.columns for array in arrays]
    plan = make_plan(source, itertools.chain.from_iterable(names), request)
    parts = [_Part(array, own, plan) for array, own in zip(arrays, names, strict=True)]
    parts = [part for part in parts if part.is_wanted or request.keep_written]
    n_rows, rows = arrays[0].n_rows, _rows_at_once(parts, plan)
    for first in range(0, n_rows, rows):
        chunk = Chunk(plan, first, min(rows, n_rows - first))
        written = [cells for part in parts for cells in part.add_to(chunk)]
        yield chunk.table(as_rows(written))


def _rows_at_once(parts: Sequence[_Part], plan: Plan) -> int:
    n_columns = len(plan.header if plan.request.keep_written else plan.wished)
    largest_row = max((part.row_bytes for part in parts), default=1)
    return min(plan.request.rows_of(n_columns), max(1, LARGEST_PIECE // largest_row))


class _Part:
    """An array, and which of its columns are wanted as what."""

    def __init__(self, array: OpenArray, columns: tuple[str, ...], plan: Plan) -> None:
        self._array = array
        self._columns = columns
        self._encoding = plan.request.form.encoding
        self._keeps_written = plan.request.keep_written
        wanted = [at for at, name in enumerate(columns) if name in plan.wished]
        is_text = array.layout.dtype.kind in TEXTS
        self._cells = [at for at in wanted if is_text or plan.wished[columns[at]].kind == "text"]
        numbers = sorted({*wanted}.difference(self._cells))
        self._numbers = np.array(numbers, np.intp)
        self._places = np.array([plan.positions[columns[at]] for at in numbers], np.intp)
        self.is_wanted = bool(wanted)
        self.row_bytes = array.layout.row_bytes

    def add_to(self, chunk: Chunk) -> list[Cells]:
        """Add what is wanted of the chunk's rows; return all columns as text, if that is kept."""
        cells = self._array.read(chunk.first_row, chunk.n_rows)
        if len(self._numbers):
            chunk.add_numbers(self._places, cells.T[self._numbers])
        to_write = range(len(self._columns)) if self._keeps_written else self._cells
        written = {at: self._write(chunk, self._columns[at], cells[:, at]) for at in to_write}
        for at in self._cells:
            chunk.add_cells(self._columns[at], written[at])
        return [*written.values()] if self._keeps_written else []

    def _write(self, chunk: Chunk, name: str, cells: NDArray[Any]) -> Cells:
        """Return a column's cells as text; note the first that is none."""
        try:
            return as_texts(cells, self._encoding)
        except (ValueError, LookupError):
            row = next(row for row in range(len(cells)) if not self._is_text(cells[row : row + 1]))
            wrong = f"holds no text in `{self._encoding}`; save it as text (dtype U), or numbers"
            chunk.add_fault(name, row, wrong)
            return [None] * len(cells)

    def _is_text(self, cell: NDArray[Any]) -> bool:
        try:
            as_texts(cell, self._encoding)
        except (ValueError, LookupError):
            return False
        return True


def as_texts(cells: NDArray[Any], encoding: str) -> Cells:
    """Return the cells (n_cells,) as text, None where NaN.

    Raises ValueError for bytes or code points that are no text, LookupError for the encoding.
    """
    if cells.dtype.kind == "S":
        return [cell.decode(encoding) for cell in cells.tolist()]
    if cells.dtype.kind == "U":
        check_characters(cells)
        texts: list[str] = cells.tolist()
        return texts
    return write_numbers(cells)


def check_characters(cells: NDArray[Any]) -> None:
    """Raise ValueError for a number that is no character, as a damaged file may hold.

    NumPy would hand it on, and Python fail at some later place.
    """
    numbers = np.ascontiguousarray(cells).view(np.dtype("u4").newbyteorder(cells.dtype.byteorder))
    if (numbers > sys.maxunicode).any() or (numbers >> 11 == SURROGATES).any():
        raise ValueError("no character")
