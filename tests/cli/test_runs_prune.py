from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path

import pytest

from nnctl.cli.runs_prune import all_of
from nnctl.errors import RunError, StorageError
from nnctl.runs.directory import RunDirectory
from nnctl.runs.lock import hold_run
from tests.cli.commands import nnctl

NAMES = ["and", "demand", "iris", "line", "moons"]


@pytest.fixture
def own(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a runs directory of this test alone."""
    monkeypatch.delenv("NNCTL_RUNS_DIR")
    return Path(shutil.copytree(runs, tmp_path / "runs"))


def left(runs: Path) -> list[str]:
    return sorted(path.name for path in runs.iterdir())


def test_without_yes_nothing_is_removed(own: Path) -> None:
    outcome = nnctl("runs", "prune", "--where", "epochs = 2")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert [line.split()[0] for line in lines[2:6]] == [
        "runs/iris",
        "runs/moons",
        "runs/demand",
        "runs/line",
    ]
    assert outcome.err.startswith("nothing is removed yet: --yes removes 4 runs, ")
    assert left(own) == NAMES


def test_with_yes_what_was_chosen_is_removed(own: Path) -> None:
    outcome = nnctl("runs", "prune", "--where", "epochs = 2", "--where", "name != line", "--yes")
    assert outcome.code == 0
    assert outcome.err.startswith("removed 3 runs, ")
    assert left(own) == ["and", "line"]


@pytest.mark.parametrize(
    ("keep", "remaining"), [(0, []), (2, ["demand", "line"]), (5, NAMES), (99, NAMES)]
)
def test_the_latest_are_kept(own: Path, keep: int, remaining: list[str]) -> None:
    outcome = nnctl("runs", "prune", "--keep", keep, "--yes", "--json")
    assert outcome.code == 0
    document = json.loads(outcome.out)
    assert len(document["runs"]) == 5 - len(remaining)
    assert document["removed"] is True
    assert left(own) == remaining


def test_by_status_what_is_damaged_or_was_killed_is_removed(own: Path) -> None:
    (own / "broken").mkdir()
    (own / "broken" / "run.json").write_text("{")
    record = own / "and" / "run.json"
    record.write_text(record.read_text().replace('"finished"', '"running"'))
    nnctl("runs", "prune", "--keep", "0", "--where", "name = broken", "--yes")
    assert "broken" in left(own)
    assert nnctl("runs", "prune", "--status", "damaged", "--status", "killed", "--yes").code == 0
    assert left(own) == NAMES[1:]


def test_what_must_not_be_removed_is_left_alone_and_told(own: Path, tmp_path: Path) -> None:
    (own / "iris" / "notes.txt").write_text("mine")
    (own / "moons").rename(tmp_path / "kept")
    (own / "moons").symlink_to(tmp_path / "kept")
    (own / "photos").mkdir()
    with hold_run(RunDirectory(own / "line")):
        outcome = nnctl("runs", "prune", "--keep", "0", "--yes")
    assert outcome.code == 0
    assert outcome.err.splitlines()[:3] == [
        "note: runs/iris is left alone: it holds files that nnctl did not write: notes.txt; move "
        "them first",
        "note: runs/moons is left alone: it is a link to another place; remove it yourself",
        "note: runs/line is left alone: it is being trained",
    ]
    assert left(own) == ["iris", "line", "moons", "photos"]
    assert (tmp_path / "kept" / "run.json").exists()


def test_a_cross_validation_goes_as_a_whole(samples: Path) -> None:
    folds = ("cross-validate", "iris.yaml", "--folds", "2", "--quiet")
    assert nnctl(*folds).code == 0
    outcome = nnctl("runs", "prune", "--where", "kind = cross-validation", "--yes")
    assert outcome.code == 0
    assert left(Path("runs")) == []


def test_a_status_that_no_run_has_is_an_error(own: Path) -> None:
    outcome = nnctl("runs", "prune", "--status", "kiled", "--yes")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error: --status takes one of running, killed, ")
    assert outcome.err.endswith("(received kiled)\n")
    assert left(own) == NAMES


def test_a_name_is_answered_with_how_to_choose_it(own: Path) -> None:
    outcome = nnctl("runs", "prune", "iris", "--yes")
    assert (outcome.code, outcome.out) == (2, "")
    remedy = "prune takes no names; choose with --where 'name = iris'"
    assert outcome.err == f"error: {remedy} (received iris)\n"
    assert left(own) == NAMES


def test_of_the_chosen_the_newest_are_kept(own: Path) -> None:
    assert nnctl("runs", "prune", "--where", "epochs = 2", "--keep", "1", "--yes").code == 0
    assert left(own) == ["and", "line"]


def test_nothing_chosen_is_told(own: Path) -> None:
    outcome = nnctl("runs", "prune", "--where", "epochs > 999", "--yes")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "nothing to remove\n")
    assert left(own) == NAMES


def test_it_must_be_said_what_is_to_be_removed(own: Path) -> None:
    outcome = nnctl("runs", "prune", "--yes")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "error: say what is to be removed: --where, --status or --keep\n"
    assert left(own) == NAMES


@pytest.fixture
def stuck(own: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Runs of which the operating system lets go of all but two."""
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if self.name in ("iris", "moons"):
            raise PermissionError(errno.EACCES, "Permission denied", str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    return own


def test_what_cannot_be_removed_is_told_when_the_rest_is_gone(stuck: Path) -> None:
    outcome = nnctl("runs", "prune", "--where", "epochs = 2", "--yes")
    assert left(stuck) == ["and", "iris", "moons"]
    removed, *errors = outcome.err.splitlines()
    assert removed.startswith("removed 2 runs, ")
    assert outcome.code == 7
    assert [line.partition(" cannot")[0] for line in errors] == [
        "error: runs/iris:",
        "error: runs/moons:",
    ]


def test_json_tells_what_could_not_be_removed_as_well(stuck: Path) -> None:
    outcome = nnctl("runs", "prune", "--where", "epochs = 2", "--yes", "--json")
    assert outcome.code == 7
    document = json.loads(outcome.out)
    assert [Path(run["path"]).name for run in document["runs"]] == ["demand", "line"]
    assert [Path(run["path"]).name for run in document["left_alone"]] == ["iris", "moons"]
    assert all("cannot be removed" in run["why"] for run in document["left_alone"])
    assert document["bytes"] == sum(run["bytes"] for run in document["runs"]) > 0


def test_where_nothing_can_be_removed_nothing_else_is_said(stuck: Path) -> None:
    outcome = nnctl("runs", "prune", "--where", "name = iris", "--yes")
    assert outcome.code == 7
    (error,) = outcome.err.splitlines()
    assert error.startswith("error: ")
    assert left(stuck) == NAMES


def test_of_several_errors_the_gravest_gives_the_exit_code() -> None:
    error = all_of([RunError("a"), StorageError("b"), RunError("c")])
    assert error.exit_code == StorageError.exit_code
    assert [problem.message for problem in error.problems] == ["a", "b", "c"]
