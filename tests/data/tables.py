"""Tables for tests, written as the CSV that they are read from."""

from __future__ import annotations

from textwrap import dedent

from nnctl.data.readers import read_table_from
from nnctl.data.table import Table


def table_of(text: str) -> Table:
    """Return the table of an indented CSV text; errors call it `f.csv`."""
    return read_table_from(dedent(text).lstrip("\n").splitlines(keepends=True), "f.csv")


def column_of(name: str, *cells: object) -> Table:
    """Return the table of one column."""
    return table_of("\n".join([name, *map(str, cells)]))
