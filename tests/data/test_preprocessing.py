"""Preprocessing is fitted on training rows, finds columns by name, and restores exactly."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnctl.data.preprocessing import Preprocessing, fit_preprocessing
from nnctl.data.roles import Roles
from nnctl.data.scaling import Scaler, Scaling
from nnctl.data.table import Table
from nnctl.errors import DataError
from tests.data.tables import table_of

FLOWERS = """
    length,width,species
    1,10,b
    3,10,a
    100,20,b
"""
FLOWER_ROLES = Roles("classification", ("length", "width"), ("species",), ("a", "b"))
LINE = "x,y,z\n1,10,0\n3,30,0\n500,7000,0\n"
LINE_ROLES = Roles("regression", ("x",), ("y", "z"), ())


def fitted(text: str, roles: Roles, target_scaling: Scaling = "standardize") -> Preprocessing:
    """Fit on the first two rows of a table of three."""
    return fit_preprocessing(
        table_of(text), np.array([0, 1]), roles, "standardize", target_scaling
    )[0]


def test_only_training_rows_are_looked_at() -> None:
    preprocessing = fitted(FLOWERS, FLOWER_ROLES)
    assert preprocessing.feature_scaler.center.tolist() == [2.0, 10.0]
    assert preprocessing.feature_scaler.scale.tolist() == [1.0, 1.0]
    inputs = preprocessing.transform_features(table_of(FLOWERS), "float32")
    assert inputs.dtype == np.float32
    assert inputs.tolist() == [[-1.0, 0.0], [1.0, 0.0], [98.0, 10.0]]


def test_constant_columns_are_noticed_in_one_sentence() -> None:
    table = table_of("a,b,c,y\n1,2,3,4\n1,2,5,4\n1,9,3,5\n")
    roles = Roles("regression", ("a", "b", "c"), ("y",), ())
    notices = fit_preprocessing(table, np.array([0, 1]), roles)[1]
    assert notices == (
        "constant in the training rows, so scaled by 1: features `a`, `b`",
        "constant in the training rows, so scaled by 1: target `y`",
    )
    assert fit_preprocessing(table, np.array([0]), roles)[1] == ()
    unscaled = fit_preprocessing(table, np.array([0, 1]), roles, "none", "none")[1]
    assert unscaled[0] == "constant in the training rows: features `a`, `b`"


def test_columns_are_found_by_name_and_others_left_alone() -> None:
    preprocessing = fitted(FLOWERS, FLOWER_ROLES)
    other = table_of("comment,width,length\nhello,10,3\n")
    assert preprocessing.transform_features(other, "float64").tolist() == [[1.0, 0.0]]


def test_missing_columns_are_refused_with_a_suggestion() -> None:
    preprocessing = fitted(FLOWERS, FLOWER_ROLES)
    with pytest.raises(DataError) as caught:
        preprocessing.transform_features(table_of("lenght,colour\n1,2\n"), "float64")
    assert [*map(str, caught.value.problems)] == [
        "f.csv: there is no column `length`; did you mean `lenght`?",
        "f.csv: there is no column `width`; the columns are `lenght`, `colour`",
    ]
    with pytest.raises(DataError, match="there is no column `species`"):
        preprocessing.transform_targets(table_of("length,width\n1,2\n"), "float64")


def test_class_targets_become_labels() -> None:
    labels = fitted(FLOWERS, FLOWER_ROLES).transform_targets(table_of(FLOWERS), "float32")
    assert labels.dtype == np.int64
    assert labels.tolist() == [1, 0, 1]


def test_regression_targets_are_scaled_and_come_back_in_their_own_units() -> None:
    preprocessing = fitted(LINE, LINE_ROLES)
    targets = preprocessing.transform_targets(table_of(LINE), "float32")
    assert targets.dtype == np.float32
    assert targets.tolist() == [[-1.0, 0.0], [1.0, 0.0], [698.0, 0.0]]
    own_units = preprocessing.inverse_targets(np.array([[-1.0, 0.0], [0.5, 2.0]]))
    assert own_units.dtype == np.float64
    assert own_units.tolist() == [[10.0, 0.0], [25.0, 2.0]]


def test_targets_stay_as_they_are_where_that_is_asked_for() -> None:
    preprocessing = fitted(LINE, LINE_ROLES, target_scaling="none")
    assert preprocessing.transform_targets(table_of(LINE), "float64").tolist() == [
        [10.0, 0.0],
        [30.0, 0.0],
        [7000.0, 0.0],
    ]


def test_text_for_a_regression_is_refused() -> None:
    roles = Roles("regression", ("length",), ("species",), ())
    with pytest.raises(DataError) as caught:
        fitted(FLOWERS, roles)
    assert str(caught.value) == (
        "f.csv:2:3: target `species` holds text (received `b`); a regression needs numbers; "
        "write `task: classification`, or name another column"
    )


def test_a_value_too_large_for_the_precision_is_refused_with_its_place() -> None:
    preprocessing = fitted(FLOWERS, FLOWER_ROLES)
    table = table_of("width,length\n1,2\n3,1e39\n")
    assert np.isfinite(preprocessing.transform_features(table, "float64")).all()
    with pytest.raises(DataError) as caught:
        preprocessing.transform_features(table, "float32")
    assert str(caught.value) == (
        "f.csv:3:2: `length` is too large for float32 once scaled (received 1e+39); "
        "rescale the column"
    )


def test_an_array_is_scaled_as_a_table_of_the_same_rows() -> None:
    preprocessing = fitted(FLOWERS, FLOWER_ROLES)
    scaled = preprocessing.scale_features(np.array([[1.0, 10], [3, 10], [100, 20]]), "float32")
    assert scaled.dtype == np.float32
    of_table = preprocessing.transform_features(table_of(FLOWERS), "float32")
    assert scaled.tobytes() == of_table.tobytes()


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (1e39, "is too large for float32 once scaled (received 1e+39); rescale the column"),
        (-1e308, "is too large for float32 once scaled (received -1e+308); rescale the column"),
        (np.inf, "must be finite (received inf)"),
        (np.nan, "must be finite (received nan)"),
    ],
)
def test_a_value_of_an_array_that_cannot_be_scaled_is_refused_with_its_row(
    value: float, complaint: str
) -> None:
    preprocessing = Preprocessing(
        FLOWER_ROLES,
        Scaler(np.array([0.0, 1e308]), np.array([1.0, 0.5])),
        Scaler(np.empty(0), np.empty(0)),
    )
    values = np.array([[1.0, 1e308], [1.0, value]])
    with pytest.raises(DataError) as caught:
        preprocessing.scale_features(values, "float32")
    assert str(caught.value) == f"row 1 of the inputs: `width` {complaint}"


FINITE = st.floats(allow_nan=False, allow_infinity=False)
POSITIVE = st.floats(min_value=0, exclude_min=True, allow_infinity=False)


def several_names(at_least: int) -> st.SearchStrategy[list[str]]:
    return st.lists(st.text(min_size=1), min_size=at_least, max_size=4, unique=True)


@given(several_names(1), several_names(2), st.data())
def test_preprocessing_restores_exactly(
    names: list[str], classes: list[str], data: st.DataObject
) -> None:
    size = len(names)
    center, scale = (
        data.draw(hnp.arrays(np.float64, size, elements=numbers)) for numbers in (FINITE, POSITIVE)
    )
    preprocessing = Preprocessing(
        Roles("classification", tuple(names), ("y",), tuple(classes)),
        Scaler(center, scale),
        Scaler(np.empty(0), np.empty(0)),
    )
    metadata = json.loads(json.dumps(preprocessing.to_dict()))
    restored = Preprocessing.restore(metadata, preprocessing.arrays())
    assert restored.roles == preprocessing.roles
    assert (restored.task, restored.features) == ("classification", tuple(names))
    assert (restored.targets, restored.classes) == (("y",), tuple(classes))
    for name, array in preprocessing.arrays().items():
        assert restored.arrays()[name].tobytes() == array.tobytes()


def test_restored_preprocessing_transforms_to_the_same_bytes() -> None:
    preprocessing = fitted(LINE, LINE_ROLES)
    restored = Preprocessing.restore(preprocessing.to_dict(), preprocessing.arrays())
    table: Table = table_of(LINE)
    for transform in ("transform_features", "transform_targets"):
        first, second = (
            getattr(one, transform)(table, "float32") for one in (preprocessing, restored)
        )
        assert first.tobytes() == second.tobytes()


FLOWER_FORGERIES: dict[str, tuple[dict[str, Any], str]] = {
    "no such task": ({"task": "magic"}, "its task must be classification or regression"),
    "a task that is no text": ({"task": ["regression"]}, "its task must be"),
    "the other task": ({"task": "regression"}, "its regression must have no classes"),
    "no features": ({"features": []}, "it names no features or no targets"),
    "no targets": ({"targets": []}, "it names no features or no targets"),
    "a feature too many": (
        {"features": ["length", "width", "height"]},
        r"its feature_center must have shape \(3,\) \(received \(2,\)\)",
    ),
    "a feature twice": ({"features": ["x", "x"]}, "its features must differ from each other"),
    "a feature that is no text": ({"features": ["length", 2]}, "its features must be a list"),
    "text for a list": ({"targets": "species"}, "its targets must be a list of names"),
    "classes that are lists": (
        {"classes": [["x"]]},
        r"its classes must be a list of names \(received \[\['x'\]\]\)",
    ),
    "one class": ({"classes": ["a"]}, r"its classes must be two or more \(received 1\)"),
    "a class twice": ({"classes": ["a", "a"]}, "its classes must differ from each other"),
    "classes beside one-hot targets": (
        {"targets": ["a", "b"], "classes": ["b", "a"]},
        "its classes are not its one-hot targets",
    ),
    "a center too many": ({"feature_center": np.zeros(3)}, "its feature_center must have shape"),
    "a number for a center": ({"feature_center": np.array(1.0)}, "must have shape"),
    "a scaled class": ({"target_center": np.zeros(1)}, "its target_center must have shape"),
    "a center without end": ({"feature_center": np.array([0, np.inf])}, "must be finite"),
    "a scale that is none": ({"feature_scale": np.array([1, np.nan])}, "must be finite"),
    "a scale of 0": (
        {"feature_scale": np.array([1.0, 0])},
        r"its feature_scale must be greater than 0 \(received 0\)",
    ),
    "a scale below 0": ({"feature_scale": np.array([-1.0, 1])}, "must be greater than 0"),
}


@pytest.mark.parametrize("forgery", FLOWER_FORGERIES)
def test_what_was_never_written_is_not_restored(forgery: str) -> None:
    forged, message = FLOWER_FORGERIES[forgery]
    preprocessing = fitted(FLOWERS, FLOWER_ROLES)
    metadata, arrays = (
        {name: forged.get(name, value) for name, value in part.items()}
        for part in (preprocessing.to_dict(), preprocessing.arrays())
    )
    with pytest.raises(ValueError, match=message):
        Preprocessing.restore(metadata, arrays)


def test_a_regression_is_restored_with_a_scale_for_each_target() -> None:
    preprocessing = fitted(LINE, LINE_ROLES)
    arrays = preprocessing.arrays() | {"target_scale": np.ones(1)}
    with pytest.raises(ValueError, match="its target_scale must have shape"):
        Preprocessing.restore(preprocessing.to_dict(), arrays)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("abc", "input `width` must hold numbers (received `abc`)"),
        ("1e400", "input `width` has a number too large for float64 (received `1e400`)"),
    ],
)
def test_a_trained_network_says_which_cell_is_no_number(cell: str, message: str) -> None:
    preprocessing = fitted(FLOWERS, FLOWER_ROLES)
    with pytest.raises(DataError, match=re.escape(message)):
        preprocessing.transform_features(table_of(f"length,width\n3,{cell}\n"), "float32")
