"""Trainings with sharded rows: `mpiexec -n 3 python -m tests.scale.mpi_sharded_trainings PLACE`.

One job trains them all, each into PLACE/ranks-3/NAME, and sums them up; then it pauses one in
the middle of an epoch and goes on with it. One process can take the batches that several shards
make, so that it tells what is to be expected.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nnctl.config import Config
from nnctl.data.dataset import Dataset, load_dataset
from nnctl.runs.directory import RunDirectory
from nnctl.training.experiment import Experiment, start_experiment
from nnctl.training.resuming import resume_experiment
from tests.scale.mpi_trainings import PAUSED, PAUSED_AFTER, Sharing, pause_after, settings, train

SHARDED = "compute.rows=sharded"
# Of the trainings with shared rows, those for which it matters where the rows are.
NAMES = (
    "float32",
    "in_order",
    "full_batch",
    "fewer_weighted_rows",
    "two_targets",
    "sample_weight",
    "both_weights",
    "dropout",
    "batch_normalization",
    "plateau",
    "halved",
    "skipped",
    "diverged",
)


def sharded(directory: Path, name: str) -> Config:
    """Return a training's config, with sharded rows and few epochs."""
    return settings(directory, name, SHARDED, "training.epochs=5")


def in_shards(count: int) -> Sharing:
    """Let one process take the batches that so many shards make."""

    @contextlib.contextmanager
    def shared(experiment: Experiment) -> Iterator[None]:
        experiment.assembly.trainer.steps.deal(count)
        yield

    return shared


def train_all(
    directory: Path, runs: str, shared: Sharing, read: Callable[..., Dataset] = load_dataset
) -> None:
    """Train everything into DIRECTORY/RUNS, and sum it up unless it diverged."""
    for name in NAMES:
        config = sharded(directory, name)

        @contextlib.contextmanager
        def to_the_end(experiment: Experiment) -> Iterator[None]:
            with shared(experiment):
                yield
                if experiment.status == "trained":
                    experiment.finish()

        train(start_experiment(config, directory / runs, name, read=read), to_the_end)


def pause_one(
    directory: Path, runs: str, shared: Sharing, read: Callable[..., Dataset] = load_dataset
) -> None:
    """Pause DIRECTORY/RUNS/paused in the second epoch, and go on with a copy, RUNS/resumed."""

    @contextlib.contextmanager
    def pausing(experiment: Experiment) -> Iterator[None]:
        with shared(experiment):
            pause_after(PAUSED_AFTER, experiment)
            yield

    paused, resumed = (directory / runs / name for name in ("paused", "resumed"))
    config = sharded(directory, PAUSED)
    train(start_experiment(config, paused.parent, paused.name, read=read), pausing)
    shutil.copytree(paused, resumed)
    train(resume_experiment(RunDirectory(resumed), read=read), shared)


def main(directory: Path) -> None:
    """Do it all as one rank of several."""
    from nnctl.scale.mpi import all_ranks, leave
    from nnctl.scale.mpi_job import follow, lead
    from nnctl.scale.mpi_reading import read_together

    ranks = all_ranks()
    runs = f"ranks-{ranks.size}"

    def read(*arguments: Any) -> Dataset:
        """Read with the others; no rank is to bring all rows into its memory by mistake."""
        dataset = read_together(ranks, *arguments)
        try:
            np.asarray(dataset.train.inputs)
        except TypeError:
            return dataset
        raise AssertionError(f"rank {ranks.rank} has all rows")

    @contextlib.contextmanager
    def shared(experiment: Experiment) -> Iterator[None]:
        lead(experiment, ranks)
        yield
        ranks.tell(None)

    if ranks.leads:
        train_all(directory, runs, shared, read)
        pause_one(directory, runs, shared, read)
    else:
        for _ in range(len(NAMES) + 2):
            follow(ranks)
    leave()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
