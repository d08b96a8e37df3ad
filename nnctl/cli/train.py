"""`nnctl train`: a config in, a run directory out."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nnctl.cli import console
from nnctl.cli.options import (
    DEFAULT_RUNS_DIR,
    ConfigArgument,
    Json,
    Overrides,
    Plots,
    Quiet,
    RunsDir,
)
from nnctl.cli.pausing import pausing
from nnctl.cli.progress import watched
from nnctl.cli.ranks import reading, require_alone, share
from nnctl.cli.seeds import conduct as conduct_seeds

if TYPE_CHECKING:
    from nnctl.runs.directory import RunDirectory
    from nnctl.training.experiment import Experiment
    from nnctl.training.records import Bar


def train(
    config: ConfigArgument,
    overrides: Overrides = None,
    name: Annotated[str | None, typer.Option(help="The run's name.", show_default=False)] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            help="Train once for each of so many seeds, into NAME-seeds, and show the spread.",
            show_default=False,
        ),
    ] = None,
    plots: Plots = True,
    quiet: Quiet = False,
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
    if seeds is not None:
        from nnctl.training.seeds import start_seeds

        require_alone("train --seeds")
        series = start_seeds(settings, seeds, runs_dir, run_name, sys.argv)
        conduct_seeds(series, plots=plots, quiet=quiet, json=json)
        return
    conduct(
        start_experiment(settings, runs_dir, run_name, sys.argv, reading()),
        plots=plots,
        quiet=quiet,
        json=json,
    )


def conduct(experiment: Experiment, *, plots: bool, quiet: bool, json: bool) -> None:
    """Train with a screen around it: say what goes on, draw, and hold the result to its bars."""
    if experiment.resumption is not None and not quiet:
        console.say(f"going on after {place(experiment)}")
    if not json:
        console.write_line(experiment.run.path)
    console.notes((*experiment.notices, *share(experiment)))
    if not quiet:
        console.say(describe(experiment))
    rows, last = len(experiment.dataset.train.inputs), experiment.config.training.epochs
    try:
        with (
            pausing(experiment.assembly.trainer.pause) as pause,
            contextlib.closing(experiment.epochs()) as epochs,
        ):
            for result in watched(epochs, last, rows, quiet=quiet):
                console.notes(result.notices)
        pause.raise_again()
        summary = experiment.finish()
    except BaseException:
        tell_of_the_end(experiment, json=json)
        raise
    if json:
        console.write_json({"run": str(experiment.run.path), **summary})
    if not quiet:
        present(experiment, summary)
    if summary["best_epoch"] is None:
        console.notes(
            [f"{summary['monitor']} was never finite: the last weights stand for the best"]
        )
    run, bars = experiment.run, experiment.bars(summary)
    del experiment  # whose rows are not needed any more: pictures take memory of their own
    if plots:
        draw(run, quiet=quiet)
    require_expectations(run, bars)


def describe(experiment: Experiment) -> str:
    """Return one line about what is being trained."""
    network, dataset = experiment.assembly.trainer.network, experiment.dataset
    layers = " -> ".join(
        [str(network.n_inputs), *(f"{s.units} {s.activation.name}" for s in network.layers)]
    )
    sets = [f"{len(dataset.train.inputs):,} training"]
    for name, rows in (("validation", dataset.validation), ("test", dataset.test)):
        sets += [f"{len(rows.inputs):,} {name}"] if rows is not None else []
    parameters = console.numbered(len(network.parameters), "parameter")
    return f"{layers}, {parameters}; rows: {', '.join(sets)}"


def tell_of_the_end(experiment: Experiment, *, json: bool) -> None:
    """Say where a run stands whose training ended before its time."""
    if json:
        console.write_json({"run": str(experiment.run.path), "status": experiment.status})
    if experiment.status in ("interrupted", "trained"):
        console.say(
            f"stopped after {place(experiment)}; go on with `nnctl resume {experiment.run.path}`"
        )


def place(experiment: Experiment) -> str:
    """Return how far training has come: `epoch 3 and 2 batches`."""
    snapshot = experiment.assembly.trainer.snapshot
    batches = snapshot.progress["batches"] if snapshot.progress else 0
    told = f" and {batches} batch{'' if batches == 1 else 'es'}" if batches else ""
    return f"epoch {snapshot.epoch}{told}"


def present(experiment: Experiment, summary: dict[str, Any]) -> None:
    """Say how it ended."""
    stopped = ", stopped early" if summary["stopped_early"] else ""
    best = summary["best_epoch"] or summary["epochs"]
    console.say(f"best epoch {best} of {summary['epochs']}{stopped} (by {summary['monitor']})")
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


def draw(run: RunDirectory, *, quiet: bool) -> None:
    """Write the plots that fit this run; that they cannot be drawn is no failure of training."""
    from nnctl.analysis.pictures import draw_all
    from nnctl.errors import NnctlError

    try:
        paths = draw_all(run)
    except NnctlError as error:
        console.notes(f"no plots: {problem}" for problem in error.problems)
        return
    if not quiet:
        console.say(f"plots: {', '.join(map(str, paths))}")


def require_expectations(run: RunDirectory, bars: list[Bar]) -> None:
    """Raise ExpectationError with every bar that the best network did not meet."""
    from nnctl.errors import ExpectationError, Problem

    missed = [bar for bar in bars if not bar.met]
    if missed:
        where = str(run.path)
        raise ExpectationError([Problem(f"expectation not met: {bar}", where) for bar in missed])
