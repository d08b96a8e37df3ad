"""Trials of one architecture train stacked, and come out as they do one after another."""

from __future__ import annotations

import os
import resource
import signal
import threading
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from nnctl.config import load_config
from nnctl.runs.directory import RunDirectory
from nnctl.runs.status import run_status
from nnctl.scale.pool import Member, Pool
from nnctl.training.experiment import start_experiment
from tests.scale.samples import PROMISED, contents, resumed, started, swept, trained

SWEEP = """\
name: moons
base: moons.yaml
seed: 4
trials: 8
workers: 2
search: random
optimize: validation_loss
set: {optimizer.name: sgd, training.epochs: 4}
parameters:
  optimizer.learning_rate: {log_uniform: [0.01, 0.5]}
  training.seed: {int: [1, 999]}
"""


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return what the sweep leaves that nothing disturbed."""
    sweep = swept(tmp_path_factory.mktemp("straight"), SWEEP)
    assert sweep.status == "finished"
    return contents(sweep.directory.path)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Return the trials that are given to a worker together."""
    orders: list[list[int]] = []
    give = Pool.give

    def noted(pool: Pool, member: Member, trials: Mapping[int, Any], *rest: Any) -> None:
        orders.append([*trials])
        give(pool, member, trials, *rest)

    monkeypatch.setattr(Pool, "give", noted)
    return orders


def assert_as_alone(run: RunDirectory, directory: Path) -> None:
    experiment = start_experiment(load_config(run.config), directory, run.name)
    for _ in experiment.epochs():
        pass
    experiment.finish()
    for name in PROMISED:
        assert (experiment.run.path / name).read_bytes() == (run.path / name).read_bytes(), name


def test_each_worker_trains_its_share_together_and_each_trial_is_a_run_like_any_other(
    tmp_path: Path, given: list[list[int]]
) -> None:
    sweep = swept(tmp_path, SWEEP)
    assert given == [[1, 2, 3, 4], [5, 6, 7, 8]]
    for number in (1, 4, 7):
        assert_as_alone(sweep.directory.trial(number), tmp_path / "alone")


def test_those_of_another_architecture_train_apart(tmp_path: Path, given: list[list[int]]) -> None:
    text = SWEEP.replace("training.seed: {int: [1, 999]}", "model.hidden.0.units: {choice: [3, 4]}")
    sweep = swept(
        tmp_path,
        text.replace("search: random", "search: grid")
        .replace("trials: 8", "")
        .replace("{log_uniform: [0.01, 0.5]}", "{choice: [0.1, 0.2, 0.3, 0.4]}")
        .replace("workers: 2", "workers: 1"),
    )
    units = {n: result.parameters["model.hidden.0.units"] for n, result in sweep.ended.items()}
    assert all(len({units[number] for number in order}) == 1 for order in given)
    assert [len(order) for order in given] == [4, 4]
    for number in sweep.ended:
        assert_as_alone(sweep.directory.trial(number), tmp_path / "alone")


@pytest.mark.parametrize(
    "setting",
    [
        "pruner: median",
        "search: tpe",
        "set: {training.on_divergence: skip_batch}",
        "set: {training.batch_size: 1, model.hidden.0.units: 1200}",
    ],
)
def test_trials_that_learn_from_others_or_gain_nothing_train_alone(
    tmp_path: Path, given: list[list[int]], setting: str
) -> None:
    key = setting.partition(":")[0]
    lines = [line for line in SWEEP.splitlines() if not line.startswith(key)]
    sweep = started(tmp_path, "\n".join([*lines, setting, ""]).replace("trials: 8", "trials: 2"))
    with closing(sweep.results()) as results:
        next(results)
    assert {len(order) for order in given} == {1}


def killing(monkeypatch: pytest.MonkeyPatch, number: int, times: int) -> list[list[int]]:
    """Kill a worker when it is given this trial, so many times; return what is given."""
    orders: list[list[int]] = []
    give = Pool.give

    def deadly(pool: Pool, member: Member, trials: Mapping[int, Any], *rest: Any) -> None:
        orders.append([*trials])
        give(pool, member, trials, *rest)
        if number in trials and sum(number in order for order in orders) <= times:
            os.kill(member.process.pid, signal.SIGKILL)

    monkeypatch.setattr(Pool, "give", deadly)
    return orders


def test_the_trials_of_a_worker_that_died_are_trained_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, straight: dict[str, bytes]
) -> None:
    orders = killing(monkeypatch, 3, times=1)
    sweep = swept(tmp_path, SWEEP)
    assert sorted(orders) == [[1], [1, 2, 3, 4], [2], [3], [4], [5, 6, 7, 8]]
    assert contents(sweep.directory.path) == straight


def test_only_the_trial_that_kills_its_worker_again_and_again_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, straight: dict[str, bytes]
) -> None:
    with monkeypatch.context() as patched:
        killing(patched, 3, times=9)
        sweep = swept(tmp_path, SWEEP)
    failed = [result.number for result in sweep.in_order if result.status == "failed"]
    assert (failed, len(sweep.ended)) == ([3], 8)
    assert contents(trained(resumed(sweep)).directory.path) == straight


def test_a_sweep_that_was_paused_goes_on_to_the_same_end(
    tmp_path: Path, straight: dict[str, bytes]
) -> None:
    sweep = started(tmp_path, SWEEP)
    with closing(sweep.results()) as results:
        next(results)
        sweep.pause()
        assert len([*results]) < 8
    assert contents(trained(resumed(sweep)).directory.path) == straight


def test_stacked_trials_pause_in_the_middle_and_go_on(tmp_path: Path) -> None:
    text = SWEEP.replace("training.epochs: 4", "training.epochs: 4000")
    sweep = started(tmp_path, text)
    history = sweep.directory.trial(1).metrics

    def pause() -> None:
        clock = threading.Event()
        while not history.exists() or history.read_text().count("\n") < 2:
            clock.wait(0.01)
        sweep.pause()

    thread = threading.Thread(target=pause, daemon=True)
    thread.start()
    assert (trained(sweep).status, [*sweep.ended]) == ("interrupted", [])
    thread.join()
    assert run_status(sweep.directory.trial(1)) == "interrupted"
    expected = swept(tmp_path, text, "straight").directory.path
    assert contents(trained(resumed(sweep)).directory.path) == contents(expected)


def test_what_diverges_is_recorded_and_the_others_of_its_stack_are_finished(
    tmp_path: Path, given: list[list[int]]
) -> None:
    text = SWEEP.replace("{log_uniform: [0.01, 0.5]}", "{choice: [0.01, 1.0e+30, 0.1, 0.2, 0.3]}")
    sweep = swept(
        tmp_path,
        text.replace("  training.seed: {int: [1, 999]}\n", "")
        .replace("random", "grid")
        .replace("trials: 8", "")
        .replace("workers: 2", "workers: 1"),
    )
    assert given == [[1, 2, 3, 4, 5]]
    assert [n for n, result in sweep.ended.items() if result.status != "finished"] == [2]
    assert len(sweep.ended) == 5
    assert run_status(sweep.directory.trial(2)) == "diverged"
    assert "training diverged in epoch 1" in (sweep.ended[2].error or "")
    for number in (1, 3, 5):
        assert_as_alone(sweep.directory.trial(number), tmp_path / "alone")


def test_few_alike_trials_train_one_after_another(tmp_path: Path, given: list[list[int]]) -> None:
    swept(tmp_path, SWEEP.replace("trials: 8", "trials: 3"))
    assert sorted(given) == [[1], [2], [3]]


def test_a_disk_that_fails_is_told_of_every_trial_of_the_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = Pool._started

    def limited(pool: Pool) -> Member:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, before[1]))  # as a history outgrows it
        try:
            return start(pool)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    monkeypatch.setattr(Pool, "_started", limited)
    sweep = swept(tmp_path, SWEEP.replace("training.epochs: 4", "training.epochs: 4000"))
    assert [result.status for result in sweep.in_order] == ["failed"] * 8
    assert all("File too large" in str(result.error) for result in sweep.in_order)


def test_a_trial_that_stands_in_no_run_fails_alone(tmp_path: Path) -> None:
    sweep = started(tmp_path, SWEEP)
    place = sweep.directory.trial(2).path
    place.mkdir()
    (place / "notes.txt").touch()
    trained(sweep)
    failed = {n: result.error for n, result in sweep.ended.items() if result.status == "failed"}
    assert failed == {2: "is no run, and stands where a trial is to be"}
