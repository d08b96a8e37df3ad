"""`nnctl runs show` of runs that belong together: a cross-validation, a seed series, a sweep."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnctl.cli import console
from nnctl.cli.group import ROWS, telling
from nnctl.errors import Problem, RunError

RESULT = ("run", "status", "epochs", "best_epoch")


def show_group(file: Path, *, json: bool) -> None:
    """Show what the file about all runs says; RunError where it is damaged."""
    from nnctl.runs.catalogue import entries_at
    from nnctl.runs.json_file import read_json

    record, entry = read_json(file), next(entries_at(file.parent))
    if json:
        console.write_json({"run": str(file.parent), **record, "status": entry.status})
        return
    try:
        console.write_line(f"{file.parent}: {entry.kind}, {entry.status}")
        present(record)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        message = f"is damaged: it does not say what it should ({error}); restore it"
        raise RunError(Problem(message, str(file))) from error


def present(record: Mapping[str, Any]) -> None:
    """Write a line for each run, and below them what they are together."""
    results, spread = record.get("results", []), record.get("metrics", {})
    if not results:
        console.write_line("none of its runs has ended yet")
        return
    metrics = metrics_of(record)
    lines: list[tuple[object, ...]] = [
        (
            *(blank(each[key]) for key in RESULT),
            *(blank(each["metrics"].get(name)) for name in metrics),
        )
        for each in results
    ]
    lines += [
        (title, "", "", *(blank(spread[name].get(key)) for name in ("best_epoch", *metrics)))
        for key, title in ROWS.items()
        if metrics and all(key in spread.get(name, {}) for name in metrics)
    ]
    console.write_table((*RESULT, *metrics), lines)
    if record.get("best"):
        best = record["best"]
        console.write_line(f"best: {best['run']} with {record['metric']} {best['value']:.6g}")


def metrics_of(record: Mapping[str, Any]) -> list[str]:
    """Return what is shown of each run: what a sweep chooses by, else what says most."""
    if "metric" in record:
        return [record["metric"]]
    return telling(dict.fromkeys(name for each in record["results"] for name in each["metrics"]))


def blank(value: object) -> object:
    """Return a number, or a blank."""
    return "" if value is None else value
