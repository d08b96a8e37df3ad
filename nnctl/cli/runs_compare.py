"""`nnctl runs compare`: runs or groups beside one another, as tables, a page, or a picture."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from nnctl.cli import console
from nnctl.cli.options import DEFAULT_RUNS_DIR, Json, RunsDir
from nnctl.errors import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nnctl.analysis.comparing import RunComparison
    from nnctl.analysis.comparing_groups import GroupComparison
    from nnctl.cli.matrices import Matrix

DIGITS = 6
MOST_SIDE_BY_SIDE = 8  # runs; of more, each has a line instead of a column
MOST_OF_A_NAME = 40  # characters
LEAST_ROOM = 22  # characters of a value
BEST = "*"
DIFFERENCES = ("config", "data", "environment")
ABOUT = ("status", "epochs", "best_epoch", "parameters", "seed", "seconds")


def compare(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...", help="Two or more: names, paths, or latest; or groups of runs."
        ),
    ],
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page with all of it and the curves."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Draw the curves as .png or .svg."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write over the page, even if nnctl did not make it.")
    ] = False,
    json: Json = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Hold runs or groups beside one another: metrics, what differs.

    What differs is told of config, data and environment, key by key as --set takes them.

    A metric's best value is marked where all runs were measured on the same rows; on those the
    other runs are held against the best one, row by row, with the standard error of the difference.
    Runs that have not come to their end are compared as far as they are.

    Of seed series, or cross-validations, the means are compared with that of the first, with the
    standard error of the difference: paired, where both have the same seeds or folds.
    """
    from nnctl.analysis.compared_groups import named_groups
    from nnctl.analysis.comparing import compare as compare_runs
    from nnctl.analysis.comparing import draw_comparison
    from nnctl.analysis.comparison_text import page_document
    from nnctl.runs.directory import find_run
    from nnctl.training.threads import blas_threads

    groups = named_groups(runs, runs_dir)
    directories = [] if groups else [find_run(reference, runs_dir) for reference in runs]
    require_places(html, output, force=force)
    if groups:
        from nnctl.cli.runs_compare_groups import compare_groups

        compare_groups(groups, html, output, json=json)
        return
    with blas_threads(1):  # the same last bits on every machine
        comparison = compare_runs(directories)
        form = Form("compare.html.j2", page_document, draw_comparison, present)
        show(comparison, form, html, output, json=json)


class Form(NamedTuple):
    """How a comparison of one kind is told."""

    template: str  # of the page
    page_document: Callable[[Any], dict[str, Any]]
    draw: Callable[[Any], Figure]
    present: Callable[[Mapping[str, Any]], None]  # on a terminal


def show(
    comparison: RunComparison | GroupComparison,
    form: Form,
    html: Path | None,
    output: Path | None,
    *,
    json: bool,
) -> None:
    """Write a comparison into the files that were asked for, or else as tables."""
    written = [str(path) for path in save(comparison, form, html, output)]
    console.notes(comparison.document["notes"])
    if json:
        console.write_json({**comparison.document, "written": written})
        return
    if written:
        console.write("".join(f"{path}\n" for path in written))
    else:
        form.present(comparison.document)


def require_places(html: Path | None, output: Path | None, *, force: bool) -> None:
    """Raise, before any work is done, what would be raised where the files are written."""
    from nnctl.analysis.pictures import require_place
    from nnctl.pages.rendering import refuse_other_files, require_page_name
    from nnctl.runs.atomic import require_writable

    if output is not None:
        require_place(output)
    if html is not None:
        require_page_name(html, "a comparison")
        if not force:
            refuse_other_files(html)
        require_writable(html)


def save(
    comparison: RunComparison | GroupComparison, form: Form, html: Path | None, output: Path | None
) -> Iterator[Path]:
    """Write the files that were asked for, and yield their paths."""
    from nnctl.analysis.pictures import save_picture
    from nnctl.pages.rendering import render
    from nnctl.runs.atomic import write_atomically

    if html is not None:
        page = render(form.template, form.page_document(comparison))
        write_atomically(html, page.encode())
        yield html
    if output is not None:
        save_picture(form.draw(comparison), output)
        yield output


def present(document: Mapping[str, Any]) -> None:
    """Write the comparison as tables."""
    from nnctl.analysis.comparison_text import sentences
    from nnctl.analysis.plain_text import when

    runs = document["runs"]
    labels = [run["label"] for run in runs]
    lines = [
        (run["label"], [told(key, run[key]) for key in ABOUT] + [when(run["started"])])
        for run in runs
    ]
    about = matrix("runs", (*ABOUT, "started"), lines)
    about.corner = "run"
    about.write(DIGITS)
    present_metrics(labels, document["metrics"])
    judged = "".join(f"{line}\n" for line in sentences(document["beside_the_best"]))
    console.write(judged and f"{judged}\n")
    present_differences(labels, document)


def told(key: str, value: Any) -> Any:
    """Return what a line says of a run; a seed is no quantity, and its digits stay together."""
    return str(value) if key == "seed" and value is not None else value


def present_metrics(labels: Sequence[str], metrics: Sequence[Mapping[str, Any]]) -> None:
    """Write every metric of every run, the best ones marked."""
    if not metrics:
        console.write_line("metrics: none of the runs has any yet")
        return
    from nnctl.analysis.comparison_text import title_of

    lines = [(title_of(row), marked(labels, row)) for row in metrics]
    legend = f"{BEST} best on the same rows" if any(row["best"] for row in metrics) else ""
    turned_if_many("metrics", labels, lines, legend)


def marked(labels: Sequence[str], row: Mapping[str, Any]) -> list[str]:
    """Return a metric's values as texts, points under points, the best ones marked."""
    from nnctl.analysis.comparison_text import NOTHING
    from nnctl.cli.matrices import aligned

    values = [value.rstrip() or NOTHING for value in aligned(row["values"], DIGITS)]
    return [
        f"{value}{BEST if label in row['best'] else ''}"
        for value, label in zip(values, labels, strict=True)
    ]


def present_differences(labels: Sequence[str], document: Mapping[str, Any]) -> None:
    """Write what is not the same in all that are compared; one line a section where all is."""
    from nnctl.analysis.comparison_text import texts_of
    from nnctl.cli.matrices import MOST_CELLS, shortened

    for section in DIFFERENCES:
        if not document[section]:
            console.write_line(f"{section}: the same in all")
            continue
        lines = [(shortened(r["key"], 2 * MOST_CELLS), texts_of(r)) for r in document[section]]
        turned_if_many(section, labels, lines, "")


def turned_if_many(
    title: str, labels: Sequence[str], lines: Sequence[tuple[str, Sequence[str]]], legend: str
) -> None:
    """Write lines with a value for each run; of many runs, with a line for each run instead."""
    from nnctl.cli.matrices import GAP, MARGIN

    names = [name for name, _ in lines]
    if len(labels) > MOST_SIDE_BY_SIDE:
        columns = [values for _, values in lines]
        lines = [(label, [values[i] for values in columns]) for i, label in enumerate(labels)]
        table = matrix(title, names, wrapped(lines, MOST_OF_A_NAME))
        table.corner = "run"
    else:
        longest = max(len(name) for name in names)
        room = (console.table_width() - MARGIN - longest) // len(labels) - GAP
        table = matrix(title, labels, wrapped(lines, max(LEAST_ROOM, room)))
    table.formulas = (legend,) if legend else ()
    table.write(DIGITS)


def wrapped(
    lines: Sequence[tuple[str, Sequence[str]]], room: int
) -> list[tuple[str, Sequence[str]]]:
    """Return lines of which no cell is wider than there is room: what is left stands below."""
    broken: list[tuple[str, Sequence[str]]] = []
    for name, values in lines:
        cells = [wrap(printable(value), room, break_on_hyphens=False) or [""] for value in values]
        names = (name, *itertools.repeat("", max(map(len, cells)) - 1))
        broken += zip(names, itertools.zip_longest(*cells, fillvalue=""), strict=False)
    return broken


def matrix(
    title: str, columns: Sequence[str], lines: Sequence[tuple[str, Sequence[Any]]]
) -> Matrix:
    """Return a table that goes on below where it is too wide for the screen."""
    from nnctl.cli.matrices import Matrix, shortened

    shown = [(shortened(label, MOST_OF_A_NAME), values) for label, values in lines]
    names = [shortened(column, MOST_OF_A_NAME) for column in columns]
    return Matrix(title, names, lines=shown, continued=True)
