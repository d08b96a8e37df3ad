from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nnctl.runs.checkpoint import read_checkpoint
from nnctl.runs.group import CrossValidationDirectory
from nnctl.runs.lock import hold_run
from tests.cli.commands import LONG_ENOUGH, Outcome, environment, nnctl

RECORD = "cross_validation.json"
IN_ORDER = ("--set", "data.split.shuffle=false")


def test_stdout_is_the_path_and_the_table_and_stderr_a_line_a_fold(samples: Path) -> None:
    expected = "expect={train_loss: {max: 0}}"
    options = ("--folds", 2, *IN_ORDER, "--set", expected)
    assert nnctl("cross-validate", "line.yaml", *options) == Outcome(
        0,
        "runs/line-cv\n"
        "line-cv: 2 folds; std is of a sample (n - 1)\n"
        "  fold   best epoch   test_loss   test_root_mean_squared_error   test_r2\n"
        f" {72 * '─'}\n"
        "  1               1           0                              0         1\n"
        "  2               1           0                              0         1\n"
        "  mean            1           0                              0         1\n"
        "  std             0           0                              0         0\n"
        "\n",
        "fold 1/2  best epoch 1 of 2  test_loss 0  test_root_mean_squared_error 0  test_r2 1\n"
        "fold 2/2  best epoch 1 of 2  test_loss 0  test_root_mean_squared_error 0  test_r2 1\n",
    )
    assert sorted(path.name for path in Path("runs/line-cv").iterdir()) == [
        "config.yaml", RECORD, "fold-1", "fold-2",
    ]  # fmt: skip


def test_json_is_the_record_with_the_path(samples: Path) -> None:
    outcome = nnctl("cross-validate", "moons.yaml", "--folds", 3, "--json", "--quiet")
    assert outcome.code == 0
    assert outcome.err.startswith("note: `split.test: 0.4` has no effect here")
    document = json.loads(outcome.out)
    assert document == {
        "run": "runs/moons-cv",
        **json.loads(Path("runs/moons-cv", RECORD).read_text()),
    }
    assert len(document["results"]) == 3
    assert 0 <= document["metrics"]["test_accuracy"]["mean"] <= 1


def test_five_folds_are_the_default_and_a_name_wins_over_the_configs(samples: Path) -> None:
    outs = [
        nnctl("cross-validate", "iris.yaml", "--quiet", "--name", "a", "--runs-dir", "there")
        for _ in range(2)
    ]
    assert [outcome.out.splitlines()[0] for outcome in outs] == ["there/a", "there/a-2"]
    assert len([*Path("there/a").glob("fold-*")]) == 5


def test_a_fold_is_a_run_that_is_named_by_its_path(samples: Path) -> None:
    nnctl("cross-validate", "iris.yaml", "--quiet", "--folds", 3)
    outcome = nnctl("evaluate", "runs/iris-cv/fold-2", "--json")
    assert outcome.code == 0
    report = json.loads(outcome.out)
    fold = json.loads(Path("runs/iris-cv", RECORD).read_text())["results"][1]
    assert (report["rows"], report["data"]) == (50, "test")
    assert report["accuracy"] == pytest.approx(fold["metrics"]["test_accuracy"])
    predicted = nnctl("predict", "runs/iris-cv/fold-2").out.splitlines()
    assert len(predicted) == 51


def test_the_whole_is_no_run(samples: Path) -> None:
    nnctl("cross-validate", "line.yaml", "--quiet", "--folds", 2, *IN_ORDER)
    folds = "runs/line-cv/fold-1, runs/line-cv/fold-2"
    assert nnctl("predict", "line-cv") == Outcome(
        4, "", f"error: runs/line-cv: is a cross-validation; name one of its folds: {folds}\n"
    )
    outcome = nnctl("predict", "latest")
    assert outcome.code == 4
    assert outcome.err.endswith("name a fold of a cross-validation, such as runs/line-cv/fold-2\n")
    nnctl("train", "line.yaml", "--quiet", "--no-plots")
    nnctl("cross-validate", "line.yaml", "--quiet", "--folds", 2, *IN_ORDER)
    assert json.loads(nnctl("evaluate", "--json").out)["run"] == "runs/line"


def test_a_missed_expectation_is_told_after_the_table(samples: Path) -> None:
    missed = "expect={test_loss: {min: 2}}"
    shares = ("--set", "data.split.test=0.5")
    outcome = nnctl("cross-validate", "line.yaml", "-q", "--folds", 2, *shares, "--set", missed)
    assert outcome.code == 6
    assert outcome.out.count("\n") == 9
    assert outcome.err.splitlines()[-1] == (
        "error: runs/line-cv: expectation not met by the mean: test_loss is 0, expected at least 2"
    )


def test_divergence_is_told_with_its_fold_and_recorded(samples: Path) -> None:
    optimizer = "optimizer={name: sgd, learning_rate: 1e10}"
    outcome = nnctl("cross-validate", "demand.yaml", "--set", optimizer, "--quiet")
    assert (outcome.code, outcome.out) == (5, "runs/demand-cv\n")
    told, error = outcome.err.splitlines()
    assert told == "diverged in fold 1/5; runs/demand-cv holds what was trained"
    assert error.startswith("error: ")
    assert "training diverged" in error
    document = json.loads(Path("runs/demand-cv", RECORD).read_text())
    assert document["status"] == "diverged"
    assert [entry["status"] for entry in document["results"]] == ["diverged"]
    again = nnctl("cross-validate", "demand.yaml", "--set", optimizer, "--quiet", "--json")
    assert again.code == 5
    assert json.loads(again.out) == {"run": "runs/demand-cv-2", **document}


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--folds", 1), 2, "cross-validation takes 2 folds or more (received 1)"),
        (("--folds", 5), 3, "there are fewer rows than folds (received 4 rows and 5 folds)"),
        (("--name", "a/b"), 2, "a run's name must be"),
        (("--set", "data.test_source=line.csv"), 2, "cross-validation tests on the folds of"),
        (("--set", "data.source=none.csv"), 3, "none.csv"),
    ],
)
def test_what_cannot_be_cross_validated_leaves_nothing(
    samples: Path, options: tuple[object, ...], code: int, message: str
) -> None:
    outcome = nnctl("cross-validate", "line.yaml", *options)
    assert (outcome.code, outcome.out) == (code, "")
    assert outcome.err.startswith("error: ")
    assert message in outcome.err
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_a_signal_ends_quietly_and_keeps_what_is_done(
    samples: Path, number: signal.Signals, code: int, word: str
) -> None:
    epochs = ("--set", "training.epochs=1000000000")
    command = [sys.executable, "-m", "nnctl", "cross-validate", "iris.yaml", *epochs]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "runs/iris-cv\n"
        metrics = Path("runs/iris-cv/fold-1/metrics.csv")
        deadline = time.monotonic() + LONG_ENOUGH
        while not metrics.exists() or metrics.read_text().count("\n") < 2:
            assert time.monotonic() < deadline, "no epoch was trained"
        process.send_signal(number)
        out, err = process.communicate(timeout=LONG_ENOUGH)
    assert (process.returncode, out) == (code, "")
    assert err.splitlines()[-2:] == [
        "interrupted in fold 1/5; go on with `nnctl resume runs/iris-cv`",
        word,
    ]
    document = json.loads(Path("runs/iris-cv", RECORD).read_text())
    assert document["status"] == "interrupted"
    assert [entry["status"] for entry in document["results"]] == ["interrupted"]
    last = read_checkpoint(Path("runs/iris-cv/fold-1/checkpoints/last.npz"))
    assert last.metadata["epoch"] > 0


def test_it_goes_on_by_its_name_and_ends_as_if_it_had_never_stopped(samples: Path) -> None:
    words = ("iris.yaml", "--folds", 3)
    straight = nnctl("cross-validate", *words, "--quiet", "--runs-dir", "straight")
    whole = {p.name: p.read_bytes() for p in Path("straight/iris-cv").iterdir() if p.is_file()}
    nnctl("cross-validate", *words, "--quiet")
    document = Path("runs/iris-cv", RECORD)
    told = nnctl("resume", "iris-cv", "--quiet")
    table = straight.out.replace("straight/iris-cv", "runs/iris-cv")
    assert (told.code, told.out) == (0, table)
    shutil.rmtree("runs/iris-cv/fold-3")
    shutil.rmtree("runs/iris-cv/fold-2/checkpoints")
    damaged = nnctl("resume", "runs/iris-cv", "--quiet")
    assert (damaged.code, damaged.out) == (4, "")
    assert "fold-2/checkpoints/last.npz: there is no such checkpoint" in damaged.err
    shutil.rmtree("runs/iris-cv/fold-2")
    again = nnctl("resume", "runs/iris-cv")
    assert (again.code, again.out) == (0, table)
    assert [line.partition("  ")[0] for line in again.err.splitlines()] == ["fold 2/3", "fold 3/3"]
    assert document.read_bytes() == whole[RECORD]
    as_json = json.loads(nnctl("resume", "iris-cv", "--json", "--quiet").out)
    assert as_json == {"run": "runs/iris-cv", **json.loads(document.read_text())}


@pytest.mark.parametrize("option", [("--set", "training.epochs=9"), ("--force",)])
def test_its_folds_are_all_trained_alike(samples: Path, option: tuple[str, ...]) -> None:
    nnctl("cross-validate", "line.yaml", "--quiet", "--folds", 2, *IN_ORDER)
    assert nnctl("resume", "line-cv", *option) == Outcome(
        2,
        "",
        "error: runs/line-cv: is a cross-validation, whose folds are all trained alike; leave "
        "--set and --force out\n",
    )


def test_one_that_another_process_trains_is_left_to_it(samples: Path) -> None:
    nnctl("cross-validate", "line.yaml", "--quiet", "--folds", 2, *IN_ORDER)
    message = "is being trained by another process; wait for it, or stop it"
    with hold_run(CrossValidationDirectory(Path("runs/line-cv"))):
        outcome = nnctl("resume", "line-cv")
    assert outcome == Outcome(4, "runs/line-cv\n", f"error: runs/line-cv: {message}\n")
