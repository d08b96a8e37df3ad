"""`nnctl resume`: a run that ended before its time goes on, or any run for longer."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from nnctl.cli import console
from nnctl.cli.options import DEFAULT_RUNS_DIR, Json, Overrides, Plots, Quiet, RunArgument, RunsDir
from nnctl.cli.ranks import reading, require_alone
from nnctl.cli.sweep import Workers
from nnctl.cli.train import conduct

# The file that makes a directory one of several runs -> why these cannot go on otherwise.
ALL_ALIKE = {
    "cross_validation.json": "whose folds are all trained alike",
    "seeds.json": "whose seeds are all trained alike",
    "sweep.json": "whose trials are made from sweep.yaml and base.yaml in it",
}


def resume(
    run: RunArgument = None,
    overrides: Overrides = None,
    force: Annotated[
        bool, typer.Option("--force", help="Go on although config or data have changed.")
    ] = False,
    workers: Workers = None,
    plots: Plots = True,
    quiet: Quiet = False,
    json: Json = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Go on after a crash or Ctrl-C, or train longer.

    A directory of several runs is gone on with, too. Left out, RUN is the latest that is not
    finished. The result is the same, to the byte, as if it had never stopped.
    """
    from nnctl.runs.directory import find_group, find_run
    from nnctl.runs.json_file import read_json
    from nnctl.runs.status import latest_unfinished, run_status
    from nnctl.training.resuming import resume_experiment

    group = find_group(run, runs_dir) if run else None
    refuse_workers(workers, group)
    if group is not None:
        require_alone("the resume of several runs")
        refuse_changes(group, changed=bool(overrides) or force)
        go_on = partial(go_on_with_trials, workers=workers) if workers else GO_ON[group.name]
        go_on(group.parent, plots=plots, quiet=quiet, json=json)
        return
    directory = find_run(run, runs_dir) if run else latest_unfinished(runs_dir)
    if run_status(directory) == "finished" and not overrides:
        if json:
            console.write_json({"run": str(directory.path), **read_json(directory.summary)})
        else:
            console.write_line(directory.path)
        console.notes(
            [f"{directory.path} is finished; --set training.epochs=N goes on for more epochs"]
        )
        return
    conduct(
        resume_experiment(
            directory, overrides or (), force=force, command=sys.argv, read=reading()
        ),
        plots=plots,
        quiet=quiet,
        json=json,
    )


def refuse_workers(workers: str | None, group: Path | None) -> None:
    """Raise UsageError where workers are given for what is no sweep."""
    from nnctl.errors import UsageError

    if workers is not None and (group is None or GO_ON[group.name] is not go_on_with_trials):
        raise UsageError("--workers is for sweeps; leave it out")


def refuse_changes(file: Path, *, changed: bool) -> None:
    """Raise UsageError where a directory of runs, which `file` makes one, is to be changed."""
    from nnctl.errors import Problem, UsageError
    from nnctl.runs.directory import GROUPS

    if changed:
        whole = f"is a {GROUPS[file.name].whole}, {ALL_ALIKE[file.name]}"
        raise UsageError(Problem(f"{whole}; leave --set and --force out", str(file.parent)))


def go_on_with_folds(path: Path, *, plots: bool, quiet: bool, json: bool) -> None:  # noqa: ARG001
    """Train the folds of a cross-validation that are not finished; it has no plots."""
    from nnctl.cli.group import conduct as conduct_group
    from nnctl.cli.group import require_expectations
    from nnctl.runs.group import CrossValidationDirectory
    from nnctl.training.resuming_groups import resume_cross_validation

    validation = resume_cross_validation(CrossValidationDirectory(path), sys.argv)
    conduct_group(validation, quiet=quiet, json=json)
    require_expectations(validation)


def go_on_with_seeds(path: Path, *, plots: bool, quiet: bool, json: bool) -> None:
    """Train the members of a seed series that are not finished."""
    from nnctl.cli.seeds import conduct as conduct_seeds
    from nnctl.runs.group import SeedsDirectory
    from nnctl.training.resuming_groups import resume_seeds

    series = resume_seeds(SeedsDirectory(path), sys.argv)
    conduct_seeds(series, plots=plots, quiet=quiet, json=json)


def go_on_with_trials(
    path: Path, *, plots: bool, quiet: bool, json: bool, workers: str | None = None
) -> None:
    """Train the trials of a sweep that have not ended, maybe by other workers than before."""
    from nnctl.cli.sweep import conduct as conduct_trials
    from nnctl.cli.sweep import given_workers
    from nnctl.runs.sweep import SweepDirectory
    from nnctl.scale.starting import resume_sweep

    sweep = resume_sweep(SweepDirectory(path), given_workers(workers))
    conduct_trials(sweep, plots=plots, quiet=quiet, json=json)


GO_ON: dict[str, Callable[..., None]] = {
    "cross_validation.json": go_on_with_folds,
    "seeds.json": go_on_with_seeds,
    "sweep.json": go_on_with_trials,
}
