"""What a group of runs shows while it is trained, and what it is held to: folds, or seeds."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from nnctl.cli import console
from nnctl.cli.pausing import pausing
from nnctl.cli.progress import watched

TO_BE_RESUMED = ("interrupted", "failed")
SETS = ("test", "validation", "train")  # the rows that say most come first
# A key of what is said of each metric -> what a row of the table is called.
ROWS = {
    "mean": "mean",
    "sample_standard_deviation": "std",
    "minimum": "min",
    "maximum": "max",
}

if TYPE_CHECKING:
    from nnctl.training.experiment import Experiment
    from nnctl.training.loop import EpochResult
    from nnctl.training.members import MemberResult
    from nnctl.training.run_group import RunGroup


def conduct(group: RunGroup, *, quiet: bool, json: bool) -> None:
    """Train what is to be trained, with a screen around it, and show what came of it."""
    if not json:
        console.write_line(group.directory.path)
    console.notes(group.notices)
    try:
        train_all(group, quiet=quiet)
    except BaseException:
        tell_of_the_end(group, json=json)
        raise
    if json:
        write_document(group)
    elif group.finished:
        present(group)


def train_all(group: RunGroup, *, quiet: bool) -> None:
    """Train every member, with a bar on a terminal, and say how each ended."""
    shows_no_bar = quiet or not sys.stderr.isatty()

    def watch(experiment: Experiment, epochs: Iterable[EpochResult]) -> Iterator[EpochResult]:
        rows, last = len(experiment.dataset.train.inputs), experiment.config.training.epochs
        return watched(epochs, last, rows, quiet=shows_no_bar)

    with (
        pausing(group.pause) as pause,
        contextlib.closing(group.results(watch)) as results,
    ):
        for result in results:
            if not quiet:
                console.say(f"{group.label(result.number)}  {describe(result)}")
    pause.raise_again()


def describe(result: MemberResult) -> str:
    """Return how a member went, on one line."""
    if result.why is not None:
        return result.why
    values = [f"{name} {result.values[name]:.4g}" for name in telling(result.values)]
    best = result.best_epoch or result.epochs
    return "  ".join([f"best epoch {best} of {result.epochs}", *values])


def telling(metrics: Iterable[str]) -> list[str]:
    """Return the metrics of the rows that say most: of the test set, where there is one."""
    names = [*metrics]
    of_sets = ([name for name in names if name.startswith(f"{rows}_")] for rows in SETS)
    return next((found for found in of_sets if found), [])


def tell_of_the_end(group: RunGroup, *, json: bool) -> None:
    """Say where a group stands that ended before its time, if it has begun."""
    if group.status == "running":
        return
    if json:
        write_document(group)
    path = group.directory.path
    what = f"go on with `nnctl resume {path}`"
    if group.status not in TO_BE_RESUMED:
        what = f"{path} holds what was trained"
    console.say(f"{group.status} in {group.label(group.in_hand)}; {what}")


def write_document(group: RunGroup) -> None:
    """Write what the file about all members says, and where that stands."""
    console.write_json({"run": str(group.directory.path), **group.record()})


def present(group: RunGroup) -> None:
    """Write the table of the members, with mean and spread below them."""
    part, finished, metrics = group.directory.part(), group.finished, group.metrics()
    names = telling(metrics)
    rows: list[tuple[object, ...]] = [
        (
            str(result.number),
            math.nan if result.best_epoch is None else result.best_epoch,
            *(result.values[name] for name in names),
        )
        for result in finished
    ]
    shown = [metrics[name] for name in ("best_epoch", *names)]
    rows += [(ROWS[key], *(values[key] for values in shown)) for key in group.spread]
    missing = "" if len(finished) == group.count else f"{len(finished)} of "
    title = f"{group.directory.path.name}: {missing}{group.count} {part}s"
    console.write_table((part, "best epoch", *names), rows, f"{title}; std is of a sample (n - 1)")


def require_expectations(group: RunGroup) -> None:
    """Raise ExpectationError with every bar that the mean over the members did not meet."""
    from nnctl.errors import ExpectationError, Problem

    missed = [bar for bar in group.bars() if not bar.met]
    if missed:
        where = str(group.directory.path)
        what = "expectation not met by the mean"
        raise ExpectationError([Problem(f"{what}: {bar}", where) for bar in missed])
