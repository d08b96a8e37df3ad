"""What a network predicts over two features, and the data there; also as it learns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from nnctl.plots.animation import Animation, Caption, DrawFrame, figure_of
from nnctl.plots.arrays import BoolArray, FloatArray, IntArray, finite_range
from nnctl.plots.labels import legend_below, legend_beside, set_title, shown
from nnctl.plots.regions import Plane, draws_many_classes, draws_two_classes
from nnctl.plots.style import (
    INK,
    Style,
    class_colour,
    class_marker,
    new_figure,
    plot_style,
    point_handle,
    scatter_style,
)

MAX_CLASSES_BELOW = 6  # more classes have their legend beside the axes
CONTOUR_LEVELS = 16
COLOUR_MAP = "cividis"  # rises evenly in lightness, for every kind of colour vision and in grey
RING_SCALE = 3.5  # a ring's area, in areas of the point that it surrounds
RING: Style = {"marker": "o", "facecolors": "none", "linewidths": 1.0}


@dataclass(frozen=True, eq=False, kw_only=True)
class Landscape:
    """What networks say over two features, one after another, and the data that is there.

    Two classes share one score (n_scores 1) or have two; `predicted` tells where the boundary
    is, whatever threshold decided. More classes are predicted by their highest score.
    """

    grid_x: FloatArray  # (n_x,) increasing
    grid_y: FloatArray  # (n_y,) increasing
    scores: FloatArray  # (n_frames, n_y, n_x, n_scores): [:, i, j] is the point (x[j], y[i])
    predicted: IntArray | None  # (n_frames, n_y, n_x) classes; None for regression
    points: FloatArray  # (n, 2)
    point_labels: IntArray | FloatArray  # (n,) classes, or targets for regression
    class_names: Sequence[str] | None  # None for regression
    feature_names: tuple[str, str]
    title: str
    value_name: str | None = None  # what a regression predicts
    note: str | None = None  # what else the plane is of
    # (n_frames, n) classes; where they differ from the labels, a ring is drawn
    point_predicted: IntArray | None = None


@plot_style()
def boundary_figure(landscape: Landscape) -> Figure:
    """Draw the regions of the predicted classes, or a regression's surface, under the data.

    Of several networks the first is drawn.
    """
    axes, draw = _draws_landscape(landscape)
    draw(0)
    return figure_of(axes)


@plot_style()
def boundary_animation(landscape: Landscape, captions: Sequence[Caption]) -> Animation:
    """Draw what `boundary_figure` does for one network after another, in the same colours."""
    return Animation(*_draws_landscape(landscape), captions)


def _draws_landscape(landscape: Landscape) -> tuple[Axes, DrawFrame]:
    """Draw what all networks have in common; return what draws that of one of them."""
    figure = new_figure(*_size(landscape.class_names))
    axes = figure.add_subplot()
    axes.grid(visible=False)
    axes.set_xlim(landscape.grid_x[0], landscape.grid_x[-1])
    axes.set_ylim(landscape.grid_y[0], landscape.grid_y[-1])
    note = "" if landscape.note is None else f"\n{landscape.note}"
    axes.set_xlabel(f"{shown(landscape.feature_names[0])}{note}")
    axes.set_ylabel(shown(landscape.feature_names[1]))
    set_title(figure, landscape.title)
    draws = _draws_surface if landscape.class_names is None else _draws_classes
    return axes, draws(figure, axes, landscape)


def _size(class_names: Sequence[str] | None) -> tuple[float, float]:
    """Return inches; a legend beside the axes gets room of its own."""
    beside = class_names is not None and len(class_names) > MAX_CLASSES_BELOW
    return (8.6 if beside else 7.0), 5.4


def _draws_surface(figure: Figure, axes: Axes, landscape: Landscape) -> DrawFrame:
    """Draw the data in the surface's colours; return what draws a frame of the surface.

    A point that stands out is predicted badly.
    """
    targets = np.asarray(landscape.point_labels, dtype=np.float64)
    values = _finite(landscape.scores)[..., 0]
    norm = Normalize(*finite_range(values, targets))
    # Filled in steps, so that a reader sees their contours.
    levels = MaxNLocator(CONTOUR_LEVELS).tick_values(*norm.inverse(np.array([0.0, 1.0])))
    style = scatter_style(len(targets)) | {"edgecolors": "white"}
    x, y = landscape.points.T
    points = axes.scatter(x, y, c=targets, norm=norm, cmap=COLOUR_MAP, **style)
    name = shown(landscape.value_name or "prediction")
    figure.colorbar(points, ax=axes, label=name, pad=0.02)

    def draw(frame: int) -> list[Artist]:
        surface = np.ma.masked_invalid(values[frame])
        colours: Style = {"levels": levels, "norm": norm, "cmap": COLOUR_MAP}
        return [axes.contourf(landscape.grid_x, landscape.grid_y, surface, zorder=0, **colours)]

    return draw


def _draws_classes(figure: Figure, axes: Axes, landscape: Landscape) -> DrawFrame:
    """Draw points and legend; return what draws a frame of the regions, and rings its errors."""
    assert landscape.class_names is not None
    assert landscape.predicted is not None
    names = list(landscape.class_names)
    labels = np.asarray(landscape.point_labels, dtype=np.intp)
    scores = _finite(landscape.scores)
    plane = Plane(landscape.grid_x, landscape.grid_y, scores, landscape.predicted)
    _draw_points(axes, landscape.points, labels, len(names))
    draw_regions = (
        draws_two_classes(figure, axes, plane, names)
        if len(names) == 2
        else draws_many_classes(axes, plane)
    )
    wrong = np.zeros((len(scores), len(labels)), dtype=bool)
    if landscape.point_predicted is not None:
        wrong = landscape.point_predicted != labels
    _draw_legend(figure, names, wrong.sum(axis=1))

    def draw(frame: int) -> list[Artist]:
        return [*draw_regions(frame), *_ring(axes, landscape.points, wrong[frame])]

    return draw


def _finite(scores: FloatArray) -> FloatArray:
    values: FloatArray = np.where(np.isfinite(scores), scores, np.nan).astype(np.float64)
    return values


def _draw_points(axes: Axes, points: FloatArray, labels: IntArray, n_classes: int) -> None:
    style = scatter_style(len(points))
    for index in range(n_classes):
        own = points[labels == index]  # (n_own, 2)
        axes.scatter(*own.T, color=class_colour(index), marker=class_marker(index), **style)


def _ring(axes: Axes, points: FloatArray, wrong: BoolArray) -> list[Artist]:
    """Draw a ring around the points (n, 2) that are predicted wrongly."""
    if not wrong.any():
        return []
    style = scatter_style(len(points)) | RING
    return [axes.scatter(*points[wrong].T, **style | {"s": RING_SCALE * style["s"]})]


def _draw_legend(figure: Figure, class_names: Sequence[str], n_wrong: IntArray) -> None:
    """Draw the legend of all frames, with the number of errors where there is one frame."""
    names = list(class_names)
    handles = [point_handle(index) for index in range(len(names))]
    if n_wrong.any():
        handles.append(_ring_handle())
        names.append(f"misclassified ({n_wrong[0]})" if len(n_wrong) == 1 else "misclassified")
    if len(class_names) <= MAX_CLASSES_BELOW:
        legend_below(figure, handles, names)
    else:
        legend_beside(figure, handles, names)


def _ring_handle() -> Line2D:
    style: Style = {"markerfacecolor": "none", "markeredgecolor": INK, "markersize": 10}
    return Line2D([], [], linestyle="none", marker="o", **style)
