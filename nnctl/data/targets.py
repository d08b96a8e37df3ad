"""What a target means: numbers to estimate, or classes and the label of each row."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Literal

import numpy as np

from nnctl.data.arrays import IntArray
from nnctl.data.numbers import describe_bad_number, is_missing, parse_numbers
from nnctl.data.table import Table, listed, number_matrix
from nnctl.errors import DataError, Problem

Task = Literal["classification", "regression"]

LARGEST_CLASS_NUMBER = 2**53  # above it float64 does not tell neighbouring integers apart


def find_classes(table: Table, targets: Sequence[str]) -> tuple[str, ...]:
    """Return the classes' names: those of several one-hot columns, else a column's sorted values.

    Whole numbers are sorted as numbers (`2` before `10`), anything else by code points.
    """
    if len(targets) > 1:
        return tuple(targets)
    names = set(class_cells(table, targets[0]))
    if len(names) == 1:
        message = (
            f"target `{targets[0]}` holds one class only (`{names.pop()}`); "
            "a classification needs rows of at least two"
        )
        raise DataError(Problem(message, table.source))
    if parse_numbers([*names]) is not None:
        return tuple(sorted(names, key=float))
    return tuple(sorted(names))


def find_labels(table: Table, targets: Sequence[str], classes: Sequence[str]) -> IntArray:
    """Return each row's position in `classes`: int64, shape (n_rows,).

    Raises DataError with line and column for a value that is none of the classes.
    """
    if len(targets) > 1:
        return one_hot_labels(table, targets)
    positions = {name: position for position, name in enumerate(classes)}
    cells = class_cells(table, targets[0])
    for row, cell in enumerate(cells):
        if cell not in positions:
            close = difflib.get_close_matches(cell, classes, n=1)
            remedy = f"did you mean `{close[0]}`?" if close else f"known are {listed(classes)}"
            message = f"target `{targets[0]}` has an unknown class (received `{cell}`); {remedy}"
            raise DataError(table.problem(message, targets[0], row))
    return np.array([positions[cell] for cell in cells], dtype=np.int64)


def class_cells(table: Table, name: str) -> Sequence[str]:
    """Return the class of each row by name; a whole number like 1.0 is class `1`.

    Raises DataError with line and column for a missing value or a number that is not whole.
    """
    column = table.columns[name]
    if isinstance(column, np.ndarray):
        whole = (column == np.trunc(column)) & (np.abs(column) < LARGEST_CLASS_NUMBER)
        if not whole.all():
            row = int(np.argmin(whole))
            message = (
                f"target `{name}` holds no class but a number (received {column[row]:.17g}); "
                "write whole numbers or text, or `task: regression` with a loss for it"
            )
            raise DataError(table.problem(message, name, row))
        return [str(number) for number in column.astype(np.int64).tolist()]
    for row, cell in enumerate(column):
        if is_missing(cell):
            message = f"target `{name}` {describe_bad_number(cell)}"
            raise DataError(table.problem(message, name, row))
    return [*map({cell: class_of_text(cell) for cell in set(column)}.__getitem__, column)]


def class_of_text(cell: str) -> str:
    """Return the class's name as it would be were the column all numbers: `01` is `1`."""
    number = parse_numbers((cell,))
    whole = number is not None and float(number[0]).is_integer()
    return str(int(number[0])) if number is not None and whole else cell


def notice_spellings(table: Table, targets: Sequence[str]) -> tuple[str, ...]:
    """Return a sentence for each class that is written in more than one way, as `1` and `01`."""
    if len(targets) > 1 or not table.written:
        return ()
    position = [*table.columns].index(targets[0])
    spellings: dict[str, list[str]] = {}
    for cell in sorted({row[position] for row in table.written}):
        spellings.setdefault(class_of_text(cell), []).append(cell)
    return tuple(
        f"target `{targets[0]}`: {listed(cells)} are taken for one class, `{name}`"
        for name, cells in spellings.items()
        if len(cells) > 1
    )


def one_hot_labels(table: Table, targets: Sequence[str]) -> IntArray:
    """Return the position of the 1 in each row of several columns of 0 and 1: shape (n_rows,)."""
    cells = number_matrix(table, targets, "one-hot target")
    one_hot = ((cells == 0) | (cells == 1)).all(axis=1) & (cells.sum(axis=1) == 1)
    if not one_hot.all():
        row = int(np.argmin(one_hot))
        received = ", ".join(f"{cell:g}" for cell in cells[row])
        message = (
            f"exactly one of the target columns must be 1 and the others 0 (received {received}); "
            "for a regression write `task: regression` with a loss for it"
        )
        raise DataError(table.problem(message, targets[0], row))
    labels: IntArray = cells.argmax(axis=1)
    return labels
