from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnctl.analysis import layer_history
from nnctl.analysis.labelled import gathered
from nnctl.analysis.layer_history import (
    BINS,
    draw_activation_history,
    draw_gradient_history,
    shares_over_epochs,
)
from nnctl.analysis.layers import draw_activations, draw_gradients
from nnctl.analysis.passing import layer_values
from nnctl.data.loading import load_main_table
from nnctl.data.table import Table
from nnctl.errors import UsageError
from nnctl.runs.directory import RunDirectory
from nnctl.training.inference import Model, load_model, models_over_epochs
from nnctl.training.own_rows import run_config
from tests.analysis.test_pictures import generated, run_of
from tests.training.experiments import FLOAT64, Settings, classification, started

DEEP: Settings = {
    "model": {"hidden": [{"units": 4, "activation": "tanh"}, {"units": 3}]},
    "training": {"epochs": 4, "batch_size": 8},
    "compute": FLOAT64,
}


def moons(directory: Path) -> tuple[RunDirectory, tuple[Model, ...], Table]:
    run, _ = run_of(directory, generated("moons", samples=40), "binary_cross_entropy", **DEEP)
    return run, models_over_epochs(run.last), load_main_table(run_config(run))[0]


def test_shares_are_those_of_each_epochs_network_in_the_same_bins(tmp_path: Path) -> None:
    _, models, table = moons(tmp_path)
    inputs = gathered(models[-1], [table], 1000).examples.inputs
    layers = shares_over_epochs(models, inputs)
    assert [layer.name for layer in layers] == ["hidden 1", "hidden 2", "output"]
    assert [layer.activation for layer in layers] == ["tanh", "relu", "sigmoid"]
    assert [layer.n_units for layer in layers] == [4, 3, 1]
    for place, layer in enumerate(layers):
        assert layer.shares.shape == (5, BINS)
        np.testing.assert_allclose(layer.shares.sum(axis=1), 1.0, rtol=1e-12)
        seen = [layer_values(model.network, inputs)[place].a for model in models]
        assert layer.edges[0] == min(a.min() for a in seen)
        assert layer.edges[-1] == max(a.max() for a in seen)
        for a, shares in zip(seen, layer.shares, strict=True):
            counts, _ = np.histogram(a, layer.edges)
            np.testing.assert_array_equal(shares, counts / a.size)


def test_the_last_epochs_flat_share_is_that_of_plot_activations(tmp_path: Path) -> None:
    run, models, table = moons(tmp_path)
    history = draw_activation_history(models, [table], "t")
    now = draw_activations(load_model(run.last), [table], "t")
    for layer, last in zip(history.numbers["layers"], now.numbers["layers"], strict=True):
        assert layer["flat_share"][-1] == last["flat_share"]
        assert len(layer["bin_edges"]) == BINS + 1
    assert history.numbers["epochs"] == [0, 1, 2, 3, 4]
    assert history.numbers["rows"] == 40


def test_a_softmax_is_never_flat(tmp_path: Path) -> None:
    data = generated("blobs", samples=30, classes=3)
    run, _ = run_of(tmp_path, data, "categorical_cross_entropy")
    table, _ = load_main_table(run_config(run))
    picture = draw_activation_history(models_over_epochs(run.last), [table], "t")
    assert picture.numbers["layers"][-1]["flat_share"] is None


def test_of_very_many_layers_the_first_are_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layer_history, "MOST_LAYERS", 2)
    _, models, table = moons(tmp_path)
    picture = draw_activation_history(models, [table], "t")
    assert picture.notices == ("drawn are the first 2 of 3 layers",)
    assert len([axes for axes in picture.figure.axes if axes.get_ylabel() == "output a"]) == 2
    assert len(picture.numbers["layers"]) == 3


def test_gradients_are_those_of_each_epochs_network(tmp_path: Path) -> None:
    run, models, table = moons(tmp_path)
    picture = draw_gradient_history(run, models, [table], "t")
    assert picture.numbers["epochs"] == [0, 1, 2, 3, 4]
    assert picture.numbers["rows"] == 40
    for place, model in enumerate(models):
        now = draw_gradients(model, [table], "t")
        for layer, own in zip(picture.numbers["layers"], now.numbers["layers"], strict=True):
            assert layer["gradient_norm"][place] == own["d_weights"]


@pytest.mark.parametrize("kept", [1, 2])
def test_updates_are_those_that_training_saw(tmp_path: Path, kept: int) -> None:
    experiment = started(tmp_path, classification(training={"epochs": 6, "batch_size": 1}))
    for _ in experiment.epochs():
        pass
    seen = experiment.assembly.trainer.observer.observations
    assert len(seen.epochs) > 1
    run = experiment.run
    table, _ = load_main_table(run_config(run))
    picture = draw_gradient_history(run, models_over_epochs(run.last)[-kept:], [table], "t")
    assert picture.numbers["observed_epochs"] == seen.epochs.tolist()
    assert picture.numbers["epochs"] == ([5, 6] if kept == 2 else seen.epochs.tolist())
    for index, layer in enumerate(picture.numbers["layers"]):
        observed = layer["gradient_norm"] == seen.of("gradient_norm")[:, index].tolist()
        assert observed is (kept == 1)  # a large network's, of which no earlier ones are kept
        assert layer["update_ratio"] == seen.of("update_ratio")[:, index].tolist()
    assert [layer["name"] for layer in picture.numbers["layers"]] == ["hidden 1", "output"]


def test_without_an_epoch_there_are_no_gradients_to_draw(tmp_path: Path) -> None:
    run = started(tmp_path, classification()).run
    with pytest.raises(UsageError) as caught:
        draw_gradient_history(run, models_over_epochs(run.last), [], "t")
    assert str(caught.value) == (
        f"{run.last}: holds nothing that was observed in training; no epoch has ended, or an older "
        "nnctl trained it: train it again"
    )
