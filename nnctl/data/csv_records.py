"""The grammar of a CSV file: lines to rows of equal width, exactly, or where it is broken."""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from nnctl.data.csv_text import BYTES_AT_ONCE, Lines
from nnctl.errors import DataError, Problem

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
Record = tuple[int, list[str]]  # the line on which it begins, and its cells
Reader = Callable[[Iterable[str]], Iterator[list[str]]]  # lines to rows


@dataclass(frozen=True)
class Grammar:
    """What parts cells from each other."""

    delimiter: str
    quote: str | None

    def reader(self, lines: Iterable[str], *, strict: bool = True) -> Iterator[list[str]]:
        """Return what cuts lines into rows; spaces that follow a delimiter are taken away."""
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quotechar=self.quote,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            skipinitialspace=self.delimiter != " ",
            strict=strict,
        )

    def written(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """Return what cuts lines into the same rows as `reader`, and leaves cells their spaces.

        Those before the quote that opens a cell are none of the cell's.
        """
        if self.delimiter == " ":
            return self.reader(lines)
        # Spaces are taken away where a cell begins with one. None does after its first is a NUL,
        # which no line holds.
        opening = f"(?! *{re.escape(self.quote)})" if self.quote else ""
        first_space = re.compile(rf" (?<![^{re.escape(self.delimiter)}\n\r] ){opening}")
        marked = (first_space.sub("\0", line) if " " in line else line for line in lines)
        return map(with_spaces, self.reader(marked))


class Records:
    """Cuts blocks of lines into rows; knows the line it is on, and whether one was blank."""

    def __init__(self, source: Lines, name: str) -> None:
        self.line = 1  # the next to be read
        self.blank_line: int | None = None  # the first of the blank lines right before it
        self._begins_with_comment = False  # or so it looks
        self._source = source
        self._name = name
        self._waiting: deque[str] = deque()

    def first_filled_line(self) -> str:
        """Return the first line that is not blank, and leave it where it is."""
        for line in self._lines():
            if line.strip():
                self.line -= 1
                self._waiting.appendleft(line)
                self._begins_with_comment = line.startswith("#")
                return line
        message = "the data is empty; write the columns' names in the first line, and rows below"
        raise DataError(Problem(message, self._name))

    def peek(self, grammar: Grammar) -> Record:
        """Return the first row, and leave it where it is."""
        taken: list[str] = []
        line = self.line
        try:
            cells = next(grammar.reader(remembering(self._lines(), taken)))
        except csv.Error as error:
            raise self._refusal(error, line) from None
        self._waiting.extendleft(reversed(taken))
        self._put_back()
        self.line = line
        return line, cells

    def skip_row(self, grammar: Grammar) -> None:
        """Pass over a row."""
        next(self.cut(self._source.take(BYTES_AT_ONCE, 1).text, grammar.reader))
        self._put_back()

    def cut(self, text: str, reader_of: Reader) -> Iterator[Record]:
        """Yield the rows that begin in a text of whole lines; the last may end beyond it.

        A blank line has no cells: one of a single cell without content has quotes on it.
        """
        waiting = self._waiting
        waiting.extend(io.StringIO(text, newline=""))
        reader = reader_of(self._lines())
        while waiting:
            line, is_blank = self.line, not waiting[0].strip()
            try:
                cells = next(reader)
            except csv.Error as error:
                raise self._refusal(error, line) from None
            yield line, [] if is_blank and len(cells) == 1 else cells

    def equally_wide(self, records: Iterable[Record], width: int) -> Iterator[Record]:
        """Yield the rows; refuse a ragged one, and a blank line unless only blank lines follow."""
        for line, cells in records:
            if not cells:
                self.blank_line = self.blank_line or line
                continue
            if self.blank_line is not None:
                message = "the line is blank and rows follow below; remove it"
                raise DataError(Problem(message, self._name, self.blank_line))
            if len(cells) != width:
                remedy = "quote a cell that holds the delimiter"
                if self._begins_with_comment:
                    remedy = f"the first line begins with `#`: take comments out, or {remedy}"
                message = (
                    f"the row has the wrong number of cells (expected {width}, "
                    f"received {len(cells)}); {remedy}"
                )
                raise DataError(Problem(message, self._name, line))
            yield line, cells

    def _refusal(self, error: csv.Error, line: int) -> DataError:
        reason = str(error).partition(" (")[0]
        return DataError(Problem(CSV_ERRORS.get(reason, STRAY_QUOTE), self._name, line))

    def _put_back(self) -> None:
        self._source.put_back("".join(self._waiting))
        self._waiting.clear()

    def _lines(self) -> Iterator[str]:
        """Yield the lines that wait, and then those of the source as long as a row goes on."""
        while True:
            if not self._waiting:
                self._waiting.extend(
                    io.StringIO(self._source.take(BYTES_AT_ONCE, 1).text, newline="")
                )
            if not self._waiting:
                return
            line = self._waiting.popleft()
            if "\0" in line:
                message = "the line holds a NUL byte; is this a text file? UTF-16 needs `encoding:`"
                raise DataError(Problem(message, self._name, self.line))
            self.line += 1
            yield line


def with_spaces(row: list[str]) -> list[str]:
    """Return the cells of a row with a space for each NUL."""
    is_marked = "\0" in "".join(row)
    return [cell.replace("\0", " ") for cell in row] if is_marked else row


def remembering(lines: Iterator[str], taken: list[str]) -> Iterator[str]:
    """Yield the lines, and put each into `taken`."""
    for line in lines:
        taken.append(line)
        yield line
