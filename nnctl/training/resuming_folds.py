"""A cross-validation that ended before its time, brought back to where it stood.

What has ended is kept: the folds that are finished. The fold in hand goes on as any run does, and
the others are trained, so that the folds and what is said of them are those of a cross-validation
that was never interrupted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from nnctl.config import Config, load_config
from nnctl.data.folds import Fold
from nnctl.data.loading import load_tables
from nnctl.errors import Problem, RunError
from nnctl.runs.cross_validation import CrossValidationDirectory
from nnctl.runs.directory import RunDirectory
from nnctl.runs.json_file import read_json
from nnctl.runs.status import run_status
from nnctl.training.cross_validation import CrossValidation, FoldResult
from nnctl.training.fold_checks import check_fold
from nnctl.training.resuming import check_data, newest_checkpoint


def resume_cross_validation(
    directory: CrossValidationDirectory, command: Sequence[str] = ()
) -> CrossValidation:
    """Return the cross-validation with the folds that are finished, ready to train the others.

    Raises RunError where its files are damaged, or where a fold, finished or not, was trained with
    another config or on other data than the others will be.
    """
    config, count = recorded(directory)
    tables = load_tables(config)
    validation = CrossValidation(config, count, tables, directory, command, ())
    fingerprints = tables.fingerprints()
    for number in range(1, count + 1):
        run = directory.fold(number)
        if not run.run_json.exists():
            continue
        checkpoint, _ = newest_checkpoint(run)
        check_fold(run, checkpoint, config, Fold(number - 1, count))
        check_data(run, checkpoint, fingerprints, force=False)
        if run_status(run) == "finished":
            validation.folds += finished_fold(run, number)
    return validation


def recorded(directory: CrossValidationDirectory) -> tuple[Config, int]:
    """Return config and number of folds."""
    count = read_json(directory.record).get("folds")
    if not isinstance(count, int) or count < 2:
        message = "is damaged: it does not say how many folds there are; cross-validate again"
        raise RunError(Problem(message, file=str(directory.record)))
    if not directory.config.exists():
        message = "is missing, and nothing else says what is trained; restore it, or cross-validate"
        raise RunError(Problem(f"{message} again", file=str(directory.config)))
    return load_config(directory.config), count


def finished_fold(run: RunDirectory, number: int) -> list[FoldResult]:
    """Return how a finished fold ended, from its summary.

    JSON has no number that is not finite: where it has a null, or cannot be read, the fold is
    measured again, as part of going on with it.
    """
    try:
        summary: Mapping[str, Any] = read_json(run.summary)
        best = {name: float(value) for name, value in summary["best"].items()}
        epochs, best_epoch = int(summary["epochs"]), summary["best_epoch"]
    except (RunError, AttributeError, KeyError, TypeError, ValueError):
        return []
    if not all(math.isfinite(value) for value in best.values()):
        return []
    return [FoldResult(number, run.name, "finished", epochs, best_epoch, best)]
