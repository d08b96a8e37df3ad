"""A trial that diverges late has a row with the epochs that it had."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from nnctl.config.sweep_loading import load_sweep
from nnctl.runs.history import read_history
from nnctl.runs.json_file import read_json, write_json
from nnctl.scale.starting import start_sweep
from nnctl.scale.sweep import Sweep
from tests.scale.samples import resumed, trained

# Inputs far above zero: of these seeds 9 and 11 lose their way, 9 after a whole epoch.
ROWS = "x,y\n" + "".join(f"{900 + n},{n % 3}\n" for n in range(12))
BASE = """\
data: {source: steep.csv, target: y, scaling: none, target_scaling: none}
model: {hidden: [{units: 1, activation: leaky_relu}]}
loss: mean_squared_error
optimizer: {name: sgd, learning_rate: 0.001}
training: {epochs: 3, batch_size: 4}
seed: 9
"""
SWEEP = """\
base: steep.yaml
search: grid
workers: 1
parameters: {training.seed: {choice: [9, 10, 11]}}
"""


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    """A sweep of three trials, of which the first and the last diverge."""
    for name, text in (("steep.csv", ROWS), ("steep.yaml", BASE), ("sweep.yaml", SWEEP)):
        (tmp_path / name).write_text(text)
    return trained(start_sweep(load_sweep(tmp_path / "sweep.yaml"), tmp_path / "runs"))


def test_a_trial_that_diverges_has_the_epochs_that_it_had(sweep: Sweep) -> None:
    with sweep.directory.results.open(newline="") as file:
        rows = [*csv.DictReader(file)]
    assert [(row["status"], row["epochs"]) for row in rows] == [
        ("diverged", "1"),
        ("finished", "3"),
        ("diverged", "0"),
    ]
    for row in rows:
        history = read_history(sweep.directory.trial(int(row["trial"])).metrics)
        assert len(history["epoch"]) == int(row["epochs"])
    assert "diverged in epoch 2" in rows[0]["error"]


def test_one_of_which_nobody_heard_that_it_diverged_does_so_again_alike(sweep: Sweep) -> None:
    before = sweep.directory.results.read_bytes(), sweep.directory.record.read_bytes()
    record = read_json(sweep.directory.record)
    record["results"] = [each for each in record["results"] if each["trial"] == 2]
    write_json(sweep.directory.record, record | {"status": "running"})
    trained(resumed(sweep))
    assert (sweep.directory.results.read_bytes(), sweep.directory.record.read_bytes()) == before
