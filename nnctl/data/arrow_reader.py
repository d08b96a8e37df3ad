"""Parquet, Feather and Arrow streams, a batch of rows at a time, with PyArrow.

The module needs the extra `parquet`, and is imported only where such data is read.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import ipc, parquet

from nnctl.config.yaml_writing import column_setting
from nnctl.data.arrays import BoolArray
from nnctl.data.files import Source, read_most, with_seeking
from nnctl.data.formats import Format
from nnctl.data.request import Request
from nnctl.data.table import Table
from nnctl.data.typed_columns import Cells, Chunk, Plan, as_rows, make_plan, write_numbers
from nnctl.errors import DataError, Problem

ROW_INDEX = re.compile(r"__index_level_\d+__")  # how pandas calls an index without a name
READ_AHEAD = 2**16  # bytes of each column
# Where reading fails or is given up, other threads of PyArrow may still read what is gone by then:
# that ended a process. Without them reading took about as long.
MAGIC_LENGTH = 8  # of an Arrow file: ARROW1, padded
IPC_OPTIONS = ipc.IpcReadOptions(use_threads=False)

Batches = Callable[[Sequence[str], int], Iterator[Any]]  # columns, rows -> record batches


def read_arrow(source: Source, request: Request) -> Iterator[Table]:
    """Yield the rows of Parquet or Arrow data. pandas' nameless row index is no column.

    Raises DataError for damaged data, and for a wanted column of a type that is no number, truth
    value or text.
    """
    with ExitStack() as files, damage_told(source.name):
        if source.format in NEED_SEEKING:
            source = files.enter_context(with_seeking(source))
        schema, batches = OPENERS[source.format](_Pieces(source))
        plan = make_plan(source.name, column_names(schema, request), request)
        refuse_types(plan, schema)
        columns = plan.header if request.keep_written else tuple(plan.wished)
        first = 0
        for batch in batches(columns, request.rows_of(len(columns))):
            batch.validate(full=True)  # a damaged file may hold positions outside its own data
            if batch.num_rows:
                yield table_of(batch, plan, first)
            first += batch.num_rows
    if first == 0:
        raise DataError(Problem("the data has columns but no rows; save some rows", source.name))


def awkward_columns(source: Source) -> tuple[list[str], dict[str, str]]:
    """Return the columns of dates or times, which can be read as text, and those of no use at all.

    The latter with what they hold. Raises DataError for damaged data.
    """
    with ExitStack() as files, damage_told(source.name):
        if source.format in NEED_SEEKING:
            source = files.enter_context(with_seeking(source))
        schema, _ = OPENERS[source.format](_Pieces(source))
        types = {field.name: field.type for field in schema if not ROW_INDEX.fullmatch(field.name)}
    moments = [name for name, kind in types.items() if is_moment(kind)]
    others = {
        name: f"neither numbers nor text, but {kind}"
        for name, kind in types.items()
        if not (is_moment(kind) or is_number(kind) or is_text(kind) or pa.types.is_null(kind))
    }
    return moments, others


@contextmanager
def damage_told(name: str) -> Iterator[None]:
    """Turn what PyArrow raises for damaged data into a DataError."""
    try:
        yield
    except (pa.ArrowException, MemoryError, OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        message = f"the data is damaged, or written in a way that is not known ({reason})"
        raise DataError(Problem(f"{message}; make or fetch the file again", name)) from None


class _Pieces(io.RawIOBase):
    """A source that PyArrow reads: what is asked of it takes no more memory than there is data."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._start = source.start or 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._source.start is not None

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        offset += self._start if whence == io.SEEK_SET else 0
        return self._source.stream.seek(offset, whence) - self._start

    def tell(self) -> int:
        return self._source.stream.tell() - self._start

    def read(self, size: int = -1) -> bytes:
        return read_most(self._source, size)


def open_parquet(stream: _Pieces) -> tuple[Any, Batches]:
    """Return the columns' types, and what reads batches of a Parquet file."""
    file = parquet.ParquetFile(stream, buffer_size=READ_AHEAD, pre_buffer=False)

    def batches(columns: Sequence[str], rows: int) -> Iterator[Any]:
        yield from file.iter_batches(rows, columns=list(columns), use_threads=False)

    return file.schema_arrow, batches


def open_file(stream: _Pieces) -> tuple[Any, Batches]:
    """Return the columns' types, and what reads batches of an Arrow or Feather file.

    After its first bytes such a file holds an Arrow stream, with an index behind it for those who
    jump about. The index is left alone: PyArrow reads it in a thread of its own, which a damaged
    file can bring down together with the process.
    """
    stream.seek(MAGIC_LENGTH)
    return open_stream(stream)


def open_stream(stream: _Pieces) -> tuple[Any, Batches]:
    """Return the columns' types, and what reads batches of an Arrow stream."""
    reader = ipc.open_stream(stream, options=IPC_OPTIONS)

    def batches(columns: Sequence[str], rows: int) -> Iterator[Any]:
        for batch in reader:
            yield from slices(batch, columns, rows)

    return reader.schema, batches


def slices(batch: Any, columns: Sequence[str], rows: int) -> Iterator[Any]:
    """Yield some columns of a batch, a few rows at a time."""
    batch = batch.select(list(columns))
    for first in range(0, batch.num_rows, rows):
        yield batch.slice(first, rows)


def column_names(schema: Any, request: Request) -> list[str]:
    """Return the names of the columns, without those that pandas adds for an index."""
    named = request.wishes.named
    return [name for name in schema.names if name in named or not ROW_INDEX.fullmatch(name)]


def refuse_types(plan: Plan, schema: Any) -> None:
    """Raise one DataError for all columns that are wanted and cannot be used."""
    problems = []
    for name, wish in plan.wished.items():
        kind = schema.field(name).type
        if wish.kind == "text" and is_moment(kind):
            continue
        if not (is_number(kind) or is_text(kind) or pa.types.is_null(kind)):
            holds = "dates or times" if pa.types.is_temporal(kind) else "neither numbers nor text"
            message = (
                f"{wish.role} `{name}` holds {holds} (received {kind}); leave it out with "
                f"`{column_setting(name, 'ignored')}`, or save it as numbers or text"
            )
            problems.append(Problem(message, plan.source))
    if problems:
        raise DataError(problems)


def is_number(kind: Any) -> bool:
    """Tell whether a type is of numbers or truth values, also as a dictionary's."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    tests = (pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
    return any(test(kind) for test in tests)


def is_text(kind: Any) -> bool:
    """Tell whether a type is of text, also as a dictionary's."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(test(kind) for test in tests)


def is_moment(kind: Any) -> bool:
    """Tell whether a type is of dates or times, which can be written out."""
    return any(test(kind) for test in (pa.types.is_date, pa.types.is_timestamp, pa.types.is_time))


def table_of(batch: Any, plan: Plan, first: int) -> Table:
    """Return the table of a batch whose first row is number `first` of all, counted from 0."""
    chunk = Chunk(plan, first, batch.num_rows)
    for name, wish in plan.wished.items():
        column = plain(batch.column(name))
        if wish.kind == "text" or is_text(column.type):
            add_text(chunk, name, column)
        else:
            values, missing = numbers_of(column)
            place = np.array([plan.positions[name]])
            chunk.add_numbers(place, values[np.newaxis], missing[np.newaxis])
    kept = plan.header if plan.request.keep_written else ()
    return chunk.table(as_rows([cells_of(plain(batch.column(name))) for name in kept]))


def plain(column: Any) -> Any:
    """Return a column as one of few types: truth values, integers, floats or text, if it can be."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_decimal(column.type) or pa.types.is_null(column.type):
        return column.cast(pa.float64())
    if is_text(column.type) or is_moment(column.type):
        return column.cast(pa.large_string())
    return column


def numbers_of(column: Any) -> tuple[NDArray[Any], BoolArray]:
    """Return the numbers or truth values (n_rows,), and which of them are missing."""
    missing = bare(column.is_null())
    values = bare(column)
    return np.where(missing, values.dtype.type(0), values), missing


def bare(column: Any) -> NDArray[Any]:
    """Return the numbers or truth values of a column (n_rows,), anything where one is missing.

    PyArrow's own `to_numpy` would import pandas, if there is one: half a second, and 50 MB.
    """
    if pa.types.is_boolean(column.type):
        return bare(column.cast(pa.uint8())).astype(np.bool_)
    buffers = [None, column.buffers()[1]]
    return np.from_dlpack(
        pa.Array.from_buffers(column.type, len(column), buffers, offset=column.offset)
    )


def add_text(chunk: Chunk, name: str, column: Any) -> None:
    """Add a column of text, or of numbers as text."""
    if is_text(column.type):
        encoded = column.dictionary_encode()
        codes = np.where(bare(column.is_null()), -1, bare(encoded.indices))
        chunk.add_codes(name, codes, encoded.dictionary.to_pylist())
    else:
        chunk.add_cells(name, cells_of(column))


def cells_of(column: Any) -> Cells:
    """Return a column's cells as text, None where missing."""
    if not is_number(column.type):
        return [None if cell is None else str(cell) for cell in column.to_pylist()]
    values, missing = numbers_of(column)
    written = write_numbers(values)
    return [None if gap else cell for cell, gap in zip(written, missing.tolist(), strict=True)]


OPENERS: dict[Format, Callable[[_Pieces], tuple[Any, Batches]]] = {
    "Parquet": open_parquet,
    "Arrow": open_file,
    "Arrow stream": open_stream,
}
NEED_SEEKING = ("Parquet", "Arrow")
