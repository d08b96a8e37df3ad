"""Classes have one name whatever the notation, one order, and labels that count them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnctl.data.table import Table
from nnctl.data.targets import class_of_text, find_classes, find_labels, in_order, notice_spellings
from nnctl.errors import DataError
from tests.data.columns import built


def numbers_and_text(cells: Sequence[str]) -> tuple[Table, Table]:
    """The target as a column of numbers, as an array has them, and of text, as CSV is read."""
    return built({"y": [*map(float, cells)]}), built({"y": cells})


@pytest.mark.parametrize(
    ("cells", "classes"),
    [
        (("10", "2", "1", "2"), ("1", "2", "10")),
        (("1.0", "-3", "0e0", "-0.0"), ("-3", "0", "1")),
        (("9007199254740991", "-9007199254740991"), ("-9007199254740991", "9007199254740991")),
    ],
)
def test_whole_numbers_are_classes_in_their_order(
    cells: tuple[str, ...], classes: tuple[str, ...]
) -> None:
    for table in numbers_and_text(cells):
        assert find_classes(table, ["y"]) == classes
        labels = find_labels(table, ["y"], classes)
        assert [float(classes[label]) for label in labels] == [*map(float, cells)]


@pytest.mark.parametrize(
    ("cells", "classes"),
    [
        (("b", "a", "B", "a"), ("B", "a", "b")),
        (("x10", "x2"), ("x10", "x2")),
        (("2", "10", "01", "none"), ("1", "10", "2", "none")),
        (("0.5", "none", "1e300"), ("0.5", "1e300", "none")),
        (
            ("9007199254740993", "9007199254740992", "?"),
            ("9007199254740992", "9007199254740993", "?"),
        ),
        (("True", "False"), ("False", "True")),
        (("[red]", "$$"), ("$$", "[red]")),
    ],
)
def test_text_is_classes_in_the_order_of_code_points(
    cells: tuple[str, ...], classes: tuple[str, ...]
) -> None:
    table = built({"y": cells})
    assert find_classes(table, ["y"]) == classes
    labels = find_labels(table, ["y"], classes)
    assert [classes[label] for label in labels] == [*map(class_of_text, cells)]


def test_labels_count_the_classes_in_any_notation() -> None:
    table = built({"y": ["10", "1.0", "0", "1e1", "01"]})
    labels = find_labels(table, ["y"], ("0", "1", "10"))
    assert labels.tolist() == [2, 1, 0, 2, 1]
    assert labels.dtype == "int64"


def test_only_classes_of_the_rows_that_are_there_count() -> None:
    table = built({"y": ["a", "b", "c", "b"]})
    assert find_classes(table.take(table.places[[1, 2, 3]] - 2), ["y"]) == ("b", "c")


@settings(deadline=None)
@given(st.sets(st.sampled_from(["1", "01", "1.0", "+1", "1e0", "2", "x"]), min_size=1))
def test_the_order_of_texts_is_the_same_in_every_process(texts: set[str]) -> None:
    # Sets of text come in another order in each process, and equal numbers would keep it.
    ordered = in_order(texts)
    assert set(ordered) == texts
    if "x" not in texts:
        assert [*ordered] == sorted(texts, key=lambda text: (float(text), text))
    else:
        assert [*ordered] == sorted(texts)


NO_CLASS = "write whole numbers or text, or `task: regression` with a loss for it"


@pytest.mark.parametrize(
    ("cells", "received"),
    [
        (("1", "0.5"), "0.5"),
        (("1", "9007199254740992"), "9007199254740992"),
        (("1", "-1e300"), "-1.0000000000000001e+300"),
    ],
)
def test_a_number_that_is_not_whole_is_no_class(cells: tuple[str, ...], received: str) -> None:
    for table in numbers_and_text(cells):
        with pytest.raises(DataError) as caught:
            find_classes(table, ["y"])
        assert str(caught.value) == (
            f"f.csv:3:1: target `y` holds no class but a number (received {received}); {NO_CLASS}"
        )


@pytest.mark.parametrize("cells", [("a", "a"), ("3", "3.0"), ("b",)])
def test_one_class_alone_is_nothing_to_tell_apart(cells: tuple[str, ...]) -> None:
    table = built({"y": cells})
    with pytest.raises(DataError) as caught:
        find_classes(table, ["y"])
    assert str(caught.value) == (
        f"f.csv: target `y` holds one class only (`{cells[0]}`); "
        "a classification needs rows of at least two"
    )


@pytest.mark.parametrize("cells", [("a", "b", None), (0.0, 1.0, None)])
def test_a_row_without_its_class_is_refused(cells: tuple[str | float | None, ...]) -> None:
    with pytest.raises(DataError) as caught:
        find_classes(built({"y": cells}), ["y"])
    assert str(caught.value) == (
        "f.csv:4:1: target `y` has a missing value (received `NA`); fill it in, or remove the row"
    )


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
        (
            (7.0, 7.0),
            "f.csv:2:1: target `y` has an unknown class (received `7`); "
            "known are `setosa`, `virginica`",
        ),
    ],
)
def test_an_unknown_class_is_refused_with_its_line(
    cells: tuple[str | float, ...], message: str
) -> None:
    with pytest.raises(DataError) as caught:
        find_labels(built({"y": cells}), ["y"], ("setosa", "virginica"))
    assert str(caught.value) == message


def test_one_hot_columns_are_classes() -> None:
    table = built({"a": [0.0, 1, 0], "x": [5.0, 5, 5], "b": [1.0, 0, 0], "c": [0.0, 0, 1]})
    targets = ("b", "a", "c")
    assert find_classes(table, targets) == targets
    labels = find_labels(table, targets, targets)
    assert labels.tolist() == [0, 1, 2]
    assert labels.dtype == "int64"


@pytest.mark.parametrize("row", [(0, 0), (1, 1), (0.5, 0.5), (2, -1)])
def test_columns_that_are_not_one_hot_are_refused(row: tuple[float, float]) -> None:
    table = built({"a": [1.0, row[0]], "b": [0.0, row[1]]})
    with pytest.raises(DataError) as caught:
        find_labels(table, ("a", "b"), ("a", "b"))
    assert str(caught.value) == (
        "f.csv:3:1: exactly one of the target columns must be 1 and the others 0 "
        f"(received {row[0]}, {row[1]}); for a regression write `task: regression` with a loss "
        "for it"
    )


def test_a_class_written_in_two_ways_is_noticed() -> None:
    table = built({"kind": ["01", "1", "2", "1.0"]})
    assert find_classes(table, ["kind"]) == ("1", "2")
    assert notice_spellings(table, ["kind"]) == (
        "target `kind`: `01`, `1`, `1.0` are taken for one class, `1`",
    )
    assert notice_spellings(built({"kind": ["b", "a"]}), ["kind"]) == ()
    assert notice_spellings(built({"kind": [1.0, 2.0]}), ["kind"]) == ()
    assert notice_spellings(table, ["kind", "other"]) == ()


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            ["x", "y"],
            "f.csv:2:1: one-hot target `a` holds text (received `x`); several target columns of a "
            "classification hold 0 and 1; name one column",
        ),
        (
            [1.0, None],
            "f.csv:3:1: one-hot target `a` has a missing value (received `NA`); "
            "fill it in, or remove the row",
        ),
    ],
)
def test_what_is_no_number_among_one_hot_columns_is_refused(
    cells: list[str | float | None], message: str
) -> None:
    table = built({"a": cells, "b": [1.0, 0.0]})
    with pytest.raises(DataError) as caught:
        find_labels(table, ["a", "b"], ["a", "b"])
    assert str(caught.value) == message
