"""A CSV file or stream becomes a table."""

from __future__ import annotations

import difflib
import io
import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from nnctl.data.csv_records import Cells, Record, open_records
from nnctl.data.numbers import parse_numbers
from nnctl.data.table import Column, Table
from nnctl.errors import DataError, Problem, StorageError

UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def read_table(path: str | Path, delimiter: str | None = None, encoding: str = "utf-8") -> Table:
    """Read a CSV file whose first line names the columns.

    Cells may be quoted as the csv module has it, and lose the spaces around them. Without
    `delimiter` it is the one of comma, semicolon, tab and bar that the first line holds most of.

    Raises DataError, with line and column where there are any, for a file that does not exist, is
    not text in `encoding` or is not a table; StorageError for one that may not be read.
    """
    text = decode(read_bytes(Path(path)), str(path), encoding)
    return read_table_from(io.StringIO(text, newline=""), str(path), delimiter)


def read_table_from(stream: Iterable[str], name: str, delimiter: str | None = None) -> Table:
    """Read a whole table from an open text stream; `name` stands for it in errors."""
    header, records = open_records(stream, name, delimiter)
    return make_table(header, list(records), name)


def read_chunks(
    stream: Iterable[str], name: str, rows: int, delimiter: str | None = None
) -> Iterator[Table]:
    """Yield tables of at most `rows` rows each, so that a file may be larger than memory."""
    header, records = open_records(stream, name, delimiter)
    chunk = list(itertools.islice(records, rows))
    yield make_table(header, chunk, name)
    while chunk := list(itertools.islice(records, rows)):
        yield make_table(header, chunk, name)


def make_table(header: Cells, records: Sequence[Record], name: str) -> Table:
    """Turn rows into columns, and those that hold nothing but numbers into arrays."""
    if not records:
        message = "the data has a header but no rows; write a row below it"
        raise DataError(Problem(message, name))
    rows = tuple(cells for _, cells in records)
    columns = {
        column: as_column(cells)
        for column, cells in zip(header, zip(*rows, strict=True), strict=True)
    }
    lines = np.array([line for line, _ in records], dtype=np.int64)
    return Table(columns, len(rows), name, lines, rows)


def as_column(cells: Cells) -> Column:
    """Return numbers where every cell is one, otherwise the cells themselves."""
    numbers = parse_numbers(cells)
    return cells if numbers is None else numbers


def read_bytes(path: Path) -> bytes:
    """Return the file's bytes, or say why there are none to be had."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(Problem(describe_missing_file(path), str(path))) from None
    except IsADirectoryError:
        message = "the data is a directory; name a CSV file in it"
        raise DataError(Problem(message, str(path))) from None
    except OSError as error:
        message = f"the data cannot be read ({error.strerror}); check the path and its permissions"
        raise StorageError(Problem(message, str(path))) from None
    except ValueError as error:  # a NUL in the path
        raise DataError(Problem(f"no file can have this path ({error})", str(path))) from None


def describe_missing_file(path: Path) -> str:
    """Say that there is no such file, and which one might have been meant."""
    resolved = path.resolve()
    where = "" if str(resolved) == str(path) else f" (that is {resolved})"
    if not resolved.parent.is_dir():
        return f"the data does not exist{where}, nor does the directory {resolved.parent}"
    siblings = [entry.name for entry in resolved.parent.iterdir() if entry.is_file()]
    close = difflib.get_close_matches(path.name, siblings, n=1)
    remedy = f"did you mean `{close[0]}`?" if close else "check the path"
    return f"the data does not exist{where}; {remedy}"


def decode(content: bytes, name: str, encoding: str) -> str:
    """Return the text, or a DataError that names the first byte that is none."""
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        looks_wide = content.startswith(UTF_16_MARKS) or b"\0" in content
        guess = "utf-16" if looks_wide else "latin-1"
        message = (
            f"byte {error.start} is not {encoding} text (received 0x{content[error.start]:02x}); "
            f"name the file's encoding, perhaps with `encoding: {guess}`"
        )
        raise DataError(Problem(message, name)) from None
    except (LookupError, ValueError):
        message = f"there is no text encoding `{encoding}`; write one like `utf-8` or `latin-1`"
        raise DataError(Problem(message, name)) from None
