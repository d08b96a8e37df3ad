"""`nnctl plot-...` of a training: its learning rate, and the first steps of a weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnctl.cli.options import DEFAULT_RUNS_DIR, ConfigArgument, ConfigOrRun, Overrides, RunsDir
from nnctl.cli.picturing import Opened, draws, option

if TYPE_CHECKING:
    from nnctl.analysis.pictures import Picture
    from nnctl.config import Config
    from nnctl.training.explained_rows import Subject


@dataclass(frozen=True)
class Planned(Opened):
    """A config, and the history of its run if it is that of one."""

    config: Config
    history: Mapping[str, Sequence[float]] | None


def open_plan(
    subject: ConfigOrRun = None,
    overrides: Overrides = None,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> Planned:
    """Open a config's file, or a run's config and history."""
    from nnctl.cli.explain import is_config
    from nnctl.config import load_config
    from nnctl.errors import UsageError
    from nnctl.runs.directory import find_run
    from nnctl.runs.history import read_history
    from nnctl.training.own_rows import run_config

    if subject is not None and is_config(subject):
        config = load_config(subject, overrides or ())
        return Planned(Path(), config.name, {"config": subject}, config, None)
    if overrides:
        raise UsageError("--set is laid over a config; a run is drawn as it was trained")
    run = find_run(subject, runs_dir)
    history = read_history(run.metrics)
    return Planned(run.plots, run.name, {"run": str(run.path)}, run_config(run), history)


@draws(open_plan)
def plot_schedule(plan: Planned) -> Picture:
    """Draw the learning rate over the epochs.

    As its schedule plans it, and of a run, as it was.
    """
    from nnctl.analysis.schedule import draw_schedule

    return draw_schedule(plan.config, plan.title, plan.history)


@dataclass(frozen=True)
class Untrained(Opened):
    """A network before its first step."""

    subject: Subject


def open_untrained(config: ConfigArgument, overrides: Overrides = None) -> Untrained:
    """Build the network of a config, and read its data."""
    from nnctl.config import load_config
    from nnctl.training.explained_rows import subject_of_config

    subject = subject_of_config(load_config(config, overrides or ()), config)
    return Untrained(Path(), subject.config.name, {"config": config}, subject)


WEIGHT = option(
    "weight",
    Annotated[
        str | None,
        typer.Option(
            "--weight",
            metavar="LAYER,INPUT,UNIT",
            help="Counted from 1, or LAYER,bias,UNIT; else the one that goes the longest way.",
            show_default=False,
        ),
    ],
    None,
)
STEPS = option(
    "steps",
    Annotated[int, typer.Option("--steps", metavar="K", min=1, max=1000, help="How many steps.")],
    10,
)


@draws(open_untrained, WEIGHT, STEPS)
def plot_descent(start: Untrained, weight: str | None, steps: int) -> Picture:
    """Draw the first steps of one weight downhill.

    They are drawn on the loss as a function of that weight. Where there are others, the curve
    sinks as they learn: it is drawn for where they begin and for where they end. Steps take the
    batches of training; the loss is that of all training rows, with penalties.
    """
    from nnctl.analysis.descent import draw_descent

    return draw_descent(start.subject, start.title, weight, steps)
