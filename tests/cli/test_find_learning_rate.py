from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import Outcome, nnctl

MOONS = """\
data: {generator: {name: moons, samples: 60}}
model: {hidden: [{units: 8, activation: tanh}]}
loss: binary_cross_entropy
training: {batch_size: 16}
"""


@pytest.fixture(autouse=True)
def _config() -> None:
    Path("moons.yaml").write_text(MOONS)


def report_of(*options: object) -> dict[str, Any]:
    outcome = nnctl("find-learning-rate", "moons.yaml", "--json", "--no-plots", *options)
    assert outcome.code == 0, outcome.err
    report: dict[str, Any] = json.loads(outcome.out)
    return report


def test_a_rate_is_suggested_drawn_and_nothing_else_is_written() -> None:
    outcome = nnctl("find-learning-rate", "moons.yaml")
    assert outcome.code == 0
    assert outcome.err == "drawn in learning_rate.png\n"
    assert sorted(path.name for path in Path().iterdir()) == ["learning_rate.png", "moons.yaml"]
    assert Path("learning_rate.png").read_bytes().startswith(b"\x89PNG")
    suggestion = report_of()["suggestion"]
    assert outcome.out.splitlines()[-1] == (
        f"suggestion: {suggestion:g}, a tenth of the rate at the minimum; "
        f"--set optimizer.learning_rate={suggestion:g}"
    )
    assert outcome.out.startswith("moons: ")
    for word in ("steepest", "minimum"):
        assert sum(line.endswith(word) for line in outcome.out.splitlines()) == 1


def test_json_has_the_whole_curve() -> None:
    report = report_of("--steps", 50, "--lowest", "1e-5", "--highest", 1)
    assert [*report] == [
        *("config", "suggestion", "steepest", "minimum", "diverged"),
        *("rates", "losses", "smoothed", "plot"),
    ]
    assert report["plot"] is None
    assert len(report["rates"]) == len(report["losses"]) == len(report["smoothed"]) == 50
    assert (report["rates"][0], report["rates"][-1]) == pytest.approx((1e-5, 1.0), rel=1e-12)
    assert report["minimum"] in report["rates"]
    assert not Path("learning_rate.png").exists()


def test_the_picture_stands_where_it_is_wished() -> None:
    outcome = nnctl("find-learning-rate", "moons.yaml", "-o", "here.svg", "--json")
    assert json.loads(outcome.out)["plot"] == "here.svg"
    assert b"<svg" in Path("here.svg").read_bytes()


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("-o", "here.txt"), 2, "a plot's format follows from its suffix (received suffix '.txt')"),
        (("-o", "nowhere/here.png"), 7, "nowhere/here.png: cannot be written (No such file"),
        (("-o", "directory.png"), 7, "directory.png: cannot be written (Is a directory)"),
        (("-o", "a.png", "--no-plots"), 2, "--no-plots draws nothing at --output a.png; leave one"),
    ],
)
def test_what_forbids_the_picture_is_told_before_the_test(
    options: tuple[object, ...], code: int, message: str
) -> None:
    Path("directory.png").mkdir()
    outcome = nnctl("find-learning-rate", "no_such_config.yaml", *options)
    assert (outcome.code, outcome.out) == (code, "")
    assert outcome.err.startswith(f"error: {message}")
    assert sorted(path.name for path in Path().iterdir()) == ["directory.png", "moons.yaml"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_the_numbers_are_shown_even_where_the_picture_cannot_be_written() -> None:
    Path("full.png").symlink_to("/dev/full")
    shown = nnctl("find-learning-rate", "moons.yaml", "-o", "full.png")
    assert shown.code == 7
    assert shown.out.splitlines()[-1].startswith("suggestion: ")
    assert shown.err.startswith("error: full.png: cannot be written (No space left on device)")
    reported = nnctl("find-learning-rate", "moons.yaml", "-o", "full.png", "--json")
    assert reported.code == 7
    assert json.loads(reported.out)["plot"] is None


def test_a_loss_that_vanishes_is_remarked_on() -> None:
    Path("line.csv").write_text("x,y\n1,2\n2,4\n3,6\n")
    Path("line.yaml").write_text(
        "data: {source: line.csv, target: y, task: regression}\nloss: mean_squared_error\n"
        "optimizer: sgd\n"
    )
    options = ("--steps", 1000, "--no-plots")
    outcome = nnctl("find-learning-rate", "line.yaml", *options)
    assert outcome.code == 0
    assert "note: the loss fell to less than a thousandth of what it was" in outcome.err


def test_a_suggestion_of_another_number_of_steps_is_said_to_be_one() -> None:
    note = "note: the suggestion is one of 100 steps, and not comparable with 200's"
    for steps in (100, 200):
        outcome = nnctl("find-learning-rate", "moons.yaml", "--steps", steps, "--no-plots")
        assert (note in outcome.err) is (steps == 100)


def test_steps_beyond_all_use_are_refused() -> None:
    outcome = nnctl("find-learning-rate", "moons.yaml", "--steps", 100_001)
    assert outcome.code == 2
    assert "--steps" in outcome.err


def test_a_loss_that_only_grows_gives_no_suggestion() -> None:
    outcome = nnctl(
        "find-learning-rate", "moons.yaml", "--lowest", 5, "--highest", 50, "--steps", 20,
        "--set", "optimizer=sgd", "--set", "loss=mean_squared_error", "--no-plots",
        "--set", "data={generator: {name: sine, samples: 60}}",
    )  # fmt: skip
    assert outcome.code == 0
    assert "suggestion" not in outcome.out
    assert "note: no suggestion: the loss is least at the first step and only grows" in outcome.err


def test_a_loss_that_still_falls_at_the_end_is_remarked_on() -> None:
    outcome = nnctl(
        "find-learning-rate", "moons.yaml", "--highest", "1e-3", "--steps", 30, "--no-plots",
        "--set", "training.batch_size=full",
    )  # fmt: skip
    assert outcome.code == 0
    assert "note: the loss still fell at the highest rate" in outcome.err


def test_a_suggestion_below_all_rates_is_remarked_on() -> None:
    options = ("--lowest", 0.05, "--highest", 0.5, "--steps", 30, "--no-plots")
    outcome = nnctl("find-learning-rate", "moons.yaml", *options)
    assert outcome.code == 0
    assert "note: the suggestion lies below the rates that were tried" in outcome.err


@pytest.mark.parametrize(
    ("options", "received"),
    [
        (("--lowest", 1, "--highest", 1), "1 and 1"),
        (("--lowest", 0), "0 and 10"),
        (("--lowest", -1), "-1 and 10"),
        (("--lowest", "nan"), "nan and 10"),
    ],
)
def test_rates_must_grow(options: tuple[object, ...], received: str) -> None:
    outcome = nnctl("find-learning-rate", "moons.yaml", *options)
    message = f"--lowest must be above 0 and below --highest (received {received})"
    assert outcome == Outcome(2, "", f"error: {message}\n")


@pytest.mark.parametrize("highest", ["inf", "nan"])
def test_the_highest_rate_is_finite(highest: str) -> None:
    outcome = nnctl("find-learning-rate", "moons.yaml", "--highest", highest)
    message = f"error: --highest must be a finite number (received {highest})\n"
    assert outcome == Outcome(2, "", message)


def test_a_loss_that_is_never_finite_ends_with_5() -> None:
    Path("rows.csv").write_text("x,y\n1,1e30\n2,2e30\n")
    Path("huge.yaml").write_text(
        "data: {source: rows.csv, target: y, target_scaling: none, task: regression}\n"
        "loss: mean_squared_error\n"
    )
    outcome = nnctl("find-learning-rate", "huge.yaml")
    assert (outcome.code, outcome.out) == (5, "")
    assert outcome.err.splitlines()[-1] == (
        "error: the loss is not finite before the first step; scale the data"
    )
    assert not Path("learning_rate.png").exists()
