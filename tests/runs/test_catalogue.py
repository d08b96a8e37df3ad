from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from nnctl.runs.catalogue import COLUMNS, DAMAGED, Entry, catalogue
from nnctl.runs.directory import RunDirectory
from nnctl.runs.lock import hold_run

RECORD: dict[str, Any] = {
    "status": "finished",
    "started": "2026-01-02T03:04:05.678+00:00",
    "seconds": 1.5,
    "seed": 7,
    "data": {"source": "/far/away/rows.csv", "train_rows": 6, "validation_rows": 0, "test_rows": 4},
}
SUMMARY = {
    "epochs": 20,
    "best_epoch": 18,
    "parameters": 67,
    "best": {"train_loss": 0.5, "train_accuracy": 0.9, "test_loss": None, "test_accuracy": 0.8},
}


def write_run(runs_dir: Path, name: str, summary: Any = None, **record: Any) -> RunDirectory:
    run = RunDirectory(runs_dir / name)
    run.path.mkdir(parents=True)
    run.run_json.write_text(json.dumps({**RECORD, **record}))
    if summary is not None:
        run.summary.write_text(json.dumps(summary))
    return run


def only(runs_dir: Path) -> Entry:
    (entry,) = catalogue(runs_dir)
    return entry


def test_a_finished_run_is_told_by_its_json_files(tmp_path: Path) -> None:
    write_run(tmp_path, "iris", SUMMARY)
    entry = only(tmp_path)
    assert entry.facts() == {
        "name": "iris",
        "kind": "run",
        "status": "finished",
        "data": "rows.csv",
        "rows": 10,
        "epochs": 20,
        "best_epoch": 18,
        "parameters": 67,
        "seed": 7,
        "started": RECORD["started"],
        "seconds": 1.5,
        "members": None,
        "problem": None,
        **SUMMARY["best"],  # type: ignore[dict-item]
    }
    assert tuple(entry.facts())[: len(COLUMNS)] == COLUMNS


def test_a_run_that_trained_stacked_took_its_share_of_the_time(tmp_path: Path) -> None:
    write_run(tmp_path, "one", SUMMARY, stacked=4)
    assert only(tmp_path).seconds == 0.375


@pytest.mark.parametrize(
    ("metrics", "result"),
    [
        (["train_loss", "train_f1", "test_loss", "test_accuracy"], "test_accuracy"),
        (["train_loss", "validation_loss", "validation_r2"], "validation_r2"),
        (["train_loss", "test_loss"], "test_loss"),
        (["train_loss"], "train_loss"),
        ([], None),
    ],
)
def test_the_result_is_the_metric_of_the_rows_seen_least(
    metrics: list[str], result: str | None
) -> None:
    assert Entry(Path("a"), metrics=dict.fromkeys(metrics, 0.5)).result == result


@pytest.mark.parametrize(
    ("text", "epochs"),
    [("epoch,train_loss\n", 0), ("epoch,train_loss\n1,0.5\n2,0.4\n3,0.", 2), ("", None),
     ("epoch,train_loss\n" + "7,0.5\n" * 9999 + "12,0.5\n", 12), ("epoch,x\nten,1\n", None)],
)  # fmt: skip
def test_epochs_of_an_unfinished_run_are_those_of_its_last_whole_row(
    tmp_path: Path, text: str, epochs: int | None
) -> None:
    run = write_run(tmp_path, "a", status="interrupted")
    run.metrics.write_text(text)
    assert (only(tmp_path).status, only(tmp_path).epochs) == ("interrupted", epochs)


def test_a_run_that_says_it_is_running_and_that_nobody_holds_was_killed(tmp_path: Path) -> None:
    run = write_run(tmp_path, "a", status="running")
    assert only(tmp_path).status == "killed"
    with hold_run(run):
        assert only(tmp_path).status == "running"


def test_entries_are_by_time_then_by_name_and_10_comes_after_9(tmp_path: Path) -> None:
    for name in ("a-10", "a-9", "a"):
        write_run(tmp_path, name, SUMMARY)
    write_run(tmp_path, "first", SUMMARY, started="2025-01-01")
    assert [entry.name for entry in catalogue(tmp_path)] == ["first", "a", "a-9", "a-10"]


def test_what_nnctl_did_not_make_is_passed_over(tmp_path: Path) -> None:
    write_run(tmp_path, "a", SUMMARY)
    write_run(tmp_path, ".a.1.tmp", SUMMARY)
    (tmp_path / "photos").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    assert only(tmp_path).name == "a"


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "{}", '{"status": "finished"}', '{"status": 1, "data": 2}',
     json.dumps({**RECORD, "data": {}})],
)  # fmt: skip
def test_a_damaged_run_stands_first_with_what_is_wrong(tmp_path: Path, text: str) -> None:
    write_run(tmp_path, "whole", SUMMARY)
    write_run(tmp_path, "broken").run_json.write_text(text)
    first, second = catalogue(tmp_path)
    assert (first.name, first.status, second.name) == ("broken", DAMAGED, "whole")
    assert first.problem is not None
    assert "broken/run.json" in first.problem


def test_a_finished_run_without_its_summary_is_damaged(tmp_path: Path) -> None:
    write_run(tmp_path, "a")
    entry = only(tmp_path)
    assert entry.status == DAMAGED
    assert "summary.json: there is no such file" in str(entry.problem)


def test_a_cross_validation_is_one_line_with_the_means_of_its_folds(tmp_path: Path) -> None:
    for number in (2, 1):
        write_run(tmp_path / "iris-cv", f"fold-{number}", SUMMARY, started=f"2026-01-0{number}")
    metrics = {"best_epoch": {"mean": 3.0}, "test_accuracy": {"mean": 0.75, "other": 1}}
    record = {"status": "finished", "seed": 7, "metrics": metrics}
    (tmp_path / "iris-cv" / "cross_validation.json").write_text(json.dumps(record))
    entry = only(tmp_path)
    assert (entry.kind, entry.status, entry.members) == ("cross-validation", "finished", 2)
    assert (entry.metrics, entry.result) == ({"test_accuracy": 0.75}, "test_accuracy")
    assert (entry.started, entry.seconds, entry.data) == ("2026-01-01", 3.0, "rows.csv")


def test_a_member_that_is_still_being_created_is_none_yet(tmp_path: Path) -> None:
    write_run(tmp_path / "cv", "fold-1", SUMMARY)
    write_run(tmp_path / "cv", ".fold-2.17.tmp", SUMMARY)
    (tmp_path / "cv" / "cross_validation.json").write_text("{}")
    assert only(tmp_path).members == 1


def test_a_sweep_is_one_line_with_what_its_best_trial_reached(tmp_path: Path) -> None:
    record = {
        "status": "running",
        "seed": 1,
        "metric": "validation_accuracy",
        "best": {"trial": 3, "value": 0.875},
    }
    write_run(tmp_path / "search", "trial-001", SUMMARY)
    (tmp_path / "search" / "sweep.json").write_text(json.dumps(record))
    entry = only(tmp_path)
    assert (entry.kind, entry.status, entry.members) == ("sweep", "killed", 1)
    assert entry.metrics == {"validation_accuracy": 0.875}


def test_what_members_differ_in_is_not_told_of_all(tmp_path: Path) -> None:
    for number, parameters in ((1, 67), (2, 130)):
        write_run(tmp_path / "search", f"trial-00{number}", SUMMARY | {"parameters": parameters})
    write_run(tmp_path / "search", "trial-003", status="running")  # of which it is not known yet
    (tmp_path / "search" / "sweep.json").write_text('{"status": "running", "seed": 1}')
    entry = only(tmp_path)
    assert (entry.parameters, entry.rows, entry.data) == (None, 10, "rows.csv")
    write_run(tmp_path / "search", "trial-004", SUMMARY, data={**RECORD["data"], "test_rows": 5})
    assert only(tmp_path).rows is None
    for number in (2, 4):
        shutil.rmtree(tmp_path / "search" / f"trial-00{number}")
    assert (only(tmp_path).parameters, only(tmp_path).rows) == (67, 10)


def test_a_directory_of_runs_that_has_none_yet_is_told(tmp_path: Path) -> None:
    (tmp_path / "iris-cv").mkdir()
    record = {"status": "failed", "seed": 7, "metrics": {}}
    (tmp_path / "iris-cv" / "cross_validation.json").write_text(json.dumps(record))
    entry = only(tmp_path)
    assert (entry.status, entry.members, entry.started, entry.result) == ("failed", 0, None, None)


def test_a_runs_directory_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert catalogue(tmp_path / "nowhere") == []
