"""What each feature becomes is learnt from the training rows, and from them alone."""

from __future__ import annotations

import math
import warnings
from itertools import product
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnctl.config.schema.columns import ColumnKind, Scaling
from nnctl.data.features import BOOLEAN_PAIRS, FeatureKind
from nnctl.data.fitting import fit_preprocessing
from nnctl.data.roles import READ_AS, Roles
from nnctl.errors import DataError
from tests.data.columns import Cells, built
from tests.data.fits import Columns, data_config, fitted, inputs_of, message_of, of_x


def test_every_kind_that_is_used_is_read_and_coded() -> None:
    used = {*get_args(ColumnKind)} - {"ignored"}
    assert {*get_args(FeatureKind)} == {*READ_AS} == used


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([1.0, 2.0], "numeric"),
        ([1.0, 0.0], "numeric"),
        (["a", "b"], "categorical"),
        (["yes"], "categorical"),
        (["yes", "yes", None], "categorical"),
        (["yes", "false"], "categorical"),
        (["yes", "no", "maybe"], "categorical"),
        *((pair, "boolean") for pair in BOOLEAN_PAIRS),
        (["TRUE", "False", "true", None], "boolean"),
    ],
)
def test_the_kind_follows_from_the_cells(cells: Cells, kind: str) -> None:
    preprocessing, _ = fitted({"x": cells}, missing="most_frequent")
    assert [feature.kind for feature in preprocessing.features] == [kind]


@pytest.mark.parametrize("kind", [kind for kind in get_args(FeatureKind) if kind != "ordinal"])
def test_the_kind_is_the_one_that_the_config_says(kind: str) -> None:
    preprocessing, _ = fitted({"x": [0.0, 1.0]}, columns={"x": kind})
    assert [feature.kind for feature in preprocessing.features] == [kind]


def test_rows_that_are_not_trained_on_do_not_change_the_kind() -> None:
    cells: Cells = ["yes", "no", "maybe", "no"]
    assert message_of({"x": cells}, [0, 1, 3]) == (
        "f.csv:4:1: feature `x` must hold true or false, yes or no, 1 or 0 (received `maybe`)"
    )
    assert fitted({"x": cells}, [0, 2], unknown="ignore")[0].input_names == ("x=maybe", "x=yes")


def test_categories_are_inputs_of_their_own_in_order() -> None:
    columns = {"x": ["b", "a", "c", "a"]}
    preprocessing, _ = fitted(columns)
    assert preprocessing.input_names == ("x=a", "x=b", "x=c")
    assert inputs_of(columns) == [[0, 1, 0], [1, 0, 0], [0, 0, 1], [1, 0, 0]]


def test_categories_that_are_numbers_stand_in_the_order_of_numbers() -> None:
    for cells in (["10", "9", "-1"], [10.0, 9.0, -1.0]):
        preprocessing, _ = fitted({"x": cells}, columns={"x": "categorical"})
        assert preprocessing.input_names == ("x=-1", "x=9", "x=10")


def test_truth_is_1() -> None:
    assert inputs_of({"x": ["no", "YES", "No"]}) == [[0], [1], [0]]


def test_an_order_counts_from_0_and_is_scaled_as_numbers_are() -> None:
    columns = {"x": ["small", "large", "medium", "small"]}
    order = of_x(order=["small", "medium", "large"])
    assert inputs_of(columns, columns=order, scaling="none") == [[0], [2], [1], [0]]
    assert inputs_of(columns, columns=order, scaling="min_max") == [[0], [1], [0.5], [0]]
    by_standard = [[code - 0.75] for code in (0, 2, 1, 0)] / np.sqrt(11 / 16)
    for scaling in ("standardize", "log"):
        assert inputs_of(columns, columns=order, scaling=scaling) == pytest.approx(by_standard)


def test_neither_truth_nor_categories_are_scaled() -> None:
    for scaling in get_args(Scaling):
        assert inputs_of({"x": ["no", "no", "yes"]}, scaling=scaling) == [[0], [0], [1]]
        assert inputs_of({"x": ["a", "a", "b"]}, scaling=scaling) == [[1, 0], [1, 0], [0, 1]]


@pytest.mark.parametrize(
    ("scaling", "expected"),
    [
        ("standardize", [(x - 3) / np.sqrt(9.5) for x in (0, 1, 3, 8)]),
        ("min_max", [0, 1 / 8, 3 / 8, 1]),
        ("robust", [(x - 2) / (4.25 - 0.75) for x in (0, 1, 3, 8)]),
        ("none", [0, 1, 3, 8]),
    ],
)
def test_numbers_are_scaled_as_computed_by_hand(scaling: str, expected: list[float]) -> None:
    columns = {"x": [0.0, 1.0, 3.0, 8.0]}
    for data in ({"scaling": scaling}, {"columns": of_x(scaling=scaling), "scaling": "none"}):
        scaled = [row[0] for row in inputs_of(columns, **data)]
        assert scaled == pytest.approx(expected, rel=1e-15)


def test_log_scaling_standardizes_logarithms() -> None:
    cells = [0.0, math.e - 1, math.e**2 - 1]  # log(1 + x) is 0, 1, 2
    expected = [-np.sqrt(1.5), 0, np.sqrt(1.5)]
    scaled = [row[0] for row in inputs_of({"x": cells}, scaling="log")]
    assert scaled == pytest.approx(expected, rel=1e-14, abs=1e-14)


@pytest.mark.parametrize("value", [-1.0, -2.5])
@pytest.mark.parametrize("train_rows", [[0, 1, 2], [0, 1]])
def test_no_logarithm_is_taken_of_minus_1_or_less(value: float, train_rows: list[int]) -> None:
    assert message_of({"x": [1.0, 2.0, value]}, train_rows, scaling="log") == (
        f"f.csv:4:1: feature `x` must be greater than -1 for `scaling: log` "
        f"(received {value:g}); write another scaling for it"
    )


def test_a_category_of_other_rows_is_refused_with_its_place_or_ignored() -> None:
    columns = {"x": ["a", "b", "c"]}
    assert message_of(columns, [0, 1]) == (
        "f.csv:4:1: feature `x` has the category `c`, which no training row has; known are "
        "`a`, `b` (`columns: {x: {unknown: ignore}}` takes it for none)"
    )
    for data in ({"unknown": "ignore"}, {"columns": of_x(unknown="ignore")}):
        assert inputs_of(columns, [0, 1], **data) == [[1, 0], [0, 1], [0, 0]]


def test_too_many_categories_are_refused() -> None:
    columns = {"x": [f"id{row:03}" for row in range(101)]}
    assert message_of(columns) == (
        "f.csv: feature `x` has 101 categories in the training rows, more than max_categories, "
        "which is 100 (received `id000`, `id001`, ...); if it names rows write "
        "`columns: {x: ignored}`, else raise max_categories"
    )
    assert len(fitted(columns, max_categories=101)[0].input_names) == 101
    assert len(fitted(columns, columns=of_x(max_categories=101))[0].input_names) == 101
    assert len(fitted(columns, range(100), unknown="ignore")[0].input_names) == 100


@pytest.mark.parametrize(("name", "key"), [("a: b", '"a: b"'), ("#", '"#"'), ("no", '"no"')])
def test_a_remedy_has_the_name_as_yaml_needs_it(name: str, key: str) -> None:
    ids = {name: [f"id{row}" for row in range(3)]}
    assert f"`columns: {{{key}: ignored}}`" in message_of(ids, max_categories=2)
    assert f"`columns: {{{key}: {{unknown: ignore}}}}`" in message_of(ids, [0])
    assert f"`{key}: ignored`" in message_of({name: ["a", None]}, [1], missing="mean")


@pytest.mark.parametrize(
    "cells",
    [
        [f"2024-{month:02}-01" for month in range(1, 13)],
        [f"2024-1-{day} 08:00:00" for day in range(1, 9)],
        [f"2024-01-{day:02}T08:00Z" for day in range(1, 9)],
        [f"{day}.1.2024" for day in range(1, 9)],
        [f"01/{day:02}/99" for day in range(1, 9)],
        ["2024-01-01", "2024-01-02", "2024-01-03", "never", "unknown"],
    ],
)
def test_dates_are_no_categories(cells: list[str]) -> None:
    assert message_of({"x": cells}, max_categories=4) == (
        f"f.csv: feature `x` has {len(cells)} categories in the training rows, more than "
        f"max_categories, which is 4 (received `{cells[0]}`, `{cells[1]}`, ...); dates are no "
        "categories: write `columns: {x: ignored}`, or columns of numbers such as year and month"
    )


def test_what_is_wrong_is_told_of_every_feature_at_once() -> None:
    columns: Columns = {"a": [1.0, None], "b": [1.0, 2.0], "c": ["u", None], "d": [0.0, -1.0]}
    with pytest.raises(DataError) as caught:
        fitted(columns, columns={"d": {"scaling": "log"}})
    assert [str(problem).split(":")[1:3] for problem in caught.value.problems] == [
        ["3", "1"],
        ["3", "3"],
        ["3", "4"],
    ]


EVERY_KIND: dict[str, list[float | str | None]] = {
    "n": [1.0, 5.0, None, 2.0, 2.0],
    "l": [0.0, 3.0, None, 1.0, 1.0],
    "b": ["yes", "no", None, "yes", "yes"],
    "o": ["s", "l", None, "m", "m"],
    "c": ["u", "v", None, "u", "u"],
}
OTHER_ROWS: dict[str, list[float | str | None]] = {
    "n": [-1e9, 1e9, 77.0],
    "l": [1e9, 0.5, None],
    "b": ["no", "no", None],
    "o": ["l", "l", "l"],
    "c": ["w", "v", "v"],
}
SETTINGS: dict[str, Any] = {
    "columns": {"l": {"scaling": "log"}, "o": {"order": ["s", "m", "l"]}},
    "unknown": "ignore",
}


@pytest.mark.parametrize(
    ("policy", "scaling"),
    [*product(["mean", "median", "most_frequent"], ["standardize", "min_max", "robust", "none"])],
)
def test_statistics_are_those_of_the_training_rows_alone(policy: str, scaling: str) -> None:
    data = {**SETTINGS, "missing": {"name": policy, "indicator": True}, "scaling": scaling}
    alone, _ = fitted(EVERY_KIND, **data)
    together = {name: [*OTHER_ROWS[name], *cells] for name, cells in EVERY_KIND.items()}
    among_others, _ = fitted(together, [3, 4, 5, 6, 7], **data)
    assert among_others.features == alone.features
    for name, array in alone.arrays().items():
        if not name.startswith("target"):
            assert among_others.arrays()[name].tobytes() == array.tobytes()


def test_ranges_are_those_of_the_training_cells_in_their_own_units() -> None:
    preprocessing, _ = fitted(EVERY_KIND, **SETTINGS, missing={"name": "mean"}, scaling="log")
    assert preprocessing.lowest.tolist() == [1, 0, 0, 0, 0]
    assert preprocessing.highest.tolist() == [5, 3, 1, 2, 1]


def test_constant_columns_are_noticed_in_one_sentence() -> None:
    columns: Columns = {"a": [1.0, 1.0, 1.0], "b": [2.0, 2.0, 9.0], "c": [3.0, 5.0, 3.0]}
    assert fitted(columns, [0, 1])[1] == (
        "constant in the training rows, so scaled by 1: features `a`, `b`",
    )
    assert fitted(columns, [0, 1], scaling="none")[1] == (
        "constant in the training rows: features `a`, `b`",
    )
    assert fitted(columns, [0])[1] == ()
    assert fitted({"a": ["u", "u"]})[1] == ("constant in the training rows: feature `a`",)


def test_a_constant_target_is_noticed_too() -> None:
    table = built({"x": [1.0, 2.0, 3.0], "y": [4.0, 4.0, 5.0]})
    roles = Roles("regression", ("x",), ("y",), ())
    for scaling, said in (("standardize", ", so scaled by 1"), ("none", "")):
        notices = fit_preprocessing(
            table, np.array([0, 1]), roles, data_config(target_scaling=scaling)
        )[1]
        assert notices == (f"constant in the training rows{said}: target `y`",)


@settings(deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.floats(-1e300, 1e300)), min_size=1, max_size=6).filter(
        lambda cells: any(cell is not None for cell in cells)
    ),
    st.sampled_from(["mean", "median", "most_frequent"]),
    st.sampled_from([scaling for scaling in get_args(Scaling) if scaling != "log"]),
)
def test_whatever_the_numbers_fitting_gives_numbers(
    cells: list[float | None], policy: str, scaling: str
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        preprocessing, _ = fitted({"x": cells}, missing=policy, scaling=scaling)
        assert np.isfinite(preprocessing.transform_features(built({"x": cells}), "float64")).all()
    for array in preprocessing.arrays().values():
        assert np.isfinite(array).all()
