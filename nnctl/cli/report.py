"""`nnctl report`: one page of HTML about a run, or a group, which holds all that it shows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from nnctl.cli import console
from nnctl.cli.options import DEFAULT_RUNS_DIR, Json, Output, RunArgument, RunsDir


def report(
    run: RunArgument = None,
    output: Output = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write over FILE, even if nnctl did not make it.")
    ] = False,
    json: Json = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Write a page about a run or a group of runs.

    One HTML file of at most 2 MB that loads nothing and can be mailed: how the run went, its test
    beside simpler models, diagnosis, pictures, data, network and config. A network of two numeric
    features runs in the page. Of an unfinished run, or one whose data is gone, it holds what there
    is.

    Of a seed series or a cross-validation: its members, mean and spread, their histories in one
    picture, and the config that they share.
    """
    from nnctl.analysis.report_group import reported_group
    from nnctl.pages.rendering import refuse_other_files, require_page_name
    from nnctl.runs.atomic import require_writable
    from nnctl.runs.directory import find_run

    group = reported_group(run, runs_dir)
    directory = find_run(run, runs_dir).path if group is None else group.parent
    path = output or directory / "report.html"
    require_page_name(path, "a report")
    if not force:
        refuse_other_files(path)
    require_writable(path)
    document, size = write_run(directory, path) if group is None else write_group(group, path)
    console.notes(document["summary"]["notes"])
    if json:
        told = about_run(document) if group is None else about_group(document)
        sections = [section["id"] for section in document["sections"]]
        where = {"path": str(path), "run": str(directory), "bytes": size}
        console.write_json({**where, "sections": sections, **told})
    else:
        console.write_line(path)


def write_run(directory: Path, path: Path) -> tuple[dict[str, Any], int]:
    """Write the page of a run; return what it says, and how many bytes it has."""
    from nnctl.analysis.report import report_document
    from nnctl.runs.directory import RunDirectory
    from nnctl.training.threads import blas_threads

    with blas_threads(1):  # the same last bits on every machine
        document = report_document(RunDirectory(directory))
    return document, written(path, "report.html.j2", document)


def write_group(file: Path, path: Path) -> tuple[dict[str, Any], int]:
    """Write the page of a group; return what it says, and how many bytes it has."""
    from nnctl.analysis.report_group import group_document

    document = group_document(file)
    return document, written(path, "report_group.html.j2", document)


def written(path: Path, template: str, document: Mapping[str, Any]) -> int:
    """Write a page; return how many bytes it has."""
    from nnctl.pages.rendering import render
    from nnctl.runs.atomic import write_atomically

    page = render(template, document).encode("utf-8", "backslashreplace")
    write_atomically(path, page)
    return len(page)


def about_run(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is said of the page of a run as JSON."""
    return {
        "pictures": document["pictures"]["names"],
        "left_out": {picture.name: picture.reason for picture in document["pictures"]["left_out"]},
        "findings": document["summary"]["findings"],
    }


def about_group(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is said of the page of a group as JSON."""
    pictures = (document["summary"]["picture"], document["history"])
    return {"pictures": [each.name for each in pictures if each is not None]}
