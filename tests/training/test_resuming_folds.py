"""A cross-validation that goes on leaves what one that was never interrupted leaves."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from nnctl.data.dataset import Dataset, load_dataset
from nnctl.errors import RunError
from nnctl.runs.checkpoint import read_checkpoint, save_checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.runs.group import CrossValidationDirectory
from nnctl.runs.json_file import read_json, write_json
from nnctl.runs.lock import hold_run
from nnctl.runs.status import run_status
from nnctl.training.cross_validation import CrossValidation, start_cross_validation
from nnctl.training.experiment import Experiment
from nnctl.training.loop import EpochResult
from nnctl.training.resuming import resume_experiment
from nnctl.training.resuming_groups import resume_cross_validation
from tests.training.experiments import Settings, config_of
from tests.training.pauses import contents, paused, resumed

EPOCHS = 3
ROWS = "x,y\n" + "".join(f"{n % 7},{'ab'[n * n % 5 < 2]}\n" for n in range(30))
SETTINGS: Settings = {
    "name": "it",
    "data": {"source": "rows.csv", "target": "y", "split": {"validation": 0.2}},
    "model": {"hidden": [{"units": 3, "dropout": 0.3}]},
    "loss": "binary_cross_entropy",
    "training": {"epochs": EPOCHS, "batch_size": 4},
}


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work where the data is."""
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text(ROWS)


def started(runs_dir: str, settings: Settings = SETTINGS) -> CrossValidation:
    return start_cross_validation(config_of(Path.cwd(), settings), 3, Path(runs_dir))


def trained(validation: CrossValidation) -> CrossValidationDirectory:
    for _ in validation.results():
        pass
    assert validation.status == "finished"
    return validation.directory


def went_on(directory: CrossValidationDirectory) -> list[int]:
    """Resume to the end; return the folds that were trained."""
    validation = resume_cross_validation(directory)
    numbers = [result.number for result in validation.results()]
    assert validation.status == "finished"
    return numbers


def interrupted(fold: int, epoch: int) -> CrossValidationDirectory:
    """Pause after an epoch of a fold."""
    validation = started("runs")

    def watch(experiment: Experiment, epochs: Iterable[EpochResult]) -> Iterable[EpochResult]:
        for result in epochs:
            yield result
            if (experiment.run.name, result.epoch) == (f"fold-{fold}", epoch):
                validation.pause()

    for _ in validation.results(watch):
        pass
    at_the_end = (fold, epoch) == (3, EPOCHS)
    assert validation.status == ("finished" if at_the_end else "interrupted")
    return validation.directory


def all_of(directory: CrossValidationDirectory) -> dict[str, bytes]:
    """Return all that must come out alike."""
    found = {"record": directory.record.read_bytes()}
    for number in (1, 2, 3):
        fold = directory.member(number)
        of_fold = {**contents(fold), "summary": fold.summary.read_bytes()}
        found |= {f"{number} {name}": data for name, data in of_fold.items()}
    return found


@pytest.mark.parametrize("epoch", range(1, EPOCHS + 1))
@pytest.mark.parametrize("fold", [1, 2, 3])
def test_whenever_it_was_interrupted_it_ends_in_the_same_bytes(fold: int, epoch: int) -> None:
    directory = interrupted(fold, epoch)
    if epoch == EPOCHS:  # the fold has come to its end, and is finished all the same
        assert went_on(directory) == [*range(fold + 1, 4)]
    else:
        assert went_on(directory) == [*range(fold, 4)]
    assert all_of(directory) == all_of(trained(started("straight")))


def test_one_that_was_killed_before_its_first_fold_trains_them_all() -> None:
    directory = started("runs").directory
    assert went_on(directory) == [1, 2, 3]
    assert all_of(directory) == all_of(trained(started("straight")))


def test_a_finished_one_is_summed_up_again_and_nothing_is_trained() -> None:
    directory = trained(started("runs"))
    before = {path: path.read_bytes() for path in directory.path.rglob("*") if path.is_file()}
    assert went_on(directory) == []
    assert before == {path: path.read_bytes() for path in before}


def test_a_fold_that_was_resumed_alone_counts() -> None:
    directory = interrupted(2, 1)
    resumed(directory.member(2))
    assert went_on(directory) == [3]
    assert all_of(directory) == all_of(trained(started("straight")))


def lost_summary(run: RunDirectory) -> None:
    run.summary.unlink()


def summary_with_a_null(run: RunDirectory) -> None:
    summary = read_json(run.summary)
    write_json(run.summary, {**summary, "best": {**summary["best"], "test_loss": None}})


def removed(run: RunDirectory) -> None:
    shutil.rmtree(run.path)


@pytest.mark.parametrize("loss", [lost_summary, summary_with_a_null, removed])
def test_what_is_lost_of_a_fold_is_made_anew(loss: Callable[[RunDirectory], None]) -> None:
    directory = trained(started("runs"))
    expected = all_of(directory)
    loss(directory.member(2))
    assert went_on(directory) == [2]
    assert all_of(directory) == expected


def refusal(directory: CrossValidationDirectory) -> str:
    with pytest.raises(RunError) as caught:
        went_on(directory)
    return str(caught.value)


def test_a_fold_that_was_trained_otherwise_is_refused() -> None:
    directory = interrupted(2, 1)
    resumed(directory.member(1), "training.epochs=5")
    assert refusal(directory) == (
        f"{directory.path}/fold-1: was not trained as the other folds are: training.epochs (3, now "
        "5); remove it, and it is trained anew"
    )
    shutil.rmtree(directory.member(1).path)
    assert went_on(directory) == [1, 2, 3]


def other_epochs(directory: CrossValidationDirectory) -> None:
    """Go on with fold 2 alone and for longer, without coming to its end."""
    paused(resume_experiment(directory.member(2), ["training.epochs=5"]), 1)


OTHERWISE = "fold-2: was not trained as the other folds are: training.epochs (3, now 5); remove"


def test_the_fold_in_hand_is_refused_too_where_it_goes_on_otherwise() -> None:
    directory = interrupted(2, 1)
    other_epochs(directory)
    assert OTHERWISE in refusal(directory)
    assert run_status(directory.member(2)) == "interrupted"


def test_the_fold_in_hand_is_looked_at_once_more_when_it_is_begun() -> None:
    directory = interrupted(2, 1)
    validation = resume_cross_validation(directory)
    other_epochs(directory)
    with pytest.raises(RunError) as caught:
        list(validation.results())
    assert OTHERWISE in str(caught.value)
    with hold_run(directory.member(2)):  # nobody holds it any more
        assert run_status(directory.member(2)) == "interrupted"


def test_what_a_fold_was_trained_with_counts_before_what_it_was_to_go_on_with() -> None:
    """A resume of the fold alone was killed before config.yaml was replaced."""
    directory = interrupted(2, 1)
    run = directory.member(2)
    checkpoint = read_checkpoint(run.last)
    config = checkpoint.metadata["config"]
    checkpoint.metadata["config_before"] = {**config, "seed": config["seed"] + 1}
    save_checkpoint(run.last, checkpoint)
    assert "not trained as the other folds are: seed (0, now 1)" in refusal(directory)


def test_a_config_that_was_edited_is_no_way_to_train_the_other_folds_otherwise() -> None:
    directory = interrupted(1, 1)
    text = directory.config.read_text()
    directory.config.write_text(text.replace("epochs: 3", "epochs: 2"))
    assert "fold-1: was not trained as the other folds are: training.epochs (2" in refusal(
        directory
    )
    directory.config.write_text(text)
    assert went_on(directory) == [1, 2, 3]


def test_an_empty_directory_is_replaced_where_there_are_no_locks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    directory = interrupted(1, EPOCHS)
    monkeypatch.setattr(fcntl, "flock", unsupported)
    directory.member(2).path.mkdir()
    assert went_on(directory) == [2, 3]
    assert {path.name for path in directory.path.iterdir() if path.is_dir()} == {
        f"fold-{number}" for number in (1, 2, 3)
    }


def test_a_fold_whose_name_was_taken_in_the_meantime_is_no_other_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def late(*arguments: Any) -> Dataset:
        directory.member(2).path.mkdir()
        (directory.member(2).path / "notes.txt").touch()
        return load_dataset(*arguments)

    directory = interrupted(1, EPOCHS)
    monkeypatch.setattr("nnctl.training.run_group.load_dataset", late)
    assert "fold-2: is no run, and stands where fold 2 is to be; remove it" in refusal(directory)


def test_another_fold_in_its_place_is_refused() -> None:
    directory = trained(started("runs"))
    shutil.rmtree(directory.member(1).path)
    shutil.copytree(directory.member(2).path, directory.member(1).path)
    assert "not trained as the other folds are: fold ([0, 3], now [1, 3])" in refusal(directory)


def test_other_data_is_refused_though_no_fold_is_in_hand() -> None:
    directory = interrupted(1, EPOCHS)
    Path("rows.csv").write_text(ROWS + "9,a\n")
    assert "fold-1: its data is not what it was trained on" in refusal(directory)


def test_what_stands_in_the_way_of_a_fold_is_told() -> None:
    directory = interrupted(1, EPOCHS)
    directory.member(2).path.mkdir()
    (directory.member(2).path / "notes.txt").touch()
    assert refusal(directory) == (
        f"{directory.path}/fold-2: is no run, and stands where fold 2 is to be; remove it"
    )
    (directory.member(2).path / "notes.txt").unlink()  # what a kill leaves is no obstacle
    assert went_on(directory) == [2, 3]


def test_damaged_files_of_the_whole_are_told() -> None:
    directory = interrupted(1, 1)
    text = directory.config.read_text()
    directory.config.unlink()
    assert refusal(directory) == (
        f"{directory.config}: is missing, and nothing else says what is trained; restore it, or "
        "cross-validate again"
    )
    directory.config.write_text(text)
    record = json.loads(directory.record.read_text())
    write_json(directory.record, {**record, "folds": None})
    assert "is damaged: it does not say how many folds there are" in refusal(directory)


def test_a_fold_that_is_not_finished_in_its_own_words_goes_on() -> None:
    directory = trained(started("runs"))
    expected, run = all_of(directory), directory.member(3)
    write_json(run.run_json, {**read_json(run.run_json), "status": "trained"})
    assert went_on(directory) == [3]
    assert all_of(directory) == expected


def test_two_processes_do_not_go_on_with_the_same() -> None:
    directory = interrupted(1, 1)
    with hold_run(directory):
        assert "is being trained by another process" in refusal(directory)
    validation = resume_cross_validation(directory)
    results = validation.results()
    next(results)
    assert "is being trained by another process" in refusal(directory)
    results.close()
    assert read_json(directory.record)["status"] == "interrupted"
    assert went_on(directory) == [2, 3]


def test_the_fold_in_hand_goes_on_from_where_it_was() -> None:
    directory = interrupted(2, 1)
    assert read_checkpoint(directory.member(2).last).metadata["epoch"] == 1
    assert resume_experiment(directory.member(2)).assembly.trainer.epoch == 1
