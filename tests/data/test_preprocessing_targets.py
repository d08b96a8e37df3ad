"""Targets become what the loss takes, and outputs come back in the targets' own units."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnctl.data.fitting import fit_preprocessing
from nnctl.data.preprocessing import Preprocessing
from nnctl.data.roles import Roles
from nnctl.data.wishes import Wish
from nnctl.errors import DataError
from tests.data.columns import built
from tests.data.fits import data_config
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


def of_first_two(text: str, roles: Roles, **data: Any) -> Preprocessing:
    """Fit on the first two rows of a table of three."""
    return fit_preprocessing(table_of(text), np.array([0, 1]), roles, data_config(**data))[0]


@pytest.mark.parametrize(
    ("task", "targets", "classes", "kind"),
    [
        ("classification", ("y",), ("0", "1"), "text"),
        ("classification", ("y", "z"), ("y", "z"), "number"),
        ("regression", ("y",), (), "number"),
        ("regression", ("y", "z"), (), "number"),
    ],
)
def test_classes_are_read_as_text(task: Any, targets: Any, classes: Any, kind: Any) -> None:
    table = built({"x": [1.0, 2.0], "y": [0.0, 1.0], "z": [1.0, 0.0]})
    roles = Roles(task, ("x",), targets, classes)
    preprocessing = fit_preprocessing(table, np.array([0, 1]), roles, data_config())[0]
    wishes = preprocessing.wishes(with_targets=True)
    assert [wishes.of(name) for name in targets] == [Wish(kind, "target")] * len(targets)


def test_class_targets_become_labels() -> None:
    labels = of_first_two(FLOWERS, FLOWER_ROLES).transform_targets(table_of(FLOWERS), "float32")
    assert labels.dtype == np.int64
    assert labels.tolist() == [1, 0, 1]


def test_regression_targets_are_scaled_and_come_back_in_their_own_units() -> None:
    preprocessing = of_first_two(LINE, LINE_ROLES)
    targets = preprocessing.transform_targets(table_of(LINE), "float32")
    assert targets.dtype == np.float32
    assert targets.tolist() == [[-1.0, 0.0], [1.0, 0.0], [698.0, 0.0]]
    own_units = preprocessing.inverse_targets(np.array([[-1.0, 0.0], [0.5, 2.0]]))
    assert own_units.dtype == np.float64
    assert own_units.tolist() == [[10.0, 0.0], [25.0, 2.0]]


def test_targets_stay_as_they_are_where_that_is_asked_for() -> None:
    preprocessing = of_first_two(LINE, LINE_ROLES, target_scaling="none")
    assert preprocessing.transform_targets(table_of(LINE), "float64").tolist() == [
        [10.0, 0.0],
        [30.0, 0.0],
        [7000.0, 0.0],
    ]


def test_text_for_a_regression_is_refused() -> None:
    roles = Roles("regression", ("length",), ("species",), ())
    with pytest.raises(DataError) as caught:
        of_first_two(FLOWERS, roles)
    assert str(caught.value) == (
        "f.csv:2:3: target `species` holds text (received `b`); a regression needs numbers; "
        "write `task: classification`, or name another column"
    )


def test_a_target_too_large_for_the_precision_is_refused_with_its_place() -> None:
    with pytest.raises(DataError) as caught:
        of_first_two(LINE, LINE_ROLES).transform_targets(table_of("y,z\n1,2\n3,-4e38\n"), "float32")
    assert str(caught.value) == (
        "f.csv:3:2: `z` is too large for float32 once scaled (received -4e+38); rescale the column"
    )
