from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnctl.errors import RunError
from nnctl.nn.activations import Identity
from nnctl.nn.layout import LayerSpec
from nnctl.nn.network import Network
from nnctl.runs.checkpoint import read_checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.training import trajectory
from nnctl.training.inference import load_model, models_over_epochs, with_chosen
from nnctl.training.resuming import resume_experiment
from nnctl.training.trajectory import MOST_BYTES, MOST_SNAPSHOTS, Trajectory, no_trajectory
from tests.training.experiments import Settings, classification, started, trained
from tests.training.pauses import contents, paused, resumed, straight, with_other_arrays

BATCHES = 3
HIDDEN = [{"units": 4, "normalization": "batch"}]
SMALL: Settings = {
    **classification({"name": "moons", "samples": 40}, model={"hidden": HIDDEN}),
    "name": "it",
    "training": {"epochs": 5, "batch_size": 15},
}


def network_of(n_units: int) -> Network:
    """One with n_units + 1 parameters, and no state."""
    return Network(n_units, [LayerSpec(1, Identity())])


def taken(epochs: int, network: Network) -> Trajectory:
    """What is kept of so many epochs; the parameters after an epoch are its number."""
    found = no_trajectory(network)
    for epoch in range(epochs + 1):
        if found.is_due(epoch):
            network.parameters[...] = epoch
            found = found.joined_by(epoch, network)
    return found


@pytest.mark.parametrize(
    ("epochs", "interval"),
    [(0, 1), (1, 1), (63, 1), (64, 2), (126, 2), (128, 4), (5000, 128), (63 * 1024, 1024)],
)
def test_snapshots_are_evenly_spaced_and_never_too_many(epochs: int, interval: int) -> None:
    found = taken(epochs, network_of(3))
    assert [*found.epochs] == list(range(0, epochs + 1, interval))
    assert len(found.epochs) <= MOST_SNAPSHOTS
    assert [each.tolist() for each in found.parameters] == [[epoch] * 4 for epoch in found.epochs]


@pytest.mark.parametrize(
    ("share", "kept"),
    [
        (2, [0, 64]),
        (3, [0, 64]),
        (4, [0, 32, 64, 96]),
        (7, [0, 16, 32, 48, 64, 80, 96]),
        (1.5, []),
        (0.5, []),
    ],
)
def test_of_a_large_network_fewer_are_kept_and_of_a_huge_one_none(
    share: float, kept: list[int]
) -> None:
    """`share` is how many of the network make up the largest size."""
    network = network_of(int(MOST_BYTES / 4 / share) - 1)
    found = taken(100, network)
    assert [*found.epochs] == kept
    assert sum(each.nbytes for each in found.parameters) <= MOST_BYTES


def test_the_snapshots_of_a_run_are_its_networks_after_those_epochs(tmp_path: Path) -> None:
    experiment = started(tmp_path, SMALL)
    network = experiment.assembly.trainer.network
    expected = [(network.parameters.copy(), network.state.copy())]
    expected += [(network.parameters.copy(), network.state.copy()) for _ in experiment.epochs()]
    models = models_over_epochs(experiment.run.last)
    assert [model.epoch for model in models] == [0, 1, 2, 3, 4, 5]
    for model, (parameters, state) in zip(models, expected, strict=True):
        assert model.network.parameters.tobytes() == parameters.tobytes()
        assert model.network.state.tobytes() == state.tobytes()
    rows = experiment.dataset.train.inputs
    now = load_model(experiment.run.last)
    assert models[-1].outputs(rows).tobytes() == now.outputs(rows).tobytes()
    assert models[0].outputs(rows).tobytes() != now.outputs(rows).tobytes()


def test_the_last_network_is_there_where_its_epoch_was_thinned_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trajectory, "MOST_SNAPSHOTS", 3)
    models = models_over_epochs(trained(tmp_path, SMALL).run.last)
    assert [model.epoch for model in models] == [0, 2, 4, 5]


def epochs_in(run: RunDirectory) -> list[int]:
    found: list[int] = read_checkpoint(run.last).arrays["trajectory_epochs"].tolist()
    return found


@pytest.mark.parametrize("batch", range(1, 15))
def test_a_run_paused_once_has_the_trajectory_of_the_run_that_never_paused(
    tmp_path: Path, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trajectory, "MOST_SNAPSHOTS", 4)
    monkeypatch.chdir(tmp_path)
    run = paused(started(tmp_path, SMALL), batch)
    finished = batch // BATCHES
    assert epochs_in(run) == [
        epoch for epoch in range(finished + 1) if finished < 4 or not epoch % 2
    ]
    resumed(run)
    assert epochs_in(run) == [0, 2, 4]
    assert contents(run) == contents(straight(tmp_path / "straight", SMALL))


def test_of_a_run_without_a_trajectory_the_network_as_it_is_remains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older nnctl wrote none; from where the run goes on there is one."""
    monkeypatch.chdir(tmp_path)
    run = paused(started(tmp_path, SMALL), 2 * BATCHES)
    with_other_arrays(run, lambda name, array: None if name.startswith("traj") else array)
    assert [model.epoch for model in models_over_epochs(run.last)] == [2]
    resumed(run)
    assert [model.epoch for model in models_over_epochs(run.last)] == [3, 4, 5]


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("trajectory_parameters", lambda array: array[:, 1:], "numbers an epoch"),
        ("trajectory_parameters", lambda array: array * np.nan, "numbers an epoch"),
        ("trajectory_state", lambda array: array[1:], "numbers an epoch"),
        ("trajectory_epochs", lambda array: array[::-1], "the epochs up to 2"),
        ("trajectory_epochs", lambda array: array + 1, "the epochs up to 2"),
        ("trajectory_epochs", lambda array: array - 1, "the epochs up to 2"),
        ("trajectory_state", lambda _: None, "trajectory_state"),
    ],
)
def test_a_trajectory_of_another_training_is_refused(
    tmp_path: Path, name: str, change: object, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = paused(started(tmp_path, SMALL), 2 * BATCHES)
    assert callable(change)
    with_other_arrays(run, lambda own, array: change(array) if own == name else array)
    with pytest.raises(RunError, match=message):
        models_over_epochs(run.last)
    with pytest.raises(RunError, match=message):
        resume_experiment(run)


def test_the_best_weights_of_a_full_batch_stand_for_their_epoch(tmp_path: Path) -> None:
    """They are those from before its step; the trajectory has those from after it."""
    training = {"epochs": 5, "batch_size": "full"}
    run = trained(tmp_path, {**SMALL, "training": training}).run
    models, best = models_over_epochs(run.last), load_model(run.best)
    after = models[best.epoch].network.parameters
    assert best.network.parameters.tobytes() != after.tobytes()
    shown = with_chosen(reversed(models), best)
    assert [model.epoch for model in shown] == [0, 1, 2, 3, 4, 5]
    assert shown[best.epoch] is best
    assert [*shown[: best.epoch], *shown[best.epoch + 1 :]] == [
        model for model in models if model.epoch != best.epoch
    ]
