"""A small sweep whose trials take a few hundredths of a second each."""

from __future__ import annotations

from pathlib import Path

from nnctl.config.sweep_loading import load_sweep
from nnctl.runs.sweep import SweepDirectory
from nnctl.scale.starting import resume_sweep, start_sweep
from nnctl.scale.sweep import Sweep
from tests.cli.samples import MOONS

RATE = "optimizer.learning_rate"
UNITS = "model.hidden.0.units"
SWEEP = """\
name: moons
base: moons.yaml
seed: 4
trials: 5
workers: 2
parameters:
  optimizer.learning_rate: {log_uniform: [0.001, 0.1]}
  model.hidden.0.units: {int: [2, 8]}
"""
# What the same trials have in common to the byte, however they were trained.
PROMISED = (
    "config.yaml",
    "metrics.csv",
    "summary.json",
    "checkpoints/last.npz",
    "checkpoints/best.npz",
    "checkpoints/baselines.npz",
)
OF_THE_SWEEP = ("sweep.json", "results.csv", "best.yaml", "sweep.yaml", "base.yaml")


def write_sweep(directory: Path, text: str = SWEEP) -> Path:
    """Write the sweep and its config; return where it stands."""
    (directory / "moons.yaml").write_text(MOONS)
    (directory / "sweep.yaml").write_text(text)
    return directory / "sweep.yaml"


def started(directory: Path, text: str = SWEEP, runs_dir: str = "runs") -> Sweep:
    """Return a sweep of which nothing is trained yet."""
    return start_sweep(load_sweep(write_sweep(directory, text)), directory / runs_dir)


def swept(directory: Path, text: str = SWEEP, runs_dir: str = "runs") -> Sweep:
    """Return a sweep whose trials are all trained."""
    return trained(started(directory, text, runs_dir))


def trained(sweep: Sweep) -> Sweep:
    """Train all that is left of a sweep."""
    for _ in sweep.results():
        pass
    return sweep


def resumed(sweep: Sweep) -> Sweep:
    """Return what goes on with a sweep that has ended before its time."""
    return resume_sweep(SweepDirectory(sweep.directory.path))


def contents(directory: Path) -> dict[str, bytes]:
    """Return all of a sweep that must come out alike."""
    files = [directory / name for name in OF_THE_SWEEP]
    for trial in sorted(directory.glob("trial-*")):
        files += [trial / name for name in PROMISED]
    return {str(file.relative_to(directory)): file.read_bytes() for file in files}
