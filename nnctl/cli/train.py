"""`nnctl train`: a config in, a run directory out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nnctl.cli import console
from nnctl.cli.options import DEFAULT_RUNS_DIR, ConfigArgument, Json, Overrides, RunsDir
from nnctl.cli.progress import watched

if TYPE_CHECKING:
    from nnctl.training.experiment import Experiment


def train(
    config: ConfigArgument,
    overrides: Overrides = None,
    name: Annotated[str | None, typer.Option(help="The run's name.", show_default=False)] = None,
    plots: Annotated[bool, typer.Option("--plots/--no-plots", help="Draw what fits.")] = True,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no summary.")] = False,
    json: Json = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Train a network into a run directory.

    The run's path is printed as soon as it stands, alone on a line.
    """
    from nnctl.config import check_run_name, load_config
    from nnctl.training.experiment import start_experiment

    settings = load_config(config, overrides or ())
    run_name = None if name is None else check_run_name(name)
    experiment = start_experiment(settings, runs_dir, run_name, sys.argv)
    if not json:
        console.write_line(experiment.run.path)
    console.notes(experiment.notices)
    if not quiet:
        console.say(describe(experiment))
    rows = len(experiment.dataset.train.inputs)
    try:
        for _ in watched(experiment.epochs(), settings.training.epochs, rows, quiet=quiet):
            pass
    except BaseException:
        if json:  # whoever reads it learns where the run stands, however it ended
            console.write_json({"run": str(experiment.run.path), "status": experiment.status})
        raise
    summary = experiment.finish()
    if json:
        console.write_json({"run": str(experiment.run.path), **summary})
    if not quiet:
        present(experiment, summary)
    if plots:
        draw(experiment, quiet=quiet)
    require_expectations(experiment, summary)


def describe(experiment: Experiment) -> str:
    """Return one line about what is being trained."""
    network, dataset = experiment.assembly.trainer.network, experiment.dataset
    layers = " -> ".join(
        [str(network.n_inputs), *(f"{s.units} {s.activation.name}" for s in network.layers)]
    )
    sets = [f"{len(dataset.train.inputs):,} training"]
    for name, rows in (("validation", dataset.validation), ("test", dataset.test)):
        sets += [f"{len(rows.inputs):,} {name}"] if rows is not None else []
    return f"{layers}, {len(network.parameters):,} parameters; rows: {', '.join(sets)}"


def present(experiment: Experiment, summary: dict[str, Any]) -> None:
    """Say how it ended."""
    if summary["best_epoch"] is None:
        console.say(f"no epoch had a finite {summary['monitor']}: the best weights are the first")
        return
    stopped = ", stopped early" if summary["stopped_early"] else ""
    console.say(
        f"best epoch {summary['best_epoch']} of {summary['epochs']}{stopped} "
        f"(by {summary['monitor']})"
    )
    for set_name in ("train", "validation", "test"):
        values = [
            f"{name.removeprefix(set_name + '_')} {value:.4g}"
            for name, value in summary["best"].items()
            if name.startswith(set_name + "_")
        ]
        if values:
            console.say(f"  {set_name:<11} {'  '.join(values)}")
    for bar in experiment.bars(summary):
        if bar.met:
            console.say(f"  {'met':<11} {bar}")


def draw(experiment: Experiment, *, quiet: bool) -> None:
    """Write the plots that fit this run."""
    from nnctl.analysis.pictures import draw_all

    paths = draw_all(experiment.run)
    if not quiet:
        console.say(f"plots: {', '.join(map(str, paths))}")


def require_expectations(experiment: Experiment, summary: dict[str, Any]) -> None:
    """Raise ExpectationError with every bar that the best network did not meet."""
    from nnctl.errors import ExpectationError, Problem

    missed = [bar for bar in experiment.bars(summary) if not bar.met]
    if missed:
        where = str(Path(experiment.run.path))
        raise ExpectationError([Problem(f"expectation not met: {bar}", where) for bar in missed])
