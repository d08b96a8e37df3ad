"""Layer by layer over the epochs: how activations are spread, and how large gradients are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, PowerNorm, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, StrMethodFormatter

from nnctl.plots.arrays import FloatArray, IntArray
from nnctl.plots.labels import legend_below, legend_beside, set_title
from nnctl.plots.layers import scale_logarithmically
from nnctl.plots.style import (
    FAINT,
    INK,
    PALETTE,
    Style,
    blend,
    class_marker,
    line_style,
    new_figure,
    plot_style,
)

SHADES = [to_rgb("white"), to_rgb(PALETTE[4]), to_rgb(PALETTE[0]), blend(PALETTE[0], "black", 0.7)]
NONE_TO_MOST = LinearSegmentedColormap.from_list("none to most", SHADES)
DARKENING = 0.5  # the exponent of shares: a tenth of the largest has a third of its darkness
MOST_MARKERS = 12  # on a line
MOST_TICKS = 6
LIGHTEST = 0.85  # of the colours' scale; its end is lost on white
MOST_BELOW = 6  # more layers have their legend beside the axes
UPDATES = "norm of an update / norm of W"
RULE: Style = {"color": INK, "linestyle": ":", "linewidth": 1.2}
USUAL_RATIO = 1e-3  # of an update to its weights: "somewhere around 1e-3", says CS231n


@dataclass(frozen=True, eq=False)
class LayerShares:
    """How a layer's activations are spread over bins after each of some epochs."""

    name: str
    activation: str
    n_units: int
    edges: FloatArray  # (n_bins + 1,)
    shares: FloatArray  # (n_epochs, n_bins)
    flat: FloatArray | None  # (n_epochs,) share of the values at which the activation is flat


@dataclass(frozen=True, eq=False)
class LayerLearning:
    """What was seen of a layer's learning after each of some epochs."""

    name: str
    gradient_norm: FloatArray  # (n_epochs,)
    update_ratio: FloatArray  # (n_seen,)


@plot_style()
def activation_history_figure(
    epochs: IntArray,  # (n_epochs,)
    layers: Sequence[LayerShares],
    title: str,
) -> Figure:
    """Draw a panel a layer: epochs across, activations upwards, and dark where many of them are."""
    figure = new_figure(7.6, 1.9 * len(layers) + 1.0)
    set_title(figure, title)
    panels = figure.subplots(len(layers), 1, squeeze=False, sharex=True)[:, 0]
    for panel, layer in zip(panels, layers, strict=True):
        draw_shares(figure, panel, edges_between(epochs), layer)
        panel.set_title(describe(layer), fontsize=10)
    panels[-1].set_xlabel("epoch")
    panels[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def draw_shares(figure: Figure, axes: Axes, sides: FloatArray, layer: LayerShares) -> None:
    """Draw a layer's shares, between the sides (n_epochs + 1,) of the epochs."""
    axes.grid(visible=False)
    norm = PowerNorm(DARKENING, 0.0, max(float(layer.shares.max()), 1e-9))
    mesh = axes.pcolormesh(
        sides, layer.edges, layer.shares.T, cmap=NONE_TO_MOST, norm=norm, rasterized=True
    )
    bar = figure.colorbar(mesh, ax=axes, pad=0.02, label="share")
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g}%"))
    bar.ax.yaxis.set_major_locator(MaxNLocator(nbins=4))
    bar.minorticks_off()
    axes.set_ylabel("output a")
    if layer.edges[0] < 0.0 < layer.edges[-1]:
        axes.axhline(0.0, color=FAINT, linewidth=0.8)


def edges_between(epochs: IntArray) -> FloatArray:
    """Return sides (n + 1,) for epochs (n,): midways, and as far beyond the first and the last."""
    places = np.asarray(epochs, np.float64)
    middles = (places[1:] + places[:-1]) / 2
    return np.concatenate([[2 * places[0] - middles[0]], middles, [2 * places[-1] - middles[-1]]])


def describe(layer: LayerShares) -> str:
    """Return what a layer is, and how much of it let no gradient through, at first and at last."""
    units = f"{layer.n_units} unit{'s' * (layer.n_units > 1)}"
    text = f"{layer.name}: {units}, {layer.activation}"
    if layer.flat is None or not layer.flat.any():
        return text
    return f"{text}; flat for {layer.flat[0]:.0%} at first, {layer.flat[-1]:.0%} at last"


@plot_style()
def gradient_history_figure(
    epochs: IntArray,  # (n_epochs,)
    seen: IntArray,  # (n_seen,) from 1, in training
    layers: Sequence[LayerLearning],
    title: str,
) -> Figure:
    """Draw each layer's gradient norm over the epochs, and how large updates are beside weights.

    Where training saw fewer than two updates, the gradients stand alone.
    """
    figure = new_figure(9.6, 4.6)
    set_title(figure, title)
    norms, *others = figure.subplots(1, 1 + (len(seen) > 1), squeeze=False, sharex=True)[0]
    sizes = [layer.gradient_norm for layer in layers]
    handles = draw_layers(norms, epochs, sizes, "norm of dL/dW")
    norms.set_title(f"gradients: {span_of(epochs)}", fontsize=10)
    names = [layer.name for layer in layers]
    for ratios in others:
        draw_layers(ratios, seen, [layer.update_ratio for layer in layers], UPDATES, [USUAL_RATIO])
        ratios.set_title(f"updates seen in training: {span_of(seen)}", fontsize=10)
        handles.append(ratios.axhline(USUAL_RATIO, zorder=1, **RULE))
        names.append(f"rule of thumb ({USUAL_RATIO:g})")
    legend = legend_below if len(layers) <= MOST_BELOW else legend_beside
    legend(figure, handles, names)
    return figure


def draw_layers(
    axes: Axes,
    epochs: IntArray,
    sizes: Sequence[FloatArray],  # (n_epochs,) of each layer
    name: str,
    more: Sequence[float] = (),
) -> list[Line2D]:
    """Draw a line a layer over the epochs, on a scale that has room for more sizes."""
    styles = [line_of(index, len(sizes)) for index in range(len(sizes))]
    lines = [
        draw_positive(axes, epochs, own, style) for own, style in zip(sizes, styles, strict=True)
    ]
    scale_logarithmically(axes, more, *(own.tolist() for own in sizes))
    axes.set_ylabel(name)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=MOST_TICKS, integer=True))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    return lines


def span_of(epochs: IntArray) -> str:
    """Return which epochs are drawn."""
    if len(epochs) == 1:
        return f"epoch {epochs[0]:,}"
    return f"{len(epochs)} epochs from {epochs[0]:,} to {epochs[-1]:,}"


def line_of(index: int, n_layers: int) -> Style:
    """Return how a layer's line is drawn: the deeper, the lighter."""
    depth = LIGHTEST * index / max(n_layers - 1, 1)
    return {
        "color": colormaps["cividis"](depth),
        "linestyle": line_style(index),
        "marker": class_marker(index),
    }


def draw_positive(axes: Axes, epochs: IntArray, values: FloatArray, style: Style) -> Line2D:
    """Draw the values (n_epochs,) that have a place on a logarithmic axis."""
    with np.errstate(invalid="ignore"):
        positive = np.where((values > 0.0) & np.isfinite(values), values, np.nan)
    between = -(-len(epochs) // MOST_MARKERS)
    (line,) = axes.plot(epochs, positive, markevery=between, **style)
    return line
