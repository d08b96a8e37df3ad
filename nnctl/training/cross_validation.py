"""Cross-validation: what `nnctl cross-validate` does, without a screen.

    validation = start_cross_validation(config, 5, Path("runs"))
    for result in validation.results():
        ...
    validation.record()["metrics"]["test_accuracy"]["mean"]

The test rows of a fold's run are the fold, and all that is fitted to data, the preprocessing
included, is fitted anew to the training rows among the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnctl.config import Config, dump_config
from nnctl.data.folds import Fold
from nnctl.data.loading import load_tables
from nnctl.errors import UsageError
from nnctl.runs.group import CrossValidationDirectory, create_group
from nnctl.training.fold_checks import look_at_folds
from nnctl.training.members import Member
from nnctl.training.run_group import RunGroup


@dataclass
class CrossValidation(RunGroup):
    """A cross-validation in the making; `results` trains one fold after another.

    Its standard deviations say how much folds differ. They are no errors of the means: the folds'
    training rows overlap, so their values are not independent (Bengio and Grandvalet, 2004).
    """

    directory: CrossValidationDirectory

    @property
    def members(self) -> Sequence[Member]:
        """All folds."""
        return [
            Member(
                index + 1, self.directory.member(index + 1), self.config, Fold(index, self.count)
            )
            for index in range(self.count)
        ]

    def header(self) -> dict[str, Any]:
        """Return what cross_validation.json says before anything is trained."""
        return header(self.config, self.count, self.status)


def header(config: Config, count: int, status: str) -> dict[str, Any]:
    """Return what cross_validation.json says before anything is trained."""
    return {"config": config.name, "seed": config.seed, "folds": count, "status": status}


def start_cross_validation(
    config: Config,
    count: int,
    runs_dir: Path,
    name: str | None = None,
    command: Sequence[str] = (),
) -> CrossValidation:
    """Read the data once, look at each of `count` folds, and create the directory.

    What is wrong with the data of the last fold is told before the first one is trained.
    Raises UsageError, ConfigError, DataError or StorageError before anything stands on the disk.
    """
    Fold(0, count)  # refuses a count that cannot be
    if config.data.test_source is not None:
        message = "cross-validation tests on the folds of `data.source`, and not on"
        remedy = "leave `test_source` out, and give that file to `nnctl evaluate`"
        raise UsageError(f"{message} {config.data.test_source}; {remedy}")
    tables = load_tables(config)
    notices = look_at_folds(config, count, tables)
    share = config.data.split.test
    if share > 0:
        ignored = f"`split.test: {share:g}` has no effect here: each fold in turn is the test set"
        notices = (ignored, *notices)
    directory = create_group(
        CrossValidationDirectory,
        runs_dir,
        name or f"{config.name}-cv",
        header(config, count, "running"),
        dump_config(config),
    )
    return CrossValidation(config, count, tables, directory, command, notices)
