"""Parquet, Feather and Arrow streams become tables, a batch of rows at a time."""

from __future__ import annotations

import datetime
import decimal
import io
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnctl.config.schema.data import DataConfig
from nnctl.data.sources import open_chunks, stream_chunks
from nnctl.data.wishes import EVERYTHING, Wish, Wishes
from nnctl.errors import DataError, UsageError
from tests.data.files import (
    ARROW_FORMATS,
    NOTHING,
    NUMBERS,
    TEXTS,
    Pipe,
    as_arrow,
    as_parquet,
    as_stream,
    columns_of,
    damaged,
    little_memory,
    read,
    reads_or_refuses,
)

PEOPLE = pa.table(
    {
        "age": pa.array([30, None, 40], pa.int8()),
        "name": ["Ann", "Zoë", None],
        "fits": [True, None, False],
        "size": pa.array(["s", "l", "s"]).dictionary_encode(),
        "height": [1.5, math.nan, None],
    }
)
COLUMNS = {
    "age": [30, None, 40],
    "name": ["Ann", "Zoë", None],
    "fits": [1, None, 0],
    "size": ["s", "l", "s"],
    "height": [1.5, None, None],
}


def column(values: Any, kind: Any = None) -> bytes:
    return as_parquet(pa.table({"a": pa.array(values, kind)}))


def refusal(content: bytes, wishes: Wishes = EVERYTHING) -> list[str]:
    with pytest.raises(DataError) as caught:
        read(content, wishes)
    return [*map(str, caught.value.problems)]


@pytest.mark.parametrize("stream", [io.BytesIO, Pipe])
@pytest.mark.parametrize("name", ARROW_FORMATS)
def test_every_format_is_read_from_a_file_and_from_a_pipe(
    name: str, stream: type[io.BytesIO]
) -> None:
    (table,) = stream_chunks(stream(ARROW_FORMATS[name](PEOPLE)), "f", DataConfig(), EVERYTHING)
    assert columns_of(table) == COLUMNS
    assert table.texts == {"name": ("Ann", "Zoë"), "size": ("s", "l")}
    assert table.gaps == {"age": "null", "name": "null", "fits": "null", "height": "nan"}
    assert (table.places.tolist(), table.has_lines) == ([1, 2, 3], False)


@pytest.mark.parametrize("name", ARROW_FORMATS)
def test_a_file_is_read_a_few_rows_at_a_time(name: str) -> None:
    stream = io.BytesIO(ARROW_FORMATS[name](PEOPLE))
    chunks = [*stream_chunks(stream, "f", DataConfig(), EVERYTHING, rows=2)]
    assert [chunk.places.tolist() for chunk in chunks] == [[1, 2], [3]]
    assert columns_of(chunks[1])["size"] == ["s"]


@pytest.mark.parametrize(
    "kind",
    [pa.int16(), pa.int64(), pa.uint8(), pa.uint64(), pa.float16(), pa.float32(), pa.float64()],
)
def test_numbers_of_every_type_are_read(kind: Any) -> None:
    assert columns_of(read(column([0, 3, None], kind))) == {"a": [0, 3, None]}
    assert columns_of(read(column([0, 3, None], kind), TEXTS)) == {"a": ["0", "3", None]}


@pytest.mark.parametrize("kind", [pa.decimal128(9, 2), pa.decimal256(40, 2)])
def test_decimals_are_numbers(kind: Any) -> None:
    content = column([decimal.Decimal("1.50"), None], kind)
    assert columns_of(read(content)) == {"a": [1.5, None]}
    assert columns_of(read(content, TEXTS)) == {"a": ["1.5", None]}


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
def test_text_of_every_type_is_read(kind: Any) -> None:
    content = as_stream(pa.table({"a": pa.array(["7", None, "NA", "8"], kind)}))
    assert columns_of(read(content)) == {"a": ["7", None, None, "8"]}
    assert columns_of(read(content, NUMBERS)) == {"a": [7, None, None, 8]}


def test_a_dictionary_holds_text_or_numbers_and_only_what_occurs() -> None:
    indices = pa.array([2, 1, 2, None])
    words = pa.DictionaryArray.from_arrays(indices, pa.array(["never", "b", "a"]))
    numbers = pa.DictionaryArray.from_arrays(indices, pa.array([0, 10, 20]))
    table = read(as_arrow(pa.table({"words": words, "numbers": numbers})))
    assert table.texts == {"words": ("a", "b")}
    assert columns_of(table) == {"words": ["a", "b", "a", None], "numbers": [20, 10, 20, None]}


def test_a_column_of_nulls_alone_is_missing_whatever_it_is_wished_as() -> None:
    content = column([None, None])
    assert columns_of(read(content)) == {"a": [None, None]}
    assert read(content, TEXTS).texts == {"a": ()}


def test_truth_values_wished_as_text_are_written_out() -> None:
    content = column([True, None, False])
    assert columns_of(read(content, TEXTS)) == {"a": ["true", None, "false"]}


def test_large_whole_numbers_keep_all_digits_as_text() -> None:
    content = column([2**63 - 1, None])
    assert columns_of(read(content, TEXTS)) == {"a": ["9223372036854775807", None]}


def test_infinity_and_text_that_is_no_number_are_refused_with_their_rows() -> None:
    content = as_parquet(pa.table({"a": [1.0, None, -math.inf], "b": ["1", "x", None]}))
    assert refusal(content, NUMBERS) == [
        "f: row 3: feature `a` is infinite (received -inf); clip it, or remove the row",
        "f: row 2: feature `b` must hold numbers (received `x`); "
        "write it with the digits 0-9, as in `-1.5e3`",
    ]


OTHERS = pa.table(
    {
        "day": [datetime.date(2020, 2, 3), None],
        "moment": [datetime.datetime(2020, 2, 3, 4, 5), None],
        "list": [[1], [2]],
        "raw": [b"1", b"2"],
        "n": [1, 2],
    }
)


def test_what_lies_under_a_null_does_not_count() -> None:
    buffers = [pa.py_buffer(b"\x05"), pa.py_buffer(np.array([1, math.inf, 3]))]
    array = pa.Array.from_buffers(pa.float64(), 3, buffers)
    assert columns_of(read(as_stream(pa.table({"a": array})))) == {"a": [1, None, 3]}


def test_positions_outside_the_text_are_refused() -> None:
    content = as_stream(pa.table({"a": ["Ann", "Zoe"]}))
    offsets = np.array([0, 3, 6], np.int32).tobytes()
    assert content.count(offsets) == 1
    far_outside = np.array([0, 3, 2**31 - 1], np.int32).tobytes()
    assert "the data is damaged" in refusal(content.replace(offsets, far_outside))[0]


def test_other_types_are_refused_all_at_once_where_they_are_wanted() -> None:
    remedy = "or save it as numbers or text"
    assert refusal(as_parquet(OTHERS)) == [
        "f: feature `day` holds dates or times (received date32[day]); "
        f"leave it out with `columns: {{day: ignored}}`, {remedy}",
        "f: feature `moment` holds dates or times (received timestamp[us]); "
        f"leave it out with `columns: {{moment: ignored}}`, {remedy}",
        "f: feature `list` holds neither numbers nor text (received list<element: int64>); "
        f"leave it out with `columns: {{list: ignored}}`, {remedy}",
        "f: feature `raw` holds neither numbers nor text (received binary); "
        f"leave it out with `columns: {{raw: ignored}}`, {remedy}",
    ]
    ignored = Wishes(dict.fromkeys(["day", "moment", "list", "raw"]))
    assert columns_of(read(as_parquet(OTHERS), ignored)) == {"n": [1, 2]}


def test_dates_may_be_wished_as_text() -> None:
    wishes = Wishes({"day": Wish("text", "group"), "moment": Wish("text", "group")}, None)
    assert columns_of(read(as_parquet(OTHERS), wishes)) == {
        "day": ["2020-02-03", None],
        "moment": ["2020-02-03 04:05:00.000000", None],
    }


def test_the_rows_are_kept_as_text_where_that_is_asked_for() -> None:
    stream = io.BytesIO(as_parquet(OTHERS))
    wishes = Wishes({"n": Wish()}, None)
    (chunk,) = stream_chunks(stream, "f", DataConfig(), wishes, keep_written=True)
    assert chunk.names == ("n",)
    assert chunk.header == tuple(OTHERS.column_names)
    assert chunk.written == (
        ("2020-02-03", "2020-02-03 04:05:00.000000", "[1]", "b'1'", "1"),
        ("", "", "[2]", "b'2'", "2"),
    )


def test_names_that_come_twice_and_data_without_rows_are_refused() -> None:
    twice = pa.table([[1], [2]], names=["a", "a"])
    assert refusal(as_arrow(twice)) == ["f: 2 columns are called `a`; rename all but one"]
    message = ["f: the data has columns but no rows; save some rows"]
    assert refusal(column([], pa.int8())) == refusal(as_stream(PEOPLE.slice(0, 0))) == message


def test_a_name_with_a_point_is_no_path() -> None:
    content = as_parquet(pa.table({"a.b": [1], "a": [2]}))
    assert columns_of(read(content, Wishes({"a": Wish()}, None))) == {"a": [2]}


def test_the_index_that_pandas_adds_is_no_column_unless_it_is_named() -> None:
    content = as_parquet(pa.table({"a": [5], "__index_level_0__": [9]}))
    assert read(content).header == ("a",)
    named = Wishes({"__index_level_0__": Wish()})
    assert columns_of(read(content, named)) == {"a": [5], "__index_level_0__": [9]}


def test_nothing_is_read_where_nothing_is_wished() -> None:
    for write in ARROW_FORMATS.values():
        table = read(write(PEOPLE), NOTHING)
        assert (table.names, table.n_rows, len(table.header)) == ((), 3, 5)


@pytest.mark.parametrize("name", ARROW_FORMATS)
def test_a_file_that_is_cut_short_is_refused(name: str) -> None:
    content = ARROW_FORMATS[name](PEOPLE)
    (message,) = refusal(content[: len(content) // 2])
    assert message.startswith("f: the data is damaged, or written in a way that is not known (")
    assert message.endswith("); make or fetch the file again")


def test_a_file_is_read_in_constant_memory(tmp_path: Path) -> None:
    path = tmp_path / "many.parquet"
    path.write_bytes(as_parquet(pa.table({f"x{n}": np.zeros(2**20) for n in range(8)})))
    with little_memory(2**24):
        chunks = open_chunks(str(path), DataConfig(), EVERYTHING)
        assert sum(chunk.n_rows for chunk in chunks) == 2**20


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "nnctl.data.arrow_reader", raising=False)
    with pytest.raises(UsageError) as caught:
        read(as_parquet(PEOPLE))
    assert str(caught.value).startswith("f: reading Parquet needs the extra `parquet` (")
    assert str(caught.value).endswith("); run `pip install 'nnctl[parquet]'`")
    assert columns_of(read(b"a\n1\n")) == {"a": [1]}


SMALL = {
    "Parquet": as_parquet(PEOPLE),
    "Parquet in groups": as_parquet(PEOPLE, compression="zstd", row_group_size=2),
    "Arrow": as_arrow(PEOPLE, rows=2),
    "Arrow, packed": as_arrow(PEOPLE, packing="lz4"),
    "Arrow stream": as_stream(PEOPLE),
}


@pytest.mark.parametrize("name", SMALL)
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_file_is_a_table_or_a_data_error(name: str, data: st.DataObject) -> None:
    wishes = data.draw(st.sampled_from([EVERYTHING, TEXTS, NOTHING]))
    content = data.draw(damaged(SMALL[name]))
    reads_or_refuses(content, wishes, keep_written=data.draw(st.booleans()))
