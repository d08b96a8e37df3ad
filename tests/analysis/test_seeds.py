from __future__ import annotations

from pathlib import Path

import pytest

from nnctl.analysis.seeds import draw_seeds
from nnctl.errors import RunError
from nnctl.runs.directory import RunDirectory
from nnctl.runs.group import SeedsDirectory

HISTORY = "epoch,learning_rate,train_loss\n1,0.1,{}\n2,0.1,{}\n"


def with_runs(path: Path, losses: dict[int, tuple[float, float]]) -> list[RunDirectory]:
    """Write a history for each of these seeds."""
    runs = [SeedsDirectory(path).member(seed) for seed in losses]
    for run, values in zip(runs, losses.values(), strict=True):
        run.path.mkdir(parents=True)
        run.metrics.write_text(HISTORY.format(*values))
    return runs


def test_the_picture_stands_beside_the_runs_and_is_drawn_again(tmp_path: Path) -> None:
    path = tmp_path / "it-seeds"
    runs = with_runs(path, {7: (3.0, 2.0), 8: (2.0, 1.0)})
    picture = draw_seeds(SeedsDirectory(path), runs)
    assert picture == path / "plots" / "history.png"
    first = picture.read_bytes()
    assert first.startswith(b"\x89PNG")
    assert draw_seeds(SeedsDirectory(path), runs).read_bytes() == first
    assert draw_seeds(SeedsDirectory(path), runs[:1]).read_bytes() != first
    assert [entry.name for entry in picture.parent.iterdir()] == ["history.png"]


def test_a_history_that_is_gone_is_told(tmp_path: Path) -> None:
    runs = with_runs(tmp_path, {7: (3.0, 2.0), 8: (2.0, 1.0)})
    runs[1].metrics.unlink()
    with pytest.raises(RunError, match="seed-8/metrics"):
        draw_seeds(SeedsDirectory(tmp_path), runs)
