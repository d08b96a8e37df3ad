"""A table finds its columns by name, and says where a bad cell stands."""

from __future__ import annotations

import pytest

from nnctl.data.table import listed, number_matrix
from nnctl.errors import DataError
from tests.data.tables import column_of, table_of

PEOPLE = """
    length,Name,eye colour
    1.5,Ann,brown
    2,Ben,blue
"""


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
        table_of(PEOPLE).require(["length", name])
    assert str(caught.value) == message


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
        1,2,x,1
        NA,2,y,1
        3,"1,5",x,1
        abc,2,x,1
    """)
    with pytest.raises(DataError) as caught:
        number_matrix(table, ["a", "b", "c", "d"], "feature")
    assert [*map(str, caught.value.problems)] == [
        "f.csv:3:1: feature `a` has a missing value (received `NA`); fill it in, or remove the row",
        "f.csv:4:2: feature `b` has a number with a decimal comma (received `1,5`); write `1.5`",
        "f.csv:2:3: feature `c` holds text (received `x`); "
        "leave it out by listing the others with `features:`",
    ]


def test_text_is_found_below_missing_values() -> None:
    assert column_of("a", "NA", "NA", "red").first_text("a") == 2
    assert column_of("a", "NA", "NA", "red", "7").first_text("a") is None
    assert column_of("a", "1", "2").first_text("a") is None


def test_a_column_without_any_value_is_missing_and_not_text() -> None:
    with pytest.raises(DataError, match=r"f\.csv:2:1: feature `a` has a missing value"):
        column_of("a", "NA", "nan").numbers("a", "feature")


def test_hostile_names_and_cells_stay_on_one_line() -> None:
    table = table_of('"a\n\x1b[31m",b\n"x\ty",1\n')
    with pytest.raises(DataError) as caught:
        number_matrix(table, ["a\n\x1b[31m"], "feature")
    assert str(caught.value).startswith(r"f.csv:3:1: feature `a\n\x1b[31m` holds text (received `x")
    assert str(caught.value).isprintable()


def test_many_names_are_cut_short() -> None:
    assert listed(["a", "b"]) == "`a`, `b`"
    assert listed(map(str, range(64))).endswith("`11` and 52 more")
