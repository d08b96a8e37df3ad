"""`nnctl predict`: rows in, predictions out, with a part of them in memory at a time."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, cast

import typer

from nnctl.cli import console
from nnctl.cli.options import (
    DEFAULT_RUNS_DIR,
    Decimal,
    Delimiter,
    Encoding,
    Header,
    InputArgument,
    Json,
    MissingValue,
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

FormatName = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="csv|jsonl|npy",
        help="How to write; left out, by the suffix of --output, else csv.",
        show_default=False,
    ),
]


def predict(
    run: RunArgument = None,
    source: InputArgument = None,
    output: Output = None,
    form: FormatName = None,
    proba: Annotated[bool, typer.Option("--proba", help="Add each class's probability.")] = False,
    with_input: Annotated[
        bool, typer.Option("--with-input", help="Repeat the input's columns before them.")
    ] = False,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    decimal: Decimal = None,
    header: Header = None,
    missing_value: MissingValue = None,
    checkpoint: WhichCheckpoint = "best",
    json: Json = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Predict rows of a file, a pipe, or the run's own.

    They may be many: a part of them is read at a time. Text is read as the run's own data
    is, unless --delimiter, --encoding, --decimal or --no-header say otherwise.

    The result is CSV with the column `prediction`, one JSON object a line (jsonl, or --json), or a
    NumPy array (npy). Cells that --with-input repeats are never altered, also where a spreadsheet
    would take them for formulas (=, +, -, @).
    """
    from nnctl.cli.inputs import Reading, input_tables
    from nnctl.cli.opening import open_run
    from nnctl.training.predicting import predict_stream, require_probabilities
    from nnctl.training.prediction_formats import FORMATS
    from nnctl.training.threads import blas_threads

    run, source = run_and_input(run, source)
    reading = Reading(delimiter, encoding, decimal, header, missing_value)
    reading.require_input(source)
    form = chosen_format(form, json, output)
    refuse_text_in_array(form, output, with_input)
    directory, model = open_run(run, runs_dir, checkpoint)
    if output is not None:
        refuse_writing_over(files_of(directory) if source is None else [source], output)
    if proba:
        require_probabilities(model)
    if source is None:
        tables = own_tables(directory, model, with_input)
    else:
        wishes = model.preprocessing.wishes()
        tables = input_tables(directory, model, source, reading, wishes, keep_written=with_input)
    predictions = predict_stream(model, tables, console.notes, probabilities=proba)
    # A second thread would change the last bits, and gain nothing on a row.
    with blas_threads(1), opened_output(output) as stream:
        FORMATS[form](console.heeding(predictions), stream, with_input=with_input)


def refuse_writing_over(sources: Iterable[str], output: Path) -> None:
    """Raise UsageError where the output is one of the inputs, under whatever name."""
    from nnctl.errors import UsageError

    for source in sources:
        with contextlib.suppress(OSError):  # what is not there yet is no input
            if output.samefile(source):
                raise UsageError(f"--output is the input itself ({output}); name another file")


def files_of(run: RunDirectory) -> list[str]:
    """Return the files that the run's own rows come from."""
    from nnctl.config.schema.data import PATH_KEYS
    from nnctl.training.own_rows import run_config

    paths = (getattr(run_config(run).data, key) for key in PATH_KEYS)
    return [path for path in paths if path is not None]


def chosen_format(form: str | None, json: bool, output: Path | None) -> str:
    """Return what to write: as --format says, or --json, or the suffix of the output.

    Raises UsageError for a format that there is not, and a suffix that promises another.
    """
    from nnctl.errors import UsageError
    from nnctl.training.prediction_formats import FORMATS, SUFFIXES

    if form is not None and form not in FORMATS:
        raise UsageError(f"--format must be one of {', '.join(FORMATS)} (received {form})")
    if json and form not in (None, "jsonl"):
        raise UsageError(f"--json stands for --format jsonl (received {form}); leave one out")
    if form is not None or json:
        return form or "jsonl"
    suffix = "" if output is None else output.suffix.lower()
    if suffix and suffix not in SUFFIXES:
        raise UsageError(
            f"--output has the suffix of no format ({output}); name it {', '.join(SUFFIXES)}, or "
            "say --format"
        )
    return SUFFIXES.get(suffix, "csv")


def refuse_text_in_array(form: str, output: Path | None, with_input: bool) -> None:
    """Raise UsageError for what an NPY array cannot hold, and for bytes sent to a terminal."""
    from nnctl.errors import UsageError

    if form != "npy":
        return
    if with_input:
        raise UsageError("an npy array holds predictions alone; leave --with-input out")
    if output is None and sys.stdout.isatty():
        raise UsageError("npy is not for a terminal; name a file with -o, or take another --format")


@contextlib.contextmanager
def opened_output(output: Path | None) -> Iterator[BinaryIO]:
    """Give standard output, or a file that appears whole at the end."""
    from nnctl.runs.atomic import written_whole

    if output is None:
        yield cast(BinaryIO, console.StandardOutput())
    else:
        with written_whole(output) as file:
            yield file


def own_tables(run: RunDirectory, model: Model, with_input: bool) -> Iterator[Table]:
    """Yield the run's own rows in portions; say which they are."""
    from nnctl.training.own_portions import own_portions, written_portions
    from nnctl.training.own_rows import own_rows, run_config
    from nnctl.training.predicting import rows_at_once

    rows = own_rows(run)
    console.say(f"predicting the {rows.set_name} rows of {run.path}")
    console.notes(rows.notices)
    if with_input:
        data, wishes = run_config(run).data, model.preprocessing.wishes()
        yield from written_portions(rows.table, data, wishes, rows_at_once(model))
    else:
        yield from own_portions(rows.table, rows_at_once(model))
