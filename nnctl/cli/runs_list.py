"""`nnctl runs list`: what has been trained, a line each."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nnctl.cli import console
from nnctl.cli.options import DEFAULT_RUNS_DIR, Json, RunsDir
from nnctl.errors import UsageError, printable

if TYPE_CHECKING:
    from nnctl.analysis.selecting import Shelf
    from nnctl.cli.matrices import Cell
    from nnctl.runs.catalogue import Entry

Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="'KEY OP VALUE'",
        help="Only those of which it is true: 'test_accuracy > 0.9', 'optimizer.name = adam'.",
        show_default=False,
    ),
]
DIGITS = 6
RESULT = "result"
SHOWN = ("name", "status", RESULT, "data", "epochs", "started", "seconds", "rows", "parameters")
MOST_OF_A_METRIC = 20  # characters of its name
MOST_OF_A_VALUE = 24  # characters


def list_runs(
    sort: Annotated[
        str | None,
        typer.Option(
            "--sort",
            metavar="KEY",
            help="Order by this, or by -KEY: the largest first.",
            show_default=False,
        ),
    ] = None,
    where: Where = None,
    columns: Annotated[
        str | None,
        typer.Option(
            "--columns", metavar="KEY,KEY", help="What to show of each.", show_default=False
        ),
    ] = None,
    json: Json = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """List all that was trained, the latest at the end.

    A KEY is a column, a metric such as test_accuracy, `task`, or a key of the config. A
    cross-validation or a sweep is one line, with the metrics' means; what nnctl did not make is
    passed over. A run is killed where it says that it is running, and no process trains it.
    """
    shelf, chosen = selected(runs_dir, where or ())
    chosen = chosen if sort is None else shelf.ordered(chosen, sort)
    keys = columns_of(columns)
    shelf.require([key for key in keys if key != RESULT], "--columns")
    if json:
        entries = [entry_document(shelf, index, keys if columns else ()) for index in chosen]
        console.write_json({"runs_dir": str(runs_dir), "runs": entries})
        return
    console.notes(
        str(shelf.entries[index].problem) for index in chosen if shelf.entries[index].problem
    )
    if not shelf.entries:
        console.notes([f"no runs in {runs_dir} yet; train one with `nnctl train CONFIG`"])
    elif not chosen:
        console.notes([f"none of the {len(shelf.entries)} runs in {runs_dir} is like that"])
    else:
        present(shelf, chosen, keys)


def selected(runs_dir: Path, where: Sequence[str]) -> tuple[Shelf, list[int]]:
    """Return all that stands in the runs directory, and which of it satisfies the conditions."""
    from nnctl.analysis.selecting import Shelf, parse_condition
    from nnctl.runs.catalogue import catalogue

    conditions = [parse_condition(text) for text in where]
    shelf = Shelf(catalogue(runs_dir), config_of)
    return shelf, shelf.where(conditions)


def config_of(entry: Entry) -> Any:
    """Return an entry's config; the reader of YAML is not imported for a list without any."""
    from nnctl.analysis.written_config import written_config

    return written_config(entry)


def columns_of(columns: str | None) -> tuple[str, ...]:
    """Return the keys to show."""
    if columns is None:
        return SHOWN
    keys = tuple(key.strip() for key in columns.split(","))
    if "" in keys:
        raise UsageError(f"--columns takes keys with commas between them (received {columns!r})")
    return keys if "name" in keys else ("name", *keys)


def present(shelf: Shelf, chosen: Sequence[int], keys: Sequence[str]) -> None:
    """Write a line for each entry."""
    from nnctl.cli.matrices import Matrix

    lines: list[tuple[str, Sequence[Cell]]] = [
        (
            str(shelf.entries[index].name),
            [shown(shelf, index, key) for key in keys if key != "name"],
        )
        for index in chosen
    ]
    columns = [key for key in keys if key != "name"]
    table = Matrix("", columns, lines=lines, corner="name", things="columns", whole=True)
    table.continued = keys != SHOWN
    table.write(DIGITS)


def shown(shelf: Shelf, index: int, key: str) -> Cell:
    """Return what a line says of a key."""
    from nnctl.analysis.differing import ABSENT
    from nnctl.analysis.plain_text import text_of, when

    entry = shelf.entries[index]
    if key == RESULT:
        name = entry.result
        value = None if name is None else entry.metrics[name]
        return "" if value is None else f"{cut(str(name), MOST_OF_A_METRIC)} {value:.4g}"
    if key == "status" and entry.members is not None:
        return f"{entry.status}, {console.numbered(entry.members, part_of(entry))}"
    value = shelf.value(index, key)
    if value is None or value is ABSENT:
        return None
    if key == "started":
        return when(value)
    is_quantity = isinstance(value, (int, float)) and not isinstance(value, bool) and key != "seed"
    return value if is_quantity else cut(text_of(value), MOST_OF_A_VALUE)


def cut(text: str, most: int) -> str:
    """Return a text with room beside it on a terminal; a program is given the whole."""
    from nnctl.cli.matrices import shortened

    return shortened(text, most) if sys.stdout.isatty() else printable(text)


def part_of(entry: Entry) -> str:
    """Return what the runs in a directory of runs are called."""
    from nnctl.runs.directory import GROUPS

    return next(group.part for group in GROUPS.values() if group.whole == entry.kind)


def entry_document(shelf: Shelf, index: int, keys: Sequence[str]) -> dict[str, Any]:
    """Return all that is known of an entry, and what stands below the keys that were asked for."""
    from nnctl.analysis.differing import ABSENT

    entry = shelf.entries[index]
    facts = {key: value for key, value in entry.facts().items() if key not in entry.metrics}
    asked = {key: shelf.value(index, key) for key in keys if key != RESULT and "." in key}
    values = {key: None if value is ABSENT else value for key, value in asked.items()}
    return {"path": str(entry.path), **facts, "metrics": dict(entry.metrics), **values}
