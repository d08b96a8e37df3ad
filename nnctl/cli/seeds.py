"""The screen around a seed series: what `nnctl train --seeds` shows, draws and is held to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnctl.cli import console, group

if TYPE_CHECKING:
    from nnctl.training.seeds import SeedSeries


def conduct(series: SeedSeries, *, plots: bool, quiet: bool, json: bool) -> None:
    """Train all seeds, show and draw what came of them, and hold their means to the bars."""
    group.conduct(series, quiet=quiet, json=json)
    if series.is_without_spread:
        console.notes(["all seeds came out the same: nothing in this config depends on them"])
    if plots and series.finished:
        draw(series, quiet=quiet)
    require_all(series)
    group.require_expectations(series)


def draw(series: SeedSeries, *, quiet: bool) -> None:
    """Write the picture of all seeds; that it cannot be drawn is no failure of training."""
    from nnctl.analysis.seeds import draw_seeds
    from nnctl.errors import NnctlError

    runs = [series.directory.member(result.number) for result in series.finished]
    try:
        path = draw_seeds(series.directory, runs)
    except NnctlError as error:
        console.notes(f"no plot: {problem}" for problem in error.problems)
        return
    if not quiet:
        console.say(f"plot: {path}")


def require_all(series: SeedSeries) -> None:
    """Raise DivergenceError with the seeds whose training diverged, once all are trained."""
    from nnctl.errors import DivergenceError, Problem

    seeds = series.diverged
    if seeds:
        told = f"{len(seeds)} of {series.count} seeds diverged: {', '.join(map(str, seeds))}"
        means = "; the means are those of the others" if series.finished else ""
        raise DivergenceError(Problem(f"{told}{means}", str(series.directory.path)))
