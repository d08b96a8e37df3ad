"""A CSV file or stream becomes tables of some rows each, as fast as it is plain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

import numpy as np

from nnctl.data.arrays import IntArray
from nnctl.data.csv_cells import (
    Column,
    Parsed,
    as_numbers,
    as_text,
    describe_bad_cell,
    first_bad_cell,
    settled_kind,
    wanted_columns,
)
from nnctl.data.csv_format import CsvFormat
from nnctl.data.csv_header import read_heading
from nnctl.data.csv_plain import Layout, read_plain
from nnctl.data.csv_records import Records
from nnctl.data.csv_text import Block, Lines, decoded
from nnctl.data.table import Table, in_one_block
from nnctl.data.wishes import Wishes
from nnctl.errors import DataError, Problem

__all__ = ["CsvFormat", "read_csv"]

SMALLEST_BLOCK, LARGEST_BLOCK = 2**21, 2**24  # characters
CHARACTERS_OF_A_COLUMN = 2**13  # in a block: about a thousand rows


def read_csv(
    stream: BinaryIO,
    name: str,
    form: CsvFormat,
    wishes: Wishes,
    *,
    rows: int | None = None,
    keep_written: bool = False,
    block_size: int | None = None,
) -> Iterator[Table]:
    """Yield the rows of a stream in tables of at most `rows` rows.

    A table also ends after `block_size` characters, which if None are some megabytes. Which rows it
    has does not depend on how fast they come, and none is waited for that it does not have.

    Cells may be quoted as the csv module has it, and lose the spaces around them, but for those
    that are kept as written. A column whose kind is not wished is one of numbers if at least half
    of the filled cells of the first table are numbers.

    Raises DataError, with line and column where there are any, for what is no table in this format,
    and for a cell in a column of numbers that is neither a number nor missing.
    """
    source = Lines(decoded(stream, name, form.encoding), name)
    reading = Reading(source, name, form, wishes, keep_written)
    handy = min(max(len(reading.names) * CHARACTERS_OF_A_COLUMN, SMALLEST_BLOCK), LARGEST_BLOCK)
    is_empty = True
    while (block := source.take(block_size or handy, rows)).lines:
        table = reading.table(block)
        if table is not None:
            is_empty = False
            yield table
    if is_empty:
        message = "the data has a header but no rows; write a row below it"
        raise DataError(Problem(message, name))


class Reading:
    """Turns one block of lines after another into a table, and knows what holds for all."""

    def __init__(
        self, source: Lines, name: str, form: CsvFormat, wishes: Wishes, keep_written: bool
    ) -> None:
        self._name = name
        self._form = form
        self._keep_written = keep_written
        self._records = Records(source, name)
        self._grammar, self.names = read_heading(self._records, name, form)
        self._columns = wanted_columns(self.names, wishes)

    def table(self, block: Block) -> Table | None:
        """Return the rows of a block, or None where its lines are all blank."""
        if self._records.blank_line is not None:
            return self.exact_table(block)
        layout = Layout(len(self.names), self._columns, self._grammar, self._form)
        parsed = read_plain(block, layout)
        if parsed is None:
            return self.exact_table(block)
        self._columns = tuple(column.settled("number") for column in self._columns)
        first = self._records.line
        self._records.line += len(block.lines)
        rows = self._grammar.written(block.lines) if self._keep_written else ()
        return self._assembled(parsed, np.arange(first, self._records.line), rows)

    def exact_table(self, block: Block) -> Table | None:
        """Return the same as `table`: cut by the grammar, and parsed a cell at a time."""
        reader_of = self._grammar.written if self._keep_written else self._grammar.reader
        records = self._records.cut(block.text, reader_of)
        rows = list(self._records.equally_wide(records, len(self.names)))
        if not rows:
            return None
        lines = np.array([line for line, _ in rows], np.int64)
        written = [cells for _, cells in rows]
        by_column = list(zip(*written, strict=True))
        cells = [[*map(str.strip, by_column[column.position])] for column in self._columns]
        self._columns = tuple(
            column if column.wish.kind else column.settled(settled_kind(column_cells, self._form))
            for column, column_cells in zip(self._columns, cells, strict=True)
        )
        parsed = parse_columns(self._columns, cells, lines, self._name, self._form)
        return self._assembled(parsed, lines, written if self._keep_written else ())

    def _assembled(
        self, parsed: Sequence[Parsed], lines: IntArray, rows: Iterable[list[str]]
    ) -> Table:
        """Return the table of columns (n_rows,) and, if they are kept, of rows as written."""
        names = tuple(column.name for column in self._columns)
        by_name = dict(zip(names, parsed, strict=True))
        block = np.empty((len(names), len(lines)))
        for row, column in zip(block, parsed, strict=True):
            row[:] = column.values
        return Table(
            names,
            in_one_block(block),
            {name: column.texts for name, column in by_name.items() if column.texts is not None},
            self._name,
            lines,
            header=self.names,
            gaps={name: column.gap for name, column in by_name.items() if column.gap is not None},
            written=tuple(map(tuple, rows)),
        )


def parse_columns(
    columns: Sequence[Column],
    cells: Sequence[list[str]],
    lines: IntArray,
    name: str,
    form: CsvFormat,
) -> list[Parsed]:
    """Return each column's cells as its kind has it; `lines` (n_rows,) is where the rows begin.

    Raises one DataError with the first bad cell of each column.
    """
    parsed: list[Parsed] = []
    problems: list[Problem] = []
    for column, column_cells in zip(columns, cells, strict=True):
        is_text = column.wish.kind == "text"
        result = as_text(column_cells, form) if is_text else as_numbers(column_cells, form)
        if result is not None:
            parsed.append(result)
            continue
        row = first_bad_cell(column_cells, form)
        message = describe_bad_cell(column, column_cells, row, form)
        problems.append(Problem(message, name, int(lines[row]), column.position + 1))
    if problems:
        raise DataError(problems)
    return parsed
