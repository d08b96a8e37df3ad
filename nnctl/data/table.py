"""A table of named columns that remembers where each of its rows came from."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from nnctl.data.arrays import FloatArray, IntArray
from nnctl.data.blocks import Blocks
from nnctl.data.wishes import Kind
from nnctl.errors import DataError, Problem

MOST_NAMES_LISTED = 12
MOST_ABSENT_TOLD = 3  # more columns that are not there are one error
LARGEST_EXACT = 2**53  # above it float64 does not tell neighbouring integers apart
TEXT_REMEDIES = {
    "target": "a regression needs numbers; write `task: classification`, or name another column",
    "one-hot target": "several target columns of a classification hold 0 and 1; name one column",
    "sample weight": "name a column of numbers",
}
GAP_REMEDIES = {
    "feature": "fill it in, remove the row, or write `missing:`, such as `missing: {filling}`",
    "input": (
        "fill it in; a network that was trained with `missing: {filling}` would fill it itself"
    ),
}


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of equal length, of numbers or of text; a missing cell is NaN in either.

    Text is kept once: `texts` holds the different texts of a column, in the order in which they
    come, and its numbers are positions in them.
    """

    names: tuple[str, ...]  # of the columns that were read, in the order of the source
    blocks: Blocks  # (n_names, n_rows)
    texts: Mapping[str, tuple[str, ...]]  # of the columns of text alone
    source: str
    places: IntArray  # (n_rows,) the line on which each row begins, or its number, from 1
    has_lines: bool = True  # whether `places` are lines of a text file
    header: tuple[str, ...] = ()  # all columns of the source, also those that were not read
    gaps: Mapping[str, str] = field(default_factory=dict)  # how a column's first gap is written
    written: tuple[tuple[str, ...], ...] = ()  # the rows as they stand in the source, if asked for

    @property
    def n_rows(self) -> int:
        """The number of rows."""
        return self.blocks.n_rows

    @property
    def kinds(self) -> dict[str, Kind]:
        """What each column that was read is: name -> number or text."""
        return {name: "text" if name in self.texts else "number" for name in self.names}

    def values(self, name: str) -> FloatArray:
        """Return a column (n_rows,): numbers, or positions in `texts[name]`; NaN where missing."""
        return self.blocks.column(self.names.index(name))

    def numbers(self, name: str, role: str) -> FloatArray:
        """Return a column of numbers (n_rows,), none of them missing.

        `role` says in an error what the column was wanted for.
        Raises DataError with the place of the first cell that is no number.
        """
        values = self.values(name)
        present = ~np.isnan(values)
        if name in self.texts and present.any():
            row = int(np.argmax(present))
            remedy = TEXT_REMEDIES.get(role, "name a column of numbers")
            message = f"{role} `{name}` holds text (received `{self.text(name, row)}`); {remedy}"
            raise DataError(self.problem(message, name, row))
        self.refuse_gaps(name, values, role)
        return values

    def codes(self, name: str) -> tuple[tuple[str, ...], FloatArray]:
        """Return the different texts of a column, and each row's position in them (n_rows,).

        The texts of numbers are the shortest that give the same number: `3`, `0.5`.
        """
        values = self.values(name)
        if name in self.texts:
            return self.texts[name], values
        present = ~np.isnan(values)
        different, positions = np.unique(values[present], return_inverse=True)
        codes = np.full(len(values), np.nan)
        codes[present] = positions
        return tuple(map(text_of_number, different.tolist())), codes

    def text(self, name: str, row: int) -> str:
        """Return the text of a cell that is not missing."""
        texts, codes = self.codes(name)
        return texts[int(codes[row])]

    def refuse_gaps(self, name: str, values: FloatArray, role: str) -> None:
        """Raise DataError for the first gap in a column's values (n_rows,)."""
        missing = np.isnan(values)
        if not missing.any():
            return
        cell = self.gaps.get(name, "")
        received = f"received `{cell}`" if cell else "received a blank cell"
        filling = "most_frequent" if name in self.texts else "median"
        remedy = GAP_REMEDIES.get(role, "fill it in, or remove the row").format(filling=filling)
        message = f"{role} `{name}` has a missing value ({received}); {remedy}"
        raise DataError(self.problem(message, name, int(np.argmax(missing))))

    def portions(self) -> Iterator[Table]:
        """Yield the rows in tables of one block each, which are all in memory."""
        first = 0
        for block in self.blocks:
            last = first + block.shape[1]
            yield replace(
                self,
                blocks=in_one_block(block),
                places=self.places[first:last],
                written=self.written[first:last],
            )
            first = last

    def take(self, rows: IntArray) -> Table:
        """Return some of the rows, by their positions (n,), which ascend."""
        blocks, first = Blocks(len(self.names)), 0
        for block in self.blocks:
            begin, end = np.searchsorted(rows, (first, first + block.shape[1]))
            blocks.append(block[:, rows[begin:end] - first])
            first += block.shape[1]
        written = tuple(self.written[row] for row in rows) if self.written else ()
        return replace(self, blocks=blocks, places=self.places[rows], written=written)

    def problem(self, message: str, name: str, row: int | None = None) -> Problem:
        """Return a problem with the place of a cell: file, line, and column counted from 1."""
        if row is None:
            return Problem(message, self.source)
        if not self.has_lines:
            return Problem(f"row {self.places[row]}: {message}", self.source)
        column = (self.header or self.names).index(name) + 1
        return Problem(message, self.source, int(self.places[row]), column)

    def require(self, names: Iterable[str], question: str = "") -> None:
        """Raise one DataError that lists every column in `names` that the table does not have.

        `question` is asked where they are many: the table may be another than was meant.
        """
        wanted = dict.fromkeys(names)
        missing = [name for name in wanted if name not in self.names]
        if not missing:
            return
        known = self.header or self.names
        if len(missing) > MOST_ABSENT_TOLD:
            message = f"{len(missing)} columns are missing: {listed(missing)}; the data has "
            message += listed(known) + (f"; {question}" if question else "")
            raise DataError(Problem(message, self.source))
        others = [name for name in known if name not in wanted]
        raise DataError(
            [self.problem(self._describe_absence(name, others), name) for name in missing]
        )

    def _describe_absence(self, name: str, others: Sequence[str]) -> str:
        """Say that there is no such column, and which of those that nobody asked for is like it."""
        known = self.header or self.names
        by_lower_name = {column.lower(): column for column in others}
        close = difflib.get_close_matches(name.lower(), by_lower_name, n=1)
        if close:
            return f"there is no column `{name}`; did you mean `{by_lower_name[close[0]]}`?"
        return f"there is no column `{name}`; the columns are {listed(known)}"


def text_of_number(number: float) -> str:
    """Return the shortest text that gives the same number; that of a whole number has no point."""
    whole = number.is_integer() and abs(number) < LARGEST_EXACT
    return str(int(number)) if whole else repr(number)


def in_one_block(block: FloatArray) -> Blocks:
    """Return the Blocks of a matrix (n_columns, n_rows) that is in memory and stays there."""
    blocks = Blocks(len(block), max(block.nbytes, 1))
    blocks.append(block)
    return blocks


def table_from_columns(
    columns: Mapping[str, FloatArray | Sequence[str]], source: str, *, first_place: int = 1
) -> Table:
    """Return the table of columns that no file holds; None of their cells is missing."""
    texts: dict[str, tuple[str, ...]] = {}
    rows: list[FloatArray] = []
    for name, column in columns.items():
        if isinstance(column, np.ndarray):
            rows.append(column.astype(np.float64))
        else:
            positions: dict[str, int] = {}
            codes = [positions.setdefault(cell, len(positions)) for cell in column]
            rows.append(np.array(codes, np.float64))
            texts[name] = tuple(positions)
    names, block = tuple(columns), np.array(rows)
    places = np.arange(first_place, first_place + block.shape[1])
    return Table(names, in_one_block(block), texts, source, places, has_lines=False, header=names)


def join_tables(tables: Iterable[Table]) -> Table:
    """Return the rows of several tables of one source, one below the other.

    Each has columns of the same names and kinds; their texts may differ, and are made one list.
    `written` is not kept.
    """
    tables = iter(tables)
    first = next(tables)
    blocks = Blocks(len(first.names))
    texts: dict[str, dict[str, int]] = {name: {} for name in first.texts}
    gaps: dict[str, str] = {}
    places: list[IntArray] = []
    table: Table | None = first
    while table is not None:
        blocks.append(_recoded(table, texts))
        gaps = {**table.gaps, **gaps}
        places.append(table.places)
        table = next(tables, None)
    return Table(
        first.names,
        blocks,
        {name: tuple(positions) for name, positions in texts.items()},
        first.source,
        np.concatenate(places),
        first.has_lines,
        first.header,
        gaps,
    )


def _recoded(table: Table, texts: dict[str, dict[str, int]]) -> FloatArray:
    """Return the cells (n_columns, n_rows), texts as positions in the joined lists."""
    cells = np.concatenate(list(table.blocks), axis=1)
    for name, positions in texts.items():
        new = [positions.setdefault(text, len(positions)) for text in table.texts[name]]
        row = cells[table.names.index(name)]
        present = ~np.isnan(row)
        row[present] = np.array(new, np.float64)[row[present].astype(np.int64)]
    return cells


def number_matrix(table: Table, names: Sequence[str], role: str) -> FloatArray:
    """Return columns of numbers side by side: float64, shape (n_rows, n_names).

    Raises one DataError with the columns that are missing, else the first bad cell of each.
    """
    table.require(names)
    columns: list[FloatArray] = []
    problems: list[Problem] = []
    for name in names:
        try:
            columns.append(table.numbers(name, role))
        except DataError as error:
            problems.extend(error.problems)
    if problems:
        raise DataError(problems)
    return np.column_stack(columns)


def listed(names: Iterable[str]) -> str:
    """Return the names for a message: quoted, and no more of them than can be read."""
    quoted = [f"`{name}`" for name in names]
    shown = quoted[:MOST_NAMES_LISTED]
    rest = len(quoted) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")
