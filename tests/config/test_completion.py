from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nnctl.config import Config, config_from_dict
from nnctl.config.completion import DEFAULT_METRICS
from nnctl.config.pairs import CLASSIFICATION_LOSSES, OUTPUT_ACTIVATIONS
from nnctl.config.schema.data import LABEL
from nnctl.config.schema.schedules import CosineSchedule, OneCycleSchedule, ReduceOnPlateauSchedule
from nnctl.config.training_checks import METRICS_OF


def _config(**sections: Any) -> Config:
    data = {"generator": "xor", **sections.pop("data", {})}
    return config_from_dict({"loss": "huber", "data": data, **sections}, Path("/"))


@pytest.mark.parametrize("loss", OUTPUT_ACTIVATIONS)
def test_the_output_activation_follows_from_the_loss(loss: str) -> None:
    activation = _config(loss=loss).model.output.activation
    assert activation is not None
    assert activation.name == OUTPUT_ACTIVATIONS[loss][0]


def test_a_given_output_activation_is_kept() -> None:
    activation = _config(model={"output": {"activation": "softplus"}}).model.output.activation
    assert activation is not None
    assert activation.name == "softplus"


@pytest.mark.parametrize("loss", OUTPUT_ACTIVATIONS)
def test_metrics_follow_from_the_task_when_the_loss_tells_it(loss: str) -> None:
    expected = ("accuracy",) if loss in CLASSIFICATION_LOSSES else None
    assert _config(loss=loss).metrics == expected


@pytest.mark.parametrize("task", DEFAULT_METRICS)
def test_metrics_follow_from_the_task_when_it_is_said(task: str) -> None:
    assert _config(data={"task": task}).metrics == DEFAULT_METRICS[task]
    assert set(DEFAULT_METRICS[task]) <= set(METRICS_OF[task])


def test_an_empty_list_of_metrics_stays_empty() -> None:
    assert _config(loss="hinge", metrics=[]).metrics == ()


@pytest.mark.parametrize(("share", "monitor"), [(0.0, "train_loss"), (0.2, "validation_loss")])
def test_what_is_watched_is_the_validation_loss_if_there_is_one(share: float, monitor: str) -> None:
    config = _config(
        data={"split": {"validation": share}},
        optimizer={"schedule": "reduce_on_plateau"},
        training={"early_stopping": {}},
    )
    assert config.training.early_stopping is not None
    assert config.training.early_stopping.monitor == monitor
    assert isinstance(config.optimizer.schedule, ReduceOnPlateauSchedule)
    assert config.optimizer.schedule.monitor == monitor


@pytest.mark.parametrize(
    ("sources", "monitor"),
    [({"validation_source": "v"}, "validation_loss"), ({"test_source": "t"}, "train_loss")],
)
def test_a_file_of_its_own_is_a_validation_set_too(sources: dict[str, str], monitor: str) -> None:
    data = {"generator": None, "source": "a", "target": "y", **sources}
    config = _config(data=data, training={"early_stopping": {}})
    assert config.training.early_stopping is not None
    assert config.training.early_stopping.monitor == monitor


@pytest.mark.parametrize(
    ("metrics", "monitor"),
    [(None, "train_accuracy"), (["macro_f1"], "train_macro_f1"), ([], "train_loss")],
)
def test_of_a_perceptron_the_first_metric_is_watched(
    metrics: list[str] | None, monitor: str
) -> None:
    config = _config(loss="perceptron", metrics=metrics, training={"early_stopping": {}})
    assert config.training.early_stopping is not None
    assert config.training.early_stopping.monitor == monitor


@pytest.mark.parametrize("name", ["cosine", "one_cycle"])
@pytest.mark.parametrize(
    ("said", "length"),
    [({}, 50), ({"warmup_epochs": 5}, 45), ({"epochs": 7}, 7), ({"warmup_epochs": 60}, 1)],
)
def test_a_schedule_lasts_for_all_epochs_after_the_warm_up(
    name: str, said: dict[str, int], length: int
) -> None:
    config = _config(training={"epochs": 50}, optimizer={"schedule": {"name": name, **said}})
    assert isinstance(config.optimizer.schedule, CosineSchedule | OneCycleSchedule)
    assert config.optimizer.schedule.epochs == length


def test_an_order_alone_makes_a_column_ordinal() -> None:
    columns = {"size": {"order": ["s", "l"]}, "mass": {"scaling": "log"}, "sex": "boolean"}
    said = _config(data={"columns": columns}).data.columns
    assert {name: column.kind for name, column in said.items()} == {
        "size": "ordinal",
        "mass": None,
        "sex": "boolean",
    }


def test_the_target_beside_a_file_of_labels_is_its_column() -> None:
    data = {"generator": None, "source": "images", "labels": "labels"}
    assert _config(data=data).data.target == LABEL
    assert _config().data.target is None
