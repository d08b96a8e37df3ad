from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nnctl.config import load_config
from nnctl.errors import DataError, StorageError
from nnctl.runs.checkpoint import read_checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.runs.json_file import read_json
from nnctl.scale.mpi_reading import Read, refuse_differences
from nnctl.training.experiment import start_experiment
from nnctl.training.resuming import resume_experiment
from tests.scale import mpi_sharded_trainings
from tests.scale.mpi_jobs import NNCTL, TOLERANCE, assert_alike, mpiexec, needs_mpi
from tests.scale.mpi_sharded_trainings import NAMES, SHARDED, in_shards
from tests.scale.mpi_trainings import PAUSED, TRAININGS, alone, train, write_training


def dtype_of(name: str) -> str:
    return "float32" if "compute.dtype=float32" in TRAININGS[name] else "float64"


@needs_mpi
@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_ranks_with_shards_train_what_one_process_makes_of_their_batches(
    tmp_path: Path, ranks: int
) -> None:
    write_training(tmp_path)
    mpi_sharded_trainings.train_all(tmp_path, "alone", in_shards(ranks))
    mpi_sharded_trainings.pause_one(tmp_path, "alone", in_shards(ranks))
    outcome = mpiexec(ranks, "-m", "mpi4py", "-m", "tests.scale.mpi_sharded_trainings", tmp_path)
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
    runs, expected = tmp_path / f"ranks-{ranks}", tmp_path / "alone"
    for name in NAMES:
        if name != "diverged":
            assert_alike(runs / name, expected / name, dtype_of(name), name)
            assert_summed_up_alike(runs / name, expected / name, TOLERANCE[dtype_of(name)])
    for name in ("paused", "resumed"):
        assert_alike(runs / name, expected / name, dtype_of(PAUSED), name)
    # Where a number first became infinite, no rank can tell alone.
    told = (runs / "diverged" / "divergence.txt").read_text()
    assert "training diverged in epoch 1, batch 2: the loss became" in told
    one_process_goes_on(runs / "paused", begins_anew=ranks > 1)


def assert_summed_up_alike(run: Path, expected: Path, tolerance: float) -> None:
    """Hold what is measured on all training rows to what one process measures."""
    found, wanted = (read_json(each / "summary.json") for each in (run, expected))
    for values in (found, wanted):
        values["final"] = values.pop("best") | values["final"]
    assert found.pop("final") == pytest.approx(wanted.pop("final"), tolerance)
    assert found == wanted
    baselines = [(each / "checkpoints" / "baselines.npz").read_bytes() for each in (run, expected)]
    assert baselines[0] == baselines[1]


def one_process_goes_on(run: Path, *, begins_anew: bool) -> None:
    """Resume what was paused in the second epoch, of whose rows one process makes other batches."""
    experiment = resume_experiment(RunDirectory(run))
    first, *others = experiment.epochs()
    assert len(first.notices) == begins_anew
    assert all("epoch 2 begins anew: its batches were of" in each for each in first.notices)
    assert not any(result.notices for result in others)


@needs_mpi
def test_a_job_with_sharded_rows_says_so_and_other_ranks_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_training(tmp_path)
    outcome = mpiexec(2, *NNCTL, "train", "run.yaml", "--set", SHARDED, "--no-plots", "--quiet")
    others = "shuffled by themselves: the batches are others than those of one process"
    note = f"note: each of 2 ranks has 27 training rows at most, {others}\n"
    assert (outcome.code, outcome.out, outcome.err) == (0, "runs/run\n", note)
    longer = "training.epochs=7"
    outcome = mpiexec(3, *NNCTL, "resume", "--set", longer, "runs/run", "--no-plots", "--quiet")
    assert (outcome.code, outcome.out, outcome.err) == (
        *(0, "runs/run\n"),
        note.replace("2 ranks has 27", "3 ranks has 18"),
    )
    expected = Path("runs/expected")
    config = load_config("run.yaml", [SHARDED])
    train(start_experiment(config, Path("runs"), expected.name), in_shards(2))
    train(resume_experiment(RunDirectory(expected), [longer]), in_shards(3))
    assert_alike(Path("runs/run"), expected, "float64", "resumed")


def job_in_two_places(directory: Path) -> tuple[str, ...]:
    """Return the arguments of a job whose second rank finds other rows under the same path."""
    job = (*NNCTL, "train", "run.yaml", "--set", SHARDED)
    for name in ("here", "there"):
        place = directory / name
        place.mkdir()
        write_training(place)
        config = (place / "run.yaml").read_text()
        (place / "run.yaml").write_text(config.replace("rows.csv", "/proc/self/cwd/rows.csv"))
    return (*job, ":", "-n", "1", "-wdir", str(directory / "there"), sys.executable, *job)


REFUSED = {
    "other rows": "rank 1 of 2 has other rows here than rank 0: other values; give all the same",
    "no rows": "rank 1 of 2: /proc/self/cwd/rows.csv: the data does not exist",
}


@needs_mpi
@pytest.mark.parametrize("there", REFUSED)
def test_a_rank_that_reads_other_rows_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: str
) -> None:
    job, rows = job_in_two_places(tmp_path), tmp_path / "there" / "rows.csv"
    if there == "no rows":
        rows.unlink()
    else:
        header, first, others = rows.read_text().split("\n", 2)
        rows.write_text("\n".join([header, f"1{first}", others]))
    monkeypatch.chdir(tmp_path / "here")
    outcome = mpiexec(1, *job)
    assert (outcome.code, outcome.out) == (3, "")
    (line,) = outcome.err.splitlines()
    assert line.startswith("error: ")
    assert REFUSED[there] in line
    assert not Path("runs").exists()


KNOWN = {"rows": 5, "columns": {"x": "number"}, "sha256": "a"}
UNEQUAL = {
    "others": (Read(source=KNOWN | {"rows": 4}), DataError, "has other rows here than rank 0: 4"),
    "division": (Read(source=KNOWN, division=8), DataError, "divides the rows otherwise than rank"),
    "failure": (Read((StorageError, "no room")), StorageError, "rank 1 of 2: no room"),
}


@pytest.mark.parametrize("case", UNEQUAL)
def test_what_ranks_have_read_otherwise_is_an_error(tmp_path: Path, case: str) -> None:
    write_training(tmp_path)
    config = load_config(tmp_path / "run.yaml")
    first = Read(source=KNOWN, division=7)
    refuse_differences(config, [first, first])
    other, kind, message = UNEQUAL[case]
    with pytest.raises(kind, match=message):
        refuse_differences(config, [first, other])


def test_what_a_generator_makes_otherwise_is_laid_to_numpy(tmp_path: Path) -> None:
    write_training(tmp_path)
    config = load_config(tmp_path / "run.yaml", ["data={generator: moons}"])
    with pytest.raises(DataError, match="other values; give all the same NumPy"):
        refuse_differences(config, [Read(source=KNOWN), Read(source=KNOWN | {"sha256": "b"})])


def test_one_process_makes_the_same_of_sharded_rows(tmp_path: Path) -> None:
    write_training(tmp_path)
    for name, rows in (("shared", "compute.rows=shared"), ("sharded", SHARDED)):
        config = load_config(tmp_path / "run.yaml", [rows])
        train(start_experiment(config, tmp_path, name), alone)
    runs = [tmp_path / name for name in ("shared", "sharded")]
    histories = [(run / "metrics.csv").read_bytes() for run in runs]
    assert histories[0] == histories[1]
    checkpoints = [read_checkpoint(run / "checkpoints" / "last.npz") for run in runs]
    for name, array in checkpoints[0].arrays.items():
        assert array.tobytes() == checkpoints[1].arrays[name].tobytes()


def test_an_epoch_in_other_shards_begins_anew(tmp_path: Path) -> None:
    write_training(tmp_path)
    mpi_sharded_trainings.pause_one(tmp_path, "alone", in_shards(3))
    one_process_goes_on(tmp_path / "alone" / "paused", begins_anew=True)
