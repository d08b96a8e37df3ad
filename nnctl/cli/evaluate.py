"""`nnctl evaluate`: loss and metrics on labelled rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnctl.cli import console
from nnctl.cli.options import (
    DEFAULT_RUNS_DIR,
    InputArgument,
    Json,
    RunArgument,
    RunsDir,
    WhichCheckpoint,
    WhichSplit,
    run_and_input,
)

if TYPE_CHECKING:
    from nnctl.data.table import Table
    from nnctl.runs.directory import RunDirectory
    from nnctl.training.inference import Model

MOST_CLASSES_IN_CONFUSION = 12


def evaluate(
    run: RunArgument = None,
    source: InputArgument = None,
    split: WhichSplit = None,
    checkpoint: WhichCheckpoint = "best",
    json: Json = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Measure a network on labelled rows.

    Without INPUT they are the run's own: test rows, else validation, else training.
    """
    from nnctl.cli.opening import open_run
    from nnctl.errors import UsageError
    from nnctl.training.reporting import evaluate_table
    from nnctl.training.threads import blas_threads

    run, source = run_and_input(run, source)
    if source is not None and split is not None:
        raise UsageError("--split chooses among the run's own rows; leave it or INPUT out")
    directory, model = open_run(run, runs_dir, checkpoint)
    table, name = labelled_rows(directory, model, source, split)
    with blas_threads(1):
        report = evaluate_table(model, table)
    header = {"run": str(directory.path), "checkpoint": checkpoint, "data": name}
    if json:
        console.write_json({**header, **report})
    else:
        present(model, f"{directory.name}, {name}", report)


def labelled_rows(
    run: RunDirectory, model: Model, source: str | None, split: str | None
) -> tuple[Table, str]:
    """Return the rows to measure on, and what they are called."""
    from nnctl.data.readers import read_table, read_table_from
    from nnctl.training.own_rows import own_rows

    data = model.config.data
    if source == "-":
        stream = console.standard_input(data.encoding)
        return read_table_from(stream, "<stdin>", data.delimiter), "<stdin>"
    if source is not None:
        return read_table(source, data.delimiter, data.encoding), source
    rows = own_rows(run, split)
    console.notes(rows.notices)
    return rows.table, rows.set_name


def present(model: Model, name: str, report: dict[str, Any]) -> None:
    """Write the measures as tables."""
    values = {k: v for k, v in report.items() if isinstance(v, float)}
    console.write_table(
        ("metric", "value"), values.items(), f"{name}: {report['rows']:,} rows, epoch {model.epoch}"
    )
    if "classes" not in report:
        return
    columns = ("class", "precision", "recall", "f1", "support")
    rows = [(scores["name"], *(scores[k] for k in columns[1:])) for scores in report["classes"]]
    console.write_table(columns, rows)
    classes = model.preprocessing.classes
    if len(classes) <= MOST_CLASSES_IN_CONFUSION:
        table = [(true, *counts) for true, counts in zip(classes, report["confusion"], strict=True)]
        console.write_table(("true \\ predicted", *classes), table)
