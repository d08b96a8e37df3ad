"""The fingerprint changes with the data and not with the way it is written down."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnctl.data.fingerprint import changes, fingerprint
from nnctl.data.table import Table, in_one_block, join_tables, table_from_columns
from tests.data.columns import codes_of
from tests.data.tables import table_of

DIFFERENT = [
    "a,b\n1,x\n2,y\n",
    "a,c\n1,x\n2,y\n",
    "b,a\nx,1\ny,2\n",
    "a,b\n2,y\n1,x\n",
    "a,b\n1,x\n",
    "a,b\n1,x\n2,z\n",
    "a,b\n1,x\n2,x\n",
    "a,b\n1,x\n2.0000000000000004,y\n",
    "a,b\n1,xy\n2,\n",
    "a,b\n1,\n2,xy\n",
    "a,b\n1,7\n2,8\n",
    "a,b\n1,x\nNA,y\n",
]


def digest(text: str) -> str:
    return str(fingerprint(table_of(text))["sha256"])


@pytest.mark.parametrize(("one", "other"), [*itertools.combinations(DIFFERENT, 2)])
def test_other_data_has_another_fingerprint_and_a_word_for_it(one: str, other: str) -> None:
    assert digest(one) != digest(other)
    first, second = fingerprint(table_of(one)), fingerprint(table_of(other))
    assert [*changes(first, second)] != []
    assert [*changes(second, first)] != []


@pytest.mark.parametrize(
    "text", ["a;b\r\n1;x\r\n2;y", 'a , b\n1.0, "x"\n2e0, y\n', "a,b\n+1,x\n02,y\n\n"]
)
def test_the_same_data_written_otherwise_has_the_same_fingerprint(text: str) -> None:
    assert fingerprint(table_of(text)) == fingerprint(table_of(DIFFERENT[0]))


def test_the_same_gap_written_otherwise_is_the_same() -> None:
    assert digest("a,b\n1,x\nNA,\n") == digest("a,b\n1,x\n,null\n")


def test_both_zeros_are_the_same_number() -> None:
    assert fingerprint(table_of("a\n0\n")) == fingerprint(table_of("a\n-0\n"))


def test_every_way_to_be_no_number_is_a_gap() -> None:
    other_nan = np.array([0xFFF8_0000_0000_0001], np.uint64).view(np.float64)
    one, other = (table_from_columns({"a": gap}, "made") for gap in (np.array([np.nan]), other_nan))
    assert fingerprint(one) == fingerprint(other)


def test_neither_the_file_nor_its_places_count() -> None:
    columns: dict[str, Any] = {"a": np.array([1.0, 2.0]), "b": ["x", "y"]}
    made = table_from_columns(columns, "rows.npz", first_place=77)
    assert fingerprint(made) == fingerprint(table_of(DIFFERENT[0]))


ROWS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)),
        st.one_of(st.none(), st.sampled_from(["u", "v", "w"])),
    ),
    min_size=1,
    max_size=8,
)


@settings(deadline=None)
@given(ROWS, st.sets(st.integers(1, 7)))
def test_where_blocks_end_does_not_count(
    rows: list[tuple[float | None, str | None]], cuts: set[int]
) -> None:
    edges = sorted({0, len(rows), *(cut for cut in cuts if cut < len(rows))})
    chunks = [of_rows(rows[a:b]) for a, b in itertools.pairwise(edges)]
    assert fingerprint(join_tables(chunks)) == fingerprint(of_rows(rows))


def of_rows(rows: list[tuple[float | None, str | None]]) -> Table:
    """A chunk as a reader makes it: its texts are those of its own rows."""
    numbers, cells = [n for n, _ in rows], [t for _, t in rows]
    texts = tuple(dict.fromkeys(cell for cell in cells if cell is not None))
    block = np.array([codes_of(numbers, ()), codes_of(cells, texts)])
    places = np.arange(len(rows))
    return Table(("n", "t"), in_one_block(block), {"t": texts}, "f.csv", places)


def test_columns_are_named_with_their_kinds() -> None:
    made = fingerprint(table_of(DIFFERENT[0]))
    assert made["rows"] == 2
    assert [*made["columns"].items()] == [("a", "number"), ("b", "text")]
    assert {*made} == {"rows", "columns", "sha256"}
    assert json.loads(json.dumps(made)) == made


def test_the_fingerprint_is_the_same_on_every_machine_and_version() -> None:
    assert digest(DIFFERENT[0]) == (
        "cdae78b2a9e540b5e99232bf0dd0013fc6bebebd2e679b664a0deb080b67022e"
    )


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ("a,b\n1,x\n", "a,b\n1.0,x\n", []),
        ("a,b\n1,x\n", "a,b\n2,x\n", ["other values"]),
        ("a,b\n1,x\n", "a,b\n1,y\n", ["other values"]),
        ("a,b\n1,x\n", "a,b\n1,x\n1,x\n", ["2 rows (it had 1)"]),
        ("a,b\n1,x\n", "a,b\n1,2\n", ["`b` as number (it was text)"]),
        ("a,b\n1,x\n", "a\n1\n", ["no column(s) `b`"]),
        ("a\n1\n", "a,b\n1,x\n", ["new column(s) `b`"]),
        ("a,b\n1,x\n", "b,a\nx,1\n", ["its columns in another order"]),
        ("a,b\n1,x\n", "b,a\ny,1\n", ["its columns in another order"]),
        (
            "a,b,c\n1,x,2\n",
            "d,e,b\n1,x,7\n8,y,7\n",
            [
                "no column(s) `a`, `c`",
                "new column(s) `d`, `e`",
                "`b` as number (it was text)",
                "2 rows (it had 1)",
            ],
        ),
    ],
)
def test_what_changed_is_told(before: str, now: str, said: list[str]) -> None:
    then = json.loads(json.dumps(fingerprint(table_of(before))))
    assert [*changes(then, fingerprint(table_of(now)))] == said
