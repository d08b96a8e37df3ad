from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnctl.analysis import layers
from nnctl.analysis.labelled import gathered
from nnctl.analysis.layers import draw_activations, draw_gradients, gradient_norms
from nnctl.data.loading import load_main_table
from nnctl.data.table import Table
from nnctl.training.evaluation import Evaluator
from nnctl.training.inference import Model
from nnctl.training.own_rows import run_config
from tests.analysis.test_pictures import generated, run_of
from tests.training.experiments import FLOAT64, UNCHANGED, Settings, values, write_csv

DEEP: Settings = {
    "model": {"hidden": [{"units": 4, "activation": "tanh"}, {"units": 3, "dropout": 0.5}]},
    "compute": FLOAT64,
}


def moons(directory: Path) -> tuple[Model, Table]:
    run, model = run_of(directory, generated("moons", samples=40), "binary_cross_entropy", **DEEP)
    return model, load_main_table(run_config(run))[0]


def test_norms_are_those_of_numeric_gradients(tmp_path: Path) -> None:
    model, table = moons(tmp_path)
    examples = gathered(model, [table], 1000).examples
    loss, norms = gradient_norms(model, examples)
    evaluator = Evaluator(model.network, model.loss, model.decoder, len(examples))
    assert loss == pytest.approx(evaluator.evaluate(examples, ()).values["loss"], rel=1e-12)
    step = 1e-6
    for index, layer in enumerate(norms):
        weights = model.network.views(index)["weights"]
        numeric = np.empty_like(weights)
        for place, value in np.ndenumerate(weights):
            sides = []
            for sign in (1, -1):
                weights[place] = value + sign * step
                sides.append(evaluator.evaluate(examples, ()).values["loss"])
            weights[place] = value
            numeric[place] = (sides[0] - sides[1]) / (2 * step)
        assert layer.d_weights == pytest.approx(np.linalg.norm(numeric), rel=1e-5)
        assert layer.weights == pytest.approx(np.linalg.norm(weights), rel=1e-12)


def test_the_gradient_of_the_net_input_by_hand(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "x y\n1 1\n2 0")
    data = {"source": str(path), "target": "y", "scaling": "none", "target_scaling": "none"}
    sections: Settings = {
        "model": {"output": {"initializer": values([[3]], [0])}},
        "optimizer": UNCHANGED,
        "compute": FLOAT64,
    }
    run, model = run_of(tmp_path, {**data, "task": "regression"}, "mean_squared_error", **sections)
    picture = draw_gradients(model, [load_main_table(run_config(run))[0]], "t")
    (layer,) = picture.numbers["layers"]
    # z = 3, 6 for targets 1, 0: dL/dz = (2 / 2) (2, 6), dL/dW = 1 * 2 + 2 * 6.
    assert picture.numbers["loss"] == pytest.approx((4 + 36) / 2)
    assert layer["d_z"] == pytest.approx(np.sqrt(2**2 + 6**2))
    assert layer["d_weights"] == pytest.approx(14.0)
    assert layer["ratio"] == pytest.approx(14 / 3)


def test_looking_at_gradients_leaves_running_statistics_alone(tmp_path: Path) -> None:
    sections: Settings = {"model": {"hidden": [{"units": 3, "normalization": "batch"}]}}
    run, model = run_of(
        tmp_path, generated("moons", samples=40), "binary_cross_entropy", **sections
    )
    before = model.network.state.copy()
    draw_gradients(model, [load_main_table(run_config(run))[0]], "t")
    np.testing.assert_array_equal(model.network.state, before)


def test_flat_is_where_no_gradient_passes(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "x y\n-1 0\n1 0\n2 0\n3 0")
    hidden = {
        "units": 2,
        "activation": "relu",
        "initializer": values([[1, -1]], [0, -9]),
    }
    sections: Settings = {"model": {"hidden": [hidden]}, "optimizer": UNCHANGED}
    data = {"source": str(path), "target": "y", "scaling": "none", "target_scaling": "none"}
    run, model = run_of(tmp_path, {**data, "task": "regression"}, "mean_squared_error", **sections)
    picture = draw_activations(model, [load_main_table(run_config(run))[0]], "t")
    hidden_layer, output = picture.numbers["layers"]
    assert hidden_layer["flat_share"] == 5 / 8
    assert hidden_layer["always_flat_units"] == 1
    assert hidden_layer["output"]["mean"] == pytest.approx(6 / 8)
    assert (hidden_layer["net_input"]["lowest"], hidden_layer["net_input"]["highest"]) == (-12, 3)
    assert output["flat_share"] == 0.0
    assert picture.figure.axes[1].get_title() == "relu: flat for 62%, 1 always"


def test_an_activation_of_the_whole_layer_is_never_flat(tmp_path: Path) -> None:
    data = generated("blobs", samples=30, classes=3)
    run, model = run_of(tmp_path, data, "categorical_cross_entropy")
    picture = draw_activations(model, [load_main_table(run_config(run))[0]], "t")
    assert picture.numbers["layers"][-1]["flat_share"] is None


def test_of_very_many_layers_the_first_are_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layers, "MOST_LAYERS", 2)
    model, table = moons(tmp_path)
    picture = draw_activations(model, [table], "t")
    assert picture.notices == ("drawn are the first 2 of 3 layers",)
    assert len(picture.figure.axes) == 4
    assert len(picture.numbers["layers"]) == 3
