"""Runs that train stacked and end before their time go on to the same end."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import pytest

from nnctl.errors import StorageError
from nnctl.runs.checkpoint import read_checkpoint
from nnctl.runs.status import run_status
from nnctl.training import together
from nnctl.training.experiment import Experiment
from nnctl.training.resuming import resume_experiment
from nnctl.training.stack import Stack
from nnctl.training.stacked_steps import StackedSteps
from nnctl.training.together import JointTraining
from tests.training.joint_trainings import (
    CLASSES,
    EPOCHS,
    KINDS,
    ROWS,
    SEEDS,
    assert_as_alone,
    begun,
    classes,
    configs_of,
    resumed,
    run_of,
    trained,
)
from tests.training.pauses import after_batches


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work where the data is."""
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text(ROWS)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write down every epoch."""
    monkeypatch.setattr(together, "SECONDS_AT_A_TIME", 0.0)


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("epoch", [1, 3, EPOCHS - 1])
@pytest.mark.parametrize("kind", ["classes", "dropout", "batch normalization", "a plateau"])
def test_a_pause_leaves_all_at_the_same_epoch_and_they_go_on_together(
    kind: str, epoch: int
) -> None:
    configs = configs_of(KINDS[kind])
    training = trained(begun(configs), pause_after=epoch)
    assert not training.ended
    for number in range(len(SEEDS)):
        assert run_status(run_of(number)) == "interrupted"
        assert read_checkpoint(run_of(number).last).metadata["epoch"] == epoch
    assert len(trained(resumed(len(SEEDS))).ended) == len(SEEDS)
    for number, config in enumerate(configs):
        assert_as_alone(config, run_of(number))


def test_a_pause_ends_it_after_the_epoch_in_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    training, take = JointTraining(begun(configs_of(CLASSES))), StackedSteps.take

    def paused(steps: StackedSteps, epoch: int, *arguments: Any) -> Any:
        if epoch == 2:
            training.pause()
        return take(steps, epoch, *arguments)

    monkeypatch.setattr(together, "SECONDS_AT_A_TIME", math.inf)
    monkeypatch.setattr(StackedSteps, "take", paused)
    assert [result.epoch for result in training.epochs()] == [3]
    assert {read_checkpoint(run_of(n).last).metadata["epoch"] for n in range(len(SEEDS))} == {3}


def test_one_that_trains_alone_has_not_ended_where_it_was_paused() -> None:
    (config,) = configs_of(CLASSES, SEEDS[:1])
    assert not trained(begun([config]), pause_after=2).ended
    assert [*trained(resumed(1)).ended] == [(0, None)]
    assert_as_alone(config, run_of(0))


@pytest.mark.usefixtures("often")
def test_those_that_a_kill_left_at_other_epochs_go_on_too() -> None:
    configs = configs_of(CLASSES)
    trained(begun(configs), pause_after=2)
    ahead = resume_experiment(run_of(1))
    epochs = ahead.epochs()
    assert next(epochs).epoch == 3
    epochs.close()
    within = resume_experiment(run_of(2))  # and this one stands in the middle of an epoch
    after_batches(within.assembly.trainer, 1, within.assembly.trainer.pause)
    assert [*within.epochs()] == []
    trained(resumed(len(SEEDS)))
    for number, config in enumerate(configs):
        assert_as_alone(config, run_of(number))


def test_a_disk_that_fails_ends_all_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    experiments = begun(configs_of(CLASSES))

    def full(*_: Any) -> None:
        raise StorageError("no space left on device")

    monkeypatch.setattr("nnctl.training.experiment.save_checkpoint", full)
    with pytest.raises(StorageError, match="no space left"):
        trained(experiments)
    assert {run_status(run_of(number)) for number in range(len(SEEDS))} == {"failed"}


def test_one_that_is_left_early_keeps_what_is_written() -> None:
    experiments = begun(configs_of(classes(training={"epochs": 10**6})))
    epochs = JointTraining(experiments).epochs()
    seen = next(epochs)
    for number in range(len(SEEDS)):  # a kill would leave that much, too
        assert read_checkpoint(run_of(number).last).metadata["epoch"] == seen.epoch
    epochs.close()
    for number in range(len(SEEDS)):
        assert run_status(run_of(number)) == "interrupted"
        assert read_checkpoint(run_of(number).last).metadata["epoch"] == seen.epoch
        assert run_of(number).metrics.read_text().count("\n") == seen.epoch + 1


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("calls", [0, 2, len(SEEDS) + 1])
@pytest.mark.parametrize("what", [(Stack, "settle"), (Experiment, "_add_rows")])
def test_whoever_is_interrupted_while_epochs_are_written_down_goes_on_from_what_belongs_together(
    what: tuple[type, str], calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    configs = configs_of(CLASSES)
    experiments, call, count = begun(configs), getattr(*what), itertools.count()

    def interrupted(*arguments: Any) -> None:
        if next(count) == calls:
            raise KeyboardInterrupt  # as by a second Ctrl-C
        call(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(*what, interrupted)
        with pytest.raises(KeyboardInterrupt):
            trained(experiments)
    for number in range(len(SEEDS)):
        epoch = read_checkpoint(run_of(number).last).metadata["epoch"]
        assert epoch == (calls + len(SEEDS) - 1 - number) // len(SEEDS)
        assert run_of(number).metrics.read_text().count("\n") == epoch + 1
    trained(resumed(len(SEEDS)))
    for number, config in enumerate(configs):
        assert_as_alone(config, run_of(number))
