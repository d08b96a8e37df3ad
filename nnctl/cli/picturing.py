"""The frame of a command that draws: what it opens, options of its own, where the picture goes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from nnctl.cli import console
from nnctl.cli.options import (
    DEFAULT_RUNS_DIR,
    Decimal,
    Delimiter,
    Encoding,
    Header,
    InputArgument,
    Json,
    Labels,
    MissingValue,
    Output,
    RunArgument,
    RunsDir,
    WhichCheckpoint,
    WhichSplit,
    run_and_input,
)

if TYPE_CHECKING:
    from nnctl.analysis.pictures import MovingPicture, Picture
    from nnctl.data.table import Table
    from nnctl.runs.directory import RunDirectory
    from nnctl.training.inference import Model


@dataclass(frozen=True)
class Opened:
    """What a picture is drawn of."""

    plots: Path  # the directory of the picture, unless told otherwise
    title: str
    about: dict[str, Any]  # what --json says of it


@dataclass(frozen=True)
class OpenedRun(Opened):
    """A trained network."""

    run: RunDirectory
    model: Model


@dataclass(frozen=True)
class OpenedRows(OpenedRun):
    """A trained network, and labelled rows to look at it with."""

    tables: Iterator[Table]


Subject = TypeVar("Subject", bound=Opened)
LAST = ("checkpoint", "runs_dir")  # options that nearly nobody gives


def open_network(
    run: RunArgument = None,
    checkpoint: WhichCheckpoint = "best",
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> OpenedRun:
    """Open a run's network."""
    from nnctl.cli.opening import open_run

    directory, model = open_run(run, runs_dir, checkpoint)
    about = {"run": str(directory.path), "checkpoint": checkpoint, "epoch": model.epoch}
    return OpenedRun(directory.plots, directory.name, about, directory, model)


def open_rows(
    run: RunArgument = None,
    source: InputArgument = None,
    split: WhichSplit = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    decimal: Decimal = None,
    header: Header = None,
    missing_value: MissingValue = None,
    labels: Labels = None,
    checkpoint: WhichCheckpoint = "best",
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> OpenedRows:
    """Open a run's network and labelled rows: those of INPUT, else its own, as `evaluate` does."""
    from nnctl.cli.evaluate import rows_to_measure
    from nnctl.cli.inputs import Reading

    run, source = run_and_input(run, source)
    reading = Reading(delimiter, encoding, decimal, header, missing_value, labels)
    reading.require_input(source, split)
    opened = open_network(run, checkpoint, runs_dir)
    tables, name = rows_to_measure(opened.run, opened.model, source, split, reading)
    title = f"{opened.title}: {f'{name} rows' if source is None else Path(name).name}"
    about = {**opened.about, "data": name}
    return OpenedRows(opened.plots, title, about, opened.run, opened.model, tables)


def option(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    """Return an option of one command alone: an annotation as Typer takes it, and a default."""
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=default, annotation=annotation)


def draws(
    opening: Callable[..., Subject], *own: inspect.Parameter
) -> Callable[[Callable[..., Picture]], Callable[..., None]]:
    """Make a command of a function that draws what `opening` opens: `draw(opened, **own options)`.

    The command has the options of `opening`, its own, --output and --json. The picture is called as
    the function is: `plot_roc` draws `roc.png`.
    """

    def command_of(draw: Callable[..., Picture]) -> Callable[..., None]:
        name = draw.__name__.removeprefix("plot_")

        def command(*, output: Path | None, json: bool, **options: Any) -> None:
            from nnctl.training.threads import blas_threads

            chosen = {parameter.name: options.pop(parameter.name) for parameter in own}
            opened = opening(**options)
            with blas_threads(1):  # the same last bits on every machine
                picture = draw(opened, **chosen)
            save(picture, output or opened.plots / f"{name}.png", opened.about, json=json)

        command.__name__, command.__doc__ = draw.__name__, draw.__doc__
        command.__signature__ = signature_of(opening, own)  # type: ignore[attr-defined]
        return command

    return command_of


def signature_of(
    opening: Callable[..., Opened], own: tuple[inspect.Parameter, ...]
) -> inspect.Signature:
    """Return the signature that Typer reads, in the order in which --help shows the options."""
    first = [each for each in parameters_of(opening) if each.name not in LAST]
    last = [each for each in parameters_of(opening) if each.name in LAST]
    return inspect.Signature([*first, *own, *parameters_of(saved_as), *last])


@cache
def parameters_of(function: Callable[..., object]) -> tuple[inspect.Parameter, ...]:
    """Return a function's parameters with their annotations as Typer takes them."""
    parameters = inspect.signature(function, eval_str=True).parameters.values()
    keyword = inspect.Parameter.KEYWORD_ONLY
    return tuple(parameter.replace(kind=keyword) for parameter in parameters)


def saved_as(output: Output = None, json: Json = False) -> tuple[Path | None, bool]:
    """Return where a picture is to be written, and whether its numbers are wanted as JSON."""
    return output, json


def save(
    picture: Picture | MovingPicture, path: Path, about: dict[str, Any], *, json: bool
) -> None:
    """Write a picture; say what should be known of it, and where it is."""
    from nnctl.analysis.pictures import save_picture

    save_picture(picture.figure, path)
    console.notes(picture.notices)
    if json:
        console.write_json({"path": str(path), **about, **picture.numbers})
    else:
        console.write_line(path)
