"""A directory of runs that belong together: a run a member, the config, and one file about all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from nnctl.runs.atomic import write_atomically
from nnctl.runs.claim import create_held
from nnctl.runs.directory import CROSS_VALIDATION, GROUPS, SEEDS, RunDirectory
from nnctl.runs.json_file import write_json

Directory = TypeVar("Directory", bound="GroupDirectory")


@dataclass(frozen=True)
class GroupDirectory:
    """The paths of such a directory; making one touches no disk."""

    record_name: ClassVar[str]

    path: Path

    @property
    def config(self) -> Path:
        """The config that all members share, to go on with."""
        return self.path / "config.yaml"

    @property
    def record(self) -> Path:
        """Every member's metrics, and what they are together. No clock, no path in it."""
        return self.path / self.record_name

    @property
    def plots(self) -> Path:
        """The directory of the figures of all members together, if there are any."""
        return self.path / "plots"

    @classmethod
    def whole(cls) -> str:
        """Return what such a directory is called: `cross-validation`."""
        return GROUPS[cls.record_name].whole

    @classmethod
    def part(cls) -> str:
        """Return what one of its runs is called: `fold`."""
        return GROUPS[cls.record_name].part

    def member(self, number: int) -> RunDirectory:
        """Return the run with this number, which may not stand there yet."""
        return RunDirectory(self.path / f"{self.part()}-{number}")


@dataclass(frozen=True)
class CrossValidationDirectory(GroupDirectory):
    """The paths of a cross-validation: `fold-1`, `fold-2` ..."""

    record_name = CROSS_VALIDATION


@dataclass(frozen=True)
class SeedsDirectory(GroupDirectory):
    """The paths of a seed series: `seed-7`, `seed-8` ..., as far as the seeds go."""

    record_name = SEEDS


def create_group(
    kind: type[Directory], runs_dir: Path, name: str, record: Mapping[str, Any], config: str
) -> Directory:
    """Create the directory, numbered where its name is taken, with `record` and `config` in it.

    Raises StorageError (7) where it cannot be written, UsageError (2) for a bad name.
    """

    def fill(path: Path) -> None:
        directory = kind(path)
        write_atomically(directory.config, config.encode())
        write_json(directory.record, record)

    return create_held(kind, runs_dir, name, fill)
