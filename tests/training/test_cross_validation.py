"""Every fold is a run of its own, fitted to its own training rows, and all are summed up."""

from __future__ import annotations

import json
import shutil
import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.data.dataset import Dataset, load_dataset
from nnctl.errors import ConfigError, DataError, DivergenceError, StorageError, UsageError
from nnctl.runs.checkpoint import Checkpoint, read_checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.training.cross_validation import CrossValidation, start_cross_validation
from nnctl.training.experiment import Experiment
from nnctl.training.loop import EpochResult
from tests.training.experiments import Settings, classification, config_of, regression, write_csv
from tests.training.pauses import contents, resumed

IN_ORDER = {"shuffle": False}


def started(directory: Path, settings: Settings, folds: int = 3) -> CrossValidation:
    return start_cross_validation(config_of(directory, settings), folds, directory / "runs")


def validated(directory: Path, settings: Settings, folds: int = 3) -> CrossValidation:
    validation = started(directory, settings, folds)
    for _ in validation.results():
        pass
    return validation


def written(validation: CrossValidation) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(validation.directory.record.read_text())
    return document


def checkpoints(validation: CrossValidation) -> list[Checkpoint]:
    return [
        read_checkpoint(RunDirectory(validation.directory.path / fold.run).last)
        for fold in validation.ended
    ]


def moons(**split: Any) -> Settings:
    settings = classification({"name": "moons", "samples": 60}, name="moons")
    settings["data"]["split"] = split
    return settings


def line(directory: Path, rows: int = 6, first: str = "0", **sections: Any) -> Settings:
    """Numbers on a line, in order; the `first` may lie far out."""
    cells = [f"{first} 1", *(f"{x} {2 * x + 1}" for x in range(1, rows))]
    settings = regression(write_csv(directory, "\n".join(["x y", *cells])), **sections)
    settings["data"]["split"] = IN_ORDER
    return settings


def test_every_row_is_tested_in_one_fold_and_validated_beside_it(tmp_path: Path) -> None:
    validation = validated(tmp_path, moons(validation=0.25))
    splits = [checkpoint.arrays for checkpoint in checkpoints(validation)]
    tested = np.concatenate([arrays["split_test"] for arrays in splits])
    assert sorted(tested) == [*range(60)]
    for arrays in splits:
        assert [len(arrays[f"split_{name}"]) for name in ("train", "validation", "test")] == [
            30, 10, 20,
        ]  # fmt: skip


def test_the_preprocessing_is_fitted_anew_to_each_folds_training_rows(tmp_path: Path) -> None:
    settings = line(tmp_path)
    settings["data"]["scaling"] = "standardize"
    centers = [
        c.arrays["feature_center"].tolist() for c in checkpoints(validated(tmp_path, settings))
    ]
    assert centers == [[3.5], [2.5], [1.5]]


def test_a_fold_is_a_whole_run(tmp_path: Path) -> None:
    validation = validated(tmp_path, moons())
    assert validation.directory.path == tmp_path / "runs" / "moons-cv"
    names = sorted(path.name for path in validation.directory.path.iterdir())
    assert names == ["config.yaml", "cross_validation.json", "fold-1", "fold-2", "fold-3"]
    for number, fold in enumerate(validation.ended, 1):
        run = RunDirectory(validation.directory.path / fold.run)
        record = json.loads(run.run_json.read_text())
        assert record["status"] == "finished"
        assert (record["data"]["fold"], record["data"]["folds"]) == (number, 3)
        assert json.loads(run.summary.read_text())["best"] == fold.values
        assert run.best.is_file()
        assert run.config.is_file()


def test_the_record_sums_up_the_folds(tmp_path: Path) -> None:
    validation = validated(tmp_path, moons(validation=0.2))
    document = written(validation)
    assert list(document) == [
        "config", "seed", "folds", "status", "results", "metrics", "expect",
    ]  # fmt: skip
    header = [document[key] for key in ("config", "seed", "folds", "status")]
    assert header == ["moons", 0, 3, "finished"]
    names = {f"{s}_{m}" for s in ("train", "validation", "test") for m in ("loss", "accuracy")}
    assert names < set(document["metrics"])
    for name, summed_up in document["metrics"].items():
        if name == "best_epoch":
            values = [result["best_epoch"] for result in document["results"]]
        else:
            values = [result["metrics"][name] for result in document["results"]]
        assert summed_up["mean"] == pytest.approx(statistics.mean(values), rel=1e-12)
        expected = statistics.stdev(values)
        assert summed_up["sample_standard_deviation"] == pytest.approx(expected, rel=1e-12)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (validated(tmp_path, moons()) for _ in range(2))
    assert second.directory.path.name == "moons-cv-2"
    assert first.directory.record.read_bytes() == second.directory.record.read_bytes()


def test_the_data_is_read_once(tmp_path: Path) -> None:
    validation = started(tmp_path, line(tmp_path))
    (tmp_path / "rows.csv").unlink()
    assert [result.number for result in validation.results()] == [1, 2, 3]


def test_bars_are_held_against_the_means(tmp_path: Path) -> None:
    bars = {"test_accuracy": {"min": 1.1}, "train_loss": {"max": 100}}
    validation = validated(tmp_path, {**moons(test=0.2), "expect": bars})
    (missed, met), metrics = validation.bars(), validation.metrics()
    assert (missed.metric, missed.value) == ("test_accuracy", metrics["test_accuracy"]["mean"])
    assert (met.metric, met.value) == ("train_loss", metrics["train_loss"]["mean"])
    assert [bar["met"] for bar in written(validation)["expect"]] == [False, True]


def test_the_record_is_up_to_date_after_each_fold(tmp_path: Path) -> None:
    validation = started(tmp_path, moons())
    assert written(validation) == {"config": "moons", "seed": 0, "folds": 3, "status": "running"}
    for result in validation.results():
        document = written(validation)
        assert document["status"] == "running"
        assert [entry["fold"] for entry in document["results"]] == [*range(1, result.number + 1)]


def test_an_interruption_keeps_the_folds_that_are_done(tmp_path: Path) -> None:
    def interrupting(
        experiment: Experiment, epochs: Iterable[EpochResult]
    ) -> Iterable[EpochResult]:
        for result in epochs:
            yield result
            if experiment.run.name == "fold-2":
                raise KeyboardInterrupt

    validation = started(tmp_path, moons())
    with pytest.raises(KeyboardInterrupt):
        for _ in validation.results(interrupting):
            pass
    document = written(validation)
    assert document["status"] == "interrupted"
    first, second = document["results"]
    assert (first["status"], second["status"]) == ("finished", "interrupted")
    assert (second["run"], second["epochs"], second["metrics"]) == ("fold-2", 1, {})
    assert document["metrics"]["test_loss"] == {
        "mean": first["metrics"]["test_loss"],
        "sample_standard_deviation": None,
    }
    run = RunDirectory(validation.directory.path / "fold-2")
    assert read_checkpoint(run.last).metadata["epoch"] == 1


def test_leaving_between_folds_is_an_interruption(tmp_path: Path) -> None:
    validation = started(tmp_path, moons())
    results = validation.results()
    next(results)
    results.close()
    assert (validation.status, written(validation)["status"]) == ("interrupted", "interrupted")


def test_a_pause_ends_it_in_the_fold_in_hand_which_can_go_on(tmp_path: Path) -> None:
    settings = moons() | {"training": {"epochs": 4, "batch_size": 10}}
    validation = started(tmp_path, settings)

    def watch(experiment: Experiment, epochs: Iterable[EpochResult]) -> Iterable[EpochResult]:
        for result in epochs:
            yield result
            if experiment.run.name == "fold-2" and result.epoch == 2:
                validation.pause()

    assert [result.number for result in validation.results(watch)] == [1]
    document = written(validation)
    assert document["status"] == validation.status == "interrupted"
    assert [entry["status"] for entry in document["results"]] == ["finished", "interrupted"]
    assert document["results"][1]["epochs"] == 2
    run = resumed(RunDirectory(validation.directory.path / "fold-2"))
    whole = validated(tmp_path, settings)
    assert contents(run) == contents(RunDirectory(whole.directory.path / "fold-2"))


def test_a_pause_while_a_fold_is_being_made_is_heeded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    validation = started(tmp_path, moons())

    def interrupted(*arguments: Any) -> Dataset:
        validation.pause()
        return load_dataset(*arguments)

    monkeypatch.setattr("nnctl.training.run_group.load_dataset", interrupted)
    assert list(validation.results()) == []
    assert [(fold.status, fold.epochs) for fold in validation.ended] == [("interrupted", 0)]
    assert written(validation)["status"] == "interrupted"


def test_a_fold_that_diverges_ends_it_and_is_recorded(tmp_path: Path) -> None:
    # The far row is tested in the first fold, and trained on in the others.
    settings = line(tmp_path, first="1e100", optimizer={"name": "sgd", "learning_rate": 0.01})
    validation = started(tmp_path, settings)
    with pytest.raises(DivergenceError, match="training diverged"):
        for _ in validation.results():
            pass
    document = written(validation)
    assert document["status"] == "diverged"
    assert [entry["status"] for entry in document["results"]] == ["finished", "diverged"]


def test_a_directory_that_vanishes_is_told_and_hides_no_error(tmp_path: Path) -> None:
    validation = started(tmp_path, moons())
    results = validation.results()
    next(results)
    shutil.rmtree(validation.directory.path)
    validation.directory.path.touch()
    with pytest.raises(StorageError, match="fold-2: cannot be created"):
        next(results)
    assert validation.status == "failed"


@pytest.mark.parametrize("count", [1, 0, -3])
def test_too_few_folds_are_refused(tmp_path: Path, count: int) -> None:
    with pytest.raises(UsageError, match=rf"takes 2 folds or more \(received {count}\)"):
        started(tmp_path, moons(), count)
    assert not [*tmp_path.iterdir()]


def test_a_test_file_has_no_part_in_it(tmp_path: Path) -> None:
    settings = line(tmp_path)
    settings["data"] |= {"test_source": str(tmp_path / "t.csv")}
    with pytest.raises(UsageError) as caught:
        started(tmp_path, settings)
    assert str(caught.value) == (
        f"cross-validation tests on the folds of `data.source`, and not on {tmp_path}/t.csv; "
        "leave `test_source` out, and give that file to `nnctl evaluate`"
    )
    assert not (tmp_path / "runs").exists()


def test_what_fits_no_fold_is_told_once_and_before_anything_stands(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        started(tmp_path, line(tmp_path), folds=7)
    assert str(caught.value) == (
        f"{tmp_path}/rows.csv: there are fewer rows than folds (received 6 rows and 7 folds); "
        "ask for fewer folds, or add data"
    )
    settings = line(tmp_path, model={"output": {"units": 2}})
    with pytest.raises(ConfigError, match=r"model\.output\.units"):
        started(tmp_path, settings)
    assert not (tmp_path / "runs").exists()


def test_what_is_wrong_in_the_last_fold_is_told_before_the_first_is_trained(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "c x y\n a 1 1\n a 2 2\n a 3 3\n b 4 4\n b 5 5\n z 6 6")
    settings = regression(path)
    settings["data"] |= {"columns": {"c": "categorical"}, "split": IN_ORDER}
    with pytest.raises(DataError) as caught:
        started(tmp_path, settings)
    (problem,) = caught.value.problems
    assert problem.message.startswith("fold 3: ")
    assert "`z`" in problem.message
    assert not (tmp_path / "runs").exists()


def test_what_should_be_known_is_said_once_for_all_folds(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path, "k x y\n 1 1 a\n 1 2 a\n 1 3 b\n 1 4 a\n 1 5 b\n 1 6 b\n 1 7 c\n 1 8 c"
    )
    settings = {
        "data": {"source": str(path), "target": "y", "split": {**IN_ORDER, "test": 0.1}},
        "loss": "categorical_cross_entropy",
    }
    ignored, *notices = started(tmp_path, settings, folds=2).notices
    assert ignored == "`split.test: 0.1` has no effect here: each fold in turn is the test set"
    (constant,) = [notice for notice in notices if "`k`" in notice]
    assert not constant.startswith("fold")
    assert "fold 1: without a test row: class `c`" in notices
    assert "fold 2: without a training row, so never predicted: class `c`" in notices
