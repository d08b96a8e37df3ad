"""The fast way through CSV gives what the exact one gives, and leaves to it what is not plain."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nnctl.data.csv_cells import Parsed, wanted_columns
from nnctl.data.csv_format import CsvFormat
from nnctl.data.csv_plain import Layout, read_plain
from nnctl.data.csv_reader import Reading, read_csv
from nnctl.data.csv_records import Grammar
from nnctl.data.csv_text import Block, Lines, decoded
from nnctl.data.wishes import EVERYTHING, Kind, Wish, Wishes
from nnctl.errors import DataError

Sizes = tuple[int, int | None]  # the most characters and lines of a block

HOSTILE = [
    *("1", "2.5", "-3", "+.5e-3", "1.", "1e-400", "1E3", "007", "", " ", "  ", " 7 ", "\t"),
    *("NA", "na", " NA", "nan", "NaN", "-nan", "+NAN", "nan(1)", "n/a", "#N/A", "null", '"NA"'),
    *("inf", "-inf", "Infinity", "1e400", "1_0", "0x10", "１", "٣", "1d5", "1j", "True", "1,5"),
    *("abc", " x ", "x y", "é", "\u2028", "\x85", "\x0b", "\ufeff", "ſ", "\u212a", "# c", "-999"),
    *('"q"', '"a,b"', '"1"', '" 1 "', '"say ""hi"""', '"two\nlines"', 'a"b', '"', '""', '"""'),
    *('"x" ', ' "x"', '"x"y', '"\r\n"', "\r", "1\x00", "-999.0", "0", "-0", "'1,2'", "1.5.2"),
    *("?", "1;5", "'", "- 1", "\x1c1"),
]  # fmt: skip
FORMS = [
    CsvFormat(),
    CsvFormat(quote=None),
    CsvFormat(quote="'"),
    CsvFormat(delimiter=";", decimal=","),
    CsvFormat(delimiter=",", decimal=","),
    CsvFormat(delimiter="\t"),
    CsvFormat(delimiter=" "),
    CsvFormat(header=False),
    CsvFormat(missing=frozenset({"", "-999", "0"})),
    CsvFormat(missing=frozenset({"na", "a,b", '"', "ſ", "k"})),
    CsvFormat(missing=frozenset()),
]
WISHES = [
    EVERYTHING,
    Wishes(others=Wish("number")),
    Wishes(others=Wish("text")),
    Wishes({"a": Wish("number")}, None),
    Wishes({"b": Wish("text"), "c": None}, Wish("number")),
]


def outcome(
    content: bytes, form: CsvFormat, wishes: Wishes, sizes: Sizes, *, exact: bool, written: bool
) -> list[Any]:
    """Return all that tables hold, to the bit, and the error that ends them."""
    found: list[Any] = []
    try:
        source = Lines(decoded(io.BytesIO(content), "f", form.encoding), "f")
        reading = Reading(source, "f", form, wishes, keep_written=written)
        while (block := source.take(*sizes)).lines:
            table = reading.exact_table(block) if exact else reading.table(block)
            if table is not None:
                columns = {name: table.values(name).tobytes() for name in table.names}
                found.append((columns, dict(table.texts), table.places.tolist()))
                found.append((dict(table.gaps), table.header, table.written))
    except DataError as error:
        found.append(str(error))
    return found


@st.composite
def contents(draw: st.DrawFn) -> tuple[bytes, CsvFormat]:
    """Draw a file of few different cells, so that some are plain; some have ragged rows."""
    form = draw(st.sampled_from(FORMS))
    delimiter = form.delimiter or draw(st.sampled_from(",;\t|"))
    width = draw(st.integers(1, 3))
    pool = draw(st.lists(st.sampled_from(HOSTILE) | st.text(max_size=3), min_size=1, max_size=4))
    cell = st.sampled_from([*pool, *(["1", "2.5", "30"] * draw(st.integers(0, 2)))])
    widths = st.sampled_from([width] * 20 + [width + 1])
    rows = draw(
        st.lists(widths.flatmap(lambda n: st.lists(cell, min_size=n, max_size=n)), max_size=6)
    )
    end = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    lines = [delimiter.join(row) for row in [[*"abc"[:width]], *rows]]
    text = end.join(lines) + draw(st.sampled_from(["", end, end * 2]))
    return text.encode(), form


@given(
    contents(),
    st.sampled_from(WISHES),
    st.tuples(st.sampled_from([3, 20, 10**6]), st.sampled_from([None, 1, 2])),
    st.booleans(),
)
@example((b"a,b\n1,,\n,2\n", CsvFormat()), EVERYTHING, (99, None), False)
@example((b"a,b,c\n1, ,\n1,2,3,4\n", CsvFormat()), EVERYTHING, (99, None), False)
@example((b"a b c\n1  2\n1 2 3\n", CsvFormat(delimiter=" ")), EVERYTHING, (99, None), True)
def test_the_fast_way_gives_what_the_exact_one_gives(
    drawn: tuple[bytes, CsvFormat], wishes: Wishes, sizes: Sizes, written: bool
) -> None:
    content, form = drawn
    fast = outcome(content, form, wishes, sizes, exact=False, written=written)
    assert fast == outcome(content, form, wishes, sizes, exact=True, written=written)


@given(st.binary(max_size=60), st.sampled_from(FORMS), st.sampled_from([None, 3]))
def test_no_bytes_raise_anything_but_a_data_error(
    content: bytes, form: CsvFormat, block_size: int | None
) -> None:
    stream = io.BytesIO(b"a,b\n" + content)
    with suppress(DataError):
        for table in read_csv(stream, "f", form, EVERYTHING, block_size=block_size):
            assert table.n_rows


def plain(
    text: str, kinds: Sequence[Kind | None], form: CsvFormat | None = None
) -> list[Parsed] | None:
    """Return what is read of a block whose columns are of these kinds, None: unread."""
    form = form or CsvFormat()
    names = [f"x{position}" for position in range(len(kinds))]
    named = {name: kind and Wish(kind) for name, kind in zip(names, kinds, strict=True)}
    columns = wanted_columns(names, Wishes(named))
    grammar = Grammar(form.delimiter or ",", form.quote)
    block = Block(text, text.split("\n")[:-1])
    return read_plain(block, Layout(len(names), columns, grammar, form))


N: Kind = "number"
T: Kind = "text"


@pytest.mark.parametrize(
    ("text", "kinds", "form"),
    [
        ("1,2\n3, 4.5 \n", [N, N], None),
        ("1,2\r\n3,4\r\n", [N, N], None),
        ("1,x\n2,é\n", [N, T], None),
        ("x,1\ny,2\n", [T, N], None),
        ("x,1\ny,2\n", [None, N], None),
        ("x,1\n,2\n", [None, None], None),
        (",1\n,\n2,\n", [N, N], None),
        ("NA,1\n1,n/a\nnan, NaN\nNull , \n", [N, N], None),
        ('"x","1"\n"y, z",2\n"",3\n"a""b",4\n', [T, N], None),
        ("'x, y',1\n", [T, N], CsvFormat(quote="'")),
        ('"x,1\n', [T, N], CsvFormat(quote=None)),
        ("1,5;x.y\n-2;z\n;\n", [N, T], CsvFormat(delimiter=";", decimal=",")),
        ("-999,1\n2,-999\n", [N, N], CsvFormat(missing=frozenset({"-999"}))),
        ("1 2\n3 \n", [N, N], CsvFormat(delimiter=" ")),
        ("1\n2\n", [N], None),
    ],
)
def test_what_files_commonly_hold_is_plain(
    text: str, kinds: list[Kind | None], form: CsvFormat | None
) -> None:
    assert plain(text, kinds, form) is not None


@pytest.mark.parametrize(
    ("text", "kinds", "form"),
    [
        ("1,2\n3\n", [N, N], None),
        ("1,2\n3\n", [N, None], None),
        ("1,2\n3,4,5\n", [N, N], None),
        ("1,,2\n3,4,5\n", [N, N], None),
        ("1,2\n3,4,5\n", [N, None], None),
        ("1,2,3\n4\n", [N, None], None),  # as many cells as there should be
        ("x\ny\n", [T, None], None),
        ("1,2\n\n3,4\n", [N, N], None),
        ("\n", [N, N], None),
        ('"1"5,2\n', [N, N], None),
        ('1"",2\n', [N, N], None),
        ("1,ſ\n", [N, N], CsvFormat(missing=frozenset({"s"}))),
        ("1\n \n", [T], None),
        ("1\n \n", [N], None),
        ('1\n""\n', [T], None),
        ("1,x\n2,y\0\n", [N, None], None),
        ("1,x\ry\n", [N, None], None),
        ('1,"x\n2,y"\n', [N, T], None),
        ('1,"x\n2,y\n', [N, T], None),
        ('1, "x"\n', [N, T], None),
        ('1,"x" \n', [N, T], None),
        ('1,x"y"\n', [N, T], None),
        ('1,"x"y\n', [N, T], None),
        ("1,inf\n", [N, N], None),
        ("1,1e400\n", [N, N], None),
        ("1,-nan\n", [N, N], None),
        ("1,nan\n", [N, N], CsvFormat(missing=frozenset({""}))),
        ("1,\n", [N, N], CsvFormat(missing=frozenset())),
        ("1,\n", [N, N], CsvFormat(missing=frozenset({"a,b"}))),
        ("1,-999.0\n", [N, N], CsvFormat(missing=frozenset({"-999"}))),
        ("1,1_0\n", [N, N], None),
        ("1,abc\n", [N, N], None),
        ("1.5;2\n", [N, N], CsvFormat(delimiter=";", decimal=",")),
        ("1.5,2\n", [N, N], CsvFormat(delimiter=",", decimal=",")),
        ("1§2\n", [N, N], CsvFormat(delimiter="§")),
        ("1x2\n", [N, N], CsvFormat(delimiter="x")),
        ("n1n,2\n", [N, N], CsvFormat(quote="n")),
        ("1," + "x" * 200_000 + "\n", [N, None], None),
    ],
)
def test_what_is_not_plain_is_left_to_the_exact_way(
    text: str, kinds: list[Kind | None], form: CsvFormat | None
) -> None:
    assert plain(text, kinds, form) is None


@pytest.mark.parametrize(
    "text",
    [
        "x,1\n y z ,2\nx ,3\n",
        'x,1\n"y z",2\n"x ",3\n',
        '"x",1\r\n"y z",2\r\nx,3\r\n',
    ],
)
def test_texts_of_a_plain_block_lose_quotes_and_spaces(text: str) -> None:
    parsed = plain(text, [T, N])
    assert parsed is not None
    assert parsed[0].texts == ("x", "y z")
    assert parsed[0].values.tolist() == [0, 1, 0]


@pytest.mark.parametrize("position", [0, 1, 2])
def test_texts_of_one_byte_are_told_apart_as_others_are(position: int) -> None:
    cells = ["b", "a", " ", "b", "#"]
    rows = [["1.5", "2", "30"] for _ in cells]
    kinds = [N, N, N]
    kinds[position] = T
    for row, cell in zip(rows, cells, strict=True):
        row[position] = cell
    parsed = plain("".join(",".join(row) + "\n" for row in rows), kinds)
    assert parsed is not None
    assert parsed[position].texts == ("b", "a", "#")
    np.testing.assert_array_equal(parsed[position].values, [0, 1, np.nan, 0, 2])
    assert parsed[position].gap == ""


def test_quoted_cells_of_a_plain_block_keep_delimiters_and_quotes() -> None:
    parsed = plain('1,"a, ""b"""\n2,"a, ""b"""\n', [N, T])
    assert parsed is not None
    assert parsed[1].texts == ('a, "b"',)


@pytest.mark.parametrize(
    ("text", "kinds", "form"),
    [
        (",a,b,3,4\n", [N, T, T, N, T], CsvFormat(missing=frozenset({"", "a,b"}))),
        ("1   3 x\n", [N, N, N, N, T], CsvFormat(delimiter=" ")),
        (",,,3,x\n", [N, N, N, N, T], None),
    ],
)
def test_gaps_do_not_move_the_cells_beside_them(
    text: str, kinds: list[Kind | None], form: CsvFormat | None
) -> None:
    parsed = plain(text, kinds, form)
    assert parsed is not None
    assert parsed[3].values.tolist() == [3.0]


def test_gaps_of_a_plain_block_are_told_as_they_are_written() -> None:
    parsed = plain('1, N/A ,x\n,"2",\n,,y\n', [N, N, T])
    assert parsed is not None
    assert [column.gap for column in parsed] == ["", "N/A", ""]
    assert plain("1,2\n", [N, N]) is not None
    assert [column.gap for column in plain("1,2\n", [N, N]) or []] == [None, None]
