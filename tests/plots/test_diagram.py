from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_rgb

from nnctl.plots.diagram import MOST_NUMBERED, WIDEST_LINE, DrawnLayer, network_figure
from nnctl.plots.encoding import figure_bytes
from nnctl.plots.signed import NEGATIVE, POSITIVE
from tests.plots.samples import HOSTILE, texts


def layer(weights: list[list[float]], biases: list[float] | None = None) -> DrawnLayer:
    given = None if biases is None else np.array(biases)
    return DrawnLayer("output", "sigmoid", np.array(weights), given)


def edges(axes: Axes) -> dict[tuple[float, float], tuple[str, float]]:
    """Return sign and width of each edge, by the heights of its ends."""
    found = {}
    for collection in axes.collections:
        if isinstance(collection, LineCollection):
            colour = tuple(np.asarray(collection.get_colors())[0, :3])
            sign = "+" if np.allclose(colour, to_rgb(POSITIVE)) else "-"
            assert sign == "+" or np.allclose(colour, to_rgb(NEGATIVE))
            widths = np.atleast_1d(collection.get_linewidth())
            for segment, width in zip(collection.get_segments(), widths, strict=True):
                (_, start), (_, end) = np.asarray(segment)
                found[float(start), float(end)] = (sign, float(width))
    return found


def test_an_edge_has_the_colour_of_its_sign_and_the_width_of_its_weight() -> None:
    figure = network_figure([layer([[2.0], [-1.0], [0.0]])], ("a", "b", "c"), ("y",), "t")
    found = edges(figure.axes[0])
    assert found == {(1.0, 0.0): ("+", WIDEST_LINE), (0.0, 0.0): ("-", WIDEST_LINE / 2)}


def test_the_widest_edge_is_that_of_the_whole_network() -> None:
    layers = [layer([[1.0, -0.5]]), layer([[4.0], [2.0]])]
    found = edges(network_figure(layers, ("x",), ("y",), "t").axes[0])
    assert sorted(width for _, width in found.values()) == [
        WIDEST_LINE / 8, WIDEST_LINE / 4, WIDEST_LINE / 2, WIDEST_LINE,
    ]  # fmt: skip


def test_a_unit_has_the_colour_of_its_bias() -> None:
    axes = network_figure([layer([[1.0, 1.0]], [0.5, -2.0])], ("x",), ("y", "z"), "t").axes[0]
    inputs, units = (c for c in axes.collections if isinstance(c, PathCollection))
    assert len(np.asarray(inputs.get_offsets())) == 1
    assert np.asarray(units.get_array()).tolist() == [0.5, -2.0]


def test_inputs_and_outputs_have_their_names_and_layers_their_activation() -> None:
    figure = network_figure([layer([[1.0], [2.0]])], ("a", HOSTILE), ("_y",), "t")
    written = texts(figure)
    assert {"a", HOSTILE[:12] + "…" + HOSTILE[-11:], "_y", "inputs", "output\nsigmoid"} <= {
        *written
    }


@pytest.mark.parametrize("n_inputs", [MOST_NUMBERED, MOST_NUMBERED + 1])
def test_few_weights_are_written_on_their_edges(n_inputs: int) -> None:
    weights = [[0.25]] * n_inputs
    names = [f"x{n}" for n in range(n_inputs)]
    written = texts(network_figure([layer(weights)], names, ("y",), "t"))
    assert written.count("0.25") == (n_inputs if n_inputs <= MOST_NUMBERED else 0)


def test_numbers_on_edges_do_not_cover_one_another() -> None:
    weights = np.linspace(-1.23, 3.21, 16).reshape(2, 8)
    layers = [layer(weights.tolist()), layer([[1.0]] * 8)]
    figure = network_figure(layers, ("a", "b"), ("y",), "t")
    figure_bytes(figure, ".png")
    numbers = [text for text in figure.axes[0].texts if text.get_text().strip("-.0123456789") == ""]
    boxes = [text.get_window_extent() for text in numbers]
    assert len(boxes) == 24
    for index, box in enumerate(boxes):
        assert not box.count_overlaps(boxes[:index])


@pytest.mark.parametrize(("n_inputs", "n_units"), [(1, 1), (40, 30), (2, 40)])
def test_networks_of_every_size_are_drawn(n_inputs: int, n_units: int) -> None:
    weights = np.zeros((n_inputs, n_units)).tolist()
    names = [f"x{n}" for n in range(n_inputs)]
    units = [f"y{n}" for n in range(n_units)]
    figure = network_figure([layer(weights)], names, units, "t")
    assert figure_bytes(figure, ".svg") == figure_bytes(figure, ".svg")
