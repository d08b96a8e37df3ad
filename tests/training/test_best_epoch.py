"""Which epoch's weights are the best, where no rows are held out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.training.experiment import Experiment
from tests.training.experiments import column, started, trained

BLOBS: dict[str, Any] = {
    "data": {"generator": {"name": "blobs", "classes": 2, "seed": 3}},
    "loss": "binary_cross_entropy",
    "optimizer": {"name": "adam", "learning_rate": 0.2},
    "training": {"epochs": 300, "batch_size": "full"},
    "compute": {"dtype": "float64"},
}


def objective_by_epoch(experiment: Experiment, l2: float) -> list[float]:
    """The penalized loss that each epoch of a full batch measured, from the runs' own numbers."""
    trainer = experiment.assembly.trainer
    seen = []
    while trainer.epoch < experiment.config.training.epochs:
        weights = trainer.network.parameters[: trainer.network.n_weights].copy()
        result = next(trainer.epochs(trainer.epoch + 1))
        seen.append(result.values["train_loss"] + l2 / 2 * float(weights @ weights))
    return seen


def test_the_penalty_counts_in_choosing_the_best_epoch(tmp_path: Path) -> None:
    settings = BLOBS | {"regularization": {"l2": 0.1}}
    experiment = started(tmp_path, settings)
    objective = objective_by_epoch(experiment, 0.1)
    stopping = experiment.assembly.trainer.stopping
    assert stopping.best_epoch == 1 + int(np.argmin(objective))
    assert stopping.best_value == pytest.approx(min(objective), rel=1e-12)


def test_without_the_penalty_another_epoch_would_have_been_chosen(tmp_path: Path) -> None:
    experiment = trained(tmp_path, BLOBS | {"regularization": {"l2": 0.1}})
    losses = column(experiment, "train_loss")
    best = experiment.assembly.trainer.stopping.best_epoch
    assert best is not None
    assert best != 1 + int(np.argmin(losses))


def test_the_summary_has_the_loss_that_the_best_epoch_measured(tmp_path: Path) -> None:
    experiment = trained(tmp_path, BLOBS)
    summary = experiment.finish()
    losses = column(experiment, "train_loss")
    assert summary["best"]["train_loss"] == pytest.approx(losses[summary["best_epoch"] - 1])


def test_a_bar_is_met_by_the_epoch_that_met_it(tmp_path: Path) -> None:
    """XOR at too large a step: accuracy 1 in an epoch, less after that epoch's own step."""
    for seed in range(12):
        settings = {
            "seed": seed,
            "data": {"generator": "xor", "scaling": "none"},
            "model": {"hidden": [{"units": 8, "activation": "tanh"}]},
            "loss": "binary_cross_entropy",
            "optimizer": {"name": "sgd", "learning_rate": 2.0},
            "training": {
                "epochs": 60,
                "batch_size": "full",
                "early_stopping": {"monitor": "train_accuracy", "patience": 60},
            },
        }
        experiment = trained(tmp_path / str(seed), settings)
        reached = max(column(experiment, "train_accuracy"))
        assert experiment.finish()["best"]["train_accuracy"] == reached
