"""Trainings that are paused after a number of batches, for the tests of how they go on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnctl.nn.arrays import FloatArray
from nnctl.runs.checkpoint import Checkpoint, read_checkpoint, save_checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.training.experiment import Experiment, start_experiment
from nnctl.training.loop import Trainer
from nnctl.training.resuming import resume_experiment
from tests.training.experiments import Settings, config_of

SAME = ("metrics", "best", "last")  # what is promised to the byte


def after_batches(trainer: Trainer, batches: int, call: Callable[[], None]) -> None:
    """Call something when this many batches more have moved the weights, as a signal would."""
    step, seen = trainer.optimizer.step, 0

    def counted(gradients: FloatArray, learning_rate: float) -> None:
        nonlocal seen
        step(gradients, learning_rate)
        seen += 1
        if seen == batches:
            call()

    pytest.MonkeyPatch().setattr(trainer.optimizer, "step", counted)


def paused(experiment: Experiment, batches: int) -> RunDirectory:
    """Train this many batches and pause."""
    trainer = experiment.assembly.trainer
    after_batches(trainer, batches, trainer.pause)
    for _ in experiment.epochs():
        pass
    return experiment.run


def ended(experiment: Experiment) -> RunDirectory:
    """Train to the end."""
    for _ in experiment.epochs():
        pass
    experiment.finish()
    return experiment.run


def resumed(run: RunDirectory, *overrides: str, force: bool = False) -> RunDirectory:
    """Go on with a run, to its end."""
    return ended(resume_experiment(run, overrides, force=force))


def straight(directory: Path, settings: Settings) -> RunDirectory:
    """Return a run that nothing interrupted; its data is found from the working directory."""
    return ended(start_experiment(config_of(Path.cwd(), settings), directory / "runs"))


def contents(run: RunDirectory) -> dict[str, bytes]:
    """Return the bytes of all that is promised."""
    return {name: getattr(run, name).read_bytes() for name in SAME}


def with_other_arrays(run: RunDirectory, change: Callable[[str, Any], Any]) -> None:
    """Write a checkpoint with other arrays; an array that becomes None is left out."""
    last = read_checkpoint(run.last)
    arrays = {name: change(name, array) for name, array in last.arrays.items()}
    kept = {name: array for name, array in arrays.items() if array is not None}
    save_checkpoint(run.last, Checkpoint(last.metadata, kept))
