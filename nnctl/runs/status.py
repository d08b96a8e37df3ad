"""What became of a run: what run.json says, and whether the process that said so still lives."""

from __future__ import annotations

import contextlib
from pathlib import Path

from nnctl.errors import RunError, StorageError
from nnctl.runs.directory import RunDirectory, list_groups, list_runs
from nnctl.runs.json_file import read_json
from nnctl.runs.lock import is_held

KILLED = "killed"
STATUSES = (
    "running", KILLED, "interrupted", "trained", "failed", "diverged", "pruned", "finished",
)  # fmt: skip


def run_status(run: RunDirectory) -> str:
    """Return running, killed, interrupted, diverged, failed, trained or finished.

    A run that says it is running, and that no process holds, was killed.
    """
    status = str(read_json(run.run_json).get("status", ""))
    return KILLED if status == "running" and not is_held(run) else status


def latest_unfinished(runs_dir: Path) -> RunDirectory:
    """Return the latest run that is neither finished nor being trained, else the latest of all.

    Raises RunError where there are no runs; directories of runs that may go on are named.
    """
    runs = list_runs(runs_dir)
    if not runs:
        commands = [f"`nnctl resume {path}`" for path in _stopped_groups(runs_dir)]
        remedy = f"go on with {' or '.join(commands)}, or " if commands else ""
        kind, yet = ("single run", "") if list_groups(runs_dir) else ("runs", " yet")
        remedy += "train one with `nnctl train CONFIG`"
        raise RunError(f"no {kind} in {runs_dir}{yet}; {remedy}")
    unfinished = [run for run in runs if _may_go_on(run)]
    return (unfinished or runs)[-1]


def _stopped_groups(runs_dir: Path) -> list[Path]:
    found = []
    for file in list_groups(runs_dir):
        with contextlib.suppress(RunError, StorageError):
            status = read_json(file).get("status")
            if status not in ("finished", "diverged") and not is_held(RunDirectory(file.parent)):
                found.append(file.parent)
    return found


def _may_go_on(run: RunDirectory) -> bool:
    try:
        return run_status(run) not in ("finished", "running")
    except (RunError, StorageError):  # a run that cannot be read is no reason to pass by the others
        return False
