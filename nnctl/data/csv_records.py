"""The grammar of a CSV file: lines to rows of equal width under a header, or where it is broken."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterable, Iterator

from nnctl.data.numbers import parse_numbers
from nnctl.errors import DataError, Problem

DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
BYTE_ORDER_MARK = "\ufeff"

CSV_ERRORS = {
    "unexpected end of data": "a quote that opens in this row never closes; close it",
    "field larger than field limit": (
        "a cell of this row is longer than 131072 characters; is there a quote that never closes?"
    ),
}
STRAY_QUOTE = (
    'a quote that opens in this row closes in the middle of a cell; write `""` for a quote inside '
    "a quoted cell, and close the cell right before the delimiter"
)

Cells = tuple[str, ...]
Record = tuple[int, Cells]  # the line on which it begins, and its cells


def open_records(
    stream: Iterable[str], name: str, delimiter: str | None
) -> tuple[Cells, Iterator[Record]]:
    """Return the columns' names, and an iterator over the rows below them."""
    lines = checked_lines(stream, name)
    line, first = first_filled_line(lines, name)
    recognised = recognise_delimiter(first)
    chosen = recognised if delimiter is None else checked_delimiter(delimiter, name)
    records = read_records(itertools.chain([first], lines), line, name, chosen)
    header = next(records)[1]
    if len(header) == 1 and chosen != recognised:
        message = (
            f"the header holds {DELIMITERS[recognised]} but no `{chosen}`; "
            f"write `delimiter: {json.dumps(recognised)}`, or leave `delimiter` out"
        )
        raise DataError(Problem(message, name, line))
    check_header(header, name, line)
    return header, equally_wide(records, len(header), name)


def checked_lines(stream: Iterable[str], name: str) -> Iterator[str]:
    """Yield the lines without a byte order mark; refuse what is no text."""
    number = 0
    try:
        for number, line in enumerate(stream, start=1):
            if "\0" in line:
                message = "the line holds a NUL byte; is this a text file? UTF-16 needs `encoding:`"
                raise DataError(Problem(message, name, number))
            yield line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line
    except UnicodeDecodeError as error:
        after = "the text after this line" if number else "the text"
        message = f"{after} is not {error.encoding}; convert it to utf-8, or write `encoding:`"
        raise DataError(Problem(message, name, number or None)) from None


def first_filled_line(lines: Iterator[str], name: str) -> tuple[int, str]:
    """Return the first line that is not blank, and its number."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            return number, line
    message = "the data is empty; write the columns' names in the first line, and rows below"
    raise DataError(Problem(message, name))


def recognise_delimiter(header: str) -> str:
    """Return the delimiter that cuts the header into most names: comma where none does."""
    widths = {
        delimiter: len(next(csv.reader([header], delimiter=delimiter))) for delimiter in DELIMITERS
    }
    return max(widths, key=widths.__getitem__)


def checked_delimiter(delimiter: str, name: str) -> str:
    """Return the delimiter, or refuse what cannot be one."""
    if len(delimiter) != 1 or delimiter in '"\r\n':
        message = f"no file can be cut at `{delimiter}`; write one character like `,` or `;`"
        raise DataError(Problem(message, name))
    return delimiter


def read_records(lines: Iterable[str], first: int, name: str, delimiter: str) -> Iterator[Record]:
    """Yield the rows as the csv module cuts them, with the spaces around each cell taken away."""
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=delimiter != " ", strict=True)
    while True:
        line = first + reader.line_num
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            reason = str(error).partition(" (")[0]
            raise DataError(Problem(CSV_ERRORS.get(reason, STRAY_QUOTE), name, line)) from None
        yield line, tuple([cell.strip() for cell in cells])


def check_header(header: Cells, name: str, line: int) -> None:
    """Refuse a header without names, with a name twice, or that is a row of numbers."""
    if parse_numbers(header) is not None:
        message = f"the first line holds numbers (received `{header[0]}`), not the columns' names"
        raise DataError(Problem(f"{message}; write a line of names above", name, line))
    problems = []
    for position, column in enumerate(header, start=1):
        if not column:
            message = "the column has no name; write one in the header"
            problems.append(Problem(message, name, line, position))
        elif column in header[: position - 1]:
            first = header.index(column) + 1
            message = f"column {first} is called `{column}` too; rename one of them"
            problems.append(Problem(message, name, line, position))
    if problems:
        raise DataError(problems)


def equally_wide(records: Iterator[Record], width: int, name: str) -> Iterator[Record]:
    """Yield the rows; refuse a ragged one, and a blank line unless only blank lines follow."""
    blank_line: int | None = None
    for line, cells in records:
        if len(cells) <= 1 and not any(cells):
            blank_line = blank_line or line
            continue
        if blank_line is not None:
            message = "the line is blank and rows follow below; remove it"
            raise DataError(Problem(message, name, blank_line))
        if len(cells) != width:
            message = (
                f"the row has the wrong number of cells (expected {width}, received {len(cells)}); "
                "quote a cell that holds the delimiter"
            )
            raise DataError(Problem(message, name, line))
        yield line, cells
