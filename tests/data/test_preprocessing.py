"""Preprocessing finds columns by name, and gives the same inputs by every way to them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnctl.data.arrays import FloatArray
from nnctl.data.features import Feature
from nnctl.data.fitting import fit_preprocessing
from nnctl.data.preprocessing import Preprocessing
from nnctl.data.roles import Roles
from nnctl.data.scaling import Scaler
from nnctl.data.table import Table
from nnctl.data.wishes import Wish
from nnctl.errors import DataError
from tests.data.columns import Cells, built
from tests.data.fits import data_config, fitted
from tests.data.tables import table_of

NAN = np.nan
FLOWERS = """
    length,width,species
    1,10,b
    3,10,a
    100,20,b
"""
FLOWER_ROLES = Roles("classification", ("length", "width"), ("species",), ("a", "b"))
PENGUINS: dict[str, Cells] = {
    "bill": [39.0, 50.0, None, 46.0],
    "mass": [0.0, 3.0, 1.0, 3.0],
    "wild": ["yes", "no", "no", None],
    "size": ["small", None, "large", "medium"],
    "island": ["Biscoe", "Dream", None, "Biscoe"],
}
PENGUIN_CONFIG: dict[str, Any] = {
    "columns": {
        "mass": {"scaling": "log"},
        "size": {"order": ["small", "medium", "large"]},
        "island": {"missing": {"name": "most_frequent", "indicator": True}},
        "bill": {"missing": {"name": "mean", "indicator": True}},
    },
    "missing": "most_frequent",
    "unknown": "ignore",
}


def of_first_two(text: str, roles: Roles, **data: Any) -> Preprocessing:
    """Fit on the first two rows of a table of three."""
    return fit_preprocessing(table_of(text), np.array([0, 1]), roles, data_config(**data))[0]


def penguins() -> Preprocessing:
    return fitted(PENGUINS, **PENGUIN_CONFIG)[0]


def error_of(preprocessing: Preprocessing, codes: FloatArray, table: Table | None = None) -> str:
    with pytest.raises(DataError) as caught:
        preprocessing.encode(codes, "float32", table)
    return str(caught.value)


def test_only_training_rows_are_looked_at() -> None:
    preprocessing = of_first_two(FLOWERS, FLOWER_ROLES)
    assert preprocessing.feature_scaler.center.tolist() == [2.0, 10.0]
    assert preprocessing.feature_scaler.scale.tolist() == [1.0, 1.0]
    inputs = preprocessing.transform_features(table_of(FLOWERS), "float32")
    assert inputs.dtype == np.float32
    assert inputs.tolist() == [[-1.0, 0.0], [1.0, 0.0], [98.0, 10.0]]


def test_features_and_inputs_have_names() -> None:
    preprocessing = penguins()
    assert preprocessing.feature_names == ("bill", "mass", "wild", "size", "island")
    assert preprocessing.input_names == (
        *("bill", "bill (missing)", "mass", "wild", "size"),
        *("island=Biscoe", "island=Dream", "island (missing)"),
    )
    assert preprocessing.n_inputs == 8


def test_each_cell_has_a_code() -> None:
    codes = penguins().raw_features(built(PENGUINS))
    np.testing.assert_array_equal(
        codes,
        [
            [39, 0, 1, 0, 0],
            [50, 3, 0, NAN, 1],
            [NAN, 1, 0, 2, NAN],
            [46, 3, NAN, 1, 0],
        ],
    )
    assert codes.dtype == np.float64


def test_codes_become_inputs() -> None:
    preprocessing = penguins()
    inputs = preprocessing.encode(preprocessing.raw_features(built(PENGUINS)), "float64")
    bill, log = np.array([39.0, 50, 45, 46]), np.log1p([0.0, 3, 1, 3])
    sizes = np.array([0.0, 0, 2, 1])  # the gap is the first of the most frequent
    standardized = ((each - each.mean()) / each.std() for each in (bill, log, sizes))
    by_hand = dict(zip(("bill", "mass", "size"), standardized, strict=True)) | {
        "bill (missing)": [0, 0, 1, 0],
        "wild": [1, 0, 0, 0],
        "island=Biscoe": [1, 0, 1, 1],
        "island=Dream": [0, 1, 0, 0],
        "island (missing)": [0, 0, 1, 0],
    }
    expected = np.column_stack([by_hand[name] for name in preprocessing.input_names])
    np.testing.assert_allclose(inputs, expected, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_table_is_transformed_as_its_codes_are(dtype: str) -> None:
    preprocessing, table = penguins(), built(PENGUINS)
    whole = preprocessing.transform_features(table, dtype)
    codes = preprocessing.raw_features(table)
    before = codes.tobytes()
    assert preprocessing.encode(codes, dtype).tobytes() == whole.tobytes()
    assert codes.tobytes() == before  # whoever has them may use them again
    assert whole.dtype == dtype
    for row in range(4):
        alone = preprocessing.transform_features(table.take(np.array([row])), dtype)
        assert alone.tobytes() == whole[row : row + 1].tobytes()
    assert preprocessing.encode(codes[:0], dtype).shape == (0, 8)


@settings(deadline=None)
@given(st.permutations([*PENGUINS]), st.booleans())
def test_the_order_of_columns_and_other_columns_do_not_matter(
    names: list[str], with_others: bool
) -> None:
    preprocessing = penguins()
    columns = {name: PENGUINS[name] for name in names}
    if with_others:
        columns = {"comment": ["a", None, "b", "c"], **columns, "year": [1.0, 2.0, None, 3.0]}
    inputs = preprocessing.transform_features(built(columns), "float64")
    expected = preprocessing.transform_features(built(PENGUINS), "float64")
    assert inputs.tobytes() == expected.tobytes()


def test_an_ignored_category_is_no_input_at_all() -> None:
    preprocessing = penguins()
    columns = {**PENGUINS, "island": ["Torgersen", "Dream", None, "dream"]}
    inputs = preprocessing.transform_features(built(columns), "float64")
    assert inputs[:, 5:].tolist() == [[0, 0, 0], [0, 1, 0], [1, 0, 1], [0, 0, 0]]
    others = preprocessing.transform_features(built(PENGUINS), "float64")[:, :5]
    assert inputs[:, :5].tolist() == others.tolist()


def test_missing_columns_are_refused_with_a_suggestion() -> None:
    preprocessing = of_first_two(FLOWERS, FLOWER_ROLES)
    with pytest.raises(DataError) as caught:
        preprocessing.transform_features(table_of("lenght,colour\n1,2\n"), "float64")
    assert [*map(str, caught.value.problems)] == [
        "f.csv: there is no column `length`; did you mean `lenght`?",
        "f.csv: there is no column `width`; the columns are `lenght`, `colour`",
    ]
    with pytest.raises(DataError, match="there is no column `species`"):
        preprocessing.transform_targets(table_of("length,width\n1,2\n"), "float64")


def test_the_first_bad_cell_of_each_feature_is_reported() -> None:
    preprocessing = penguins()
    columns = {**PENGUINS, "wild": ["yes", "2", "3", "no"], "size": ["large", "S", "M", "tiny"]}
    with pytest.raises(DataError) as caught:
        preprocessing.raw_features(built(columns))
    assert [*map(str, caught.value.problems)] == [
        "f.csv:3:3: input `wild` must hold true or false, yes or no, 1 or 0 (received `2`)",
        "f.csv:3:4: input `size` has no `S` in its `order`; known are `small`, `medium`, `large`",
    ]


def test_only_what_is_needed_is_wished_for() -> None:
    wishes = penguins().wishes()
    assert {name: wishes.of(name) for name in PENGUINS} == {
        "bill": Wish("number", "input"),
        "mass": Wish("number", "input"),
        "wild": Wish("text", "input"),
        "size": Wish("text", "input"),
        "island": Wish("text", "input"),
    }
    assert wishes.of("y") is wishes.of("other") is None
    assert penguins().wishes(with_targets=True).of("y") == Wish("number", "target")


def test_a_value_too_large_for_the_precision_is_refused_with_its_place() -> None:
    preprocessing = of_first_two(FLOWERS, FLOWER_ROLES)
    table = table_of("width,length\n1,2\n3,1e39\n")
    assert np.isfinite(preprocessing.transform_features(table, "float64")).all()
    with pytest.raises(DataError) as caught:
        preprocessing.transform_features(table, "float32")
    assert str(caught.value) == (
        "f.csv:3:2: `length` is too large for float32 once scaled (received 1e+39); "
        "rescale the column"
    )


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (1e39, "is too large for float32 once scaled (received 1e+39); rescale the column"),
        (-1e308, "is too large for float32 once scaled (received -1e+308); rescale the column"),
        (np.inf, "must be finite (received inf)"),
        (np.nan, "has a missing value"),
    ],
)
def test_a_value_of_an_array_that_cannot_be_scaled_is_refused_with_its_row(
    value: float, complaint: str
) -> None:
    preprocessing = Preprocessing(
        "classification",
        ("species",),
        ("a", "b"),
        (Feature("length", "numeric"), Feature("width", "numeric")),
        np.full(2, NAN),
        Scaler(np.array([0.0, 1e308]), np.array([1.0, 0.5])),
        np.zeros(2),
        np.ones(2),
        Scaler(np.empty(0), np.empty(0)),
    )
    values = np.array([[1.0, 1e308], [1.0, value]])
    assert error_of(preprocessing, values) == f"row 1 of the inputs: `width` {complaint}"


def test_a_gap_that_training_did_not_have_is_refused_with_its_place() -> None:
    preprocessing = of_first_two(FLOWERS, FLOWER_ROLES)
    table = built({"width": [1.0, 2.0, None], "length": [1.0, None, 3.0]})
    with pytest.raises(DataError) as caught:
        preprocessing.transform_features(table, "float32")
    assert str(caught.value) == (
        "f.csv:3:2: input `length` has a missing value (received `NA`); fill it in; "
        "a network that was trained with `missing: median` would fill it itself"
    )


@pytest.mark.parametrize("value", [-1.0, -7.5, -np.inf])
def test_a_value_without_a_logarithm_is_refused_with_its_place(value: float) -> None:
    preprocessing, table = penguins(), built({**PENGUINS, "mass": [0.0, value, 2.0, value]})
    codes = preprocessing.raw_features(table)
    complaint = f"`mass` must be greater than -1, for its logarithm (received {value:g})"
    assert error_of(preprocessing, codes) == f"row 1 of the inputs: {complaint}"
    assert error_of(preprocessing, codes, table) == f"f.csv:3:2: {complaint}"


def test_what_is_too_large_is_told_as_it_stands_in_the_file() -> None:
    preprocessing = fitted({"x": [1.0, 1.0 + 1e-13]}, scaling="log")[0]
    tiny = Scaler(preprocessing.feature_scaler.center, np.array([1e-39]))
    scaled = replace(preprocessing, feature_scaler=tiny)
    assert error_of(scaled, np.array([[100.0]])) == (
        "row 0 of the inputs: `x` is too large for float32 once scaled (received 100); "
        "rescale the column"
    )


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("abc", "input `width` must hold numbers (received `abc`)"),
        ("1e400", "input `width` has a number too large for float64 (received `1e400`)"),
    ],
)
def test_a_trained_network_says_which_cell_is_no_number(cell: str, message: str) -> None:
    preprocessing = of_first_two(FLOWERS, FLOWER_ROLES)
    with pytest.raises(DataError, match=re.escape(message)):
        table_of(f"length,width\n3,{cell}\n", preprocessing.wishes())


@pytest.mark.parametrize(
    ("cells", "rows"),
    [
        ([2.0, 8.0, -4.0], {}),
        ([2.0, 8.1, 9.0], {"x": 1}),
        ([-4.1, 2.0, 9.0], {"x": 0}),
        ([None, None, 1e300], {"x": 2}),
        ([None, None, None], {}),
    ],
)
def test_far_outside_is_more_than_the_whole_range_beyond_it(
    cells: Cells, rows: dict[str, int]
) -> None:
    preprocessing = fitted({"x": [0.0, 4.0, 1.0]}, missing="mean")[0]
    assert preprocessing.far_outside(preprocessing.raw_features(built({"x": cells}))) == rows


def test_only_numbers_lie_far_outside() -> None:
    preprocessing = penguins()
    columns = {**PENGUINS, "bill": [1e9] * 4, "mass": [50.0, 9.0, 1.0, 1e9]}
    codes = preprocessing.raw_features(built(columns))
    assert preprocessing.far_outside(codes) == {"bill": 0, "mass": 0}
    assert preprocessing.far_outside(codes[1:]) == {"bill": 0, "mass": 0}
    assert preprocessing.far_outside(codes[2:]) == {"bill": 0, "mass": 1}
    never_true = fitted({"x": ["no", "no"]}, columns={"x": "boolean"})[0]
    assert never_true.far_outside(np.array([[0.0], [1.0]])) == {}
    one_value = fitted({"x": [7.0, 7.0]})[0]
    assert one_value.far_outside(np.array([[7.0], [8.0]])) == {"x": 1}
    whole_line = fitted({"x": [-1e308, 1e308]}, scaling="none")[0]
    assert whole_line.far_outside(np.array([[-1.7e308], [1.7e308]])) == {}
