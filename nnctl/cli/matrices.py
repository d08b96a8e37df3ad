"""Matrices of numbers as tables that fit the screen: numbers stand point under point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len, set_cell_size

from nnctl.cli import console
from nnctl.errors import printable

Cell = float | str | None
GAP, MARGIN = 3, 4  # of a table: between two columns, and on both sides together
MOST_CELLS = 24  # of a name in a table, where a wide character takes two
MOST_NAMED = 3  # columns that are left out


@dataclass
class Matrix:
    """Lines of numbers under the names of their columns; too many columns are left out."""

    title: str
    columns: Sequence[str]
    formulas: Sequence[str] = ()  # under the title, a line each
    lines: list[tuple[str, Sequence[Cell]]] = field(default_factory=list)
    corner: str = ""
    left_out: list[str] = field(default_factory=list)  # lines that are not shown, in words
    things: str = "units"  # what the columns are called when some are left out
    beside: int = 0  # columns on the left that are none of these
    continued: bool = False  # whether columns without room come in a table of their own
    whole: bool = False  # whether columns are left out on a terminal alone, which --columns helps

    def add(
        self, labels: Sequence[str], values: Sequence[Sequence[Cell]], most: int, things: str
    ) -> None:
        """Add lines, the first `most` of them; of the others it is said that there are some."""
        self.lines += [*zip(labels[:most], values[:most], strict=True)]
        if len(labels) > most:
            self.leave_out(counted(len(labels) - most, len(labels), things))

    def leave_out(self, what: str) -> None:
        """Note that something is left out; the same is said once."""
        if what not in self.left_out:
            self.left_out.append(what)

    def write(self, digits: int) -> None:
        """Write it as a table, with as many columns as fit, and say what is left out."""
        for text in (self.title, *self.formulas):
            for piece in text.split("; "):
                console.write_line(("" if text is self.title else "  ") + printable(piece))
        labels = [label for label, _ in self.lines]
        cells = [
            aligned([line[1][column] for line in self.lines], digits)
            for column in range(len(self.columns))
        ]
        first, end = 0, len(self.columns)
        width = console.table_width(whole=self.whole)
        while first < end:
            shown = fitting([self.corner, *labels], self.columns[first:], cells[first:], width)
            part = slice(first, first + shown)
            rows = [[label, *(c[row] for c in cells[part])] for row, label in enumerate(labels)]
            console.write_table((self.corner, *self.columns[part]), rows, width=width)
            first += shown
            if not self.continued:
                break
        if first < end:
            self.leave_out(self.without_room(first))
        if self.left_out and self.whole:
            console.say(f"left out: {', '.join(self.left_out)}; --columns chooses, --json has all")
        elif self.left_out:
            console.write_line(f"left out: {', '.join(self.left_out)} (--json has all)\n")

    def without_room(self, first: int) -> str:
        """Return the names of the columns from `first` on; a number for many of them, or units."""
        rest = self.columns[first:]
        if self.things == "columns" and len(rest) <= MOST_NAMED:
            return f"column{'s' if len(rest) > 1 else ''} {printable(', '.join(rest))}"
        return counted(len(rest), len(self.columns) - self.beside, self.things)


def shortened(name: str, most: int = MOST_CELLS) -> str:
    """Return a name that leaves room in a table for numbers, its middle left out where it is long.

    >>> shortened("the mean concentration of nitrogen dioxide")
    'the mean con…gen dioxide'
    """
    text = printable(name)
    if cell_len(text) <= most:
        return text
    end = (most - 1) // 2
    head, tail = set_cell_size(text, most - 1 - end), set_cell_size(text[::-1], end)[::-1]
    return f"{head.rstrip()}…{tail.lstrip()}"


def counted(some: int, everything: int, things: str) -> str:
    """Return `3 of 8 units`."""
    return f"{some:,} of {everything:,} {things}"


def aligned(values: Sequence[Cell], digits: int) -> list[str]:
    """Return numbers as texts of one width, their points under one another; None is blank.

    >>> aligned([1.5, -20.0, None, "x"], 6)
    ['  1.5', '-20  ', '     ', 'x    ']
    """
    parts = [
        (value, "", "") if isinstance(value, str) else shown(value, digits).partition(".")
        for value in values
    ]
    numbers = [part for part, value in zip(parts, values, strict=True) if is_number(value)]
    before = max((len(whole) for whole, _, _ in numbers), default=0)
    texts = [
        whole.rjust(before) + point + rest if is_number(value) else whole
        for (whole, point, rest), value in zip(parts, values, strict=True)
    ]
    width = max(map(len, texts), default=0)
    return [text.ljust(width) for text in texts]


def is_number(value: Cell) -> bool:
    """Whether a cell holds a number."""
    return value is not None and not isinstance(value, str)


def shown(value: int | float | None, digits: int) -> str:
    """Return a number with that many digits, a whole one with all of its own; nothing for None."""
    if isinstance(value, int):
        return f"{value:,}"
    return "" if value is None else f"{value + 0.0:.{digits}g}"  # -0 is 0


def fitting(
    labels: Sequence[str], columns: Sequence[str], cells: Sequence[Sequence[str]], width: int
) -> int:
    """Return how many columns fit beside the labels, at least one."""
    room = width - MARGIN - max(cell_len(printable(label)) for label in labels)
    for count, (name, column) in enumerate(zip(columns, cells, strict=True)):
        room -= GAP + max(cell_len(printable(text)) for text in (name, *column))
        if room < 0:
            return max(count, 1)
    return len(columns)
