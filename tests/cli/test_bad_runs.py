"""What may happen to a run: rows 40 to 50 of the bad inputs, each by its number.

`ROWS` says which tests show how each ends; those of this file compare all that is written.
"""

from __future__ import annotations

import json
import pickle
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from nnctl.runs.checkpoint import read_checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.runs.history import read_history
from nnctl.runs.lock import hold_run
from tests.cli.commands import Outcome, nnctl
from tests.cli.test_resume import SHORT, paused_run, straight
from tests.runs.limits import file_size_limit
from tests.training.pauses import contents

BOUNDARY = "test_plot.test_a_boundary_over_other_than_two_features_is_refused"
ROWS: dict[str, tuple[str, ...]] = {
    "40 a loss that is not finite": (
        "test_bad_runs.test_a_loss_that_is_not_finite",
        "test_train.test_a_run_that_diverges_says_so_and_keeps_its_path",
    ),
    "41 the runs directory cannot be written": (
        "test_bad_runs.test_a_runs_directory_that_cannot_be_written",
        "test_train.test_a_runs_directory_that_cannot_be_written_is_told_before_training",
    ),
    "42 the disk is full in the middle": ("test_bad_runs.test_a_disk_that_is_full_in_the_middle",),
    "43 a damaged checkpoint": (
        "test_bad_checkpoints.test_a_damaged_checkpoint_is_never_used",
        "test_bad_checkpoints.test_a_sealed_checkpoint_whose_parts_do_not_fit_is_one_line",
        "test_bad_checkpoints.test_a_network_far_larger_than_its_checkpoint_takes_no_memory",
        "test_bad_runs.test_damaged_checkpoints_are_not_gone_on_from",
        "test_resume.test_a_damaged_checkpoint_is_said_and_the_one_before_is_taken",
    ),
    "44 a checkpoint of a newer format": (
        "test_bad_checkpoints.test_a_checkpoint_of_a_newer_format_says_what_it_needs",
    ),
    "45 a pickle": (
        "test_bad_checkpoints.test_a_pickle_in_numpys_own_clothes_is_never_unpickled",
        "test_bad_runs.test_a_pickle_is_not_gone_on_from",
    ),
    "46 config or data have changed": (
        "test_bad_runs.test_data_that_has_changed",
        "test_resume.test_what_has_changed_is_refused_and_taken_on_purpose",
    ),
    "47 it is being trained elsewhere": (
        "test_bad_runs.test_a_run_that_is_being_trained_elsewhere",
    ),
    "48 a boundary of other than two features": (
        BOUNDARY,
        "test_plot.test_a_boundary_over_two_of_four_features",
    ),
    "49 a reader that stops, no terminal": (
        "test_predict.test_a_reader_that_stops_early_ends_it_quietly",
        "test_train.test_training_goes_on_when_nobody_reads_on",
        "test_bad_runs.test_what_is_no_terminal_gets_no_colours",
    ),
    "50 Ctrl-C and SIGTERM": (
        "test_train.test_the_path_comes_first_and_a_signal_ends_quietly",
        "test_resume.test_whatever_ended_it_it_goes_on_as_if_nothing_had",
        "test_pausing.test_the_second_signal_ends_at_once",
        "test_cross_validate.test_a_signal_ends_quietly_and_keeps_what_is_done",
    ),
}


def test_every_row_is_shown_by_a_test() -> None:
    assert [row.split()[0] for row in ROWS] == [str(number) for number in range(40, 51)]
    for shown_by in ROWS.values():
        for name in shown_by:
            module, test = name.split(".")
            assert callable(getattr(import_module(f"tests.cli.{module}"), test))


def test_a_loss_that_is_not_finite(samples: Path) -> None:
    """Epoch, batch, layer and remedy are named, and what stood stays."""
    options = ("--set", "optimizer={name: sgd, learning_rate: 1e38}", "--set", "training.epochs=9")
    assert nnctl("train", "demand.yaml", *options, *SHORT) == Outcome(
        5,
        "runs/demand\n",
        "error: training diverged in epoch 1, batch 2: the net inputs of the output layer became "
        "infinite or NaN, at learning rate 1e+38; lower optimizer.learning_rate, scale the data, "
        "or set training.gradient_clipping\n",
    )
    run = RunDirectory(Path("runs/demand"))
    last = read_checkpoint(run.last)
    assert (last.metadata["epoch"], len(read_history(run.metrics)["epoch"])) == (0, 0)
    assert np.isfinite(last.arrays["parameters"]).all()
    assert nnctl("resume", "demand", *SHORT, "--set", "optimizer.learning_rate=0.01").code == 0


def test_a_runs_directory_that_cannot_be_written(samples: Path) -> None:
    Path("taken").touch()
    assert nnctl("train", "line.yaml", "--runs-dir", "taken/below") == Outcome(
        7,
        "",
        "error: taken/below/line: cannot be created (Not a directory); check the path and the "
        "disk\n",
    )


def test_a_disk_that_is_full_in_the_middle(samples: Path) -> None:
    endless = ("--set", "training.epochs=1000000000")
    with file_size_limit(12_000):  # enough for checkpoints of some epochs, and not of many
        outcome = nnctl("train", "iris.yaml", *endless, *SHORT)
    run = RunDirectory(Path("runs/iris"))
    assert (outcome.code, outcome.out) == (7, "runs/iris\n")
    remedy = "cannot be written (File too large); raise the limit on file sizes (`ulimit -f "
    assert outcome.err in [
        f"error: {path}: {remedy}unlimited`)\n" for path in (run.metrics, run.last)
    ]
    assert json.loads(run.run_json.read_text())["status"] == "failed"
    assert 0 < read_checkpoint(run.last).metadata["epoch"] < 1000
    for path in (run.best, run.previous):
        read_checkpoint(path)
    epochs = ("--set", f"training.epochs={len(read_history(run.metrics)['epoch']) + 3}")
    assert nnctl("resume", *epochs, *SHORT) == Outcome(0, "runs/iris\n", "")
    assert contents(run) == contents(straight("iris.yaml", *epochs))


def test_damaged_checkpoints_are_not_gone_on_from(samples: Path) -> None:
    run = paused_run("iris.yaml", batches=9)
    for path in (run.last, run.previous):
        path.write_bytes(path.read_bytes()[:-1])
    outcome = nnctl("resume", *SHORT)
    assert (outcome.code, outcome.out) == (4, "")
    first, second = outcome.err.splitlines()
    assert first.startswith(f"error: {run.last}: ")
    assert second.startswith(f"error: {run.previous}: ")
    assert read_history(run.metrics)["epoch"] == [1]


def test_a_pickle_is_not_gone_on_from(samples: Path) -> None:
    run = paused_run("iris.yaml")
    run.previous.unlink()
    run.last.write_bytes(pickle.dumps(print))
    outcome = nnctl("resume", *SHORT)
    assert (outcome.code, outcome.out) == (4, "")
    assert outcome.err == (
        f"error: {run.last}: is no checkpoint of nnctl (received a pickle, which could run code "
        "and was not opened); give a run that `nnctl train` wrote\n"
    )


@pytest.mark.parametrize(
    ("rows", "change"),
    [
        ("x,y\n0,1\n1,3\n2,5\n3,8\n", "is other values"),
        ("x,y\n0,1\n1,3\n2,5\n", "is 3 rows (it had 4)"),
        ("x,y,z\n0,1,0\n1,3,0\n2,5,0\n3,7,0\n", "is new column(s) `z`"),
    ],
)
def test_data_that_has_changed(samples: Path, rows: str, change: str) -> None:
    paused_run("line.yaml")
    good = Path("line.csv").read_text()
    Path("line.csv").write_text(rows)
    message = f"runs/line: its data is not what it was trained on: data.source {change}"
    remedy = "; restore it, or resume with --force"
    assert nnctl("resume", *SHORT) == Outcome(4, "", f"error: {message}{remedy}\n")
    Path("line.csv").write_text(good)
    assert nnctl("resume", *SHORT) == Outcome(0, "runs/line\n", "")


def test_a_run_that_is_being_trained_elsewhere(samples: Path) -> None:
    run = paused_run("iris.yaml")
    message = "is being trained by another process; wait for it, or stop it"
    with hold_run(run):
        assert nnctl("resume", "iris") == Outcome(4, "", f"error: runs/iris: {message}\n")
    assert nnctl("resume", "iris", *SHORT).code == 0


@pytest.mark.parametrize("command", ["evaluate", "predict", "train"])
def test_what_is_no_terminal_gets_no_colours(
    samples: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert nnctl("train", "iris.yaml", *SHORT).code == 0
    outcome = nnctl(command, "iris.yaml" if command == "train" else "iris")
    assert outcome.code == 0
    assert len(outcome.out + outcome.err) > 40
    assert "\x1b" not in outcome.out + outcome.err
