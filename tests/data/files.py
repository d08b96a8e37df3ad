"""Files for tests: made in memory, read as a stream or from the disk, and damaged."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray
from pyarrow import ipc, parquet

from nnctl.config.schema.data import DataConfig
from nnctl.data.sources import stream_chunks
from nnctl.data.table import Table, join_tables
from nnctl.data.wishes import EVERYTHING, Wish, Wishes
from nnctl.errors import DataError

MOST_MEMORY = 2**23  # bytes that reading a small damaged file may take
TEXTS = Wishes({}, Wish("text"))
NUMBERS = Wishes({}, Wish("number"))
NOTHING = Wishes({}, None)


class Pipe(io.BytesIO):
    """Bytes that come once: nothing in them can be sought."""

    def seekable(self) -> bool:
        return False

    def seek(self, offset: int, whence: int = 0) -> int:
        raise AssertionError("a pipe was sought")


def read(content: bytes, wishes: Wishes = EVERYTHING, **settings: Any) -> Table:
    """Read the bytes of a file; errors call it `f`."""
    return join_tables(stream_chunks(io.BytesIO(content), "f", DataConfig(**settings), wishes))


def columns_of(table: Table) -> dict[str, list[Any]]:
    """The cells of each column: numbers, texts, and None where missing."""
    columns = {}
    for name in table.names:
        texts = table.texts.get(name)
        columns[name] = [
            None if np.isnan(value) else value if texts is None else texts[int(value)]
            for value in table.values(name)
        ]
    return columns


def npy(array: NDArray[Any]) -> bytes:
    """The bytes of an NPY file."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def npz(*, packed: bool = True, **arrays: Any) -> bytes:
    """The bytes of an NPZ file."""
    buffer = io.BytesIO()
    (np.savez_compressed if packed else np.savez)(buffer, **arrays)
    return buffer.getvalue()


def as_parquet(table: Any, **settings: Any) -> bytes:
    """The bytes of a Parquet file."""
    buffer = io.BytesIO()
    parquet.write_table(table, buffer, **settings)
    return buffer.getvalue()


def as_arrow(table: Any, rows: int | None = None, packing: str | None = None) -> bytes:
    """The bytes of an Arrow file."""
    buffer = io.BytesIO()
    with ipc.new_file(
        buffer, table.schema, options=ipc.IpcWriteOptions(compression=packing)
    ) as file:
        file.write_table(table, max_chunksize=rows)
    return buffer.getvalue()


def as_stream(table: Any) -> bytes:
    """The bytes of an Arrow stream."""
    buffer = io.BytesIO()
    with ipc.new_stream(buffer, table.schema) as stream:
        stream.write_table(table)
    return buffer.getvalue()


ARROW_FORMATS: dict[str, Callable[[Any], bytes]] = {
    "Parquet": as_parquet,
    "Arrow": as_arrow,
    "Arrow stream": as_stream,
}


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """The bytes, cut short, with some of them changed, or both."""
    end = draw(st.integers(0, len(content)) | st.just(len(content)))
    changed = bytearray(content[:end])
    if changed:
        places = st.integers(0, len(changed) - 1) | st.integers(0, min(len(changed), 200) - 1)
        for place in draw(st.lists(places, max_size=4)):
            changed[place] = draw(st.integers(0, 255))
    return bytes(changed)


@contextmanager
def little_memory(most: int = MOST_MEMORY) -> Iterator[None]:
    """Assert that what is done within takes no more bytes than `most` at any time."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def reads_or_refuses(content: bytes, wishes: Wishes, *, keep_written: bool = False) -> None:
    """Assert that damaged bytes, of a file or a pipe, are tables or a DataError, in few bytes."""
    for stream in (io.BytesIO(content), Pipe(content)):
        chunks = stream_chunks(stream, "f", DataConfig(), wishes, keep_written=keep_written)
        problem = "f:"
        with little_memory():
            try:
                assert all(chunk.n_rows > 0 for chunk in chunks)
            except DataError as error:
                problem = str(error)
        assert problem.startswith("f:")
