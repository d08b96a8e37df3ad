from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nnctl.cli.bench import COLUMNS
from tests.cli.commands import LONG_ENOUGH, environment, nnctl

SHORT = ("--seconds", "0.02")
FIVE_ROWS = """\
name: five
data: {source: five.csv, target: y}
model: {hidden: [{units: 4}, {units: 3}]}
loss: mean_squared_error
training: {batch_size: 2}
"""


def report_of(*arguments: str) -> dict[str, Any]:
    outcome = nnctl("bench", *arguments, *SHORT, "--json")
    assert outcome.code == 0, outcome.err
    report: dict[str, Any] = json.loads(outcome.out)
    return report


@pytest.fixture
def five() -> str:
    Path("five.csv").write_text("a,b,y\n0,1,2\n1,3,4\n2,5,7\n3,2,1\n4,4,0\n")
    Path("five.yaml").write_text(FIVE_ROWS)
    return "five.yaml"


def test_the_figures_agree_with_one_another(five: str) -> None:
    report = report_of(five)
    assert (report["batch_rows"], report["steps_an_epoch"], report["dtype"]) == (2, 3, "float32")
    # Of 2 -> 4 -> 3 -> 1: two products in the first layer, three in the others, a sum and a product
    # for each weight and row.
    assert report["operations_a_step"] == 2 * 2 * (2 * 8 + 3 * 12 + 3 * 3)
    [speed] = report["measured"]
    step = speed["step_microseconds"] / 1e6
    assert speed["epoch_milliseconds"] == pytest.approx(3 * step * 1e3)
    assert speed["rows_a_second"] == pytest.approx(5 / (3 * step))
    assert speed["gigaflops"] == pytest.approx(61 * 2 * 5 / (3 * step) / 1e9)
    assert 0 < speed["products_share"] < 1
    assert speed["products_microseconds"] < speed["step_microseconds"]
    assert speed["steps"] >= 1
    assert report["peak_bytes"] > report["training_bytes"] > 0


def test_each_number_of_threads_has_a_row_of_its_own(five: str) -> None:
    report = report_of(five, "--threads", "2,1,2")
    assert [speed["threads"] for speed in report["measured"]] == [2, 1]
    assert report["threads"] == 1
    outcome = nnctl("bench", five, "--threads", "2,1", *SHORT)
    lines = outcome.out.splitlines()
    assert [line.split()[0] for line in lines[3:5]] == ["2", "1"]


def test_the_choice_of_threads_is_explained(five: str) -> None:
    reason = "a step of 244 operations is too small to be divided among threads"
    assert report_of(five)["threads_reason"] == reason
    report = report_of(five, "--set", "compute.threads=2")
    assert report["threads_reason"] == "compute.threads is 2"
    assert [speed["threads"] for speed in report["measured"]] == [2]


def test_a_table_shows_every_figure_and_nothing_is_written(five: str) -> None:
    before = sorted(Path().iterdir())
    outcome = nnctl("bench", five, *SHORT)
    assert outcome.code == 0
    assert outcome.err == "measuring for 0.02 s\n"
    name, headings, _, row, *_ = outcome.out.splitlines()
    assert name == "five"
    assert [heading.strip() for heading in headings.split("   ")] == list(COLUMNS)
    assert len(row.split()) == len(COLUMNS)
    assert "a step: 2 rows, 244 operations in matrix products of float32; 3 steps" in outcome.out
    assert "training would use 1 BLAS thread(s): a step of 244 operations" in outcome.out
    assert sorted(Path().iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--seconds", "0"), "--seconds must be more than 0 and at most 3600 (received 0)"),
        (("--seconds", "nan"), "--seconds must be more than 0 and at most 3600 (received nan)"),
        (("--threads", "0"), "--threads takes numbers from 1 to 1024, as in 1,2 (received 0)"),
        (("--threads", "1,"), "--threads takes numbers from 1 to 1024, as in 1,2 (received 1,)"),
        (
            ("--threads", "9999"),
            "--threads takes numbers from 1 to 1024, as in 1,2 (received 9999)",
        ),
    ],
)
def test_what_cannot_be_measured_is_refused(
    five: str, arguments: tuple[str, ...], message: str
) -> None:
    outcome = nnctl("bench", five, *arguments)
    assert (outcome.code, outcome.out, outcome.err) == (2, "", f"error: {message}\n")


def test_a_training_that_diverges_says_so(five: str) -> None:
    outcome = nnctl("bench", five, *SHORT, "--set", "optimizer.learning_rate=1e30")
    assert (outcome.code, outcome.out) == (5, "")
    assert "training diverged in epoch" in outcome.err
    assert "at learning rate 1e+30; lower optimizer.learning_rate" in outcome.err


def test_a_config_that_cannot_be_trained_is_refused_as_everywhere(five: str) -> None:
    wrong = ("--set", "loss=binary_cross_entropy", "--set", "model.output.units=3")
    outcome = nnctl("bench", five, *wrong)
    trained = nnctl("train", five, *wrong)
    assert (outcome.code, outcome.err) == (trained.code, trained.err)
    assert outcome.code == 2


def test_ctrl_c_ends_it_and_leaves_nothing_behind(five: str) -> None:
    before = sorted(Path().iterdir())
    command = [sys.executable, "-m", "nnctl", "bench", five, "--seconds", "3600"]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "measuring for 3600 s\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=LONG_ENOUGH)
    assert (process.returncode, out, err) == (130, "", "interrupted\n")
    assert sorted(Path().iterdir()) == before
