"""Data is opened in one place: any format, packed or not, file or pipe, or an error that helps."""

from __future__ import annotations

import errno
import gzip
import io
import os
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnctl.config import load_config
from nnctl.config.schema.data import DataConfig
from nnctl.data.formats import REFUSED, STARTS, read_head, recognise
from nnctl.data.sources import READERS, open_chunks, read_source, stream_chunks
from nnctl.data.wishes import EVERYTHING, Wish, Wishes
from nnctl.errors import DataError, NnctlError, StorageError
from tests.data.files import (
    ARROW_FORMATS,
    TEXTS,
    Pipe,
    columns_of,
    damaged,
    npy,
    npz,
    read,
    reads_or_refuses,
)

if TYPE_CHECKING:
    from typing_extensions import Buffer

CSV = b"a,b\n1,x\n2,y\n"
MATRIX = np.array([[1.5, 2.0], [3.0, 4.0]])
IDX = struct.pack(">4B2I", 0, 0, 8, 2, 2, 2) + bytes(range(4))
ARROW = pa.table({"a": [1, 2]})
FILES = {
    "CSV": CSV,
    "NPY": npy(MATRIX),
    "NPY by columns": npy(np.asfortranarray(MATRIX)),
    "NPZ": npz(X=MATRIX),
    "IDX": IDX,
    **{name: write(ARROW) for name, write in ARROW_FORMATS.items()},
}


def refusal(path: Path | str, config: DataConfig | None = None) -> str:
    with pytest.raises(NnctlError) as caught:
        read_source(str(path), config or DataConfig(), EVERYTHING)
    return str(caught.value)


@contextmanager
def pipe_of(content: bytes) -> Iterator[BinaryIO]:
    """The end of a real pipe into which another thread writes a few bytes at a time."""
    end, start = os.pipe()

    def write() -> None:
        with open(start, "wb", buffering=0) as stream:  # noqa: PTH123  a descriptor has no path
            for first in range(0, len(content), 7):
                stream.write(content[first : first + 7])

    writer = threading.Thread(target=write)
    writer.start()
    with open(end, "rb") as stream:  # noqa: PTH123
        yield stream
    writer.join()


def test_every_reader_is_tried_here() -> None:
    assert {*READERS} == {*STARTS.values(), "CSV"} - {"gzip"} <= {*FILES}


@pytest.mark.parametrize("name", FILES)
def test_a_format_is_told_by_its_bytes_in_a_file_a_pipe_and_packed(
    name: str, tmp_path: Path
) -> None:
    content = FILES[name]
    path = tmp_path / "data.txt"
    path.write_bytes(content)
    from_file = columns_of(read_source(str(path), DataConfig(), EVERYTHING))
    assert {len(column) for column in from_file.values()} == {2}
    assert columns_of(read(gzip.compress(content))) == from_file
    for bytes_of_it in (content, gzip.compress(content)):
        with pipe_of(bytes_of_it) as pipe:
            (table,) = stream_chunks(pipe, "stdin", DataConfig(), EVERYTHING)
            assert columns_of(table) == from_file


def test_a_named_pipe_stands_for_a_file(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=[CSV])
    writer.start()
    table = read_source(str(path), DataConfig(), EVERYTHING)
    writer.join()
    assert columns_of(table) == {"a": [1, 2], "b": ["x", "y"]}


def test_a_stream_is_read_from_where_it_stands_and_stays_open() -> None:
    for content in FILES.values():
        stream = io.BytesIO(b"before" + content)
        stream.seek(6)
        assert sum(t.n_rows for t in stream_chunks(stream, "f", DataConfig(), EVERYTHING)) == 2
        assert not stream.closed


def test_a_pipe_is_not_read_ahead_of_a_row_that_is_complete() -> None:
    end, start = os.pipe()
    with open(end, "rb") as stream, open(start, "wb", buffering=0) as writer:  # noqa: PTH123
        writer.write(b"a\n")
        assert read_head(stream) == b"a"


@pytest.mark.parametrize(
    ("start", "name"),
    [
        *STARTS.items(),
        (b"", "CSV"),
        (b"PAR1,b\n", "CSV"),
        (b"ARROW1,b\n", "CSV"),
        (b"PK,b\n", "CSV"),
        (b"[id],{b}\n", "CSV"),
        (b"{id},[b]\n", "CSV"),
        (b"\xff\xfea\0", "CSV"),
        ("a,b\n".encode("utf-16-be"), "CSV"),
        ("a,b\n".encode("utf-32-be"), "CSV"),
    ],
)
def test_formats_are_recognised(start: bytes, name: str) -> None:
    assert recognise(read_head(Pipe(start)), "f") == name


@pytest.mark.parametrize("start", REFUSED)
def test_formats_that_are_not_read_are_named(start: bytes) -> None:
    with pytest.raises(DataError) as caught:
        read(start + bytes(100))
    assert str(caught.value) == f"f: {REFUSED[start]}"


def test_the_config_says_how_cells_are_written() -> None:
    content = "1,5;'?';x\n-;'ü';y\n".encode("latin-1")
    table = read(
        content,
        delimiter=";",
        decimal=",",
        encoding="latin-1",
        quote="'",
        header=False,
        missing_values=("?", "-"),
    )
    assert columns_of(table) == {"x1": [1.5, None], "x2": [None, "ü"], "x3": ["x", "y"]}


def test_chunks_have_at_most_the_rows_asked_for_and_keep_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(CSV)
    wishes = Wishes({"a": Wish("number")}, None)
    chunks = [*open_chunks(str(path), DataConfig(), wishes, rows=1, keep_written=True)]
    assert [chunk.written for chunk in chunks] == [(("1", "x"),), (("2", "y"),)]
    assert [chunk.names for chunk in chunks] == [("a",), ("a",)]


class Endless(io.RawIOBase):
    """A header, and rows without end."""

    rest = b"a,b\n"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        view = memoryview(buffer).cast("B")
        count = min(len(view), len(self.rest))
        view[:count] = self.rest[:count]
        self.rest = self.rest[count:] or b"1,2\n"
        return count


def test_chunks_are_read_only_when_they_are_asked_for() -> None:
    stream = io.BufferedReader(Endless())
    chunks = stream_chunks(stream, "stdin", DataConfig(), EVERYTHING, rows=1000)
    assert [next(chunks).n_rows, next(chunks).n_rows] == [1000, 1000]


def test_a_missing_file_is_refused_with_its_place_and_a_suggestion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "iris.csv").touch()
    path = tmp_path / "irsi.csv"
    assert refusal(path) == f"{path}: the data does not exist; did you mean `iris.csv`?"
    (tmp_path / "flats.yaml").touch()  # near by name, but a config
    path = tmp_path / "flats.csv"
    assert refusal(path) == f"{path}: the data does not exist; check the path"
    path = tmp_path / "zebras.txt"
    assert refusal(path) == f"{path}: the data does not exist; check the path"
    path = tmp_path / "nowhere" / "iris.csv"
    assert refusal(path) == (
        f"{path}: the data does not exist, nor does the directory {path.parent}"
    )
    path = tmp_path / "iris.csv" / "iris.csv"
    assert refusal(path) == (
        f"{path}: the data does not exist, nor does the directory {path.parent}"
    )
    monkeypatch.chdir(tmp_path)
    assert refusal("zebras.txt") == (
        f"zebras.txt: the data does not exist (that is {tmp_path / 'zebras.txt'}); check the path"
    )


def configured(directory: Path, source: str) -> DataConfig:
    """The data section of a config in `directory`, whose file need not exist."""
    path = directory / "config.yaml"
    data = f"data: {{source: {source}, target: y}}"
    path.write_text(f"{data}\nloss: mean_squared_error\ntraining: {{epochs: 1}}\n")
    return load_config(path).data


def test_a_path_of_a_config_is_shown_as_it_is_and_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "iris.csv").touch()
    data = configured(tmp_path / "configs", "../irsi.csv")
    assert data.source is not None
    assert refusal(data.source, data) == (
        f"{tmp_path / 'irsi.csv'}: the data does not exist (written as ../irsi.csv); "
        "did you mean `iris.csv`?"
    )
    data = configured(tmp_path / "configs", "..")
    assert refusal(str(data.source), data) == (
        f"{tmp_path}: the data is a directory (written as ..); name a file in it"
    )


def test_a_directory_and_an_impossible_path_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"{tmp_path}: the data is a directory; name a file in it"
    assert "no file can have this path" in refusal(tmp_path / "a\0b")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_a_storage_error(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(CSV)
    path.chmod(0)
    with pytest.raises(StorageError, match="Permission denied"):
        read_source(str(path), DataConfig(), EVERYTHING)


def test_what_the_system_refuses_to_open_is_a_storage_error(tmp_path: Path) -> None:
    loop = tmp_path / "loop.csv"
    loop.symlink_to(loop)
    with pytest.raises(StorageError) as caught:
        read_source(str(loop), DataConfig(), EVERYTHING)
    assert str(caught.value) == (
        f"{loop}: the data cannot be read (Too many levels of symbolic links); "
        "check the path and its permissions"
    )


class Broken(io.BytesIO):
    """A disk that fails after some bytes."""

    def __init__(self, content: bytes, whole: int) -> None:
        super().__init__(content)
        self.whole = whole

    def _check(self) -> None:
        if self.tell() >= self.whole:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    def read(self, size: int | None = -1) -> bytes:
        self._check()
        return super().read(min(size or 0, self.whole) if size and size > 0 else self.whole)

    def read1(self, size: int | None = -1) -> bytes:
        return self.read(size)

    def readinto(self, buffer: Buffer, /) -> int:
        self._check()
        return super().readinto(memoryview(buffer)[: self.whole])


@pytest.mark.parametrize("name", sorted({*FILES} - {"NPZ"}))  # zipfile calls it a damaged archive
def test_a_disk_that_fails_while_it_is_read_is_a_storage_error(name: str) -> None:
    for whole in (0, len(FILES[name]) // 2):
        with pytest.raises(StorageError) as caught:
            [*stream_chunks(Broken(FILES[name], whole), "f", DataConfig(), EVERYTHING)]
        assert str(caught.value) == (
            "f: the data cannot be read (Input/output error); check the path and its permissions"
        )


def test_no_room_for_what_a_pipe_holds_is_a_storage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(StorageError, match="do not fit into the directory for temporary files"):
        [*stream_chunks(Pipe(npz(X=MATRIX)), "f", DataConfig(), EVERYTHING)]


@pytest.mark.parametrize("end", [3, 12, -9, -1])
def test_packed_data_that_is_cut_short_is_refused(end: int) -> None:
    message = "f: the packed data is damaged, or ends too soon; make or fetch the file again"
    with pytest.raises(DataError) as caught:
        read(gzip.compress(CSV)[:end])
    assert str(caught.value) == message


def test_packed_data_with_a_flipped_bit_is_refused() -> None:
    content = bytearray(gzip.compress(npy(MATRIX)))
    content[-5] ^= 1  # of the length
    with pytest.raises(DataError, match="the packed data is damaged"):
        read(bytes(content))


def test_data_that_is_packed_twice_is_refused() -> None:
    with pytest.raises(DataError, match="f: the data is packed with gzip twice; unpack it once"):
        read(gzip.compress(gzip.compress(CSV)))


def test_parts_that_were_packed_one_after_the_other_are_one() -> None:
    assert columns_of(read(gzip.compress(CSV) + gzip.compress(b"3,z\n")))["a"] == [1, 2, 3]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_damaged_packed_data_is_a_table_or_a_data_error(data: st.DataObject) -> None:
    content = data.draw(damaged(gzip.compress(CSV * 20)))
    reads_or_refuses(content, data.draw(st.sampled_from([EVERYTHING, TEXTS])))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_table_or_a_data_error(content: bytes) -> None:
    reads_or_refuses(content, EVERYTHING)
