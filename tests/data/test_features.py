"""A feature codes the cells of its column, and names the inputs that they become."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnctl.data.features import BOOLEAN_PAIRS, UNKNOWN, Feature
from nnctl.errors import DataError
from tests.data.columns import Cells, built

ISLAND = Feature("island", "categorical", ("Biscoe", "Dream"))
SIZE = Feature("size", "ordinal", ("small", "medium", "large"))
NAN = np.nan


def codes_of(feature: Feature, cells: Cells, role: str = "feature") -> list[float]:
    table = built({"other": [0.0] * len(cells), feature.name: cells})
    codes: list[float] = feature.column_codes(table, role).tolist()
    return codes


def message_of(feature: Feature, cells: Cells, role: str = "feature") -> str:
    with pytest.raises(DataError) as caught:
        codes_of(feature, cells, role)
    return str(caught.value)


@pytest.mark.parametrize(
    ("feature", "names"),
    [
        (Feature("x", "numeric"), ("x",)),
        (Feature("x", "numeric", indicator=True), ("x", "x (missing)")),
        (Feature("x", "boolean"), ("x",)),
        (SIZE, ("size",)),
        (ISLAND, ("island=Biscoe", "island=Dream")),
        (Feature("i", "categorical", ("a",), indicator=True), ("i=a", "i (missing)")),
    ],
)
def test_inputs_are_named_after_their_column(feature: Feature, names: tuple[str, ...]) -> None:
    assert feature.input_names == names


def test_numbers_are_their_own_codes() -> None:
    codes = codes_of(Feature("x", "numeric"), [1.5, None, -3.0])
    assert codes[::2] == [1.5, -3.0]
    assert np.isnan(codes[1])


@pytest.mark.parametrize("pair", BOOLEAN_PAIRS)
@settings(deadline=None)
@given(st.data())
def test_words_for_false_and_true_are_0_and_1_in_capitals_or_not(
    pair: tuple[str, str], data: st.DataObject
) -> None:
    values = data.draw(st.lists(st.sampled_from([0, 1]), min_size=1, max_size=5))
    write = data.draw(st.sampled_from([str.lower, str.upper, str.capitalize]))
    assert codes_of(Feature("x", "boolean"), [write(pair[value]) for value in values]) == values


def test_the_numbers_0_and_1_are_boolean() -> None:
    feature = Feature("x", "boolean")
    assert codes_of(feature, [1.0, 0.0, 1.0]) == [1.0, 0.0, 1.0]
    assert codes_of(feature, ["1", "yes", "FALSE"]) == [1.0, 1.0, 0.0]
    assert message_of(feature, [1.0, 2.0]) == (
        "f.csv:3:2: feature `x` must hold true or false, yes or no, 1 or 0 (received `2`)"
    )


def test_a_word_that_is_neither_is_refused_with_its_place() -> None:
    assert message_of(Feature("x", "boolean"), ["yes", None, "maybe"], "input") == (
        "f.csv:4:2: input `x` must hold true or false, yes or no, 1 or 0 (received `maybe`)"
    )


def test_an_ordinal_code_is_the_position_in_its_order() -> None:
    codes = codes_of(SIZE, ["large", "small", None, "medium", "large"])
    assert [codes[row] for row in (0, 1, 3, 4)] == [2.0, 0.0, 1.0, 2.0]
    assert np.isnan(codes[2])


@pytest.mark.parametrize(
    ("cell", "remedy"),
    [
        ("Large", "did you mean `large`?"),
        ("42", "known are `small`, `medium`, `large`"),
    ],
)
def test_a_value_outside_of_the_order_is_refused(cell: str, remedy: str) -> None:
    assert message_of(SIZE, ["small", cell]) == (
        f"f.csv:3:2: feature `size` has no `{cell}` in its `order`; {remedy}"
    )


def test_a_category_is_its_position_whatever_the_order_of_the_rows() -> None:
    assert codes_of(ISLAND, ["Dream", "Biscoe", "Dream"]) == [1.0, 0.0, 1.0]
    assert codes_of(ISLAND, ["Biscoe", "Dream", "Biscoe"]) == [0.0, 1.0, 0.0]


def test_numbers_may_be_categories() -> None:
    feature = Feature("year", "categorical", ("2007", "2008"))
    assert codes_of(feature, [2008.0, 2007.0]) == codes_of(feature, ["2008", "2007"]) == [1.0, 0.0]


@pytest.mark.parametrize(
    ("cell", "role", "rest"),
    [
        ("Torgersen", "input", "known are `Biscoe`, `Dream`"),
        ("dream", "input", "did you mean `Dream`?"),
        (
            "Torgersen",
            "feature",
            "known are `Biscoe`, `Dream` "
            "(`columns: {island: {unknown: ignore}}` takes it for none)",
        ),
    ],
)
def test_a_category_that_training_never_saw_is_refused(cell: str, role: str, rest: str) -> None:
    assert message_of(ISLAND, ["Dream", None, cell], role) == (
        f"f.csv:4:2: {role} `island` has the category `{cell}`, which no training row has; {rest}"
    )


def test_a_category_that_is_to_be_ignored_is_none_of_those_that_are_known() -> None:
    feature = Feature("island", "categorical", ("Biscoe", "Dream"), unknown="ignore")
    codes = codes_of(feature, ["Torgersen", "Dream", None])
    assert codes[:2] == [UNKNOWN, 1.0]
    assert np.isnan(codes[2])


def test_text_for_numbers_is_refused() -> None:
    assert message_of(Feature("x", "numeric"), [None, "red"], "input") == (
        "f.csv:3:2: input `x` holds text (received `red`); name a column of numbers"
    )


@pytest.mark.parametrize(
    "feature", [ISLAND, SIZE, Feature("x", "boolean"), Feature("x", "numeric")]
)
def test_a_column_without_any_value_is_missing_throughout(feature: Feature) -> None:
    assert np.isnan(codes_of(feature, [None, None])).all()


def test_looking_at_codes_changes_no_cell() -> None:
    table = built({"x": [1.0, 0.0, None], "island": ["Dream", "Biscoe", None]})
    before = [table.values(name).tobytes() for name in table.names]
    Feature("x", "boolean").column_codes(table, "feature")
    ISLAND.column_codes(table, "feature")
    assert [table.values(name).tobytes() for name in table.names] == before


@pytest.mark.parametrize(
    ("feature", "text", "code"),
    [
        (ISLAND, "Dream", 1.0),
        (ISLAND, "dream", None),
        (SIZE, "small", 0.0),
        (Feature("x", "boolean"), "Yes", 1.0),
        (Feature("x", "boolean"), "2", None),
    ],
)
def test_a_text_has_the_code_that_its_cells_have(
    feature: Feature, text: str, code: float | None
) -> None:
    assert feature.code_of(text) == code


@pytest.mark.parametrize(
    ("feature", "written"),
    [
        (Feature("x", "numeric"), {"name": "x", "kind": "numeric"}),
        (SIZE, {"name": "size", "kind": "ordinal", "categories": ["small", "medium", "large"]}),
        (
            Feature("i", "categorical", ("a",), indicator=True, unknown="ignore"),
            {
                "name": "i",
                "kind": "categorical",
                "categories": ["a"],
                "indicator": True,
                "unknown": "ignore",
            },
        ),
        (
            Feature("x", "numeric", logarithm=True),
            {"name": "x", "kind": "numeric", "logarithm": True},
        ),
    ],
)
def test_only_what_differs_from_the_defaults_is_written(
    feature: Feature, written: dict[str, Any]
) -> None:
    assert feature.to_dict() == written
