"""The beginning of a CSV file: which character parts its cells, and what its columns are called."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence

from nnctl.data.csv_format import CsvFormat
from nnctl.data.csv_records import Cells, Grammar, Records
from nnctl.data.numbers import parse_numbers
from nnctl.errors import DataError, Problem

DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}


def read_heading(records: Records, name: str, form: CsvFormat) -> tuple[Grammar, Cells]:
    """Return what parts the cells, and the columns' names; take the header off, if there is one.

    Raises DataError for an empty file, a delimiter or a quote that none can be, and for names that
    are missing, double or numbers.
    """
    refuse_impossible_marks(form, name)
    recognised = recognise_delimiter(records.first_filled_line(), form)
    usual = next(mark for mark in DELIMITERS if mark != form.decimal)
    grammar = Grammar(form.delimiter or recognised or usual, form.quote)
    line, first = records.peek(grammar)
    if len(first) == 1 and recognised is not None and grammar.delimiter != recognised:
        what = "header" if form.header else "first line"
        message = (
            f"the {what} holds {DELIMITERS[recognised]} but no `{grammar.delimiter}`; "
            f"write `delimiter: {json.dumps(recognised)}`, or leave `delimiter` out"
        )
        raise DataError(Problem(message, name, line))
    if not form.header:
        return grammar, tuple(f"x{position}" for position in range(1, len(first) + 1))
    records.skip_row(grammar)
    header = named(tuple(map(str.strip, first)))
    refuse_bad_names(header, name, line, form.decimal)
    return grammar, header


def named(header: Sequence[str]) -> tuple[str, ...]:
    """Return the names; a column without one, such as the index that pandas and R write, gets one.

    Where no column has a name, all stay as they are, for they will be refused.
    """
    if not any(header):
        return tuple(header)
    return tuple(column or f"column_{position}" for position, column in enumerate(header, start=1))


def refuse_impossible_marks(form: CsvFormat, name: str) -> None:
    """Refuse what cannot part cells, or stand around them."""
    if form.quote is not None and (len(form.quote) != 1 or form.quote in " \r\n\0"):
        message = f'no cell can stand in `{form.quote}`; write one character like `"`, or null'
        raise DataError(Problem(message, name))
    delimiter = form.delimiter
    if delimiter is not None and (len(delimiter) != 1 or delimiter in f"\r\n\0{form.quote or ''}"):
        message = f"no file can be cut at `{delimiter}`; write one character like `,` or `;`"
        raise DataError(Problem(message, name))


def recognise_delimiter(first: str, form: CsvFormat) -> str | None:
    """Return the delimiter that cuts the first line into most cells, or None where none does.

    A comma that is the decimal mark parts cells only in a header that holds no other delimiter.
    """
    widths = {mark: width_of(first, Grammar(mark, form.quote)) for mark in DELIMITERS}
    cutting = {mark: width for mark, width in widths.items() if width > 1}
    if len(cutting) > 1 or not form.header:
        cutting.pop(form.decimal, None)
    return max(cutting, key=cutting.__getitem__, default=None)


def width_of(line: str, grammar: Grammar) -> int:
    """Return the number of cells on a line, which need not be a whole row."""
    try:
        return len(next(grammar.reader([line], strict=False)))
    except csv.Error:
        return 1


def refuse_bad_names(header: Sequence[str], name: str, line: int, decimal: str) -> None:
    """Refuse a header without names, with a name twice, or that is a row of numbers."""
    if parse_numbers(header, decimal) is not None:
        message = (
            f"the first line holds numbers (received `{header[0]}`), not the columns' names; "
            "write a line of names above, or `header: false`"
        )
        raise DataError(Problem(message, name, line))
    positions: dict[str, int] = {}
    problems = []
    for position, column in enumerate(header, start=1):
        first = positions.setdefault(column, position)
        if not column:
            message = "no column has a name; write them in the header"
            raise DataError(Problem(message, name, line))
        if first != position:
            message = f"column {first} is called `{column}` too; rename one of them"
            problems.append(Problem(message, name, line, position))
    if problems:
        raise DataError(problems)
