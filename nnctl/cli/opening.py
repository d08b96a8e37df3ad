"""How the commands that look at a run open it."""

from __future__ import annotations

from pathlib import Path

from nnctl.cli import console
from nnctl.errors import UsageError
from nnctl.runs.directory import RunDirectory, find_run
from nnctl.runs.json_file import read_json
from nnctl.training.inference import Model, load_model

# What run.json says of a training that did not come to its end, as part of a sentence.
UNFINISHED = {
    "running": "has not ended",
    "interrupted": "was interrupted",
    "diverged": "diverged",
    "failed": "failed",
}


def open_run(reference: str | None, runs_dir: Path, checkpoint: str) -> tuple[RunDirectory, Model]:
    """Find a run and load its best or last network; say so where its training did not end well."""
    if checkpoint not in ("best", "last"):
        raise UsageError(f"--checkpoint must be best or last (received {checkpoint})")
    run = find_run(reference, runs_dir)
    model = load_model(run.best if checkpoint == "best" else run.last)
    ending = UNFINISHED.get(read_json(run.run_json).get("status", ""))
    if ending is not None:
        console.notes([f"training of {run.path} {ending}; its {checkpoint} epoch is {model.epoch}"])
    return run, model
