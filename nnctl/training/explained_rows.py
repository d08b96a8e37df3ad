"""What is explained: a network and some rows of its data, as they are written and as it sees them.

The network is that of a config before its training, or that of a run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Literal

import numpy as np

from nnctl.config import Config
from nnctl.data.arrays import FloatArray, IntArray
from nnctl.data.dataset import Dataset, load_dataset, rows_from_table
from nnctl.data.folds import Fold
from nnctl.data.loading import load_tables
from nnctl.data.table import Table
from nnctl.errors import Problem, RunError, UsageError
from nnctl.runs.checkpoint import Checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.training.assembly import Assembly, assemble
from nnctl.training.config_changes import config_of_checkpoint
from nnctl.training.evaluation import Examples, examples_of
from nnctl.training.inference import FORGED, load_model
from nnctl.training.loop import Trainer
from nnctl.training.own_rows import run_config
from nnctl.training.resuming import check_data, newest_checkpoint, restored_experiment
from nnctl.training.steps import Progress

Which = Literal["best", "last"]


@dataclass(frozen=True, eq=False)
class Cells:
    """Rows as they are written in the data."""

    places: IntArray  # (n_rows,) the position in the table, from 1
    lines: IntArray | None  # (n_rows,) the line in the file, if it has lines
    sets: tuple[str, ...]  # training, validation, test
    features: list[list[object]]  # a row's cells: numbers, texts, None where missing
    targets: list[list[object]]


@dataclass(frozen=True, eq=False)
class Subject:
    """A network, ready to take steps, and its data."""

    name: str  # of the config or run, as it was given
    config: Config
    dataset: Dataset
    table: Table  # of the main source
    assembly: Assembly
    epoch: int  # that a step belongs to, from 0: as many as the network has been trained for
    notices: tuple[str, ...]

    def row(self, number: int) -> IntArray:
        """Return the position of row `number` of the data, counted from 1; UsageError if none."""
        if not 1 <= number <= self.table.n_rows:
            raise UsageError(
                f"--row must be from 1 to {self.table.n_rows}, the rows of {self.table.source} "
                f"(received {number})"
            )
        return np.array([number - 1])

    def first_row(self) -> IntArray:
        """Return the position of the first training row."""
        return self.dataset.split.train[:1]

    def training_batches(self) -> Iterator[tuple[IntArray, int, int]]:
        """Yield positions of the rows of each batch, as training goes on from here, without end.

        With each come its epoch and its place in the epoch, both from 0.
        """
        trainer, train = self.assembly.trainer, self.dataset.split.train
        progress = trainer.progress or Progress()
        for epoch in count(self.epoch):
            parts = trainer.steps.remaining(progress, epoch)
            for batch, rows in enumerate(parts, progress.batches):
                yield train[rows], epoch, batch
            progress = Progress()

    def examples(self, positions: IntArray) -> Examples:
        """Return rows of the table, in this order, as training would take them."""
        order = np.argsort(positions)
        trainer = self.assembly.trainer
        rows = rows_from_table(
            self.table.take(positions[order]),
            self.dataset.preprocessing,
            trainer.network.dtype,
            sample_weight=self.config.data.sample_weight,
        )
        n_outputs = trainer.network.n_outputs
        examples = examples_of(rows, trainer.decoder, n_outputs, self.assembly.class_weight)
        back = np.argsort(order)
        weights, sample_weight = (
            None if array is None else array[back]
            for array in (examples.weights, examples.sample_weight)
        )
        return Examples(
            examples.inputs[back],
            examples.targets[back],
            examples.encoded[back],
            weights,
            sample_weight,
        )

    def cells(self, positions: IntArray) -> Cells:
        """Return rows of the table, in this order, as they are written."""
        order = np.argsort(positions)
        table, back = self.table.take(positions[order]), np.argsort(order)
        preprocessing = self.dataset.preprocessing
        return Cells(
            places=positions + 1,
            lines=table.places[back] if table.has_lines else None,
            sets=self.sets_of(positions),
            features=written(table, preprocessing.feature_names, back),
            targets=written(table, preprocessing.targets, back),
        )

    def sets_of(self, positions: IntArray) -> tuple[str, ...]:
        """Return the set that each row of the main source belongs to."""
        split, data = self.dataset.split, self.config.data
        names = np.full(len(positions), "training", "<U10")
        if data.validation_source is None:
            names[np.isin(positions, split.validation)] = "validation"
        if data.test_source is None:
            names[np.isin(positions, split.test)] = "test"
        return tuple(names.tolist())


def written(table: Table, names: tuple[str, ...], order: IntArray) -> list[list[object]]:
    """Return cells (n_rows, n_names) as they are written; None where one is missing."""
    columns: list[list[object]] = []
    for name in names:
        values: FloatArray = table.values(name)[order]
        texts = table.texts.get(name)
        columns.append(
            [None if np.isnan(v) else float(v) if texts is None else texts[int(v)] for v in values]
        )
    return [list(row) for row in zip(*columns, strict=True)]


def subject_of_config(config: Config, name: str) -> Subject:
    """Return the network of a config, before its first step."""
    tables = load_tables(config)
    dataset = load_dataset(config, tables=tables)
    assembly, config = assemble(config, dataset)
    notices = (*dataset.notices, *assembly.notices)
    return Subject(name, config, dataset, tables.main, assembly, 0, notices)


def subject_of_run(run: RunDirectory, which: Which) -> Subject:
    """Return the network of a run: its best one with a new optimizer, or its last with its own.

    Its config is the one that it was trained with, whatever config.yaml says by now. Raises
    RunError where the run's data is not what it was trained on.
    """
    last, damages = newest_checkpoint(run)
    config = config_of_checkpoint(last.metadata["config"], run_config(run))
    tables, fold = load_tables(config), last.metadata["fold"]
    for changed in check_data(run, last, tables.fingerprints(), force=True):
        raise RunError(Problem(f"{changed}; restore it, or train again"))
    dataset = load_dataset(config, None if fold is None else Fold(*fold), tables)
    if which == "last":
        experiment = restored_experiment(run, last, config, dataset)
        assembly, config = experiment.assembly, experiment.config
        epoch, notices = assembly.trainer.epoch, damages
    else:
        assembly, config = assemble(config, dataset)
        epoch, notices = take_best(run, last, assembly.trainer)
    return Subject(str(run.path), config, dataset, tables.main, assembly, epoch, notices)


def take_best(run: RunDirectory, last: Checkpoint, trainer: Trainer) -> tuple[int, tuple[str, ...]]:
    """Put the run's best weights into a new trainer; return their epoch, and what is to be said.

    The learning rate is reduced as it was by the run's last epoch.
    """
    model, network = load_model(run.best), trainer.network
    if model.network.parameters.shape != network.parameters.shape:
        message = "is not of the same training as last.npz; restore it, or train again"
        raise RunError(Problem(message, str(run.best)))
    network.parameters[...] = model.network.parameters
    network.state[...] = model.network.state
    try:
        trainer.learning_rate.restore(last.metadata["learning_rate"])
    except FORGED as error:
        message = f"its learning rate cannot be restored ({error}); train again"
        raise RunError(Problem(message, str(run.path))) from error
    notices: tuple[str, ...] = ()
    state = trainer.learning_rate.state()
    if state["halvings"] or state.get("reductions"):
        notices += ("the learning rate is as reduced as it was after the run's last epoch",)
    if trainer.optimizer.slots:
        notices += (
            "the optimizer begins without a memory of earlier steps; `--checkpoint last` has it",
        )
    return model.epoch, notices
