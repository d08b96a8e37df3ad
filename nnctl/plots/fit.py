"""What a network makes of one feature: the curve of its predictions through the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from nnctl.plots.arrays import FloatArray, are_probabilities
from nnctl.plots.labels import legend_below, legend_beside, set_title, shown
from nnctl.plots.style import (
    Style,
    blend,
    class_colour,
    class_marker,
    line_style,
    new_figure,
    plot_style,
    point_handle,
    scatter_style,
)

MAX_NAMES_BELOW = 6
LINE_WIDTH = 2.2
DARKENING = 0.35
HALF = 0.5  # between the labels 0 and 1


@dataclass(frozen=True)
class Series:
    """One target or class: its points, and its curve where it has one."""

    name: str
    points_x: FloatArray  # (n,)
    points_y: FloatArray  # (n,)
    curve_y: FloatArray | None  # (m,)


@plot_style()
def fit_figure(
    *,
    curve_x: FloatArray,  # (m,) increasing
    curve_y: FloatArray,  # (m, k) predictions, or probabilities of the classes
    points_x: FloatArray,  # (n,)
    points_y: FloatArray,  # (n, k) targets, or for classes 0 and 1
    feature_name: str,
    target_names: Sequence[str],  # (k,) of a regression
    title: str,
    class_names: Sequence[str] | None = None,  # None for regression
    value_name: str | None = None,  # what the curve of classes shows, where it is no probability
) -> Figure:
    """Draw the data over one feature and the network's prediction as a curve.

    A classifier has a curve of probability for each class, whose own points stand at 1; where two
    classes share one output (k 1), it is the probability of the second, and the first's are at 0.
    """
    if class_names is None:
        series = _of_targets(points_x, points_y, curve_y, target_names)
        axis_name = shown(target_names[0]) if len(target_names) == 1 else "value"
    else:
        series = _of_classes(points_x, points_y, curve_y, class_names)
        axis_name = value_name or ("probability" if are_probabilities(curve_y) else "score")
        if curve_y.shape[1] < len(class_names):
            axis_name += f" of {shown(class_names[1])}"
    figure = new_figure(7.0, 4.8)
    axes = figure.add_subplot()
    for index, one in enumerate(series):
        _draw_points(axes, index, one)
    for index, one in enumerate(series):
        _draw_curve(axes, index, curve_x, one)
    set_title(figure, title)
    axes.set_xlabel(shown(feature_name))
    axes.set_ylabel(axis_name)
    _draw_legend(figure, series)
    return figure


def _of_targets(
    points_x: FloatArray, points_y: FloatArray, curve_y: FloatArray, names: Sequence[str]
) -> list[Series]:
    return [
        Series(name, points_x, points_y[:, index], curve_y[:, index])
        for index, name in enumerate(names)
    ]


def _of_classes(
    points_x: FloatArray, points_y: FloatArray, curve_y: FloatArray, names: Sequence[str]
) -> list[Series]:
    if curve_y.shape[1] == len(names):
        own = [points_y[:, index] >= HALF for index in range(len(names))]  # a class's own points
        return [
            Series(name, points_x[mask], points_y[mask, index], curve_y[:, index])
            for index, (name, mask) in enumerate(zip(names, own, strict=True))
        ]
    labels = points_y[:, 0]  # (n,)
    first, second = labels < HALF, labels >= HALF
    return [
        Series(names[0], points_x[first], labels[first], None),
        Series(names[1], points_x[second], labels[second], curve_y[:, 0]),
    ]


def _draw_points(axes: Axes, index: int, series: Series) -> None:
    style = scatter_style(len(series.points_x))
    axes.scatter(
        series.points_x,
        series.points_y,
        color=class_colour(index),
        marker=class_marker(index),
        **style,
    )


def _draw_curve(axes: Axes, index: int, curve_x: FloatArray, series: Series) -> None:
    if series.curve_y is not None:
        axes.plot(curve_x, series.curve_y, zorder=3, **_curve_style(index))


def _curve_style(index: int) -> Style:
    """Return a line in the points' colour, darkened and with a white rim, to be seen on them."""
    return {
        "color": blend(class_colour(index), "black", DARKENING),
        "linestyle": line_style(index),
        "linewidth": LINE_WIDTH,
        "path_effects": [withStroke(linewidth=LINE_WIDTH + 2, foreground="white")],
    }


def _draw_legend(figure: Figure, series: Sequence[Series]) -> None:
    if len(series) == 1:
        handles = [point_handle(0), Line2D([], [], **_curve_style(0))]
        legend_below(figure, handles, ["data", "prediction"])
        return
    points = [point_handle(index) for index in range(len(series))]
    for index, one in enumerate(series):
        if one.curve_y is not None:
            points[index].set(markerfacecolor=class_colour(index), **_curve_style(index))
    names = [one.name for one in series]
    legend = legend_below if len(names) <= MAX_NAMES_BELOW else legend_beside
    legend(figure, points, names)
