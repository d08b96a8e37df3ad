"""NPY and NPZ files become tables, whatever their order and packing; nothing is unpickled."""

from __future__ import annotations

import io
import itertools
import math
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import DTypeLike, NDArray

from nnctl.config.schema.data import DataConfig
from nnctl.data.array_rows import LARGEST_ROW, MOST_COLUMNS
from nnctl.data.sources import open_chunks, stream_chunks
from nnctl.data.wishes import EVERYTHING, Wish, Wishes
from nnctl.errors import DataError
from tests.data.files import (
    NOTHING,
    NUMBERS,
    TEXTS,
    Pipe,
    columns_of,
    damaged,
    little_memory,
    npy,
    npz,
    read,
    reads_or_refuses,
)

MATRIX = np.array([[1.5, 2.0], [3.0, math.nan], [5.0, 6.0]])
IMAGES = np.arange(24, dtype=np.uint8).reshape(4, 2, 3)
WORDS = np.array(["red", "green", "é"])


def with_header(header: str, data: bytes = b"", version: int = 1) -> bytes:
    """An NPY file of a header that NumPy would not write."""
    encoded = header.encode()
    length = struct.pack("<H" if version == 1 else "<I", len(encoded))
    return b"\x93NUMPY" + bytes([version, 0]) + length + encoded + data


def described(shape: str, dtype: str = "'<f8'") -> str:
    return f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}}}"


def refusal(content: bytes, wishes: Wishes = EVERYTHING) -> str:
    with pytest.raises(DataError) as caught:
        read(content, wishes)
    return str(caught.value)


@pytest.mark.parametrize("dtype", ["?", "i1", "<i2", ">i4", "i8", "u1", "u2", "u4", "u8"])
def test_whole_numbers_of_every_type_are_read(dtype: str) -> None:
    assert columns_of(read(npy(np.array([[0, 1], [1, 0]], dtype)))) == {"x1": [0, 1], "x2": [1, 0]}


@pytest.mark.parametrize("dtype", ["f2", "<f4", ">f8", np.longdouble])
def test_fractions_of_every_type_are_read(dtype: DTypeLike) -> None:
    assert columns_of(read(npy(np.array([0.5, -3], dtype)))) == {"x1": [0.5, -3]}


@pytest.mark.parametrize("dtype", ["<U5", ">U5"])
def test_text_is_read(dtype: str) -> None:
    assert columns_of(read(npy(WORDS.astype(dtype)))) == {"x1": ["red", "green", "é"]}


def test_bytes_are_read_as_text_of_the_encoding() -> None:
    content = npy(np.array([b"red", "é".encode("latin-1")]))
    assert columns_of(read(content, encoding="latin-1")) == {"x1": ["red", "é"]}
    assert refusal(content) == (
        "f: row 2: feature `x1` holds no text in `utf-8`; save it as text (dtype U), or numbers"
    )


@pytest.mark.parametrize("number", [0xD800, 0x110000, 0xFFFFFFFF])
def test_numbers_that_are_no_characters_are_refused(number: int) -> None:
    content = npy(np.array(["ab", "cd"])).replace(b"c\0\0\0", struct.pack("<I", number))
    assert "row 2: feature `x1` holds no text" in refusal(content)


def test_truth_values_are_0_and_1_whatever_byte_holds_them() -> None:
    content = npy(np.array([True, False]))
    assert columns_of(read(content[:-2] + b"\x07\0")) == {"x1": [1, 0]}


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("is_pipe", [False, True])
@pytest.mark.parametrize("rows", [1, 3, 100])
def test_rows_are_the_same_in_either_order_from_a_file_or_a_pipe(
    order: Any, is_pipe: bool, rows: int
) -> None:
    content = npy(np.array(IMAGES, order=order))
    stream = (Pipe if is_pipe else io.BytesIO)(content)
    chunks = [*stream_chunks(stream, "f", DataConfig(), EVERYTHING, rows=rows)]
    assert [chunk.n_rows for chunk in chunks] == [1] * 4 if rows == 1 else [3, 1][: len(chunks)]
    cells = [[chunk.values(name) for name in chunk.names] for chunk in chunks]
    assert np.concatenate(cells, axis=1).T.tolist() == IMAGES.reshape(4, 6).tolist()
    assert np.concatenate([chunk.places for chunk in chunks]).tolist() == [1, 2, 3, 4]


def test_columns_are_numbered_and_pixels_have_their_row_and_column() -> None:
    assert read(npy(MATRIX)).names == ("x1", "x2")
    assert read(npy(MATRIX[:, 0])).names == ("x1",)
    assert read(npy(IMAGES)).names == tuple(
        f"pixel_{row}_{column}" for row, column in itertools.product(range(2), range(3))
    )
    assert read(npy(IMAGES.reshape(4, 1, 2, 3))).names[-1] == "pixel_0_1_2"


@pytest.mark.parametrize("packed", [True, False])
def test_the_arrays_of_an_npz_file_stand_side_by_side(packed: bool) -> None:
    arrays = {"X": np.asfortranarray(MATRIX), "color": WORDS, "image": IMAGES[:3], "ok": [1, 0, 1]}
    table = read(npz(packed=packed, **arrays))
    pixels = tuple(f"image_{row}_{column}" for row in range(2) for column in range(3))
    assert table.names == table.header == ("X_1", "X_2", "color", *pixels, "ok")
    columns = columns_of(table)
    assert columns["X_2"] == [2.0, None, 6.0]
    assert columns["color"] == ["red", "green", "é"]
    assert columns["image_1_2"] == [5, 11, 17]


def test_only_what_is_wished_is_read() -> None:
    content = npz(X=MATRIX, y=np.array(["a", "b", "c"]), bad=np.array([1, math.inf, 2]))
    wishes = Wishes({"y": Wish("text"), "X_2": Wish()}, None)
    table = read(content, wishes)
    assert table.names == ("X_2", "y")
    assert table.header == ("X_1", "X_2", "y", "bad")
    assert (read(content, NOTHING).names, read(content, NOTHING).n_rows) == ((), 3)


def test_the_rows_are_kept_as_text_where_that_is_asked_for() -> None:
    content = npz(X=MATRIX, y=np.array(["a", "b", "c"]), bad=np.array([1, math.inf, 2]))
    wishes = Wishes({"y": Wish()}, None)
    chunks = stream_chunks(
        io.BytesIO(content), "f", DataConfig(), wishes, rows=2, keep_written=True
    )
    written = [row for chunk in chunks for row in chunk.written]
    assert written == [("1.5", "2", "a", "1"), ("3", "", "b", "inf"), ("5", "6", "c", "2")]


def test_arrays_of_different_lengths_are_refused_unless_nothing_is_wanted_of_one() -> None:
    content = npz(X=MATRIX, y=np.arange(4), names=np.array(["a", "b"]))
    assert refusal(content) == (
        "f: the arrays have different numbers of rows (`X`: 3, `y`: 4, `names`: 2); save those "
        "that belong together in a file of their own, or ignore a column with "
        "`columns: {NAME: ignored}`"
    )
    assert read(content, Wishes({"y": None, "names": None})).header == ("X_1", "X_2")


def test_an_array_that_cannot_be_read_is_left_out_if_it_is_ignored() -> None:
    content = npz(X=MATRIX, objects=np.array([{}, 1], object), version=np.array(3))
    assert "the array `objects` holds objects" in refusal(content)
    assert read(content, Wishes({"objects": None, "version": None})).header == ("X_1", "X_2")


def test_names_that_come_twice_are_refused() -> None:
    content = npz(a=MATRIX, a_2=np.arange(3))
    assert refusal(content) == "f: 2 columns are called `a_2`; rename all but one"


class Bomb:
    """What runs code when it is unpickled."""

    def __reduce__(self) -> Any:
        return (exec, ("raise SystemExit('unpickled')",))


def test_objects_are_refused_and_never_unpickled() -> None:
    message = (
        "f: the array holds objects, which would have to be unpickled, and that may run any code "
        "(received dtype |O); save it as numbers or text, with `array.astype(float)` or "
        "`array.astype(str)`"
    )
    assert refusal(npy(np.array([Bomb(), None], object))) == message
    assert refusal(npz(x=np.array([Bomb()], object))) == message.replace(
        "array holds", "array `x` holds"
    )
    assert "this is a pickle, which is never opened" in refusal(pickle.dumps(Bomb()))


@pytest.mark.parametrize(
    ("array", "holds"),
    [
        (np.array(["2020-01-01"], "M8[D]"), "dates"),
        (np.array([3], "m8[s]"), "durations"),
        (np.array([1j]), "complex numbers"),
        (np.zeros(2, [("a", "f8"), ("b", "i4")]), "neither numbers nor text"),
        (np.zeros(2, "V3"), "neither numbers nor text"),
    ],
)
def test_other_types_are_refused(array: NDArray[Any], holds: str) -> None:
    assert f"the array holds {holds} (received dtype " in refusal(npy(array))


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array(3.0), "the array is a single value; save a row for each sample"),
        (np.zeros((0, 3)), "the array is empty (received shape (0, 3), float64); save some rows"),
        (np.zeros((3, 0)), "the array is empty (received shape (3, 0), float64); save some rows"),
    ],
)
def test_an_array_without_rows_is_refused(array: NDArray[Any], message: str) -> None:
    assert message in refusal(npy(array))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "[]",
        "{",
        "(" * 5000,
        "{'descr': '<f8', 'fortran_order': 1, 'shape': (1,)}",
        "{'descr': '<f8', 'fortran_order': False}",
        described("[1]"),
        described("(-1,)"),
        described("(True,)"),
        described("(1.0,)"),
        "{['descr']: 1}",
        "__import__('os').abort()",
        "'\\<'",
    ],
)
def test_a_damaged_header_is_refused(header: str) -> None:
    assert refusal(with_header(header)) == "f: the array has a damaged header; save it anew"


@pytest.mark.parametrize("dtype", ["'f9'", "'<U99999999999'", "'<U999999999'", "'a5'", "'b4'", "7"])
def test_a_dtype_that_does_not_exist_is_refused(dtype: str) -> None:
    assert "the array h" in refusal(with_header(described("(1,)", dtype)))


def test_headers_of_all_versions_are_read_and_a_newer_one_refused() -> None:
    data = struct.pack("<2d", 1, 2)
    for version in (1, 2, 3):
        assert columns_of(read(with_header(described("(2,)"), data, version))) == {"x1": [1, 2]}
    assert refusal(with_header(described("(2,)"), data, 4)) == (
        "f: the array is of NPY version 4, which is not known; save it anew"
    )


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        (f"({10**15},)", "'<f8'"),
        (f"(1, {10**15})", "'<f8'"),
        (f"({10**9}, {10**9})", "'<f8'"),
        (f"(2, {MOST_COLUMNS})", "'<f8'"),
        ("(2,)", f"'<U{LARGEST_ROW // 4}'"),
        ("(2,)", f"'<U{LARGEST_ROW}'"),
    ],
)
@pytest.mark.parametrize("stream", [io.BytesIO, Pipe])
def test_a_header_that_promises_too_much_allocates_nothing(
    shape: str, dtype: str, stream: type[io.BytesIO]
) -> None:
    content = with_header(described(shape, dtype), bytes(1000))
    with little_memory(2**21), pytest.raises(DataError, match=r"is cut short|at most"):
        [*stream_chunks(stream(content), "f", DataConfig(), EVERYTHING)]


def test_more_or_fewer_bytes_than_the_header_promises_are_refused() -> None:
    content = npy(MATRIX)
    assert refusal(content[:-3]) == (
        "f: the array is cut short or damaged: its header promises 48 bytes (received 45); "
        "make or fetch the file again"
    )
    assert refusal(content + b"ab") == (
        "f: the array ends before the file does: 2 bytes follow it; "
        "save several arrays in an NPZ file, or make or fetch the file again"
    )
    with pytest.raises(DataError, match=r"the array is cut short \(3 bytes are missing\)"):
        [*stream_chunks(Pipe(content[:-3]), "f", DataConfig(), EVERYTHING)]
    with pytest.raises(DataError, match="the array ends before the file does: 1 bytes"):
        [*stream_chunks(Pipe(content + b"ab"), "f", DataConfig(), EVERYTHING)]


def test_too_many_columns_are_refused_before_they_are_named() -> None:
    content = npy(np.zeros((2, MOST_COLUMNS + 1), np.int8))
    assert f"has rows of {MOST_COLUMNS + 1} cells" in refusal(content)


def zip_of(members: dict[str, bytes], packing: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, packing)  # without a clock
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (zip_of({}), "the archive holds nothing where an NPZ file holds arrays"),
        (zip_of({"a.txt": b"1"}), "the archive holds `a.txt` where an NPZ file holds arrays"),
        (zip_of({"[Content_Types].xml": b""}), "this is an Excel workbook, which is not read"),
        (
            zip_of({"a.npy": npy(MATRIX)}, zipfile.ZIP_LZMA),
            "the archive is packed unlike NPZ files",
        ),
        (zip_of({"a.npy": npy(MATRIX)}, zipfile.ZIP_BZIP2), "the archive is packed unlike NPZ"),
        (zip_of({"a.npy": npy(MATRIX)})[:60], "the archive is damaged"),
    ],
    ids=["empty", "text", "Excel", "LZMA", "BZIP2", "cut short"],
)
def test_an_archive_that_is_no_npz_file_is_refused(content: bytes, message: str) -> None:
    assert message in refusal(content)


def test_an_encrypted_archive_is_refused() -> None:
    content = bytearray(zip_of({"a.npy": npy(MATRIX)}))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert "the archive is encrypted" in refusal(bytes(content))


def test_a_flipped_bit_in_an_archive_is_noticed() -> None:
    content = bytearray(zip_of({"a.npy": npy(MATRIX)}))
    content[content.index(struct.pack("<d", 5.0)) + 6] ^= 1
    assert refusal(bytes(content)) == (
        "f: the packed data is damaged, or ends too soon; make or fetch the file again"
    )


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_packed_array_is_read_in_constant_memory(tmp_path: Path, order: Any) -> None:
    path = tmp_path / "bomb.npz"
    path.write_bytes(npz(a=np.zeros((2**21, 4), order=order)))  # 64 MiB in 64 KiB
    assert path.stat().st_size < 2**17
    with little_memory(2**24):
        chunks = open_chunks(str(path), DataConfig(), EVERYTHING)
        assert sum(chunk.n_rows for chunk in chunks) == 2**21


def test_a_wide_array_is_read_a_few_rows_at_a_time() -> None:
    content = npy(np.ones((64, 2**14)))
    chunks = stream_chunks(io.BytesIO(content), "f", DataConfig(), EVERYTHING)
    assert next(chunks).n_rows == 2**18 // 2**14
    content = npy(np.zeros(5000, "U1000"))
    chunks = stream_chunks(io.BytesIO(content), "f", DataConfig(), EVERYTHING)
    assert next(chunks).n_rows == 2**24 // 4000


SMALL = {
    "rows": npy(MATRIX),
    "columns": npy(np.asfortranarray(MATRIX)),
    "words": npy(WORDS),
    "bytes": npy(np.array([b"ab", b"c"])),
    "truth": npy(np.array([True, False])),
    "npz": npz(packed=False, X=MATRIX, y=WORDS),
    "packed npz": npz(X=np.asfortranarray(MATRIX), y=WORDS),
}


@pytest.mark.parametrize("name", SMALL)
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_file_is_a_table_or_a_data_error(name: str, data: st.DataObject) -> None:
    wishes = data.draw(st.sampled_from([EVERYTHING, TEXTS, NUMBERS, NOTHING]))
    content = data.draw(damaged(SMALL[name]))
    reads_or_refuses(content, wishes, keep_written=data.draw(st.booleans()))
