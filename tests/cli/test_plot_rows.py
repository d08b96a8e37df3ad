"""The pictures over labelled rows: which rows they are of, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.commands import DATASETS, Outcome, nnctl

# Each command, a run that it fits, and one that it does not.
PLOTS: list[tuple[str, str, str | None]] = [
    ("plot-roc", "moons", "line"),
    ("plot-roc", "iris", "demand"),
    ("plot-calibration", "moons", "line"),
    ("plot-calibration", "iris", "and"),
    ("plot-residuals", "demand", "iris"),
    ("plot-importance", "iris", None),
    ("plot-importance", "demand", None),
    ("plot-activations", "iris", None),
    ("plot-gradients", "demand", None),
]
COMMANDS = sorted({command for command, _, _ in PLOTS})


@pytest.mark.parametrize(("command", "run", "_misfit"), PLOTS)
def test_a_picture_is_written_and_has_the_same_bytes_twice(
    runs: Path, command: str, run: str, _misfit: str | None
) -> None:
    for name in ("first.svg", "second.svg"):
        assert nnctl(command, run, "-o", name) == Outcome(0, f"{name}\n", "")
    first = Path("first.svg").read_bytes()
    assert first.startswith(b"<?xml ")
    rows = "train" if run == "demand" else "test"  # which has no others
    assert f"<!-- {run}: {rows} rows -->".encode() in first
    assert Path("second.svg").read_bytes() == first


@pytest.mark.parametrize(("command", "run", "_misfit"), PLOTS)
def test_a_picture_goes_into_the_run_unless_told_otherwise(
    runs: Path, command: str, run: str, _misfit: str | None
) -> None:
    shutil.copytree(runs / run, "copy")
    path = f"copy/plots/{command.removeprefix('plot-')}.png"
    assert nnctl(command, "./copy") == Outcome(0, f"{path}\n", "")
    assert [file.name for file in Path("copy/plots").iterdir()] == [Path(path).name]


@pytest.mark.parametrize(("command", "run", "_misfit"), PLOTS)
def test_json_says_which_rows_of_which_run_it_is_of(
    runs: Path, command: str, run: str, _misfit: str | None
) -> None:
    outcome = nnctl(command, run, "--split", "train", "-o", "p.png", "--json")
    report = json.loads(outcome.out)
    assert (report["path"], report["run"]) == ("p.png", str(runs / run))
    assert (report["checkpoint"], report["data"]) == ("best", "train")
    rows = json.loads(nnctl("evaluate", run, "--split", "train", "--json").out)["rows"]
    assert report["rows"] == rows


@pytest.mark.parametrize(("command", "_run", "misfit"), [plot for plot in PLOTS if plot[2]])
def test_a_run_that_a_picture_does_not_fit_is_refused(
    runs: Path, command: str, _run: str, misfit: str
) -> None:
    outcome = nnctl(command, misfit, "-o", "p.png")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error: ")
    assert outcome.err.count("\n") == 1
    assert not Path("p.png").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_rows_of_a_file_or_of_standard_input_are_named_in_the_title(
    runs: Path, command: str
) -> None:
    run = next(run for name, run, _ in PLOTS if name == command and run in ("iris", "demand"))
    text = (DATASETS / f"{run}.csv").read_text()
    Path("<b>rows.csv").write_text(text.replace(",", ";"))
    written = nnctl(command, run, "<b>rows.csv", "--delimiter", ";", "-o", "p.svg", "--json")
    assert (written.code, written.err) == (0, "")
    assert json.loads(written.out)["data"] == "<b>rows.csv"
    assert f"<!-- {run}: &lt;b&gt;rows.csv -->" in Path("p.svg").read_text()
    piped = nnctl(command, run, "-", "-o", "q.svg", "--json", stdin=text)
    assert json.loads(piped.out)["data"] == "<stdin>"
    assert json.loads(piped.out)["rows"] == json.loads(written.out)["rows"]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("iris", "iris.csv", "--split", "test"),
            "--split chooses among the run's own rows; leave",
        ),
        (("iris", "--delimiter", ";"), "INPUT is written as --delimiter says; name one"),
        (("iris", "--checkpoint", "first"), "--checkpoint must be best or last (received first)"),
        (("iris", "--split", "validation"), "this run has no validation rows; it has test, train"),
    ],
)
def test_options_that_contradict_are_refused(
    runs: Path, command: str, options: tuple[str, ...], message: str
) -> None:
    outcome = nnctl(command, *options)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(f"error: {message}")


def test_the_areas_are_those_that_evaluate_tells(runs: Path) -> None:
    for run in ("moons", "iris"):
        told = json.loads(nnctl("evaluate", run, "--json").out)["roc_auc"]
        report = json.loads(nnctl("plot-roc", run, "-o", "p.png", "--json").out)
        areas = [one["roc_auc"] for one in report["classes"]]
        assert report["roc_auc"] == told
        assert sum(areas) / len(areas) == pytest.approx(told, rel=1e-12)


def test_calibration_has_as_many_bins_as_are_wished_for(runs: Path) -> None:
    report = json.loads(
        nnctl("plot-calibration", "moons", "--bins", 4, "--json", "-o", "p.png").out
    )
    assert {each["to"] - each["from"] for each in report["bins"]} == {0.25}
    assert nnctl("plot-calibration", "moons", "--bins", 1).code == 2


WILD = """\
name: wild
data: {source: tiny.csv, target: y, task: TASK, scaling: none, target_scaling: none}
model:
  hidden:
    - {units: 2, activation: identity, initializer: {name: values, weights: [[1e37, -1e37]]}}
    - {units: 2, initializer: {name: values, weights: [[1, 2], [1, 3]]}}
loss: LOSS
optimizer: {name: sgd, learning_rate: 1.0e-30}
training: {epochs: 1}
"""


@pytest.mark.parametrize(
    ("task", "loss", "commands"),
    [
        ("classification", "binary_cross_entropy", ("plot-roc", "plot-calibration")),
        ("regression", "mean_absolute_error", ("plot-residuals",)),
    ],
)
def test_outputs_beyond_all_numbers_are_told_and_the_layers_drawn(
    task: str, loss: str, commands: tuple[str, ...]
) -> None:
    Path("tiny.csv").write_text("x,y\n0,1\n0.5,0\n0.2,1\n0.1,0\n")
    Path("wild.csv").write_text("x,y\n0,1\n0.5,0\n200,1\n100,0\n")
    Path("wild.yaml").write_text(WILD.replace("TASK", task).replace("LOSS", loss))
    assert nnctl("train", "wild.yaml", "--quiet", "--no-plots").code == 0
    for command in commands:
        outcome = nnctl(command, "wild", "wild.csv", "-o", "p.png")
        assert outcome.code == 3
        assert outcome.err.splitlines()[-1] == (
            "error: the network's outputs are not finite for 2 of 4 rows; "
            "its inputs or weights are too large, see `nnctl diagnose`"
        )
    for command in ("plot-activations", "plot-gradients"):
        assert nnctl(command, "wild", "wild.csv", "-o", "p.png", "--json").code == 0


def test_importance_takes_metric_repeats_and_seed(runs: Path) -> None:
    options = ("--metric", "log_loss", "--repeats", 3, "--seed", 7)
    report = json.loads(nnctl("plot-importance", "iris", *options, "-o", "p.png", "--json").out)
    assert (report["metric"], report["repeats"], report["seed"]) == ("log_loss", 3, 7)
    assert {len(feature["drops"]) for feature in report["features"]} == {3}
    outcome = nnctl("plot-importance", "iris", "--metric", "r2")
    assert outcome.code == 2
    assert outcome.err.startswith("error: --metric takes one of loss, accuracy, ")
