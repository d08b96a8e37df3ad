"""What a target means: numbers to estimate, or classes and the label of each row."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import numpy as np

from nnctl.data.arrays import FloatArray, IntArray
from nnctl.data.numbers import parse_numbers
from nnctl.data.table import LARGEST_EXACT, Table, listed, number_matrix, text_of_number
from nnctl.errors import DataError, Problem


def find_classes(table: Table, targets: Sequence[str]) -> tuple[str, ...]:
    """Return the classes' names: those of several one-hot columns, else a column's sorted values.

    Whole numbers are sorted as numbers (`2` before `10`), anything else by code points.
    """
    if len(targets) > 1:
        return tuple(targets)
    names, codes = class_codes(table, targets[0])
    present = {names[code] for code in np.unique(codes).tolist()}
    if len(present) == 1:
        message = (
            f"target `{targets[0]}` holds one class only (`{present.pop()}`); "
            "a classification needs rows of at least two"
        )
        raise DataError(Problem(message, table.source))
    return in_order(present)


def with_targets(table: Table, targets: Sequence[str]) -> Table:
    """Return the rows whose targets are all there."""
    missing = np.zeros(table.n_rows, np.bool_)
    for name in targets:
        missing |= np.isnan(table.values(name))
    return table.take(np.flatnonzero(~missing)) if missing.any() else table


def describe_left_out(count: int, targets: Sequence[str]) -> str:
    """Return a sentence about rows without a target."""
    if count == 1:
        return f"1 row has no value of {listed(targets)} and is left out"
    return f"{count:,} rows have no value of {listed(targets)} and are left out"


def in_order(texts: set[str]) -> tuple[str, ...]:
    """Return the texts sorted as numbers where all of them are, otherwise by code points."""
    if parse_numbers([*texts]) is not None:
        return tuple(sorted(sorted(texts), key=float))  # `01` and `1` are in one order always
    return tuple(sorted(texts))


def find_labels(table: Table, targets: Sequence[str], classes: Sequence[str]) -> IntArray:
    """Return each row's position in `classes`: int64, shape (n_rows,).

    Raises DataError with line and column for a value that is none of the classes.
    """
    if len(targets) > 1:
        return one_hot_labels(table, targets)
    positions = {name: position for position, name in enumerate(classes)}
    names, codes = class_codes(table, targets[0])
    labels = np.array([positions.get(name, -1) for name in names], np.int64)[codes]
    if (labels < 0).any():
        row = int(np.argmax(labels < 0))
        received = names[codes[row]]
        close = difflib.get_close_matches(received, classes, n=1)
        remedy = f"did you mean `{close[0]}`?" if close else f"known are {listed(classes)}"
        message = f"target `{targets[0]}` has an unknown class (received `{received}`); {remedy}"
        raise DataError(table.problem(message, targets[0], row))
    return labels


def class_codes(table: Table, name: str) -> tuple[tuple[str, ...], IntArray]:
    """Return names of classes, and each row's position in them (n_rows,); some may come twice.

    A whole number like 1.0 is class `1`. Raises DataError with line and column for a missing value,
    or for a number that is not whole where all are numbers.
    """
    texts, values = table.codes(name)
    table.refuse_gaps(name, values, "target")
    codes = values.astype(np.int64)
    numbers = parse_numbers(texts)
    if numbers is not None:
        refuse_fractions(table, name, numbers, codes)
    return tuple(map(class_of_text, texts)), codes


def refuse_fractions(table: Table, name: str, numbers: FloatArray, codes: IntArray) -> None:
    """Raise DataError for the first row whose number is not whole, or is too large to be sure."""
    whole = (numbers == np.trunc(numbers)) & (np.abs(numbers) < LARGEST_EXACT)
    if whole[codes].all():
        return
    row = int(np.argmin(whole[codes]))
    message = (
        f"target `{name}` holds no class but a number (received {numbers[codes[row]]:.17g}); "
        "write whole numbers or text, or `task: regression` with a loss for it"
    )
    raise DataError(table.problem(message, name, row))


def class_of_text(text: str) -> str:
    """Return the class's name as it would be were the column all numbers: `01` is `1`."""
    numbers = parse_numbers((text,))
    name = text if numbers is None else text_of_number(float(numbers[0]))
    return name if name.removeprefix("-").isdigit() else text


def notice_spellings(table: Table, targets: Sequence[str]) -> tuple[str, ...]:
    """Return a sentence for each class that is written in more than one way, as `1` and `01`."""
    if len(targets) > 1:
        return ()
    spellings: dict[str, list[str]] = {}
    for text in sorted(table.texts.get(targets[0], ())):
        spellings.setdefault(class_of_text(text), []).append(text)
    return tuple(
        f"target `{targets[0]}`: {listed(texts)} are taken for one class, `{name}`"
        for name, texts in spellings.items()
        if len(texts) > 1
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
