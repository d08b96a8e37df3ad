from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from nnctl.config import load_config
from nnctl.errors import RunError
from nnctl.runs.checkpoint import read_checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.training.experiment import start_experiment
from nnctl.training.resuming import newest_checkpoint
from tests.cli.commands import nnctl
from tests.durability.checking import PROMISED
from tests.durability.children import QUIETLY
from tests.durability.trainings import digest, write_training

EPOCHS_BEFORE_THE_END = 3
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut off": lambda data: data[: len(data) // 2],
    "empty": lambda data: data[:0],
    "a flipped bit": lambda data: data[:700] + bytes([data[700] ^ 4]) + data[701:],
    "zeros, as after a power failure": lambda data: bytes(len(data)),
    "longer": lambda data: data + b"\0",
}
STRIDE = 61  # from one damage to the next that is followed to the checkpoint before


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was left after some epochs, so that its two last checkpoints differ."""
    directory = tmp_path_factory.mktemp("interrupted")
    config = load_config(write_training(directory))
    experiment = start_experiment(config, directory / "runs")
    with closing(experiment.epochs()) as epochs:
        for _ in zip(range(EPOCHS_BEFORE_THE_END), epochs, strict=False):
            pass
    run = experiment.run
    assert run.last.read_bytes() != run.previous.read_bytes()
    return run.path


@pytest.fixture(scope="module")
def uninterrupted(interrupted: Path) -> dict[str, str]:
    """Return the digests of the files of a run that came to its end at once."""
    config = interrupted.parents[1] / "run.yaml"
    runs_dir = interrupted.parent
    words = ("train", config, "--runs-dir", runs_dir, "--name", "whole", *QUIETLY)
    assert nnctl(*words).code == 0
    return digests(runs_dir / "whole")


def digests(run: Path) -> dict[str, str]:
    return {name: digest(run / name) for name in PROMISED}


@pytest.fixture
def run(interrupted: Path, tmp_path: Path) -> RunDirectory:
    """Return a copy of the interrupted run."""
    return RunDirectory(Path(shutil.copytree(interrupted, tmp_path / "run")))


def truncated(path: Path) -> Iterator[int]:
    """Cut the last byte off a file, again and again; yield how long it is now."""
    for length in reversed(range(path.stat().st_size)):
        os.truncate(path, length)
        yield length


def flipped(path: Path) -> Iterator[int]:
    """Flip a bit of each byte in turn, and back; yield which byte.

    All bits of a smaller checkpoint are flipped in tests/runs/test_checkpoint.py.
    """
    with path.open("r+b", buffering=0) as file:
        for place, byte in enumerate(path.read_bytes()):
            for changed in (byte ^ 1 << place % 8, byte):
                file.seek(place)
                file.write(bytes([changed]))
                if changed != byte:
                    yield place


@pytest.mark.parametrize("damages", [truncated, flipped])
def test_no_damaged_checkpoint_of_a_training_is_taken_for_a_whole_one(
    run: RunDirectory, damages: Callable[[Path], Iterator[int]]
) -> None:
    size, found = run.last.stat().st_size, 0
    for _ in damages(run.last):
        with pytest.raises(RunError, match=r"last\.npz: is (damaged|an empty|no checkpoint)"):
            read_checkpoint(run.last)
        found += 1
    assert found == size


@pytest.mark.parametrize("damages", [truncated, flipped])
def test_a_damaged_last_checkpoint_leads_to_the_one_before(
    run: RunDirectory, damages: Callable[[Path], Iterator[int]]
) -> None:
    epoch = newest_checkpoint(run)[0].metadata["epoch"]
    for place in damages(run.last):
        if place % STRIDE == 0:
            checkpoint, notices = newest_checkpoint(run)
            assert checkpoint.metadata["epoch"] < epoch
            assert len(notices) == 1


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_run_whose_last_checkpoint_is_damaged_ends_in_the_same_bytes(
    run: RunDirectory, uninterrupted: dict[str, str], damage: str
) -> None:
    run.last.write_bytes(DAMAGES[damage](run.last.read_bytes()))
    outcome = nnctl("resume", run.path, *QUIETLY)
    assert (outcome.code, outcome.out) == (0, f"{run.path}\n")
    assert f"going on from {run.previous}, of epoch " in outcome.err
    assert digests(run.path) == uninterrupted


def test_a_run_whose_last_checkpoint_is_missing_ends_in_the_same_bytes(
    run: RunDirectory, uninterrupted: dict[str, str]
) -> None:
    run.last.unlink()
    assert nnctl("resume", run.path, *QUIETLY).code == 0
    assert digests(run.path) == uninterrupted


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_run_whose_checkpoints_are_both_damaged_is_refused_and_left_as_it_is(
    run: RunDirectory, damage: str
) -> None:
    for path in (run.last, run.previous):
        path.write_bytes(DAMAGES[damage](path.read_bytes()))
    with pytest.raises(RunError):
        newest_checkpoint(run)
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    outcome = nnctl("resume", run.path, *QUIETLY)
    assert (outcome.code, outcome.out) == (4, "")
    assert all(line.startswith("error: ") for line in outcome.err.splitlines())
    assert before == {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}


def test_a_history_that_a_kill_cut_off_is_written_anew(
    run: RunDirectory, uninterrupted: dict[str, str]
) -> None:
    run.metrics.write_bytes(run.metrics.read_bytes()[:-5])
    assert nnctl("resume", run.path, *QUIETLY).code == 0
    assert digests(run.path) == uninterrupted
