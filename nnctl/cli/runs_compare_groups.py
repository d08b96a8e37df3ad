"""`nnctl runs compare` of groups: seed series or cross-validations beside one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnctl.cli import console

if TYPE_CHECKING:
    from nnctl.analysis.report_parts import ReportTable

DIGITS = 6


def compare_groups(
    groups: Sequence[Path], html: Path | None, output: Path | None, *, json: bool
) -> None:
    """Hold groups beside one another, which the files that make them so stand for."""
    from nnctl.analysis.comparing_groups import compare_groups as compared
    from nnctl.analysis.comparing_groups import draw_group_comparison
    from nnctl.analysis.group_comparison_text import page_document
    from nnctl.cli.runs_compare import Form, show
    from nnctl.training.threads import blas_threads

    with blas_threads(1):  # the same last bits on every machine
        comparison = compared(groups)
        form = Form("compare_groups.html.j2", page_document, draw_group_comparison, present)
        show(comparison, form, html, output, json=json)


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
    present_differences(labels, document)


def present_table(title: str, table: ReportTable, formulas: str | None = None) -> None:
    """Write a table, the columns without room below."""
    from nnctl.cli.runs_compare import matrix

    corner, *columns = table.columns
    shown = matrix(title, columns, [(str(name), values) for name, *values in table.rows])
    shown.corner = corner
    shown.formulas = (formulas,) if formulas else ()
    shown.write(DIGITS)
