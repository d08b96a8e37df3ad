from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.commands import nnctl
from tests.cli.samples import AND_DATA


@pytest.fixture
def _trained(samples: Path) -> None:
    assert nnctl("train", "and.yaml", "--quiet", "--no-plots").code == 0


def shown(*arguments: str) -> dict[str, list[str]]:
    """The lines of facts by their label."""
    outcome = nnctl("runs", "show", *arguments)
    assert outcome.code == 0, outcome.err
    facts: dict[str, list[str]] = {}
    for line in outcome.out.partition("\n\n")[0].splitlines():
        facts.setdefault(line[:13].strip(), []).append(line[13:])
    return facts


@pytest.mark.usefixtures("_trained")
def test_a_run_is_shown_on_one_screen() -> None:
    outcome = nnctl("runs", "show")
    assert (outcome.code, outcome.err) == (0, "")
    facts = shown("and")
    record = json.loads(Path("runs/and/run.json").read_text())
    assert facts["run"] == ["runs/and"]
    assert facts["status"] == ["finished"]
    assert facts["epochs"] == ["50; the best is 5 by train_accuracy"]
    assert facts["rows"] == ["4 train"]
    assert facts["seed"] == ["0, BLAS threads 1"]
    digest = record["data"]["fingerprints"]["source"]["sha256"][:12]
    assert facts["fingerprint"] == [f"source: 4 rows, 3 columns, {digest}"]
    (accuracy,) = (line.split() for line in outcome.out.splitlines() if "  accuracy  " in line)
    assert accuracy == ["accuracy", "1"]
    files = [line.split()[0] for line in outcome.out.splitlines() if "/" in line or ".json" in line]
    assert {"checkpoints/best.npz", "checkpoints/last.npz", "summary.json"} <= {*files}


def test_a_member_of_a_seed_series_is_told_by_the_seed_of_its_training(samples: Path) -> None:
    assert nnctl("train", "and.yaml", "--seeds", "2", "--quiet", "--no-plots").code == 0
    assert shown("and-seeds/seed-1")["seed"] == ["0, training seed 1, BLAS threads 1"]
    assert shown("runs/and-seeds/seed-0")["seed"] == ["0, BLAS threads 1"]
    document = json.loads(nnctl("runs", "show", "and-seeds/seed-1", "--json").out)
    assert (document["seed"], document["training_seed"], document["ranks"]) == (0, 1, 1)


@pytest.mark.usefixtures("_trained")
def test_how_many_processes_trained_a_run_together_is_told() -> None:
    path = Path("runs/and/run.json")
    resumed = [{"at": "2026-01-01", "epoch": 3, "ranks": 4}]
    path.write_text(json.dumps({**json.loads(path.read_text()), "ranks": 2, "resumed": resumed}))
    facts = shown("and")
    assert facts["seed"] == ["0, BLAS threads 1, trained by 2 ranks"]
    assert facts["resumed"][0].endswith(", after epoch 3, by 4 ranks")


@pytest.mark.usefixtures("_trained")
@pytest.mark.parametrize("text", ["", "training: 3\nseed: 1\n", "[]"])
def test_of_a_config_that_is_damaged_the_training_seed_is_not_told(text: str) -> None:
    Path("runs/and/config.yaml").write_text(text)
    assert shown("and")["seed"] == ["0, BLAS threads 1"]


@pytest.mark.usefixtures("_trained")
def test_json_has_the_whole() -> None:
    outcome = nnctl("runs", "show", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    document = json.loads(outcome.out)
    summary = json.loads(Path("runs/and/summary.json").read_text())
    assert document["metrics"]["train"]["accuracy"] == summary["best"]["train_accuracy"]
    assert (document["status"], document["parameters"]) == ("finished", 3)
    assert document["files"][0] == {
        "file": "config.yaml",
        "bytes": Path("runs/and/config.yaml").stat().st_size,
        "what": "the config with every default filled in; `nnctl train` takes it",
    }
    assert document["notices"] == []


@pytest.mark.usefixtures("_trained")
def test_bars_are_shown_with_whether_they_were_met() -> None:
    bars = "expect={train_accuracy: {min: 0.5}, train_loss: {max: -1}}"
    outcome = nnctl("train", "and.yaml", "--quiet", "--no-plots", "--set", bars)
    assert outcome.code == 6
    told = nnctl("runs", "show").out
    assert "expected: train_accuracy at least 0.5: met with 1\n" in told
    assert "expected: train_loss at most -1: NOT met with 0\n" in told


@pytest.mark.usefixtures("_trained")
def test_that_a_run_was_resumed_is_shown_with_what_was_changed() -> None:
    options = ("--quiet", "--no-plots", "--set", "training.epochs=60")
    assert nnctl("resume", "and", *options).code == 0
    (told,) = shown()["resumed"]
    assert told.endswith(", after epoch 50; training.epochs 50, now 60")


@pytest.mark.usefixtures("_trained")
def test_data_that_has_changed_or_is_gone_is_noted() -> None:
    Path("and.csv").write_text(AND_DATA.replace("1,1,1", "1,1,0"))
    outcome = nnctl("runs", "show")
    assert outcome.code == 0
    assert outcome.err == "note: data.source has changed since the training: other values\n"
    Path("and.csv").unlink()
    outcome = nnctl("runs", "show")
    assert outcome.code == 0
    assert outcome.err.startswith("note: the data cannot be read: ")
    assert outcome.out.startswith("run          runs/and\n")


@pytest.mark.usefixtures("_trained")
def test_a_run_that_was_killed_says_how_to_go_on() -> None:
    path = Path("runs/and/run.json")
    path.write_text(path.read_text().replace('"finished"', '"running"'))
    assert shown()["status"] == ["was killed; `nnctl resume runs/and` goes on"]
    assert shown()["epochs"] == ["50"]


@pytest.mark.usefixtures("_trained")
def test_foreign_files_are_told_as_such() -> None:
    Path("runs/and/notes.txt").write_text("mine")
    (line,) = (line for line in nnctl("runs", "show").out.splitlines() if "notes.txt" in line)
    assert line.split("   ")[-1].strip() == "not of nnctl"


@pytest.mark.parametrize(
    ("options", "name", "rows"),
    [
        (("cross-validate", "iris.yaml", "--folds", "2"), "iris-cv", ["mean", "std"]),
        (("train", "iris.yaml", "--seeds", "2"), "iris-seeds", ["mean", "std", "min", "max"]),
    ],
)
def test_of_runs_that_belong_together_each_has_a_line(
    samples: Path, options: tuple[str, ...], name: str, rows: list[str]
) -> None:
    assert nnctl(*options, "--quiet").code == 0
    outcome = nnctl("runs", "show", name)
    assert (outcome.code, outcome.err) == (0, "")
    title, _, _, first, _, *spread = outcome.out.splitlines()[:-1]
    assert title.startswith(f"runs/{name}: ")
    assert title.endswith(", finished")
    assert first.split()[1:4] == ["finished", "2", "2"]
    assert [line.split()[0] for line in spread] == rows
    document = json.loads(nnctl("runs", "show", name, "--json").out)
    assert (document["run"], document["status"]) == (f"runs/{name}", "finished")
    mean = document["metrics"]["test_accuracy"]["mean"]
    assert f"{mean:.6g}" in spread[0].split()


@pytest.mark.usefixtures("_trained")
def test_a_damaged_file_about_several_runs_is_told_without_a_traceback() -> None:
    Path("runs/many").mkdir()
    Path("runs/many/sweep.json").write_text('{"status": "finished", "results": [1]}')
    outcome = nnctl("runs", "show", "many")
    assert outcome.code == 4
    assert "many/sweep.json: is damaged: " in outcome.err


@pytest.mark.parametrize(
    "text", ["{", '{"status": "finished"}', '{"status": [], "data": {"fingerprints": [1]}}']
)
@pytest.mark.usefixtures("_trained")
def test_a_damaged_record_is_told_without_a_traceback(text: str) -> None:
    Path("runs/and/run.json").write_text(text)
    outcome = nnctl("runs", "show", "and")
    assert outcome.code in (0, 4)
    assert "damaged" in outcome.err
    assert "Traceback" not in outcome.err


def test_a_run_that_is_not_there_is_an_error() -> None:
    outcome = nnctl("runs", "show", "nowhere")
    assert (outcome.code, outcome.out) == (4, "")
    assert outcome.err.startswith("error: there is no run 'nowhere'")
