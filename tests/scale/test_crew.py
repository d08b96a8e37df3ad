from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from nnctl.config.sweep_loading import load_sweep
from nnctl.errors import ConfigError, UsageError
from nnctl.runs.machine import usable_processors
from nnctl.scale.crew import available
from tests.cli.commands import nnctl
from tests.scale.samples import SWEEP, write_sweep


def workers_of(directory: Path, workers: str) -> int | str:
    text = SWEEP.replace("workers: 2", f"workers: {workers}")
    return load_sweep(write_sweep(directory, text)).sweep.workers


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("7", 7),
        ("auto", "auto"),
        ("dask://localhost:8786", "dask://localhost:8786"),
        ("dask://[::1]:8786", "dask://[::1]:8786"),
        ("dask:/home/scheduler.json", "dask:/home/scheduler.json"),
    ],
)
def test_workers_are_a_number_or_a_scheduler(written: str, read: int | str, tmp_path: Path) -> None:
    assert workers_of(tmp_path, written) == read


def test_a_scheduler_file_is_relative_to_the_file_of_the_sweep(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    assert workers_of(tmp_path / "below", "dask:../my file.json") == f"dask:{tmp_path}/my file.json"


@pytest.mark.parametrize(
    "workers", ["dask:", "dask://", "dask://host", "dask://host/8786", "dask://a:1/b", "tcp://a:1"]
)
def test_what_names_no_scheduler_is_refused(workers: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"sweep.yaml:5:10: workers must be .*dask://HOST:PORT"):
        workers_of(tmp_path, f"'{workers}'")


def test_trials_that_are_sent_away_are_not_pruned(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"sweep.yaml:6:9: pruner: a trial that a Dask scheduler"):
        workers_of(tmp_path, "dask://localhost:8786\npruner: asha")


def test_without_dask_it_is_told_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"`workers: dask://a:1` needs Dask; install it with `pip"):
        available("dask://a:1")
    assert available(3) == 3
    assert available("auto") == usable_processors()


def test_a_run_that_is_no_sweep_has_no_workers(tmp_path: Path) -> None:
    outcome = nnctl("resume", "latest", "--workers", "2", "--runs-dir", tmp_path)
    assert (outcome.code, outcome.err) == (2, "error: --workers is for sweeps; leave it out\n")
