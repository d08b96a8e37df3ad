from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nnctl.config import load_config
from nnctl.runs.checkpoint import read_checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.runs.json_file import read_json
from nnctl.training.experiment import start_experiment
from nnctl.training.resuming import resume_experiment
from tests.cli.commands import LONG_ENOUGH, nnctl
from tests.cli.samples import write_samples
from tests.scale import mpi_trainings
from tests.scale.mpi_jobs import NNCTL, assert_alike, ended, mpiexec, needs_mpi, started
from tests.scale.mpi_trainings import TRAININGS, alone, write_training

LONG = "training.epochs=100000"  # more than ranks train before a test interferes


def dtype_of(name: str) -> str:
    return "float32" if "compute.dtype=float32" in TRAININGS[name] else "float64"


@needs_mpi
@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_ranks_train_what_one_process_trains(tmp_path: Path, ranks: int) -> None:
    write_training(tmp_path)
    mpi_trainings.train_all(tmp_path, "alone", alone)
    mpi_trainings.pause_one(tmp_path, "alone", alone)
    outcome = mpiexec(ranks, "-m", "mpi4py", "-m", "tests.scale.mpi_trainings", tmp_path)
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
    runs, expected = tmp_path / f"ranks-{ranks}", tmp_path / "alone"
    for name in (*TRAININGS, "paused"):
        dtype = dtype_of(name if name in TRAININGS else mpi_trainings.PAUSED)
        assert_alike(runs / name, expected / name, dtype, name)
    # One process goes on with what ranks had paused, and ranks with what one process had.
    mpi_trainings.go_on(tmp_path, runs.name, "alone", alone)
    for each in (expected, runs):
        assert_alike(each / "resumed", expected / mpi_trainings.PAUSED, "float64", str(each))


def test_the_trainings_take_the_ways_that_they_are_named_after(tmp_path: Path) -> None:
    write_training(tmp_path)
    experiments = {}
    for name in ("early_stopping", "plateau", "halved", "skipped", "paused", "diverged"):
        chosen = name if name in TRAININGS else mpi_trainings.PAUSED
        experiment = start_experiment(mpi_trainings.settings(tmp_path, chosen), tmp_path, name)
        if name == "paused":
            mpi_trainings.pause_after(mpi_trainings.PAUSED_AFTER, experiment)
        mpi_trainings.train(experiment, alone)
        experiments[name] = experiment
    assert len(experiments["early_stopping"].history) < 20
    for name in ("plateau", "halved"):
        assert experiments[name].history[-1]["learning_rate"] < (
            experiments[name].assembly.trainer.learning_rate.learning_rate
        )
    assert (tmp_path / "diverged" / "divergence.txt").exists()
    progress = experiments["paused"].assembly.trainer.progress
    assert progress is not None
    assert progress.batches > 0
    assert set(skipped_batches(tmp_path)) == {1, 2}


def skipped_batches(directory: Path) -> list[int]:
    """Return how many batches each epoch skips of those that are not finite."""
    experiment = start_experiment(mpi_trainings.settings(directory, "skipped"), directory, "again")
    return [int(result.notices[0].split()[2]) for result in experiment.epochs()]


@needs_mpi
def test_only_the_first_rank_speaks_and_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_samples(tmp_path)
    command = ("train", "iris.yaml", "--set", "training.epochs=20", "--no-plots")
    expected = nnctl(*command, "--name", "alone")
    outcome = mpiexec(2, *NNCTL, *command, "--name", "ranks")
    assert (outcome.code, outcome.out) == (0, "runs/ranks\n")
    assert outcome.err.replace("runs/ranks", "runs/alone") == expected.err
    assert sorted(path.name for path in Path("runs").iterdir()) == ["alone", "ranks"]
    assert sorted(path.name for path in Path("runs/ranks").iterdir()) == sorted(
        path.name for path in Path("runs/alone").iterdir()
    )
    assert_alike(Path("runs/ranks"), Path("runs/alone"), "float32", "iris")
    assert read_json(Path("runs/ranks/run.json"))["ranks"] == 2
    assert "ranks" not in read_json(Path("runs/alone/run.json"))


REFUSED = {
    "train no_such.yaml": "no_such.yaml: there is no such config file",
    "cross-validate iris.yaml": "cross-validate is done by one process (received 2 ranks)",
    "train iris.yaml --seeds 2": "train --seeds is done by one process (received 2 ranks)",
}


@needs_mpi
def test_an_error_of_the_only_rank_is_no_accident_that_mpi_tells_of(tmp_path: Path) -> None:
    config = tmp_path / "none.yaml"
    outcome = mpiexec(1, *NNCTL, "train", config)
    told = f"error: {config}: there is no such config file\n"
    assert (outcome.code, outcome.out, outcome.err) == (2, "", told)


@needs_mpi
@pytest.mark.parametrize("command", REFUSED)
def test_an_error_is_told_once_and_ends_all_ranks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_samples(tmp_path)
    outcome = mpiexec(2, *NNCTL, *command.split())
    assert (outcome.code, outcome.out) == (2, "")
    (line,) = outcome.err.splitlines()
    assert line.startswith("error: ")
    assert REFUSED[command] in line


@needs_mpi
def test_ranks_with_different_commands_are_refused() -> None:
    one = ("-n", "1", sys.executable, *NNCTL, "train", "other.yaml")
    outcome = mpiexec(1, *NNCTL, "train", "one.yaml", ":", *one)
    assert (outcome.code, outcome.out) == (2, "")
    (line,) = outcome.err.splitlines()
    assert "rank 1 of this MPI job was given another command than rank 0 (train other.yaml)" in line


def process_of(rank: int, run: Path) -> int:
    """Return the process of a rank, a sibling of the one that writes the run."""
    first = read_json(run / "run.json")["process"]
    parent = Path(f"/proc/{first}/stat").read_text().rpartition(")")[2].split()[1]
    siblings = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    place = f"PMI_RANK={rank}".encode()
    (found,) = (
        int(each)
        for each in siblings
        if place in Path(f"/proc/{each}/environ").read_bytes().split(b"\0")
    )
    return found


def training(directory: Path) -> subprocess.Popen[str]:
    """Start a long training by two ranks, and wait until it has an epoch behind it."""
    write_training(directory)
    command = ("train", directory / "run.yaml", "--runs-dir", directory, "--quiet", "--no-plots")
    process = started(2, *NNCTL, *command, "--set", LONG)
    metrics, began = directory / "run" / "metrics.csv", time.monotonic()
    while not (metrics.exists() and metrics.read_bytes().count(b"\n") > 2):
        assert process.poll() is None, ended(process)
        assert time.monotonic() - began < LONG_ENOUGH
        time.sleep(0.01)
    return process


@needs_mpi
def test_a_killed_rank_ends_the_job_and_one_process_goes_on(tmp_path: Path) -> None:
    process, run = training(tmp_path), tmp_path / "run"
    began = time.monotonic()
    os.kill(process_of(1, run), signal.SIGKILL)
    assert ended(process).code != 0
    assert time.monotonic() - began < LONG_ENOUGH / 4
    epochs = read_checkpoint(run / "checkpoints" / "last.npz").metadata["epoch"] + 20
    outcome = nnctl("resume", run, "--quiet", "--no-plots", "--set", f"training.epochs={epochs}")
    assert (outcome.code, outcome.out) == (0, f"{run}\n")
    assert_alike(run, trained_alone(tmp_path, epochs), "float64", "killed")


@needs_mpi
def test_an_interrupted_job_pauses_and_other_ranks_go_on(tmp_path: Path) -> None:
    process, run = training(tmp_path), tmp_path / "run"
    process.send_signal(signal.SIGINT)
    outcome = ended(process)
    assert outcome.code == 130
    assert "interrupted" in outcome.err.splitlines()
    assert outcome.err.count("stopping after this batch") == 1
    assert read_json(run / "run.json")["status"] == "interrupted"
    epochs = read_checkpoint(run / "checkpoints" / "last.npz").metadata["epoch"] + 10
    options = ("--quiet", "--no-plots", "--set", f"training.epochs={epochs}")
    outcome = mpiexec(3, *NNCTL, "resume", run, *options)
    assert (outcome.code, outcome.out, outcome.err) == (0, f"{run}\n", "")
    assert read_json(run / "run.json")["resumed"][0]["ranks"] == 3
    assert_alike(run, trained_alone(tmp_path, epochs), "float64", "interrupted")


def trained_alone(directory: Path, epochs: int) -> Path:
    """Return the same run as one process trains it."""
    config = load_config(directory / "run.yaml", [f"training.epochs={epochs}"])
    experiment = start_experiment(config, directory, "alone")
    mpi_trainings.train(experiment, alone)
    return experiment.run.path


STARTING = """\
import os
import sys
import time
from pathlib import Path

rank, place = os.environ["PMI_RANK"], Path(sys.argv.pop(1))
place.joinpath(rank).write_text(str(os.getpid()))
if rank == "1":
    time.sleep(LONG_ENOUGH)
from nnctl.cli.app import main
main()
"""


@needs_mpi
def test_a_rank_that_waits_for_another_where_mpi_starts_can_be_ended(tmp_path: Path) -> None:
    script = STARTING.replace("LONG_ENOUGH", str(LONG_ENOUGH))
    process, began = started(2, "-c", script, tmp_path), time.monotonic()
    while not starts_mpi(tmp_path / "0"):
        assert process.poll() is None, ended(process)
        assert time.monotonic() - began < LONG_ENOUGH
        time.sleep(0.01)
    began = time.monotonic()
    os.kill(int((tmp_path / "0").read_text()), signal.SIGTERM)
    assert ended(process).code != 0
    assert time.monotonic() - began < LONG_ENOUGH / 4


def starts_mpi(written: Path) -> bool:
    """Whether the process whose number was written has loaded MPI, which it starts then."""
    number = written.read_text() if written.exists() else ""
    return number != "" and "libmpi" in Path(f"/proc/{number}/maps").read_text()


FAILING = """\
import os
import nnctl.scale.mpi_steps as steps

def fail(*_):
    raise MemoryError("no room")

if os.environ["PMI_RANK"] == "FAILING":
    steps.SharedSteps._add_up = fail
from nnctl.cli.app import main
main()
"""


@needs_mpi
@pytest.mark.parametrize("rank", [0, 1])
def test_a_rank_that_fails_in_a_step_ends_the_job(tmp_path: Path, rank: int) -> None:
    write_training(tmp_path)
    command = ("train", tmp_path / "run.yaml", "--runs-dir", tmp_path, "--quiet", "--no-plots")
    outcome = mpiexec(2, "-c", FAILING.replace("FAILING", str(rank)), *command)
    assert (outcome.code, outcome.out) == (1, f"{tmp_path}/run\n")
    assert "MemoryError" in outcome.err
    assert ("error: rank 1 of 2 failed: MemoryError: no room" in outcome.err) == (rank == 1)
    assert resume_experiment(RunDirectory(tmp_path / "run")).assembly.trainer.epoch == 0


@needs_mpi
def test_ranks_that_a_batch_has_no_row_for_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_samples(tmp_path)
    outcome = mpiexec(2, *NNCTL, "train", "and.yaml", "--quiet", "--no-plots")
    assert (outcome.code, outcome.out) == (0, "runs/and\n")
    assert "note: a batch has 1 row: 1 of 2 ranks has none of it" in outcome.err.splitlines()
    expected = nnctl("train", "and.yaml", "--name", "alone", "--quiet", "--no-plots")
    assert expected.code == 0
    names = ("metrics.csv", "checkpoints/best.npz")
    for name in names:
        assert Path("runs/and", name).read_bytes() == Path("runs/alone", name).read_bytes()
