"""A broken CSV file is refused with the line on which it is broken, whole and in one sentence."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from nnctl.data.csv_records import DELIMITERS, open_records, recognise_delimiter
from nnctl.errors import DataError

EMPTY = "f.csv: the data is empty; write the columns' names in the first line, and rows below"
BROKEN = {
    "": EMPTY,
    "\n  \n": EMPTY,
    "a,b\n1,\0\n": (
        "f.csv:2: the line holds a NUL byte; is this a text file? UTF-16 needs `encoding:`"
    ),
    "a,b\n1,2\n3\n": (
        "f.csv:3: the row has the wrong number of cells (expected 2, received 1); "
        "quote a cell that holds the delimiter"
    ),
    "a,b\n1,2,3\n": (
        "f.csv:2: the row has the wrong number of cells (expected 2, received 3); "
        "quote a cell that holds the delimiter"
    ),
    'a,b\n1,2\n3,"4\n5,6\n7,8\n': "f.csv:3: a quote that opens in this row never closes; close it",
    'a,b\n1,"2\n3,"4"\n': (
        "f.csv:2: a quote that opens in this row closes in the middle of a cell; "
        'write `""` for a quote inside a quoted cell, and close the cell right before the delimiter'
    ),
    'a,b\n1,"' + "x" * 200_000: (
        "f.csv:2: a cell of this row is longer than 131072 characters; "
        "is there a quote that never closes?"
    ),
    "a,b,a\n1,2,3\n": "f.csv:1:3: column 1 is called `a` too; rename one of them",
    "a,,c\n1,2,3\n": "f.csv:1:2: the column has no name; write one in the header",
    "\na,b,\n1,2,3\n": "f.csv:2:3: the column has no name; write one in the header",
    "0,1\n1,0\n": (
        "f.csv:1: the first line holds numbers (received `0`), not the columns' names; "
        "write a line of names above"
    ),
    "a,b\n1,2\n\n \n3,4\n": "f.csv:3: the line is blank and rows follow below; remove it",
    "a\n1\n\n2\n": "f.csv:3: the line is blank and rows follow below; remove it",
}


def read(text: str, delimiter: str | None = None) -> list[tuple[str, ...]]:
    header, records = open_records(io.StringIO(text, newline=""), "f.csv", delimiter)
    return [header, *(cells for _, cells in records)]


@pytest.mark.parametrize(("text", "message"), BROKEN.items(), ids=range(len(BROKEN)))
def test_a_broken_file_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        read(text)
    assert str(caught.value) == message


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
def test_marks_line_ends_blank_lines_and_spaces_make_no_difference(text: str) -> None:
    assert read(text) == [("a", "b"), ("1", "x y"), ("2", "")]


def test_quoted_cells_may_hold_delimiters_quotes_and_line_ends() -> None:
    text = 'a,b\n"1,5","say ""yes""\nor no"\n2,3\n'
    header, records = open_records(io.StringIO(text, newline=""), "f.csv", None)
    assert header == ("a", "b")
    assert [*records] == [(2, ("1,5", 'say "yes"\nor no')), (4, ("2", "3"))]


def test_other_line_separators_belong_to_the_cell() -> None:
    assert read("a,b\n1,x\u2028y\x0bz\x85w\n") == [("a", "b"), ("1", "x\u2028y\x0bz\x85w")]


@pytest.mark.parametrize("delimiter", [*DELIMITERS, " ", ":"])
def test_a_delimiter_that_is_named_cuts_the_cells(delimiter: str) -> None:
    text = f"a{delimiter}b\n1{delimiter}2\n"
    assert read(text, delimiter) == [("a", "b"), ("1", "2")]


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_the_usual_delimiters_are_recognised(delimiter: str) -> None:
    assert recognise_delimiter(f'"a,;|{delimiter}"{delimiter}b{delimiter}c\n') == delimiter


def test_a_single_column_needs_no_delimiter() -> None:
    assert read("a\n1\n2\n") == [("a",), ("1",), ("2",)]


def test_the_wrong_delimiter_gets_a_hint_at_the_right_one() -> None:
    with pytest.raises(DataError) as caught:
        read("a\tb\n1\t2\n", ";")
    assert str(caught.value) == (
        "f.csv:1: the header holds a tab but no `;`; "
        'write `delimiter: "\\t"`, or leave `delimiter` out'
    )


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n"])
def test_what_cannot_be_a_delimiter_is_refused(delimiter: str) -> None:
    with pytest.raises(DataError, match="write one character"):
        read("a,b\n1,2\n", delimiter)


def test_a_stream_that_is_no_text_is_refused_with_the_last_good_line() -> None:
    def lines() -> Iterator[str]:
        yield "a,b\n"
        yield "1,2\n"
        yield b"\xff".decode("utf-8")

    with pytest.raises(DataError) as caught:
        [*open_records(lines(), "stdin", None)[1]]
    assert str(caught.value) == (
        "stdin:2: the text after this line is not utf-8; convert it to utf-8, or write `encoding:`"
    )
