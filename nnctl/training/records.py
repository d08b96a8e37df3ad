"""What a run writes down: the two checkpoints, run.json and summary.json."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from nnctl.config import Config
from nnctl.data.dataset import Dataset
from nnctl.runs.checkpoint import Checkpoint
from nnctl.runs.environment import environment
from nnctl.training.assembly import Assembly
from nnctl.training.inference import model_metadata

NEEDED_TO_PREDICT = ("feature_", "target_", "class_weight")  # how the arrays' names begin


def history_columns(config: Config, dataset: Dataset) -> tuple[str, ...]:
    """Return the columns of metrics.csv: epoch, learning rate, each set's loss and metrics."""
    sets = ["train"] if dataset.validation is None else ["train", "validation"]
    measured = ("loss", *(config.metrics or ()))
    return ("epoch", "learning_rate", *(f"{s}_{name}" for s in sets for name in measured))


def run_record(
    config: Config,
    dataset: Dataset,
    assembly: Assembly,
    command: Sequence[str],
) -> dict[str, Any]:
    """Return run.json at the start of a run; all that has a clock in it stands there."""
    split, fold = dataset.split, dataset.fold
    return {
        "status": "running",
        "command": list(command),
        "process": os.getpid(),
        "started": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "seed": config.seed,
        "threads": assembly.threads,
        "data": {
            "source": config.data.source,
            "fingerprints": dict(dataset.fingerprints),
            "train_rows": len(split.train),
            "validation_rows": len(split.validation),
            "test_rows": len(split.test),
            **({} if fold is None else {"fold": fold.index + 1, "folds": fold.count}),
        },
        "environment": environment(),
    }


def last_checkpoint(
    config: Config, dataset: Dataset, assembly: Assembly, history: Sequence[Mapping[str, float]]
) -> Checkpoint:
    """Return all that is needed to go on, the history and the split included."""
    snapshot = assembly.trainer.snapshot
    columns = history_columns(config, dataset)
    rows = [[row[column] for column in columns] for row in history[: snapshot.epoch]]
    metadata = {
        **model_metadata(config, dataset.preprocessing, snapshot.epoch),
        "optimizer_steps": snapshot.optimizer_steps,
        "learning_rate": dict(snapshot.learning_rate),
        "stopping": dict(snapshot.stopping),
        "progress": snapshot.progress,
        **({"setbacks": [*snapshot.setbacks]} if snapshot.setbacks else {}),
        "history_columns": list(columns),
        "data": dict(dataset.fingerprints),
        "fold": None if dataset.fold is None else [dataset.fold.index, dataset.fold.count],
        "threads": assembly.threads,
    }
    arrays = {
        **snapshot.arrays,
        **(snapshot.trajectory.arrays() if snapshot.trajectory else {}),
        "history": np.array(rows, np.float64).reshape(len(rows), len(columns)),
        "split_train": dataset.split.train,
        "split_validation": dataset.split.validation,
        "split_test": dataset.split.test,
        **dataset.preprocessing.arrays(),
        **({} if assembly.class_weight is None else {"class_weight": assembly.class_weight}),
    }
    return Checkpoint(metadata, arrays)


def best_checkpoint(last: Checkpoint) -> Checkpoint:
    """Return what is needed to predict with the best weights, out of the last checkpoint."""
    epoch = last.metadata["stopping"]["best_epoch"]
    metadata = {
        "config": last.metadata["config"],
        "preprocessing": last.metadata["preprocessing"],
        "epoch": last.metadata["epoch"] if epoch is None else epoch,
        "data": last.metadata["data"],
    }
    kept = {n: array for n, array in last.arrays.items() if n.startswith(NEEDED_TO_PREDICT)}
    best = {name: last.arrays[f"best_{name}"] for name in ("parameters", "state")}
    return Checkpoint(metadata, {**best, **kept})


@dataclass(frozen=True)
class Bar:
    """One `expect:` entry beside the value that the best network reached."""

    metric: str
    minimum: float | None
    maximum: float | None
    value: float

    @property
    def met(self) -> bool:
        """Whether the value is inside the bounds; NaN never is."""
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        return low <= self.value <= high

    def __str__(self) -> str:
        """`test_accuracy is 0.87, expected at least 0.9`."""
        bounds = [
            *([f"at least {self.minimum:g}"] if self.minimum is not None else []),
            *([f"at most {self.maximum:g}"] if self.maximum is not None else []),
        ]
        return f"{self.metric} is {self.value:.6g}, expected {' and '.join(bounds)}"

    def to_dict(self) -> dict[str, Any]:
        """Return the bar for summary.json."""
        return {
            "metric": self.metric,
            "min": self.minimum,
            "max": self.maximum,
            "value": self.value,
            "met": self.met,
        }


def measure_bars(config: Config, values: Mapping[str, float]) -> list[Bar]:
    """Hold the best network's metrics against the config's `expect:`."""
    return [
        Bar(metric, bounds.min, bounds.max, values[metric])
        for metric, bounds in config.expect.items()
    ]
