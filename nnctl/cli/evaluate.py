"""`nnctl evaluate`: loss and metrics on labelled rows, beside those of simpler models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

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
    RunArgument,
    RunsDir,
    WhichCheckpoint,
    WhichSplit,
    run_and_input,
)

if TYPE_CHECKING:
    from nnctl.cli.inputs import Reading
    from nnctl.data.table import Table
    from nnctl.runs.directory import RunDirectory
    from nnctl.training.baselines import Baselines
    from nnctl.training.inference import Model

MOST_CLASSES_IN_CONFUSION = 12


def evaluate(
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
    json: Json = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Measure a network on labelled rows.

    Beside it stand a linear model and a constant answer.
    Without INPUT they are the run's own: test rows, else validation, else training. Text is read as
    the run's own data is, unless --delimiter, --encoding, --decimal or --no-header say otherwise.
    """
    from nnctl.cli.inputs import Reading
    from nnctl.cli.opening import open_run
    from nnctl.training.reporting import evaluate_tables
    from nnctl.training.threads import blas_threads

    run, source = run_and_input(run, source)
    reading = Reading(delimiter, encoding, decimal, header, missing_value, labels)
    reading.require_input(source, split)
    directory, model = open_run(run, runs_dir, checkpoint)
    baselines = open_baselines(directory, model)
    tables, name = rows_to_measure(directory, model, source, split, reading)
    with blas_threads(1):
        report = evaluate_tables(model, tables, baselines)
    measured = {"run": str(directory.path), "checkpoint": checkpoint, "data": name}
    if json:
        console.write_json({**measured, **report.measures})
    else:
        present(model, f"{directory.name}, {name}", report.measures)
    console.notes(report.notes)


def open_baselines(run: RunDirectory, model: Model) -> Baselines | None:
    """Return what the network is compared with; say so where there is nothing."""
    from nnctl.training.baselines import load_baselines

    baselines = load_baselines(run.baselines, model)
    if baselines is None:
        console.notes(
            [f"there is no {run.baselines} (the end of a training writes it): no baselines"]
        )
    return baselines


def rows_to_measure(
    run: RunDirectory, model: Model, source: str | None, split: str | None, reading: Reading
) -> tuple[Iterator[Table], str]:
    """Return labelled rows, in portions, and what they are called: INPUT's, else the run's own."""
    if source is None:
        return own_rows_to_measure(run, model, split)
    return labelled_rows(run, model, source, reading)


def own_rows_to_measure(
    run: RunDirectory, model: Model, split: str | None
) -> tuple[Iterator[Table], str]:
    """Return the run's rows of a set, in portions, and what the set is called."""
    from nnctl.training.own_portions import own_portions
    from nnctl.training.own_rows import own_rows
    from nnctl.training.predicting import rows_at_once

    own = own_rows(run, split)
    console.notes(own.notices)
    return own_portions(own.table, rows_at_once(model)), own.set_name


def labelled_rows(
    run: RunDirectory, model: Model, source: str, reading: Reading
) -> tuple[Iterator[Table], str]:
    """Return the rows of INPUT, in portions, and what they are called."""
    from nnctl.cli.inputs import STDIN, STDIN_NAME, input_tables
    from nnctl.training.remarks import notice_trained_rows
    from nnctl.training.reporting import wishes_of_labelled_rows

    tables = input_tables(run, model, source, reading, wishes_of_labelled_rows(model))
    if source == STDIN:
        return with_lacking_weight_noted(model, tables), STDIN_NAME
    console.notes(notice_trained_rows(run, source))
    return with_lacking_weight_noted(model, tables), source


def with_lacking_weight_noted(model: Model, tables: Iterator[Table]) -> Iterator[Table]:
    """Pass the tables on; say once that they do not weigh their rows as the run does."""
    from nnctl.training.predicting import describe_lacking_weight

    for number, table in enumerate(tables):
        if number == 0:
            console.notes(describe_lacking_weight(model, table))
        yield table


def present(model: Model, name: str, report: dict[str, Any]) -> None:
    """Write the measures as tables, the baselines' beside those of the network."""
    beside = report.get("baselines", {})
    constant = "majority class" if "classes" in report else "mean"
    headings = [constant if baseline == "constant" else baseline for baseline in beside]
    measures = [
        (metric, value, *(values.get(metric, "") for values in beside.values()))
        for metric, value in report.items()
        if isinstance(value, float)
    ]
    title = f"{name}: {report['rows']:,} rows, epoch {model.epoch}"
    console.write_table(("metric", "network", *headings), measures, title)
    if "classes" not in report:
        return
    columns = ("class", "precision", "recall", "f1", "support")
    rows = [(scores["name"], *(scores[k] for k in columns[1:])) for scores in report["classes"]]
    console.write_table(columns, rows)
    classes = model.preprocessing.classes
    if len(classes) <= MOST_CLASSES_IN_CONFUSION:
        table = [(true, *counts) for true, counts in zip(classes, report["confusion"], strict=True)]
        console.write_table(("true \\ predicted", *classes), table)
