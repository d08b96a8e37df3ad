"""The directory of a cross-validation: a run a fold, the config, and one file about all folds."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnctl.runs.atomic import write_atomically
from nnctl.runs.claim import create_directory
from nnctl.runs.directory import CROSS_VALIDATION, RUN_JSON, RunDirectory, places_of
from nnctl.runs.json_file import write_json


@dataclass(frozen=True)
class CrossValidationDirectory:
    """The paths of a cross-validation; making one touches no disk."""

    path: Path

    @property
    def config(self) -> Path:
        """The config of every fold, to go on with."""
        return self.path / "config.yaml"

    @property
    def record(self) -> Path:
        """Every fold's metrics, their means and standard deviations. No clock, no path in it."""
        return self.path / CROSS_VALIDATION

    @staticmethod
    def fold_name(number: int) -> str:
        """Return the name that the run of a fold, counted from 1, has in the directory."""
        return f"fold-{number}"

    def fold(self, number: int) -> RunDirectory:
        """Return the run of a fold, which may not stand there yet."""
        return RunDirectory(self.path / self.fold_name(number))


def create_cross_validation(
    runs_dir: Path, name: str, record: Mapping[str, Any], config: str
) -> CrossValidationDirectory:
    """Create the directory, numbered where its name is taken, with `record` and `config` in it.

    Raises StorageError (7) where it cannot be written, UsageError (2) for a bad name.
    """

    def fill(path: Path) -> None:
        directory = CrossValidationDirectory(path)
        write_atomically(directory.config, config.encode())
        write_json(directory.record, record)

    return CrossValidationDirectory(create_directory(runs_dir, name, fill))


def find_cross_validation(reference: str, runs_dir: Path) -> CrossValidationDirectory | None:
    """Find a cross-validation as `find_run` finds a run; None where there is none called so."""
    with contextlib.suppress(OSError):  # such as a name that is too long
        for path in places_of(reference, runs_dir):
            if (path / RUN_JSON).is_file():
                return None
            if (path / CROSS_VALIDATION).is_file():
                return CrossValidationDirectory(path)
    return None
