"""The directory of a sweep: a run a trial, what the sweep is made from, and its results."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnctl.runs.atomic import TEMPORARY_NAME, write_atomically
from nnctl.runs.claim import create_held
from nnctl.runs.directory import SWEEP, RunDirectory
from nnctl.runs.json_file import write_json

BASE = "base.yaml"


@dataclass(frozen=True)
class SweepDirectory:
    """The paths of a sweep; making one touches no disk."""

    path: Path

    @property
    def sweep(self) -> Path:
        """What the sweep varies, and how; to go on with."""
        return self.path / "sweep.yaml"

    @property
    def base(self) -> Path:
        """The config that all trials share, as it was written; only its paths are absolute."""
        return self.path / BASE

    @property
    def record(self) -> Path:
        """Every trial's parameters and metrics, and the best one. No clock, no path in it."""
        return self.path / SWEEP

    @property
    def results(self) -> Path:
        """The same as a table: a row a trial."""
        return self.path / "results.csv"

    @property
    def best(self) -> Path:
        """The config of the best trial, ready to train."""
        return self.path / "best.yaml"

    @property
    def study(self) -> Path:
        """The journal of Optuna's study, where Optuna chooses the trials."""
        return self.path / "study.journal"

    @property
    def plots(self) -> Path:
        """The directory of the figures."""
        return self.path / "plots"

    def trial(self, number: int) -> RunDirectory:
        """Return the run of a trial, counted from 1, which may not stand there yet."""
        return RunDirectory(self.path / f"trial-{number:03}")

    def remove_temporaries(self) -> None:
        """Remove what killed processes left half-built; only for whoever holds the sweep."""
        for path in [*self.path.iterdir()]:
            if TEMPORARY_NAME.fullmatch(path.name) and path.is_dir():
                shutil.rmtree(path, ignore_errors=True)


def create_sweep(
    runs_dir: Path, name: str, record: Mapping[str, Any], sweep: str, base: str
) -> SweepDirectory:
    """Create the directory, numbered where its name is taken, with its first three files.

    Raises StorageError (7) where it cannot be written, UsageError (2) for a bad name.
    """

    def fill(path: Path) -> None:
        directory = SweepDirectory(path)
        directory.plots.mkdir()
        write_atomically(directory.sweep, sweep.encode())
        write_atomically(directory.base, base.encode())
        write_json(directory.record, record)

    return create_held(SweepDirectory, runs_dir, name, fill)
