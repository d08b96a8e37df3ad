"""A broken CSV file is refused with the line on which it is broken, whole and in one sentence."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnctl.data.csv_format import CsvFormat
from nnctl.data.csv_header import DELIMITERS, recognise_delimiter
from nnctl.data.csv_reader import read_csv
from nnctl.data.table import Table
from nnctl.data.wishes import Wish, Wishes
from nnctl.errors import DataError
from tests.data.tables import table_of

EMPTY = "f.csv: the data is empty; write the columns' names in the first line, and rows below"
NO_ROWS = "f.csv: the data has a header but no rows; write a row below it"
LONG_CELL = (
    "a cell of this row is longer than 131072 characters; is there a quote that never closes?"
)
STRAY_QUOTE = (
    'a quote that opens in this row closes in the middle of a cell; write `""` for a quote inside '
    "a quoted cell, and close the cell right before the delimiter"
)
NUL = "the line holds a NUL byte; is this a text file? UTF-16 needs `encoding:`"
BROKEN = {
    "": EMPTY,
    "\n  \n": EMPTY,
    "a,b\n": NO_ROWS,
    "a,b\n\n  \n": NO_ROWS,
    "a,b\n1,\0\n": f"f.csv:2: {NUL}",
    "a\0,b\n1,2\n": f"f.csv:1: {NUL}",
    "a,b\n1,2\n3\n": (
        "f.csv:3: the row has the wrong number of cells (expected 2, received 1); "
        "quote a cell that holds the delimiter"
    ),
    "a,b\n1,2,3\n": (
        "f.csv:2: the row has the wrong number of cells (expected 2, received 3); "
        "quote a cell that holds the delimiter"
    ),
    "# made by hand\na,b\n1,2\n": (
        "f.csv:2: the row has the wrong number of cells (expected 1, received 2); the first line "
        "begins with `#`: take comments out, or quote a cell that holds the delimiter"
    ),
    'a,b\n1,2\n3,"4\n5,6\n7,8\n': "f.csv:3: a quote that opens in this row never closes; close it",
    'a,"b\n1,2\n': "f.csv:1: a quote that opens in this row never closes; close it",
    'a,b\n1,"2\n3,"4"\n': f"f.csv:2: {STRAY_QUOTE}",
    'a,b\n1,"' + "x" * 200_000: f"f.csv:2: {LONG_CELL}",
    "a,b\n1," + "x" * 200_000: f"f.csv:2: {LONG_CELL}",
    "x" * 200_000: f"f.csv:1: {LONG_CELL}",
    "a,b,a\n1,2,3\n": "f.csv:1:3: column 1 is called `a` too; rename one of them",
    "a,b,a,a\n": "f.csv:1:3: column 1 is called `a` too; rename one of them\n"
    "f.csv:1:4: column 1 is called `a` too; rename one of them",
    '"",""\n1,2\n': "f.csv:1: no column has a name; write them in the header",
    ",column_1\n1,2\n": "f.csv:1:2: column 1 is called `column_1` too; rename one of them",
    "0,1\n1,0\n": (
        "f.csv:1: the first line holds numbers (received `0`), not the columns' names; "
        "write a line of names above, or `header: false`"
    ),
    "a,b\n1,2\n\n \n3,4\n": "f.csv:3: the line is blank and rows follow below; remove it",
    "a\n1\n\n2\n": "f.csv:3: the line is blank and rows follow below; remove it",
    "a\tb\n1\t2\n  \n3\t4\n": "f.csv:3: the line is blank and rows follow below; remove it",
    'a,b\n"1\n",2\n3\n': (
        "f.csv:4: the row has the wrong number of cells (expected 2, received 1); "
        "quote a cell that holds the delimiter"
    ),
}
AS_TEXT = Wishes(others=Wish("text"))
AS_NUMBERS = Wishes(others=Wish("number"))

Rows = list[tuple[str, ...]]


def tables_of(
    text: str, form: CsvFormat | None = None, wishes: Wishes = AS_TEXT, size: int | None = None
) -> list[Table]:
    stream, form = io.BytesIO(text.encode()), form or CsvFormat()
    return [*read_csv(stream, "f.csv", form, wishes, keep_written=True, block_size=size)]


def read(text: str, form: CsvFormat | None = None, block_size: int | None = None) -> Rows:
    """Return the header and the rows as they are written."""
    tables = tables_of(text, form, size=block_size)
    return [tables[0].header, *(row for table in tables for row in table.written)]


def message_of(text: str, form: CsvFormat | None = None, block_size: int | None = None) -> str:
    """Return the error, which is the same whatever the columns are read as."""
    messages = set()
    for wishes in (AS_TEXT, AS_NUMBERS):
        with pytest.raises(DataError) as caught:
            tables_of(text, form, wishes, block_size)
        messages.add(str(caught.value))
    (message,) = messages
    return message


@pytest.mark.parametrize("block_size", [1, 7, None])
@pytest.mark.parametrize(("text", "message"), BROKEN.items(), ids=range(len(BROKEN)))
def test_a_broken_file_is_refused_with_its_line(
    text: str, message: str, block_size: int | None
) -> None:
    assert message_of(text, block_size=block_size) == message


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,x y\n2,\n",
        "a,b\r\n1,x y\r\n2,\r\n",
        "a,b\r1,x y\r2,\r",
        "a,b\n1,x y\n2,",
        "\ufeffa,b\n1,x y\n2,\n",
        '\ufeff"a",b\n1,x y\n2,\n',
        "a,b\n1,x y\n2,\n\n\n  \n",
        "\n \na,b\n1,x y\n2,\n",
        "a , b\n 1,  x y  \n2 , \n",
        '"a", "b"\n"1", "x y"\n2,""\n',
    ],
)
@pytest.mark.parametrize("block_size", [1, 2, 3, 9, None])
def test_marks_line_ends_blank_lines_and_spaces_make_no_difference(
    text: str, block_size: int | None
) -> None:
    rows = [tuple(map(str.strip, row)) for row in read(text, block_size=block_size)]
    assert rows == [("a", "b"), ("1", "x y"), ("2", "")]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("row", "cells"),
    [
        (" 1 ,  x y  ", (" 1 ", "  x y  ")),
        ("  , ", ("  ", " ")),
        ("\t1,x\t", ("\t1", "x\t")),
        ('" 1 "," x, ""y"" "', (" 1 ", ' x, "y" ')),
        (' "1",  "x, y"', ("1", "x, y")),  # what stands before a quote is none of the cell's
        (' 1"2, x', (' 1"2', " x")),
        ('"a,  b", c', ("a,  b", " c")),
        ('" a\n b,  c", d', (" a\n b,  c", " d")),
    ],
)
def test_written_cells_keep_the_spaces_around_them(
    row: str, cells: tuple[str, str], end: str
) -> None:
    for others in ("1,x", '1," x"', '"1\n",x'):  # which the two ways read by turns
        rows = read(end.join(["a,b", row, others, row, ""]))
        assert rows[1] == rows[3] == cells


def test_written_cells_keep_their_spaces_in_any_format() -> None:
    assert read("a;b\n 1; x\n", CsvFormat(delimiter=";"))[1] == (" 1", " x")
    assert read("a^b\n 1^ x\n", CsvFormat(delimiter="^"))[1] == (" 1", " x")
    assert read("a]b\n 1] x\n", CsvFormat(delimiter="]"))[1] == (" 1", " x")
    assert read("a b\n1 x\n 2\n", CsvFormat(delimiter=" "))[1:] == [("1", "x"), ("", "2")]
    assert read('a,b\n "1, x"\n', CsvFormat(quote=None))[1] == (' "1', ' x"')
    assert read("a,b\n '1, x', y\n", CsvFormat(quote="'"))[1] == ("1, x", " y")
    assert read("a,b\r 1, x\r", CsvFormat())[1] == (" 1", " x")


@pytest.mark.parametrize("block_size", [1, 10, 16, None])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_quoted_cells_may_hold_delimiters_quotes_and_line_ends(
    line_end: str, block_size: int | None
) -> None:
    lines = ["a,b", '"1,5","say ""yes""', "", 'or no"', "2,3", ""]
    tables = tables_of(line_end.join(lines), size=block_size)
    assert [line for table in tables for line in table.places] == [2, 5]
    assert tables[0].texts["b"][0] == f'say "yes"{line_end * 2}or no'
    written = read(line_end.join(lines), block_size=block_size)
    assert written[1:] == [("1,5", f'say "yes"{line_end * 2}or no'), ("2", "3")]


def test_other_line_separators_belong_to_the_cell() -> None:
    assert read("a,b\n1,x\u2028y\x0bz\x85w\n") == [("a", "b"), ("1", "x\u2028y\x0bz\x85w")]


@pytest.mark.parametrize("quote", ["'", "~", None])
def test_another_quote_may_be_named_or_none(quote: str | None) -> None:
    cell = f"{quote}x,y{quote}" if quote else "x"
    rows = read(f'a,b\n"1,{cell}\n', CsvFormat(quote=quote))
    assert rows == [("a", "b"), ('"1', "x,y" if quote else "x")]


@pytest.mark.parametrize("delimiter", [*DELIMITERS, " ", ":", "#", "§"])
def test_a_delimiter_that_is_named_cuts_the_cells(delimiter: str) -> None:
    text = f"a{delimiter}b\n1{delimiter}2\n"
    assert read(text, CsvFormat(delimiter=delimiter)) == [("a", "b"), ("1", "2")]


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_the_usual_delimiters_are_recognised(delimiter: str, header: bool) -> None:
    first = f'"a,;|{delimiter}"{delimiter}b{delimiter}c\n'
    assert recognise_delimiter(first, CsvFormat(header=header)) == delimiter


@pytest.mark.parametrize(
    ("first", "header", "delimiter"),
    [
        ("1,5;2,5;3,5", False, ";"),
        ("length, cm;width, mm, or so", True, ";"),
        ("a,b", True, ","),
        ("1,5", False, None),
        ("a", True, None),
    ],
)
def test_a_decimal_comma_parts_cells_only_where_nothing_else_does(
    first: str, header: bool, delimiter: str | None
) -> None:
    assert recognise_delimiter(first, CsvFormat(decimal=",", header=header)) == delimiter


def test_a_single_column_needs_no_delimiter() -> None:
    assert read("a\n1\n2\n", CsvFormat(delimiter=";")) == [("a",), ("1",), ("2",)]
    assert read("a\n1\n2\n") == [("a",), ("1",), ("2",)]
    assert read("a\n1,5\n2\n", CsvFormat(decimal=",")) == [("a",), ("1,5",), ("2",)]


def test_a_single_blank_cell_is_told_from_a_blank_line_by_its_quotes() -> None:
    assert read('a\n""\n1\n\n') == [("a",), ("",), ("1",)]


def test_cells_of_tabs_alone_are_no_blank_line() -> None:
    assert read("a\tb\n\t\n1\t2\n") == [("a", "b"), ("", ""), ("1", "2")]
    assert read('a\tb\n\t\n1\t"2\n"\n') == [("a", "b"), ("", ""), ("1", "2\n")]  # exactly


def test_without_a_header_columns_are_called_by_their_positions() -> None:
    assert read("\n1;2\n3;4\n", CsvFormat(header=False)) == [("x1", "x2"), ("1", "2"), ("3", "4")]
    assert read('"a\nb",2\n', CsvFormat(header=False)) == [("x1", "x2"), ("a\nb", "2")]


def test_a_header_may_take_several_lines() -> None:
    assert read('"a\nb",c\n1,2\n') == [("a\nb", "c"), ("1", "2")]
    message = "f.csv:3: the row has the wrong number of cells (expected 2, received 1); "
    assert message_of('"a\nb",c\n1\n').startswith(message)


@pytest.mark.parametrize(("header", "what"), [(True, "header"), (False, "first line")])
def test_the_wrong_delimiter_gets_a_hint_at_the_right_one(header: bool, what: str) -> None:
    assert message_of("a\tb\n1\t2\n", CsvFormat(delimiter=";", header=header)) == (
        f"f.csv:1: the {what} holds a tab but no `;`; "
        'write `delimiter: "\\t"`, or leave `delimiter` out'
    )


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n", "\r", "\0"])
def test_what_cannot_be_a_delimiter_is_refused(delimiter: str) -> None:
    message = message_of("a,b\n1,2\n", CsvFormat(delimiter=delimiter))
    assert "no file can be cut at" in message
    assert "write one character" in message


@pytest.mark.parametrize("quote", ["", "''", " ", "\n", "\0"])
def test_what_cannot_be_a_quote_is_refused(quote: str) -> None:
    message = message_of("a,b\n1,2\n", CsvFormat(quote=quote))
    assert "no cell can stand in" in message


@given(
    st.integers(1, 3).flatmap(
        lambda width: st.lists(
            st.lists(st.text(max_size=5), min_size=width, max_size=width), min_size=1, max_size=6
        )
    ),
    st.sampled_from([1, 8, None]),
)
def test_what_the_csv_module_writes_is_read_back(
    rows: list[list[str]], block_size: int | None
) -> None:
    clean = [[cell.replace("\0", "").strip() for cell in row] for row in rows]
    text = io.StringIO(newline="")
    header = [*"abc"[: len(rows[0])]]
    csv.writer(text).writerows([header, *clean])
    read_back = read(text.getvalue(), CsvFormat(delimiter=","), block_size)
    assert read_back == [*map(tuple, [header, *clean])]


def test_a_column_without_a_name_is_called_by_its_place() -> None:
    assert table_of(",a,\n1,2,3\n").names == ("column_1", "a", "column_3")
