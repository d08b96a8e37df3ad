"""`nnctl report`: one page of HTML about a run, which holds all that it shows."""

from __future__ import annotations

from typing import Annotated

import typer

from nnctl.cli import console
from nnctl.cli.options import DEFAULT_RUNS_DIR, Json, Output, RunArgument, RunsDir

SUFFIXES = (".html", ".htm")


def report(
    run: RunArgument = None,
    output: Output = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write over FILE, even if nnctl did not make it.")
    ] = False,
    json: Json = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Write a page about a run that can be mailed.

    One HTML file of at most 2 MB that loads nothing: how the run went, its test beside simpler
    models, diagnosis, pictures, data, network and config. A network of two numeric features runs in
    the page. Of an unfinished run, or one whose data is gone, it holds what there is.
    """
    from nnctl.analysis.report import report_document
    from nnctl.errors import UsageError
    from nnctl.pages.rendering import refuse_other_files, render
    from nnctl.runs.atomic import require_writable, write_atomically
    from nnctl.runs.directory import find_run
    from nnctl.training.threads import blas_threads

    directory = find_run(run, runs_dir)
    path = output or directory.path / "report.html"
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"a report is a page of HTML; name it .html (received {path})")
    if not force:
        refuse_other_files(path)
    require_writable(path)
    with blas_threads(1):  # the same last bits on every machine
        document = report_document(directory)
    page = render("report.html.j2", document).encode("utf-8", "backslashreplace")
    write_atomically(path, page)
    console.notes(document["summary"]["notes"])
    if json:
        console.write_json(
            {
                "path": str(path),
                "run": str(directory.path),
                "bytes": len(page),
                "sections": [section["id"] for section in document["sections"]],
                "pictures": document["pictures"]["names"],
                "left_out": {
                    picture.name: picture.reason for picture in document["pictures"]["left_out"]
                },
                "findings": document["summary"]["findings"],
            }
        )
    else:
        console.write_line(path)
