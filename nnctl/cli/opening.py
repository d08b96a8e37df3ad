"""How the commands that look at a run open it."""

from __future__ import annotations

from pathlib import Path

from nnctl.cli import console
from nnctl.errors import UsageError
from nnctl.runs.directory import RunDirectory, find_run
from nnctl.runs.status import run_status
from nnctl.training.inference import Model, load_model

# What became of a training that did not come to its end, as part of a sentence.
UNFINISHED = {
    "running": "has not ended",
    "killed": "was killed",
    "interrupted": "was interrupted",
    "trained": "was not summed up",
    "diverged": "diverged",
    "failed": "failed",
}
TO_BE_RESUMED = ("killed", "interrupted", "trained", "failed")


def open_run(reference: str | None, runs_dir: Path, checkpoint: str) -> tuple[RunDirectory, Model]:
    """Find a run and load its best or last network; say so where its training did not end well."""
    if checkpoint not in ("best", "last"):
        raise UsageError(f"--checkpoint must be best or last (received {checkpoint})")
    run = find_run(reference, runs_dir)
    model = load_model(run.best if checkpoint == "best" else run.last)
    status = run_status(run)
    if status in UNFINISHED:
        told = (
            f"training of {run.path} {UNFINISHED[status]}; its {checkpoint} epoch is {model.epoch}"
        )
        remedy = f"; `nnctl resume {run.path}` goes on" if status in TO_BE_RESUMED else ""
        console.notes([told + remedy])
    return run, model
