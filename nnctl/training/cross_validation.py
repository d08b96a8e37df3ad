"""Cross-validation: what `nnctl cross-validate` does, without a screen.

    validation = start_cross_validation(config, 5, Path("runs"))
    for result in validation.results():
        ...
    validation.record()["metrics"]["test_accuracy"]["mean"]

A fold is a run like any other: its test rows are the fold, and all that is fitted to data, the
preprocessing included, is fitted anew to the training rows among the others.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nnctl.config import Config, dump_config
from nnctl.data.dataset import load_dataset
from nnctl.data.folds import Fold
from nnctl.data.loading import Tables, load_tables
from nnctl.errors import DivergenceError, NnctlError, Problem, RunError, UsageError
from nnctl.runs.atomic import storage_error
from nnctl.runs.cross_validation import CrossValidationDirectory, create_cross_validation
from nnctl.runs.directory import RunDirectory
from nnctl.runs.json_file import write_json
from nnctl.runs.lock import hold_run
from nnctl.training.experiment import Experiment, create_experiment
from nnctl.training.fold_checks import check_fold, look_at_folds
from nnctl.training.loop import EpochResult
from nnctl.training.records import Bar, measure_bars
from nnctl.training.resuming import resume_experiment

Watch = Callable[[Experiment, Iterable[EpochResult]], Iterable[EpochResult]]


def unwatched(_: Experiment, epochs: Iterable[EpochResult]) -> Iterable[EpochResult]:
    """Pass the epochs of a fold on as they are."""
    return epochs


@dataclass(frozen=True)
class FoldResult:
    """How the training of one fold ended."""

    number: int  # from 1
    run: str  # the directory's name
    status: str  # as run.json has it; only a finished fold counts
    epochs: int = 0
    best_epoch: int | None = None
    values: dict[str, float] = field(default_factory=dict)  # of every set, with the best weights

    def to_dict(self) -> dict[str, Any]:
        """Return the result for cross_validation.json."""
        return {
            "fold": self.number,
            "run": self.run,
            "status": self.status,
            "epochs": self.epochs,
            "best_epoch": self.best_epoch,
            "metrics": self.values,
        }


@dataclass
class CrossValidation:
    """A cross-validation in the making; `results` trains one fold after another."""

    config: Config
    count: int
    tables: Tables
    directory: CrossValidationDirectory
    command: Sequence[str]
    notices: tuple[str, ...]  # what a person should know before training, a sentence each
    status: str = "running"
    folds: list[FoldResult] = field(default_factory=list)
    pause_requested: bool = False
    _experiment: Experiment | None = None  # of the fold in hand

    def results(self, watch: Watch = unwatched) -> Generator[FoldResult, None, None]:
        """Train every fold that has not ended, and yield how it ended once that is written down.

        Close it (`contextlib.closing`) if you leave it before its end. `watch` is given each
        experiment and its epochs, and passes these on.
        However this ends, cross_validation.json says so: finished, interrupted, diverged or failed.
        """
        with hold_run(self.directory):
            yield from self._recorded_results(watch)

    def _recorded_results(self, watch: Watch) -> Generator[FoldResult, None, None]:
        status, ended = "interrupted", {fold.number for fold in self.folds}
        try:
            write_json(self.directory.record, self.record())
            for index in range(self.count):
                if index + 1 in ended:
                    continue
                result = None if self.pause_requested else self._trained(index, watch)
                if result is None:
                    return
                yield result
            status = "finished"
        except DivergenceError:
            status = "diverged"
            raise
        except Exception:
            status = "failed"
            raise
        finally:
            self._close(status)

    def pause(self) -> None:
        """Let `results` end after the batch in hand; a signal handler may call it at any time."""
        self.pause_requested = True
        if self._experiment is not None:
            self._experiment.assembly.trainer.pause()

    def _trained(self, index: int, watch: Watch) -> FoldResult | None:
        """Train a fold, or go on with it; None where a pause came before its end."""
        number = index + 1
        experiment = self._begun(index)
        self._experiment = experiment
        if self.pause_requested:  # while the fold was being made
            experiment.assembly.trainer.pause()
        try:
            with contextlib.closing(experiment.epochs()) as epochs:
                for _ in watch(experiment, epochs):
                    pass
            summary = experiment.finish() if experiment.is_trained else None
        except BaseException:
            self.folds.append(unfinished(number, experiment))
            raise
        if summary is None:
            self.folds.append(unfinished(number, experiment))
            return None
        best, epochs_trained = summary["best"], summary["epochs"]
        name = experiment.run.name
        result = FoldResult(
            number, name, experiment.status, epochs_trained, summary["best_epoch"], best
        )
        self.folds.append(result)
        write_json(self.directory.record, self.record())
        return result

    def _begun(self, index: int) -> Experiment:
        """Return a fold's experiment, as far as it has come."""
        run, fold = self.directory.fold(index + 1), Fold(index, self.count)
        if run.run_json.exists():
            return resume_experiment(
                run,
                command=self.command,
                tables=self.tables,
                check=lambda checkpoint: check_fold(run, checkpoint, self.config, fold),
            )
        return self._created(run, fold)

    def _created(self, run: RunDirectory, fold: Fold) -> Experiment:
        """Create the run of a fold, under the very name that it is to have."""
        message = f"is no run, and stands where fold {fold.index + 1} is to be; remove it"
        in_the_way = RunError(Problem(message, file=str(run.path)))
        if run.path.exists():
            try:
                run.path.rmdir()  # a killed process left it, for we hold the cross-validation
            except OSError as error:
                if run.path.is_dir() and not [*run.path.iterdir()]:
                    raise storage_error(error, run.path, "removed") from error
                raise in_the_way from error
        dataset = load_dataset(self.config, fold, self.tables)
        place = self.directory.path
        experiment = create_experiment(self.config, dataset, place, run.name, self.command)
        if experiment.run.name != run.name:
            raise in_the_way
        return experiment

    def _close(self, status: str) -> None:
        """Write down how it ended; a disk that fails now must not hide why it did so early."""
        self.status = status
        if status == "finished":
            write_json(self.directory.record, self.record())
            return
        with contextlib.suppress(NnctlError):
            write_json(self.directory.record, self.record())

    @property
    def finished(self) -> list[FoldResult]:
        """The folds whose training came to its end, and which alone count."""
        return [fold for fold in self._in_order if fold.status == "finished"]

    @property
    def _in_order(self) -> list[FoldResult]:
        return sorted(self.folds, key=lambda fold: fold.number)

    def record(self) -> dict[str, Any]:
        """Return what cross_validation.json says."""
        return {
            **header(self.config, self.count, self.status),
            "results": [fold.to_dict() for fold in self._in_order],
            "metrics": self.metrics(),
            "expect": [bar.to_dict() for bar in self.bars()],
        }

    def metrics(self) -> dict[str, dict[str, float]]:
        """Return mean and standard deviation, over the finished folds, of each metric.

        The standard deviation is that of a sample, with n - 1 in the denominator, and NaN for a
        single fold. It says how much folds differ. It is no error of the mean: the folds' training
        rows overlap, so their values are not independent (Bengio and Grandvalet, 2004).
        """
        finished = self.finished
        if not finished:
            return {}
        epochs = [math.nan if fold.best_epoch is None else fold.best_epoch for fold in finished]
        names = sorted(finished[0].values, key=lambda name: not name.startswith("test_"))
        columns = {name: [fold.values[name] for fold in finished] for name in names}
        return {
            name: {"mean": mean(values), "sample_standard_deviation": deviation(values)}
            for name, values in {"best_epoch": epochs, **columns}.items()
        }

    def bars(self) -> list[Bar]:
        """Return every `expect:` entry beside the mean of the metric over the finished folds."""
        means = {name: values["mean"] for name, values in self.metrics().items()}
        return measure_bars(self.config, means) if means else []


def unfinished(number: int, experiment: Experiment) -> FoldResult:
    """Return how a fold ended that did not come to its end."""
    # That it is finished may be the very thing that could not be written.
    status = "failed" if experiment.status == "finished" else experiment.status
    return FoldResult(number, experiment.run.name, status, len(experiment.history))


def mean(values: Sequence[float]) -> float:
    """Return the mean; NaN where a value is."""
    with np.errstate(invalid="ignore"):
        return float(np.mean(values))


def deviation(values: Sequence[float]) -> float:
    """Return the standard deviation of a sample, sqrt(Σ(x - mean)² / (n - 1)); NaN for n = 1."""
    if len(values) == 1:
        return math.nan
    with np.errstate(invalid="ignore"):
        return float(np.std(values, ddof=1))


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
    directory = create_cross_validation(
        runs_dir,
        name or f"{config.name}-cv",
        header(config, count, "running"),
        dump_config(config),
    )
    return CrossValidation(config, count, tables, directory, command, notices)
