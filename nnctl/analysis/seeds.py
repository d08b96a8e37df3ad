"""The picture of a seed series: what its runs have in common, and how much they differ."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nnctl.analysis.pictures import save_picture
from nnctl.plots.band import band_figure
from nnctl.runs.directory import RunDirectory
from nnctl.runs.group import SeedsDirectory
from nnctl.runs.history import read_history


def draw_seeds(directory: SeedsDirectory, runs: Sequence[RunDirectory]) -> Path:
    """Draw the histories of these runs with their mean and a band; return the picture's path.

    Raises RunError or StorageError where a history cannot be read or the picture not be written.
    """
    histories = [read_history(run.metrics) for run in runs]
    figure = band_figure(histories, f"{directory.path.name}: {len(runs)} seeds")
    path = directory.plots / "history.png"
    directory.plots.mkdir(exist_ok=True)
    save_picture(figure, path)
    return path
