from __future__ import annotations

from pathlib import Path

import pytest

from nnctl.errors import DataError, RunError, UsageError
from nnctl.training.experiment import Experiment
from nnctl.training.own_rows import own_rows, run_config
from tests.training.experiments import Settings, classification, config_of, trained, write_csv

ROWS = "x kind \n" + "\n".join(f"{n} {'ab'[n % 2]}" for n in range(20))


def run_of(directory: Path, split: Settings) -> tuple[Experiment, Path]:
    path = write_csv(directory, ROWS)
    data = {"source": "rows.csv", "target": "kind", "split": split}
    return trained(directory, classification(data=data)), path


@pytest.mark.parametrize(
    ("split", "expected", "count"),
    [
        ({"validation": 0.2, "test": 0.3}, "test", 6),
        ({"test": 0.3}, "test", 6),
        ({"validation": 0.2}, "validation", 4),
        ({}, "train", 20),
    ],
)
def test_the_rows_seen_least_are_taken(
    tmp_path: Path, split: Settings, expected: str, count: int
) -> None:
    experiment, path = run_of(tmp_path, split)
    rows = own_rows(experiment.run)
    assert (rows.set_name, rows.table.n_rows, rows.notices) == (expected, count, ())
    assert rows.table.source == str(path)
    taken = getattr(experiment.dataset.split, expected)
    assert list(rows.table.numbers("x", "feature")) == taken.tolist()


@pytest.mark.parametrize("wanted", ["train", "validation", "test"])
def test_a_set_may_be_named(tmp_path: Path, wanted: str) -> None:
    experiment, _ = run_of(tmp_path, {"validation": 0.2, "test": 0.3})
    rows = own_rows(experiment.run, wanted)
    assert rows.set_name == wanted
    taken = getattr(experiment.dataset.split, wanted)
    assert list(rows.table.numbers("x", "feature")) == taken.tolist()


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("test", "this run has no test rows; it has validation, train"),
        ("tset", "--split must be one of train, validation, test (received tset)"),
    ],
)
def test_a_set_that_is_not_there_is_refused(tmp_path: Path, wanted: str, message: str) -> None:
    experiment, _ = run_of(tmp_path, {"validation": 0.2})
    with pytest.raises(UsageError) as caught:
        own_rows(experiment.run, wanted)
    assert str(caught.value) == message


def test_data_that_has_changed_is_used_with_a_notice(tmp_path: Path) -> None:
    experiment, path = run_of(tmp_path, {})
    write_csv(tmp_path, ROWS.replace("\n7 b", "\n70 b"))
    rows = own_rows(experiment.run)
    assert rows.notices == (f"{path} is not what it was when the run was trained",)
    assert rows.table.numbers("x", "feature")[7] == 70


def test_data_that_is_only_written_otherwise_has_not_changed(tmp_path: Path) -> None:
    experiment, _ = run_of(tmp_path, {})
    write_csv(tmp_path, ROWS.replace("\n7 b", "\n7.0 b"))
    assert own_rows(experiment.run).notices == ()


@pytest.mark.parametrize("rows", [19, 21])
def test_data_with_another_number_of_rows_is_refused(tmp_path: Path, rows: int) -> None:
    experiment, path = run_of(tmp_path, {})
    write_csv(tmp_path, "\n".join([*ROWS.splitlines(), "5 a"][: rows + 1]))
    with pytest.raises(DataError) as caught:
        own_rows(experiment.run)
    assert str(caught.value) == (
        f"{path} had 20 rows when the run was trained and has {rows} now; restore it, or name "
        "the file to use"
    )


def test_generated_rows_are_made_again(tmp_path: Path) -> None:
    settings = classification()
    settings["data"] |= {"split": {"test": 0.1}}
    rows = own_rows(trained(tmp_path, settings | {"seed": 5}).run)
    assert (rows.set_name, rows.table.n_rows, rows.notices) == ("test", 50, ())


def test_the_config_of_a_run_knows_where_the_data_is(tmp_path: Path) -> None:
    experiment, path = run_of(tmp_path, {"test": 0.3})
    config = run_config(experiment.run)
    assert config.data.source == str(path)
    assert config == experiment.config
    assert config.metrics == ("accuracy",)
    assert config != config_of(tmp_path, classification())


def test_without_a_last_checkpoint_no_rows_are_known(tmp_path: Path) -> None:
    experiment, _ = run_of(tmp_path, {})
    experiment.run.last.unlink()
    with pytest.raises(RunError, match="there is no such checkpoint"):
        own_rows(experiment.run)
