"""A file of any size comes in small tables, and rows of a slow pipe as soon as there are enough."""

from __future__ import annotations

import io
import itertools
from collections.abc import Mapping

import pytest

from nnctl.data.csv_format import CsvFormat
from nnctl.data.csv_reader import read_csv
from nnctl.data.wishes import EVERYTHING, Wish, Wishes
from tests.data.tables import chunks_of, written_cells


@pytest.mark.parametrize("keep_written", [False, True])
@pytest.mark.parametrize("rows", [1, 2, 3, 7, 100])
def test_chunks_hold_the_rows_of_the_whole_table(rows: int, keep_written: bool) -> None:
    text = "a,b\n" + "".join(f"{number},x{number % 3}\n" for number in range(7))
    (whole,) = chunks_of(text, keep_written=True)
    chunks = chunks_of(text, rows=rows, keep_written=keep_written)
    sizes = [chunk.n_rows for chunk in chunks]
    assert sizes[:-1] == [rows] * (len(chunks) - 1)
    assert 0 < sizes[-1] <= rows
    assert [line for chunk in chunks for line in chunk.places] == whole.places.tolist()
    for name in ("a", "b"):
        cells = [cell for chunk in chunks for cell in written_cells(chunk, name)]
        assert cells == written_cells(whole, name)
    if keep_written:
        assert [row for chunk in chunks for row in chunk.written] == [*whole.written]


def test_a_chunk_of_any_width_is_small() -> None:
    narrow, wide = (
        chunks_of(",".join(names) + "\n" + (",".join("1" * len(names)) + "\n") * (2**23 // size))
        for names, size in (("ab", 4), ([f"x{i}" for i in range(2**10)], 2**11))
    )
    assert 2**18 <= narrow[0].n_rows <= 2**19
    assert 2**10 <= wide[0].n_rows <= 2**13


class Slow(io.RawIOBase):
    """A pipe whose writer sends a row at a time, and waits for an answer now and then."""

    def __init__(self) -> None:
        self.sent = 0
        self._rows = itertools.chain([b"a,b\n"], itertools.repeat(b"1,2\n"))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        row = next(self._rows)
        buffer[: len(row)] = row
        self.sent += 1
        return len(row)


def test_rows_of_a_slow_pipe_come_when_there_are_enough() -> None:
    pipe = Slow()
    wishes = Wishes(others=Wish("number"))
    chunks = read_csv(io.BufferedReader(pipe), "<stdin>", CsvFormat(), wishes, rows=3)
    for count in (1, 2, 3):
        assert next(chunks).n_rows == 3
        assert pipe.sent == 1 + 3 * count
    assert next(chunks).places.tolist() == [11, 12, 13]


def test_a_raw_stream_is_read_as_a_buffered_one_is() -> None:
    class Raw(io.RawIOBase):
        pieces: Mapping[int, bytes] = {0: b"a\n1", 1: b"2\n3\n"}
        step = -1

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            self.step += 1
            piece = self.pieces.get(self.step, b"")
            buffer[: len(piece)] = piece
            return len(piece)

    (table,) = read_csv(Raw(), "f.csv", CsvFormat(), EVERYTHING)  # type: ignore[arg-type]
    assert table.values("a").tolist() == [12.0, 3.0]
