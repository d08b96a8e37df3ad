"""Features, targets and task are what the config says, or what the loss and the data tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nnctl.config import config_from_dict
from nnctl.data.roles import Roles, resolve_roles
from nnctl.errors import DataError
from tests.data.tables import table_of

TEXT = """
    a,b,species,count,weight,is_x,is_y
    1,2,x,1,1,1,0
    3,4,y,2,1,0,1
    5,6,x,1,0,1,0
"""


def roles_of(text: str = TEXT, loss: str = "mean_squared_error", **data: Any) -> Roles:
    data = {"source": "f.csv", **data}
    config = config_from_dict({"data": data, "loss": loss}, Path("/"))
    return resolve_roles(config, table_of(text))


def test_features_are_all_other_columns_in_the_order_of_the_file() -> None:
    roles = roles_of(target="count", sample_weight="weight")
    assert roles.features == ("a", "b", "species", "is_x", "is_y")


def test_features_that_are_listed_keep_their_order() -> None:
    assert roles_of(target="count", features=["b", "a"]).features == ("b", "a")


@pytest.mark.parametrize(
    ("data", "loss", "task"),
    [
        ({"target": "species"}, "mean_squared_error", "classification"),
        ({"target": "count"}, "mean_squared_error", "regression"),
        ({"target": "count"}, "huber", "regression"),
        ({"target": "count"}, "categorical_cross_entropy", "classification"),
        ({"target": "count"}, "perceptron", "classification"),
        ({"target": "count", "task": "classification"}, "mean_squared_error", "classification"),
        ({"target": ["is_x", "is_y"]}, "mean_squared_error", "regression"),
        ({"target": ["is_x", "is_y"]}, "categorical_cross_entropy", "classification"),
    ],
)
def test_the_task_follows_from_the_config_the_loss_or_the_target(
    data: dict[str, Any], loss: str, task: str
) -> None:
    assert roles_of(loss=loss, features=["a", "b"], **data).task == task


def test_classes_are_those_of_the_target() -> None:
    features = ["a", "b"]
    assert roles_of(target="species", features=features).classes == ("x", "y")
    assert roles_of(target="count", features=features).classes == ()
    one_hot = roles_of(target=["is_y", "is_x"], loss="categorical_cross_entropy", features=features)
    assert one_hot.classes == ("is_y", "is_x")


def test_a_column_of_numbers_with_a_mistake_does_not_become_classes() -> None:
    assert roles_of("a,y\n1,2\n3,4\n5,six\n", target="y").task == "regression"


def test_a_generator_makes_its_own_target() -> None:
    labelled = "x1,x2,label\n0,0,0\n1,1,1\n"
    roles = roles_of(labelled, source=None, generator="xor")
    assert (roles.task, roles.targets, roles.classes) == ("classification", ("label",), ("0", "1"))
    assert roles.features == ("x1", "x2")
    assert roles_of(labelled, source=None, generator="xor", task="regression").classes == ()
    roles = roles_of("x,y\n0,1\n1,3\n", source=None, generator="linear")
    assert (roles.task, roles.targets, roles.classes) == ("regression", ("y",), ())
    roles = roles_of(labelled, source=None, generator="xor", target="x2", features=["x1"])
    assert (roles.task, roles.targets) == ("regression", ("x2",))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            {"target": "speceis"},
            "f.csv: there is no column `speceis`; did you mean `species`?",
        ),
        (
            {"target": "count", "features": ["a", "c"]},
            "f.csv: there is no column `c`; the columns are "
            "`a`, `b`, `species`, `count`, `weight`, `is_x`, `is_y`",
        ),
        (
            {"target": "count", "sample_weight": "wieght"},
            "f.csv: there is no column `wieght`; did you mean `weight`?",
        ),
    ],
)
def test_a_column_that_is_not_there_is_refused(data: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        roles_of(**data)
    assert str(caught.value) == message


def test_a_target_alone_is_no_data_to_learn_from() -> None:
    with pytest.raises(DataError) as caught:
        roles_of("y\n1\n2\n", target="y")
    assert str(caught.value) == (
        "f.csv: no column is left for a feature; add one beside the target"
    )


def test_a_feature_cannot_be_the_target_that_a_generator_made() -> None:
    with pytest.raises(DataError) as caught:
        roles_of("x1,label\n0,1\n1,0\n", source=None, generator="not", features=["x1", "label"])
    assert str(caught.value) == (
        "f.csv: `label` cannot be a feature, since it is the target or the sample weight; "
        "take it out of `features`"
    )
