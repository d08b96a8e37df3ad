from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nnctl.errors import RunError
from nnctl.runs.directory import RunDirectory
from nnctl.runs.json_file import read_json, write_json
from nnctl.training.resuming import resume_experiment
from nnctl.training.verification import TOLERANCES
from nnctl.training.verifying import verify_run
from tests.training.experiments import classification, started
from tests.training.pauses import ended

EPOCHS = {"epochs": 4, "batch_size": 4}


def trained_in_shards(
    directory: Path, first: int, then: int, *, longer: bool = False
) -> RunDirectory:
    """Train two epochs as so many ranks, and two as others; each has the batches of its shards.

    The run is paused after the first two, or the config has no more before they are done.
    """
    epochs = 2 if longer else 4
    config = classification(training=EPOCHS | {"epochs": epochs}, compute={"rows": "sharded"})
    experiment = started(directory, config)
    trainer = experiment.assembly.trainer
    trainer.steps.deal(first)
    for result in experiment.epochs():
        if result.epoch == 2:
            trainer.pause()
    experiment = resume_experiment(experiment.run, ["training.epochs=4"] if longer else ())
    experiment.assembly.trainer.steps.deal(then)
    run = ended(experiment)
    record = read_json(run.run_json)
    record["ranks"] = first
    record["resumed"][0]["ranks"] = then
    write_json(run.run_json, record)
    return run


@pytest.mark.parametrize("longer", [False, True])
@pytest.mark.parametrize(("first", "then"), [(3, 3), (3, 2), (1, 3)])
def test_one_process_trains_what_shards_made_of_the_rows(
    tmp_path: Path, first: int, then: int, longer: bool
) -> None:
    verification = verify_run(trained_in_shards(tmp_path, first, then, longer=longer))
    assert verification.is_same
    assert verification.epochs == 4


def test_a_record_with_another_number_of_shards_makes_another_run(tmp_path: Path) -> None:
    run = trained_in_shards(tmp_path, 3, 2)
    write_json(run.run_json, read_json(run.run_json) | {"ranks": 2})
    verification = verify_run(run)
    assert verification.rows is not None
    assert verification.rows.epoch == 1


@pytest.mark.parametrize(
    ("dtype", "parted", "holds"),
    [
        ("float64", 1e-11, True),
        ("float64", 1e-7, False),
        ("float32", 1e-5, True),
        ("float32", 5e-3, False),
    ],
)
def test_what_ranks_trained_may_differ_in_its_last_digits(
    tmp_path: Path, dtype: str, parted: float, holds: bool
) -> None:
    run = trained_by_two(tmp_path, dtype)
    lines = run.metrics.read_text().splitlines()
    column = lines[0].split(",").index("train_loss")
    cells = lines[2].split(",")
    cells[column] = repr(float(cells[column]) * (1 + parted))
    run.metrics.write_text("\n".join([*lines[:2], ",".join(cells), *lines[3:]]) + "\n")
    verification = verify_run(run)
    assert verification.rows is not None
    assert (verification.is_same, verification.holds) == (False, holds)
    assert verification.tolerance == TOLERANCES[dtype]
    (note,) = verification.notes
    assert note.startswith("it was trained by 2 ranks, and is trained again by one process")
    assert f"in metrics.csv is {parted:.2g} (up to {TOLERANCES[dtype]:g} passes)" in note


def trained_by_two(directory: Path, dtype: str = "float64") -> RunDirectory:
    """Train with rows that all ranks have, and let the record say that there were two."""
    run = ended(started(directory, classification(training=EPOCHS, compute={"dtype": dtype})))
    write_json(run.run_json, read_json(run.run_json) | {"ranks": 2})
    return run


def test_checkpoints_of_ranks_may_be_others_and_may_not_be_gone(tmp_path: Path) -> None:
    run, other = trained_by_two(tmp_path), trained_by_two(tmp_path / "other", "float32")
    run.best.write_bytes(other.best.read_bytes())
    assert verify_run(run).holds
    run.best.unlink()
    verification = verify_run(run)
    assert not verification.holds
    assert [file.file for file in verification.refuting_files] == ["best.npz"]


def test_one_process_has_nothing_to_round_otherwise(tmp_path: Path) -> None:
    run = ended(started(tmp_path, classification(training=EPOCHS)))
    assert verify_run(run).tolerance is None


def test_rows_that_every_rank_has_are_in_no_shards(tmp_path: Path) -> None:
    run = ended(started(tmp_path, classification(training=EPOCHS)))
    write_json(run.run_json, read_json(run.run_json) | {"ranks": 3})
    assert verify_run(run).is_same


DAMAGED: list[dict[str, Any]] = [
    {"ranks": "many"},
    {"ranks": None},
    {"ranks": 1.5},
    {"resumed": ["then"]},
    {"resumed": [{"changes": {}, "ranks": "many"}]},
    {"resumed": [{"changes": {}, "epoch": None}]},
]


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_number_of_ranks_is_an_error(tmp_path: Path, damage: dict[str, Any]) -> None:
    run = trained_in_shards(tmp_path, 2, 2)
    write_json(run.run_json, read_json(run.run_json) | damage)
    with pytest.raises(RunError, match="what it says of `ranks` and `resumed` cannot be"):
        verify_run(run)
