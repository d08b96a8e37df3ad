"""Columns of a CSV file are numbers or text, as is wished or as most of their cells look."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnctl.data.csv_format import CsvFormat
from nnctl.data.table import TEXT_REMEDIES, join_tables
from nnctl.data.wishes import EVERYTHING, Wish, Wishes
from nnctl.errors import DataError
from tests.data.tables import chunks_of, column_of, table_of, written_cells

FINITE = st.floats(allow_nan=False, allow_infinity=False)
NO_NUMBER = "must hold numbers (received `abc`); write it with the digits 0-9, as in `-1.5e3`"


def message_of(text: str, form: CsvFormat | None = None, wishes: Wishes = EVERYTHING) -> str:
    with pytest.raises(DataError) as caught:
        chunks_of(text, form, wishes)
    return str(caught.value)


def test_a_table_holds_numbers_text_and_where_each_row_stood() -> None:
    table = table_of(
        """
        length,name,note
        1.5,Ann,x
        NA,,x
        2, Bea ,y
        -3e0,Ann,

        """
    )
    assert table.names == table.header == ("length", "name", "note")
    assert table.source == "f.csv"
    assert (table.n_rows, table.places.tolist(), table.has_lines) == (4, [2, 3, 4, 5], True)
    assert table.values("length").dtype == np.float64
    assert written_cells(table, "length") == [1.5, None, 2.0, -3.0]
    assert dict(table.texts) == {"name": ("Ann", "Bea"), "note": ("x", "y")}
    assert written_cells(table, "name") == ["Ann", None, "Bea", "Ann"]
    assert dict(table.gaps) == {"length": "NA", "name": "", "note": ""}
    assert table.written == ()


def test_the_rows_are_kept_as_they_are_written_where_that_is_wished() -> None:
    wishes = Wishes({"b": Wish("text")}, None)
    (table,) = chunks_of('a,b\n 1.50 ,"x, y"\n', wishes=wishes, keep_written=True)
    assert table.names == ("b",)
    assert table.header == ("a", "b")
    assert table.written == ((" 1.50 ", "x, y"),)


@pytest.mark.parametrize("keep_written", [False, True])
@pytest.mark.parametrize(
    ("cells", "is_text"),
    [
        (["1", "2"], False),
        (["1", "abc"], None),  # numbers, and a mistake
        (["1", "abc", "abc"], True),
        (["1", "abc", "NA", ""], None),
        (["", "NA", "nan"], False),
        (["abc"], True),
        (["2024-01-05", "2024-01-06"], True),
        (["1e400", "2"], None),
        (["1", "1", "1", "abc", "abc", "abd", "abe"], True),
    ],
)
def test_half_of_the_filled_cells_must_be_numbers_for_a_column_of_them(
    cells: list[str], is_text: bool | None, keep_written: bool
) -> None:
    text = "\n".join(["a,b", *(f"{cell},1" for cell in cells)])
    if is_text is None:
        assert "feature `a` " in message_of(text)
        return
    (table,) = chunks_of(text, keep_written=keep_written)
    assert ("a" in table.texts) == is_text


def test_a_column_that_a_number_marks_as_missing_is_judged_by_the_others() -> None:
    form = CsvFormat(missing=frozenset({"-999"}))
    (table,) = chunks_of("a\n-999\n-999\nx\n", form)
    assert written_cells(table, "a") == [None, None, "x"]
    (table,) = chunks_of("a\n-999\n-999.0\n2\n", form)
    assert written_cells(table, "a") == [None, -999.0, 2.0]


def test_what_the_first_chunk_decides_holds_for_all() -> None:
    first, second = chunks_of("a,b\nx,1\ny,2\n1,3\n2,4\n", rows=2)
    assert written_cells(first, "a") == ["x", "y"]
    assert written_cells(second, "a") == ["1", "2"]
    with pytest.raises(DataError, match=r"f\.csv:4:2: feature `b` must hold numbers"):
        chunks_of("a,b\nx,1\ny,2\n1,x\n2,y\n", rows=2)


@pytest.mark.parametrize("keep_written", [False, True])
def test_columns_are_read_as_they_are_wished_and_others_left_alone(keep_written: bool) -> None:
    wishes = Wishes({"a": Wish("text"), "b": Wish("number"), "c": None}, None)
    (table,) = chunks_of("d,b,a,c\nx,1,2,1\n1,2,3,y\n", wishes=wishes, keep_written=keep_written)
    assert table.names == ("b", "a")
    assert table.header == ("d", "b", "a", "c")
    assert written_cells(table, "a") == ["2", "3"]
    assert written_cells(table, "b") == [1.0, 2.0]
    assert str(table.problem("bad", "a", 1)) == "f.csv:3:3: bad"


def test_a_table_of_no_columns_still_counts_its_rows() -> None:
    (table,) = chunks_of("a,b\n1,2\n3,4\n", wishes=Wishes({}, None))
    assert (table.names, table.n_rows, table.places.tolist()) == ((), 2, [2, 3])


OTHER_KINDS = ", or say what the column is: `columns: {b: categorical}`, or `ignored`"


@pytest.mark.parametrize(
    ("role", "remedy"),
    [("feature", OTHER_KINDS), ("target", ""), ("sample weight", ""), ("input", "")],
)
def test_text_among_numbers_is_refused_with_its_place_and_a_remedy(role: str, remedy: str) -> None:
    wishes = Wishes({"b": Wish("number", role)})
    message = message_of("a,b\n1,2\n2,abc\n3,abd\n4,4\n", wishes=wishes)
    assert message == f"f.csv:3:2: {role} `b` {NO_NUMBER}{remedy}"


@pytest.mark.parametrize("role", sorted({*TEXT_REMEDIES, "feature", "input"}))
def test_a_column_of_text_is_refused_by_what_it_is_wanted_for(role: str) -> None:
    wishes = Wishes({"b": Wish("number", role)})
    described = {"feature": NO_NUMBER + OTHER_KINDS, "input": NO_NUMBER}
    expected = described.get(role) or f"holds text (received `abc`); {TEXT_REMEDIES[role]}"
    message = message_of("a,b\n1,\n2,abc\n", wishes=wishes)
    assert message == f"f.csv:3:2: {role} `b` {expected}"


def test_a_target_with_decimal_commas_is_not_called_text() -> None:
    wishes = Wishes({"b": Wish("number", "target")})
    message = message_of("a;b\n1;1,5\n2;2,5\n", wishes=wishes)
    assert message.startswith("f.csv:2:2: target `b` has a number with a decimal comma")


def test_the_first_bad_cell_of_each_column_is_told() -> None:
    assert message_of('a,b,c\n1,2,3\n2,3,1_0\n3,"1,5",x\n3,x,3\n').splitlines() == [
        "f.csv:4:2: feature `b` has a number with a decimal comma (received `1,5`); write "
        '`decimal: ","`, or `1.5`',
        "f.csv:3:3: feature `c` must hold numbers (received `1_0`); write it with the digits "
        "0-9, as in `-1.5e3`, or say what the column is: `columns: {c: categorical}`, or "
        "`ignored`",
    ]


def test_the_line_of_a_bad_cell_is_counted_over_all_chunks() -> None:
    text = "a,b\n" + '1,"2\n"\n' * 5 + "1,2\n" * 5 + "1,x\n"
    with pytest.raises(DataError, match=r"^f\.csv:17:2: "):
        chunks_of(text, rows=2)


@pytest.mark.parametrize("text", ["a;b\n1,5;x\n-2e1;y\n", 'a,b\n"1,5","x"\n"-2e1","y"\n'])
def test_a_decimal_comma_is_read(text: str) -> None:
    (table,) = chunks_of(text, CsvFormat(decimal=","))
    assert written_cells(table, "a") == [1.5, -20.0]
    assert written_cells(table, "b") == ["x", "y"]


def test_a_decimal_point_is_refused_where_a_comma_is_expected() -> None:
    message = message_of("a;b\n1,5;x\n1.5;y\n", CsvFormat(decimal=","))
    assert message.startswith("f.csv:3:1: feature `a` has a number with a decimal point")


def test_marks_of_missing_values_may_be_named() -> None:
    form = CsvFormat(missing=frozenset({"?", "none"}))
    (table,) = chunks_of("a,b\n1,x\n?,?\n2,NA\nNone,\n", form)
    assert written_cells(table, "a") == [1.0, None, 2.0, None]
    assert written_cells(table, "b") == ["x", None, "NA", ""]
    assert dict(table.gaps) == {"a": "?", "b": "?"}
    message = message_of("a,b\n1,2\n,3\n", form)
    assert message == (
        'f.csv:3:1: feature `a` has a blank cell; fill it in, or list `""` in `missing_values`'
    )


@pytest.mark.parametrize("keep_written", [False, True])
def test_the_first_gap_of_a_column_is_told_as_it_is_written(keep_written: bool) -> None:
    text = "a,b,c\n1,x,1\n2, Null,1\nNaN,,1\n,y,1\n"
    (table,) = chunks_of(text, keep_written=keep_written)
    assert dict(table.gaps) == {"a": "NaN", "b": "Null"}


@given(st.lists(st.tuples(FINITE, FINITE), min_size=1, max_size=20), st.integers(1, 30))
def test_numbers_that_were_written_read_back_exactly(
    rows: list[tuple[float, float]], block_size: int
) -> None:
    text = "a;b\n" + "".join(f"{first!r};{second!r}\n" for first, second in rows)
    table = join_tables(chunks_of(text, block_size=block_size))
    columns = [table.values(name).tolist() for name in table.names]
    assert [*zip(*columns, strict=True)] == rows
    assert [math.copysign(1, value) for value in columns[0]] == [
        math.copysign(1, first) for first, _ in rows
    ]


def test_a_column_for_tests_is_read_like_any_other() -> None:
    table = column_of("a", 1, "", 2.5)
    assert written_cells(table, "a") == [1.0, None, 2.5]
