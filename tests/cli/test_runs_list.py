from __future__ import annotations

import json
from pathlib import Path

import pytest

from nnctl.cli.matrices import Cell, Matrix
from tests.cli.commands import nnctl

NAMES = ["and", "iris", "moons", "demand", "line"]  # in the order in which they were trained


def listed(*options: str) -> list[str]:
    outcome = nnctl("runs", "list", "--json", *options)
    assert outcome.code == 0, outcome.err
    return [entry["name"] for entry in json.loads(outcome.out)["runs"]]


def test_runs_stand_in_a_table_the_latest_at_the_end(runs: Path) -> None:
    outcome = nnctl("runs", "list")
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    columns = ["name", "status", "result", "data", "epochs", "started"]
    assert lines[1].split() == [*columns, "seconds", "rows", "parameters"]
    assert [line.split()[0] for line in lines[3:8]] == NAMES
    first = json.loads((runs / "and" / "run.json").read_text())
    started = first["started"].replace("T", " ")[:16]
    assert lines[3].startswith("  and      finished   train_accuracy 1")
    assert f"   and.csv      50       {started}" in lines[3]
    assert outcome.out.endswith("\n\n")


def test_on_a_terminal_what_has_no_room_is_named_on_stderr(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = ["status", "seconds", "rows"]
    cells: list[Cell] = ["finished", 1.5, 20000]
    matrix = Matrix("", columns, lines=[("iris", cells)], things="columns", whole=True)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "24")
    matrix.write(6)
    out, err = capsys.readouterr()
    assert "finished" in out
    assert "left out" not in out
    assert err == "left out: columns seconds, rows; --columns chooses, --json has all\n"


@pytest.mark.usefixtures("runs")
def test_json_has_all_that_is_known() -> None:
    entries = json.loads(nnctl("runs", "list", "--json").out)["runs"]
    iris = entries[1]
    assert iris["path"].endswith("runs/iris")
    assert (iris["status"], iris["rows"], iris["epochs"]) == ("finished", 150, 2)
    assert {"test_loss", "train_loss", "test_accuracy"} <= iris["metrics"].keys()
    assert iris["problem"] is None


@pytest.mark.usefixtures("runs")
def test_runs_are_chosen_and_ordered() -> None:
    assert listed() == NAMES
    assert listed("--sort", "-name") == ["moons", "line", "iris", "demand", "and"]
    assert listed("--sort", "rows")[0] == "and"
    assert listed("--where", "loss = mean_squared_error") == ["demand", "line"]
    assert listed("--where", "task = regression") == ["demand", "line"]
    both = ("--where", "epochs = 2", "--where", "model.hidden.0.units = 8")
    assert listed(*both) == ["iris", "moons", "demand"]


@pytest.mark.usefixtures("runs")
def test_columns_are_those_that_were_asked_for() -> None:
    outcome = nnctl("runs", "list", "--columns", "epochs,optimizer.name,model.hidden")
    assert (outcome.code, outcome.err) == (0, "")
    lines = [line.split() for line in outcome.out.splitlines() if line]
    assert lines[0] == ["name", "epochs", "optimizer.name", "model.hidden"]
    assert lines[2][:4] == ["and", "50", "sgd", "[]"]
    entries = json.loads(nnctl("runs", "list", "--json", "--columns", "optimizer.name").out)
    assert entries["runs"][0]["optimizer.name"] == "sgd"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--where", "epochs"], "--where takes KEY OP VALUE"),
        (["--where", "epocs > 1"], "--where: no run has 'epocs'; did you mean epochs?"),
        (["--sort", "nam"], "--sort: no run has 'nam'; did you mean name?"),
        (["--columns", "name,sed"], "--columns: no run has 'sed'; did you mean seed or"),
        (["--columns", "name,,seed"], "--columns takes keys with commas between them"),
    ],
)
@pytest.mark.usefixtures("runs")
def test_what_is_not_known_is_an_error(options: list[str], message: str) -> None:
    outcome = nnctl("runs", "list", *options)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(f"error: {message}")


def test_without_runs_a_note_says_so() -> None:
    outcome = nnctl("runs", "list")
    remedy = "train one with `nnctl train CONFIG`"
    assert outcome.err == f"note: no runs in runs yet; {remedy}\n"
    assert (outcome.code, outcome.out) == (0, "")
    assert json.loads(nnctl("runs", "list", "--json").out)["runs"] == []


@pytest.mark.usefixtures("runs")
def test_where_none_is_chosen_a_note_says_so() -> None:
    outcome = nnctl("runs", "list", "--where", "epochs > 999")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err.startswith("note: none of the 5 runs in ")


def test_folds_are_one_line_and_what_is_damaged_is_told(samples: Path) -> None:
    folds = ("cross-validate", "iris.yaml", "--folds", "2", "--quiet")
    assert nnctl(*folds).code == 0
    Path("runs/broken").mkdir()
    Path("runs/broken/run.json").write_text("{")
    Path("runs/photos").mkdir()
    outcome = nnctl("runs", "list")
    assert outcome.code == 0
    assert outcome.err.startswith("note: runs/broken/run.json:1:2: is damaged: ")
    lines = [line.split() for line in outcome.out.splitlines()[3:5]]
    assert lines[0] == ["broken", "damaged"]
    assert lines[1][:5] == ["iris-cv", "finished,", "2", "folds", "test_accuracy"]


def test_a_hostile_name_is_shown_and_never_obeyed(samples: Path) -> None:
    assert nnctl("train", "line.yaml", "--quiet", "--no-plots").code == 0
    Path("runs/line").rename("runs/[red]\x1b[31m")
    outcome = nnctl("runs", "list")
    assert (outcome.code, outcome.err) == (0, "")
    assert "  [red]\\x1b[31m   finished" in outcome.out
