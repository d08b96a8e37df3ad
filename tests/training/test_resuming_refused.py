from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nnctl.errors import DataError, RunError
from nnctl.runs.checkpoint import read_checkpoint, save_checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.runs.history import read_history
from nnctl.runs.lock import hold_run
from nnctl.training.config_changes import differences, told
from nnctl.training.resuming import FREE, NEEDED_TO_GO_ON, resume_experiment
from tests.training.experiments import Settings, started, write_csv
from tests.training.pauses import contents, paused, resumed, straight

ROWS = "a b y \n" + " \n ".join(f"{n % 5} {n % 7} {'no' if n % 3 else 'yes'}" for n in range(24))
SETTINGS: Settings = {
    "seed": 4,
    "data": {"source": "rows.csv", "target": "y", "split": {"validation": 0.25}},
    "model": {"hidden": [{"units": 3}]},
    "loss": "binary_cross_entropy",
    "training": {"epochs": 4, "batch_size": 6},
}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDirectory:
    """A run that was paused in the middle of its third epoch."""
    monkeypatch.chdir(tmp_path)
    write_csv(tmp_path, ROWS)
    return paused(started(tmp_path, SETTINGS), 7)


def refusal(run: RunDirectory, *overrides: str) -> str:
    """Return why a run cannot be resumed, after nothing of it has changed."""
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    with pytest.raises(RunError) as caught:
        resume_experiment(run, overrides)
    assert caught.value.exit_code == 4
    assert before == {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    with hold_run(run):  # the refused has let go of it
        return "\n".join(map(str, caught.value.problems))


def test_an_edited_config_is_refused_with_the_difference(run: RunDirectory) -> None:
    text = run.config.read_text()
    run.config.write_text(text.replace("seed: 4", "seed: 5").replace("units: 3", "units: 4"))
    assert refusal(run) == (
        f"{run.config}: was changed since the run was trained: seed (4, now 5), "
        "model.hidden.0.units (3, now 4); restore it, or resume with --force"
    )


def test_an_edited_config_is_taken_on_purpose(run: RunDirectory) -> None:
    run.config.write_text(run.config.read_text().replace("batch_size: 6", "batch_size: 5"))
    resumed(run, force=True)  # the epoch begins anew, in batches of 5
    assert read_history(run.metrics)["epoch"] == [1, 2, 3, 4]
    assert read_checkpoint(run.last).metadata["config"]["training"]["batch_size"] == 5
    (entry,) = json.loads(run.run_json.read_text())["resumed"]
    assert entry["changes"] == {"training.batch_size": [6, 5]}
    assert entry["batch"] == 0
    assert resume_experiment(run).notices == ()


@pytest.mark.parametrize(
    ("edit", "change"),
    [
        (lambda text: text + "1,2,yes\n", "is 25 rows (it had 24)"),
        (lambda text: text.replace("1,1,no", "1,1.5,no"), "is other values"),
        (lambda text: text.replace("a,b,y", "a,c,y"), "is no column(s) `b`; data.source is new "
         "column(s) `c`"),
        (lambda text: text.replace("1,1,no", "1,x,no"), None),
    ],
)  # fmt: skip
def test_other_data_is_refused_with_the_difference(
    run: RunDirectory, edit: Callable[[str], str], change: str | None
) -> None:
    rows = Path("rows.csv")
    good = rows.read_text()
    rows.write_text(edit(good))
    assert rows.read_text() != good
    if change is None:  # no data at all
        with pytest.raises(DataError):
            resume_experiment(run)
        return
    message = f"{run.path}: its data is not what it was trained on: data.source {change}"
    assert refusal(run) == f"{message}; restore it, or resume with --force"
    rows.write_text(good)
    resumed(run)


def test_other_data_is_taken_on_purpose_and_said(run: RunDirectory) -> None:
    rows = Path("rows.csv")
    rows.write_text(rows.read_text() + "1,2,yes\n2,2,no\n")
    experiment = resume_experiment(run, force=True)
    assert experiment.notices[0] == (
        f"{run.path}: its data is not what it was trained on: data.source is 26 rows (it had 24)"
    )
    assert "the best epoch by validation_loss is chosen among those" in experiment.notices[1]
    assert experiment.assembly.trainer.stopping.best_epoch is None
    assert [result.epoch for result in experiment.epochs()] == [3, 4]


def test_other_data_needs_another_epoch(run: RunDirectory) -> None:
    resumed(run)
    rows = Path("rows.csv")
    rows.write_text(rows.read_text() + "1,2,yes\n")
    with pytest.raises(RunError, match="has no epoch left by whose validation_loss"):
        resume_experiment(run, force=True)


def test_the_same_data_under_another_name_is_compared_as_before(run: RunDirectory) -> None:
    shutil.move("rows.csv", "other.csv")
    trainer = resume_experiment(run, ["data.source=other.csv"], force=True).assembly.trainer
    assert trainer.stopping.best_epoch is not None


def test_data_that_moved_with_its_config_is_the_same(run: RunDirectory, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    shutil.move(tmp_path / "rows.csv", tmp_path / "there" / "rows.csv")
    run.config.write_text(run.config.read_text().replace("rows.csv", "there/rows.csv"))
    resumed(run)


@pytest.mark.parametrize(
    ("override", "change"),
    [
        ("seed=9", "seed (4, now 9)"),
        ("training.batch_size=7", "training.batch_size (6, now 7)"),
        ("model.hidden=[{units: 3, dropout: 0.5}]", "model.hidden.0.dropout (0.0, now 0.5)"),
        ("metrics=[f1]", "metrics.0 (accuracy, now f1)"),
        ("data.split.validation=0.5", "data.split.validation (0.25, now 0.5)"),
        (
            "training.early_stopping={monitor: train_loss}",
            "training.early_stopping.monitor (validation_loss, now train_loss)",
        ),
    ],
)
def test_what_would_be_another_training_is_refused(
    run: RunDirectory, override: str, change: str
) -> None:
    assert refusal(run, override) == (
        f"{run.path}: resuming may not change {change}: that is another training, for "
        "`nnctl train` (--force goes on all the same)"
    )


@pytest.mark.parametrize(
    "override",
    [
        "training.epochs=6",
        "training.early_stopping={patience: 3}",
        "training.on_divergence=skip_batch",
        "optimizer.learning_rate=0.001",
        "optimizer.schedule=reduce_on_plateau",
        "expect={train_loss: {max: 9}}",
    ],
)
def test_how_long_and_how_fast_it_learns_may_change(run: RunDirectory, override: str) -> None:
    assert override.startswith(FREE)
    resumed(run, override)
    assert json.loads(run.run_json.read_text())["status"] == "finished"
    assert resume_experiment(run).is_trained  # config.yaml says the same as the checkpoint


def test_a_run_that_another_process_trains_is_left_to_it(run: RunDirectory) -> None:
    with hold_run(run), pytest.raises(RunError) as caught:
        resume_experiment(run)
    assert str(caught.value) == (
        f"{run.path}: is being trained by another process; wait for it, or stop it"
    )
    experiment = resume_experiment(run)
    with pytest.raises(RunError, match="is being trained"):
        resume_experiment(run)
    next(experiment.epochs())


@pytest.mark.parametrize("damage", ["truncated", "flipped", "missing"])
def test_a_damaged_checkpoint_is_replaced_by_the_one_before(
    run: RunDirectory, tmp_path: Path, damage: str
) -> None:
    data = run.last.read_bytes()
    run.last.unlink()
    if damage != "missing":
        flipped = bytes([data[999] ^ 4])
        bad = {"truncated": data[:700], "flipped": data[:999] + flipped + data[1000:]}
        run.last.write_bytes(bad[damage])
    epoch = read_checkpoint(run.previous).metadata["epoch"]
    experiment = resume_experiment(run)
    (notice,) = experiment.notices
    assert notice.startswith(f"{run.last}: ")
    assert notice.endswith(f"; going on from {run.previous}, of epoch {epoch}")
    assert read_checkpoint(run.last).metadata["epoch"] == epoch  # what comes next finds it whole
    for _ in experiment.epochs():
        pass
    assert contents(run) == contents(straight(tmp_path / "straight", SETTINGS))


def test_with_both_checkpoints_damaged_both_are_told(run: RunDirectory) -> None:
    for path in (run.last, run.previous):
        path.write_bytes(path.read_bytes()[:-1])
    first, second = refusal(run).splitlines()
    assert first.startswith(f"{run.last}: ")
    assert second.startswith(f"{run.previous}: ")


def test_a_missing_checkpoint_without_one_before_is_told(run: RunDirectory) -> None:
    run.last.unlink()
    run.previous.unlink()
    assert refusal(run) == (
        f"{run.last}: there is no such checkpoint; give a run that `nnctl train` has made"
    )


def test_a_checkpoint_to_predict_from_is_none_to_go_on_from(run: RunDirectory) -> None:
    shutil.copy(run.best, run.last)
    run.previous.unlink()
    assert refusal(run) == (
        f"{run.last}: is no checkpoint to go on from: it says nothing of fold, history_columns, "
        "learning_rate, optimizer_steps, progress, stopping, threads"
    )


def test_every_checkpoint_of_a_run_says_what_is_needed(run: RunDirectory) -> None:
    for path in (run.last, run.previous):
        assert {*NEEDED_TO_GO_ON} <= {*read_checkpoint(path).metadata}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("parameters", r"its parameters must have shape \(13,\)"),
        ("best_state", "'best_state'"),
        ("optimizer_gradient_sum", "the optimizer's slots must be"),
        ("epoch_order", "'epoch_order'"),
        ("history", "'history'"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_told(run: RunDirectory, name: str, reason: str) -> None:
    checkpoint = read_checkpoint(run.last)
    array = checkpoint.arrays.pop(name)
    if name == "parameters":
        checkpoint.arrays[name] = array[1:]
    save_checkpoint(run.last, checkpoint)
    fits = r"its checkpoint does not fit its config and data"
    assert re.search(rf"{fits} \({reason}.*\); train again$", refusal(run))


def test_other_metrics_do_not_fit_even_on_purpose(run: RunDirectory) -> None:
    with pytest.raises(RunError, match=r"\(its history has other metrics\); train again"):
        resume_experiment(run, ["metrics=[f1]"], force=True)


@pytest.mark.parametrize(
    "override",
    [
        "training.early_stopping={monitor: validation_accuracy}",
        "loss=mean_squared_error",
        "regularization.l2=0.5",
        "training.class_weight=balanced",
        "data.split.validation=0.5",
        "seed=9",
    ],
)
def test_epochs_of_another_value_are_compared_anew(run: RunDirectory, override: str) -> None:
    before = read_checkpoint(run.last)
    assert before.metadata["stopping"]["best_epoch"] is not None
    experiment = resume_experiment(run, [override], force=True)
    trainer = experiment.assembly.trainer
    assert trainer.stopping.state() == {"best_value": None, "best_epoch": None, "waited": 0}
    np.testing.assert_array_equal(trainer.best_parameters, before.arrays["parameters"])
    monitor = trainer.stopping.rule.monitor
    assert experiment.notices[0] == (
        f"{run.path}: the best epoch by {monitor} is chosen among those to come: what it was "
        "before cannot be compared with it"
    )
    third, fourth = experiment.epochs()
    assert third.improved
    values = [result.values[monitor] for result in (third, fourth)]
    assert trainer.stopping.best_value in values


def test_a_plateau_is_watched_for_anew_where_another_value_is(run: RunDirectory) -> None:
    plateau = "optimizer.schedule={name: reduce_on_plateau, patience: 2, monitor: train_loss}"
    paused(resume_experiment(run, [plateau, "training.epochs=7"]), 10)
    state = read_checkpoint(run.last).metadata["learning_rate"]
    assert state["best"] is not None
    other = plateau.replace("train_loss", "validation_accuracy")
    assert refusal(run, other).startswith(f"{run.path}: resuming may not change optimizer.schedule")
    anew = resume_experiment(run, [other], force=True).assembly.trainer.learning_rate.state()
    assert anew == {**state, "best": None, "waited": 0}


def test_a_config_that_was_edited_to_watch_another_value_compares_anew(run: RunDirectory) -> None:
    stopping = "early_stopping: {monitor: train_accuracy}"
    run.config.write_text(run.config.read_text().replace("early_stopping: null", stopping))
    trainer = resume_experiment(run, force=True).assembly.trainer
    assert trainer.stopping.rule.monitor == "train_accuracy"
    assert trainer.stopping.best_epoch is None


def test_another_value_needs_another_epoch(run: RunDirectory) -> None:
    resumed(run)
    with pytest.raises(RunError) as caught:
        resume_experiment(run, ["training.early_stopping={monitor: train_loss}"], force=True)
    assert str(caught.value) == (
        f"{run.path}: has no epoch left by whose train_loss the best could be chosen; set more "
        "training.epochs"
    )


def test_a_missing_config_is_told_with_a_remedy(run: RunDirectory) -> None:
    run.config.unlink()
    assert refusal(run) == (
        f"{run.config}: is missing, and nothing else says where the run's data is; restore it, or "
        "train again"
    )


def test_differences_are_told_by_their_keys_and_the_rest_is_counted() -> None:
    before = {"a": 1, "b": {"c": [1, 2], "d": None}, "e": [1]}
    now = {"a": 1, "b": {"c": [1, 3], "d": {"f": 1}}, "e": [1, 2], "g": 0}
    found = differences(before, now)
    assert told(found) == "b.c.1 (2, now 3), b.d (None, now {'f': 1}), e ([1], now [1, 2]), " + (
        "g (None, now 0)"
    )
    assert told({str(n): (n, -n) for n in range(8)}).endswith("5 (5, now -5) and 2 more")
