"""The one place where data is opened: whatever a file is, it becomes tables of some rows each."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from types import ModuleType
from typing import TYPE_CHECKING, BinaryIO

from nnctl.config.schema.data import LABEL
from nnctl.data.array_columns import read_arrays
from nnctl.data.array_reader import open_npy, read_npz
from nnctl.data.array_rows import OpenArray
from nnctl.data.csv_format import CsvFormat
from nnctl.data.csv_reader import read_csv
from nnctl.data.files import Source, look_at, opened, understood
from nnctl.data.formats import Format
from nnctl.data.idx_reader import open_idx
from nnctl.data.request import Request
from nnctl.data.table import Table, join_tables
from nnctl.data.wishes import Wishes
from nnctl.errors import DataError, Problem, UsageError

if TYPE_CHECKING:
    from nnctl.config.schema.data import DataConfig

Reader = Callable[[Source, Request], Iterator[Table]]


def read_source(path: str, data: DataConfig, wishes: Wishes, *, labels: str | None = None) -> Table:
    """Read a whole file; `labels` is a second one that holds a label for each row of it.

    Raises as open_chunks does.
    """
    return join_tables(open_chunks(path, data, wishes, labels=labels))


def open_chunks(
    path: str,
    data: DataConfig,
    wishes: Wishes,
    *,
    labels: str | None = None,
    rows: int | None = None,
    keep_written: bool = False,
) -> Generator[Table, None, None]:
    """Yield the rows of a file in tables of at most `rows` rows, as many as are handy if None.

    Memory stays constant, and a pipe may stand for a file. The format is told by the first bytes.

    Raises DataError for a file that does not exist or cannot be used, with its place; StorageError
    for one that may not be read; UsageError for one that needs an extra.
    """
    request = Request(wishes, csv_format(data), rows, keep_written)
    with ExitStack() as files:
        source = look_at(files.enter_context(opened(path, data.as_written(path))), path)
        if labels is None:
            yield from READERS[source.format](source, request)
            return
        below = files.enter_context(opened(labels, data.as_written(labels)))
        yield from read_labelled(source, look_at(below, labels), request)


def awkward_columns(path: str, data: DataConfig) -> tuple[list[str], dict[str, str]]:
    """Return the columns whose type, as the file tells it, is not simply numbers or text.

    First those of dates or times, which can be read as text; then those that cannot be read at all,
    with what they hold. Raises as open_chunks does.
    """
    with ExitStack() as files:
        source = look_at(files.enter_context(opened(path, data.as_written(path))), path)
        if READERS[source.format] is not read_arrow_formats:
            return [], {}
        columns: tuple[list[str], dict[str, str]] = arrow_reader(source).awkward_columns(source)
        return columns


def stream_chunks(
    stream: BinaryIO,
    name: str,
    data: DataConfig,
    wishes: Wishes,
    *,
    rows: int | None = None,
    keep_written: bool = False,
) -> Iterator[Table]:
    """Yield the rows of an open stream, such as stdin, which stays open; as open_chunks does."""
    source = look_at(stream, name)
    request = Request(wishes, csv_format(data), rows, keep_written)
    yield from READERS[source.format](source, request)


def csv_format(data: DataConfig) -> CsvFormat:
    """Return how the config says that cells are written."""
    return CsvFormat(
        delimiter=data.delimiter,
        encoding=data.encoding,
        decimal=data.decimal,
        quote=data.quote,
        header=data.header,
        missing=frozenset(mark.lower() for mark in data.missing_values),
    )


def read_labelled(source: Source, labels: Source, request: Request) -> Iterator[Table]:
    """Yield the rows of an array with the labels that another file holds beside them."""
    for part in (source, labels):
        if part.format not in ARRAYS:
            message = (
                f"`labels` joins two files of one array each, NPY or IDX (this one is "
                f"{part.format}); leave it out, and name the column of the `target`"
            )
            raise DataError(Problem(message, part.name))
    with ExitStack() as files:
        inputs, answers = (ARRAYS[part.format](part, files) for part in (source, labels))
        check_labels(inputs, answers)
        yield from read_arrays([inputs, answers.named(LABEL)], source.name, request)


def check_labels(inputs: OpenArray, labels: OpenArray) -> None:
    """Refuse labels that are not one for each row of the inputs."""
    shape, n_rows = labels.layout.shape, inputs.n_rows
    message = None
    if len(shape) != 1:
        message = (
            f"the labels must be one for each row (received an array of shape {shape}); "
            "are `source` and `labels` the right way round?"
        )
    elif shape[0] != n_rows:
        message = (
            f"there must be a label for each of the {n_rows} rows of "
            f"{inputs.layout.source.name} (received {shape[0]}); name two files that go together"
        )
    if message is not None:
        raise DataError(Problem(message, labels.layout.source.name))


def read_text(source: Source, request: Request) -> Iterator[Table]:
    """Yield the rows of CSV."""
    with understood(source.name):
        yield from read_csv(
            source.stream,
            source.name,
            request.form,
            request.wishes,
            rows=request.rows,
            keep_written=request.keep_written,
        )


def read_array(source: Source, request: Request) -> Iterator[Table]:
    """Yield the rows of a file that holds one array."""
    with ExitStack() as files:
        yield from read_arrays([ARRAYS[source.format](source, files)], source.name, request)


def read_arrow_formats(source: Source, request: Request) -> Iterator[Table]:
    """Yield the rows of a Parquet, Feather or Arrow file, with the extra that reads them."""
    yield from arrow_reader(source).read_arrow(source, request)


def arrow_reader(source: Source) -> ModuleType:
    """Return the module that reads Arrow's formats; raise UsageError where its extra is missing."""
    try:
        import nnctl.data.arrow_reader as reader
    except ImportError as error:
        message = (
            f"reading {source.format} needs the extra `parquet` ({error}); "
            "run `pip install 'nnctl[parquet]'`"
        )
        raise UsageError(Problem(message, source.name)) from None
    return reader


ARRAYS: dict[Format, Callable[[Source, ExitStack], OpenArray]] = {"NPY": open_npy, "IDX": open_idx}
READERS: dict[Format, Reader] = {
    "CSV": read_text,
    "NPY": read_array,
    "NPZ": read_npz,
    "IDX": read_array,
    "Parquet": read_arrow_formats,
    "Arrow": read_arrow_formats,
    "Arrow stream": read_arrow_formats,
}
