"""`nnctl runs compare` of groups: seed series or cross-validations beside one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnctl.cli import console

if TYPE_CHECKING:
    from nnctl.analysis.comparing_groups import GroupComparison
    from nnctl.analysis.report_parts import ReportTable

DIGITS = 6
DIFFERENCES = ("config", "data", "environment")


def compare_groups(
    groups: Sequence[Path], html: Path | None, output: Path | None, *, json: bool
) -> None:
    """Hold groups beside one another, which the files that make them so stand for."""
    from nnctl.analysis.comparing_groups import compare_groups as compared
    from nnctl.training.threads import blas_threads

    with blas_threads(1):  # the same last bits on every machine
        comparison = compared(groups)
        written = [str(path) for path in save(comparison, html, output)]
    console.notes(comparison.document["notes"])
    if json:
        console.write_json({**comparison.document, "written": written})
        return
    if written:
        console.write("".join(f"{path}\n" for path in written))
    else:
        present(comparison.document)


def save(comparison: GroupComparison, html: Path | None, output: Path | None) -> Iterator[Path]:
    """Write the files that were asked for, and yield their paths."""
    from nnctl.analysis.comparing_groups import draw_group_comparison
    from nnctl.analysis.group_comparison_text import page_document
    from nnctl.analysis.pictures import save_picture
    from nnctl.pages.rendering import render
    from nnctl.runs.atomic import write_atomically

    if html is not None:
        page = render("compare_groups.html.j2", page_document(comparison))
        write_atomically(html, page.encode())
        yield html
    if output is not None:
        save_picture(draw_group_comparison(comparison), output)
        yield output


def present(document: Mapping[str, Any]) -> None:
    """Write the comparison as tables, and in words what is to be concluded."""
    from nnctl.analysis.group_comparison_text import groups_table, metrics_table, sentences
    from nnctl.cli.runs_compare import present_differences

    labels = [group["label"] for group in document["groups"]]
    present_table("groups", groups_table(document))
    metrics = metrics_table(document)
    if metrics is None:
        console.write_line("metrics: none of the groups has any")
    else:
        present_table("metrics", metrics, metrics.caption)
    told = "".join(f"{line}\n" for line in sentences(document))
    console.write(told and f"{told}\n")
    for section in DIFFERENCES:
        present_differences(section, labels, document[section])


def present_table(title: str, table: ReportTable, formulas: str | None = None) -> None:
    """Write a table, the columns without room below."""
    from nnctl.cli.runs_compare import matrix

    corner, *columns = table.columns
    shown = matrix(title, columns, [(str(name), values) for name, *values in table.rows])
    shown.corner = corner
    shown.formulas = (formulas,) if formulas else ()
    shown.write(DIGITS)
