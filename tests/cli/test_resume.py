from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nnctl.config import load_config
from nnctl.runs.directory import RunDirectory
from nnctl.runs.lock import hold_run
from nnctl.training.experiment import start_experiment
from tests.cli.commands import LONG_ENOUGH, Outcome, bash, environment, nnctl
from tests.training.pauses import contents, paused

SHORT = ("--no-plots", "--quiet")
ENDLESS = ("--no-plots", "--set", "training.epochs=1000000000")
LINE = "  train       loss 0  root_mean_squared_error 0  r2 1\n"


def paused_run(config: str, batches: int = 1) -> RunDirectory:
    """Train a sample for a few batches, and no more."""
    return paused(start_experiment(load_config(config), Path("runs")), batches)


def straight(config: str, *options: str) -> RunDirectory:
    """Train a sample without a pause, in a directory of its own."""
    assert nnctl("train", config, *SHORT, "--runs-dir", "straight", *options).code == 0
    return RunDirectory(Path("straight", Path(config).stem))


def rows(run: RunDirectory) -> int:
    """Return the epochs that stand in a history, whoever is writing it."""
    return run.metrics.read_text().count("\n") - 1 if run.metrics.exists() else 0


def ended_by(number: signal.Signals) -> tuple[int, str]:
    """Train until a signal ends it after some epochs; return its code and what it said."""
    command = [sys.executable, "-m", "nnctl", "train", "iris.yaml", *ENDLESS]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + LONG_ENOUGH
        while rows(RunDirectory(Path("runs/iris"))) < 5:
            assert time.monotonic() < deadline, "no epoch was trained"
        process.send_signal(number)
        told = process.communicate(timeout=LONG_ENOUGH)[1]
    return process.returncode, told


@pytest.mark.parametrize(
    ("number", "code", "status"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 143, "interrupted"),
        (signal.SIGKILL, -signal.SIGKILL, "running"),
    ],
)
def test_whatever_ended_it_it_goes_on_as_if_nothing_had(
    samples: Path, number: signal.Signals, code: int, status: str
) -> None:
    run = RunDirectory(Path("runs/iris"))
    ended, told = ended_by(number)
    assert ended == code
    assert json.loads(run.run_json.read_text())["status"] == status
    command = "nnctl resume runs/iris"
    if number != signal.SIGKILL:
        assert re.search(rf"stopped after epoch \d+( and \d batch(es)?)?; go on with `{command}`\n",
                         told)  # fmt: skip
    epochs = f"training.epochs={rows(run) + 3}"
    outcome = bash(f"{command} --set {epochs} --no-plots")
    assert (outcome.code, outcome.out) == (0, "runs/iris\n")
    assert outcome.err.startswith("going on after epoch ")
    assert contents(run) == contents(straight("iris.yaml", "--set", epochs))
    assert json.loads(run.run_json.read_text())["status"] == "finished"


def test_stdout_is_the_path_and_stderr_tells_from_where(samples: Path) -> None:
    paused_run("iris.yaml", batches=9)
    outcome = nnctl("resume", "--no-plots")
    assert (outcome.code, outcome.out) == (0, "runs/iris\n")
    first, second, third, *_ = outcome.err.splitlines()
    assert first == "going on after epoch 1 and 2 batches"
    assert second.startswith("4 -> 8 tanh -> 3 softmax, ")
    assert third.startswith("epoch 2/2  ")


def test_without_a_run_it_is_the_latest_that_is_not_finished(samples: Path) -> None:
    first = paused_run("iris.yaml")
    second = paused_run("iris.yaml")
    assert nnctl("train", "line.yaml", *SHORT).code == 0
    for run in (second, first):
        assert nnctl("resume", *SHORT) == Outcome(0, f"{run.path}\n", "")
    assert contents(first) == contents(second)
    assert nnctl("resume", *SHORT).out == "runs/line\n"


def test_a_finished_run_is_left_as_it_is(samples: Path) -> None:
    nnctl("train", "line.yaml", *SHORT)
    before = {path: path.read_bytes() for path in Path("runs").rglob("*") if path.is_file()}
    note = "note: runs/line is finished; --set training.epochs=N goes on for more epochs\n"
    for words in ((), ("line",), ("runs/line",), ("latest",)):
        assert nnctl("resume", *words) == Outcome(0, "runs/line\n", note)
    assert before == {path: path.read_bytes() for path in Path("runs").rglob("*") if path.is_file()}


def test_a_finished_run_goes_on_for_more_epochs(samples: Path) -> None:
    nnctl("train", "line.yaml", *SHORT)
    outcome = nnctl("resume", "line", "--no-plots", "--set", "training.epochs=4")
    assert outcome == Outcome(
        0,
        "runs/line\n",
        "going on after epoch 2\n"
        "1 -> 1 identity, 2 parameters; rows: 4 training\n"
        "epoch 3/4  train_loss 0  train_root_mean_squared_error 0  train_r2 1\n"
        "epoch 4/4  train_loss 0  train_root_mean_squared_error 0  train_r2 1\n"
        "best epoch 1 of 4 (by train_loss)\n" + LINE,
    )
    expected = straight("line.yaml", "--set", "training.epochs=4")
    assert contents(RunDirectory(Path("runs/line"))) == contents(expected)


def test_json_is_the_summary_with_the_path(samples: Path) -> None:
    run = paused_run("iris.yaml")
    outcome = nnctl("resume", "--json", *SHORT)
    assert (outcome.code, outcome.err) == (0, "")
    summary = json.loads(run.summary.read_text())
    assert json.loads(outcome.out) == {"run": "runs/iris", **summary}
    assert json.loads(nnctl("resume", "--json").out) == {"run": "runs/iris", **summary}


def test_it_draws_what_training_draws(samples: Path) -> None:
    paused_run("line.yaml")
    assert nnctl("resume", "--quiet") == Outcome(0, "runs/line\n", "")
    assert sorted(path.name for path in Path("runs/line/plots").iterdir()) == [
        "fit.png", "history.png",
    ]  # fmt: skip


def test_a_missed_expectation_is_told_as_after_training(samples: Path) -> None:
    paused_run("line.yaml")
    missed = ("--set", "expect={train_loss: {min: 2}}")
    assert nnctl("resume", *SHORT, *missed) == Outcome(
        6, "runs/line\n", "error: runs/line: expectation not met: train_loss is 0, expected at "
        "least 2\n",
    )  # fmt: skip


def test_what_has_changed_is_refused_and_taken_on_purpose(samples: Path) -> None:
    run = paused_run("iris.yaml")
    run.config.write_text(run.config.read_text().replace("seed: 0", "seed: 1"))
    assert nnctl("resume", *SHORT) == Outcome(
        4,
        "",
        "error: runs/iris/config.yaml: was changed since the run was trained: seed (0, now 1); "
        "restore it, or resume with --force\n",
    )
    assert nnctl("resume", "--force", *SHORT) == Outcome(
        0,
        "runs/iris\n",
        "note: runs/iris: the best epoch by train_loss is chosen among those to come: what it was "
        "before cannot be compared with it\n",
    )


def test_a_damaged_checkpoint_is_said_and_the_one_before_is_taken(samples: Path) -> None:
    run = paused_run("iris.yaml", batches=9)
    run.last.write_bytes(run.last.read_bytes()[:999])
    outcome = nnctl("resume", *SHORT)
    assert (outcome.code, outcome.out) == (0, "runs/iris\n")
    assert outcome.err.startswith(f"note: {run.last}: ")
    assert outcome.err.endswith(f"; going on from {run.previous}, of epoch 1\n")
    assert outcome.err.count("\n") == 1
    assert contents(run) == contents(straight("iris.yaml"))


def test_a_fold_goes_on_by_its_path(samples: Path) -> None:
    nnctl("cross-validate", "iris.yaml", "--folds", 2, "--quiet")
    fold = Path("runs/iris-cv/fold-2")
    record = json.loads((fold / "run.json").read_text())
    outcome = nnctl("resume", fold, "--set", "training.epochs=3", *SHORT)
    assert outcome == Outcome(0, f"{fold}\n", "")
    assert json.loads((fold / "run.json").read_text())["data"] == record["data"]
    assert json.loads((fold / "summary.json").read_text())["epochs"] == 3


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((), 4, "no runs in runs yet; train one with `nnctl train CONFIG`"),
        (("x",), 4, "there is no run 'x'"),
        (("x", "y"), 2, "Got unexpected extra argument"),
    ],
)
def test_without_a_run_there_is_nothing_to_go_on_with(
    words: tuple[str, ...], code: int, message: str
) -> None:
    outcome = nnctl("resume", *words)
    assert (outcome.code, outcome.out) == (code, "")
    assert message in outcome.err


@pytest.mark.parametrize(
    ("override", "code", "message"),
    [
        ("training.epochs=0", 2, "training.epochs must be at least 1 (received 0)"),
        ("training.epoch=9", 2, "unknown key `epoch` in training; did you mean `epochs`?"),
        ("model.hidden=[]", 4, "resuming may not change model.hidden ("),
    ],
)
def test_a_wrong_override_changes_nothing(
    samples: Path, override: str, code: int, message: str
) -> None:
    run = paused_run("iris.yaml")
    before = run.config.read_bytes()
    outcome = nnctl("resume", "--set", override, *SHORT)
    assert (outcome.code, outcome.out) == (code, "")
    assert message in outcome.err
    assert run.config.read_bytes() == before
    assert nnctl("resume", *SHORT).code == 0


def test_a_run_that_is_being_trained_is_left_alone(samples: Path) -> None:
    run = paused_run("iris.yaml")
    message = "is being trained by another process; wait for it, or stop it"
    with hold_run(run):
        assert nnctl("resume", "iris") == Outcome(4, "", f"error: runs/iris: {message}\n")


def test_a_run_that_was_moved_goes_on_where_it_is(samples: Path) -> None:
    paused_run("iris.yaml")
    shutil.move("runs/iris", "elsewhere")
    assert nnctl("resume", "elsewhere", *SHORT) == Outcome(0, "elsewhere\n", "")
