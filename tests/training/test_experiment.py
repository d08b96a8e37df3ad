from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.config import load_config
from nnctl.errors import DataError, DivergenceError, RunError
from nnctl.runs.checkpoint import read_checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.runs.history import read_history
from nnctl.runs.lock import hold_run, is_held
from nnctl.training.baselines import fit_baselines
from nnctl.training.experiment import Experiment, start_experiment
from nnctl.training.inference import load_model
from tests.training.experiments import (
    FLOAT64,
    UNCHANGED,
    Settings,
    classification,
    column,
    started,
    trained,
    write_csv,
)

REPEATABLE = ("metrics", "last", "best")
DATASETS = Path(__file__).parents[2] / "datasets"
IRIS = """\
seed: 7
data: {source: iris.csv, target: species, split: {validation: 0.2, test: 0.2}}
model:
  hidden: [{units: 6, normalization: batch, dropout: 0.2}, {units: 5, activation: tanh}]
loss: categorical_cross_entropy
optimizer: {learning_rate: 0.02, schedule: {name: one_cycle}}
training: {epochs: 4, batch_size: 16, class_weight: balanced}
metrics: [accuracy, macro_f1]
expect: {test_accuracy: {min: 0.1}, validation_log_loss: {max: 100}}
"""


def status(experiment: Experiment) -> Any:
    return json.loads(experiment.run.run_json.read_text())["status"]


def file_bytes(run: RunDirectory) -> dict[str, bytes]:
    return {name: getattr(run, name).read_bytes() for name in REPEATABLE}


def iris(directory: Path, runs: str = "runs", text: str = IRIS) -> RunDirectory:
    """Train iris by a config file and a copy of the data in `directory`."""
    directory.mkdir(exist_ok=True)
    shutil.copy(DATASETS / "iris.csv", directory)
    (directory / "iris.yaml").write_text(text)
    return by_file(directory / "iris.yaml", directory / runs)


def by_file(config: Path, runs_dir: Path) -> RunDirectory:
    experiment = start_experiment(load_config(config), runs_dir)
    for _ in experiment.epochs():
        pass
    experiment.finish()
    return experiment.run


def test_the_same_config_and_seed_give_the_same_bytes_wherever_they_are(tmp_path: Path) -> None:
    first = iris(tmp_path / "here")
    others = [iris(tmp_path / "here"), iris(tmp_path / "elsewhere", runs="other/runs")]
    others.append(by_file(first.config, tmp_path / "again"))
    assert [run.name for run in others] == ["iris-2", "iris", "iris"]
    for other in others:
        assert file_bytes(other) == file_bytes(first)


def test_another_seed_gives_another_network(tmp_path: Path) -> None:
    first, second = iris(tmp_path), iris(tmp_path, text=IRIS.replace("seed: 7", "seed: 8"))
    for name, content in file_bytes(first).items():
        assert content != file_bytes(second)[name]


def test_checkpoints_hold_no_path_and_no_clock(tmp_path: Path) -> None:
    run = iris(tmp_path)
    year = json.loads(run.run_json.read_text())["started"][:4]
    assert str(tmp_path) in run.config.read_text()
    for path in (run.last, run.best):
        content = path.read_bytes()
        assert b"iris.csv" in content
        assert str(tmp_path).encode() not in content
        assert not re.search(rf"{year}-\d\d-\d\d".encode(), content)


def test_a_run_writes_down_what_it_came_to(tmp_path: Path) -> None:
    run = iris(tmp_path)
    record = json.loads(run.run_json.read_text())
    summary = json.loads(run.summary.read_text())
    history = read_history(run.metrics)
    assert (record["status"], record["seed"], record["threads"]) == ("finished", 7, 1)
    assert {k: v for k, v in record["data"].items() if k.endswith("rows")} == {
        "train_rows": 90,
        "validation_rows": 30,
        "test_rows": 30,
    }
    assert summary["epochs"] == 4
    assert summary["final"] == {name: values[-1] for name, values in history.items()}
    best = 1 + int(np.argmin(history["validation_loss"]))
    assert summary["best_epoch"] == best
    assert summary["best"]["validation_loss"] == pytest.approx(
        history["validation_loss"][best - 1], rel=1e-6
    )
    assert summary["confusion"]["set"] == "test"
    assert np.sum(summary["confusion"]["matrix"]) == 30
    assert [bar["met"] for bar in summary["expect"]] == [True, True]
    assert summary["expect"][1]["value"] == summary["best"]["validation_log_loss"]


def test_every_column_of_the_history_says_its_set_and_metric(tmp_path: Path) -> None:
    assert [*read_history(iris(tmp_path).metrics)] == [
        "epoch",
        "learning_rate",
        "train_loss",
        "train_accuracy",
        "train_macro_f1",
        "validation_loss",
        "validation_accuracy",
        "validation_macro_f1",
    ]


def test_the_row_of_an_epoch_is_in_the_file_before_the_next_begins(tmp_path: Path) -> None:
    experiment = started(tmp_path, classification())
    assert read_history(experiment.run.metrics)["epoch"] == []
    for result in experiment.epochs():
        history = read_history(experiment.run.metrics)
        assert history["epoch"][-1] == result.epoch
        assert history["train_loss"][-1] == result.values["train_loss"]


GETTING_WORSE: Settings = {  # the first epoch is the best: too large a step back and forth
    "data": {"generator": "linear", "scaling": "none", "target_scaling": "none"},
    "loss": "mean_squared_error",
    "optimizer": {"name": "sgd", "learning_rate": 1.5},
    "training": {"epochs": 8, "batch_size": "full"},
    "compute": FLOAT64,
    "expect": {"train_loss": {"max": 1e9}},
}


def test_the_best_network_is_kept_and_used_apart_from_the_last(tmp_path: Path) -> None:
    experiment = trained(tmp_path, GETTING_WORSE)
    summary = experiment.finish()
    losses = column(experiment, "train_loss")
    assert losses == sorted(losses)
    last, best = read_checkpoint(experiment.run.last), read_checkpoint(experiment.run.best)
    assert summary["best_epoch"] == best.metadata["epoch"] == 1
    assert last.metadata["epoch"] == 8
    np.testing.assert_array_equal(best.arrays["parameters"], last.arrays["best_parameters"])
    assert not np.array_equal(best.arrays["parameters"], last.arrays["parameters"])
    # A full batch's loss is that of the weights before the step, and they are what is kept.
    assert summary["best"]["train_loss"] == pytest.approx(losses[0], rel=1e-12)
    assert summary["expect"][0]["value"] == summary["best"]["train_loss"]
    network = load_model(experiment.run.best).network
    np.testing.assert_array_equal(network.parameters, best.arrays["parameters"])


def test_training_that_stops_early_says_so(tmp_path: Path) -> None:
    training = {"epochs": 99, "batch_size": "full", "early_stopping": {"patience": 2}}
    experiment = trained(tmp_path, classification(optimizer=UNCHANGED, training=training))
    summary = experiment.finish()
    assert (summary["epochs"], summary["stopped_early"], summary["best_epoch"]) == (3, True, 1)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (KeyboardInterrupt, "interrupted"),
        (GeneratorExit, "interrupted"),
        (SystemExit, "interrupted"),
        (DataError, "failed"),
        (ZeroDivisionError, "failed"),
        (DivergenceError, "diverged"),
    ],
)
def test_run_json_says_how_training_ended(
    tmp_path: Path, error: type[BaseException], expected: str
) -> None:
    experiment = started(tmp_path, classification(training={"epochs": 50}))
    assert status(experiment) == "running"
    epochs = experiment.epochs()
    for _ in range(7):
        next(epochs)
    assert status(experiment) == "running"
    assert isinstance(epochs, Iterator)
    with pytest.raises(error):
        epochs.throw(error("stop"))
    assert status(experiment) == expected
    last = read_checkpoint(experiment.run.last)
    assert last.metadata["epoch"] == len(last.arrays["history"]) == 7
    assert read_history(experiment.run.metrics)["epoch"] == [*range(1, 8)]


def test_a_run_whose_epochs_are_done_is_trained_then_finished(tmp_path: Path) -> None:
    experiment = trained(tmp_path, classification())
    assert status(experiment) == "trained"
    experiment.finish()
    assert status(experiment) == "finished"


def test_a_run_is_held_until_it_is_summed_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment, seen = trained(tmp_path, classification()), []

    def looking(*arguments: Any) -> Any:
        seen.append(is_held(experiment.run))
        return fit_baselines(*arguments)

    monkeypatch.setattr("nnctl.training.experiment.fit_baselines", looking)
    experiment.finish()
    assert (seen, is_held(experiment.run)) == ([True], False)


def test_a_run_that_another_process_trains_is_left_alone(tmp_path: Path) -> None:
    experiment = started(tmp_path, classification())
    before = experiment.run.run_json.read_bytes()
    with hold_run(experiment.run), pytest.raises(RunError, match="is being trained by another"):
        list(experiment.epochs())
    assert experiment.run.run_json.read_bytes() == before
    assert experiment.history == []


def test_a_diverged_run_keeps_its_last_good_checkpoint(tmp_path: Path) -> None:
    diverging = GETTING_WORSE | {
        "optimizer": {"name": "sgd", "learning_rate": 1e40},
        "training": {"epochs": 50, "batch_size": "full"},
    }
    experiment = started(tmp_path, diverging)
    with pytest.raises(DivergenceError, match=r"diverged in epoch \d+, batch 1: the loss"):
        list(experiment.epochs())
    assert status(experiment) == "diverged"
    epochs = len(read_history(experiment.run.metrics)["epoch"])
    assert epochs == len(experiment.history) > 1
    assert read_checkpoint(experiment.run.last).metadata["epoch"] == epochs
    for path in (experiment.run.best, experiment.run.last):
        assert np.isfinite(load_model(path).network.parameters).all()


def test_a_run_that_diverges_in_a_later_batch_leaves_the_same_bytes_each_time(
    tmp_path: Path,
) -> None:
    diverging = GETTING_WORSE | {
        "optimizer": {"name": "sgd", "learning_rate": 1.2},
        "training": {"epochs": 9999, "batch_size": 30},
    }
    contents = []
    for _ in range(2):
        experiment = started(tmp_path, diverging)
        with pytest.raises(DivergenceError):
            list(experiment.epochs())
        run = experiment.run
        contents.append([path.read_bytes() for path in (run.last, run.best, run.metrics)])
        assert read_checkpoint(run.last).metadata["epoch"] == len(experiment.history) > 3
    assert contents[0] == contents[1]


def test_a_disk_that_fails_at_the_end_does_not_hide_why_training_ended(tmp_path: Path) -> None:
    experiment = started(tmp_path, classification(training={"epochs": 50}))
    epochs = experiment.epochs()
    next(epochs)
    shutil.rmtree(experiment.run.path)
    with pytest.raises(KeyboardInterrupt):
        epochs.throw(KeyboardInterrupt)


def test_nothing_is_left_where_the_data_cannot_be_used(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "x y \n 1 a \n 2 3")
    data = {"source": str(path), "target": "y", "task": "regression"}
    with pytest.raises(DataError):
        started(tmp_path, {"data": data, "loss": "mean_squared_error"})
    assert not (tmp_path / "runs").exists()
