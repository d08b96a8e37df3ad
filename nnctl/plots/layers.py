"""Layer by layer: how activations are spread, and how large gradients are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import (
    LogLocator,
    MaxNLocator,
    NullFormatter,
    PercentFormatter,
    StrMethodFormatter,
)

from nnctl.plots.arrays import FloatArray, finite_range
from nnctl.plots.labels import legend_below, set_title
from nnctl.plots.style import FAINT, INK, PALETTE, Colour, Style, blend, new_figure, plot_style

MOST_LEVEL = 3  # names that need not be turned
BINS = 50
NET_INPUT, OUTPUT = blend("white", PALETTE[5], 0.6), blend("white", PALETTE[0], 0.6)
MOST_DECADE_TICKS = 9
DECADE, MARGIN = 10.0, 1.3  # an axis has a decade at least, and a margin above and below
MOST_NAMED = 16  # layers whose names have room
LINES: dict[str, Style] = {
    "d_weights": {"color": PALETTE[0], "marker": "o", "linestyle": "-"},
    "d_z": {"color": PALETTE[5], "marker": "s", "linestyle": "--"},
    "ratio": {"color": PALETTE[2], "marker": "^", "linestyle": "-."},
}


@dataclass(frozen=True, eq=False)
class LayerHistogram:
    """A layer's values for some rows."""

    name: str
    activation: str
    z: FloatArray  # (n_rows, n_units)
    a: FloatArray  # (n_rows, n_units)
    flat: float | None  # share of the values at which the activation is flat
    always_flat: int | None  # units at which it is for every row


@dataclass(frozen=True)
class LayerNorms:
    """The norms (root of the sum of squares) of a layer's weights and of two gradients."""

    name: str
    weights: float
    d_weights: float  # of dL/dW
    d_z: float  # of dL/dz, over all rows of the batch

    @property
    def ratio(self) -> float:
        """How large a gradient the weights have, in their own size; NaN where they are zero."""
        return self.d_weights / self.weights if self.weights > 0.0 else float("nan")


@plot_style()
def activations_figure(layers: Sequence[LayerHistogram], title: str) -> Figure:
    """Draw two histograms a layer: what its units take in, and what they give."""
    figure = new_figure(8.2, 2.1 * len(layers) + 0.7)
    set_title(figure, title)
    panels = figure.subplots(len(layers), 2, squeeze=False)
    for (net_input, output), layer in zip(panels, layers, strict=True):
        n_units = layer.a.shape[1]
        draw_histogram(net_input, layer.z, NET_INPUT)
        net_input.set_title(f"{layer.name}: {n_units} unit{'s' * (n_units > 1)}", fontsize=10)
        net_input.set_ylabel("share of values")
        draw_histogram(output, layer.a, OUTPUT)
        output.set_title(describe_flatness(layer), fontsize=10)
    net_input.set_xlabel("net input z")
    output.set_xlabel("output a")
    return figure


def describe_flatness(layer: LayerHistogram) -> str:
    """Return the activation, and how much of it lets no gradient through."""
    if layer.flat is None:
        return layer.activation
    always = f", {layer.always_flat} always" if layer.always_flat else ""
    return f"{layer.activation}: flat for {layer.flat:.0%}{always}"


def draw_histogram(axes: Axes, values: FloatArray, colour: Colour) -> None:
    """Draw the shares of a layer's values."""
    finite = values[np.isfinite(values)]
    counts, edges = np.histogram(finite, np.linspace(*finite_range(finite), BINS + 1))
    axes.stairs(counts / max(values.size, 1), edges, fill=True, color=colour)
    if edges[0] < 0.0 < edges[-1]:
        axes.axvline(0.0, color=FAINT, linewidth=0.8, zorder=0)
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4))


@plot_style()
def gradients_figure(layers: Sequence[LayerNorms], title: str) -> Figure:
    """Draw the norms of both gradients from the first layer to the last, and dL/dW beside W."""
    figure = new_figure(9.6, 4.6)
    set_title(figure, title)
    norms, ratios = figure.subplots(1, 2)
    d_weights, d_z = [layer.d_weights for layer in layers], [layer.d_z for layer in layers]
    sizes = [layer.ratio for layer in layers]
    handles = [
        draw_line(norms, d_weights, LINES["d_weights"]),
        draw_line(norms, d_z, LINES["d_z"]),
        draw_line(ratios, sizes, LINES["ratio"]),
    ]
    scale_logarithmically(norms, d_weights, d_z)
    scale_logarithmically(ratios, sizes)
    norms.set_ylabel("norm of the gradient")
    ratios.set_ylabel("norm of dL/dW / norm of W")
    for axes in (norms, ratios):
        name_layers(axes, [layer.name for layer in layers])
    legend_below(figure, handles, ["dL/dW", "dL/dz", "dL/dW in sizes of W"])
    return figure


def draw_line(axes: Axes, values: Sequence[float], style: Style) -> Line2D:
    """Draw positive numbers; zero, which has no place on a logarithmic axis, on its floor."""
    numbers = np.array(values)
    places = np.arange(len(numbers))
    positive = np.where((numbers > 0.0) & np.isfinite(numbers), numbers, np.nan)
    (line,) = axes.plot(places, positive, markersize=6, **style)
    vanished = places[numbers == 0.0]
    if len(vanished):
        axes.scatter(
            vanished,
            np.zeros(len(vanished)),
            marker="x",
            color=INK,
            transform=axes.get_xaxis_transform(),
            clip_on=False,
            zorder=4,
        )
    return line


def scale_logarithmically(axes: Axes, *lines: Sequence[float]) -> None:
    """Show positive numbers on a logarithmic axis of a decade at least."""
    values = np.concatenate([np.array(line) for line in lines])
    values = values[np.isfinite(values) & (values > 0.0)]
    if not len(values):
        return
    low, high = float(values.min()), float(values.max())
    widening = max(MARGIN, (DECADE * low / high) ** 0.5)
    axes.set_yscale("log")
    axes.set_ylim(low / widening, high * widening)
    steps = (1.0,) if high > DECADE**2 * low else (1.0, 2.0, 5.0)
    axes.yaxis.set_major_locator(LogLocator(subs=steps, numticks=MOST_DECADE_TICKS))
    # The default formatter writes powers as formulas, which are not parsed here.
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def name_layers(axes: Axes, names: Sequence[str]) -> None:
    """Name the layers under the axes, turned where they are more than a few."""
    axes.set_xlim(-0.4, len(names) - 0.6)
    if len(names) <= MOST_NAMED:
        axes.set_xticks(range(len(names)), labels=names)
    if len(names) > MOST_LEVEL:
        for label in axes.get_xticklabels():
            label.set(rotation=40, ha="right", rotation_mode="anchor")
    axes.set_xlabel("layer")
