"""`nnctl init`: a table in, a starter config for it out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnctl.cli import console
from nnctl.cli.options import Json, Output

TAB = ("tab", "\\t")  # what a shell makes it easier to write


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
    labels: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="The labels of an IDX or NPY file: `label`.", show_default=False
        ),
    ] = None,
    delimiter: Annotated[
        str | None,
        typer.Option(metavar="CHARACTER", help="What separates cells.", show_default=False),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(metavar="NAME", help="Such as latin-1.", show_default=False)
    ] = None,
    decimal: Annotated[
        str | None,
        typer.Option(metavar=".|,", help="What stands before a fraction.", show_default=False),
    ] = None,
    missing_value: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="One more way to write a missing cell, such as ?."),
    ] = None,
    header: Annotated[
        bool, typer.Option("--header/--no-header", help="Whether the first line holds names.")
    ] = True,
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
        delimiter="\t" if delimiter in TAB else delimiter,
        encoding=encoding,
        decimal=decimal,
        missing_values=tuple(missing_value or ()),
        header=header,
    )
    if output is not None:
        refuse_to_overwrite(output, [data, labels], force=force)
    made = start_config(reading, target, task, output)
    if output is not None:
        write_atomically(output, made.text.encode())
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
