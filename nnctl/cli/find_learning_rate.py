"""`nnctl find-learning-rate`: how the loss takes a rate that grows, and what to make of it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnctl.cli import console
from nnctl.cli.options import ConfigArgument, Json, Overrides, Plots

if TYPE_CHECKING:
    from nnctl.errors import NnctlError
    from nnctl.training.learning_rate_range import RangeTest

LINES = 12  # of the table
DEFAULT_OUTPUT = Path("learning_rate.png")
DEFAULT_STEPS, MOST_STEPS = 200, 100_000


def find_learning_rate(
    config: ConfigArgument,
    lowest: Annotated[
        float, typer.Option("--lowest", metavar="RATE", help="The rate of the first step.")
    ] = 1e-6,
    highest: Annotated[
        float, typer.Option("--highest", metavar="RATE", help="The rate of the last step.")
    ] = 10.0,
    steps: Annotated[
        int,
        typer.Option(
            "--steps",
            metavar="N",
            min=10,
            max=MOST_STEPS,
            help="How many steps; more of them find a smaller rate.",
        ),
    ] = DEFAULT_STEPS,
    overrides: Overrides = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help=f"The picture, PNG or SVG; left out, {DEFAULT_OUTPUT}.",
            show_default=False,
        ),
    ] = None,
    plots: Plots = True,
    json: Json = False,
) -> None:
    """Find a learning rate by a range test.

    Its steps have a learning rate that grows until the loss does.
    It trains on the config's own training rows, batch by batch, and keeps nothing of it. The
    suggestion is a tenth of the rate at which the smoothed loss is least; the rate at which it
    falls fastest is shown beside it. Smith (2017), arXiv:1506.01186, and the rules of fastai.
    More steps train for longer at each rate: compare suggestions for the same --steps only.
    """
    from nnctl.config import load_config
    from nnctl.training.explained_rows import subject_of_config
    from nnctl.training.learning_rate_range import range_test
    from nnctl.training.threads import blas_threads

    refuse_empty_range(lowest, highest)
    drawn = place_of_picture(output, plots=plots)
    subject = subject_of_config(load_config(config, overrides or ()), config)
    console.notes(subject.notices)
    with blas_threads(subject.assembly.threads):
        test = range_test(subject.assembly.trainer, lowest, highest, steps)
    refuse_nothing_measured(test)
    failure = None if drawn is None else draw(test, subject.config.name, drawn)
    if json:
        plot = None if drawn is None or failure else str(drawn)
        console.write_json({"config": config, **test.to_dict(), "plot": plot})
    else:
        present(test, subject.config.name)
        if drawn is not None and not failure:
            console.say(f"drawn in {drawn}")
    console.notes(remarks(test, steps))
    if failure:
        raise failure


def refuse_empty_range(lowest: float, highest: float) -> None:
    """Raise UsageError for rates that do not grow."""
    from nnctl.errors import UsageError

    if not math.isfinite(highest):
        raise UsageError(f"--highest must be a finite number (received {highest:g})")
    if not 0.0 < lowest < highest:
        raise UsageError(
            f"--lowest must be above 0 and below --highest (received {lowest:g} and {highest:g})"
        )


def place_of_picture(output: Path | None, *, plots: bool) -> Path | None:
    """Return where to draw, None for nowhere; raise before the test what forbids it after it."""
    from nnctl.analysis.pictures import require_place
    from nnctl.errors import UsageError

    if not plots:
        if output is not None:
            raise UsageError(f"--no-plots draws nothing at --output {output}; leave one out")
        return None
    path = output or DEFAULT_OUTPUT
    require_place(path)
    return path


def refuse_nothing_measured(test: RangeTest) -> None:
    """Raise DivergenceError where not even the first loss is finite."""
    from nnctl.errors import DivergenceError

    if not len(test.losses):
        raise DivergenceError("the loss is not finite before the first step; scale the data")


def draw(test: RangeTest, name: str, path: Path) -> NnctlError | None:
    """Write the curve as PNG or SVG; return what went wrong, for the numbers are still of use."""
    from nnctl.analysis.pictures import save_picture
    from nnctl.errors import NnctlError
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
    try:
        save_picture(figure, path)
    except NnctlError as error:
        return error
    return None


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


def remarks(test: RangeTest, steps: int) -> list[str]:
    """Say what makes the suggestion less than sure."""
    if steps == DEFAULT_STEPS or test.suggestion is None:
        return doubts(test)
    number = f"the suggestion is one of {steps:,} steps, and not comparable with {DEFAULT_STEPS}'s"
    return [*doubts(test), number]


def doubts(test: RangeTest) -> list[str]:
    """Say why the curve does not show all that the suggestion is read off."""
    if test.suggestion is None:
        return [
            "no suggestion: the loss is least at the first step and only grows; give a smaller "
            "--lowest, or scale the data"
        ]
    if test.suggestion < test.rates[0]:
        return [
            "the suggestion lies below the rates that were tried; give a smaller --lowest to see it"
        ]
    if test.vanished is not None:
        return [
            "the loss fell to less than a thousandth of what it was before the rate could do harm, "
            "and its minimum is sought no further: larger rates may do as well"
        ]
    if test.minimum == len(test.losses) - 1 and not test.diverged:
        return [
            "the loss still fell at the highest rate: its minimum may lie beyond; give a larger "
            "--highest"
        ]
    return []
