from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from nnctl.config.schema.data import Task
from nnctl.data.profile import profile_of
from nnctl.errors import DataError
from nnctl.training import starter as starters
from nnctl.training.starter import SIZES, Starter, StarterColumn, choose_size, starter_for
from nnctl.training.starter_report import notes, report, summary
from nnctl.training.starter_task import are_classes
from tests.data.test_profile import Cell, table


def starter(columns: dict[str, Sequence[Cell]], *targets: str, task: Task | None = None) -> Starter:
    return starter_for(profile_of([table(columns)], targets or ["y"]), task)


def spread(rows: int) -> list[float]:
    """Numbers that are no count of the rows and no classes."""
    return [0.37 * row + 0.01 for row in range(rows)]


def column(made: Starter, name: str) -> StarterColumn:
    return next(column for column in made.columns if column.facts.name == name)


@pytest.mark.parametrize(
    ("cells", "task", "loss", "output"),
    [
        (["a", "b", "c"] * 10, "classification", "categorical_cross_entropy", "softmax"),
        (["a", "b", "b"] * 10, "classification", "binary_cross_entropy", "sigmoid"),
        ([0, 1, 1] * 10, "classification", "binary_cross_entropy", "sigmoid"),
        ([3, 5, 8] * 10, "classification", "categorical_cross_entropy", "softmax"),
        ([3, 5, 8.5] * 10, "regression", "mean_squared_error", "identity"),
        ([1, 2, 3, 4] * 7 + [1, 2], "regression", "mean_squared_error", "identity"),
        (spread(30), "regression", "mean_squared_error", "identity"),
    ],
)
def test_the_task_follows_from_what_the_target_holds(
    cells: list[Cell], task: Task, loss: str, output: str
) -> None:
    made = starter({"x": spread(30), "y": cells})
    assert (made.task, made.loss, made.output) == (task, loss, output)


@pytest.mark.parametrize(
    ("different", "rows", "expected"),
    [(2, 5, True), (3, 30, True), (3, 29, False), (20, 200, True), (21, 10_000, False)],
)
def test_whole_numbers_are_classes_if_they_are_few_and_come_back_often(
    different: int, rows: int, expected: bool
) -> None:
    assert are_classes(different, rows) is expected


def test_a_task_that_is_said_holds() -> None:
    columns: dict[str, Sequence[Cell]] = {"x": spread(30), "y": [3, 5, 8] * 10}
    assert starter(columns, task="regression").classes == ()
    assert starter(columns, task="classification").classes == (("3", 10), ("5", 10), ("8", 10))
    assert starter(columns, task="regression").choice.reason == "as `nnctl init --task` was told"


def test_several_targets_are_numbers_or_classes_as_one_hot_columns() -> None:
    x, one_hot = spread(6), {"a": [1.0, 0.0, 0.0] * 2, "b": [0.0, 1.0, 1.0] * 2}
    made = starter({"x": x, **one_hot}, "a", "b")
    assert (made.task, made.classes) == ("classification", (("b", 4), ("a", 2)))
    made = starter({"x": x, "a": spread(6), "b": spread(6)}, "a", "b")
    assert (made.task, made.classes) == ("regression", ())
    assert starter({"x": x, **one_hot}, "a", "b", task="regression").task == "regression"


def test_classes_written_in_two_ways_are_counted_as_one() -> None:
    made = starter({"x": spread(6), "y": ["1", "01", "2"] * 2})
    assert made.classes == (("1", 4), ("2", 2))


@pytest.mark.parametrize(
    ("columns", "task", "message"),
    [
        ({"x": spread(4), "y": spread(4)}, None, "needs more rows to learn from (received 4)"),
        ({"y": spread(9)}, None, "no column beside the target is of use; add one"),
        ({"x": [3] * 9, "y": spread(9)}, None, "is of use (received `x`: always the same: 3)"),
        ({"x": spread(9), "y": ["a"] * 9}, None, "target `y` is `a` in every row"),
        ({"x": spread(9), "y": [2.0] * 9}, None, "target `y` is `2` in every row"),
        (
            {"x": spread(9), "y": [*"abcdefghi"]},
            None,
            "target `y` has 9 different values in 9 rows",
        ),
        ({"x": spread(9), "y": [*"abcabcabc"]}, "regression", "`y` holds text (received `a`)"),
        ({"x": spread(9), "y": [1.5, 2, 3] * 3}, "classification", "a number (received 1.5)"),
    ],
)
def test_what_cannot_be_learnt_is_refused(
    columns: dict[str, Sequence[Cell]], task: Task | None, message: str
) -> None:
    with pytest.raises(DataError) as error:
        starter(columns, task=task)
    assert message in str(error.value)
    assert str(error.value).startswith("f.csv: ")


def test_one_hot_targets_that_are_none_are_refused_as_classes() -> None:
    columns: dict[str, Sequence[Cell]] = {"x": spread(6), "a": [1, 0] * 3, "b": [1, 1] * 3}
    with pytest.raises(DataError, match="1 for the row's class and 0 elsewhere"):
        starter(columns, "a", "b", task="classification")


def test_what_counts_the_rows_is_used_if_there_is_nothing_else() -> None:
    made = starter({"time": [*range(9)], "constant": [1] * 9, "y": spread(9)})
    assert [feature.facts.name for feature in made.features] == ["time"]
    made = starter({"time": [*range(9)], "x": spread(9), "y": spread(9)})
    assert [feature.facts.name for feature in made.features] == ["x"]


def test_gaps_are_filled_by_the_column() -> None:
    gap: list[Cell] = [None]
    made = starter(
        {
            "number": [*spread(39), *gap],
            "text": [*(["a", "b", "b"] * 13), *gap],
            "sparse": [*(["a", "b", "b"] * 12), *(gap * 4)],
            "filled": spread(40),
            "y": spread(40),
        }
    )
    chosen = {made.facts.name: (made.filling, made.indicator) for made in made.columns}
    assert chosen == {
        "number": ("median", True),
        "text": ("most_frequent", False),
        "sparse": ("most_frequent", True),
        "filled": ("", False),
    }
    assert made.inputs == 2 + 2 + 3 + 1


def test_unknown_categories_are_ignored_where_a_known_one_is_rare() -> None:
    rare, common = ["a"] * 9 + ["b"] * 21, ["a"] * 10 + ["b"] * 20
    made = starter({"rare": rare, "common": common, "y": spread(30)})
    assert column(made, "rare").unknown_ignored
    assert not column(made, "common").unknown_ignored


def test_a_logarithm_is_taken_only_of_what_is_very_skewed_and_never_negative() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0, 500.5])
    columns: dict[str, Sequence[Cell]] = {
        "skewed": [*values],
        "negative": [*(values - 2)],
        "even": [*np.minimum(values, 100)],
        "mostly zero": [0, 0, 0, 1, 500],
        "y": spread(5),
    }
    made = starter(columns)
    assert [each.facts.name for each in made.columns if each.logarithm] == ["skewed"]


def test_unequal_classes_are_measured_by_class() -> None:
    made = starter({"x": spread(30), "y": ["a"] * 6 + ["b"] * 24})
    assert made.is_unequal
    assert made.metrics == ("accuracy", "balanced_accuracy", "macro_f1")
    made = starter({"x": spread(30), "y": ["a"] * 10 + ["b"] * 20})
    assert not made.is_unequal
    assert made.metrics == ("accuracy",)


def test_sizes_cover_every_number_of_rows_in_order() -> None:
    assert [size.below for size in SIZES] == sorted(size.below for size in SIZES)
    assert SIZES[-1].below == np.inf
    assert choose_size(49, 1, 2).validation == 0
    assert choose_size(50, 1, 2).validation == 0.2
    assert [choose_size(10**power, 1, 2).batch_size for power in range(1, 8)] == [
        "full", 16, 64, 256, 512, 512, 512,
    ]  # fmt: skip
    for size in SIZES:
        assert size.validation + size.test < 0.5


def test_the_layers_grow_with_inputs_and_outputs() -> None:
    assert choose_size(49, 10, 3).hidden == (8,)
    assert choose_size(50, 10, 3).hidden == (32, 32)
    assert choose_size(500, 10, 3).hidden == (32, 32)
    assert choose_size(500, 10, 40).hidden == (32, 40)
    assert choose_size(500, 784, 3).hidden == (64, 32)
    assert choose_size(5_000, 784, 100).hidden == (64, 100)
    assert choose_size(5_000, 784, 1000).hidden == (64, 128)
    assert choose_size(500_000, 784, 10).dropout >= choose_size(500_000, 20, 10).dropout


def test_many_columns_are_not_listed_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starters, "MANY_COLUMNS", 3)
    made = starter(
        {
            "a": spread(9),
            "b": [*spread(8), None],
            "c": [7] * 9,
            "d": ["t"] * 9,
            "e": ["u", "v", "v"] * 3,
            "y": spread(9),
        }
    )
    listed = [column.facts.name for column in made.columns if made.is_listed(column)]
    assert listed == ["b", "d", "e"]
    assert column(made, "c").kind == "numeric"
    assert not made.fills_by_default


def test_many_columns_with_gaps_have_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starters, "MANY_COLUMNS", 3)
    gaps: dict[str, Sequence[Cell]] = {f"x{n}": [*spread(8), None] for n in range(4)}
    made = starter({**gaps, "y": spread(9)})
    assert made.fills_by_default
    assert not any(map(made.is_listed, made.columns))


def test_bytes_in_many_columns_are_taken_for_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starters, "MANY_COLUMNS", 3)
    pixels: dict[str, Sequence[Cell]] = {f"p{n}": [0, 255, n, 7, 9, 1, 2, 3, 5] for n in range(4)}
    assert starter({**pixels, "y": spread(9)}).is_of_pixels
    assert not starter({**pixels, "p9": spread(9), "y": spread(9)}).is_of_pixels


def test_a_line_says_what_was_inferred() -> None:
    made = starter(
        {
            "id": [5, 3, 9, 1, 7, 2],
            "x": spread(6),
            "z": spread(6),
            "t": [*"aabbab"],
            "y": [*"uvwuvw"],
        }
    )
    line = "classification of y: 3 classes, 6 rows, 3 features (2 numeric, 1 categorical)"
    assert summary(made) == line
    assert [*notes(made)] == [
        "ignored: `id` (an id: it names the row and says nothing about it)",
        "6 rows are very few: none are set apart to say when to stop, and the test says little",
    ]
    assert report(made) == {
        "task": "classification",
        "targets": ["y"],
        "classes": {"u": 2, "v": 2, "w": 2},
        "rows": 6,
        "features": {"x": "numeric", "z": "numeric", "t": "categorical"},
        "ignored": {"id": "an id: it names the row and says nothing about it"},
    }


def test_columns_ignored_for_one_reason_are_one_note() -> None:
    made = starter({"a": [1] * 60, "b": [1] * 60, "x": spread(60), "y": spread(60)})
    assert summary(made) == "regression of y: 60 rows, 1 feature (1 numeric)"
    assert [*notes(made)] == ["ignored: `a`, `b` (always the same: 1)"]


LARGE = [f"123456789012345678{n % 3}" for n in range(30)]


@pytest.mark.parametrize(
    ("cells", "task", "message"),
    [
        (
            [f"${n},000.50" for n in range(1, 31)],
            None,
            "target `y` holds numbers with a currency sign (received `$1,000.50`); write plain "
            "numbers to predict them, or say `--task classification` if each is a class",
        ),
        ([f"{n % 3} %" for n in range(30)], "regression", "numbers with a percent sign"),
        (
            [f"{n},250" for n in range(1, 31)],
            None,
            "numbers with a comma (received `1,250`); say `--decimal ,` if it is a decimal comma, ",
        ),
        ([f"1.{n + 100},5" for n in range(30)], None, "numbers with dots for thousands"),
        (
            LARGE,
            None,
            "whole numbers from 2^53 on (received `1234567890123456780`), which are roun",
        ),
        (LARGE, "classification", "write a letter before them if they are classes"),
        ([1.25e18] * 30, "regression", "`1.25e+18` in every row, rounded as numbers from 2^53 on"),
    ],
)
def test_a_target_of_numbers_that_cannot_be_read_as_such_is_refused_with_the_reason(
    cells: list[Cell], task: Task | None, message: str
) -> None:
    with pytest.raises(DataError) as error:
        starter({"x": spread(30), "y": cells}, task=task)
    assert message in str(error.value)


def test_numbers_in_another_notation_may_be_classes() -> None:
    assert starter({"x": spread(30), "y": ["7%", "19%"] * 15}).task == "classification"
    several: list[Cell] = [f"{n % 7}%" for n in range(30)]
    assert starter({"x": spread(30), "y": several}, task="classification").task == "classification"


def test_a_target_of_codes_is_one_of_classes_unless_it_is_said_to_be_an_amount() -> None:
    made = starter({"x": spread(30), "y": ["007", "008", "112"] * 10})
    assert made.task == "classification"
    assert next(notes(made)).startswith(
        "the target is taken for classes, since some numbers begin with 0 (`007`), as those of "
    )


@pytest.mark.parametrize(
    ("cells", "note"),
    [
        ([3, 5, 8] * 20, "the target is taken for classes, since it holds only 3 different whole "),
        (
            [*range(30)] * 2,
            "the target is taken for an amount, since it holds 30 different numbers",
        ),
        ([*range(30), *spread(30)], None),
        ([*"abc"] * 20, None),
    ],
)
def test_a_task_that_is_in_doubt_is_told(cells: list[Cell], note: str | None) -> None:
    said = [*notes(starter({"x": spread(60), "y": cells}))]
    assert len(said) == (note is not None)
    assert note is None or said[0].startswith(note)


def test_a_class_of_one_row_is_told() -> None:
    made = starter({"x": spread(60), "y": ["a"] * 59 + ["b"]})
    assert made.has_single_rows
    assert "class `b`, of one row" in next(notes(made))
