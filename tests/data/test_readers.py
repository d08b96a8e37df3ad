"""Files and streams become tables, and a file that cannot says which and why."""

from __future__ import annotations

import codecs
import io
import itertools
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnctl.data.readers import read_chunks, read_table, read_table_from
from nnctl.errors import DataError, StorageError

TEXT = "length,name\n1.5,Ann\n2,Zoë\n"
FINITE = st.floats(allow_nan=False, allow_infinity=False)


def message_of(path: Path, encoding: str = "utf-8") -> str:
    with pytest.raises(DataError) as caught:
        read_table(path, encoding=encoding)
    return str(caught.value)


def test_a_table_holds_numbers_text_and_where_each_row_stood(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("length,name\n1.5,Ann\n\n", encoding="utf-8")
    table = read_table(path)
    length = table.columns["length"]
    assert isinstance(length, np.ndarray)
    assert length.dtype == np.float64
    assert length.tolist() == [1.5]
    assert table.columns["name"] == ("Ann",)
    assert (table.n_rows, table.source, table.lines.tolist()) == (1, str(path), [2])
    assert table.written == (("1.5", "Ann"),)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system_are_read_and_those_in_quotes_kept(
    tmp_path: Path, line_end: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(line_end.join(["\ufeffa,b", '1,"x', 'y"', "2,z", ""]).encode())
    table = read_table(str(path))
    assert [*table.columns] == ["a", "b"]
    assert table.columns["b"] == (f"x{line_end}y", "z")
    assert table.lines.tolist() == [2, 4]


def test_a_header_without_rows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n\n", encoding="utf-8")
    message = "the data has a header but no rows; write a row below it"
    assert message_of(path) == f"{path}: {message}"
    with pytest.raises(DataError, match=message):
        [*read_chunks(["a,b\n"], "stdin", 10)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
def test_a_file_is_read_in_the_encoding_that_is_named(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT.encode(encoding))
    assert read_table(path, encoding=encoding).columns["name"] == ("Ann", "Zoë")


def test_another_encoding_is_refused_with_the_byte_and_a_hint(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT.encode("latin-1"))
    assert message_of(path) == (
        f"{path}: byte 24 is not utf-8 text (received 0xeb); "
        "name the file's encoding, perhaps with `encoding: latin-1`"
    )
    path.write_bytes(TEXT.encode("utf-16"))
    assert message_of(path) == (
        f"{path}: byte 0 is not utf-8 text (received 0x{codecs.BOM_UTF16[0]:02x}); "
        "name the file's encoding, perhaps with `encoding: utf-16`"
    )
    path.write_bytes(TEXT.encode("utf-16-le"))
    assert message_of(path).endswith("perhaps with `encoding: utf-16`")
    path.write_bytes("a,b\n1,2\n".encode("utf-16-le"))
    assert "UTF-16 needs `encoding:`" in message_of(path)


@pytest.mark.parametrize("encoding", ["utf-9", "rot13", "", "a\0b"])
def test_an_encoding_that_does_not_exist_is_refused(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(TEXT, encoding="utf-8")
    assert "there is no text encoding" in message_of(path, encoding)


def test_a_missing_file_is_refused_with_its_place_and_a_suggestion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "iris.csv").touch()
    path = tmp_path / "irsi.csv"
    assert message_of(path) == f"{path}: the data does not exist; did you mean `iris.csv`?"
    path = tmp_path / "zebras.txt"
    assert message_of(path) == f"{path}: the data does not exist; check the path"
    path = tmp_path / "nowhere" / "iris.csv"
    assert message_of(path) == (
        f"{path}: the data does not exist, nor does the directory {path.parent}"
    )
    monkeypatch.chdir(tmp_path)
    assert message_of(Path("zebras.txt")) == (
        f"zebras.txt: the data does not exist (that is {tmp_path / 'zebras.txt'}); check the path"
    )


def test_a_directory_and_an_impossible_path_are_refused(tmp_path: Path) -> None:
    assert message_of(tmp_path) == f"{tmp_path}: the data is a directory; name a CSV file in it"
    assert "no file can have this path" in message_of(tmp_path / "a\0b")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_a_storage_error(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(TEXT, encoding="utf-8")
    path.chmod(0)
    with pytest.raises(StorageError, match="Permission denied"):
        read_table(path)


def test_what_the_system_refuses_to_read_is_a_storage_error(tmp_path: Path) -> None:
    loop = tmp_path / "loop.csv"
    loop.symlink_to(loop)
    with pytest.raises(StorageError) as caught:
        read_table(loop)
    assert str(caught.value) == (
        f"{loop}: the data cannot be read (Too many levels of symbolic links); "
        "check the path and its permissions"
    )


@given(st.lists(st.tuples(FINITE, FINITE), min_size=1, max_size=20))
def test_numbers_that_were_written_read_back_exactly(rows: list[tuple[float, float]]) -> None:
    text = "a;b\n" + "".join(f"{first!r};{second!r}\n" for first, second in rows)
    table = read_table_from(io.StringIO(text), "stdin")
    assert [*zip(*table.columns.values(), strict=True)] == rows


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 100])
def test_chunks_hold_the_rows_of_the_whole_table(rows: int) -> None:
    lines = ["a,b\n", *(f"{number},x{number}\n" for number in range(7))]
    whole = read_table_from(lines, "stdin")
    chunks = [*read_chunks(lines, "stdin", rows)]
    assert [chunk.n_rows for chunk in chunks[:-1]] == [rows] * (len(chunks) - 1)
    assert [cells for chunk in chunks for cells in chunk.written] == [*whole.written]
    assert [line for chunk in chunks for line in chunk.lines] == whole.lines.tolist()


def test_chunks_are_read_only_when_they_are_asked_for() -> None:
    endless = itertools.chain(["a,b\n"], itertools.repeat("1,2\n"))
    chunks = read_chunks(endless, "stdin", 1000)
    assert [next(chunks).n_rows, next(chunks).n_rows] == [1000, 1000]
    assert next(chunks).lines[0] == 2002
