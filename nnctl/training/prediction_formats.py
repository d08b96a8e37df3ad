"""Predictions as bytes: lines of CSV, lines of JSON, or one NumPy array; a portion at a time."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO, Protocol

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from nnctl.data.table import Table, text_of_number
from nnctl.errors import DataError, Problem
from nnctl.runs.atomic import OutputFile
from nnctl.training.number_text import (
    PAD,
    ByteMatrix,
    number_text,
    row_by_row,
    side_by_side,
    text_matrix,
)
from nnctl.training.predicting import ClassColumn, Column, Predictions


class Writer(Protocol):
    """Writes all predictions to a stream, each portion as soon as it is there."""

    def __call__(
        self, portions: Iterable[Predictions], stream: BinaryIO, *, with_input: bool
    ) -> None: ...


def write_csv(
    portions: Iterable[Predictions], stream: BinaryIO, *, with_input: bool = False
) -> None:
    """Write a header and a line for each row, with the cells of its input first if so wished.

    No cell is altered, whatever a spreadsheet makes of it: `=1+1` stays `=1+1`.
    """
    for number, part in enumerate(portions):
        if number == 0:
            names = [*input_names(part), *part.columns] if with_input else [*part.columns]
            stream.write(f"{csv_lines([names])[0]}\n".encode())
        cells: list[ByteMatrix] = []
        for column in part.columns.values():
            cells += [text_matrix([","]), csv_cells(column)]
        cells.append(text_matrix(["\n"]))
        if with_input:
            write_beside(csv_lines(input_cells(part.table)), cells, stream)
        else:
            stream.write(side_by_side(cells[1:]))


def write_json_lines(
    portions: Iterable[Predictions], stream: BinaryIO, *, with_input: bool = False
) -> None:
    """Write a JSON object for each row, on a line of its own; null for what is not finite."""
    for part in portions:
        cells: list[ByteMatrix] = []
        for position, (name, column) in enumerate(part.columns.items()):
            before = "{" if position == 0 and not with_input else ", "
            cells += [text_matrix([f"{before}{json_text(name)}: "]), json_cells(column)]
        cells.append(text_matrix(["}\n"]))
        if with_input:
            names = input_names(part)
            rows = (dict(zip(names, row, strict=True)) for row in input_cells(part.table))
            write_beside([json_text(row)[:-1] for row in rows], cells, stream)
        else:
            stream.write(side_by_side(cells))


def write_npy(
    portions: Iterable[Predictions], stream: BinaryIO, *, with_input: bool = False
) -> None:
    """Write one array: numbers (n_rows,) or (n_rows, n_columns), or the names of classes (n_rows,).

    Its beginning, which tells the number of rows, is written again once that is known.
    """
    assert not with_input, "an array holds predictions alone"
    with seekable(stream) as file:
        start, n_rows = file.tell(), 0
        for part in portions:
            array = as_array(part)
            if n_rows == 0:
                write_npy_header(file, array, n_rows)
            file.write(array.tobytes())
            n_rows += len(array)
        if n_rows:
            end = file.tell()
            file.seek(start)
            write_npy_header(file, array, n_rows)
            file.seek(end)


FORMATS: dict[str, Writer] = {"csv": write_csv, "jsonl": write_json_lines, "npy": write_npy}
SUFFIXES = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".npy": "npy"}


def write_beside(before: Sequence[str], cells: Sequence[ByteMatrix], stream: BinaryIO) -> None:
    """Write a text before each row of `cells`."""
    pairs = zip(map(str.encode, before), row_by_row(cells), strict=True)
    stream.write(b"".join(chain.from_iterable(pairs)))


def csv_lines(rows: Iterable[Sequence[str]]) -> list[str]:
    """Return each row as a line of CSV, without the end of the line."""
    lines: list[str] = []
    csv.writer(SimpleNamespace(write=lines.append), lineterminator="\r\n").writerows(rows)
    return [line[:-2] for line in lines]


def csv_cells(column: Column) -> ByteMatrix:
    """Return the text of each cell (n_rows, width), quoted where CSV needs it."""
    if isinstance(column, ClassColumn):
        quoted = csv_lines([name] for name in column.names)
        return text_matrix(quoted).take(column.labels, axis=0)
    return number_text(column)


def json_text(value: object) -> str:
    """Return a value as JSON on one line."""
    return json.dumps(value, ensure_ascii=False)


def json_cells(column: Column) -> ByteMatrix:
    """Return each cell as JSON (n_rows, width)."""
    if isinstance(column, ClassColumn):
        return text_matrix([*map(json_text, column.names)]).take(column.labels, axis=0)
    numbers, infinite = number_text(column), ~np.isfinite(column)
    numbers[infinite] = PAD  # JSON has no NaN and no infinity
    return np.concatenate([numbers, text_matrix(["", "null"]).take(infinite, axis=0)], axis=1)


def as_array(part: Predictions) -> NDArray[np.generic]:
    """Return the numbers (n_rows,) or (n_rows, n_columns) if there are any, else the classes."""
    columns = [*part.columns.values()]
    numbers = [column for column in columns if not isinstance(column, ClassColumn)]
    if numbers:
        return numbers[0] if len(columns) == 1 else np.column_stack(numbers)
    (classes,) = columns
    assert isinstance(classes, ClassColumn)
    return np.array(classes.names)[classes.labels]


def write_npy_header(file: BinaryIO, array: NDArray[np.generic], n_rows: int) -> None:
    """Write the beginning of an NPY file; NumPy pads it so that any number of rows fits in."""
    header = npy.header_data_from_array_1_0(array)
    npy.write_array_header_1_0(file, header | {"shape": (n_rows, *array.shape[1:])})


@contextlib.contextmanager
def seekable(stream: BinaryIO) -> Iterator[BinaryIO]:
    """Give the stream, or for a pipe a temporary file whose contents it gets at the end."""
    if stream.seekable():
        yield stream
        return
    with tempfile.TemporaryFile(buffering=0) as spool:
        with OutputFile(Path(tempfile.gettempdir()), os.dup(spool.fileno())) as file:
            yield file
        spool.seek(0)
        shutil.copyfileobj(spool, stream, 2**20)


def input_names(part: Predictions) -> tuple[str, ...]:
    """Return the input's columns; DataError where a prediction's is called like one of them."""
    names = part.table.header or part.table.names
    twins = [name for name in part.columns if name in names]
    if twins:
        message = f"has a column `{twins[0]}` already; rename it, or leave --with-input out"
        raise DataError(Problem(message, part.table.source))
    return names


def input_cells(table: Table) -> Sequence[Sequence[str]]:
    """Return the input's rows as they are written; those that were made up have short numbers."""
    if table.written:
        return table.written
    columns: list[list[str]] = []
    for name in table.names:
        values, texts = table.values(name), table.texts.get(name)
        write = text_of_number if texts is None else (lambda code, of=texts: of[int(code)])
        columns.append(["" if np.isnan(value) else write(value) for value in values.tolist()])
    return [*zip(*columns, strict=True)]
