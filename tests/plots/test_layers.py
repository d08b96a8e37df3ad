from __future__ import annotations

import numpy as np
import pytest
from matplotlib.patches import StepPatch

from nnctl.plots.encoding import figure_bytes
from nnctl.plots.layers import (
    BINS,
    LayerHistogram,
    LayerNorms,
    activations_figure,
    gradients_figure,
)
from tests.plots.samples import layer_histogram, layer_norms


def test_histograms_are_shares_of_a_layers_values() -> None:
    net_input, output = activations_figure([layer_histogram()], "t").axes
    for axes, values in ((net_input, layer_histogram().z), (output, layer_histogram().a)):
        (bars,) = (patch for patch in axes.patches if isinstance(patch, StepPatch))
        heights, edges, _ = bars.get_data()
        assert len(heights) == BINS
        assert sum(heights) == pytest.approx(1.0)
        assert (edges[0], edges[-1]) == (values.min(), values.max())
    assert net_input.get_title() == "hidden 1: 2 units"
    assert output.get_title() == "relu: flat for 50%, 1 always"


def test_an_activation_without_a_slope_is_only_named() -> None:
    layer = LayerHistogram("output", "softmax", np.zeros((2, 1)), np.ones((2, 1)), None, None)
    figure = activations_figure([layer], "t")
    assert [axes.get_title() for axes in figure.axes] == ["output: 1 unit", "softmax"]
    assert figure_bytes(figure, ".png").startswith(b"\x89PNG")


def test_what_is_not_finite_is_left_out_of_a_histogram() -> None:
    z = np.array([[1.0, np.nan], [np.inf, -1.0]])
    layer = LayerHistogram("hidden 1", "relu", z, np.full((2, 2), np.nan), 0.5, 0)
    assert figure_bytes(activations_figure([layer], "t"), ".png").startswith(b"\x89PNG")


def test_lines_are_the_norms_from_the_first_layer_to_the_last() -> None:
    norms, ratios = gradients_figure(layer_norms(), "t").axes
    d_weights, d_z = norms.lines
    assert np.asarray(d_weights.get_ydata()).tolist() == [0.001, 0.1]
    assert np.asarray(d_z.get_ydata()).tolist() == [0.02, 3.0]
    assert np.asarray(ratios.lines[0].get_ydata()).tolist() == [0.0005, 0.1]
    assert [label.get_text() for label in norms.get_xticklabels()] == ["hidden 1", "output"]
    assert norms.get_yscale() == ratios.get_yscale() == "log"


def test_an_axis_has_a_decade_at_least() -> None:
    layers = [LayerNorms("hidden 1", 1.0, 0.5, 0.6), LayerNorms("output", 1.0, 0.6, 0.5)]
    for axes in gradients_figure(layers, "t").axes:
        low, high = axes.get_ylim()
        assert high / low == pytest.approx(10.0)


def test_a_gradient_of_zero_is_a_cross_on_the_floor() -> None:
    layers = [LayerNorms("hidden 1", 1.0, 0.0, 0.0), LayerNorms("output", 0.0, 0.5, 0.5)]
    figure = gradients_figure(layers, "t")
    norms, _ = figure.axes
    line, _ = norms.lines
    np.testing.assert_array_equal(line.get_ydata(), [np.nan, 0.5])
    crosses = [np.asarray(each.get_offsets()).tolist() for each in norms.collections]
    assert crosses == [[[0.0, 0.0]]] * 2
    assert figure_bytes(figure, ".png").startswith(b"\x89PNG")


def test_a_network_that_learns_nothing_at_all_is_drawn_too() -> None:
    figure = gradients_figure([LayerNorms("output", 1.0, 0.0, 0.0)], "t")
    assert figure_bytes(figure, ".png").startswith(b"\x89PNG")


def test_a_gradient_beyond_all_numbers_is_a_gap() -> None:
    layers = [LayerNorms("hidden 1", 1.0, np.inf, np.nan), LayerNorms("output", 1.0, 0.5, 0.5)]
    figure = gradients_figure(layers, "t")
    np.testing.assert_array_equal(figure.axes[0].lines[0].get_ydata(), [np.nan, 0.5])
    assert figure_bytes(figure, ".png").startswith(b"\x89PNG")


def test_many_layers_have_names_that_are_turned_or_none() -> None:
    for n_layers, turned in ((3, 0), (4, 40), (20, None)):
        figure = gradients_figure(
            layer_norms() * (n_layers // 2) + layer_norms()[: n_layers % 2], "t"
        )
        labels = figure.axes[0].get_xticklabels()
        if turned is None:
            assert not any(label.get_text() == "hidden 1" for label in labels)
        else:
            assert {label.get_rotation() for label in labels} == {turned}
