"""`nnctl cross-validate`: a config in, a run a fold and the metrics' means out."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from nnctl.cli import console
from nnctl.cli.options import DEFAULT_RUNS_DIR, ConfigArgument, Json, Overrides, RunsDir
from nnctl.cli.pausing import pausing
from nnctl.cli.progress import watched

TO_BE_RESUMED = ("interrupted", "failed")

if TYPE_CHECKING:
    from nnctl.training.cross_validation import CrossValidation, FoldResult
    from nnctl.training.experiment import Experiment
    from nnctl.training.loop import EpochResult


def cross_validate(
    config: ConfigArgument,
    folds: Annotated[int, typer.Option(help="How many parts the rows are divided into.")] = 5,
    overrides: Overrides = None,
    name: Annotated[
        str | None,
        typer.Option(help="The directory's name; left out: CONFIG's with -cv.", show_default=False),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    json: Json = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Train on all folds but one and test on that one, for each in turn.

    The directory's path is printed as soon as it stands, then a table of the test metrics.
    """
    from nnctl.config import check_run_name, load_config
    from nnctl.training.cross_validation import start_cross_validation

    settings = load_config(config, overrides or ())
    run_name = None if name is None else check_run_name(name)
    validation = start_cross_validation(settings, folds, runs_dir, run_name, sys.argv)
    conduct(validation, quiet=quiet, json=json)


def conduct(validation: CrossValidation, *, quiet: bool, json: bool) -> None:
    """Train what is to be trained, with a screen around it, and show what came of it."""
    if not json:
        console.write_line(validation.directory.path)
    console.notes(validation.notices)
    try:
        train_all(validation, quiet=quiet)
    except BaseException:
        tell_of_the_end(validation, json=json)
        raise
    if json:
        write_document(validation)
    else:
        present(validation)
    require_expectations(validation)


def train_all(validation: CrossValidation, *, quiet: bool) -> None:
    """Train every fold, with a bar on a terminal, and say how each ended."""
    shows_no_bar = quiet or not sys.stderr.isatty()

    def watch(experiment: Experiment, epochs: Iterable[EpochResult]) -> Iterator[EpochResult]:
        rows, last = len(experiment.dataset.train.inputs), experiment.config.training.epochs
        return watched(epochs, last, rows, quiet=shows_no_bar)

    with (
        pausing(validation.pause) as pause,
        contextlib.closing(validation.results(watch)) as results,
    ):
        for result in results:
            if not quiet:
                console.say(f"fold {result.number}/{validation.count}  {describe(result)}")
    pause.raise_again()


def describe(result: FoldResult) -> str:
    """Return how a fold went, on one line."""
    values = [f"{name} {value:.4g}" for name, value in result.values.items() if is_shown(name)]
    best = result.best_epoch or result.epochs
    return "  ".join([f"best epoch {best} of {result.epochs}", *values])


def is_shown(metric: str) -> bool:
    """Whether a metric is one of the test set's, which cross-validation is for."""
    return metric.startswith("test_")


def tell_of_the_end(validation: CrossValidation, *, json: bool) -> None:
    """Say where a cross-validation stands that ended before its time, if it has begun."""
    if validation.status == "running":
        return
    if json:
        write_document(validation)
    number = min(len(validation.finished) + 1, validation.count)
    path = validation.directory.path
    what = f"go on with `nnctl resume {path}`"
    if validation.status not in TO_BE_RESUMED:
        what = f"{path} holds what was trained"
    console.say(f"{validation.status} in fold {number} of {validation.count}; {what}")


def write_document(validation: CrossValidation) -> None:
    """Write what cross_validation.json says, and where that stands."""
    console.write_json({"run": str(validation.directory.path), **validation.record()})


def present(validation: CrossValidation) -> None:
    """Write the table of the folds, with mean and standard deviation below them."""
    metrics = {name: v for name, v in validation.metrics().items() if is_shown(name)}
    columns = ("fold", "best epoch", *metrics)
    rows: list[tuple[object, ...]] = [
        (
            str(fold.number),
            math.nan if fold.best_epoch is None else fold.best_epoch,
            *(fold.values[name] for name in metrics),
        )
        for fold in validation.finished
    ]
    spread = [validation.metrics()["best_epoch"], *metrics.values()]
    rows.append(("mean", *(values["mean"] for values in spread)))
    rows.append(("std", *(values["sample_standard_deviation"] for values in spread)))
    title = (
        f"{validation.directory.path.name}: {validation.count} folds; std is of a sample (n - 1)"
    )
    console.write_table(columns, rows, title)


def require_expectations(validation: CrossValidation) -> None:
    """Raise ExpectationError with every bar that the mean over the folds did not meet."""
    from nnctl.errors import ExpectationError, Problem

    missed = [bar for bar in validation.bars() if not bar.met]
    if missed:
        where = str(validation.directory.path)
        what = "expectation not met by the mean"
        raise ExpectationError([Problem(f"{what}: {bar}", where) for bar in missed])
