from __future__ import annotations

import csv
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nnctl.runs.checkpoint import read_checkpoint
from tests.cli.commands import LONG_ENOUGH, Outcome, bash, environment, nnctl

SHORT = ("--no-plots", "--quiet")
ENDLESS = ("--no-plots", "--set", "training.epochs=1000000000")


def epochs_of(run: str) -> list[str]:
    with Path(run, "metrics.csv").open(newline="") as file:
        return [row["epoch"] for row in csv.DictReader(file)]


def test_stdout_is_the_path_and_stderr_tells_how_it_went(samples: Path) -> None:
    run = "runs/and"
    expected = "expect={train_accuracy: {min: 1}}"
    assert nnctl("train", "and.yaml", "--set", expected) == Outcome(
        0,
        f"{run}\n",
        "2 -> 1 step, 3 parameters; rows: 4 training\n"
        "epoch 1/50  train_loss 0.25  train_accuracy 0.5\n"
        "epoch 50/50  train_loss 0  train_accuracy 1\n"
        "best epoch 5 of 50 (by train_accuracy)\n"
        "  train       loss 0  accuracy 1\n"
        "  met         train_accuracy is 1, expected at least 1\n"
        f"plots: {run}/plots/history.png, {run}/plots/boundary.png, {run}/plots/confusion.png\n",
    )
    assert sorted(path.name for path in Path(run).rglob("*") if path.is_file()) == [
        "baselines.npz", "best.npz", "boundary.png", "config.yaml", "confusion.png", "history.png",
        "last.npz", "metrics.csv", "previous.npz", "run.json", "summary.json",
    ]  # fmt: skip


def test_quiet_is_silent_and_still_draws(samples: Path) -> None:
    assert nnctl("train", "line.yaml", "--quiet") == Outcome(0, "runs/line\n", "")
    assert sorted(path.name for path in Path("runs/line/plots").iterdir()) == [
        "fit.png", "history.png",
    ]  # fmt: skip


def test_no_plots_draws_none(samples: Path) -> None:
    assert nnctl("train", "line.yaml", "--no-plots").err.splitlines()[-1] == (
        "  train       loss 0  root_mean_squared_error 0  r2 1"
    )
    assert not [*Path("runs/line/plots").iterdir()]


def test_json_is_the_summary_with_the_path(samples: Path) -> None:
    outcome = nnctl("train", "line.yaml", "--json", "--quiet", "--no-plots")
    assert (outcome.code, outcome.err) == (0, "")
    summary = json.loads(Path("runs/line/summary.json").read_text())
    assert json.loads(outcome.out) == {"run": "runs/line", **summary}
    assert summary["best"]["train_loss"] == 0


def test_set_overrides_the_file_and_is_kept_in_the_run(samples: Path) -> None:
    options = ("--set", "training.epochs=3", "--set", "name=other", "--set", "seed=010")
    assert nnctl("train", "line.yaml", *options, *SHORT).out == "runs/other\n"
    assert epochs_of("runs/other") == ["1", "2", "3"]
    assert "\nseed: 10\n" in Path("runs/other/config.yaml").read_text()


def test_name_wins_over_the_config_and_a_taken_one_is_numbered(samples: Path) -> None:
    outs = [nnctl("train", "line.yaml", "--name", "a", *SHORT).out for _ in range(3)]
    assert outs == ["runs/a\n", "runs/a-2\n", "runs/a-3\n"]


def test_runs_stand_where_the_option_or_else_the_environment_says(
    samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NNCTL_RUNS_DIR", "from-environment")
    assert nnctl("train", "line.yaml", *SHORT).out == "from-environment/line\n"
    assert nnctl("train", "line.yaml", *SHORT, "--runs-dir", "a/b").out == "a/b/line\n"
    assert Path("a/b/line/summary.json").is_file()


def test_a_missed_expectation_is_told_after_the_run_is_complete(samples: Path) -> None:
    missed = "expect={train_accuracy: {max: 0.5}, train_loss: {min: 2}}"
    assert nnctl("train", "and.yaml", "--set", missed, "--quiet") == Outcome(
        6,
        "runs/and\n",
        "error: runs/and: expectation not met: train_accuracy is 1, expected at most 0.5\n"
        "error: runs/and: expectation not met: train_loss is 0, expected at least 2\n",
    )
    files = ("summary.json", "checkpoints/best.npz", "plots/history.png", "plots/boundary.png")
    assert all(Path("runs/and", file).is_file() for file in files)
    assert json.loads(Path("runs/and/run.json").read_text())["status"] == "finished"
    summary = json.loads(Path("runs/and/summary.json").read_text())
    assert [bar["met"] for bar in summary["expect"]] == [False, False]


def test_a_missed_expectation_stands_in_the_json_too(samples: Path) -> None:
    missed = "expect={train_accuracy: {max: 0.5}}"
    outcome = nnctl("train", "and.yaml", "--set", missed, "--json", *SHORT)
    assert outcome.code == 6
    assert outcome.err.endswith("train_accuracy is 1, expected at most 0.5\n")
    assert json.loads(outcome.out)["expect"] == [
        {"metric": "train_accuracy", "min": None, "max": 0.5, "value": 1, "met": False}
    ]


def test_a_run_that_diverges_says_so_and_keeps_its_path(samples: Path) -> None:
    optimizer = "optimizer={name: sgd, learning_rate: 1e10}"
    outcome = nnctl("train", "demand.yaml", "--set", optimizer, "--quiet")
    assert (outcome.code, outcome.out) == (5, "runs/demand\n")
    assert outcome.err == (
        "error: training diverged in epoch 1, batch 2: the loss became infinite or NaN, at "
        "learning rate 1e+10; lower optimizer.learning_rate, scale the data, or set "
        "training.gradient_clipping\n"
    )
    assert json.loads(Path("runs/demand/run.json").read_text())["status"] == "diverged"


def test_json_says_where_a_run_that_diverged_stands(samples: Path) -> None:
    optimizer = "optimizer={name: sgd, learning_rate: 1e10}"
    outcome = nnctl("train", "demand.yaml", "--set", optimizer, "--quiet", "--json")
    assert outcome.code == 5
    assert json.loads(outcome.out) == {"run": "runs/demand", "status": "diverged"}


def test_the_config_of_a_run_gives_the_same_network_again(samples: Path) -> None:
    assert nnctl("train", "iris.yaml", *SHORT).out == "runs/iris\n"
    assert nnctl("train", "runs/iris/config.yaml", "--no-plots", "-q").out == "runs/iris-2\n"
    for file in (
        "metrics.csv",
        "checkpoints/last.npz",
        "checkpoints/best.npz",
        "checkpoints/baselines.npz",
        "config.yaml",
    ):
        assert Path("runs/iris", file).read_bytes() == Path("runs/iris-2", file).read_bytes(), file


def test_a_runs_directory_that_cannot_be_written_is_told_before_training(samples: Path) -> None:
    Path("taken").touch()
    outcome = nnctl("train", "line.yaml", "--runs-dir", "taken")
    assert (outcome.code, outcome.out) == (7, "")
    assert outcome.err == (
        "error: taken/line: cannot be created (File exists); check the path and the disk\n"
    )


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_the_path_comes_first_and_a_signal_ends_quietly(
    samples: Path, number: signal.Signals, code: int, word: str
) -> None:
    command = [sys.executable, "-m", "nnctl", "train", "iris.yaml", *ENDLESS]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "runs/iris\n"
        while not (told := process.stderr.readline()).startswith("epoch 1/"):
            assert told, "training ended before it began"
        process.send_signal(number)
        out, err = process.communicate(timeout=LONG_ENOUGH)
    assert (process.returncode, out) == (code, "")
    assert "Traceback" not in err
    *_, told, last = err.splitlines()
    assert last == word
    run = Path("runs/iris")
    n_epochs = len(epochs_of("runs/iris"))
    assert n_epochs > 0
    saved = read_checkpoint(run / "checkpoints" / "last.npz").metadata
    assert saved["epoch"] == n_epochs
    batches = saved["progress"]["batches"] if saved["progress"] else 0
    begun = {0: "", 1: " and 1 batch"}.get(batches, f" and {batches} batches")
    assert told == f"stopped after epoch {n_epochs}{begun}; go on with `nnctl resume runs/iris`"
    assert json.loads(Path("runs/iris/run.json").read_text())["status"] == "interrupted"


@pytest.mark.parametrize("reader", ["| true", "2>&1 | head -1"])
def test_training_goes_on_when_nobody_reads_on(samples: Path, reader: str) -> None:
    outcome = bash(f"nnctl train line.yaml --no-plots {reader}; echo ${{PIPESTATUS[*]}}")
    assert (outcome.code, outcome.err.count("Traceback")) == (0, 0)
    assert outcome.out.splitlines()[-1] == "0 0"
    assert json.loads(Path("runs/line/run.json").read_text())["status"] == "finished"


def test_a_closed_stderr_sends_nothing_of_it_to_stdout(samples: Path) -> None:
    assert bash("nnctl train line.yaml --no-plots 2>&-") == Outcome(0, "runs/line\n", "")
    assert bash("nnctl train line.yaml --no-plots --quiet >&-") == Outcome(0, "", "")


def test_a_terminal_is_shown_a_bar(samples: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "nnctl", "train", "line.yaml", "--no-plots"]
    with subprocess.Popen(
        command, env={**environment(), "TERM": "xterm"}, stdout=subprocess.PIPE, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = _all_of(ours)
        out = process.communicate(timeout=LONG_ENOUGH)[0]
    assert (process.returncode, out) == (0, b"runs/line\n")
    assert b"2/2" in shown
    assert b" rows/s" in shown
    assert b"best epoch 1 of 2" in shown


def _all_of(terminal: int) -> bytes:
    shown = b""
    try:
        while piece := os.read(terminal, 4096):
            shown += piece
    except OSError:  # how Linux says that the other end is closed
        pass
    finally:
        os.close(terminal)
    return shown
