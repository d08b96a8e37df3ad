from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import QuadMesh

from nnctl.plots.encoding import figure_bytes
from nnctl.plots.layer_history import (
    MOST_TICKS,
    USUAL_RATIO,
    LayerLearning,
    LayerShares,
    activation_history_figure,
    edges_between,
    gradient_history_figure,
)
from tests.plots.samples import layer_learning, layer_shares, legend_names

EPOCHS, SEEN = np.array([0, 2, 2000]), np.array([1, 2, 4])


def test_a_panel_has_epochs_across_and_activations_upwards() -> None:
    layer = layer_shares()
    figure = activation_history_figure(np.array([0, 4]), [layer], "t")
    (mesh,) = (one for one in figure.axes[0].collections if isinstance(one, QuadMesh))
    np.testing.assert_array_equal(mesh.get_array(), layer.shares.T)
    corners = np.asarray(mesh.get_coordinates())
    assert corners[0, :, 0].tolist() == [-2.0, 2.0, 6.0]
    assert corners[:, 0, 1].tolist() == layer.edges.tolist()
    assert (mesh.norm.vmin, mesh.norm.vmax) == (0.0, 1.0)
    title = "hidden 1: 3 units, relu; flat for 25% at first, 50% at last"
    assert figure.axes[0].get_title() == title


@pytest.mark.parametrize("flat", [None, np.zeros(2)])
def test_a_layer_that_is_never_flat_is_only_named(flat: None) -> None:
    layer = LayerShares("output", "softmax", 1, np.arange(3.0), np.full((2, 2), 0.5), flat)
    figure = activation_history_figure(np.array([0, 1]), [layer], "t")
    assert figure.axes[0].get_title() == "output: 1 unit, softmax"


def test_a_layer_without_a_finite_activation_is_drawn_too() -> None:
    layer = LayerShares("output", "relu", 1, np.arange(3.0), np.zeros((2, 2)), None)
    figure = activation_history_figure(np.array([0, 1]), [layer], "t")
    assert figure_bytes(figure, ".png").startswith(b"\x89PNG")


def test_sides_lie_midways_between_epochs() -> None:
    assert edges_between(np.array([0, 4, 8, 9])).tolist() == [-2.0, 2.0, 6.0, 8.5, 9.5]


def test_lines_are_the_norms_and_ratios_of_each_layer() -> None:
    figure = gradient_history_figure(EPOCHS, SEEN, layer_learning(), "t")
    norms, ratios = figure.axes
    assert len(norms.lines) == 2
    np.testing.assert_array_equal(norms.lines[0].get_ydata(), [0.5, np.nan, 0.02])
    np.testing.assert_array_equal(norms.lines[0].get_xdata(), EPOCHS)
    np.testing.assert_array_equal(ratios.lines[0].get_xdata(), SEEN)
    assert norms.get_title() == "gradients: 3 epochs from 0 to 2,000"
    assert ratios.get_title() == "updates seen in training: 3 epochs from 1 to 4"
    np.testing.assert_array_equal(ratios.lines[1].get_ydata(), [0.01, np.nan, 0.0001])
    assert list(np.asarray(ratios.lines[2].get_ydata())) == [USUAL_RATIO] * 2
    assert legend_names(figure) == ["hidden 1", "output", "rule of thumb (0.001)"]
    assert norms.get_yscale() == ratios.get_yscale() == "log"
    assert norms.get_xlim() == ratios.get_xlim()


@pytest.mark.parametrize("seen", [[], [1]])
def test_gradients_stand_alone_where_fewer_than_two_updates_were_seen(seen: list[int]) -> None:
    layer = LayerLearning("output", np.ones(3), np.ones(len(seen)))
    figure = gradient_history_figure(EPOCHS, np.array(seen), [layer], "t")
    assert [axes.get_ylabel() for axes in figure.axes] == ["norm of dL/dW"]
    assert legend_names(figure) == ["output"]


@pytest.mark.parametrize(("last", "label"), [(1, "1"), (8, "4"), (21000, "20,000")])
def test_epochs_are_written_as_whole_numbers(last: int, label: str) -> None:
    epochs, ones = np.array([0, last]), np.ones(2)
    figure = gradient_history_figure(epochs, epochs, [LayerLearning("output", ones, ones)], "t")
    figure.draw_without_rendering()
    for axes in figure.axes:
        labels = axes.get_xticklabels()
        assert label in [each.get_text() for each in labels]
        assert not any("." in each.get_text() for each in labels)
        assert len(labels) <= MOST_TICKS + 2


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_a_layer_that_learns_nothing_leaves_a_gap(value: float) -> None:
    layer = LayerLearning("output", np.full(2, value), np.full(2, value))
    figure = gradient_history_figure(np.array([1, 2]), np.array([1, 2]), [layer], "t")
    assert figure_bytes(figure, ".png").startswith(b"\x89PNG")


@pytest.mark.parametrize(("n_layers", "beside"), [(6, False), (7, True)])
def test_many_layers_have_their_legend_beside_the_axes(n_layers: int, beside: bool) -> None:
    layers = [layer_learning()[0]] * n_layers
    figure = gradient_history_figure(EPOCHS, SEEN, layers, "t")
    figure.draw_without_rendering()
    legend = figure.legends[0].get_window_extent()
    assert bool(legend.x0 > figure.axes[1].get_window_extent().x1) is beside
