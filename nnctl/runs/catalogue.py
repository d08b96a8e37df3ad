"""All that stands under the runs directory, a line each, told by small files alone.

A run is one line, and so is a directory of runs that belong together: the folds of a
cross-validation, the trials of a sweep. What nnctl did not make is passed over.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from nnctl.errors import RunError, StorageError
from nnctl.runs.atomic import storage_error
from nnctl.runs.directory import GROUPS, RUN_JSON, RunDirectory
from nnctl.runs.json_file import read_json
from nnctl.runs.lock import is_held
from nnctl.runs.status import KILLED

Known = TypeVar("Known", str, int)
DAMAGED = "damaged"  # the status of what cannot be read
SETS = ("test", "validation", "train")  # the rows that say most come first
LONGEST_LINE = 4096  # of metrics.csv, in bytes
# The file that says what stands in a directory -> what such a directory is called.
KINDS = {RUN_JSON: "run", **{file: group.whole for file, group in GROUPS.items()}}


@dataclass(frozen=True)
class Entry:
    """A run, or a directory of runs; what is not known is None."""

    path: Path
    kind: str = "run"
    status: str = DAMAGED
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    data: str | None = None
    rows: int | None = None
    epochs: int | None = None
    best_epoch: int | None = None
    parameters: int | None = None
    seed: int | None = None
    started: str | None = None
    seconds: float | None = None
    members: int | None = None  # of a directory of runs
    problem: str | None = None

    @property
    def name(self) -> str:
        """The name under the runs directory."""
        return self.path.name

    @property
    def result(self) -> str | None:
        """The name of the metric that says most: of the rows seen least, before their loss."""
        for set_name in SETS:
            names = [name for name in self.metrics if name.startswith(f"{set_name}_")]
            if names:
                return next((name for name in names if not name.endswith("_loss")), names[0])
        return None

    def facts(self) -> dict[str, Any]:
        """Return all columns by name, and the metrics behind them."""
        facts = {column: getattr(self, column) for column in COLUMNS}
        return {**facts, **self.metrics}


COLUMNS = (
    "name", "kind", "status", "data", "rows", "epochs", "best_epoch", "parameters", "seed",
    "started", "seconds", "members", "problem",
)  # fmt: skip


def catalogue(runs_dir: Path) -> list[Entry]:
    """Return all that stands under `runs_dir`, by the time it was started, then by name.

    What is damaged stands first. Raises StorageError (7) where the directory cannot be read.
    """
    try:
        paths = [path for path in runs_dir.iterdir() if not path.name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise storage_error(error, runs_dir, "read") from error
    entries = [entry for path in paths for entry in entries_at(path)]
    return sorted(entries, key=lambda entry: (entry.started or "", len(entry.name), entry.name))


def entries_at(path: Path) -> Iterator[Entry]:
    """Yield what stands at a path, if nnctl made it."""
    file, read = kind_of(path)
    if file is None:
        return
    try:
        yield read(path, file)
    except (RunError, StorageError) as error:
        told = "; ".join(str(problem) for problem in error.problems)
        yield Entry(path, KINDS[file], problem=told)
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        yield Entry(path, KINDS[file], problem=f"{path / file}: is damaged ({error})")


def kind_of(path: Path) -> tuple[str | None, Callable[[Path, str], Entry]]:
    """Return the file that says what stands at a path, and what reads it."""
    with contextlib.suppress(OSError):  # another user's run is no reason to show none
        if (path / RUN_JSON).is_file():
            return RUN_JSON, entry_of_run
        for file in GROUPS:
            if (path / file).is_file():
                return file, entry_of_group
    return None, entry_of_run


def entry_of_run(path: Path, file: str) -> Entry:
    """Return a run's line; RunError where its files are damaged."""
    run = RunDirectory(path)
    record = read_json(path / file)
    status = str(record["status"])
    data = record["data"]
    counts = [data[f"{name}_rows"] for name in SETS]
    summary = read_json(run.summary) if status == "finished" else {}
    return Entry(
        path,
        status=KILLED if status == "running" and not is_held(run) else status,
        metrics=numbers(summary.get("best", {})),
        data=source_of(data),
        rows=sum(counts),
        epochs=summary["epochs"] if summary else last_epoch(run.metrics),
        best_epoch=summary.get("best_epoch"),
        parameters=summary.get("parameters"),
        seed=record["seed"],
        started=str(record["started"]),
        seconds=own_seconds(record),
    )


def own_seconds(record: Mapping[str, Any]) -> float | None:
    """Return how long a run took; of one that trained stacked with others, its share of that."""
    seconds = record.get("seconds")
    return None if seconds is None else round(seconds / record.get("stacked", 1), 6)


def entry_of_group(path: Path, file: str) -> Entry:
    """Return the line of a directory of runs: how many there are, and what is said of all."""
    record = read_json(path / file)
    status = str(record.get("status", ""))
    if status == "running" and not is_held(RunDirectory(path)):
        status = KILLED
    members = [entry for child in members_of(path) for entry in entries_at(child)]
    first = min(members, key=lambda each: each.started or "~", default=Entry(path))
    return Entry(
        path,
        KINDS[file],
        status,
        numbers({**means_of(record.get("metrics", {})), **best_of(record)}),
        data=same(each.data for each in members),
        rows=same(each.rows for each in members),
        parameters=same(each.parameters for each in members),
        seed=record.get("seed"),
        started=first.started,
        seconds=sum(each.seconds or 0.0 for each in members) if members else None,
        members=len(members),
    )


def members_of(path: Path) -> list[Path]:
    """Return the directories of the runs in a directory of runs; a hidden one is no run yet."""
    found = (file.parent for file in path.glob(f"*/{RUN_JSON}"))
    return sorted(member for member in found if not member.name.startswith("."))


def same(values: Iterable[Known | None]) -> Known | None:
    """Return what is true of all members of which it is known; None where they differ."""
    known = {value for value in values if value is not None}
    return known.pop() if len(known) == 1 else None


def numbers(values: Mapping[str, Any]) -> dict[str, float | None]:
    """Return metrics; JSON has null for those that are not finite."""
    return {name: None if value is None else float(value) for name, value in values.items()}


def means_of(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the means over the folds of a cross-validation."""
    return {name: each["mean"] for name, each in metrics.items() if name.startswith(SETS)}


def best_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the best trial of a sweep reached."""
    best = record.get("best")
    return {} if best is None else {str(record["metric"]): best["value"]}


def source_of(data: Mapping[str, Any]) -> str:
    """Return the name of the file that a run's rows are from."""
    return Path(data["source"]).name if data.get("source") else "generator"


def last_epoch(metrics: Path) -> int | None:
    """Return the epoch of the last whole line of a metrics.csv; None where that is not known."""
    with contextlib.suppress(OSError, ValueError), metrics.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - LONGEST_LINE))
        lines = file.read().split(b"\n")[:-1]
        if lines:
            return 0 if lines[-1].startswith(b"epoch,") else int(lines[-1].split(b",")[0])
    return None
