from __future__ import annotations

import os
from pathlib import Path

from nnctl.runs.contents import bytes_on_disk, files_of, foreign_files
from nnctl.runs.directory import RunDirectory


def write(path: Path, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))


def run_at(path: Path) -> RunDirectory:
    """A directory with every file that a finished run has."""
    run = RunDirectory(path)
    files = (run.config, run.run_json, run.metrics, run.summary, run.best, run.last, run.baselines)
    for size, file in enumerate((*files, run.plots / "history.png"), start=1):
        write(file, size)
    return run


def test_files_are_told_in_one_order_with_their_sizes_and_what_they_are(tmp_path: Path) -> None:
    run = run_at(tmp_path)
    write(tmp_path / "notes.txt", 9)
    found = files_of(run.path)
    assert [(file.file, file.bytes) for file in found] == [
        ("config.yaml", 1),
        ("run.json", 2),
        ("metrics.csv", 3),
        ("summary.json", 4),
        ("checkpoints/best.npz", 5),
        ("checkpoints/last.npz", 6),
        ("checkpoints/baselines.npz", 7),
        ("plots/history.png", 8),
        ("notes.txt", 9),
    ]
    assert [file.what for file in found if file.what is None] == [None]


def test_a_file_with_two_names_is_counted_once(tmp_path: Path) -> None:
    run = run_at(tmp_path)
    before = bytes_on_disk(tmp_path)
    os.link(run.last, run.previous)
    assert bytes_on_disk(tmp_path) == before == sum(range(1, 9))


def test_links_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere" / "large", 10**6)
    run = run_at(tmp_path / "run")
    (run.path / "more").symlink_to(tmp_path / "elsewhere")
    assert bytes_on_disk(run.path) < 1000
    assert foreign_files(run.path) == ["more"]


def test_what_a_killed_process_left_is_not_foreign(tmp_path: Path) -> None:
    run = run_at(tmp_path)
    write(run.checkpoints / ".last.npz.123.tmp", 1)
    assert foreign_files(run.path) == []
    write(run.checkpoints / "mine.npz", 1)
    assert foreign_files(run.path) == ["checkpoints/mine.npz"]


def test_a_directory_of_runs_has_foreign_files_where_a_run_of_it_has(tmp_path: Path) -> None:
    run_at(tmp_path / "fold-1")
    write(tmp_path / "cross_validation.json", 1)
    write(tmp_path / "config.yaml", 1)
    assert foreign_files(tmp_path) == []
    write(tmp_path / "fold-1" / "notes.txt", 1)
    write(tmp_path / "fold-9" / "photo.png", 1)
    assert sorted(foreign_files(tmp_path)) == ["fold-1/notes.txt", "fold-9/photo.png"]
