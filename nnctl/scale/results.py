"""How a trial ended, and how trials are held against one another."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nnctl.errors import ConfigError, DataError, DivergenceError, NnctlError
from nnctl.runs.catalogue import last_epoch
from nnctl.runs.directory import RunDirectory
from nnctl.scale.space import Parameters
from nnctl.training.metrics import direction

FINISHED, PRUNED, DIVERGED, INVALID, FAILED = "finished", "pruned", "diverged", "invalid", "failed"
# What became of a trial that cannot be otherwise. One that failed, as on a full disk, is tried
# again when the sweep is resumed.
FINAL = frozenset({FINISHED, PRUNED, DIVERGED, INVALID})
# Error -> what a trial is that raises it; any other error is a failure.
STATUSES: dict[type[NnctlError], str] = {
    ConfigError: INVALID,
    DataError: INVALID,
    DivergenceError: DIVERGED,
}


@dataclass(frozen=True)
class TrialResult:
    """How the training of one trial ended."""

    number: int  # from 1
    run: str  # the directory's name
    parameters: Parameters
    status: str
    error: str | None = None  # why it is neither finished nor pruned
    epochs: int = 0
    best_epoch: int | None = None
    metrics: dict[str, float | None] = field(default_factory=dict)  # None: not finite

    def value(self, metric: str) -> float | None:
        """Return what the trial is chosen by, if it may be chosen."""
        return self.metrics.get(metric) if self.status == FINISHED else None

    def to_dict(self) -> dict[str, Any]:
        """Return the result for sweep.json."""
        return {
            "trial": self.number,
            "run": self.run,
            "status": self.status,
            "parameters": self.parameters,
            "error": self.error,
            "epochs": self.epochs,
            "best_epoch": self.best_epoch,
            "metrics": self.metrics,
        }


def result_from_dict(entry: Mapping[str, Any]) -> TrialResult:
    """Return what `to_dict` was told; KeyError, TypeError or ValueError where it was not."""
    error, best_epoch = entry["error"], entry["best_epoch"]
    return TrialResult(
        int(entry["trial"]),
        str(entry["run"]),
        dict(entry["parameters"]),
        str(entry["status"]),
        None if error is None else str(error),
        int(entry["epochs"]),
        None if best_epoch is None else int(best_epoch),
        finite(entry["metrics"]),
    )


def finite(values: Mapping[str, Any]) -> dict[str, float | None]:
    """Return metrics as JSON can hold them: None for what is not finite."""
    return {
        name: None if value is None or not math.isfinite(value) else float(value)
        for name, value in values.items()
    }


def status_of(error: NnctlError) -> str:
    """Return what a trial is that raised the error."""
    return STATUSES.get(type(error), FAILED)


def epochs_of(run: RunDirectory, status: str) -> int:
    """Return how many epochs a trial had before it diverged; 0 of one that may yet go on."""
    return last_epoch(run.metrics) or 0 if status == DIVERGED else 0


def described(error: NnctlError) -> str:
    """Return an error without places, which differ between directories: `a; b`."""
    return "; ".join(problem.message for problem in error.problems)


def ranked(results: Iterable[TrialResult], metric: str) -> list[TrialResult]:
    """Return the finished trials with a finite value, the best first, of equal ones the earlier."""
    sign = 1.0 if direction(metric.partition("_")[2]) == "min" else -1.0
    valued = [
        (sign * value, result.number, result)
        for result in results
        if (value := result.value(metric)) is not None
    ]
    return [result for *_, result in sorted(valued, key=lambda entry: entry[:2])]
