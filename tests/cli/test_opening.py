from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from nnctl.cli.opening import UNFINISHED
from nnctl.runs.directory import RunDirectory
from nnctl.runs.lock import hold_run
from tests.cli.commands import nnctl

TOLD = {
    "killed": "was killed; its best epoch is 1; `nnctl resume runs/line` goes on",
    "interrupted": "was interrupted; its best epoch is 1; `nnctl resume runs/line` goes on",
    "failed": "failed; its best epoch is 1; `nnctl resume runs/line` goes on",
    "trained": "was not summed up; its best epoch is 1; `nnctl resume runs/line` goes on",
    "running": "has not ended; its best epoch is 1",
    "diverged": "diverged; its best epoch is 1",
}


@pytest.mark.parametrize("status", TOLD)
@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_a_run_that_has_not_ended_well_says_so(runs: Path, command: str, status: str) -> None:
    assert {*TOLD} == {*UNFINISHED}
    shutil.copytree(runs / "line", "runs/line")
    run = RunDirectory(Path("runs/line"))
    record = json.loads(run.run_json.read_text())
    record["status"] = "running" if status == "killed" else status
    run.run_json.write_text(json.dumps(record))
    if status == "running":
        with hold_run(run):
            outcome = nnctl(command, "runs/line")
    else:
        outcome = nnctl(command, "runs/line")
    assert outcome.code == 0
    assert outcome.err.splitlines()[0] == f"note: training of runs/line {TOLD[status]}"


def test_of_a_finished_run_nothing_is_said(runs: Path) -> None:
    assert "training of" not in nnctl("predict", "line").err
