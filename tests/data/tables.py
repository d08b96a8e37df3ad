"""Tables for tests, written as the CSV that they are read from."""

from __future__ import annotations

import io
import math
from textwrap import dedent

from nnctl.data.csv_reader import CsvFormat, read_csv
from nnctl.data.table import Table, join_tables
from nnctl.data.wishes import EVERYTHING, Wishes


def table_of(text: str, wishes: Wishes = EVERYTHING) -> Table:
    """Return the table of an indented CSV text; errors call it `f.csv`."""
    stream = io.BytesIO(dedent(text).lstrip("\n").encode())
    return join_tables(read_csv(stream, "f.csv", CsvFormat(), wishes))


def column_of(name: str, *cells: object) -> Table:
    """Return the table of one column."""
    return table_of("\n".join([name, *(str(cell) or '""' for cell in cells)]))


def chunks_of(
    text: str,
    form: CsvFormat | None = None,
    wishes: Wishes = EVERYTHING,
    *,
    rows: int | None = None,
    keep_written: bool = False,
    block_size: int | None = None,
) -> list[Table]:
    """Return the tables of a CSV text, one after another."""
    return [
        *read_csv(
            io.BytesIO(text.encode()),
            "f.csv",
            form or CsvFormat(),
            wishes,
            rows=rows,
            keep_written=keep_written,
            block_size=block_size,
        )
    ]


def written_cells(table: Table, name: str) -> list[float | str | None]:
    """Return a column's numbers or texts, None where one is missing."""
    values = table.values(name).tolist()
    cells = table.texts.get(name)
    return [
        None if math.isnan(value) else value if cells is None else cells[int(value)]
        for value in values
    ]
