"""How a run is taken away: at once, as far as anyone sees, and never while it is trained.

Its directory is renamed to a hidden name, and then deleted. Whoever is killed in between leaves a
directory that is no run, which the next run to be created clears away.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nnctl.errors import NnctlError, Problem, RunError
from nnctl.runs.atomic import (
    remove_stale_temporaries,
    storage_error,
    sync_directory,
    temporary_path,
)
from nnctl.runs.catalogue import Entry, entries_at, members_of
from nnctl.runs.contents import bytes_on_disk, foreign_files
from nnctl.runs.directory import RunDirectory
from nnctl.runs.lock import hold_run
from nnctl.runs.status import KILLED

MOST_NAMES_LISTED = 3


@dataclass(frozen=True)
class Candidate:
    """What may be removed, or why it is left alone."""

    entry: Entry
    bytes: int
    obstacle: str | None


def candidate(entry: Entry) -> Candidate:
    """Return what would be freed by removing an entry, and what stands in the way of it."""
    try:
        obstacle = obstacle_of(entry)
        return Candidate(entry, bytes_on_disk(entry.path) if obstacle is None else 0, obstacle)
    except NnctlError as error:
        return Candidate(entry, 0, "; ".join(str(problem) for problem in error.problems))


def obstacle_of(entry: Entry) -> str | None:
    """Return why an entry is not to be removed; None where it may be."""
    if entry.path.is_symlink():
        return "is a link to another place; remove it yourself"
    try:
        with held_whole(entry.path):
            pass
    except RunError:
        return "is being trained"
    foreign = foreign_files(entry.path)
    if foreign:
        shown = ", ".join(foreign[:MOST_NAMES_LISTED])
        more = " ..." if foreign[MOST_NAMES_LISTED:] else ""
        return f"holds files that nnctl did not write: {shown}{more}; move them first"
    return None


def remove_all(runs_dir: Path, entries: Sequence[Entry]) -> dict[Path, NnctlError]:
    """Remove these, and what a killed process left half-removed; return what could not be, and why.

    One that cannot be removed is no reason to keep the others.
    """
    remove_stale_temporaries(runs_dir)
    failures: dict[Path, NnctlError] = {}
    for entry in entries:
        try:
            remove(entry)
        except NnctlError as error:
            failures[entry.path] = error
    return failures


def remove(entry: Entry) -> None:
    """Remove a run, or a directory of runs with all that are in it, if it is what it was.

    Raises RunError (4) while another process trains it or one of them, and where one did since
    the entry was read; StorageError (7) where it cannot be removed.
    """
    path = entry.path
    if path.is_symlink():
        raise RunError(Problem("is a link to another place; remove it yourself", file=str(path)))
    with held_whole(path):
        require_unchanged(entry)
        hidden = temporary_path(path)
        try:
            if hidden.exists():  # of a killed process that had our number
                shutil.rmtree(hidden)
            path.rename(hidden)
            sync_directory(path.parent)
            shutil.rmtree(hidden)
        except OSError as error:
            raise storage_error(error, path, "removed") from error


def require_unchanged(entry: Entry) -> None:
    """Raise RunError where an entry, which is held, is not what it was when it was chosen."""
    for now in entries_at(entry.path):
        # For we hold it, and are not training it.
        now = replace(now, status=KILLED) if now.status == "running" else now
        if now == entry:
            return
    message = "has changed since it was chosen; look at it again"
    raise RunError(Problem(message, file=str(entry.path)))


def held_whole(path: Path) -> contextlib.ExitStack:
    """Hold a directory and all runs in it; RunError where another process holds one of them."""
    with contextlib.ExitStack() as stack:
        for each in (path, *members_of(path)):
            stack.enter_context(hold_run(RunDirectory(each)))
        return stack.pop_all()
