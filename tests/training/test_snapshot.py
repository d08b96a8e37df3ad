from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnctl.training.experiment import Experiment
from nnctl.training.snapshot import SLOT
from tests.training.experiments import Settings, classification, started
from tests.training.pauses import after_batches

SETTINGS: Settings = {
    "model": {"hidden": [{"units": 4, "normalization": "batch"}]},
    "optimizer": {
        "name": "adam",
        "learning_rate": 0.1,
        "schedule": {"name": "reduce_on_plateau", "patience": 1, "min_delta": 9},
    },
    "training": {"epochs": 3, "batch_size": 100},
}


def paused(directory: Path, batches: int) -> Experiment:
    """A training of five batches an epoch, stopped without a word to the disk."""
    experiment = started(directory, classification(**SETTINGS))
    trainer = experiment.assembly.trainer
    after_batches(trainer, batches, trainer.pause)
    list(trainer.epochs(3))
    trainer.take_snapshot()
    return experiment


@pytest.mark.parametrize("batches", [3, 5, 8])
def test_whoever_restores_a_snapshot_is_where_it_was_taken(tmp_path: Path, batches: int) -> None:
    first = paused(tmp_path, batches).assembly.trainer
    second = started(tmp_path, classification(**SETTINGS)).assembly.trainer
    second.restore(first.snapshot)
    for trainer in (first, second):
        trainer.pause_requested = False
    results = [list(trainer.epochs(3)) for trainer in (first, second)]
    assert results[0] == results[1]
    assert len(results[0]) == 3 - batches // 5
    for mine, other in (
        (first.network.parameters, second.network.parameters),
        (first.network.state, second.network.state),
        (first.best_parameters, second.best_parameters),
    ):
        np.testing.assert_array_equal(mine, other)
    assert first.learning_rate.state() == second.learning_rate.state()
    assert first.learning_rate.state()["reductions"] == 2
    assert first.stopping.state() == second.stopping.state()


def test_a_snapshot_is_a_copy(tmp_path: Path) -> None:
    trainer = paused(tmp_path, 3).assembly.trainer
    snapshot = trainer.snapshot
    kept = {name: array.copy() for name, array in snapshot.arrays.items()}
    assert {"parameters", "state", "best_parameters", "epoch_outputs", f"{SLOT}gradient_sum"} <= {
        *kept
    }
    trainer.pause_requested = False
    list(trainer.epochs(3))
    assert (snapshot.epoch, snapshot.optimizer_steps) == (0, 3)
    for name, array in snapshot.arrays.items():
        np.testing.assert_array_equal(array, kept[name], err_msg=name)


def test_what_an_epoch_had_begun_is_gone_with_its_end(tmp_path: Path) -> None:
    trainer = paused(tmp_path, 3).assembly.trainer
    begun = trainer.snapshot
    assert begun.progress is not None
    assert begun.progress["batches"] == 3
    assert len(begun.arrays["epoch_outputs"]) == len(begun.arrays["epoch_order"]) == 300
    trainer.pause_requested = False
    for _ in trainer.epochs(2):
        trainer.take_snapshot()
        assert trainer.snapshot.progress is None
        assert not {"epoch_outputs", "epoch_order"} & {*trainer.snapshot.arrays}


def test_the_snapshot_before_stays_whole_while_another_is_taken(tmp_path: Path) -> None:
    """A signal may come while arrays are copied: what it saves is `trainer.snapshot`."""
    trainer = paused(tmp_path, 3).assembly.trainer
    before = trainer.snapshot
    trainer.take_snapshot()
    assert trainer.snapshot is not before
    never_written_over = {*trainer.observer.observations.arrays(), *trainer.trajectory.arrays()}
    for name in trainer.snapshot.arrays.keys() - never_written_over:
        assert not np.shares_memory(trainer.snapshot.arrays[name], before.arrays[name]), name


@pytest.mark.parametrize("name", ["parameters", "state", "best_parameters", "best_state"])
def test_a_snapshot_of_another_network_is_refused(tmp_path: Path, name: str) -> None:
    trainer = started(tmp_path, classification(**SETTINGS)).assembly.trainer
    snapshot = paused(tmp_path, 3).assembly.trainer.snapshot
    snapshot.arrays[name] = snapshot.arrays[name][:-1]
    with pytest.raises(ValueError, match=f"its {name} must have shape"):
        trainer.restore(snapshot)
