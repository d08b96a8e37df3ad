from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.data.dataset import load_dataset
from nnctl.data.folds import Fold
from nnctl.nn.optimizers import OPTIMIZERS
from nnctl.runs.checkpoint import read_checkpoint, save_checkpoint
from nnctl.runs.history import read_history
from nnctl.training.experiment import create_experiment
from nnctl.training.resuming import resume_experiment
from tests.training.experiments import Settings, column, config_of, started
from tests.training.pauses import contents, ended, paused, resumed, straight

EPOCHS, BATCHES = 3, 3  # of each of the trainings
SHAPE: Settings = {
    "data": {"generator": {"name": "moons", "samples": 40}, "split": {"validation": 0.25}},
    "model": {"hidden": [{"units": 4, "activation": "tanh"}]},
    "loss": "binary_cross_entropy",
    "optimizer": {"learning_rate": 0.05},
    "training": {"epochs": EPOCHS, "batch_size": 12},
}


def with_sections(**sections: Any) -> Settings:
    """Return the small training with other keys in its sections."""
    return {**SHAPE, **{name: SHAPE.get(name, {}) | keys for name, keys in sections.items()}}


def layer(**keys: Any) -> Settings:
    return with_sections(model={"hidden": [{"units": 6, **keys}, {"units": 3}]})


def schedule(name: str, **keys: Any) -> Settings:
    return with_sections(optimizer={"learning_rate": 0.3, "schedule": {"name": name, **keys}})


def table(data: Settings, **sections: Any) -> Settings:
    """Return a training on the rows of `rows.csv`."""
    data = {"source": "rows.csv", "split": {"validation": 0.2}, "target": "y", **data}
    return {**with_sections(**sections), "data": data}


CASES: dict[str, Settings] = {
    **{
        f"the optimizer {name}": with_sections(
            optimizer={"name": name, "learning_rate": 0.01, "schedule": "constant"}
        )
        for name in OPTIMIZERS
    },
    "momentum": with_sections(optimizer={"name": "sgd", "momentum": 0.9, "nesterov": True}),
    "amsgrad": with_sections(optimizer={"name": "adam", "amsgrad": True, "weight_decay": 0.1}),
    "dropout": layer(dropout=0.4),
    "batch normalization": layer(normalization="batch"),
    "layer normalization and dropout": layer(normalization="layer", dropout=0.2),
    "a schedule that watches": schedule("reduce_on_plateau", patience=1, min_delta=0.2),
    "a schedule of a fixed length": schedule("one_cycle", warmup_epochs=1),
    "early stopping": with_sections(
        training={"epochs": 9, "early_stopping": {"patience": 2, "min_delta": 0.5}}
    ),
    "class weights": with_sections(training={"class_weight": {"0": 1, "1": 3}}),
    "sample weights": table({"sample_weight": "w"}),
    "a grouped split": table({"group": "g", "features": ["a", "b"]}),
    "several targets": {**table({"target": ["a", "w"]}), "loss": "mean_squared_error"},
    "full batch": with_sections(training={"epochs": 6, "batch_size": "full"}),
    "the rows in their order": with_sections(training={"shuffle": False}),
    "batches of one row": table({"features": ["a"]}, training={"batch_size": 4, "epochs": 1}),
    "a generator's regression": {
        **with_sections(data={"generator": {"name": "sine", "samples": 48}}),
        "loss": "mean_squared_error",
        "metrics": ["r2"],
    },
    "float64": with_sections(compute={"dtype": "float64"}),
    "penalties and clipping": with_sections(
        regularization={"l1": 0.01, "l2": 0.01}, training={"gradient_clipping": {"norm": 0.1}}
    ),
    "batches to skip": table(
        {"features": ["huge", "a"], "scaling": "none"}, training={"on_divergence": "skip_batch"}
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    rows = [
        f"{a:.3f},{b:.3f},{index % 3},{'no' if a < b else 'yes'},g{index // 4},"
        f"{'3e38' if index == 7 else 1}"
        for index, (a, b) in enumerate(rng.normal(size=(40, 2)))
    ]
    Path("rows.csv").write_text("\n".join(["a,b,w,y,g,huge", *rows]) + "\n")


@pytest.mark.parametrize("case", CASES)
def test_a_run_paused_after_every_batch_is_the_run_that_never_paused(
    tmp_path: Path, case: str
) -> None:
    """Each resumed run trains one batch, and is paused again."""
    expected = straight(tmp_path / "straight", {**CASES[case], "name": "it"})
    run, pauses = paused(started(tmp_path, {**CASES[case], "name": "it"}), 1), 1
    while not (experiment := resume_experiment(run)).is_trained:
        paused(experiment, 1)
        pauses += 1
    assert pauses > EPOCHS
    ended(experiment)
    assert contents(run) == contents(expected)
    assert summary(run.summary) == summary(expected.summary)


def summary(path: Path) -> Any:
    return json.loads(path.read_text())


@pytest.mark.parametrize("batch", range(1, EPOCHS * BATCHES))
def test_a_run_paused_once_is_the_run_that_never_paused(tmp_path: Path, batch: int) -> None:
    settings = layer(dropout=0.4, normalization="batch")
    run = paused(started(tmp_path, settings), batch)
    saved = read_checkpoint(run.last).metadata
    assert saved["epoch"] == batch // BATCHES
    begun = saved["progress"]["batches"] if saved["progress"] else 0
    assert begun == batch % BATCHES
    assert read_history(run.metrics)["epoch"] == [*range(1, batch // BATCHES + 1)]
    resumed(run)
    assert contents(run) == contents(straight(tmp_path / "straight", settings))


def test_a_fold_of_a_cross_validation_goes_on_as_that_fold(tmp_path: Path) -> None:
    config = config_of(tmp_path, layer(dropout=0.4))
    runs = []
    for name in ("paused", "straight"):
        dataset = load_dataset(config, Fold(1, 4))
        experiment = create_experiment(config, dataset, tmp_path, name)
        runs.append(paused(experiment, 4) if name == "paused" else ended(experiment))
    assert contents(runs[0]) != contents(runs[1])
    resumed(runs[0])
    assert contents(runs[0]) == contents(runs[1])
    assert json.loads(runs[0].run_json.read_text())["data"]["fold"] == 2


def test_halving_the_learning_rate_does_not_depend_on_pauses(tmp_path: Path) -> None:
    rows = "\n".join(f"{n % 7 - 3},{n % 5}" for n in range(60))
    Path("line.csv").write_text(f"x,y\n{rows}\n")
    settings: Settings = {
        "data": {"source": "line.csv", "target": "y", "task": "regression"},
        "loss": "mean_squared_error",
        "optimizer": {"name": "sgd", "learning_rate": 64},
        "training": {"epochs": 3, "batch_size": 1, "on_divergence": "halve_learning_rate"},
    }
    expected = straight(tmp_path / "straight", settings)
    assert read_checkpoint(expected.last).metadata["learning_rate"]["halvings"] > 1
    run = paused(started(tmp_path, settings), 5)
    while not (experiment := resume_experiment(run)).is_trained:
        paused(experiment, 70)
    ended(experiment)
    assert contents(run) == contents(expected)


def test_more_epochs_are_a_straight_run_of_as_many(tmp_path: Path) -> None:
    settings = layer(dropout=0.4, normalization="batch")
    run = straight(tmp_path, settings)
    resumed(run, "training.epochs=7")
    settings["training"] = settings["training"] | {"epochs": 7}
    expected = straight(tmp_path / "straight", settings)
    assert contents(run) == contents(expected)
    assert run.config.read_text() == expected.config.read_text()
    assert summary(run.summary) == summary(expected.summary)


def test_more_epochs_after_early_stopping_begin_with_new_patience(tmp_path: Path) -> None:
    stopping = {"patience": 2, "min_delta": 9.0}  # nothing after the first epoch is so much better
    run = straight(tmp_path, with_sections(training={"epochs": 9, "early_stopping": stopping}))
    assert read_history(run.metrics)["epoch"] == [1, 2, 3]
    resumed(run, "training.epochs=20")
    assert read_history(run.metrics)["epoch"] == [1, 2, 3, 4, 5]
    said = summary(run.summary)
    assert (said["stopped_early"], said["best_epoch"]) == (True, 1)


def test_a_cosine_keeps_the_length_that_it_had(tmp_path: Path) -> None:
    run = straight(tmp_path, schedule("cosine", minimum=0.01))
    before = read_history(run.metrics)["learning_rate"]
    experiment = resume_experiment(run, ["training.epochs=5"])
    ended(experiment)
    assert column(experiment, "learning_rate") == [*before, 0.01, 0.01]


def test_the_learning_rate_may_be_another_from_now_on(tmp_path: Path) -> None:
    run = straight(tmp_path, SHAPE)
    experiment = resume_experiment(run, ["training.epochs=5", "optimizer.learning_rate=0.01"])
    ended(experiment)
    assert column(experiment, "learning_rate") == [0.05] * 3 + [0.01] * 2
    assert "learning_rate: 0.01\n" in run.config.read_text()


def test_run_json_remembers_every_time_that_the_run_went_on(tmp_path: Path) -> None:
    run = paused(started(tmp_path, SHAPE), 4)
    paused(resume_experiment(run, command=["nnctl", "resume", "run"]), 4)
    resumed(run, "training.epochs=4")
    record = json.loads(run.run_json.read_text())
    assert record["status"] == "finished"
    first, second = record["resumed"]
    assert first.pop("at") < second.pop("at")
    assert first == {
        "epoch": 1, "batch": 1, "changes": {}, "command": ["nnctl", "resume", "run"],
    }  # fmt: skip
    assert second == {
        "epoch": 2, "batch": 2, "changes": {"training.epochs": [3, 4]}, "command": [],
    }  # fmt: skip


def test_the_threads_are_those_that_the_run_began_with(tmp_path: Path) -> None:
    run = paused(started(tmp_path, SHAPE), 4)
    checkpoint = read_checkpoint(run.last)
    assert checkpoint.metadata["threads"] == 1
    checkpoint.metadata["threads"] = 3  # as if it had begun where `auto` gives three
    save_checkpoint(run.last, checkpoint)
    resumed(run)
    assert read_checkpoint(run.last).metadata["threads"] == 3


@pytest.mark.parametrize("damage", ["", "epoch,train_loss\n9,9\n", "half", "more"])
def test_metrics_csv_is_made_anew(tmp_path: Path, damage: str) -> None:
    run = paused(started(tmp_path, SHAPE), 7)
    good = run.metrics.read_text()
    bad = {"half": good[:-9], "more": good + good.splitlines()[-1].replace("2,", "3,", 1) + "\n"}
    run.metrics.write_text(bad.get(damage, damage))
    resumed(run)
    assert contents(run) == contents(straight(tmp_path / "straight", SHAPE))


def test_a_run_that_died_before_it_was_summed_up_is_summed_up(tmp_path: Path) -> None:
    experiment = started(tmp_path, SHAPE)
    for _ in experiment.epochs():
        pass
    assert not experiment.run.summary.exists()
    resumed(experiment.run)
    expected = straight(tmp_path / "straight", SHAPE)
    assert contents(experiment.run) == contents(expected)
    assert summary(experiment.run.summary) == summary(expected.summary)
