from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnctl.analysis import units
from nnctl.analysis.passing import LayerValues, layer_values
from nnctl.analysis.units import draw_units, lead, unit_layer
from nnctl.errors import UsageError
from nnctl.nn.activations import ACTIVATIONS
from tests.analysis.test_pictures import THREE_FEATURES, generated, run_of
from tests.plots.test_units import panels
from tests.training.experiments import Settings

DEEP: Settings = {
    "model": {
        "hidden": [
            {"units": 5, "activation": "tanh", "dropout": 0.5},
            {"units": 3, "activation": "sigmoid", "normalization": "batch"},
        ]
    }
}


@pytest.fixture(autouse=True)
def _coarse_grids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "GRID_POINTS", 12)


def test_each_unit_is_drawn_as_the_network_computes_it(tmp_path: Path) -> None:
    run, model = run_of(tmp_path, generated("moons", samples=40), "binary_cross_entropy", **DEEP)
    picture = draw_units(run, model, "t")
    drawn = [np.asarray(panel.images[0].get_array()) for panel in panels(picture.figure)]
    assert len(drawn) == 5 + 3 + 1
    assert picture.numbers["units"] == {"hidden 1": 5, "hidden 2": 3, "output": 1}
    left, right, bottom, top = panels(picture.figure)[0].images[0].get_extent()
    corners = np.array([[left, bottom], [right, bottom], [left, top], [right, top]])
    inputs = model.preprocessing.encode(corners, np.float32)
    values = layer_values(model.network, inputs)
    for unit, image in enumerate(drawn[:5]):
        seen = [image[0, 0], image[0, -1], image[-1, 0], image[-1, -1]]
        np.testing.assert_allclose(seen, values[0].a[:, unit], rtol=1e-5)
    output = drawn[-1]
    seen = [output[0, 0], output[0, -1], output[-1, 0], output[-1, -1]]
    np.testing.assert_allclose(seen, values[-1].a[:, 0], rtol=1e-5)


def test_a_unit_of_softmax_ends_where_it_draws_level_with_the_strongest_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(units, "GRID_POINTS", 2)
    z = np.array([[1.0, 3.0, 2.0], [0.0, -1.0, -2.0]])
    assert lead(z, 0).tolist() == [-2.0, 1.0]
    assert lead(z, 1).tolist() == [1.0, -1.0]
    softmax = ACTIVATIONS["softmax"]()
    z = np.random.default_rng(0).standard_normal((4, 3))
    layer = unit_layer(LayerValues("output", softmax, z, softmax(z)))
    assert layer.level == pytest.approx(1 / 3)
    np.testing.assert_array_equal((layer.z > 0).argmax(axis=0).ravel(), z.argmax(axis=1))
    assert ((layer.z > 0).sum(axis=0) == 1).all()


@pytest.mark.parametrize(
    ("data", "loss"),
    [
        (generated("blobs", samples=30, classes=3), "categorical_cross_entropy"),
        ({**generated("moons", samples=30), "task": "regression"}, "mean_squared_error"),
    ],
)
def test_other_tasks_are_drawn_too(tmp_path: Path, data: Settings, loss: str) -> None:
    run, model = run_of(tmp_path, data, loss, **DEEP)
    picture = draw_units(run, model, "t")
    assert len(panels(picture.figure)) == 8 + model.network.n_outputs


def test_features_that_are_not_on_the_axes_stay_at_their_median(tmp_path: Path) -> None:
    run, model = run_of(tmp_path, {"generator": THREE_FEATURES}, "binary_cross_entropy")
    picture = draw_units(run, model, "t", ["x3", "x1"])
    assert picture.numbers["features"] == ["x3", "x1"]
    assert picture.figure.get_suptitle() == "t: the other 1 at their median"
    with pytest.raises(UsageError, match="this run has 3: x1, x2, x3; name two with --features"):
        draw_units(run, model, "t")


def test_of_very_many_units_the_first_are_drawn_and_the_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(units, "MOST_UNITS", 6)
    run, model = run_of(tmp_path, generated("moons", samples=40), "binary_cross_entropy", **DEEP)
    picture = draw_units(run, model, "t")
    assert len(panels(picture.figure)) == 6 + 1
    assert picture.notices == ("drawn are the first 6 hidden units; 2 are not",)


def test_of_very_many_outputs_the_first_are_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(units, "MOST_UNITS", 2)
    blobs = generated("blobs", samples=40, classes=4)
    run, model = run_of(tmp_path, blobs, "categorical_cross_entropy")
    picture = draw_units(run, model, "t")
    assert len(panels(picture.figure)) == 2
    assert picture.notices == ("of 4 outputs the first 2 are drawn",)
