from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes

from nnctl.plots.encoding import figure_bytes
from nnctl.plots.weights import (
    MOST_NAMED,
    MOST_WRITTEN,
    LayerWeights,
    weight_images_figure,
    weights_figure,
)
from tests.plots.samples import HOSTILE, layer_of


def panels(axes: list[Axes]) -> list[Axes]:
    """Return the axes that hold matrices or images, without the colour bars."""
    return [each for each in axes if each.images]


def test_a_matrix_holds_the_weights_and_under_them_the_biases() -> None:
    layer = layer_of(2, 3)
    (panel,) = panels(weights_figure([layer], "t").axes)
    drawn = np.asarray(panel.images[0].get_array())
    np.testing.assert_array_equal(drawn, [[-1.0, 0.0, 1.0], [2.0, 3.0, 4.0], [0.5, 0.5, 0.5]])
    names = [label.get_text() for label in panel.get_yticklabels()]
    assert names == [HOSTILE[:9] + "…" + HOSTILE[-8:], "in 1", "bias"]
    assert [label.get_text() for label in panel.get_xticklabels()] == ["out 0", "out 1", "out 2"]
    assert [text.get_text() for text in panel.texts[:4]] == ["-1", "0", "1", "2"]
    assert panel.get_title() == "hidden 1: 2 x 3"


def test_a_layer_without_biases_has_no_row_for_them() -> None:
    layer = LayerWeights(**{**vars(layer_of(2, 3)), "biases": None})
    (panel,) = panels(weights_figure([layer], "t").axes)
    assert np.asarray(panel.images[0].get_array()).shape == (2, 3)
    assert len(panel.get_yticklabels()) == 2


@pytest.mark.parametrize(
    ("n_inputs", "n_units", "named", "written"),
    [
        (3, MOST_WRITTEN, True, True),
        (3, MOST_WRITTEN + 1, True, False),
        (MOST_NAMED + 1, 2, False, False),
        (300, 200, False, False),
    ],
)
def test_names_and_numbers_are_written_where_they_have_room(
    n_inputs: int, n_units: int, named: bool, written: bool
) -> None:
    (panel,) = panels(weights_figure([layer_of(n_inputs, n_units)], "t").axes)
    assert (len(panel.get_yticklabels()) == n_inputs + 1) == named
    assert bool(panel.texts) == written


@pytest.mark.parametrize("n_layers", [1, 2, 4, 7])
def test_each_layer_has_a_panel(n_layers: int) -> None:
    figure = weights_figure([layer_of(4, 3)] * n_layers, HOSTILE)
    assert len(panels(figure.axes)) == n_layers
    assert figure_bytes(figure, ".png").startswith(b"\x89PNG")


@pytest.mark.parametrize("n_units", [1, 2, 12])
def test_each_unit_is_an_image_and_all_have_one_scale(n_units: int) -> None:
    images = np.arange(n_units * 6, dtype=np.float64).reshape(n_units, 3, 2) - 4
    figure = weight_images_figure(images, HOSTILE)
    drawn = [panel.images[0] for panel in panels(figure.axes)]
    np.testing.assert_array_equal([np.asarray(image.get_array()) for image in drawn], images)
    assert len({image.norm for image in drawn}) == 1
    assert [panel.get_title() for panel in panels(figure.axes)][-1] == str(n_units)
    assert figure_bytes(figure, ".png").startswith(b"\x89PNG")
