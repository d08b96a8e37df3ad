"""`nnctl cross-validate`: a config in, a run a fold and the metrics' means out."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from nnctl.cli.group import conduct, require_expectations
from nnctl.cli.options import DEFAULT_RUNS_DIR, ConfigArgument, Json, Overrides, RunsDir


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
    """Train on all folds but one, test on that one.

    It is done for each fold in turn.
    The directory's path is printed as soon as it stands, then a table of the test metrics.
    """
    from nnctl.config import check_run_name, load_config
    from nnctl.training.cross_validation import start_cross_validation

    settings = load_config(config, overrides or ())
    run_name = None if name is None else check_run_name(name)
    validation = start_cross_validation(settings, folds, runs_dir, run_name, sys.argv)
    conduct(validation, quiet=quiet, json=json)
    require_expectations(validation)
