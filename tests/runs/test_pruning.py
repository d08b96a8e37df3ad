from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from nnctl.errors import RunError, StorageError
from nnctl.runs.atomic import TEMPORARY_NAME
from nnctl.runs.catalogue import Entry, catalogue, entries_at
from nnctl.runs.directory import RunDirectory
from nnctl.runs.lock import hold_run
from nnctl.runs.pruning import candidate, remove, remove_all
from tests.runs.test_catalogue import SUMMARY, write_run

# The process ends, as if it was killed, as soon as the run's directory has its hidden name.
KILLED_IN_BETWEEN = """
import os, sys
from pathlib import Path
from nnctl.runs.catalogue import entries_at
from nnctl.runs.pruning import remove
def end(event, arguments):
    if event == "shutil.rmtree":
        os._exit(9)
sys.addaudithook(end)
remove(*entries_at(Path(sys.argv[1])))
"""


def obstacle(path: Path) -> str | None:
    return candidate(Entry(path)).obstacle


def test_a_run_is_removed_and_nothing_else(tmp_path: Path) -> None:
    run, other = (write_run(tmp_path, name, SUMMARY) for name in "ab")
    found = candidate(Entry(run.path))
    assert (found.obstacle, found.bytes) == (
        None,
        run.run_json.stat().st_size * 1 + run.summary.stat().st_size,
    )
    remove(*entries_at(run.path))
    assert [*tmp_path.iterdir()] == [other.path]


def test_a_run_that_is_being_trained_stays(tmp_path: Path) -> None:
    run = write_run(tmp_path, "a", status="running")
    with hold_run(run):
        assert obstacle(run.path) == "is being trained"
        with pytest.raises(RunError, match="is being trained by another process"):
            remove(*entries_at(run.path))
    assert run.run_json.exists()
    remove(*entries_at(run.path))
    assert not run.path.exists()


def test_a_run_that_went_on_since_it_was_chosen_stays(tmp_path: Path) -> None:
    run = write_run(tmp_path, "a", status="running")
    (killed,) = entries_at(run.path)
    write_run(tmp_path, "b", SUMMARY)
    (tmp_path / "b" / "run.json").replace(run.run_json)
    (tmp_path / "b" / "summary.json").replace(run.summary)
    with pytest.raises(RunError, match="has changed since it was chosen"):
        remove(killed)
    assert run.run_json.exists()


def test_a_directory_of_runs_stays_while_one_of_them_is_trained(tmp_path: Path) -> None:
    fold = write_run(tmp_path / "cv", "fold-1", SUMMARY)
    (tmp_path / "cv" / "cross_validation.json").write_text("{}")
    with hold_run(fold):
        assert obstacle(tmp_path / "cv") == "is being trained"
        with pytest.raises(RunError):
            remove(*entries_at(tmp_path / "cv"))
    assert fold.run_json.exists()
    remove(*entries_at(tmp_path / "cv"))
    assert [*tmp_path.iterdir()] == []


def test_links_are_neither_removed_nor_followed(tmp_path: Path) -> None:
    run = write_run(tmp_path / "elsewhere", "a", SUMMARY)
    (tmp_path / "runs").mkdir()
    link = tmp_path / "runs" / "a"
    link.symlink_to(run.path)
    assert obstacle(link) == "is a link to another place; remove it yourself"
    with pytest.raises(RunError, match="is a link"):
        remove(*entries_at(link))
    assert run.run_json.exists()
    inside = write_run(tmp_path / "runs", "b", SUMMARY)
    inside.plots.symlink_to(run.path)
    remove(*entries_at(inside.path))
    assert run.run_json.exists()


def test_a_run_with_foreign_files_stays(tmp_path: Path) -> None:
    run = write_run(tmp_path, "a", SUMMARY)
    for name in ("notes.txt", "more.txt", "most.txt", "all.txt"):
        (run.path / name).touch()
    told = "holds files that nnctl did not write: all.txt, more.txt, most.txt ...; move them first"
    assert obstacle(run.path) == told


def test_a_kill_in_between_leaves_no_run_that_looks_whole(tmp_path: Path) -> None:
    run = write_run(tmp_path, "a", SUMMARY)
    done = subprocess.run([sys.executable, "-c", KILLED_IN_BETWEEN, str(run.path)], check=False)
    assert done.returncode == 9
    (left,) = tmp_path.iterdir()
    assert TEMPORARY_NAME.fullmatch(left.name)  # what the next run to be created clears away
    assert (left / "run.json").exists()
    assert catalogue(tmp_path) == []


def test_a_directory_that_may_not_be_changed_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be opened"):
        remove(Entry(tmp_path / "nowhere"))
    assert not RunDirectory(tmp_path / "nowhere").path.exists()


def test_one_that_cannot_be_removed_keeps_none_of_the_others(tmp_path: Path) -> None:
    runs = [write_run(tmp_path, name, SUMMARY) for name in "abc"]
    entries = [entry for run in runs for entry in entries_at(run.path)]
    write_run(tmp_path, "d", status="running").run_json.replace(runs[1].run_json)
    with hold_run(runs[0]):
        failures = remove_all(tmp_path, entries)
    assert [*failures] == [runs[0].path, runs[1].path]
    assert "is being trained by another process" in str(failures[runs[0].path])
    assert "has changed since it was chosen" in str(failures[runs[1].path])
    assert [run.path.exists() for run in runs] == [True, True, False]
