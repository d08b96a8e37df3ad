"""`nnctl train --seeds`: a run a seed, what they are together, and how it goes on."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nnctl.cli.resume import ALL_ALIKE, GO_ON
from nnctl.runs.directory import GROUPS
from nnctl.runs.group import SeedsDirectory
from nnctl.runs.lock import hold_run
from tests.cli.commands import LONG_ENOUGH, Outcome, environment, nnctl
from tests.training.pauses import contents

RECORD = "seeds.json"
SHORT = ("--quiet", "--no-plots")
# Inputs far above zero: of the seeds 9, 10 and 11 only the second finds its way.
STEEP_DATA = "x,y\n" + "".join(f"{900 + n},{n % 3}\n" for n in range(12))
STEEP = """\
name: steep
seed: 9
data: {source: steep.csv, target: y, scaling: none, target_scaling: none}
model: {hidden: [{units: 1, activation: leaky_relu}]}
loss: mean_squared_error
optimizer: {name: sgd, learning_rate: 0.001}
training: {epochs: 3, batch_size: 4}
"""


@pytest.fixture
def steep() -> None:
    """Write the config of which two seeds of three diverge."""
    Path("steep.csv").write_text(STEEP_DATA)
    Path("steep.yaml").write_text(STEEP)


def test_stdout_is_the_path_and_the_table_and_stderr_a_line_a_seed(samples: Path) -> None:
    expected = ("--set", "expect={train_loss: {max: 0}}", "--set", "seed=7")
    assert nnctl("train", "line.yaml", "--seeds", 2, *expected) == Outcome(
        0,
        "runs/line-seeds\n"
        "line-seeds: 2 seeds; std is of a sample (n - 1)\n"
        "  seed   best epoch   train_loss   train_root_mean_squared_error   train_r2\n"
        f" {75 * '─'}\n"
        "  7               1            0                               0          1\n"
        "  8               1            0                               0          1\n"
        "  mean            1            0                               0          1\n"
        "  std             0            0                               0          0\n"
        "  min             1            0                               0          1\n"
        "  max             1            0                               0          1\n"
        "\n",
        "seed 7 (1/2)  best epoch 1 of 2  train_loss 0  train_root_mean_squared_error 0  "
        "train_r2 1\n"
        "seed 8 (2/2)  best epoch 1 of 2  train_loss 0  train_root_mean_squared_error 0  "
        "train_r2 1\n"
        "note: all seeds came out the same: nothing in this config depends on them\n"
        "plot: runs/line-seeds/plots/history.png\n",
    )
    assert sorted(path.name for path in Path("runs/line-seeds").iterdir()) == [
        "config.yaml", "plots", "seed-7", "seed-8", RECORD,
    ]  # fmt: skip


def test_json_is_the_record_with_the_path(samples: Path) -> None:
    outcome = nnctl("train", "moons.yaml", "--seeds", 3, "--json", *SHORT)
    assert (outcome.code, outcome.err) == (0, "")
    document = json.loads(outcome.out)
    record = json.loads(Path("runs/moons-seeds", RECORD).read_text())
    assert document == {"run": "runs/moons-seeds", **record}
    assert document["seeds"] == [0, 1, 2]
    assert not Path("runs/moons-seeds/plots").exists()


def test_the_table_shows_the_rows_that_say_most(samples: Path) -> None:
    shares = {"test_": "0.2", "validation_": "0"}
    for rows, test in shares.items():
        options = ("--seeds", 2, *SHORT, "--set", f"data.split.test={test}")
        heading = nnctl("train", "moons.yaml", *options).out.splitlines()[2]
        assert heading.split()[3:] == [f"{rows}loss", f"{rows}accuracy"]


def test_a_name_wins_over_the_configs_and_is_numbered(samples: Path) -> None:
    words = ("train", "line.yaml", "--seeds", 2, *SHORT, "--name", "a", "--runs-dir", "there")
    assert [nnctl(*words).out.splitlines()[0] for _ in range(2)] == ["there/a", "there/a-2"]


def test_a_members_config_alone_trains_that_member(samples: Path) -> None:
    nnctl("train", "moons.yaml", "--seeds", 3, *SHORT)
    directory = SeedsDirectory(Path("runs/moons-seeds"))
    assert nnctl("train", "moons.yaml", *SHORT).out == "runs/moons\n"
    assert nnctl("train", "runs/moons-seeds/seed-2/config.yaml", *SHORT).out == "runs/moons-2\n"
    for name, seed in (("moons", 0), ("moons-2", 2)):
        alone = SeedsDirectory(Path("runs")).path / name
        for file in ("metrics.csv", "config.yaml", "checkpoints/last.npz"):
            assert (alone / file).read_bytes() == (directory.member(seed).path / file).read_bytes()


def test_the_whole_is_no_run_and_its_members_are(samples: Path) -> None:
    nnctl("train", "line.yaml", "--seeds", 2, *SHORT)
    members = "runs/line-seeds/seed-0, runs/line-seeds/seed-1"
    assert nnctl("predict", "line-seeds") == Outcome(
        4, "", f"error: runs/line-seeds: is a seed series; name one of its seeds: {members}\n"
    )
    assert nnctl("predict", "latest").err.endswith(
        "or name a seed of a seed series, such as runs/line-seeds/seed-1\n"
    )
    assert json.loads(nnctl("evaluate", "runs/line-seeds/seed-1", "--json").out)["loss"] == 0
    listed = json.loads(nnctl("runs", "list", "--json").out)
    (entry,) = listed["runs"] if isinstance(listed, dict) else listed
    assert (entry["name"], entry["kind"], entry["members"]) == ("line-seeds", "seed series", 2)


def test_the_mean_is_held_to_the_bars_and_a_single_member_is_not(samples: Path) -> None:
    bars = "expect={test_loss: {min: 1e9}, train_loss: {min: 0}}"
    outcome = nnctl("train", "moons.yaml", "--seeds", 2, *SHORT, "--set", bars)
    assert outcome.code == 6
    assert outcome.out.count("\n") == 11
    mean = json.loads(Path("runs/moons-seeds", RECORD).read_text())["metrics"]["test_loss"]["mean"]
    assert outcome.err == (
        "error: runs/moons-seeds: expectation not met by the mean: "
        f"test_loss is {mean:.6g}, expected at least 1e+09\n"
    )


def test_seeds_that_diverge_are_told_and_the_others_are_summed_up(steep: None) -> None:
    outcome = nnctl("train", "steep.yaml", "--seeds", 3, "--no-plots", "--set", "metrics=[]")
    assert outcome.code == 5
    _, title, _, _, *rows, _ = outcome.out.splitlines()
    assert title == "steep-seeds: 1 of 3 seeds; std is of a sample (n - 1)"
    assert [row.split()[0] for row in rows] == ["10", "mean", "std", "min", "max"]
    assert rows[2].split() == ["std", "nan", "nan"]
    first, second, third, error = outcome.err.splitlines()
    assert first.startswith("seed 9 (1/3)  training diverged in epoch 2")
    assert second.startswith("seed 10 (2/3)  best epoch 3 of 3")
    assert third.startswith("seed 11 (3/3)  training diverged in epoch 1")
    assert error == (
        "error: runs/steep-seeds: 2 of 3 seeds diverged: 9, 11; the means are those of the others"
    )


def test_where_all_seeds_diverge_there_is_no_table_and_no_picture(steep: None) -> None:
    outcome = nnctl("train", "steep.yaml", "--seeds", 2, "-q", "--set", "optimizer.learning_rate=1")
    assert outcome == Outcome(
        5, "runs/steep-seeds\n", "error: runs/steep-seeds: 2 of 2 seeds diverged: 9, 10\n"
    )
    assert json.loads(Path("runs/steep-seeds", RECORD).read_text())["metrics"] == {}


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--seeds", 1), 2, "a seed series takes 2 seeds or more (received 1)"),
        (("--seeds", "many"), 2, "Invalid value for '--seeds'"),
        (("--seeds", 2, "--name", "a/b"), 2, "a run's name must be"),
        (("--seeds", 2, "--set", "data.source=none.csv"), 3, "none.csv"),
        (("--seeds", 2, "--set", "training.seed=-1"), 2, "training.seed must be at least 0"),
    ],
)
def test_what_cannot_be_trained_leaves_nothing(
    samples: Path, options: tuple[object, ...], code: int, message: str
) -> None:
    outcome = nnctl("train", "line.yaml", *options)
    assert (outcome.code, outcome.out) == (code, "")
    assert message in outcome.err
    assert not Path("runs").exists()


def test_a_picture_that_cannot_be_written_is_no_failure(samples: Path) -> None:
    nnctl("train", "moons.yaml", "--seeds", 2, *SHORT)
    Path("runs/moons-seeds/plots/history.png").mkdir(parents=True)
    outcome = nnctl("resume", "moons-seeds", "--quiet")
    assert outcome.code == 0
    assert outcome.err.startswith("note: no plot: runs/moons-seeds/plots/history.png: cannot be")


def test_it_goes_on_by_its_name_and_ends_as_if_it_had_never_stopped(samples: Path) -> None:
    words = ("train", "iris.yaml", "--seeds", 3, "--quiet")
    straight = nnctl(*words, "--runs-dir", "straight")
    nnctl(*words)
    shutil.rmtree("runs/iris-seeds/seed-2")
    shutil.rmtree("runs/iris-seeds/plots")
    again = nnctl("resume", "runs/iris-seeds")
    table = straight.out.replace("straight/", "runs/")
    assert (again.code, again.out) == (0, table)
    assert [line.partition("  ")[0] for line in again.err.splitlines()] == [
        "seed 2 (3/3)", "plot: runs/iris-seeds/plots/history.png",
    ]  # fmt: skip
    for name in (RECORD, "plots/history.png"):
        assert Path("runs/iris-seeds", name).read_bytes() == (
            Path("straight/iris-seeds", name).read_bytes()
        )
    as_json = json.loads(nnctl("resume", "iris-seeds", "--json", *SHORT).out)
    assert as_json["run"] == "runs/iris-seeds"


@pytest.mark.parametrize("option", [("--set", "training.epochs=9"), ("--force",)])
def test_its_seeds_are_all_trained_alike(samples: Path, option: tuple[str, ...]) -> None:
    nnctl("train", "line.yaml", "--seeds", 2, *SHORT)
    assert nnctl("resume", "line-seeds", *option) == Outcome(
        2,
        "",
        "error: runs/line-seeds: is a seed series, whose seeds are all trained alike; leave --set "
        "and --force out\n",
    )


def test_one_that_another_process_trains_is_left_to_it(samples: Path) -> None:
    nnctl("train", "line.yaml", "--seeds", 2, *SHORT)
    message = "is being trained by another process; wait for it, or stop it"
    with hold_run(SeedsDirectory(Path("runs/line-seeds"))):
        outcome = nnctl("resume", "line-seeds")
    assert outcome == Outcome(4, "runs/line-seeds\n", f"error: runs/line-seeds: {message}\n")


def test_resuming_without_a_name_tells_of_it(samples: Path) -> None:
    nnctl("train", "line.yaml", "--seeds", 2, *SHORT)
    record = Path("runs/line-seeds", RECORD)
    record.write_text(record.read_text().replace('"finished"', '"interrupted"', 1))
    outcome = nnctl("resume")
    assert outcome.code == 4
    assert "go on with `nnctl resume runs/line-seeds`, or train one" in outcome.err


@contextmanager
def training_of(seed: int, epochs: int) -> Iterator[subprocess.Popen[str]]:
    """Train moons over seeds in a process of its own, as far as an epoch of this seed."""
    words = ["--seeds", "3", "--no-plots", "--set", f"training.epochs={epochs}"]
    command = [sys.executable, "-m", "nnctl", "train", "moons.yaml", *words]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "runs/moons-seeds\n"
        metrics = Path(f"runs/moons-seeds/seed-{seed}/metrics.csv")
        deadline = time.monotonic() + LONG_ENOUGH
        while not metrics.exists() or metrics.read_text().count("\n") < 2:
            assert time.monotonic() < deadline, "no epoch was trained"
        yield process


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_a_signal_ends_quietly_and_keeps_what_is_done(
    samples: Path, number: signal.Signals, code: int, word: str
) -> None:
    with training_of(0, 1_000_000_000) as process:
        process.send_signal(number)
        out, err = process.communicate(timeout=LONG_ENOUGH)
    assert (process.returncode, out) == (code, "")
    assert err.splitlines()[-2:] == [
        "interrupted in seed 0 (1/3); go on with `nnctl resume runs/moons-seeds`",
        word,
    ]
    document = json.loads(Path("runs/moons-seeds", RECORD).read_text())
    assert document["status"] == "interrupted"
    assert [entry["status"] for entry in document["results"]] == ["interrupted"]


def test_one_that_is_killed_goes_on_to_the_same_bytes(samples: Path) -> None:
    with training_of(1, 300) as process:
        process.kill()
    document = json.loads(Path("runs/moons-seeds", RECORD).read_text())
    assert document["status"] == "running"
    assert nnctl("resume", "moons-seeds", *SHORT).code == 0
    straight = ("--seeds", 3, *SHORT, "--set", "training.epochs=300", "--runs-dir", "straight")
    assert nnctl("train", "moons.yaml", *straight).code == 0
    one, other = (SeedsDirectory(Path(place, "moons-seeds")) for place in ("runs", "straight"))
    assert one.record.read_bytes() == other.record.read_bytes()
    for seed in (0, 1, 2):
        assert contents(one.member(seed)) == contents(other.member(seed))
        summaries = (each.member(seed).summary.read_bytes() for each in (one, other))
        assert len({*summaries}) == 1


def test_every_kind_of_directory_of_runs_can_be_resumed() -> None:
    assert set(GO_ON) == set(ALL_ALIKE) == set(GROUPS)
