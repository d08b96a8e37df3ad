"""`nnctl predict`: rows in, predictions out."""

from __future__ import annotations

import csv
import io
import json as json_lines
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nnctl.cli import console
from nnctl.cli.options import (
    DEFAULT_RUNS_DIR,
    InputArgument,
    Json,
    Output,
    RunArgument,
    RunsDir,
    WhichCheckpoint,
    run_and_input,
)

if TYPE_CHECKING:
    from nnctl.data.table import Table
    from nnctl.runs.directory import RunDirectory
    from nnctl.training.inference import Model

ROWS_AT_ONCE = 4096


def predict(
    run: RunArgument = None,
    source: InputArgument = None,
    output: Output = None,
    proba: Annotated[bool, typer.Option("--proba", help="Add each class's probability.")] = False,
    with_input: Annotated[
        bool, typer.Option("--with-input", help="Repeat the input's columns before them.")
    ] = False,
    checkpoint: WhichCheckpoint = "best",
    json: Json = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Predict rows of a file, a pipe or the run's own.

    The result is CSV with the column `prediction`, or with --json one object a line.
    """
    from nnctl.cli.opening import open_run
    from nnctl.errors import UsageError
    from nnctl.runs.atomic import write_atomically
    from nnctl.training.predicting import require_probabilities
    from nnctl.training.threads import blas_threads

    run, source = run_and_input(run, source)
    if output is not None and source is not None and output.absolute() == Path(source).absolute():
        raise UsageError(f"--output is the input itself ({output}); name another file")
    directory, model = open_run(run, runs_dir, checkpoint)
    if proba:
        require_probabilities(model)
    tables = input_tables(directory, model, source)
    write = as_json_lines if json else as_csv
    with blas_threads(1):  # a second thread would change the last bits, and gain nothing on a row
        pieces = write(model, tables, proba, with_input)
        if output is not None:
            write_atomically(output, "".join(pieces).encode())
            return
        for piece in pieces:
            console.write(piece)


def input_tables(run: RunDirectory, model: Model, source: str | None) -> Iterator[Table]:
    """Yield the rows to predict in portions: a file's, standard input's, or the run's own."""
    from nnctl.data.readers import read_chunks, read_table
    from nnctl.training.own_rows import own_rows

    data = model.config.data
    if source == "-":
        stream = console.standard_input(data.encoding)
        yield from read_chunks(stream, "<stdin>", ROWS_AT_ONCE, data.delimiter)
    elif source is not None:
        yield read_table(Path(source), data.delimiter, data.encoding)
    else:
        rows = own_rows(run)
        console.say(f"predicting the {rows.set_name} rows of {run.path}")
        console.notes(rows.notices)
        yield rows.table


def as_csv(model: Model, tables: Iterator[Table], proba: bool, with_input: bool) -> Iterator[str]:
    """Yield the lines of a CSV file, a portion at a time."""
    header_written = False
    for table in tables:
        names, rows = predicted_rows(model, table, proba, with_input)
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        if not header_written:
            writer.writerow(names)
            header_written = True
        writer.writerows(rows)
        yield buffer.getvalue()


def as_json_lines(
    model: Model, tables: Iterator[Table], proba: bool, with_input: bool
) -> Iterator[str]:
    """Yield one JSON object a row, a portion at a time."""
    for table in tables:
        names, rows = predicted_rows(model, table, proba, with_input)
        lines = (
            json_lines.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) for row in rows
        )
        yield "".join(f"{line}\n" for line in lines)


def predicted_rows(
    model: Model, table: Table, proba: bool, with_input: bool
) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    """Return the names of the columns, and the rows."""
    from nnctl.training.predicting import predict_table

    predictions = predict_table(model, table, probabilities=proba).columns
    columns: list[Any] = list(predictions.values())
    names = list(predictions)
    if with_input:
        refuse_twins(table, names)
        names = [*table.columns, *names]
        columns = [*written_columns(table), *columns]
    return names, zip(*columns, strict=True)


def refuse_twins(table: Table, names: list[str]) -> None:
    """Raise DataError where a column of the input is called like one of the predictions'."""
    from nnctl.errors import DataError, Problem

    twins = [name for name in names if name in table.columns]
    if twins:
        message = f"has a column `{twins[0]}` already; rename it, or leave --with-input out"
        raise DataError(Problem(message, table.source))


def written_columns(table: Table) -> list[list[str]]:
    """Return the input's cells as they stood in the file."""
    if table.written:
        return [list(column) for column in zip(*table.written, strict=True)]
    return [[str(cell) for cell in column] for column in table.columns.values()]
