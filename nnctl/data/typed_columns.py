"""Columns whose type the file tells, fitted to what they are wanted as: numbers or text.

A column of numbers that is wanted as text is written out: `3` for 3.0, else the shortest text that
reads back the same, and `true` or `false`. A column of text that is wanted as numbers is parsed by
the rules of CSV, and what the config calls a missing value is one here too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnctl.data.arrays import BoolArray, FloatArray, IntArray
from nnctl.data.numbers import describe_bad_number, parse_number, parse_numbers
from nnctl.data.request import Request
from nnctl.data.table import LARGEST_EXACT, Table, in_one_block
from nnctl.data.wishes import Wish
from nnctl.errors import DataError, Problem

Cells = Sequence[str | None]  # as written; None: missing


@dataclass(frozen=True, eq=False)
class Plan:
    """Which of a source's columns are read, and as what."""

    source: str
    header: tuple[str, ...]  # all columns
    wished: Mapping[str, Wish]  # those that are read, in the order of the header
    request: Request
    missing_numbers: FloatArray  # (n_marks,) numbers that the config calls missing, such as -999

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the columns that are read."""
        return tuple(self.wished)

    @cached_property
    def positions(self) -> dict[str, int]:
        """Where each of these columns stands among them."""
        return {name: position for position, name in enumerate(self.names)}


def make_plan(source: str, header: Iterable[str], request: Request) -> Plan:
    """Return which columns to read; refuse a name that is empty or comes twice."""
    names = tuple(header)
    problems = [
        f"{count} columns are called `{name}`; rename all but one"
        for name, count in Counter(names).items()
        if count > 1
    ]
    if "" in names:
        problems.append(f"column {names.index('') + 1} has no name; give it one")
    if problems:
        raise DataError([Problem(message, source) for message in problems])
    wishes = {name: request.wishes.of(name) for name in names}
    wished = {name: wish for name, wish in wishes.items() if wish is not None}
    marks = [parse_number(mark, request.form.decimal) for mark in request.form.missing]
    numbers = [mark for mark in marks if mark is not None]
    return Plan(source, names, wished, request, np.array(numbers, np.float64))


class Chunk:
    """The wanted columns of some rows, on their way to a table."""

    def __init__(self, plan: Plan, first_row: int, n_rows: int) -> None:
        self._plan = plan
        self.first_row = first_row  # counted from 0
        self.n_rows = n_rows
        self._block = np.empty((len(plan.names), n_rows))
        self._places = np.arange(first_row, first_row + n_rows) + 1
        self._texts: dict[str, tuple[str, ...]] = {}
        self._gaps: dict[str, str] = {}
        self._faults: list[tuple[str, int, str]] = []  # column, row, what is wrong with its cell

    def add_numbers(
        self, at: IntArray, values: NDArray[Any], missing: BoolArray | None = None
    ) -> None:
        """Add columns of numbers or truth values (n_added, n_rows), wanted as numbers.

        `at` (n_added,) are their positions among the plan's names. NaN is missing, and so is what
        `missing` (n_added, n_rows) marks.
        """
        block = as_float64(values)
        for position in np.flatnonzero(np.isinf(block).any(axis=1)).tolist():
            row = int(np.argmax(np.isinf(block[position])))
            wrong = f"is infinite (received {block[position, row]:g}); clip it, or remove the row"
            self.add_fault(self._plan.names[at[position]], row, wrong)
        gaps = np.isnan(block)
        if missing is not None:
            gaps |= missing
        if len(self._plan.missing_numbers):
            gaps |= np.isin(block, self._plan.missing_numbers)
        for position in np.flatnonzero(gaps.any(axis=1)).tolist():
            row = int(np.argmax(gaps[position]))
            hidden = missing is not None and missing[position, row]
            self._gaps[self._plan.names[at[position]]] = (
                "null" if hidden else f"{block[position, row]:g}"
            )
        block[gaps] = np.nan
        self._block[at] = block

    def add_cells(self, name: str, cells: Cells) -> None:
        """Add a column of text, or of numbers written out, as what is wished of it."""
        positions: dict[str, int] = {}
        codes = [
            -1 if cell is None else positions.setdefault(cell, len(positions)) for cell in cells
        ]
        self.add_codes(name, np.array(codes, np.int64), tuple(positions))

    def add_codes(self, name: str, codes: IntArray, texts: Sequence[str]) -> None:
        """Add a column (n_rows,) of positions in different texts, in the order in which they come.

        -1 is missing, and so is a text that the config calls missing.
        """
        marks = self._plan.request.form.missing
        is_kept = np.array([text.lower() not in marks for text in texts], bool)
        kept = [text for text, keeps in zip(texts, is_kept, strict=True) if keeps]
        values = np.full(len(texts) + 1, np.nan)  # the last is what -1 finds
        if self._plan.wished[name].kind == "number":
            values[:-1][is_kept] = self._parse(name, kept, codes, texts)
        else:
            values[:-1][is_kept] = np.arange(len(kept))
            self._texts[name] = tuple(kept)
        column = values[codes]
        if np.isnan(column).any():
            code = codes[int(np.argmax(np.isnan(column)))]
            self._gaps.setdefault(name, texts[code] if code >= 0 else "null")
        self._block[self._plan.positions[name]] = column

    def _parse(
        self, name: str, kept: Sequence[str], codes: IntArray, texts: Sequence[str]
    ) -> FloatArray:
        """Return the numbers (n_kept,) that the texts are; note the first that is none."""
        decimal = self._plan.request.form.decimal
        numbers = parse_numbers(kept, decimal)
        if numbers is not None:
            return numbers
        bad = next(text for text in kept if parse_number(text, decimal) is None)
        row = int(np.argmax(codes == texts.index(bad)))
        self.add_fault(name, row, describe_bad_number(bad, decimal))
        return np.zeros(len(kept))

    def add_fault(self, name: str, row: int, wrong: str) -> None:
        """Note the first bad cell of a column: the position of its row here, and what is wrong."""
        self._faults.append((name, row, wrong))

    def table(self, written: tuple[tuple[str, ...], ...] = ()) -> Table:
        """Return the table; raise one DataError with the first bad cell of each column."""
        plan = self._plan
        table = Table(
            plan.names,
            in_one_block(self._block),
            self._texts,
            plan.source,
            self._places,
            has_lines=False,
            header=plan.header,
            gaps=self._gaps,
            written=written,
        )
        problems = []
        for name, row, wrong in self._faults:
            role = plan.wished[name].role if name in plan.wished else "column"
            problems.append(table.problem(f"{role} `{name}` {wrong}", name, row))
        if problems:
            raise DataError(problems)
        return table


def as_float64(values: NDArray[Any]) -> FloatArray:
    """Return numbers or truth values as float64; what does not fit becomes infinite."""
    with np.errstate(all="ignore"):  # a float128 may be too large
        return values.astype(np.float64, order="C")


def write_numbers(values: NDArray[Any]) -> list[str | None]:
    """Return numbers or truth values (n_values,) as text, None for NaN."""
    if values.dtype.kind == "b":
        return ["true" if value else "false" for value in values.tolist()]
    if values.dtype.kind in "iu":
        return [str(value) for value in values.tolist()]
    wide = as_float64(values)
    if values.dtype.itemsize > wide.itemsize:
        values = wide
    with np.errstate(invalid="ignore"):  # NaN may signal
        is_whole = (np.abs(wide) < LARGEST_EXACT) & (wide == np.trunc(wide))
    whole = np.where(is_whole, wide, 0).astype(np.int64).tolist()
    # A float32 is written as short as it may be: 0.1, and not the digits of its float64.
    written: list[str] = values.astype(str).tolist()
    return [
        str(integer) if is_integer else (None if text == "nan" else text.removesuffix(".0"))
        for is_integer, integer, text in zip(is_whole.tolist(), whole, written, strict=True)
    ]


def as_rows(columns: Sequence[Cells]) -> tuple[tuple[str, ...], ...]:
    """Return columns of text as rows, blank where a cell is missing; no columns are no rows."""
    return tuple(tuple(cell or "" for cell in row) for row in zip(*columns, strict=True))
