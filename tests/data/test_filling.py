"""A missing cell is refused, or filled from the training rows, and may say that it was missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnctl.errors import DataError
from tests.data.columns import Cells
from tests.data.fits import Columns, fitted, inputs_of, message_of, of_x

GAPS: Columns = {"x": [4.0, None, 1.0, 1.0, 10.0]}
FILLED = {"mean": 4.0, "median": 2.5, "most_frequent": 1.0, "constant": -7.0}


@pytest.mark.parametrize(("policy", "fill"), FILLED.items())
@pytest.mark.parametrize("indicator", [False, True])
def test_gaps_among_numbers_are_filled(policy: str, fill: float, indicator: bool) -> None:
    missing: dict[str, Any] = {"name": policy, "indicator": indicator}
    if policy == "constant":
        missing["value"] = -7
    numbers = [4.0, fill, 1.0, 1.0, 10.0]
    expected = [[x, float(row == 1)][: 1 + indicator] for row, x in enumerate(numbers)]
    assert inputs_of(GAPS, missing=missing, scaling="none") == expected
    assert inputs_of(GAPS, columns=of_x(missing=missing), scaling="none") == expected
    names = ("x", "x (missing)") if indicator else ("x",)
    assert fitted(GAPS, missing=missing)[0].input_names == names


def test_what_a_gap_is_filled_with_takes_part_in_scaling() -> None:
    missing = {"name": "constant", "value": 10}
    scaled = inputs_of({"x": [0.0, None]}, missing=missing, scaling="min_max")
    assert scaled == [[0], [1]]


@pytest.mark.parametrize("policy", ["mean", "median", "most_frequent"])
def test_gaps_among_categories_are_filled_with_the_most_frequent(policy: str) -> None:
    columns = {"x": ["c", None, "b", "c", "a"]}
    assert inputs_of(columns, missing={"name": policy, "indicator": True}) == [
        [0, 0, 1, 0],
        [0, 0, 1, 1],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
        [1, 0, 0, 0],
    ]


@pytest.mark.parametrize("policy", ["mean", "median", "most_frequent"])
def test_gaps_among_truths_are_filled_with_the_most_frequent(policy: str) -> None:
    assert inputs_of({"x": ["no", "yes", None, "yes"]}, missing=policy) == [[0], [1], [1], [1]]


@pytest.mark.parametrize(
    ("policy", "fill"), [("mean", 1), ("median", 0), ("most_frequent", 0), ("constant", 2)]
)
def test_gaps_in_an_order_are_filled_with_a_value_of_it(policy: str, fill: int) -> None:
    columns = {"x": ["s", "s", "s", "l", "l", None]}  # codes 0 and 2: the mean is 0.8
    missing = {"name": policy, "value": "l"} if policy == "constant" else {"name": policy}
    inputs = inputs_of(
        columns, columns=of_x(order=["s", "m", "l"], missing=missing), scaling="none"
    )
    assert inputs == [[0], [0], [0], [2], [2], [fill]]


def test_of_two_most_frequent_values_the_first_in_order_fills() -> None:
    assert inputs_of({"x": [5.0, 2.0, None]}, missing="most_frequent", scaling="none")[2] == [2]
    assert inputs_of({"x": ["b", "a", None]}, missing="most_frequent")[2] == [1, 0]


@pytest.mark.parametrize(("value", "written"), [("none", "none"), (0, "0"), (0.5, "0.5")])
def test_a_constant_may_be_a_category_of_its_own(value: float | str, written: str) -> None:
    columns = {"x": ["u", None, "v"]}
    missing = {"name": "constant", "value": value}
    preprocessing, _ = fitted(columns, missing=missing)
    assert set(preprocessing.input_names) == {"x=u", "x=v", f"x={written}"}
    row = inputs_of(columns, missing=missing)[1]
    assert row[preprocessing.input_names.index(f"x={written}")] == 1
    assert sum(row) == 1
    without, _ = fitted(columns, missing={"name": "constant", "value": "v"})
    assert without.input_names == ("x=u", "x=v")


CONSTANT = {"name": "constant", "value": 0}


def test_a_constant_is_no_category_where_no_gap_is_trained_on() -> None:
    columns: Columns = {"x": ["u", "v", "u", None], "n": [1.0, None, 2.0, None]}
    ignoring, _ = fitted(columns, range(3), missing=CONSTANT, unknown="ignore")
    assert ignoring.input_names == ("x=u", "x=v", "n")
    inputs = inputs_of(columns, range(3), missing=CONSTANT, unknown="ignore", scaling="none")
    assert inputs[3] == [0, 0, 0]
    refusing, _ = fitted({"x": columns["x"][:3]}, missing=CONSTANT)
    assert refusing.input_names == ("x=u", "x=v")
    assert np.isnan(refusing.fill).tolist() == [True]


def test_a_constant_that_training_rows_have_fills_gaps_of_other_rows() -> None:
    columns: Columns = {"x": ["0", "1", None]}
    column = of_x("categorical")
    assert inputs_of(columns, [0, 1], columns=column, missing=CONSTANT)[2] == [1, 0]


def test_a_gap_of_other_rows_is_refused_where_the_constant_is_no_category() -> None:
    with pytest.raises(DataError, match=r"^f\.csv:4:1: input `x` has a missing value"):
        inputs_of({"x": ["u", "v", None]}, [0, 1], missing=CONSTANT)


def test_a_constant_number_is_the_text_that_its_cells_have() -> None:
    columns = {"x": ["1", "2", None]}
    missing = {"name": "constant", "value": 1}
    for kind in ({"x": {"kind": "categorical"}}, {"x": {"order": ["1", "2"]}}):
        preprocessing, _ = fitted(columns, columns=kind, missing=missing)
        assert preprocessing.features[0].categories == ("1", "2")
        assert preprocessing.fill.tolist() == [0]
    truths, _ = fitted({"x": ["0", "1", None]}, missing=missing)
    assert (truths.features[0].kind, truths.fill.tolist()) == ("boolean", [1])


@pytest.mark.parametrize(
    ("cells", "column", "value", "message"),
    [
        (
            [1.0, 2.0],
            {},
            "none",
            "columns.x.missing.value must be a number (received none), since the column holds "
            "numbers",
        ),
        (
            [1.0, 2.0],
            {"scaling": "log"},
            -1,
            "columns.x.missing.value must be greater than -1 for `scaling: log` (received -1)",
        ),
        (
            ["yes", "no"],
            {},
            "maybe",
            "columns.x.missing.value must be one of true, false (received maybe)",
        ),
        (
            ["s", "l"],
            {"order": ["s", "l"]},
            "m",
            "columns.x.missing.value must be one of `s`, `l` (received m)",
        ),
    ],
)
def test_a_constant_that_its_column_cannot_hold_is_refused(
    cells: Cells, column: dict[str, Any], value: float | str, message: str
) -> None:
    missing = {"name": "constant", "value": value}
    for gap in ([], [None]):
        assert message_of({"x": [*cells, *gap]}, columns=of_x(**column), missing=missing) == message


@pytest.mark.parametrize(
    ("cells", "filling"),
    [([1.0, None], "median"), (["a", None], "most_frequent"), (["yes", None], "most_frequent")],
)
@pytest.mark.parametrize("train_rows", [None, [0]])
def test_a_gap_is_refused_unless_something_fills_it(
    cells: Cells, filling: str, train_rows: list[int] | None
) -> None:
    assert message_of({"x": cells}, train_rows) == (
        f"f.csv:{len(cells) + 1}:1: feature `x` has a missing value (received `NA`); "
        f"fill it in, remove the row, or write `missing:`, such as `missing: {filling}`"
    )


@pytest.mark.parametrize("cells", [[None, None, 3.0], [None, None, "c"], [None, None, None]])
@pytest.mark.parametrize("policy", ["mean", "most_frequent", "constant"])
def test_a_feature_without_any_value_to_train_on_is_refused(cells: Cells, policy: str) -> None:
    value = {"value": "c"} if policy == "constant" else {}
    assert message_of({"x": cells}, [0, 1], missing={"name": policy, **value}) == (
        "f.csv: feature `x` has no value in the training rows; write `x: ignored` under `columns`"
    )


def test_an_ignored_category_is_told_from_a_gap() -> None:
    columns: Columns = {"x": ["a", "b", "c", None]}
    missing = {"name": "most_frequent", "indicator": True}
    inputs = inputs_of(columns, [0, 1], unknown="ignore", missing=missing)
    assert inputs[2:] == [[0, 0, 0], [1, 0, 1]]


@pytest.mark.parametrize("policy", ["mean", "median", "most_frequent"])
@settings(deadline=None)
@given(st.floats(-1e6, 1e6), st.integers(1, 9))
def test_a_constant_with_gaps_is_scaled_by_1(policy: str, value: float, count: int) -> None:
    preprocessing, notices = fitted({"x": [None, *[value] * count]}, missing=policy)
    assert preprocessing.fill.tolist() == [value]
    assert preprocessing.feature_scaler.scale.tolist() == [1.0]
    assert notices == ("constant in the training rows, so scaled by 1: feature `x`",)


def test_a_column_that_gaps_alone_vary_is_not_constant() -> None:
    missing = {"name": "constant", "value": 0}
    assert fitted({"x": [None, 4.0, 4.0]}, missing=missing)[1] == ()
