from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nnctl.analysis.case import Case, open_case
from nnctl.analysis.remedies import (
    alternatives,
    can_be_set,
    layer_key,
    scaled_data,
    usual_beginning,
)
from tests.analysis.ill_runs import layers, rows, trained_run, write_files


def case_of(directory: Path, **settings: Any) -> Case:
    write_files(directory)
    training = {"training": {"epochs": 1}, "loss": "mean_squared_error"}
    return open_case(trained_run(directory, {**rows("line"), **training, **settings}))


def test_alternatives_without_a_setting_are_none() -> None:
    assert alternatives(["a=1", "b=2"], [], ("c=3",)) == (("a=1", "b=2"), ("c=3",))


@pytest.mark.parametrize(
    ("keys", "offered"),
    [
        ({}, []),
        ({"initializer": "he_normal"}, []),  # which a relu has anyway
        ({"initializer": "xavier_uniform"}, ["model.hidden.0.initializer=null"]),
        (
            {"bias_initializer": {"name": "constant", "value": -5}},
            ["model.hidden.0.bias_initializer=zeros"],
        ),
    ],
)
def test_the_usual_beginning_is_offered_where_a_config_has_another(
    tmp_path: Path, keys: Any, offered: list[str]
) -> None:
    case = case_of(tmp_path, **layers(3, "relu", **keys))
    assert usual_beginning(case, [0, 1]) == offered
    assert [layer_key(case, layer) for layer in (0, 1)] == ["model.hidden.0", "model.output"]


@pytest.mark.parametrize(
    ("keys", "offered"),
    [
        ({}, []),
        (
            {"scaling": "none", "target_scaling": "none"},
            ["data.scaling=standardize", "data.target_scaling=standardize"],
        ),
        ({"columns": {"x": {"scaling": "none"}}}, ["data.columns.x.scaling=standardize"]),
        ({"columns": {"x": {"scaling": "min_max"}}}, []),
    ],
)
def test_scaling_is_offered_for_what_comes_in_as_it_is(
    tmp_path: Path, keys: Any, offered: list[str]
) -> None:
    assert scaled_data(case_of(tmp_path, **rows("line", **keys))) == offered


@pytest.mark.parametrize(
    ("name", "possible"),
    [("a b", True), ("a.b", False), ("a=b", False), (" a", False), ("\n", False)],
)
def test_a_column_is_named_behind_set_only_where_that_is_read_as_its_name(
    name: str, possible: bool
) -> None:
    assert can_be_set(name) is possible
