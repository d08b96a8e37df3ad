"""`nnctl find-learning-rate`: how the loss takes a rate that grows, and what to make of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnctl.cli import console
from nnctl.cli.options import ConfigArgument, Json, Output, Overrides, Plots

if TYPE_CHECKING:
    from nnctl.training.learning_rate_range import RangeTest

LINES = 12  # of the table
DEFAULT_OUTPUT = Path("learning_rate.png")


def find_learning_rate(
    config: ConfigArgument,
    lowest: Annotated[
        float, typer.Option("--lowest", metavar="RATE", help="The rate of the first step.")
    ] = 1e-6,
    highest: Annotated[
        float, typer.Option("--highest", metavar="RATE", help="The rate of the last step.")
    ] = 10.0,
    steps: Annotated[
        int, typer.Option("--steps", metavar="N", min=10, help="How many steps.")
    ] = 200,
    overrides: Overrides = None,
    output: Output = None,
    plots: Plots = True,
    json: Json = False,
) -> None:
    """Find a learning rate by a range test: steps at a rate that grows until the loss does.

    It trains on the config's own training rows, batch by batch, and keeps nothing of it. The
    suggestion is a tenth of the rate at which the smoothed loss is least; the rate at which it
    falls fastest is shown beside it. Smith (2017), arXiv:1506.01186, and the rules of fastai.
    """
    from nnctl.config import load_config
    from nnctl.training.explained_rows import subject_of_config
    from nnctl.training.learning_rate_range import range_test
    from nnctl.training.threads import blas_threads

    refuse_empty_range(lowest, highest)
    subject = subject_of_config(load_config(config, overrides or ()), config)
    console.notes(subject.notices)
    with blas_threads(subject.assembly.threads):
        test = range_test(subject.assembly.trainer, lowest, highest, steps)
    refuse_nothing_measured(test)
    drawn = None
    if plots:
        drawn = output or DEFAULT_OUTPUT
        draw(test, subject.config.name, drawn)
    if json:
        plot = None if drawn is None else str(drawn)
        console.write_json({"config": config, **test.to_dict(), "plot": plot})
    else:
        present(test, subject.config.name)
        if drawn is not None:
            console.say(f"drawn in {drawn}")
    console.notes(remarks(test))


def refuse_empty_range(lowest: float, highest: float) -> None:
    """Raise UsageError for rates that do not grow."""
    from nnctl.errors import UsageError

    if not 0.0 < lowest < highest < float("inf"):
        raise UsageError(
            f"--lowest must be above 0 and below --highest (received {lowest:g} and {highest:g})"
        )


def refuse_nothing_measured(test: RangeTest) -> None:
    """Raise DivergenceError where not even the first loss is finite."""
    from nnctl.errors import DivergenceError

    if not len(test.losses):
        raise DivergenceError("the loss is not finite before the first step; scale the data")


def draw(test: RangeTest, name: str, path: Path) -> None:
    """Write the curve as PNG or SVG."""
    from nnctl.analysis.pictures import save_picture
    from nnctl.plots.learning_rate import learning_rate_figure

    figure = learning_rate_figure(
        test.rates,
        test.losses,
        test.smoothed,
        test.minimum,
        test.steepest,
        test.suggestion,
        f"{name}: learning rate range test",
    )
    save_picture(figure, path)


def present(test: RangeTest, name: str) -> None:
    """Write some points of the curve, what is read off them, and what to write in the config."""
    smoothed, last = test.smoothed, len(test.losses) - 1
    marks = {test.minimum: "minimum"}
    if test.steepest is not None:
        marks = {test.steepest: "steepest", **marks}
    steps = sorted({*marks, *(round(i * last / (LINES - 1)) for i in range(LINES))})
    rows = [
        (
            step + 1,
            float(test.rates[step]),
            float(test.losses[step]),
            float(smoothed[step]),
            marks.get(step, ""),
        )
        for step in steps
    ]
    columns = ("step", "learning rate", "loss", "smoothed", "")
    console.write_table(columns, rows, f"{name}: {len(test.losses)} steps")
    if test.suggestion is not None:
        console.write_line(
            f"suggestion: {test.suggestion:g}, a tenth of the rate at the minimum; "
            f"--set optimizer.learning_rate={test.suggestion:g}"
        )


def remarks(test: RangeTest) -> list[str]:
    """Say what makes the suggestion less than sure."""
    if test.suggestion is None:
        return [
            "no suggestion: the loss is least at the first step and only grows; give a smaller "
            "--lowest, or scale the data"
        ]
    if test.suggestion < test.rates[0]:
        return [
            "the suggestion lies below the rates that were tried; give a smaller --lowest to see it"
        ]
    if test.minimum == len(test.losses) - 1 and not test.diverged:
        return [
            "the loss still fell at the highest rate: its minimum may lie beyond; give a larger "
            "--highest"
        ]
    return []
