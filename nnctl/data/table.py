"""A table of named columns that remembers where each of its rows came from."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from nnctl.data.arrays import FloatArray, IntArray
from nnctl.data.numbers import describe_bad_number, is_missing, is_number
from nnctl.errors import DataError, Problem

Column = FloatArray | tuple[str, ...]

MOST_NAMES_LISTED = 12
TEXT_REMEDIES = {
    "feature": "leave it out by listing the others with `features:`",
    "target": "a regression needs numbers; write `task: classification`, or name another column",
    "one-hot target": "several target columns of a classification hold 0 and 1; name one column",
    "sample weight": "name a column of numbers",
}


@dataclass(frozen=True)
class Table:
    """Columns of equal length: float64 numbers where every cell is one, otherwise text.

    `lines` holds the line of `source` on which each row begins, so that an error can say where.
    `written` holds the rows' cells as they stood in the file (empty for a generated table).
    """

    columns: dict[str, Column]  # each of n_rows cells
    n_rows: int
    source: str
    lines: IntArray  # (n_rows,)
    written: tuple[tuple[str, ...], ...] = ()

    def take(self, rows: IntArray) -> Table:
        """Return some of the rows, by their positions (n,)."""
        columns: dict[str, Column] = {
            name: column[rows]
            if isinstance(column, np.ndarray)
            else tuple(column[row] for row in rows)
            for name, column in self.columns.items()
        }
        written = tuple(self.written[row] for row in rows) if self.written else ()
        return Table(columns, len(rows), self.source, self.lines[rows], written)

    def problem(self, message: str, name: str, row: int | None = None) -> Problem:
        """Return a problem with the place of a cell: file, line, and column counted from 1."""
        if row is None:
            return Problem(message, self.source)
        return Problem(message, self.source, int(self.lines[row]), [*self.columns].index(name) + 1)

    def require(self, names: Iterable[str]) -> None:
        """Raise one DataError that lists every column in `names` that the table does not have."""
        missing = [name for name in names if name not in self.columns]
        if missing:
            raise DataError([self.problem(self._describe_absence(name), name) for name in missing])

    def _describe_absence(self, name: str) -> str:
        by_lower_name = {known.lower(): known for known in self.columns}
        close = difflib.get_close_matches(name.lower(), by_lower_name, n=1)
        if close:
            return f"there is no column `{name}`; did you mean `{by_lower_name[close[0]]}`?"
        return f"there is no column `{name}`; the columns are {listed(self.columns)}"

    def numbers(self, name: str, role: str) -> FloatArray:
        """Return a column as float64 numbers of shape (n_rows,).

        `role` says in an error what the column was wanted for: feature, target, sample weight, or
        input of a trained network.
        Raises DataError with line and column for the first cell that is no number.
        """
        column = self.columns[name]
        if isinstance(column, np.ndarray):
            return column
        # A trained network has been given numbers before: text now is a mistake in a cell.
        row = self.first_text(name) if role in TEXT_REMEDIES else None
        if row is not None:
            message = (
                f"{role} `{name}` holds text (received `{column[row]}`); {TEXT_REMEDIES[role]}"
            )
        else:
            row = next(row for row, cell in enumerate(column) if not is_number(cell))
            message = f"{role} `{name}` {describe_bad_number(column[row])}"
        raise DataError(self.problem(message, name, row))

    def first_text(self, name: str) -> int | None:
        """Return the first row with text in a column that is text by nature, otherwise None.

        A column with a number anywhere is one of numbers, and what else it holds is a mistake.
        """
        column = self.columns[name]
        if isinstance(column, np.ndarray) or any(map(is_number, column)):
            return None
        return next((row for row, cell in enumerate(column) if not is_missing(cell)), None)


def number_matrix(table: Table, names: Sequence[str], role: str) -> FloatArray:
    """Return columns side by side: float64, shape (n_rows, n_names).

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
