"""A run's rows as pictures show them, and what one network after another says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from nnctl.data.arrays import FloatArray, IntArray
from nnctl.data.loading import load_main_table
from nnctl.data.table import Table, number_matrix
from nnctl.errors import RunError
from nnctl.runs.checkpoint import read_checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.runs.history import read_history
from nnctl.training.decoding import ClassDecoder
from nnctl.training.inference import Model
from nnctl.training.own_rows import notice_changes, run_config

MOST_POINTS = 2000  # more would only cover one another
MISCLASSIFIED, TYPICAL_ERROR = "misclassified", "root_mean_squared_error"

Drawn = TypeVar("Drawn")


@dataclass(frozen=True, eq=False)
class View(Generic[Drawn]):
    """What is drawn of a run's networks, one a frame."""

    drawn: Drawn
    notices: tuple[str, ...]
    n_points: int
    measure: str  # MISCLASSIFIED or TYPICAL_ERROR
    measured: FloatArray | IntArray  # (n_frames,) of the points


def title_of(run: RunDirectory, models: Sequence[Model]) -> str:
    """Return the run's name, and the epoch where it is another than the last that is drawn."""
    epoch, last = models[-1].epoch, last_epoch(run)
    if last is None or epoch >= last:
        return run.name
    return f"{run.name}: {epoch_text(epoch, last, epoch)}"


def last_epoch(run: RunDirectory) -> int | None:
    """Return how many epochs a run was trained for; None where its history is gone."""
    try:
        return len(read_history(run.metrics).get("epoch", ()))
    except RunError:
        return None


def epoch_text(epoch: int, last: int, best: int) -> str:
    """Return which epoch is drawn."""
    return f"epoch {epoch:,} of {last:,}{' (best)' * (epoch == best)}"


def table_of(run: RunDirectory) -> tuple[Table, tuple[str, ...]]:
    """Return some of the run's rows, and a notice where its data changed since it was trained."""
    table, _ = load_main_table(run_config(run))
    return some_rows(table), notice_changes(read_checkpoint(run.best), table)


def some_rows(table: Table) -> Table:
    """Return at most MOST_POINTS rows, evenly spaced."""
    if table.n_rows <= MOST_POINTS:
        return table
    rows: IntArray = np.linspace(0, table.n_rows - 1, MOST_POINTS).astype(np.int64)
    return table.take(rows)


def outputs_of(models: Sequence[Model], inputs: FloatArray) -> FloatArray:
    """Return each network's outputs (n_models, n_rows, n_outputs) for inputs (n_rows, n_inputs)."""
    return np.stack([model.outputs(inputs) for model in models])


def outputs_at(models: Sequence[Model], values: FloatArray) -> FloatArray:
    """Return what `outputs_of` does, for features (n_rows, n_features) in their own units."""
    model = models[-1]
    return outputs_of(models, model.preprocessing.encode(values, model.network.dtype))


def predicted_classes(models: Sequence[Model], table: Table) -> IntArray:
    """Return which class each network takes each row for (n_models, n_rows)."""
    decoder = models[-1].decoder
    assert isinstance(decoder, ClassDecoder)
    outputs = outputs_of(models, inputs_of(models[-1], table))
    return decoder.predicted(outputs.reshape(-1, outputs.shape[-1])).reshape(outputs.shape[:2])


def typical_errors(models: Sequence[Model], table: Table, targets: Sequence[int]) -> FloatArray:
    """Return the root of the mean squared error (n_models,), in the units of these targets."""
    preprocessing = models[-1].preprocessing
    true = number_matrix(table, preprocessing.targets, "target")
    outputs = outputs_of(models, inputs_of(models[-1], table)).astype(np.float64)
    errors = [preprocessing.inverse_targets(each) - true for each in outputs]
    with np.errstate(over="ignore", invalid="ignore"):
        squares = np.stack(errors)[..., list(targets)] ** 2
        means: FloatArray = np.sqrt(squares.mean(axis=(1, 2)))
    return means


def inputs_of(model: Model, table: Table) -> FloatArray:
    """Return the inputs (n_rows, n_inputs) that rows are to the network."""
    portions = table.portions()
    codes = [model.preprocessing.transform_features(part, model.network.dtype) for part in portions]
    return np.concatenate(codes)


def outputs_for(model: Model, table: Table) -> FloatArray:
    """Return the outputs (n_rows, n_outputs) for any number of rows, a portion at a time."""
    return np.concatenate([model.outputs(inputs_of(model, part)) for part in table.portions()])
