"""`nnctl resume`: a run that ended before its time goes on, or any run for longer."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from nnctl.cli import console
from nnctl.cli.options import DEFAULT_RUNS_DIR, Json, Overrides, Plots, Quiet, RunArgument, RunsDir
from nnctl.cli.train import conduct

if TYPE_CHECKING:
    from nnctl.runs.cross_validation import CrossValidationDirectory


def resume(
    run: RunArgument = None,
    overrides: Overrides = None,
    force: Annotated[
        bool, typer.Option("--force", help="Go on although config or data have changed.")
    ] = False,
    plots: Plots = True,
    quiet: Quiet = False,
    json: Json = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Go on with a run after a crash, a Ctrl-C, or for more epochs; or with a cross-validation.

    Left out, RUN is the latest that is not finished. The result is the same, to the byte, as if it
    had never stopped.
    """
    from nnctl.runs.cross_validation import find_cross_validation
    from nnctl.runs.directory import find_run
    from nnctl.runs.json_file import read_json
    from nnctl.runs.status import latest_unfinished, run_status
    from nnctl.training.resuming import resume_experiment

    folds = find_cross_validation(run, runs_dir) if run else None
    if folds is not None:
        go_on_with_folds(folds, changed=bool(overrides) or force, quiet=quiet, json=json)
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
        resume_experiment(directory, overrides or (), force=force, command=sys.argv),
        plots=plots,
        quiet=quiet,
        json=json,
    )


def go_on_with_folds(
    directory: CrossValidationDirectory, *, changed: bool, quiet: bool, json: bool
) -> None:
    """Train the folds of a cross-validation that are not finished."""
    from nnctl.cli.cross_validate import conduct as conduct_folds
    from nnctl.errors import Problem, UsageError
    from nnctl.training.resuming_folds import resume_cross_validation

    if changed:
        message = "is a cross-validation, whose folds are all trained alike; leave --set and"
        raise UsageError(Problem(f"{message} --force out", str(directory.path)))
    conduct_folds(resume_cross_validation(directory, sys.argv), quiet=quiet, json=json)
