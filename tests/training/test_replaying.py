from __future__ import annotations

from pathlib import Path

import pytest

from nnctl.runs.directory import RunDirectory
from nnctl.runs.json_file import read_json, write_json
from nnctl.training.resuming import resume_experiment
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


def test_rows_that_every_rank_has_are_in_no_shards(tmp_path: Path) -> None:
    run = ended(started(tmp_path, classification(training=EPOCHS)))
    write_json(run.run_json, read_json(run.run_json) | {"ranks": 3})
    assert verify_run(run).is_same
