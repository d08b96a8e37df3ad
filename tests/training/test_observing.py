from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.data.arrays import FloatArray
from nnctl.errors import RunError
from nnctl.nn.activations import ACTIVATIONS
from nnctl.runs.checkpoint import read_checkpoint
from nnctl.training import observing
from nnctl.training.loop import Trainer
from nnctl.training.observing import (
    LARGEST_SLOPES,
    MEASURES,
    MOST_ROWS,
    RECTIFIERS,
    Observer,
    flat_shares,
    norm,
)
from nnctl.training.resuming import resume_experiment
from tests.training.experiments import (
    FLOAT64,
    Settings,
    classification,
    regression,
    started,
    trained,
    write_csv,
)
from tests.training.pauses import (
    contents,
    ended,
    paused,
    resumed,
    straight,
    with_other_arrays,
)

HIDDEN = [
    {"units": 6, "activation": "relu", "normalization": "batch", "dropout": 0.4},
    {"units": 3, "activation": "tanh"},
]
EPOCHS, BATCHES = 4, 3
SMALL: Settings = {
    **classification({"name": "moons", "samples": 40}, model={"hidden": HIDDEN}),
    "name": "it",
    "training": {"epochs": EPOCHS, "batch_size": 15},
}


@pytest.fixture
def _every_epoch_is_cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let small trainings be observed as often as long ones."""
    monkeypatch.setattr(observing, "SHARE_OF_STEPS", 1e9)


def observer_of(directory: Path, settings: Settings = SMALL) -> Observer:
    return started(directory, settings).assembly.trainer.observer


def seen_by(trainer: Trainer, measure: str) -> list[list[float]]:
    found: list[list[float]] = trainer.observer.observations.of(measure).tolist()
    return found


@pytest.mark.usefixtures("_every_epoch_is_cheap")
def test_epochs_further_and_further_apart_are_observed(tmp_path: Path) -> None:
    observer = observer_of(tmp_path)
    due = [epoch for epoch in range(1, 100) if observer.is_due(epoch)]
    assert due == [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96]
    assert sum(observer.is_due(epoch) for epoch in range(1, 1_000_000)) < 64


@pytest.mark.parametrize(
    ("batch_size", "cost"), [("full", 1.5), (20, 2.0), (10, 3.0), (1, observing.MOST_STEPS)]
)
def test_all_but_the_first_observation_take_a_small_share_of_the_steps(
    tmp_path: Path, batch_size: Any, cost: float
) -> None:
    training = {"epochs": 400, "batch_size": batch_size}
    trainer = trained(tmp_path, {**SMALL, "training": training, "model": {}}).assembly.trainer
    epochs = trainer.observer.observations.epochs.tolist()
    assert trainer.observer.cost == cost
    assert epochs[0] == 1
    assert len(epochs) > 3
    for count, epoch in enumerate(epochs[1:], 2):
        steps = epoch * trainer.steps.batches_in_epoch
        assert count * cost <= observing.SHARE_OF_STEPS * steps


@pytest.mark.usefixtures("_every_epoch_is_cheap")
def test_to_be_observed_changes_no_number_of_a_training(tmp_path: Path) -> None:
    """Batch normalization counts, and dropout draws, as if nobody had looked."""
    runs = []
    for name, is_due in (("observed", lambda _: True), ("left alone", lambda _: False)):
        experiment = started(tmp_path / name, SMALL)
        experiment.assembly.trainer.observer.is_due = is_due  # type: ignore[method-assign]
        runs.append(ended(experiment))
    observed, alone = (read_checkpoint(run.last).arrays for run in runs)
    assert [len(arrays["observed_epochs"]) for arrays in (observed, alone)] == [EPOCHS, 0]
    for name in observed.keys() - {"observed_epochs", "observations"}:
        assert observed[name].tobytes() == alone[name].tobytes(), name
    for name in ("metrics", "best"):
        one, other = (getattr(run, name).read_bytes() for run in runs)
        assert one == other


@pytest.mark.usefixtures("_every_epoch_is_cheap")
@pytest.mark.parametrize("batch", range(1, EPOCHS * BATCHES))
def test_a_run_paused_once_has_observed_what_the_run_that_never_paused_has(
    tmp_path: Path, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = paused(started(tmp_path, SMALL), batch)
    assert read_checkpoint(run.last).arrays["observed_epochs"].tolist() == [
        *range(1, batch // BATCHES + 1)
    ]
    resumed(run)
    expected = straight(tmp_path / "straight", SMALL)
    assert contents(run) == contents(expected)
    assert read_checkpoint(run.last).arrays["observed_epochs"].tolist() == [1, 2, 3, 4]


@pytest.mark.usefixtures("_every_epoch_is_cheap")
@pytest.mark.parametrize("epoch", range(EPOCHS + 1))
def test_a_run_killed_after_any_save_observes_the_same(
    tmp_path: Path, epoch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a kill leaves: the checkpoints of an epoch, and rows of later ones in the history."""
    monkeypatch.chdir(tmp_path)
    experiment = started(tmp_path, SMALL)
    run = experiment.run if epoch == 0 else paused(experiment, epoch * BATCHES)
    shutil.copytree(run.checkpoints, tmp_path / "kept")
    resumed(run)
    shutil.rmtree(run.checkpoints)
    (tmp_path / "kept").rename(run.checkpoints)
    resumed(run)
    assert contents(run) == contents(straight(tmp_path / "straight", SMALL))


@pytest.mark.usefixtures("_every_epoch_is_cheap")
def test_a_run_of_an_older_nnctl_is_observed_from_where_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = paused(started(tmp_path, SMALL), 2 * BATCHES)
    with_other_arrays(run, lambda name, array: None if name.startswith("observ") else array)
    resumed(run)
    assert read_checkpoint(run.last).arrays["observed_epochs"].tolist() == [3, 4]


@pytest.mark.usefixtures("_every_epoch_is_cheap")
def test_observations_of_another_network_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = paused(started(tmp_path, SMALL), BATCHES)
    with_other_arrays(run, lambda name, array: array[:, 1:] if name == "observations" else array)
    with pytest.raises(RunError, match=r"observations have shape \(1, 2, 7\), not \(1, 3, 7\)"):
        resume_experiment(run)


def initial(weights: Any, biases: Any) -> Settings:
    return {
        "initializer": {"name": "values", "weights": weights},
        "bias_initializer": {"name": "values", "biases": biases},
    }


def test_what_is_observed_of_a_layer_is_what_its_rows_give(tmp_path: Path) -> None:
    """Of two units one is off for both rows: 1 x - 3 is below 0; the other gives 2 and 4."""
    path = write_csv(tmp_path, "x y\n 1 1\n 2 2")
    layer = {"units": 2, "activation": "relu", **initial([[2, 1]], [0, -3])}
    settings = regression(
        path,
        model={"hidden": [layer], "output": initial([[0.5], [7]], [0.25])},
    )
    experiment = started(tmp_path, settings)
    observer = experiment.assembly.trainer.observer
    hidden, output = (dict(zip(MEASURES, row, strict=True)) for row in observer.look().tolist())
    a = np.array([[2.0, 0.0], [4.0, 0.0]])
    assert hidden["activation_mean"] == a.mean() == 1.5
    assert hidden["activation_spread"] == pytest.approx(a.std(), rel=1e-14)
    assert hidden["dead"] == 0.5
    errors = a @ [[0.5], [7]] + 0.25 - [[1], [2]]
    assert output["gradient_norm"] == pytest.approx(norm((a.T @ errors).ravel()), rel=1e-14)
    assert hidden["gradient_norm"] == pytest.approx(norm((errors * 0.5).T @ [1.0, 2.0]), rel=1e-14)
    assert hidden["weight_norm"] == pytest.approx(5**0.5, rel=1e-14)
    assert output["weight_norm"] == pytest.approx(49.25**0.5, rel=1e-14)
    assert np.isnan([hidden["saturated"], output["dead"], output["saturated"]]).all()
    assert np.isnan([hidden["update_ratio"], output["update_ratio"]]).all()


@pytest.mark.parametrize("batch_size", [15, "full"])
def test_the_update_ratio_is_that_of_the_last_step_of_the_epoch(
    tmp_path: Path, batch_size: Any
) -> None:
    training = {"epochs": 1, "batch_size": batch_size}
    experiment = started(tmp_path, {**SMALL, "training": training, "compute": FLOAT64})
    trainer = experiment.assembly.trainer
    step, before = trainer.optimizer.step, []

    def remembered(gradients: FloatArray, learning_rate: float) -> None:
        before.append(trainer.network.parameters.copy())
        step(gradients, learning_rate)

    pytest.MonkeyPatch().setattr(trainer.optimizer, "step", remembered)
    next(experiment.epochs())
    assert len(before) == (1 if batch_size == "full" else BATCHES)
    network, expected = trainer.network, []
    for layer in range(len(network.layers)):
        was = network.layout.views(before[-1], layer)["weights"]
        weights = network.views(layer)["weights"]
        expected.append(float(np.linalg.norm(weights - was) / np.linalg.norm(weights)))
    assert seen_by(trainer, "update_ratio") == [pytest.approx(expected, rel=1e-12)]


def test_every_activation_that_can_get_stuck_is_watched_for_it() -> None:
    never = {"identity", "step", "softmax"}
    assert {*RECTIFIERS} | {*LARGEST_SLOPES} | never == {*ACTIVATIONS}
    assert not RECTIFIERS & {*LARGEST_SLOPES}


@pytest.mark.parametrize("name", sorted(RECTIFIERS))
def test_a_rectifier_that_is_off_for_every_row_is_dead(name: str) -> None:
    """One unit is off for all ten rows, one for all but one, one for none."""
    z = np.full((10, 3), -20.0)
    z[4, 1], z[:, 2] = 1.0, 2.0
    activation = ACTIVATIONS[name]()
    dead, saturated = flat_shares(activation, activation.slope_at(z))
    assert dead == (0.0 if name == "leaky_relu" else pytest.approx(1 / 3))
    assert np.isnan(saturated)


@pytest.mark.parametrize("name", sorted(LARGEST_SLOPES))
def test_a_unit_at_its_limit_on_nine_of_ten_rows_is_saturated(name: str) -> None:
    z = np.zeros((10, 4))
    z[:9, 0], z[:5, 1], z[5:, 1], z[:8, 2] = 50.0, 50.0, -50.0, 50.0
    activation = ACTIVATIONS[name]()
    assert activation.slope_at(np.zeros((1, 1))) == LARGEST_SLOPES[name]
    dead, saturated = flat_shares(activation, activation.slope_at(z))
    assert saturated == 0.5
    assert np.isnan(dead)


@pytest.mark.parametrize(
    ("loss", "measured"), [("binary_cross_entropy", False), ("mean_squared_error", True)]
)
def test_an_output_is_watched_only_where_its_gradient_passes_through_its_slope(
    tmp_path: Path, loss: str, measured: bool
) -> None:
    settings = {**SMALL, "loss": loss, "model": {"output": {"activation": "sigmoid"}}}
    look = observer_of(tmp_path, settings).look()
    assert bool(np.isfinite(look[0, MEASURES.index("saturated")])) is measured


def test_of_many_rows_some_from_all_over_are_shown(tmp_path: Path) -> None:
    settings = {**SMALL, "data": {"generator": {"name": "moons", "samples": 1000}}}
    observer = observer_of(tmp_path, settings)
    shown, inputs = observer._rows.inputs, observer.train.inputs
    assert len(shown) == MOST_ROWS
    assert shown[0].tolist() == inputs[0].tolist()
    assert shown[-1].tolist() == inputs[-1].tolist()
    assert len(np.unique(shown, axis=0)) == MOST_ROWS


def test_a_tiny_gradient_has_a_length() -> None:
    """Its squares are no numbers of float32."""
    assert norm(np.full(4, 1e-30, np.float32)) == pytest.approx(2e-30, rel=1e-6, abs=0.0)
