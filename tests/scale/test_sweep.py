from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from nnctl.config import load_config
from nnctl.errors import RunError, StorageError
from nnctl.runs.directory import RunDirectory
from nnctl.runs.lock import hold_run
from nnctl.runs.status import run_status
from nnctl.scale.pool import Member, Pool
from nnctl.scale.sweep import MOST_DEATHS
from nnctl.training.experiment import start_experiment
from tests.cli.samples import write_samples
from tests.scale.samples import (
    PROMISED,
    RATE,
    SWEEP,
    UNITS,
    contents,
    resumed,
    started,
    swept,
    trained,
)


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return what a sweep leaves that nothing disturbed."""
    sweep = swept(tmp_path_factory.mktemp("straight"))
    assert sweep.status == "finished"
    return contents(sweep.directory.path)


def test_a_trial_is_the_run_that_train_makes_of_its_config(
    tmp_path: Path, straight: dict[str, bytes]
) -> None:
    sweep = started(tmp_path)
    parameters = sweep.open_chooser(1).parameters(2)
    words = [f"{key}={value}" for key, value in parameters.items()]
    experiment = start_experiment(load_config(tmp_path / "moons.yaml", words), tmp_path / "alone")
    for _ in experiment.epochs():
        pass
    experiment.finish()
    for name in PROMISED:
        alone = (experiment.run.path / name).read_bytes()
        of_the_sweep = straight[f"trial-002/{name}"]
        if name == "summary.json":
            alone = alone.replace(b'"moons"', b'"trial-002"')
        assert alone == of_the_sweep, name


@pytest.mark.parametrize("workers", [1, 3])
def test_the_number_of_workers_changes_nothing(
    workers: int, tmp_path: Path, straight: dict[str, bytes]
) -> None:
    text = SWEEP.replace("workers: 2", f"workers: {workers}")
    found = contents(swept(tmp_path, text).directory.path)
    assert yaml.safe_load(found.pop("sweep.yaml"))["workers"] == workers
    expected = dict(straight)
    del expected["sweep.yaml"]
    assert found == expected


def test_the_best_config_is_ready_to_train_and_gives_the_trial_again(
    tmp_path: Path, straight: dict[str, bytes]
) -> None:
    record = json.loads(straight["sweep.json"])
    assert record["best"]["value"] == min(
        entry["metrics"]["validation_loss"] for entry in record["results"]
    )
    best = tmp_path / "best.yaml"
    best.write_bytes(straight["best.yaml"])
    first = best.read_text().splitlines()[0]
    value, trial = record["best"]["value"], record["best"]["run"]
    assert first.endswith(f"the best of 5: validation_loss {value:.6g}, with")
    config = load_config(best)
    assert config.optimizer.learning_rate == record["best"]["parameters"][RATE]
    assert config.model.hidden[0].units == record["best"]["parameters"][UNITS]
    experiment = start_experiment(config, tmp_path)
    for _ in experiment.epochs():
        pass
    assert experiment.run.last.read_bytes() == straight[f"{trial}/checkpoints/last.npz"]


def test_a_worker_that_is_killed_is_replaced_and_its_trial_goes_on(
    tmp_path: Path, straight: dict[str, bytes]
) -> None:
    sweep, killed = started(tmp_path), list[int]()
    with closing(sweep.results()) as results:
        for _ in results:
            assert sweep.pool is not None
            for member in sweep.pool.busy if len(killed) < 2 else ():
                os.kill(member.process.pid, signal.SIGKILL)
                killed.append(member.process.pid)
    assert len(killed) >= 2
    assert contents(sweep.directory.path) == straight


def test_a_trial_whose_worker_dies_again_and_again_is_given_up_and_tried_once_more_by_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, straight: dict[str, bytes]
) -> None:
    give = Pool.give

    def deadly(pool: Pool, member: Member, trials: Mapping[int, Any], *rest: Any) -> None:
        give(pool, member, trials, *rest)
        if 3 in trials:
            os.kill(member.process.pid, signal.SIGKILL)

    with monkeypatch.context() as patched:
        patched.setattr(Pool, "give", deadly)
        sweep = swept(tmp_path)
    assert sweep.status == "finished"
    failed = sweep.ended[3]
    assert failed.status == "failed"
    assert failed.error == f"its process ended by signal 9, {MOST_DEATHS} times"
    assert sweep.ended.keys() == {1, 2, 3, 4, 5}
    assert sum(result.status == "finished" for result in sweep.in_order) == 4
    again = resumed(sweep)
    assert again.left == [3]
    assert contents(trained(again).directory.path) == straight


def test_what_cannot_be_is_recorded_and_the_sweep_goes_on(tmp_path: Path) -> None:
    text = (
        SWEEP.replace("{log_uniform: [0.001, 0.1]}", "{choice: [0.01, -1, 1.0e+30]}")
        .replace("trials: 5", "search: grid")
        .replace("{int: [2, 8]}", "{choice: [4]}")
    )
    sweep = swept(tmp_path, text)
    assert sweep.notices == (
        "trial 2 cannot be trained: optimizer.learning_rate must be greater than 0 (received -1)",
    )
    assert {n: result.status for n, result in sweep.ended.items()} == {
        1: "finished", 2: "invalid", 3: "diverged",
    }  # fmt: skip
    assert sweep.ended[2].error == "optimizer.learning_rate must be greater than 0 (received -1)"
    assert "training diverged in epoch 1" in str(sweep.ended[3].error)
    assert sweep.record()["best"]["trial"] == 1
    rows = sweep.directory.results.read_text().splitlines()
    assert rows[0].startswith("trial,status,optimizer.learning_rate,model.hidden.0.units,epochs")
    assert [row.split(",")[:2] for row in rows[1:]] == [
        ["1", "finished"], ["2", "invalid"], ["3", "diverged"],
    ]  # fmt: skip
    assert resumed(sweep).left == []


def test_a_pause_keeps_what_is_done_and_resume_ends_as_if_there_had_been_none(
    tmp_path: Path, straight: dict[str, bytes]
) -> None:
    sweep = started(tmp_path)
    with closing(sweep.results()) as results:
        next(results)
        sweep.pause()
        assert len([*results]) <= 2  # those that were in their last step
    assert sweep.status == "interrupted"
    assert json.loads(sweep.directory.record.read_text())["status"] == "interrupted"
    for trial in sweep.directory.path.glob("trial-*"):
        assert run_status(RunDirectory(trial)) in ("finished", "interrupted", "trained")
    assert contents(trained(resumed(sweep)).directory.path) == straight


def test_trials_that_ended_unheard_are_not_trained_again(
    tmp_path: Path, straight: dict[str, bytes]
) -> None:
    sweep = swept(tmp_path)
    record = json.loads(sweep.directory.record.read_text())
    kept = [entry for entry in record["results"] if entry["trial"] == 4]
    sweep.directory.record.write_text(json.dumps(record | {"results": kept}))
    starts = {p.parent.name: p.read_bytes() for p in sweep.directory.path.glob("*/run.json")}
    again = resumed(sweep)
    assert again.left == [1, 2, 3, 5]
    assert contents(trained(again).directory.path) == straight
    for name, before in starts.items():
        assert (sweep.directory.path / name / "run.json").read_bytes() == before


@pytest.mark.parametrize("status", ["interrupted", "finished"])
def test_a_trial_that_was_trained_otherwise_is_not_taken_for_one_of_the_sweep(
    status: str, tmp_path: Path
) -> None:
    sweep = swept(tmp_path, SWEEP.replace("trials: 5", "trials: 1"))
    run, record = sweep.directory.trial(1), sweep.directory.record
    record.write_text(json.dumps(json.loads(record.read_text()) | {"results": []}))
    run.run_json.write_text(run.run_json.read_text().replace('"finished"', f'"{status}"'))
    base = sweep.directory.base
    base.write_text(base.read_text().replace("epochs: 2", "epochs: 3"))
    again = trained(resumed(sweep))
    assert again.ended[1].status == "failed"
    assert again.ended[1].error == (
        "was not trained as the sweep would: training.epochs (3, now 2); remove it, and it is "
        "trained anew"
    )


def test_trials_that_were_made_from_other_values_are_refused(tmp_path: Path) -> None:
    sweep = swept(tmp_path, SWEEP.replace("trials: 5", "trials: 1"))
    described = sweep.directory.sweep
    text = described.read_text()
    described.write_text(text.replace("seed: 4", "seed: 5"))
    with pytest.raises(RunError, match=r"changed: trial 1 had another optimizer.learning_rate;"):
        resumed(sweep)
    described.write_text(text + "  training.epochs: {choice: [2]}\n")
    with pytest.raises(RunError, match=r"changed: trial 1 had another training.epochs; "):
        resumed(sweep)
    described.write_text(text.replace("trials: 1", "trials: 2"))
    assert resumed(sweep).left == [2]  # which follows from its number as before


def test_a_best_trial_whose_run_is_gone_is_told(tmp_path: Path) -> None:
    sweep = swept(tmp_path, SWEEP.replace("trials: 5", "trials: 1"))
    sweep.directory.trial(1).config.unlink()
    with pytest.raises(StorageError, match=r"trial-001/config.yaml: cannot be read \(No such file"):
        trained(resumed(sweep))


def test_data_that_has_changed_is_refused(tmp_path: Path) -> None:
    write_samples(tmp_path)
    rates = "{choice: [0.1, 0.2]}"
    text = f"base: line.yaml\nsearch: grid\nparameters: {{optimizer.learning_rate: {rates}}}\n"
    sweep = swept(tmp_path, text)
    rows = tmp_path / "line.csv"
    rows.write_text(rows.read_text().replace("7", "8"))
    with pytest.raises(RunError, match=r"data.source is other values; restore it"):
        resumed(sweep)


def test_a_sweep_that_is_being_trained_is_left_alone(tmp_path: Path) -> None:
    sweep = started(tmp_path)
    with hold_run(sweep.directory), pytest.raises(RunError, match="another process"):
        trained(resumed(sweep))
