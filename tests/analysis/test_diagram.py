from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnctl.analysis.diagram import draw_network
from nnctl.errors import UsageError
from nnctl.training.inference import Model
from tests.analysis.test_pictures import generated, run_of
from tests.plots.samples import texts


def moons(directory: Path) -> Model:
    hidden = [{"units": 5}, {"units": 3, "bias": False}]
    _, model = run_of(
        directory, generated("moons", samples=30), "binary_cross_entropy", model={"hidden": hidden}
    )
    return model


def test_a_small_network_is_drawn_with_its_weights_and_names(tmp_path: Path) -> None:
    model = moons(tmp_path)
    picture = draw_network(model, "t")
    numbers = picture.numbers
    assert (numbers["inputs"], numbers["outputs"]) == (["x1", "x2"], ["label=1"])
    np.testing.assert_array_equal(
        numbers["layers"][0]["weights"], model.network.views(0)["weights"].tolist()
    )
    assert numbers["layers"][1]["biases"] is None
    written = texts(picture.figure)
    weight = float(model.network.views(2)["weights"][0, 0])
    assert f"{weight:.2f}" in written
    assert "hidden 2\nrelu" in written


@pytest.mark.parametrize("units", [41, 39])
def test_a_network_that_nobody_could_look_through_is_refused(tmp_path: Path, units: int) -> None:
    hidden = {"hidden": [{"units": units}, {"units": 39}]}
    _, model = run_of(
        tmp_path, generated("moons", samples=30), "binary_cross_entropy", model=hidden
    )
    with pytest.raises(UsageError) as caught:
        draw_network(model, "t")
    assert str(caught.value) == (
        "a network is drawn with at most 40 nodes a layer and 1,500 weights; "
        f"this is 2-{units}-39-1 with {2 * units + 39 * units + 39:,} "
        "(`nnctl plot-weights` draws it)"
    )


def test_a_normalization_is_said_not_to_be_drawn(tmp_path: Path) -> None:
    hidden = {"hidden": [{"units": 3, "normalization": "layer"}]}
    _, model = run_of(
        tmp_path, generated("moons", samples=30), "binary_cross_entropy", model=hidden
    )
    assert draw_network(model, "t").notices == (
        "the normalization between the layers is not drawn",
    )
