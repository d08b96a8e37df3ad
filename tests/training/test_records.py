from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from nnctl.nn.optimizers import OPTIMIZERS
from nnctl.runs.checkpoint import checkpoint_bytes
from nnctl.training.records import (
    Bar,
    best_checkpoint,
    history_columns,
    last_checkpoint,
    measure_bars,
)
from tests.training.experiments import (
    Settings,
    classification,
    config_of,
    regression,
    started,
    trained,
    write_csv,
)

TO_PREDICT = {
    "parameters",
    "state",
    "feature_fill",
    "feature_center",
    "feature_scale",
    "feature_lowest",
    "feature_highest",
    "target_center",
    "target_scale",
    "class_weight",
}
TO_GO_ON = TO_PREDICT | {
    "observations",
    "observed_epochs",
    "trajectory_epochs",
    "trajectory_parameters",
    "trajectory_state",
    "best_parameters",
    "best_state",
    "history",
    "split_train",
    "split_validation",
    "split_test",
}


def with_everything() -> Settings:
    hidden = [{"units": 4, "normalization": "batch"}]
    training = {"epochs": 3, "class_weight": "balanced"}
    schedule = {"name": "reduce_on_plateau"}
    settings = classification(
        model={"hidden": hidden}, training=training, optimizer={"schedule": schedule}
    )
    settings["data"] |= {"split": {"validation": 0.2, "test": 0.2}}
    return settings


@pytest.mark.parametrize("validation", [0.0, 0.2])
@pytest.mark.parametrize("metrics", [[], ["accuracy", "roc_auc"]])
def test_columns_are_named_by_set_and_metric(
    tmp_path: Path, validation: float, metrics: list[str]
) -> None:
    settings = classification(metrics=metrics)
    settings["data"] |= {"split": {"validation": validation}}
    experiment = trained(tmp_path, settings)
    sets = ["train", "validation"] if validation else ["train"]
    measured = [f"{name}_{metric}" for name in sets for metric in ("loss", *metrics)]
    columns = history_columns(experiment.config, experiment.dataset)
    assert columns == ("epoch", "learning_rate", *measured)
    assert {*experiment.history[0]} == {*columns}


def test_the_last_checkpoint_holds_all_that_is_needed_to_go_on(tmp_path: Path) -> None:
    experiment = trained(tmp_path, with_everything())
    trainer = experiment.assembly.trainer
    last = last_checkpoint(
        experiment.config, experiment.dataset, experiment.assembly, experiment.history
    )
    slots = {f"optimizer_{name}" for name in trainer.optimizer.slots}
    assert len(slots) == 2  # adam's
    assert {*last.arrays} == TO_GO_ON | slots
    assert last.metadata["epoch"] == 3
    assert last.metadata["optimizer_steps"] == trainer.optimizer.steps == 3 * math.ceil(300 / 32)
    assert last.metadata["stopping"] == trainer.stopping.state()
    assert last.metadata["learning_rate"] == trainer.learning_rate.state() != {}
    assert last.metadata["data"] == experiment.dataset.fingerprints
    columns = last.metadata["history_columns"]
    assert last.arrays["history"].tolist() == [
        [row[name] for name in columns] for row in experiment.history
    ]
    rows = [*(last.arrays[f"split_{name}"] for name in ("train", "validation", "test"))]
    assert sorted(np.concatenate(rows).tolist()) == list(range(500))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_state_of_every_optimizer_is_kept(tmp_path: Path, name: str) -> None:
    experiment = trained(tmp_path, classification(optimizer={"name": name}))
    last = last_checkpoint(experiment.config, experiment.dataset, experiment.assembly, [])
    for slot, array in experiment.assembly.trainer.optimizer.slots.items():
        np.testing.assert_array_equal(last.arrays[f"optimizer_{slot}"], array)
    assert last.arrays["history"].shape == (0, 4)


def test_the_best_checkpoint_holds_what_is_needed_to_predict(tmp_path: Path) -> None:
    experiment = trained(tmp_path, with_everything())
    last = last_checkpoint(
        experiment.config, experiment.dataset, experiment.assembly, experiment.history
    )
    best = best_checkpoint(last)
    assert {*best.arrays} == TO_PREDICT
    trainer = experiment.assembly.trainer
    np.testing.assert_array_equal(best.arrays["parameters"], trainer.best_parameters)
    np.testing.assert_array_equal(best.arrays["state"], trainer.best_state)
    assert {*best.metadata} == {"config", "preprocessing", "epoch", "data"}
    assert best.metadata["epoch"] == experiment.assembly.trainer.stopping.best_epoch


def test_before_the_first_epoch_the_best_is_the_beginning(tmp_path: Path) -> None:
    experiment = started(tmp_path, classification())
    last = last_checkpoint(experiment.config, experiment.dataset, experiment.assembly, [])
    best = best_checkpoint(last)
    assert best.metadata["epoch"] == 0
    np.testing.assert_array_equal(best.arrays["parameters"], last.arrays["parameters"])
    assert experiment.run.last.read_bytes() == checkpoint_bytes(last)
    assert experiment.run.best.read_bytes() == checkpoint_bytes(best)


def test_a_regression_keeps_the_scale_of_its_targets(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "x y \n 1 10 \n 2 30")
    settings = regression(path, data={"source": str(path), "target": "y"}, training={"epochs": 1})
    experiment = trained(tmp_path, settings)
    last = last_checkpoint(experiment.config, experiment.dataset, experiment.assembly, [])
    assert last.arrays["target_center"].tolist() == [20]
    assert last.arrays["target_scale"].tolist() == [10]
    assert "class_weight" not in last.arrays


@pytest.mark.parametrize(
    ("minimum", "maximum", "value", "met", "sentence"),
    [
        (0.9, None, 0.9, True, "m is 0.9, expected at least 0.9"),
        (0.9, None, 0.875, False, "m is 0.875, expected at least 0.9"),
        (None, 0.5, 0.5, True, "m is 0.5, expected at most 0.5"),
        (None, 0.5, 0.75, False, "m is 0.75, expected at most 0.5"),
        (0.1, 0.2, 0.15, True, "m is 0.15, expected at least 0.1 and at most 0.2"),
        (0.9, None, math.nan, False, "m is nan, expected at least 0.9"),
        (None, 0.5, math.nan, False, "m is nan, expected at most 0.5"),
        (None, 0.5, -math.inf, True, "m is -inf, expected at most 0.5"),
    ],
)
def test_a_bar_is_met_within_its_bounds(
    minimum: float | None, maximum: float | None, value: float, met: bool, sentence: str
) -> None:
    bar = Bar("m", minimum, maximum, value)
    assert bar.met is met
    assert str(bar) == sentence
    assert bar.to_dict() | {"value": None} == {
        "metric": "m",
        "min": minimum,
        "max": maximum,
        "value": None,
        "met": met,
    }


def test_bars_are_those_of_the_config_in_order(tmp_path: Path) -> None:
    expect = {"train_loss": {"max": 1}, "train_accuracy": {"min": 0.5, "max": 0.75}}
    config = config_of(tmp_path, classification(expect=expect))
    bars = measure_bars(config, {"train_accuracy": 0.6, "train_loss": 2.0})
    assert bars == [Bar("train_loss", None, 1, 2.0), Bar("train_accuracy", 0.5, 0.75, 0.6)]
    assert [bar.met for bar in bars] == [False, True]
