"""Columns that a program gives, a name and a sequence each: read as those of a file are."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnctl.config.schema.data import DataConfig
from nnctl.data.request import Request
from nnctl.data.sources import csv_format
from nnctl.data.table import Table, listed, text_of_number
from nnctl.data.typed_columns import Chunk, make_plan, write_numbers
from nnctl.data.wishes import Wishes
from nnctl.errors import DataError, Problem

SOURCE = "the inputs"
NUMBERS = "biuf"  # NumPy's kinds of truth values and real numbers
NO_VALUE = ("NAType", "NaTType")  # what pandas has for a missing cell that equals nothing


class NamedColumns(Protocol):
    """A dictionary of columns, or a data frame."""

    def keys(self) -> Iterable[Any]: ...

    def __getitem__(self, name: Any, /) -> Any: ...


Inputs = NamedColumns | ArrayLike | Sequence[Sequence[Any]]


def table_of_inputs(
    inputs: Inputs, names: Sequence[str], data: DataConfig, wishes: Wishes
) -> Table:
    """Return columns by name, or rows (n_rows, n_names), as a table.

    Rows are counted from 0, and their cells may be of mixed types. Raises DataError.
    """
    given: Any = inputs
    if hasattr(given, "keys"):
        columns = {str(name): given[name] for name in given.keys()}  # noqa: SIM118
    elif hasattr(given, "columns"):  # a data frame that is no mapping
        columns = {str(name): given[name] for name in given.columns}
    else:
        columns = columns_of_rows(given, names)
    return table_of_columns(columns, data, wishes)


def columns_of_rows(rows: Any, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Return the columns of rows (n_rows, n_names) by name; DataError for another shape."""
    values = np.asarray(rows) if hasattr(rows, "dtype") else np.array(rows, dtype=object)
    if values.ndim != 2 or values.shape[1] != len(names):
        raise DataError(
            f"inputs must be of shape (n_samples, {len(names)}), a column each for "
            f"{listed(names)} (received shape {values.shape})"
        )
    return dict(zip(names, values.T, strict=True))


def table_of_columns(columns: Mapping[str, Any], data: DataConfig, wishes: Wishes) -> Table:
    """Return the columns that are wished for as a table, whose rows are counted from 0.

    None, NaN and a blank text are missing, as is what the config calls so.
    Raises DataError for columns of different lengths, and with the first bad cell of each.
    """
    plan = make_plan(SOURCE, columns, Request(wishes, csv_format(data)))
    arrays = {name: _as_array(name, columns[name]) for name in plan.wished}
    chunk = Chunk(plan, -1, _common_length(arrays))
    for name, values in arrays.items():
        if values.dtype.kind not in NUMBERS:
            chunk.add_cells(name, [_as_text(cell) for cell in columns[name]])
        elif plan.wished[name].kind == "number":
            chunk.add_numbers(np.array([plan.positions[name]]), values[None])
        else:
            chunk.add_cells(name, write_numbers(values))
    return chunk.table()


def _common_length(arrays: Mapping[str, NDArray[Any]]) -> int:
    names: dict[int, str] = {}  # by length
    for name, values in arrays.items():
        names.setdefault(len(values), name)
    if len(names) > 1:
        (first, name), (other, another) = [*names.items()][:2]
        message = f"column `{name}` has {first} values and `{another}` has {other}; give as many"
        raise DataError(Problem(message, SOURCE))
    return next(iter(names), 0)


def _as_array(name: str, column: Any) -> NDArray[Any]:
    """Return a column's cells (n_rows,) in the type that they have in common."""
    try:
        values = np.asarray(column)
        if values.dtype == object:
            values = np.asarray(values.tolist())
    except ValueError:
        values = np.empty((0, 0))
    if values.ndim != 1:
        message = f"column `{name}` must be a sequence of single values (received shape "
        raise DataError(Problem(f"{message}{np.shape(values)})", SOURCE))
    return values


def _as_text(cell: Any) -> str | None:
    """Return a cell as it would be written in a file; None where it is missing."""
    if cell is None or type(cell).__name__ in NO_VALUE:
        return None
    if isinstance(cell, (bool, np.bool_)):
        return str(bool(cell)).lower()
    if isinstance(cell, numbers.Real) and not isinstance(cell, numbers.Integral):
        return None if np.isnan(float(cell)) else text_of_number(float(cell))
    return str(cell).strip() or None
