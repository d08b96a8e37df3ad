"""How the commands that look at a run open it."""

from __future__ import annotations

from pathlib import Path

from nnctl.errors import UsageError
from nnctl.runs.directory import RunDirectory, find_run
from nnctl.training.inference import Model, load_model


def open_run(reference: str | None, runs_dir: Path, checkpoint: str) -> tuple[RunDirectory, Model]:
    """Find a run and load its best or last network."""
    if checkpoint not in ("best", "last"):
        raise UsageError(f"--checkpoint must be best or last (received {checkpoint})")
    run = find_run(reference, runs_dir)
    return run, load_model(run.best if checkpoint == "best" else run.last)
