"""What a network makes of one feature: the curve of its predictions through the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from nnctl.plots.animation import Animation, Caption, DrawFrame, figure_of
from nnctl.plots.arrays import FloatArray, are_probabilities, finite_range
from nnctl.plots.labels import legend_below, legend_beside, set_title, shown
from nnctl.plots.style import (
    PALETTE,
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
CURVE_OF_ONE = PALETTE[5]  # vermillion, on points of blue
HALF = 0.5  # between the labels 0 and 1
MARGIN = 0.05  # beyond what is drawn, as a share of it
MOST_BEYOND = 0.5  # how far an animation shows curves beyond data and last curve, as a share


@dataclass(frozen=True)
class Series:
    """One target or class: its points, and its curve where it has one."""

    name: str
    points_x: FloatArray  # (n,)
    points_y: FloatArray  # (n,)
    curve_y: FloatArray | None  # (m,)


@dataclass(frozen=True, eq=False, kw_only=True)
class Fit:
    """The curves of networks over one feature, one network after another, and the data.

    A classifier has a curve of probability for each class, whose own points stand at 1; where two
    classes share one output (k 1), it is the probability of the second, and the first's are at 0.
    """

    curve_x: FloatArray  # (m,) increasing
    curve_y: FloatArray  # (n_frames, m, k) predictions, or probabilities of the classes
    points_x: FloatArray  # (n,)
    points_y: FloatArray  # (n, k) targets, or for classes 0 and 1
    feature_name: str
    target_names: Sequence[str]  # (k,) of a regression
    title: str
    class_names: Sequence[str] | None = None  # None for regression
    value_name: str | None = None  # what the curve of classes shows, where it is no probability

    def series(self, frame: int) -> list[Series]:
        """Return what is drawn of a network."""
        if self.class_names is None:
            return _of_targets(self, self.curve_y[frame])
        return _of_classes(self, self.curve_y[frame], self.class_names)

    @property
    def axis_name(self) -> str:
        """What the curves are of."""
        if self.class_names is None:
            return shown(self.target_names[0]) if len(self.target_names) == 1 else "value"
        scores = "probability" if are_probabilities(self.curve_y) else "score"
        shared = self.curve_y.shape[-1] < len(self.class_names)
        second = f" of {shown(self.class_names[1])}" if shared else ""
        return f"{self.value_name or scores}{second}"


@plot_style()
def fit_figure(fit: Fit) -> Figure:
    """Draw the data over one feature, and the first network's prediction as a curve."""
    axes, draw = _draws_fit(fit)
    draw(0)
    return figure_of(axes)


@plot_style()
def fit_animation(fit: Fit, captions: Sequence[Caption]) -> Animation:
    """Draw the curve of one network after another, on the same axes.

    They leave room for the last curve. One that is far off goes beyond them, or the others would be
    flat.
    """
    axes, draw = _draws_fit(fit)
    low, high = finite_range(fit.points_y, fit.curve_y[-1])
    lowest, highest = finite_range(fit.curve_y)
    room = MARGIN * (high - low)
    bottom = min(low, max(lowest, low - MOST_BEYOND * (high - low)))
    top = max(high, min(highest, high + MOST_BEYOND * (high - low)))
    axes.set_ylim(bottom - room, top + room)
    axes.set_xlim(*axes.get_xlim())
    return Animation(axes, draw, captions)


def _draws_fit(fit: Fit) -> tuple[Axes, DrawFrame]:
    """Draw the data; return what draws the curves of a network."""
    figure = new_figure(7.0, 4.8)
    axes = figure.add_subplot()
    series = fit.series(0)
    for index, one in enumerate(series):
        _draw_points(axes, index, one)
    set_title(figure, fit.title)
    axes.set_xlabel(shown(fit.feature_name))
    axes.set_ylabel(fit.axis_name)
    _draw_legend(figure, series)

    def draw(frame: int) -> list[Artist]:
        styles = [_curve_style(index, len(series)) for index in range(len(series))]
        return [
            line
            for style, one in zip(styles, fit.series(frame), strict=True)
            for line in _draw_curve(axes, style, fit, one)
        ]

    return axes, draw


def _of_targets(fit: Fit, curve_y: FloatArray) -> list[Series]:
    return [
        Series(name, fit.points_x, fit.points_y[:, index], curve_y[:, index])
        for index, name in enumerate(fit.target_names)
    ]


def _of_classes(fit: Fit, curve_y: FloatArray, names: Sequence[str]) -> list[Series]:
    points_x, points_y = fit.points_x, fit.points_y
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


def _draw_curve(axes: Axes, style: Style, fit: Fit, series: Series) -> list[Line2D]:
    if series.curve_y is None:
        return []
    return axes.plot(fit.curve_x, series.curve_y, zorder=3, **style)


def _curve_style(index: int, n_series: int) -> Style:
    """Return a line with a white rim, to be seen on the points.

    Several curves have the colours of their points, darkened; one has a colour of its own.
    """
    darkened = blend(class_colour(index), "black", DARKENING)
    return {
        "color": CURVE_OF_ONE if n_series == 1 else darkened,
        "linestyle": line_style(index),
        "linewidth": LINE_WIDTH,
        "path_effects": [withStroke(linewidth=LINE_WIDTH + 2, foreground="white")],
    }


def _draw_legend(figure: Figure, series: Sequence[Series]) -> None:
    if len(series) == 1:
        handles = [point_handle(0), Line2D([], [], **_curve_style(0, 1))]
        legend_below(figure, handles, ["data", "prediction"])
        return
    points = [point_handle(index) for index in range(len(series))]
    for index, one in enumerate(series):
        if one.curve_y is not None:
            points[index].set(
                markerfacecolor=class_colour(index), **_curve_style(index, len(series))
            )
    names = [one.name for one in series]
    legend = legend_below if len(names) <= MAX_NAMES_BELOW else legend_beside
    legend(figure, points, names)
