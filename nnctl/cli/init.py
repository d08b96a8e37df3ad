"""`nnctl init`: a table in, a starter config for it out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnctl.cli import console
from nnctl.cli.options import (
    Decimal,
    Delimiter,
    Encoding,
    Json,
    Labels,
    MissingValue,
    Output,
    character,
)
from nnctl.cli.wording import in_options
from nnctl.errors import NnctlError


def init(
    data: Annotated[str, typer.Argument(metavar="DATA", help="A file: CSV, Parquet, NPZ ...")],
    target: Annotated[
        list[str],
        typer.Option(metavar="NAME", help="The column to predict; repeat it for several."),
    ],
    output: Output = None,
    force: Annotated[bool, typer.Option("--force", help="Write over FILE.")] = False,
    task: Annotated[
        str | None,
        typer.Option(
            metavar="classification|regression",
            help="Left out, it follows from the target.",
            show_default=False,
        ),
    ] = None,
    labels: Labels = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    decimal: Decimal = None,
    missing_value: MissingValue = None,
    header: Annotated[
        bool, typer.Option("--header/--no-header", help="Whether the first line holds names.")
    ] = True,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No summary, no notes.")] = False,
    json: Json = False,
) -> None:
    """Write a starter config for a table.

    It says of every line what it does and why it was chosen, and trains as it is.
    """
    from nnctl.runs.atomic import write_atomically
    from nnctl.training.starting import Reading, start_config

    reading = Reading(
        data,
        labels=labels,
        delimiter=character(delimiter),
        encoding=encoding,
        decimal=decimal,
        missing_values=tuple(missing_value or ()),
        header=header,
    )
    if output is not None:
        refuse_to_overwrite(output, [data, labels], force=force)
    try:
        made = start_config(reading, target, task, output)
    except NnctlError as error:
        raise in_options(error) from error
    if output is not None:
        write_atomically(output, made.text.encode())
    if not quiet:
        console.say(made.summary)
        console.notes(made.notes)
    if json:
        path = None if output is None else str(output)
        console.write_json({"path": path, **made.report, "config": made.text})
    elif output is None:
        console.write(made.text)
    else:
        console.write_line(output)


def refuse_to_overwrite(output: Path, inputs: list[str | None], *, force: bool) -> None:
    """Raise UsageError where FILE stands already, or is the data itself."""
    from nnctl.errors import Problem, UsageError

    if not output.exists():
        return
    if any(path is not None and Path(path).exists() and output.samefile(path) for path in inputs):
        raise UsageError(Problem("this is the data; name another file for the config", str(output)))
    if not force:
        message = "the file exists already; name another, or write over it with --force"
        raise UsageError(Problem(message, str(output)))
