"""A table finds its columns by name, keeps each text once, and says where a bad cell stands."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnctl.data.arrays import FloatArray
from nnctl.data.blocks import Blocks
from nnctl.data.table import (
    Table,
    in_one_block,
    join_tables,
    listed,
    number_matrix,
    table_from_columns,
    text_of_number,
)
from nnctl.errors import DataError
from tests.data.tables import column_of, table_of

PEOPLE = """
    length,Name,eye colour
    1.5,Ann,brown
    2,Ben,blue
"""
NAN = np.nan
CELLS = st.one_of(st.none(), st.sampled_from(["red", "blue", "Red", "1", ""]))
NUMBERS = st.one_of(st.just(NAN), st.floats(allow_nan=False, allow_infinity=False))


def chunk(numbers: list[float], cells: list[str | None], first_row: int) -> Table:
    """A table of one block as a reader makes it: the texts are those of its own rows."""
    texts = [*dict.fromkeys(cell for cell in cells if cell is not None)]
    codes = [NAN if cell is None else float(texts.index(cell)) for cell in cells]
    return Table(
        names=("n", "t"),
        blocks=in_one_block(np.array([numbers, codes]).reshape(2, len(cells))),
        texts={"t": tuple(texts)},
        source="f.csv",
        places=np.arange(first_row, first_row + len(cells)),
        header=("unread", "t", "n"),
        gaps={"t": f"gap of row {first_row}"} if None in cells else {},
        written=tuple((str(first_row + row), "x") for row in range(len(cells))),
    )


def in_chunks(rows: list[tuple[float, str | None]], cuts: list[int]) -> list[Table]:
    """The rows of one table, cut into chunks before the rows `cuts`; none of them is empty."""
    edges = sorted({0, len(rows), *(cut for cut in cuts if cut < len(rows))})
    return [
        chunk([n for n, _ in rows[a:b]], [t for _, t in rows[a:b]], a + 2)
        for a, b in pairwise(edges)
    ]


def cells_of(table: Table) -> list[tuple[str, str | None, int]]:
    """Every row's number as it is written, its text, and its line."""
    texts, codes = table.codes("t")
    return [
        (repr(number), None if np.isnan(code) else texts[int(code)], place)
        for number, code, place in zip(
            table.values("n").tolist(), codes.tolist(), table.places.tolist(), strict=True
        )
    ]


ROWS = st.lists(st.tuples(NUMBERS, CELLS), min_size=1, max_size=12)
CUTS = st.lists(st.integers(1, 11), max_size=4)


@settings(deadline=None)
@given(ROWS, CUTS)
def test_joined_chunks_are_the_whole_table(
    rows: list[tuple[float, str | None]], cuts: list[int]
) -> None:
    whole, joined = in_chunks(rows, [])[0], join_tables(in_chunks(rows, cuts))
    assert cells_of(joined) == cells_of(whole)
    assert joined.texts == whole.texts
    assert (joined.names, joined.header, joined.source) == (whole.names, whole.header, "f.csv")
    assert joined.has_lines
    gaps = [row for row, (_, text) in enumerate(rows) if text is None]
    if gaps:
        first = max(cut for cut in [0, *cuts] if cut <= gaps[0])
        assert joined.gaps == {"t": f"gap of row {first + 2}"}
    else:
        assert joined.gaps == {}


@settings(deadline=None)
@given(ROWS, CUTS)
def test_portions_are_the_blocks_with_their_places(
    rows: list[tuple[float, str | None]], cuts: list[int]
) -> None:
    joined = join_tables(in_chunks(rows, cuts))
    whole = cells_of(joined)
    portions = [*joined.portions()]
    assert [cell for portion in portions for cell in cells_of(portion)] == whole
    assert [portion.n_rows for portion in portions] == [
        table.n_rows for table in in_chunks(rows, cuts)
    ]


@settings(deadline=None)
@given(ROWS, CUTS, st.data())
def test_rows_that_are_taken_keep_their_cells_and_places(
    rows: list[tuple[float, str | None]], cuts: list[int], data: st.DataObject
) -> None:
    joined = join_tables(in_chunks(rows, cuts))
    taken = sorted(data.draw(st.sets(st.integers(0, len(rows) - 1))))
    table = joined.take(np.array(taken, np.int64))
    assert table.n_rows == len(taken)
    assert cells_of(table) == [cells_of(joined)[row] for row in taken]


def test_written_rows_go_along_with_those_that_are_taken() -> None:
    table = chunk([1.0, 2.0, 3.0], ["a", "b", "a"], 2)
    assert table.take(np.array([0, 2])).written == (("2", "x"), ("4", "x"))
    assert next(table.portions()).written == table.written
    assert join_tables([table]).written == ()


def test_codes_of_numbers_are_texts_that_give_the_same_number() -> None:
    column = np.array([10.0, 0.1, NAN, -0.0, 10.0, 2.0**53, 1e-300])
    table = table_from_columns({"n": column}, "made")
    texts, codes = table.codes("n")
    assert texts == ("0", "1e-300", "0.1", "10", "9007199254740992.0")
    assert codes.tolist()[:2] == [3.0, 2.0]
    assert np.isnan(codes[2])
    assert codes.tolist()[3:] == [0.0, 3.0, 4.0, 1.0]
    assert (table.text("n", 0), table.text("n", 6)) == ("10", "1e-300")


@settings(deadline=None)
@given(st.floats(allow_nan=False))
def test_the_text_of_a_number_gives_the_number(number: float) -> None:
    assert float(text_of_number(number)) == number


def test_looking_at_codes_changes_no_number() -> None:
    table = table_from_columns({"n": np.array([30.0, 10.0]), "t": ["a", "b"]}, "made")
    for name in ("n", "t"):
        before = table.values(name).tolist()
        table.codes(name)
        assert table.values(name).tolist() == before


def test_texts_are_kept_once_in_the_order_in_which_they_come() -> None:
    table = table_from_columns({"t": ["b", "a", "b", "c"]}, "made")
    assert table.texts == {"t": ("b", "a", "c")}
    assert table.values("t").tolist() == [0.0, 1.0, 0.0, 2.0]
    assert table.text("t", 2) == "b"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("lenght", "f.csv: there is no column `lenght`; did you mean `length`?"),
        ("name", "f.csv: there is no column `name`; did you mean `Name`?"),
        ("eye_colour", "f.csv: there is no column `eye_colour`; did you mean `eye colour`?"),
        (
            "weight_kg",
            "f.csv: there is no column `weight_kg`; the columns are `length`, `Name`, `eye colour`",
        ),
    ],
)
def test_a_missing_column_is_refused_with_a_suggestion(name: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        table_of(PEOPLE).require([name])
    assert str(caught.value) == message


def test_a_column_that_is_wanted_itself_is_never_suggested() -> None:
    with pytest.raises(DataError) as caught:
        table_of("pixel_1,pixel_2,pixel,y\n1,2,3,4\n").require(["pixel_1", "pixel_2", "pixel_3"])
    assert str(caught.value) == "f.csv: there is no column `pixel_3`; did you mean `pixel`?"
    with pytest.raises(DataError) as caught:
        table_of("pixel_1,pixel_2\n1,2\n").require(["pixel_1", "pixel_2", "pixel_3"])
    assert str(caught.value) == (
        "f.csv: there is no column `pixel_3`; the columns are `pixel_1`, `pixel_2`"
    )


def test_more_columns_than_three_that_are_missing_are_one_error() -> None:
    table, names = table_of("a,b\n1,2\n"), [f"f{number}" for number in range(300)]
    with pytest.raises(DataError) as caught:
        table.require([*names, "a", "f0"], "is this the right run? (runs/a)")
    assert [*map(str, caught.value.problems)] == [
        "f.csv: 300 columns are missing: `f0`, `f1`, `f2`, `f3`, `f4`, `f5`, `f6`, `f7`, `f8`, "
        "`f9`, `f10`, `f11` and 288 more; the data has `a`, `b`; is this the right run? (runs/a)"
    ]
    with pytest.raises(DataError) as caught:
        table.require(names[:4])
    assert str(caught.value) == (
        "f.csv: 4 columns are missing: `f0`, `f1`, `f2`, `f3`; the data has `a`, `b`"
    )
    with pytest.raises(DataError) as caught:
        table.require(names[:3])
    assert len(caught.value.problems) == 3


def test_columns_that_were_not_read_are_suggested_as_well() -> None:
    table = chunk([1.0], ["a"], 2)
    with pytest.raises(DataError) as caught:
        table.require(["unreed", "xyz"])
    assert [*map(str, caught.value.problems)] == [
        "f.csv: there is no column `unreed`; did you mean `unread`?",
        "f.csv: there is no column `xyz`; the columns are `unread`, `t`, `n`",
    ]


def test_all_missing_columns_are_reported_at_once() -> None:
    with pytest.raises(DataError) as caught:
        table_of(PEOPLE).require(["lenght", "length", "Nam"])
    assert len(caught.value.problems) == 2


def test_columns_of_numbers_are_put_side_by_side_in_the_order_asked_for() -> None:
    table = table_of("a,b,c\n1,2,3\n4,5,6\n")
    assert number_matrix(table, ["c", "a"], "feature").tolist() == [[3.0, 1.0], [6.0, 4.0]]


def test_the_first_bad_cell_of_each_column_is_reported() -> None:
    table = table_of("""
        a,b,c,d
        1,2,,1
        NA,2,y,1
        3,,x,1
        n/a,NA,x,1
    """)
    with pytest.raises(DataError) as caught:
        number_matrix(table, ["a", "b", "c", "d"], "sample weight")
    assert [*map(str, caught.value.problems)] == [
        "f.csv:3:1: sample weight `a` has a missing value (received `NA`); "
        "fill it in, or remove the row",
        "f.csv:4:2: sample weight `b` has a missing value (received a blank cell); "
        "fill it in, or remove the row",
        "f.csv:3:3: sample weight `c` holds text (received `y`); name a column of numbers",
    ]


@pytest.mark.parametrize(
    ("role", "remedy"),
    [
        (
            "feature",
            "fill it in, remove the row, or write `missing:`, such as `missing: median`",
        ),
        (
            "input",
            "fill it in; a network that was trained with `missing: median` would fill it itself",
        ),
        ("target", "fill it in, or remove the row"),
    ],
)
def test_the_remedy_for_a_gap_is_that_of_its_role(role: str, remedy: str) -> None:
    with pytest.raises(DataError) as caught:
        column_of("a", "1", "NA").numbers("a", role)
    assert (
        str(caught.value) == f"f.csv:3:1: {role} `a` has a missing value (received `NA`); {remedy}"
    )


@pytest.mark.parametrize("role", ["feature", "input"])
def test_the_remedy_for_a_gap_in_text_is_one_that_text_can_have(role: str) -> None:
    table = column_of("a", "x", "NA")
    with pytest.raises(DataError, match="`missing: most_frequent`"):
        table.refuse_gaps("a", table.values("a"), role)


def test_a_cell_of_a_source_without_lines_is_told_by_its_row() -> None:
    columns: dict[str, FloatArray | list[str]] = {"a": np.array([1.0, NAN]), "b": ["x", "y"]}
    table = table_from_columns(columns, "rows.npz", first_place=101)
    with pytest.raises(DataError) as caught:
        number_matrix(table, ["a", "b"], "target")
    assert [*map(str, caught.value.problems)] == [
        "rows.npz: row 102: target `a` has a missing value (received a blank cell); "
        "fill it in, or remove the row",
        "rows.npz: row 101: target `b` holds text (received `x`); a regression needs numbers; "
        "write `task: classification`, or name another column",
    ]
    assert str(table.problem("too bad", "a")) == "rows.npz: too bad"


def test_a_cell_is_placed_in_the_column_where_the_file_has_it() -> None:
    table = chunk([1.0, 2.0], ["a", "b"], 7)
    assert str(table.problem("m", "n", 1)) == "f.csv:8:3: m"
    assert str(replace(table, header=()).problem("m", "n", 1)) == "f.csv:8:1: m"


@pytest.mark.parametrize("rows", [[0, 1, 2], [1, 2], [2]])
def test_the_text_that_is_told_is_that_of_the_row(rows: list[int]) -> None:
    table = chunk([1.0, 2.0, 3.0], [None, "a", "b"], 2).take(np.array(rows))
    cell, line = ("b", 4) if rows == [2] else ("a", 3)
    with pytest.raises(DataError) as caught:
        table.numbers("t", "sample weight")
    assert str(caught.value) == (
        f"f.csv:{line}:2: sample weight `t` holds text (received `{cell}`); "
        "name a column of numbers"
    )


def test_text_is_found_below_missing_values() -> None:
    with pytest.raises(DataError, match=r"f\.csv:4:1: target `a` holds text \(received `red`\)"):
        column_of("a", "NA", "NA", "red").numbers("a", "target")


def test_a_column_without_any_value_is_missing_and_not_text() -> None:
    with pytest.raises(DataError, match=r"f\.csv:2:1: feature `a` has a missing value"):
        column_of("a", "NA", "nan").numbers("a", "feature")
    blank = chunk([1.0, 1.0], [None, None], 2)
    with pytest.raises(DataError, match=r"f\.csv:2:2: feature `t` has a missing value"):
        blank.numbers("t", "feature")


def test_a_table_of_no_rows_has_columns_and_nothing_to_refuse() -> None:
    table = chunk([], [], 2)
    assert table.numbers("n", "feature").shape == (0,)
    assert table.numbers("t", "feature").shape == (0,)
    assert [portion.n_rows for portion in table.portions()] == [0]
    assert replace(table, blocks=Blocks(2)).values("n").shape == (0,)


def test_hostile_names_and_cells_stay_on_one_line() -> None:
    table = table_of('"a\n\x1b[31m",b\n"x\ty",1\n')
    with pytest.raises(DataError) as caught:
        number_matrix(table, ["a\n\x1b[31m"], "feature")
    assert str(caught.value).startswith(r"f.csv:3:1: feature `a\n\x1b[31m` holds text (received `x")
    assert str(caught.value).isprintable()


def test_many_names_are_cut_short() -> None:
    assert listed(["a", "b"]) == "`a`, `b`"
    assert listed(map(str, range(64))).endswith("`11` and 52 more")
