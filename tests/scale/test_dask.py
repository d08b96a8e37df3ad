from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from nnctl.errors import RunError, UsageError
from nnctl.runs.sweep import SweepDirectory
from nnctl.scale.starting import resume_sweep
from nnctl.scale.sweep import Sweep
from tests.cli.commands import LONG_ENOUGH, environment, nnctl
from tests.scale.dask_machines import IRISES, Cluster, cluster, irises, until
from tests.scale.samples import contents, trained

pytest.importorskip("distributed", reason="the extra `dask` is not installed")
dask_cluster = pytest.importorskip("nnctl.scale.dask_cluster")
FIRST, SECOND = "127.0.0.2", "127.0.0.3"
# Run by a worker before all else.
NO_DATA = """\
from nnctl.data import loading
def read_source(path, *_, **__): raise FileNotFoundError(path)
loading.read_source = read_source
"""
DEADLY = """\
import os
from nnctl.scale.dask_trial import Workplace
Workplace.train = lambda *_: os._exit(1)
"""
OLD = "import numpy; numpy.__version__ = '1.0'"
ENDLESS = IRISES + "set: {training.epochs: 100000000}\n"


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two workers that nobody kills."""
    with cluster(tmp_path_factory.mktemp("machines"), FIRST, SECOND) as found:
        yield found


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return what the sweep leaves that processes of this machine train."""
    return of_trials(trained(irises(tmp_path_factory.mktemp("straight"), 2)))


def of_trials(sweep: Sweep) -> dict[str, bytes]:
    """Return all that must come out alike, but for the directory that a config names."""
    assert sweep.status == "finished"
    place = str(sweep.directory.path.parents[1]).encode()
    found = contents(sweep.directory.path)
    del found["sweep.yaml"]  # which says who trained
    return {name: data.replace(place, b"PLACE") for name, data in found.items()}


def client_of(sweep: Sweep) -> Any:
    """Return the way to the scheduler of a sweep that is being trained."""
    return sweep.pool.client  # type: ignore[union-attr]


def test_workers_on_other_machines_give_what_local_ones_give(
    tmp_path: Path, machines: Cluster, straight: dict[str, bytes]
) -> None:
    sweep = irises(tmp_path, machines.name)
    assert sweep.workers == 2
    assert of_trials(trained(sweep)) == straight
    assert not [*sweep.directory.path.glob(".*")]
    for host in (FIRST, SECOND):
        assert not [*(machines.directory / host).rglob("trial-*")]


def test_a_trial_whose_worker_is_killed_is_trained_elsewhere_and_no_worker_reads_the_data(
    tmp_path: Path, straight: dict[str, bytes]
) -> None:
    (tmp_path / "machines").mkdir()
    (tmp_path / "no_data.py").write_text(NO_DATA)
    with cluster(tmp_path / "machines") as machines:
        for host in (FIRST, SECOND):
            machines.start_worker(host, "--preload", str(tmp_path / "no_data.py"))
        sweep = irises(tmp_path, machines.name)
        with closing(sweep.results()) as results:
            next(results)
            address = next(a for a in client_of(sweep).nthreads() if SECOND in a)
            in_hand = client_of(sweep).processing()[address]
            machines.workers[SECOND].process.send_signal(signal.SIGKILL)
            assert any(str(key).startswith("trial-") for key in in_hand)
            assert len([*results]) == 5
        assert of_trials(sweep) == straight


def test_a_trial_that_costs_workers_their_lives_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, straight: dict[str, bytes]
) -> None:
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")
    (tmp_path / "machines").mkdir()
    (tmp_path / "deadly.py").write_text(DEADLY)
    with cluster(tmp_path / "machines") as machines:
        machines.start_worker(FIRST, "--preload", str(tmp_path / "deadly.py"))
        sweep = irises(tmp_path, machines.name)
        with closing(sweep.results()) as results:
            failed = next(results)
            machines.start_worker(SECOND)
            rest = list(results)
    assert (failed.status, failed.error) == ("failed", "all workers that had it died: 1")
    again = resume_sweep(SweepDirectory(sweep.directory.path), 2)
    assert failed.number in again.left
    assert any(result.status == "finished" for result in rest)
    assert of_trials(trained(again)) == straight


def test_what_cannot_be_trained_is_told_as_by_local_workers(
    tmp_path: Path, machines: Cluster
) -> None:
    text = IRISES.replace("{log_uniform: [0.001, 0.1]}", "{choice: [-1, 1.0e+30, 0.1]}")
    text += "set: {optimizer: sgd, model.hidden.0.activation: relu}\n"
    local, far = (
        trained(irises(tmp_path / name, workers, text))
        for name, workers in (("local", 1), ("far", machines.name))
    )
    assert {result.status for result in far.in_order} >= {"invalid", "diverged"}
    assert far.record() == local.record()
    for number in far.ended:
        runs = [sweep.directory.trial(number).path for sweep in (local, far)]
        first, second = ({path.relative_to(run) for path in run.rglob("*")} for run in runs)
        assert first == second


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_workers_are_free_again_when_a_sweep_ends_early(
    tmp_path: Path, machines: Cluster, number: signal.Signals, code: int
) -> None:
    path = irises(tmp_path / "endless", machines.name, ENDLESS).directory.path  # held no longer
    with subprocess.Popen(
        [sys.executable, "-m", "nnctl", "resume", str(path)],
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        until(lambda: len(in_hand(machines)) == 2)
        process.send_signal(number)
        err = process.communicate(timeout=LONG_ENOUGH)[1]
    assert process.returncode == code
    if number == signal.SIGINT:
        told, last = err.splitlines()[-2:]
        assert told == f"interrupted after 0 of 6 trials; go on with `nnctl resume {path}`"
        assert (last, "Traceback" in err, "distributed" in err) == ("interrupted", False, False)
    until(lambda: not in_hand(machines))
    assert trained(irises(tmp_path / "quick", machines.name)).status == "finished"


def in_hand(machines: Cluster) -> list[Path]:
    """Return the directories in which workers train."""
    return [*machines.directory.glob("127.*/**/trial-*/run.json")]


@pytest.mark.parametrize("far_first", [True, False])
def test_others_may_go_on_with_a_sweep(
    far_first: bool, tmp_path: Path, machines: Cluster, straight: dict[str, bytes]
) -> None:
    first, then = (machines.name, 2) if far_first else (2, machines.name)
    sweep = irises(tmp_path, first)
    with closing(sweep.results()) as results:
        next(results)
        sweep.pause()
        assert len([*results]) < 5
    assert sweep.status == "interrupted"
    again = resume_sweep(SweepDirectory(sweep.directory.path), then)
    assert of_trials(trained(again)) == straight


def test_a_scheduler_that_is_lost_is_told_and_the_sweep_goes_on_later(
    tmp_path: Path, straight: dict[str, bytes]
) -> None:
    (tmp_path / "machines").mkdir()
    with cluster(tmp_path / "machines", FIRST) as machines:
        sweep = irises(tmp_path, machines.name)
        with closing(sweep.results()) as results:
            next(results)
            machines.scheduler.process.send_signal(signal.SIGKILL)
            with pytest.raises(RunError, match=r"scheduler.json is lost, or has given the trials"):
                list(results)
    assert sweep.status == "failed"
    assert json.loads(sweep.directory.record.read_text())["status"] == "failed"
    again = resume_sweep(SweepDirectory(sweep.directory.path), 2)
    assert again.left
    assert of_trials(trained(again)) == straight


def test_a_worker_with_another_numpy_is_refused_before_and_while_a_sweep_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "machines").mkdir()
    (tmp_path / "old.py").write_text(OLD)
    told = r"the worker tcp://127.0.0.2:\d+ has NumPy 1.0 \(here: .*\); install the same versions"
    with cluster(tmp_path / "machines") as machines:
        machines.start_worker(FIRST, "--preload", str(tmp_path / "old.py"))
        with pytest.raises(UsageError, match=told):
            irises(tmp_path, machines.name)
        assert not (tmp_path / "runs").exists()
        monkeypatch.setattr(dask_cluster, "check", lambda *_: None)  # as if it had come later
        with pytest.raises(UsageError, match=told):
            trained(irises(tmp_path, machines.name))


def test_optuna_chooses_the_trials_of_workers_elsewhere(tmp_path: Path, machines: Cluster) -> None:
    pytest.importorskip("optuna", reason="the extra `sweep` is not installed")
    sweep = trained(irises(tmp_path, machines.name, IRISES + "search: tpe\n"))
    assert [result.status for result in sweep.in_order] == ["finished"] * 6
    assert sweep.record()["best"] is not None


def test_the_command_line_takes_a_scheduler_file_that_is_relative_to_where_it_is_called(
    tmp_path: Path, machines: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    irises(tmp_path / "below", 1)
    monkeypatch.chdir(tmp_path)
    Path("here.json").write_bytes(machines.file.read_bytes())
    words = ("--workers", "dask:here.json", "--trials", 2, "--no-plots", "--quiet", "--json")
    outcome = nnctl("sweep", "below/sweep.yaml", *words)
    assert (outcome.code, outcome.err) == (0, "")
    assert json.loads(outcome.out)["status"] == "finished"
    again = nnctl("resume", "irises-sweep", "--workers", "dask:gone.json", "--no-plots")
    assert again.code == 0  # nothing is left for which it would be asked


@pytest.mark.parametrize(
    ("workers", "message"),
    [
        ("dask://127.0.0.1:1", "error: no Dask scheduler answers at dask://127.0.0.1:1 (Timed out"),
        ("dask:gone.json", "gone.json: cannot be read (No such file or directory); write it with"),
        ("dask:iris.yaml", "iris.yaml: is no scheduler file: it holds no `address`; give the one"),
    ],
)
def test_where_no_scheduler_is_nothing_is_left(
    workers: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_cluster, "CONNECT_SECONDS", 0.2)
    irises(tmp_path, 1)
    monkeypatch.chdir(tmp_path)
    outcome = nnctl("sweep", "sweep.yaml", "--workers", workers, "--runs-dir", "none")
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert not Path("none").exists()


def test_a_scheduler_without_workers_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_cluster, "WORKER_SECONDS", 0.2)
    (tmp_path / "machines").mkdir()
    with (
        cluster(tmp_path / "machines") as machines,
        pytest.raises(UsageError, match=r"has no workers; start some with `dask worker tcp://127"),
    ):
        irises(tmp_path, machines.name)
