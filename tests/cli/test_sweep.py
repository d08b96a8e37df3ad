from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from nnctl.cli.sweep import describe
from nnctl.runs.lock import hold_run, is_held
from nnctl.runs.sweep import SweepDirectory
from nnctl.scale.results import TrialResult
from tests.cli.commands import LONG_ENOUGH, Outcome, environment, nnctl
from tests.scale.samples import contents

QUIETLY = ("--quiet", "--no-plots")
SWEEP = """\
base: line.yaml
search: grid
workers: 1
parameters:
  optimizer.learning_rate: {choice: [0.5, 0.25]}
  optimizer.momentum: {choice: [0.0, 0.5]}
"""
# Networks that are to skip batches train one after another.
LONG = """\
base: moons.yaml
set: {training.on_divergence: skip_batch}
trials: 6
seed: 2
workers: 2
parameters: {optimizer.learning_rate: {log_uniform: [0.001, 0.1]}}
"""


@pytest.fixture
def sweeps(samples: Path) -> Path:
    """Write the sweeps beside the sample configs."""
    (samples / "rates.yaml").write_text(SWEEP)
    (samples / "long.yaml").write_text(LONG)
    return samples


def test_stdout_is_the_path_and_the_table_and_stderr_a_line_a_trial(sweeps: Path) -> None:
    outcome = nnctl("sweep", "rates.yaml")
    assert outcome == Outcome(
        0,
        "runs/rates-sweep\n"
        "rates-sweep: the best 4 of 4 trials\n"
        "  trial   train_loss   optimizer.learning_rate   optimizer.momentum\n"
        f" {67 * '─'}\n"
        "  1                0   0.5                       0\n"
        "  2                0   0.5                       0.5\n"
        "  3                0   0.25                      0\n"
        "  4                0   0.25                      0.5\n"
        "\n",
        "4 trials, 1 worker; by train_loss\n"
        "trial 1/4  train_loss 0  optimizer.learning_rate 0.5  optimizer.momentum 0\n"
        "trial 2/4  train_loss 0  optimizer.learning_rate 0.5  optimizer.momentum 0.5\n"
        "trial 3/4  train_loss 0  optimizer.learning_rate 0.25  optimizer.momentum 0\n"
        "trial 4/4  train_loss 0  optimizer.learning_rate 0.25  optimizer.momentum 0.5\n"
        "the best config is runs/rates-sweep/best.yaml\n"
        "plots: runs/rates-sweep/plots/parallel.png\n",
    )
    again = nnctl("resume", "rates-sweep", *QUIETLY)
    assert (again.code, again.out) == (0, outcome.out)


def test_json_is_the_record_with_the_path(sweeps: Path) -> None:
    outcome = nnctl("sweep", "long.yaml", "--json", *QUIETLY, "--trials", 2, "--name", "few")
    assert (outcome.code, outcome.err) == (0, "")
    document = json.loads(outcome.out)
    assert document == {"run": "runs/few", **json.loads(Path("runs/few/sweep.json").read_text())}
    assert [entry["trial"] for entry in document["results"]] == [1, 2]
    with Path("runs/few/results.csv").open() as file:
        rows = [*csv.DictReader(file)]
    for row, entry in zip(rows, document["results"], strict=True):
        assert float(row["validation_loss"]) == entry["metrics"]["validation_loss"]
        assert float(row["optimizer.learning_rate"]) == next(iter(entry["parameters"].values()))


def test_a_trial_is_a_run_that_is_named_by_its_path_and_the_sweep_is_none(sweeps: Path) -> None:
    nnctl("sweep", "rates.yaml", *QUIETLY)
    assert nnctl("evaluate", "runs/rates-sweep/trial-002", "--json").code == 0
    trials = ", ".join(f"runs/rates-sweep/trial-00{n}" for n in range(1, 5))
    assert nnctl("predict", "rates-sweep") == Outcome(
        4, "", f"error: runs/rates-sweep: is a sweep; name one of its trials: {trials}\n"
    )
    assert nnctl("predict", "latest").code == 4
    best = nnctl("train", "runs/rates-sweep/best.yaml", *QUIETLY)
    assert best.out == "runs/line\n"


def test_options_are_laid_over_the_config_that_all_trials_share(sweeps: Path) -> None:
    outcome = nnctl("sweep", "rates.yaml", *QUIETLY, "--json", "--set", "training.epochs=1")
    assert {entry["epochs"] for entry in json.loads(outcome.out)["results"]} == {1}
    assert nnctl("resume", "rates-sweep", "--set", "training.epochs=9") == Outcome(
        2,
        "",
        "error: runs/rates-sweep: is a sweep, whose trials are made from sweep.yaml and base.yaml "
        "in it; leave --set and --force out\n",
    )


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--trials", 3), 2, "--trials: a grid has a trial for each of its 4 combinations"),
        (("--set", "optimizer.learning_rate=1"), 2, "the sweep varies this very key"),
        (("--set", "data.source=none.csv"), 3, "none.csv"),
        (("--set", "loss=none"), 2, "--set loss=none: loss must be one of"),
        (("--name", "a/b"), 2, "a run's name must be"),
        (("--workers", 0), 2, "--workers"),
    ],
)
def test_what_cannot_be_swept_leaves_nothing(
    sweeps: Path, options: tuple[object, ...], code: int, message: str
) -> None:
    outcome = nnctl("sweep", "rates.yaml", *options)
    assert (outcome.code, outcome.out) == (code, "")
    assert message in outcome.err
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("base: line.yaml", "base: gone.yaml", "gone.yaml: there is no such config file"),
        ("search: grid", "search: gird", 'search: unknown name "gird"; did you mean `grid`?'),
        ("search: grid", "optimize: test_r2", "leaves nothing to judge the chosen by"),
        (
            "search: grid",
            "optimize: validation_loss\nsearch: grid",
            "rates.yaml:2:11: optimize: there are no validation rows",
        ),
        (
            "search: grid",
            "optimize: train_mean_absolute_error\nsearch: grid",
            "mean_absolute_error is not measured in the trials; add it to the config's `metrics`",
        ),
        (
            "optimizer.momentum: {choice: [0.0, 0.5]}",
            "loss: {choice: [mean_squared_error, huber]}",
            "losses cannot be compared among trials that differ in loss",
        ),
        (
            "optimizer.momentum: {choice: [0.0, 0.5]}",
            "optimizer.momentun: {choice: [0.0, 0.5]}",
            "rates.yaml:6:3: unknown key `momentun` in optimizer; did you mean `momentum`?",
        ),
    ],
)
def test_a_file_that_cannot_be_swept_is_told_with_its_place(
    sweeps: Path, old: str, new: str, message: str
) -> None:
    Path("rates.yaml").write_text(SWEEP.replace(old, new))
    outcome = nnctl("sweep", "rates.yaml")
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err
    assert not Path("runs").exists()


def test_a_sweep_of_which_nothing_can_be_chosen_ends_as_its_first_trial_did(sweeps: Path) -> None:
    text = SWEEP.replace("line.yaml", "demand.yaml").replace("[0.5, 0.25]", "[1.0e+20, 1.0e+30]")
    Path("rates.yaml").write_text(text)
    outcome = nnctl("sweep", "rates.yaml", *QUIETLY, "--set", "optimizer=sgd")
    assert (outcome.code, outcome.out) == (5, "runs/rates-sweep\n")
    told, error = outcome.err.splitlines()
    assert told == ("note: not finished: 4 diverged; runs/rates-sweep/sweep.json says why")
    assert error.startswith(
        "error: runs/rates-sweep: no trial has a train_loss to choose by; of trial 1: training"
    )


def test_a_metric_that_is_missing_is_told_from_one_that_is_not_finite() -> None:
    nothing = TrialResult(1, "trial-001", {}, "finished")
    assert describe(nothing, "train_r2") == "train_r2 is not measured  "
    infinite = replace(nothing, metrics={"train_r2": None})
    assert describe(infinite, "train_r2") == "train_r2 is not finite  "


def test_one_that_another_process_trains_is_left_to_it(sweeps: Path) -> None:
    nnctl("sweep", "rates.yaml", *QUIETLY)
    message = "is being trained by another process; wait for it, or stop it"
    with hold_run(SweepDirectory(Path("runs/rates-sweep"))):
        outcome = nnctl("resume", "rates-sweep")
    assert outcome.err.endswith(f"error: runs/rates-sweep: {message}\n")
    assert outcome.code == 4


@contextmanager
def sweeping() -> Iterator[subprocess.Popen[str]]:
    """Start a sweep of trials that take some time; wait until the first one has ended."""
    with subprocess.Popen(
        [sys.executable, "-m", "nnctl", "sweep", "long.yaml", "--set", "training.epochs=60"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        try:
            assert any(line.startswith("trial ") for line in process.stderr)
            yield process
        finally:
            process.kill()


def ends_as_if_nothing_had_been() -> None:
    assert nnctl("resume", "long-sweep", *QUIETLY).code == 0
    straight = ("--runs-dir", "straight", "--set", "training.epochs=60", *QUIETLY)
    assert nnctl("sweep", "long.yaml", *straight).code == 0
    found, expected = Path("runs/long-sweep"), Path("straight/long-sweep")
    assert contents(found) == contents(expected)
    assert sorted(path.name for path in found.iterdir()) == sorted(
        path.name for path in expected.iterdir()
    )


def test_a_sweep_that_was_killed_goes_on_as_if_it_had_not_been(sweeps: Path) -> None:
    with sweeping() as process:
        process.kill()
        # The workers have this end of the pipe, too: it is read to its end when all have ended.
        process.communicate(timeout=LONG_ENOUGH)
    document = json.loads(Path("runs/long-sweep/sweep.json").read_text())
    assert document["status"] == "running"
    assert len(document["results"]) < 6
    ends_as_if_nothing_had_been()


def test_a_killed_sweep_is_held_until_its_last_worker_has_ended(sweeps: Path) -> None:
    with sweeping() as process:
        worker = children_of(process.pid)[0]
        os.kill(worker, signal.SIGSTOP)
        process.kill()
        process.wait(timeout=LONG_ENOUGH)
        try:
            assert is_held(SweepDirectory(Path("runs/long-sweep")))
        finally:
            os.kill(worker, signal.SIGKILL)
        process.communicate(timeout=LONG_ENOUGH)
    ends_as_if_nothing_had_been()


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_a_signal_to_all_its_processes_pauses_them(
    sweeps: Path, number: signal.Signals, code: int, word: str
) -> None:
    with sweeping() as process:
        for child in children_of(process.pid):
            os.kill(child, number)  # as a terminal does
        process.send_signal(number)
        err = process.communicate(timeout=LONG_ENOUGH)[1]
    assert process.returncode == code
    told, last = err.splitlines()[-2:]
    assert told.startswith("interrupted after ")
    assert told.endswith(" of 6 trials; go on with `nnctl resume runs/long-sweep`")
    assert last == word
    assert "Traceback" not in err
    ends_as_if_nothing_had_been()


def children_of(process: int) -> list[int]:
    """Return the processes that a process has started."""
    words = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    assert words
    return [int(word) for word in words]
