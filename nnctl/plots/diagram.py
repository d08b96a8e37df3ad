"""A network drawn as nodes and edges, with its weights as colour and width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nnctl.plots.arrays import FloatArray
from nnctl.plots.labels import legend_below, set_title, shown
from nnctl.plots.signed import NEGATIVE, POSITIVE, SIGNED_COLOURS, signed_scale
from nnctl.plots.style import INK, Style, new_figure, plot_style

MOST_NUMBERED = 30  # edges that have room for their weight
NAME_LENGTH = 24
WIDEST_LINE, THINNEST_LINE = 5.0, 0.25  # points
COLUMN, NODE, LOWEST, HIGHEST = 2.5, 0.42, 3.0, 13.0  # inches
WIDEST_GAP = 2.5  # between two nodes, in gaps of the largest layer
NEAREST, NUMBERED, WIDEST_STEP = 0.84, 0.6, 0.25  # of an edge: where its number stands
SMALL = 8  # points


@dataclass(frozen=True, eq=False)
class DrawnLayer:
    """A layer after the inputs: what comes into each unit, and what is said of it."""

    name: str
    activation: str
    weights: FloatArray  # (n_inputs, n_units)
    biases: FloatArray | None  # (n_units,)


@plot_style()
def network_figure(
    layers: Sequence[DrawnLayer],
    input_names: Sequence[str],
    output_names: Sequence[str],
    title: str,
) -> Figure:
    """Draw inputs, units and weights: blue and whole above zero, vermillion and broken below.

    An edge is the wider the larger its weight, and the same scale holds for the whole network. A
    unit's colour is its bias. Few weights are written on their edges.
    """
    sizes = [len(input_names), *(layer.weights.shape[1] for layer in layers)]
    height = float(np.clip(NODE * max(sizes) + 1.4, LOWEST, HIGHEST))
    figure = new_figure(COLUMN * len(layers) + 2.8, height)
    set_title(figure, title)
    axes = figure.add_subplot()
    axes.set_axis_off()
    places = [node_places(index, size, max(sizes)) for index, size in enumerate(sizes)]
    largest = max(float(np.abs(layer.weights).max()) for layer in layers) or 1.0
    numbered = sum(layer.weights.size for layer in layers) <= MOST_NUMBERED
    for layer, left, right in zip(layers, places, places[1:], strict=False):
        draw_edges(axes, layer.weights, left, right, largest)
        if numbered:
            write_weights(axes, layer.weights, left, right)
    draw_nodes(axes, layers, places)
    name_ends(axes, places, input_names, output_names)
    head_columns(axes, layers, places)
    axes.set_xlim(-0.75, len(layers) + 0.6)
    draw_legend(figure, largest)
    return figure


def node_places(column: int, size: int, largest: int) -> FloatArray:
    """Return where a layer's nodes stand (size, 2): evenly from top to bottom, about the middle."""
    gap = min(WIDEST_GAP, (largest - 1) / max(size - 1, 1))
    upwards = gap * ((size - 1) / 2 - np.arange(size))
    return np.stack([np.full(size, float(column)), upwards], axis=1)


def draw_edges(
    axes: Axes, weights: FloatArray, left: FloatArray, right: FloatArray, largest: float
) -> None:
    """Draw the edges between two layers, the strongest above the others."""
    inputs, units = np.indices(weights.shape).reshape(2, -1)
    values = weights.ravel()
    for sign, colour, pattern in ((1, POSITIVE, "solid"), (-1, NEGATIVE, (0, (3, 1)))):
        of_sign = np.flatnonzero(np.sign(values) == sign)
        if not len(of_sign):
            continue
        order = of_sign[np.argsort(np.abs(values[of_sign]), kind="stable")]
        strength = np.abs(values[order]) / largest
        style: Style = {
            "colors": colour,
            "linestyles": pattern,
            "linewidths": np.maximum(WIDEST_LINE * strength, THINNEST_LINE),
            "alpha": 0.25 + 0.65 * strength,
            "zorder": 1,
        }
        segments = np.stack([left[inputs[order]], right[units[order]]], axis=1)
        axes.add_collection(LineCollection(list(segments), **style))


def write_weights(axes: Axes, weights: FloatArray, left: FloatArray, right: FloatArray) -> None:
    """Write each weight on its edge, from the layer of more nodes on: there edges lie apart.

    The edges of one node of the other layer have their numbers one above the other.
    """
    style: Style = {
        "ha": "center",
        "va": "center",
        "fontsize": SMALL,
        "bbox": {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 0.6},
    }
    n_left, n_right = weights.shape
    step = min(WIDEST_STEP, NUMBERED / max(min(weights.shape) - 1, 1))
    for (start, end), value in np.ndenumerate(weights):
        outer = n_right >= n_left
        share = NEAREST - step * start if outer else 1 - NEAREST + step * end
        x, y = (1 - share) * left[start] + share * right[end]
        axes.text(x, y, f"{value:.2f}", **style)


def draw_nodes(axes: Axes, layers: Sequence[DrawnLayer], places: Sequence[FloatArray]) -> None:
    """Draw inputs as white squares, and units as circles in the colour of their bias."""
    style: Style = {"edgecolors": INK, "linewidths": 1.0, "zorder": 3}
    x, y = places[0].T
    axes.scatter(x, y, s=150, marker="s", color="white", **style)
    biases = [layer.biases for layer in layers if layer.biases is not None]
    scale = signed_scale(*biases) if biases else Normalize(-1, 1)
    for layer, nodes in zip(layers, places[1:], strict=True):
        values = np.zeros(len(nodes)) if layer.biases is None else layer.biases
        x, y = nodes.T
        axes.scatter(x, y, s=230, c=values, cmap=SIGNED_COLOURS, norm=scale, **style)


def name_ends(
    axes: Axes,
    places: Sequence[FloatArray],
    input_names: Sequence[str],
    output_names: Sequence[str],
) -> None:
    """Write the names of the inputs to their left and those of the outputs to their right."""
    for (x, y), name in zip(places[0], input_names, strict=True):
        axes.text(x - 0.12, y, shown(name, NAME_LENGTH), ha="right", va="center", fontsize=9)
    for (x, y), name in zip(places[-1], output_names, strict=True):
        axes.text(x + 0.14, y, shown(name, NAME_LENGTH), ha="left", va="center", fontsize=9)


def head_columns(axes: Axes, layers: Sequence[DrawnLayer], places: Sequence[FloatArray]) -> None:
    """Write over each layer what it is."""
    top = max(float(nodes[:, 1].max()) for nodes in places) + 0.8
    heads = ["inputs", *(f"{layer.name}\n{layer.activation}" for layer in layers)]
    for column, head in enumerate(heads):
        axes.text(column, top, head, ha="center", va="bottom", fontsize=9)
    bottom = min(float(nodes[:, 1].min()) for nodes in places)
    axes.set_ylim(bottom - 0.7, top + 0.8)


def draw_legend(figure: Figure, largest: float) -> None:
    """Say what colours and widths mean."""
    names = [f"weight {largest:.3g}", f"weight -{largest:.3g}", "unit, coloured by its bias"]
    circle: Style = {"marker": "o", "markersize": 9, "color": "white", "markeredgecolor": INK}
    handles = [
        Line2D([], [], color=POSITIVE, linewidth=WIDEST_LINE),
        Line2D([], [], color=NEGATIVE, linewidth=WIDEST_LINE, linestyle=(0, (3, 1))),
        Line2D([], [], linestyle="none", **circle),
    ]
    legend_below(figure, handles, names)
