"""Small pictures of one plane: what each unit of a network makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from nnctl.plots.arrays import FloatArray, IntArray
from nnctl.plots.labels import set_title, shown
from nnctl.plots.signed import SIGNED_COLOURS, signed_scale
from nnctl.plots.style import (
    INK,
    PALETTE,
    Style,
    class_colour,
    class_marker,
    new_figure,
    plot_style,
)

ABREAST = 8
PANEL, FRAME, GAP = 1.35, 1.3, 0.04  # inches
MOST_POINTS = 250  # in a panel
SMALL = 8  # points
FEW, FEW_DOTS, MANY_DOTS = 40, 20.0, 7.0  # how many are few, and the areas of dots
DOT: Style = {"edgecolors": "white", "linewidths": 0.4}


@dataclass(frozen=True, eq=False)
class UnitLayer:
    """A layer's units over a regular grid: at [unit, i, j] stands the point (x[j], y[i])."""

    name: str
    a: FloatArray  # (n_units, n_y, n_x) activations
    z: FloatArray  # (n_units, n_y, n_x), zero on the unit's boundary
    level: float  # the activation that is drawn white


@plot_style()
def units_figure(
    layers: Sequence[UnitLayer],
    *,
    grid_x: FloatArray,  # (n_x,) increasing
    grid_y: FloatArray,  # (n_y,) increasing
    points: FloatArray,  # (n, 2)
    point_labels: IntArray | None,  # (n,) classes; None for regression
    feature_names: tuple[str, str],
    title: str,
) -> Figure:
    """Draw every unit's activation as colour, and its boundary as a line; layers one below another.

    Blue is above what the unit gives for a net input of zero, vermillion below. A layer's units
    have one scale.
    """
    columns = min(max(len(layer.a) for layer in layers), ABREAST)
    counts = [-(-len(layer.a) // columns) for layer in layers]
    figure = new_figure(max(PANEL * columns + FRAME, 4.4), PANEL * sum(counts) + 1.0)
    figure.set_layout_engine("constrained", w_pad=GAP, h_pad=GAP, wspace=0, hspace=0)
    set_title(figure, title)
    panels = figure.subplots(sum(counts), columns, squeeze=False)
    extent = (grid_x[0], grid_x[-1], grid_y[0], grid_y[-1])
    chosen = np.linspace(0, len(points) - 1, min(len(points), MOST_POINTS)).astype(np.int64)
    some = (points[chosen], None if point_labels is None else point_labels[chosen])
    first = 0
    for layer, n_rows in zip(layers, counts, strict=True):
        own: list[Axes] = panels[first : first + n_rows].ravel().tolist()
        first += n_rows
        image = draw_layer(own, layer, extent, some)
        bar = figure.colorbar(image, ax=own, fraction=0.05, pad=0.02)
        bar.outline.set_visible(False)
        bar.ax.tick_params(labelsize=SMALL)
        own[0].set_ylabel(layer.name, fontsize=9)
    across, upwards = map(shown, feature_names)
    figure.supxlabel(f"across {across}, upwards {upwards}", fontsize=10)
    return figure


def draw_layer(
    panels: Sequence[Axes],
    layer: UnitLayer,
    extent: tuple[float, float, float, float],
    points: tuple[FloatArray, IntArray | None],
) -> AxesImage:
    """Draw a layer's units into as many of the panels, and hide the others."""
    reach = signed_scale(layer.a - layer.level)
    scale = Normalize(*(layer.level + np.array([reach.vmin, reach.vmax])))
    style: Style = {"extent": extent, "origin": "lower", "aspect": "auto"}
    for unit, panel in enumerate(panels[: len(layer.a)]):
        panel.grid(visible=False)
        image = panel.imshow(layer.a[unit], cmap=SIGNED_COLOURS, norm=scale, **style)
        z = layer.z[unit]
        if np.nanmin(z) < 0.0 < np.nanmax(z):
            panel.contour(z, levels=[0.0], extent=extent, colors=INK, linewidths=1.2)
        draw_points(panel, *points)
        panel.set_title(str(unit + 1), fontsize=SMALL, pad=2)
        panel.set_xticks([])
        panel.set_yticks([])
    for unused in panels[len(layer.a) :]:
        unused.set_axis_off()
    return image


def draw_points(axes: Axes, points: FloatArray, labels: IntArray | None) -> None:
    """Draw the data as small as it may be, each class in its colour and by its marker."""
    style: Style = {"s": FEW_DOTS if len(points) <= FEW else MANY_DOTS, **DOT}
    if labels is None:
        axes.scatter(*points.T, color=PALETTE[1], **style)
        return
    markers = np.array([class_marker(label) for label in labels.tolist()])
    colours = np.array([to_rgb(class_colour(label)) for label in labels.tolist()])
    for marker in dict.fromkeys(class_marker(label) for label in np.unique(labels).tolist()):
        own = markers == marker  # of very many classes several: drawn one by one they take long
        shades = colours[own]
        alike = (shades == shades[0]).all()  # one colour is drawn faster, and sharper
        axes.scatter(*points[own].T, color=shades[0] if alike else shades, marker=marker, **style)
