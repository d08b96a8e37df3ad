"""`nnctl report` of a group of runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.commands import Outcome, nnctl
from tests.pages.html import assert_well_made, read_page


@pytest.mark.parametrize("words", [("train", "--seeds", 2), ("cross-validate", "--folds", 2)])
def test_a_group_has_a_page_of_its_own(samples: Path, words: tuple[str, str, int]) -> None:
    command, option, count = words
    nnctl(command, "iris.yaml", option, count, "--quiet", "--name", "several")
    outcome = nnctl("report", "several")
    assert outcome == Outcome(0, "runs/several/report.html\n", "")
    first = Path("runs/several/report.html").read_bytes()
    assert_well_made(read_page(first.decode()))
    document = json.loads(nnctl("report", "runs/several", "--json").out)
    assert document == {
        "path": "runs/several/report.html",
        "run": "runs/several",
        "bytes": len(first),
        "sections": ["summary", "members", "history", "config", "environment"],
        "pictures": ["members", "history"],
    }
    assert Path("runs/several/report.html").read_bytes() == first
    assert nnctl("runs", "prune", "--keep", 0, "--yes").code == 0
    assert not Path("runs/several").exists()


def test_a_sweep_names_its_trials() -> None:
    trial = Path("runs/s/trial-001")
    trial.mkdir(parents=True)
    (trial / "run.json").write_text("{}")
    Path("runs/s/sweep.json").write_text("{}")
    outcome = nnctl("report", "s")
    assert (outcome.code, outcome.out) == (4, "")
    assert "is a sweep; name one of its trials: runs/s/trial-001" in outcome.err
