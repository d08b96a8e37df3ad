from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.errors import RunError
from nnctl.runs.checkpoint import read_checkpoint, save_checkpoint
from nnctl.training.explained_rows import Which, subject_of_run
from nnctl.training.explaining import SlowTrainer
from tests.training.experiments import Settings, classification, started, trained
from tests.training.pauses import after_batches, paused

BATCHES: Settings = {"epochs": 5, "batch_size": 16}
MOONS = {"name": "moons", "samples": 80}
IN_AN_EPOCH = 5


@pytest.mark.parametrize("batches", [0, 2, IN_AN_EPOCH, IN_AN_EPOCH + 3])
def test_a_paused_run_is_explained_from_the_batch_that_it_paused_at(
    tmp_path: Path, batches: int
) -> None:
    settings = classification(MOONS, training=BATCHES)
    run = started(tmp_path / "whole", settings)
    after_batches(run.assembly.trainer, batches + 1, run.assembly.trainer.pause)
    for _ in run.epochs():
        pass
    experiment = started(tmp_path / "paused", settings)
    if batches == 0:
        experiment.assembly.trainer.pause()
    subject = subject_of_run(paused(experiment, batches), "last")
    slow = SlowTrainer(subject.assembly.trainer)
    rows, epoch, batch = next(subject.training_batches())
    step = slow.step(subject.examples(rows), epoch, batch)
    assert (epoch, batch) == divmod(batches, IN_AN_EPOCH)
    np.testing.assert_array_equal(step.after, run.assembly.trainer.network.parameters)
    places = [place for _, *place in islice(subject.training_batches(), IN_AN_EPOCH + 1)]
    assert places == [list(divmod(batches + n, IN_AN_EPOCH)) for n in range(IN_AN_EPOCH + 1)]


REDUCED = "the learning rate is as reduced as it was after the run's last epoch"


@pytest.mark.parametrize("which", ["best", "last"])
def test_reductions_of_the_learning_rate_are_shown_with_the_best_network_too(
    tmp_path: Path, which: Which
) -> None:
    # No improvement is large enough: each epoch but the first is without one.
    schedule = {"name": "reduce_on_plateau", "patience": 1, "factor": 0.5, "min_delta": 1e9}
    optimizer = {"name": "sgd", "learning_rate": 0.25, "schedule": schedule}
    experiment = trained(tmp_path, classification(MOONS, training=BATCHES, optimizer=optimizer))
    subject = subject_of_run(experiment.run, which)
    assert subject.assembly.trainer.learning_rate.rate(subject.epoch) == 0.25 / 2**4
    assert (REDUCED in subject.notices) is (which == "best")


def test_a_rate_that_was_never_reduced_is_not_spoken_of(tmp_path: Path) -> None:
    schedule = {"name": "reduce_on_plateau", "patience": 50}
    optimizer = {"name": "sgd", "learning_rate": 0.25, "schedule": schedule}
    experiment = trained(tmp_path, classification(MOONS, training=BATCHES, optimizer=optimizer))
    assert subject_of_run(experiment.run, "best").notices == ()


@pytest.mark.parametrize("forged", [{}, {"halvings": "many"}, 3])
def test_a_learning_rate_that_nnctl_never_wrote_is_refused(tmp_path: Path, forged: Any) -> None:
    run = trained(tmp_path, classification(MOONS, training=BATCHES)).run
    last = read_checkpoint(run.last)
    last.metadata["learning_rate"] = forged
    save_checkpoint(run.last, last)
    with pytest.raises(RunError, match=r"its learning rate cannot be restored .*; train again"):
        subject_of_run(run, "best")
