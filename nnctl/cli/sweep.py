"""`nnctl sweep`: a config and what varies in it, in; a run a trial and the best of them, out."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnctl.cli import console
from nnctl.cli.options import DEFAULT_RUNS_DIR, Json, Overrides, Plots, RunsDir
from nnctl.cli.pausing import pausing

if TYPE_CHECKING:
    from nnctl.scale.results import TrialResult
    from nnctl.scale.sweep import Sweep

Workers = Annotated[
    str | None,
    typer.Option(
        metavar="N|dask://HOST:PORT",
        help="Processes; left out: one for each processor. Or a Dask scheduler.",
        show_default=False,
    ),
]
MOST_ROWS = 10  # of the table
MOST_CHARACTERS = 60  # of an error among the lines of trials


def sweep(
    sweep_file: Annotated[
        str, typer.Argument(metavar="SWEEP", help="A YAML file of what varies, and how.")
    ],
    overrides: Overrides = None,
    trials: Annotated[
        int | None, typer.Option(min=1, help="How many trials to make.", show_default=False)
    ] = None,
    workers: Workers = None,
    name: Annotated[
        str | None,
        typer.Option(
            help="The directory's name; left out: SWEEP's with -sweep.", show_default=False
        ),
    ] = None,
    plots: Plots = True,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No line a trial.")] = False,
    json: Json = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Train with many values of keys; find the best.

    The directory's path is printed as soon as it stands, then a table of the best trials. Every
    trial is a run in it.
    """
    from nnctl.config import check_run_name
    from nnctl.config.sweep_loading import load_sweep
    from nnctl.scale.starting import start_sweep

    settings = {"trials": trials, "workers": given_workers(workers)}
    file = load_sweep(sweep_file, overrides or (), settings)
    run_name = None if name is None else check_run_name(name)
    conduct(start_sweep(file, runs_dir, run_name), plots=plots, quiet=quiet, json=json)


def given_workers(text: str | None) -> int | str | None:
    """Return workers as the file of a sweep would say them; a path is relative to here."""
    from nnctl.config.sweep_schema import DASK, SCHEDULER_FILE

    if text is not None and SCHEDULER_FILE.match(text):
        return DASK + str(Path(text.removeprefix(DASK)).absolute())
    return int(text) if text is not None and text.isdecimal() else text


def conduct(sweep: Sweep, *, plots: bool, quiet: bool, json: bool) -> None:
    """Train what is to be trained, with a screen around it, and show what came of it."""
    if not json:
        console.write_line(sweep.directory.path)
    console.notes(sweep.notices)
    try:
        train_all(sweep, quiet=quiet)
    except BaseException:
        tell_of_the_end(sweep, json=json)
        raise
    if json:
        write_document(sweep)
    else:
        present(sweep)
    if plots:
        draw(sweep, quiet=quiet)
    require_a_best(sweep)


def train_all(sweep: Sweep, *, quiet: bool) -> None:
    """Train every trial, and say how each ended."""
    if not quiet and sweep.left:
        left, workers = console.numbered(len(sweep.left), "trial"), sweep.workers
        console.say(f"{left}, {console.numbered(workers, 'worker')}; by {sweep.metric}")
    with pausing(sweep.pause) as pause, contextlib.closing(sweep.results()) as results:
        for result in results:
            if not quiet:
                number = f"trial {result.number}/{sweep.count}"
                console.say(f"{number}  {describe(result, sweep.metric)}")
    pause.raise_again()


def describe(result: TrialResult, metric: str) -> str:
    """Return how a trial went, on one line."""
    from nnctl.scale.records import brief

    values = "  ".join(f"{key} {brief(value)}" for key, value in result.parameters.items())
    if result.error is not None:
        error = result.error
        if len(error) > MOST_CHARACTERS:
            error = error[: MOST_CHARACTERS - 3] + "..."
        return f"{result.status}: {error}  {values}"
    reached = result.metrics.get(metric)
    missing = "is not finite" if metric in result.metrics else "is not measured"
    told = missing if reached is None else f"{reached:.4g}"
    pruned = "" if result.status == "finished" else f"{result.status} after {result.epochs}  "
    return f"{pruned}{metric} {told}  {values}"


def tell_of_the_end(sweep: Sweep, *, json: bool) -> None:
    """Say where a sweep stands that ended before its time, if it has begun."""
    if sweep.status == "running":
        return
    if json:
        write_document(sweep)
    done, all_trials = len(sweep.ended), sweep.count
    path = sweep.directory.path
    if sweep.status == "finished":
        console.say(f"all {all_trials} trials had ended; `nnctl resume {path}` shows them")
        return
    console.say(
        f"{sweep.status} after {done} of {all_trials} trials; go on with `nnctl resume {path}`"
    )


def write_document(sweep: Sweep) -> None:
    """Write what sweep.json says, and where that stands."""
    console.write_json({"run": str(sweep.directory.path), **sweep.record()})


def present(sweep: Sweep) -> None:
    """Write the table of the best trials, and say what became of the others."""
    from nnctl.scale.records import brief
    from nnctl.scale.results import ranked

    best = ranked(sweep.ended.values(), sweep.metric)
    keys = [*sweep.file.sweep.parameters]
    if best:
        rows = [
            (
                str(result.number),
                result.value(sweep.metric),
                *(brief(result.parameters[key]) for key in keys),
            )
            for result in best[:MOST_ROWS]
        ]
        title = f"{sweep.directory.path.name}: the best {len(rows)} of {len(sweep.ended)} trials"
        console.write_table(("trial", sweep.metric, *keys), rows, title)
        console.say(f"the best config is {sweep.directory.best}")
    others = [result.status for result in sweep.in_order if result.status != "finished"]
    if others:
        counts = [f"{others.count(status)} {status}" for status in dict.fromkeys(others)]
        console.notes([f"not finished: {', '.join(counts)}; {sweep.directory.record} says why"])


def draw(sweep: Sweep, *, quiet: bool) -> None:
    """Write the pictures; that they cannot be drawn is no failure of the sweep."""
    from nnctl.errors import NnctlError
    from nnctl.scale.pictures import draw_sweep

    try:
        paths = draw_sweep(sweep)
    except NnctlError as error:
        console.notes(f"no plots: {problem}" for problem in error.problems)
        return
    if paths and not quiet:
        console.say(f"plots: {', '.join(map(str, paths))}")


def require_a_best(sweep: Sweep) -> None:
    """Raise the first trial's error where no trial came to an end that counts."""
    from nnctl.errors import ConfigError, DivergenceError, Problem, RunError
    from nnctl.scale.results import DIVERGED, INVALID, ranked

    if ranked(sweep.ended.values(), sweep.metric):
        return
    first = sweep.in_order[0]
    kind = {DIVERGED: DivergenceError, INVALID: ConfigError}.get(first.status, RunError)
    why = first.error or f"its {sweep.metric} is not finite"
    message = f"no trial has a {sweep.metric} to choose by; of trial {first.number}: {why}"
    raise kind(Problem(message, str(sweep.directory.path)))
