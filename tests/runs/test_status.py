from __future__ import annotations

import json
from pathlib import Path

import pytest

from nnctl.errors import RunError
from nnctl.runs.directory import RunDirectory
from nnctl.runs.group import CrossValidationDirectory, create_group
from nnctl.runs.lock import hold_run
from nnctl.runs.status import latest_unfinished, run_status


def write_run(runs_dir: Path, name: str, status: str | None, started: str = "2026-01-01") -> None:
    """Write a run's run.json; without a status a damaged one."""
    (runs_dir / name).mkdir(parents=True)
    record = json.dumps({"status": status, "started": started})
    RunDirectory(runs_dir / name).run_json.write_text("{" if status is None else record)


@pytest.mark.parametrize("status", ["interrupted", "diverged", "failed", "trained", "finished"])
def test_what_run_json_says_is_the_status(tmp_path: Path, status: str) -> None:
    write_run(tmp_path, "a", status)
    run = RunDirectory(tmp_path / "a")
    assert run_status(run) == status
    with hold_run(run):
        assert run_status(run) == status


def test_a_run_that_says_it_is_running_and_that_nobody_holds_was_killed(tmp_path: Path) -> None:
    write_run(tmp_path, "a", "running")
    run = RunDirectory(tmp_path / "a")
    with hold_run(run):
        assert run_status(run) == "running"
    assert run_status(run) == "killed"


def test_the_latest_that_may_go_on_is_found(tmp_path: Path) -> None:
    for day, (name, status) in enumerate(
        [("a", "interrupted"), ("b", "running"), ("c", "finished"), ("d", "running"), ("e", None)]
    ):
        write_run(tmp_path, name, status, f"2026-01-0{day + 1}")
    with hold_run(RunDirectory(tmp_path / "d")):
        assert latest_unfinished(tmp_path).name == "b"  # killed; d is being trained, e is damaged
        with hold_run(RunDirectory(tmp_path / "b")):
            assert latest_unfinished(tmp_path).name == "a"
    assert latest_unfinished(tmp_path).name == "d"


def test_where_all_are_finished_it_is_the_latest_of_them(tmp_path: Path) -> None:
    write_run(tmp_path, "a", "finished", "2026-01-02")
    write_run(tmp_path, "b", "finished", "2026-01-01")
    assert latest_unfinished(tmp_path).name == "a"


def test_cross_validations_that_may_go_on_are_named_where_there_is_no_run(tmp_path: Path) -> None:
    statuses = {"a": "running", "b": "running", "c": "finished", "d": "interrupted", "e": "failed"}
    for name, status in statuses.items():
        create_group(CrossValidationDirectory, tmp_path, name, {"status": status}, "")
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "cross_validation.json").write_text("{")
    with (
        hold_run(CrossValidationDirectory(tmp_path / "b")),  # it is being trained
        pytest.raises(RunError) as caught,
    ):
        latest_unfinished(tmp_path)
    commands = " or ".join(f"`nnctl resume {tmp_path / name}`" for name in "ade")
    assert str(caught.value) == (
        f"no single run in {tmp_path}; go on with {commands}, or train one with "
        "`nnctl train CONFIG`"
    )


def test_without_runs_there_is_nothing_to_go_on_with(tmp_path: Path) -> None:
    with pytest.raises(RunError) as caught:
        latest_unfinished(tmp_path)
    assert str(caught.value) == (f"no runs in {tmp_path} yet; train one with `nnctl train CONFIG`")
