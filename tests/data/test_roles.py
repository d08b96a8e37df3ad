"""Features, targets and task are what the config says, or what the loss and the data tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nnctl.config import Config, config_from_dict
from nnctl.data.generators import GENERATORS
from nnctl.data.roles import Roles, resolve_roles, wishes_of
from nnctl.data.streams import stream
from nnctl.data.wishes import Wish, Wishes
from nnctl.errors import DataError
from tests.data.tables import table_of

TEXT = """
    a,b,species,count,weight,is_x,is_y
    1,2,x,1,1,1,0
    3,4,y,2,1,0,1
    5,6,x,1,0,1,0
"""


def roles_of(text: str = TEXT, loss: str = "mean_squared_error", **data: Any) -> Roles:
    config = config_of(loss, **data)
    return resolve_roles(config, table_of(text, wishes_of(config)))


def config_of(loss: str = "mean_squared_error", **data: Any) -> Config:
    data = {"source": "f.csv", **data}
    return config_from_dict({"data": data, "loss": loss}, Path("/"))


def wishes(loss: str = "mean_squared_error", **data: Any) -> Wishes:
    return wishes_of(config_of(loss, **data))


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
    with pytest.raises(DataError, match=r"f\.csv:4:2: target `y` must hold numbers"):
        roles_of("a,y\n1,2\n3,4\n5,six\n", target="y")


def test_group_and_weight_and_what_is_ignored_are_no_features() -> None:
    roles = roles_of(
        target="count",
        group="species",
        sample_weight="weight",
        columns={"is_x": "ignored", "is_y": {"kind": "ignored"}},
    )
    assert roles.features == ("a", "b")


def test_what_is_ignored_of_a_generator_is_no_feature() -> None:
    labelled = "x1,x2,label\n0,0,0\n1,1,1\n"
    roles = roles_of(labelled, source=None, generator="xor", columns={"x1": "ignored"})
    assert roles.features == ("x2",)
    table = GENERATORS["xor"](stream(1, "generator"))
    config = config_of(source=None, generator="xor", columns={"x1": "ignored"})
    assert resolve_roles(config, table).features == ("x2",)


@pytest.mark.parametrize("features", [None, ["a", "b"]])
def test_only_what_is_looked_at_is_read(features: list[str] | None) -> None:
    asked = wishes(
        target="count",
        features=features,
        sample_weight="weight",
        group="patient",
        columns={"comment": "ignored", "a": "categorical"},
    )
    assert asked.of("a") == Wish("text", "feature")
    assert asked.of("b") == Wish(None, "feature")
    assert asked.of("comment") is None
    assert asked.of("other") == (Wish() if features is None else None)
    assert asked.of("weight") == Wish("number", "sample weight")
    assert asked.of("patient") == Wish("text", "group")


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("numeric", "number"),
        ("categorical", "text"),
        ("boolean", "text"),
        ({"order": ["s", "l"]}, "text"),
        ({"missing": "mean"}, None),
    ],
)
def test_a_feature_is_read_as_its_kind_says(column: Any, kind: Any) -> None:
    for features in (None, ["x", "z"]):
        asked = wishes(target="y", features=features, columns={"x": column})
        assert asked.of("x") == Wish(kind, "feature")
        assert asked.of("z") == Wish(None, "feature")


@pytest.mark.parametrize(
    ("data", "loss", "wish"),
    [
        ({"target": "y"}, "mean_squared_error", Wish(None, "target")),
        ({"target": "y"}, "huber", Wish(None, "target")),
        ({"target": "y"}, "categorical_cross_entropy", Wish("text", "target")),
        ({"target": "y", "task": "classification"}, "mean_squared_error", Wish("text", "target")),
        ({"target": "y", "task": "regression"}, "mean_squared_error", Wish("number", "target")),
        ({"target": ["y", "z"]}, "mean_squared_error", Wish("number", "target")),
        ({"target": ["y", "z"]}, "categorical_cross_entropy", Wish("number", "one-hot target")),
    ],
)
def test_a_target_is_read_as_its_task_wants_it(data: dict[str, Any], loss: str, wish: Wish) -> None:
    asked = wishes(loss, **data)
    assert asked.of("y") == wish


def test_classes_are_written_as_the_file_has_them() -> None:
    text = "a,y\n1,07\n2,1e1\n3,x\n"
    assert roles_of(text, "categorical_cross_entropy", target="y").classes == ("10", "7", "x")


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
        (
            {"target": "count", "group": "weigth"},
            "f.csv: there is no column `weigth`; did you mean `weight`?",
        ),
        (
            {"target": "count", "columns": {"spezies": "ignored"}},
            "f.csv: there is no column `spezies`; did you mean `species`?",
        ),
        (
            {"target": "count", "features": ["a"], "columns": {"B": "numeric"}},
            "f.csv: there is no column `B`; did you mean `b`?",
        ),
    ],
)
def test_a_column_that_is_not_there_is_refused(data: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        roles_of(**data)
    assert str(caught.value) == message


def test_a_configured_column_need_not_be_a_feature() -> None:
    roles = roles_of(target="count", features=["a"], columns={"b": "numeric", "species": "ignored"})
    assert roles.features == ("a",)


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
