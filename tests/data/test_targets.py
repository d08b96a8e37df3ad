"""Classes have one name whatever the notation, one order, and labels that count them."""

from __future__ import annotations

import pytest

from nnctl.data.targets import find_classes, find_labels, notice_spellings
from nnctl.errors import DataError
from tests.data.tables import column_of, table_of


@pytest.mark.parametrize(
    ("cells", "classes"),
    [
        (("10", "2", "1", "2"), ("1", "2", "10")),
        (("1.0", "-3", "0e0", "-0.0"), ("-3", "0", "1")),
        (("b", "a", "B", "a"), ("B", "a", "b")),
        (("x10", "x2"), ("x10", "x2")),
        (("2", "10", "01", "none"), ("1", "10", "2", "none")),
        (("True", "False"), ("False", "True")),
        (("[red]", "$$"), ("$$", "[red]")),
    ],
)
def test_classes_are_sorted_as_numbers_or_by_code_points(
    cells: tuple[str, ...], classes: tuple[str, ...]
) -> None:
    table = column_of("y", *cells)
    assert find_classes(table, ["y"]) == classes


def test_labels_count_the_classes_in_any_notation() -> None:
    classes = ("0", "1", "10")
    assert find_labels(column_of("y", "10", "1.0", "0", "1e1"), ["y"], classes).tolist() == [
        2,
        1,
        0,
        2,
    ]
    assert find_labels(column_of("y", "01", "0"), ["y"], classes).dtype == "int64"


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            ("1", "0.5"),
            "f.csv:3:1: target `y` holds no class but a number (received 0.5); write whole "
            "numbers or text, or `task: regression` with a loss for it",
        ),
        (
            ("1", "9007199254740992"),
            "f.csv:3:1: target `y` holds no class but a number (received 9007199254740992); write "
            "whole numbers or text, or `task: regression` with a loss for it",
        ),
        (
            ("a", "b", "NA"),
            "f.csv:4:1: target `y` has a missing value (received `NA`); "
            "fill it in, or remove the row",
        ),
        (
            ("a", "a"),
            "f.csv: target `y` holds one class only (`a`); "
            "a classification needs rows of at least two",
        ),
        (
            ("3", "3.0"),
            "f.csv: target `y` holds one class only (`3`); "
            "a classification needs rows of at least two",
        ),
    ],
)
def test_what_is_no_class_is_refused(cells: tuple[str, ...], message: str) -> None:
    with pytest.raises(DataError) as caught:
        find_classes(column_of("y", *cells), ["y"])
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            ("setosa", "Setosa"),
            "f.csv:3:1: target `y` has an unknown class (received `Setosa`); "
            "did you mean `setosa`?",
        ),
        (
            ("0", "setosa"),
            "f.csv:2:1: target `y` has an unknown class (received `0`); "
            "known are `setosa`, `virginica`",
        ),
    ],
)
def test_an_unknown_class_is_refused_with_its_line(cells: tuple[str, ...], message: str) -> None:
    with pytest.raises(DataError) as caught:
        find_labels(column_of("y", *cells), ["y"], ("setosa", "virginica"))
    assert str(caught.value) == message


def test_one_hot_columns_are_classes() -> None:
    table = table_of("a,x,b,c\n0,5,1,0\n1,5,0,0\n0,5,0,1.0\n")
    targets = ("b", "a", "c")
    assert find_classes(table, targets) == targets
    assert find_labels(table, targets, targets).tolist() == [0, 1, 2]


@pytest.mark.parametrize("row", ["0,0", "1,1", "0.5,0.5", "2,-1"])
def test_columns_that_are_not_one_hot_are_refused(row: str) -> None:
    with pytest.raises(DataError) as caught:
        find_labels(table_of(f"a,b\n1,0\n{row}\n"), ("a", "b"), ("a", "b"))
    received = row.replace(",", ", ")
    assert str(caught.value) == (
        f"f.csv:3:1: exactly one of the target columns must be 1 and the others 0 "
        f"(received {received}); for a regression write `task: regression` with a loss for it"
    )


def test_a_class_written_in_two_ways_is_noticed() -> None:
    table = table_of("kind\n01\n1\n2\n1.0\n")
    assert find_classes(table, ["kind"]) == ("1", "2")
    assert notice_spellings(table, ["kind"]) == (
        "target `kind`: `01`, `1`, `1.0` are taken for one class, `1`",
    )
    assert notice_spellings(table_of("kind\nb\na\n"), ["kind"]) == ()


def test_text_in_one_of_several_class_columns_says_what_they_hold() -> None:
    table = table_of("a,b\nx,1\ny,0\n")
    with pytest.raises(DataError, match="several target columns of a classification hold 0 and 1"):
        find_labels(table, ["a", "b"], ["a", "b"])
