"""The directory of a cross-validation: a run a fold, and the one file about all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnctl.runs.directory import CROSS_VALIDATION, create_directory
from nnctl.runs.json_file import write_json


@dataclass(frozen=True)
class CrossValidationDirectory:
    """The paths of a cross-validation; making one touches no disk."""

    path: Path

    @property
    def record(self) -> Path:
        """Every fold's metrics, their means and standard deviations. No clock, no path in it."""
        return self.path / CROSS_VALIDATION

    @staticmethod
    def fold_name(number: int) -> str:
        """Return the name that the run of a fold, counted from 1, has in the directory."""
        return f"fold-{number}"


def create_cross_validation(
    runs_dir: Path, name: str, record: Mapping[str, Any]
) -> CrossValidationDirectory:
    """Create the directory, numbered where its name is taken, with the `record` in it.

    Raises StorageError (7) where it cannot be written, UsageError (2) for a bad name.
    """

    def fill(path: Path) -> None:
        write_json(CrossValidationDirectory(path).record, record)

    return CrossValidationDirectory(create_directory(runs_dir, name, fill))
