"""The history of a run: metrics.csv, a row an epoch, with numbers that come back exactly."""

from __future__ import annotations

import contextlib
import csv
import io
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from nnctl.errors import Problem, RunError
from nnctl.runs.atomic import storage_error, write_fully

Number = float | np.integer[Any] | np.floating[Any]
Row = Mapping[str, Number | None]


def history_csv(columns: Sequence[str], rows: Iterable[Row]) -> str:
    """Return a whole metrics.csv: the header, then the rows; equal rows give equal text."""
    return _line(columns) + "".join(_row_line(columns, row) for row in rows)


def _row_line(columns: Sequence[str], row: Row) -> str:
    unknown = row.keys() - columns
    if unknown:
        raise ValueError(f"the history has no columns {sorted(unknown)}")
    # Of an epoch of some microseconds a csv.writer would take a quarter; numbers need no quotes.
    values = map(row.get, columns)
    return ",".join([repr(v) if type(v) is float else _cell(v) for v in values]) + "\n"


def _cell(value: Number | None) -> str:
    if value is None:
        return ""
    # repr is the shortest text that reads back as the same float; NumPy's own repr names its type.
    return str(int(value)) if isinstance(value, (int, np.integer)) else repr(float(value))


def _line(cells: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()


class HistoryWriter:
    """Appends rows to a metrics.csv, each in the file as soon as it is written.

    A new or empty file begins with the header. One that exists must have the same columns and end
    with a whole row, else RunError (4). What cannot be written is a StorageError (7), and the rows
    before it stay as they were.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._path = path
        self._columns = tuple(columns)
        self._size = 0  # of what has been written whole
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC)
        except OSError as error:
            raise storage_error(error, path, "written") from error
        try:
            self._begin()
        except BaseException:
            os.close(self._descriptor)
            raise

    def write(self, *rows: Row) -> None:
        """Append epochs; a column that a row lacks, or has as None, is left empty."""
        self._append("".join([_row_line(self._columns, row) for row in rows]))

    def _begin(self) -> None:
        header = _line(self._columns)
        try:
            text = self._path.read_bytes()
        except OSError as error:
            raise storage_error(error, self._path, "read") from error
        self._size = len(text)
        if not text:
            self._append(header)
        elif not (text.startswith(header.encode()) and text.endswith(b"\n")):
            message = "does not hold the history of this run; restore it, or train again"
            raise RunError(Problem(message, file=str(self._path)))

    def _append(self, line: str) -> None:
        data = line.encode()
        try:
            write_fully(self._descriptor, data)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self._size)  # no half of a row stays behind
            raise storage_error(error, self._path, "written") from error
        self._size += len(data)

    def __enter__(self) -> HistoryWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)


def read_history(path: Path) -> dict[str, list[float]]:
    """Read a metrics.csv by column, in order; an empty cell is nan.

    A last row without its newline was being written when someone pulled the plug: it is left out.
    Raises RunError (4) for a file that is missing or damaged, StorageError (7) if unreadable.
    """
    try:
        text = path.read_bytes().decode()
    except (FileNotFoundError, NotADirectoryError) as error:
        message = "there is no such history; give a run that has trained an epoch"
        raise RunError(Problem(message, file=str(path))) from error
    except UnicodeDecodeError as error:
        raise _damaged(path, None, "it is not UTF-8") from error
    except OSError as error:
        raise storage_error(error, path, "read") from error
    whole_rows = text[: text.rfind("\n") + 1]
    reader = csv.reader(io.StringIO(whole_rows, newline=""), strict=True)
    try:
        header = next(reader, [])
        rows = [_numbers(path, reader.line_num, cells, len(header)) for cells in reader]
    except csv.Error as error:
        raise _damaged(path, reader.line_num, str(error)) from error
    if not header:
        raise _damaged(path, None, "it has no header")
    return {column: [row[index] for row in rows] for index, column in enumerate(header)}


def _numbers(path: Path, line: int, cells: Sequence[str], expected: int) -> list[float]:
    if len(cells) != expected:
        raise _damaged(path, line, f"expected {expected} cells (received {len(cells)})")
    try:
        return [float(cell) if cell else math.nan for cell in cells]
    except ValueError as error:
        raise _damaged(path, line, str(error)) from error


def _damaged(path: Path, line: int | None, what: str) -> RunError:
    message = f"is damaged: {what}; restore it, or train again"
    return RunError(Problem(message, file=str(path), line=line))
