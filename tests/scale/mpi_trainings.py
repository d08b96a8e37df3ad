"""Trainings by several ranks: `mpiexec -n 3 python -m tests.scale.mpi_trainings DIRECTORY`.

One job trains them all, each into DIRECTORY/ranks-3/NAME; then it pauses one in the middle of an
epoch, and goes on with one that a single process has paused.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nnctl.config import Config, load_config
from nnctl.errors import DivergenceError
from nnctl.runs.directory import RunDirectory
from nnctl.training.experiment import Experiment, start_experiment
from nnctl.training.resuming import resume_experiment

Sharing = Callable[[Experiment], contextlib.AbstractContextManager[None]]

# 53 rows, or 42 beside 11 for validation, in batches of 8: three ranks have 2 or 3 rows of each,
# and of the last one, of 5 or 2 rows, perhaps none.
CONFIG = """\
name: run
data: {source: rows.csv, features: [x, y], target: label}
model: {hidden: [{units: 5, activation: tanh}, {units: 4, activation: relu}]}
loss: binary_cross_entropy
optimizer: {name: adam, learning_rate: 0.02}
training: {epochs: 5, batch_size: 8}
compute: {dtype: float64}
seed: 3
"""
REGRESSION = ("data.target=[height, depth]", "loss=mean_squared_error")
# Not every optimizer leaves rounding errors as small as they are: where a gradient is zero but for
# them, as that of a bias before batch normalization, Adam's steps are those of a large one.
SGD = "optimizer={name: sgd, learning_rate: 0.05, momentum: 0.9}"
LONGER = "training.epochs=20"
VALIDATION = "data.split={validation: 0.2}"
# What is set otherwise -> by which name it is told.
TRAININGS: dict[str, tuple[str, ...]] = {
    "float64": (VALIDATION, LONGER),
    "float32": (VALIDATION, LONGER, "compute.dtype=float32"),
    "in_order": ("training.shuffle=false", "training.batch_size=10"),
    "full_batch": ("training.batch_size=full",),
    "fewer_rows_than_ranks": ("training.batch_size=2", "training.shuffle=false"),
    "fewer_weighted_rows": ("training.batch_size=2", "training.class_weight=balanced"),
    "three_classes": ("data.target=kind", "loss=categorical_cross_entropy"),
    "two_targets": REGRESSION,
    "momentum": (SGD,),
    "class_weight": ("training.class_weight=balanced",),
    "sample_weight": (*REGRESSION, "data.sample_weight=weight"),
    "both_weights": ("data.sample_weight=weight", "training.class_weight={no: 2, yes: 0.5}"),
    "clipped_norm": ("training.gradient_clipping={norm: 0.05}",),
    "clipped_values": ("training.gradient_clipping={value: 0.01}",),
    "penalties": ("regularization={l1: 0.001, l2: 0.01}",),
    "dropout": ("model.hidden.0.dropout=0.3", "model.hidden.1.dropout=0.2"),
    "dropout32": ("model.hidden.0.dropout=0.3", "compute.dtype=float32"),
    "batch_normalization": ("model.hidden.0.normalization=batch", SGD),
    "batch_normalization_of_few_rows": (
        *("model.hidden.0.normalization=batch", "model.hidden.1.normalization=batch", SGD),
        *("training.batch_size=2", "training.epochs=3"),
    ),
    "layer_normalization": ("model.hidden.0.normalization=layer",),
    "early_stopping": (
        *(VALIDATION, LONGER, "optimizer.learning_rate=0.3"),
        "training.early_stopping={patience: 2}",
    ),
    "plateau": (
        *(VALIDATION, LONGER, "optimizer.learning_rate=0.2"),
        "optimizer.schedule={name: reduce_on_plateau, patience: 1}",
    ),
    "halved": (
        *REGRESSION,
        *("optimizer={name: sgd, learning_rate: 1000}", "model.hidden=[]"),
        "training.on_divergence=halve_learning_rate",
    ),
    "skipped": (
        *("data.features=[x, y, broken]", "data.scaling=none", "model.hidden=[]", *REGRESSION),
        "training.on_divergence=skip_batch",
    ),
    "diverged": (*REGRESSION, "optimizer={name: sgd, learning_rate: 1.0e+200}"),
}
PAUSED = "dropout"  # the training that is paused
PAUSED_AFTER = 8  # batches: in the second epoch


def write_training(directory: Path) -> None:
    """Write the config and its rows, two of which overflow where their last feature is used."""
    n = np.arange(53)
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, len(n)))
    label = np.where(x * y + rng.normal(0, 0.3, len(n)) > 0, "yes", "no")
    kind = np.array(["a", "b", "c"])[(x > 0.5) + (y > 0.2).astype(int)]
    broken = np.where((n == 5) | (n == 30), 1e200, 0.0)
    columns = [x, y, label, kind, np.sin(2 * x) + y, x - y * y, 1 + n % 3, broken]
    lines = ["x,y,label,kind,height,depth,weight,broken"]
    lines += [",".join(map(str, row)) for row in zip(*columns, strict=True)]
    (directory / "run.yaml").write_text(CONFIG)
    (directory / "rows.csv").write_text("\n".join(lines) + "\n")


def settings(directory: Path, name: str, *overrides: str) -> Config:
    """Return a training's config."""
    return load_config(directory / "run.yaml", [*TRAININGS[name], *overrides])


def alone(_: Experiment) -> contextlib.AbstractContextManager[None]:
    """Let nobody take part."""
    return contextlib.nullcontext()


def train(experiment: Experiment, shared: Sharing) -> None:
    """Train to the end, a divergence or a pause; write down how it diverged."""
    with shared(experiment):
        try:
            for _ in experiment.epochs():
                pass
        except DivergenceError as error:
            (experiment.run.path / "divergence.txt").write_text(str(error))


def train_all(directory: Path, runs: str, shared: Sharing) -> None:
    """Train everything into DIRECTORY/RUNS."""
    for name in TRAININGS:
        train(start_experiment(settings(directory, name), directory / runs, name), shared)


def pause_one(directory: Path, runs: str, shared: Sharing) -> None:
    """Train one up to the middle of its second epoch, into DIRECTORY/RUNS/paused."""

    @contextlib.contextmanager
    def pausing(experiment: Experiment) -> Iterator[None]:
        with shared(experiment):
            pause_after(PAUSED_AFTER, experiment)
            yield

    train(start_experiment(settings(directory, PAUSED), directory / runs, "paused"), pausing)


def pause_after(batches: int, experiment: Experiment) -> None:
    """Let training pause after so many batches, as a signal would."""
    trainer = experiment.assembly.trainer
    propagate, counted = trainer.steps.propagate, iter(range(1, batches))

    def counting(*arguments: Any) -> Any:
        if next(counted, None) is None:
            trainer.pause()
        return propagate(*arguments)

    setattr(trainer.steps, "propagate", counting)  # noqa: B010  mypy lets nobody assign a method


def go_on(directory: Path, paused: str, runs: str, shared: Sharing) -> None:
    """Go on in DIRECTORY/RUNS/resumed with what DIRECTORY/PAUSED/paused is."""
    copy = directory / runs / "resumed"
    shutil.copytree(directory / paused / "paused", copy)
    train(resume_experiment(RunDirectory(copy)), shared)


def main(directory: Path) -> None:
    """Do it all as one rank of several."""
    from nnctl.scale.mpi import all_ranks, leave
    from nnctl.scale.mpi_job import follow, lead
    from nnctl.scale.mpi_steps import SharedSteps

    ranks, align = all_ranks(), SharedSteps.align
    runs = f"ranks-{ranks.size}"

    @contextlib.contextmanager
    def shared(experiment: Experiment) -> Iterator[None]:
        lead(experiment, ranks)
        yield
        ranks.tell(None)

    def parted(steps: SharedSteps) -> None:
        """Let the others' numbers part from those of rank 0 between any two epochs."""
        steps.network.parameters *= 1.0 + 1e-3 * ranks.rank
        align(steps)

    setattr(SharedSteps, "align", parted)  # noqa: B010  mypy lets nobody assign a method
    if ranks.leads:
        train_all(directory, runs, shared)
        pause_one(directory, runs, shared)
        go_on(directory, "alone", runs, shared)
    else:
        for _ in range(len(TRAININGS) + 2):
            follow(ranks)
    leave()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
