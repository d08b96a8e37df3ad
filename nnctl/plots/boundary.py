"""What a network predicts over two features, and the data that it was given there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from nnctl.plots.arrays import FloatArray, IntArray, finite_range
from nnctl.plots.labels import legend_below, legend_beside, set_title, shown
from nnctl.plots.regions import Plane, draw_many_classes, draw_two_classes
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


@plot_style()
def boundary_figure(
    *,
    grid_x: FloatArray,  # (n_x,) increasing
    grid_y: FloatArray,  # (n_y,) increasing
    scores: FloatArray,  # (n_y, n_x, n_scores): at [i, j] stands the point (grid_x[j], grid_y[i])
    predicted: IntArray | None,  # (n_y, n_x) classes; None for regression
    points: FloatArray,  # (n, 2)
    point_labels: IntArray | FloatArray,  # (n,) classes, or targets for regression
    class_names: Sequence[str] | None,  # None for regression
    feature_names: tuple[str, str],
    title: str,
    value_name: str | None = None,  # what a regression predicts
    point_predicted: IntArray | None = None,  # (n,) classes; where they differ, a ring is drawn
) -> Figure:
    """Draw the regions of the predicted classes, or a regression's surface, under the data.

    Two classes share one score (n_scores 1) or have two; `predicted` tells where the boundary
    is, whatever threshold decided. More classes are predicted by their highest score.
    """
    scores = np.where(np.isfinite(scores), scores, np.nan).astype(np.float64)
    figure = new_figure(*_size(class_names))
    axes = figure.add_subplot()
    axes.grid(visible=False)
    if class_names is None or predicted is None:
        targets = np.asarray(point_labels, dtype=np.float64)
        norm = Normalize(*finite_range(scores, targets))
        _draw_surface(axes, grid_x, grid_y, scores[..., 0], norm)
        drawn = _draw_targets(axes, points, targets, norm)
        figure.colorbar(drawn, ax=axes, label=shown(value_name or "prediction"), pad=0.02)
    else:
        labels = np.asarray(point_labels, dtype=np.intp)
        plane = Plane(grid_x, grid_y, scores, predicted)
        _draw_regions(figure, axes, plane, class_names)
        _draw_classes(axes, points, labels, len(class_names))
        n_wrong = _ring_errors(axes, points, labels, point_predicted)
        _draw_legend(figure, class_names, n_wrong)
    set_title(figure, title)
    axes.set_xlabel(shown(feature_names[0]))
    axes.set_ylabel(shown(feature_names[1]))
    axes.set_xlim(grid_x[0], grid_x[-1])
    axes.set_ylim(grid_y[0], grid_y[-1])
    return figure


def _size(class_names: Sequence[str] | None) -> tuple[float, float]:
    """Return inches; a legend beside the axes gets room of its own."""
    beside = class_names is not None and len(class_names) > MAX_CLASSES_BELOW
    return (8.6 if beside else 7.0), 5.4


def _draw_surface(
    axes: Axes, x: FloatArray, y: FloatArray, values: FloatArray, norm: Normalize
) -> None:
    """Fill the plane with the predicted values, in steps, so that a reader sees their contours."""
    levels = MaxNLocator(CONTOUR_LEVELS).tick_values(*norm.inverse(np.array([0.0, 1.0])))
    masked = np.ma.masked_invalid(values)
    axes.contourf(x, y, masked, levels=levels, norm=norm, cmap=COLOUR_MAP)


def _draw_targets(
    axes: Axes, points: FloatArray, targets: FloatArray, norm: Normalize
) -> PathCollection:
    """Draw the data in the surface's colours: a point that stands out is predicted badly."""
    style = scatter_style(len(points)) | {"edgecolors": "white"}
    x, y = points.T
    return axes.scatter(x, y, c=targets, norm=norm, cmap=COLOUR_MAP, **style)


def _draw_regions(figure: Figure, axes: Axes, plane: Plane, class_names: Sequence[str]) -> None:
    if len(class_names) == 2:
        draw_two_classes(figure, axes, plane, class_names)
    else:
        draw_many_classes(axes, plane)


def _draw_classes(axes: Axes, points: FloatArray, labels: IntArray, n_classes: int) -> None:
    style = scatter_style(len(points))
    for index in range(n_classes):
        own = points[labels == index]  # (n_own, 2)
        axes.scatter(*own.T, color=class_colour(index), marker=class_marker(index), **style)


def _ring_errors(
    axes: Axes, points: FloatArray, labels: IntArray, predicted: IntArray | None
) -> int:
    """Ring the points that are predicted wrongly, and return how many they are."""
    if predicted is None:
        return 0
    wrong = points[predicted != labels]  # (n_wrong, 2)
    if len(wrong):
        style = scatter_style(len(points)) | RING
        axes.scatter(*wrong.T, **style | {"s": RING_SCALE * style["s"]})
    return len(wrong)


def _draw_legend(figure: Figure, class_names: Sequence[str], n_wrong: int) -> None:
    names = list(class_names)
    handles = [point_handle(index) for index in range(len(names))]
    if n_wrong:
        handles.append(_ring_handle())
        names.append(f"misclassified ({n_wrong})")
    if len(class_names) <= MAX_CLASSES_BELOW:
        legend_below(figure, handles, names)
    else:
        legend_beside(figure, handles, names)


def _ring_handle() -> Line2D:
    style: Style = {"markerfacecolor": "none", "markeredgecolor": INK, "markersize": 10}
    return Line2D([], [], linestyle="none", marker="o", **style)
