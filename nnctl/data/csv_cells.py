"""Cells become columns: numbers, or positions in a list of texts; NaN where one is missing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from nnctl.data.arrays import FloatArray, IntArray
from nnctl.data.csv_format import CsvFormat
from nnctl.data.numbers import (
    describe_bad_number,
    describe_near_number,
    is_missing,
    is_number,
    parse_numbers,
)
from nnctl.data.table import TEXT_REMEDIES
from nnctl.data.wishes import Kind, Wish, Wishes

Cell = TypeVar("Cell", bound=Hashable)


@dataclass(frozen=True)
class Column:
    """A column that is wanted."""

    position: int  # in the file, from 0
    name: str
    wish: Wish

    def settled(self, kind: Kind) -> Column:
        """Return the column as one of this kind, unless its kind is settled already."""
        return self if self.wish.kind else replace(self, wish=replace(self.wish, kind=kind))


@dataclass(frozen=True, eq=False)
class Parsed:
    """A column of some rows."""

    values: FloatArray  # (n_rows,)
    texts: tuple[str, ...] | None = None  # of a column of text
    gap: str | None = None  # how its first gap is written, if it has one


def wanted_columns(names: Sequence[str], wishes: Wishes) -> tuple[Column, ...]:
    """Return the columns that are to be read, in the file's order."""
    wished = ((position, name, wishes.of(name)) for position, name in enumerate(names))
    return tuple(Column(position, name, wish) for position, name, wish in wished if wish)


def settled_kind(cells: Sequence[str], form: CsvFormat) -> Kind:
    """Return what a column is read as: numbers if at least half of the filled cells are some."""
    if as_numbers(cells, form) is not None:
        return "number"
    counts = Counter(cells)
    gaps = sum(count for cell, count in counts.items() if is_missing(cell, form.missing))
    numbers = sum(
        count
        for cell, count in counts.items()
        if is_number(cell, form.decimal) and not is_missing(cell, form.missing)
    )
    return "number" if 2 * numbers >= len(cells) - gaps else "text"


def as_numbers(cells: Sequence[str], form: CsvFormat) -> Parsed | None:
    """Return a column of numbers and gaps, or None where a cell is neither."""
    # As if none were missing, unless a number stands for a gap.
    numbers = None if form.numeric_marks else parse_numbers(cells, form.decimal)
    if numbers is not None:
        return Parsed(numbers)
    gaps = {cell for cell in set(cells) if is_missing(cell, form.missing)}
    numbers = parse_numbers([cell for cell in cells if cell not in gaps], form.decimal)
    if numbers is None:
        return None
    missing = np.fromiter((cell in gaps for cell in cells), np.bool_, len(cells))
    values = np.full(len(cells), np.nan)
    values[~missing] = numbers
    return Parsed(values, gap=cells[int(np.argmax(missing))] if gaps else None)


def as_text(cells: Sequence[str], form: CsvFormat) -> Parsed:
    """Return a column of text."""
    codes, written = coded(cells)
    return text_of_codes(codes, written, form)


def text_of_codes(codes: IntArray, written: Sequence[str], form: CsvFormat) -> Parsed:
    """Return a column of text whose cells are `written[codes]`, in the order they come."""
    texts: dict[str, int] = {}
    gap = None
    positions = np.full(len(written), np.nan)
    for code, text in enumerate(map(str.strip, written)):
        if not is_missing(text, form.missing):
            positions[code] = texts.setdefault(text, len(texts))
        elif gap is None:
            gap = text
    return Parsed(positions[codes], tuple(texts), gap)


def coded(cells: Sequence[Cell]) -> tuple[IntArray, list[Cell]]:
    """Return a number for each cell (n_cells,), and the cells that differ, which it counts."""
    positions: defaultdict[Cell, int] = defaultdict()
    positions.default_factory = positions.__len__
    codes = np.fromiter(map(positions.__getitem__, cells), np.int64, len(cells))
    return codes, list(positions)


def first_bad_cell(cells: Sequence[str], form: CsvFormat) -> int:
    """Return the position of the first cell that is neither a number nor missing."""
    return next(
        row
        for row, cell in enumerate(cells)
        if not is_number(cell, form.decimal) and not is_missing(cell, form.missing)
    )


def describe_bad_cell(column: Column, cells: Sequence[str], row: int, form: CsvFormat) -> str:
    """Say what is wrong with one of a number column's cells, and what to do."""
    name, role, cell = column.name, column.wish.role, cells[row]
    # To a network that is trained the cell is the mistake, not what the column was taken for.
    if role in TEXT_REMEDIES and not column.wish.is_input and is_text(cells, cell, form):
        return f"{role} `{name}` holds text (received `{cell}`); {TEXT_REMEDIES[role]}"
    other_kinds = ""
    if role == "feature":
        other_kinds = (
            f", or say what the column is: `columns: {{{name}: categorical}}`, or `ignored`"
        )
    return f"{role} `{name}` {describe_bad_number(cell, form.decimal, other_kinds)}"


def is_text(cells: Sequence[str], cell: str, form: CsvFormat) -> bool:
    """Tell whether one of a column's cells is text, and most others are."""
    return not describe_near_number(cell, form.decimal) and settled_kind(cells, form) == "text"
