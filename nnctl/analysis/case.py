"""All that is known of a run when it is asked what is wrong with it.

Its files say how training went. Where its data can still be read, its network is looked at once
more, and measured beside the baselines; where not, what this would have shown stays unknown.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from nnctl.config import Config
from nnctl.data.arrays import FloatArray
from nnctl.errors import NnctlError, Problem, RunError, printable
from nnctl.runs.checkpoint import Checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.runs.json_file import read_json
from nnctl.runs.status import run_status
from nnctl.training.baselines import load_baselines
from nnctl.training.evaluation import Evaluation, examples_of
from nnctl.training.explaining import layer_names
from nnctl.training.inference import FORGED, Model, load_model, model_from_checkpoint
from nnctl.training.observing import MOST_ROWS, Observations, Observer, restored_observations
from nnctl.training.own_portions import own_portions
from nnctl.training.own_rows import TableReader, checkpoint_with_split, own_rows
from nnctl.training.predicting import rows_at_once
from nnctl.training.reporting import evaluations, rows_of

Found = TypeVar("Found")


@dataclass(frozen=True, eq=False)
class Comparison:
    """The network beside the baselines, on the rows of a set."""

    set_name: str
    network: Evaluation
    baselines: Mapping[str, Evaluation]
    notices: tuple[str, ...]  # what a person should know of the rows


@dataclass(frozen=True, eq=False)
class Case:
    """A run, as the rules of the diagnosis see it."""

    model: Model  # of the best epoch
    status: str
    epoch: int  # epochs finished
    halvings: int  # of the learning rate, since training diverged
    history: Mapping[str, FloatArray]  # column -> (n_epochs,)
    train_rows: int
    observations: Observations  # the last may be of now, without an update ratio
    summary: Mapping[str, Any] | None  # of a training that has come to its end
    comparison: Comparison | None
    obstacles: Mapping[str, str]  # what could not be looked at -> why
    notices: tuple[str, ...]

    @property
    def config(self) -> Config:
        """The config that was trained."""
        return self.model.config

    @cached_property
    def layers(self) -> list[str]:
        """What the layers are called, from the first to the output."""
        return layer_names(len(self.model.network.layers))

    def of_layers(self, measure: str) -> FloatArray:
        """Return what was observed of a measure (n_observations, n_layers)."""
        return self.observations.of(measure)

    @cached_property
    def gradients_by_weights(self) -> FloatArray:
        """|dL/dW| / |W| (n_observations, n_layers), which layers of all sizes have alike."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios: FloatArray = self.of_layers("gradient_norm") / self.of_layers("weight_norm")
        return ratios

    @property
    def why_no_layers(self) -> str:
        """Why nothing is known of what goes on inside the layers."""
        return self.obstacles.get("network", "no number that was observed is finite")

    def after(self, observation: int) -> str:
        """Return when something was observed: `after epoch 3`."""
        epoch = int(self.observations.epochs[observation])
        return f"after epoch {epoch:,}" if epoch else "before training"

    def gain(self, of: str = "network") -> float | None:
        """Return which share of the constant answer's training loss is taken away.

        Where the losses cannot be compared, of its wrong answers. None where nothing is known.
        """
        if self.summary is None:
            return None
        models = {"network": self.summary["best"], **self.summary["baselines"]}
        if of not in models or "constant" not in models:
            return None
        network, other = models[of], models["constant"]
        if other.get("train_loss") is not None:
            return _share_taken(network["train_loss"], other["train_loss"])
        accuracies = [values.get("train_accuracy") for values in (network, other)]
        return None if None in accuracies else _share_taken(*(1.0 - a for a in accuracies))


def _share_taken(network: float | None, other: float | None) -> float | None:
    if network is None or other is None or not other > 0.0:
        return None
    return 1.0 - network / other


def open_case(run: RunDirectory, read: TableReader | None = None) -> Case:
    """Gather what a run's files say, and what its rows show where they can be read.

    `read` opens the files of its rows, as in `own_rows`. Raises RunError for checkpoints that
    cannot be used.
    """
    last, notices = checkpoint_with_split(run)
    model, now = load_model(run.best), model_from_checkpoint(last)
    status, obstacles = run_status(run), {}
    history, halvings, observations = recorded(run, last, len(now.network.layers))
    seen, why = attempted(lambda: look_now(run, now, read))
    if seen is None:
        obstacles["network"] = why
    elif now.epoch not in observations.epochs:
        observations = observations.joined_by(now.epoch, seen)
    comparison = None
    if run.baselines.exists() and status == "finished":
        comparison, why = attempted(lambda: compared(run, model, read))
        obstacles |= {} if comparison else {"baselines": why}
    else:
        obstacles["baselines"] = "baselines are fitted when training has finished, and it has not"
    return Case(
        model=model,
        status=status,
        epoch=now.epoch,
        halvings=halvings,
        history=history,
        train_rows=len(last.arrays["split_train"]),
        observations=observations,
        summary=read_json(run.summary) if status == "finished" else None,
        comparison=comparison,
        obstacles=obstacles,
        notices=(*notices, *(comparison.notices if comparison else ())),
    )


def recorded(
    run: RunDirectory, last: Checkpoint, n_layers: int
) -> tuple[dict[str, FloatArray], int, Observations]:
    """Return the history by column, how often the rate was halved, and what was observed."""
    try:
        columns, rows = last.metadata["history_columns"], last.arrays["history"]
        history = dict(zip(columns, rows.T, strict=True))
        halvings = int(last.metadata["learning_rate"].get("halvings", 0))
        return history, halvings, restored_observations(last.arrays, n_layers)
    except FORGED as error:
        message = f"does not describe a training ({printable(error)}); train again"
        raise RunError(Problem(message, str(run.last))) from error


def attempted(task: Callable[[], Found]) -> tuple[Found | None, str]:
    """Return what a task gives, or why it cannot be done."""
    try:
        return task(), ""
    except NnctlError as error:
        return None, "; ".join(map(str, error.problems))


def look_now(run: RunDirectory, now: Model, read: TableReader | None = None) -> FloatArray:
    """Return what the last weights show on the rows that training observes (n_layers, n_measures).

    Raises DataError, or another error, where they cannot be read any more.
    """
    table = own_rows(run, "train", read).table
    count = min(table.n_rows, MOST_ROWS)
    table = table.take(np.linspace(0, table.n_rows - 1, count).astype(np.int64))
    rows = rows_of(now, table, now.preprocessing.raw_features(table))
    examples = examples_of(rows, now.decoder, now.network.n_outputs, now.class_weight)
    return Observer(now.network, now.loss, examples, count).look()


def compared(run: RunDirectory, model: Model, read: TableReader | None = None) -> Comparison:
    """Measure network and baselines on the run's test rows, else validation rows or training."""
    baselines = load_baselines(run.baselines, model)
    assert baselines is not None
    own = own_rows(run, None, read)
    portions = own_portions(own.table, rows_at_once(model))
    network, results, _ = evaluations(model, portions, baselines)
    return Comparison(own.set_name, network, results, own.notices)


def median(values: FloatArray) -> float:
    """Return the median of those values that are finite; NaN where none is."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else math.nan
