"""The trials of a sweep as lines across an axis a parameter: parallel coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator

from nnctl.plots.arrays import FloatArray, finite_range
from nnctl.plots.labels import legend_below, set_title, shown
from nnctl.plots.style import FAINT, INK, PALETTE, Style, blend, new_figure, plot_style

# Inselberg (1985), "The plane with parallel coordinates".
AXIS_WIDTH, FRAME_WIDTH, HEIGHT = 1.55, 1.6, 4.9  # inches
NAME_LENGTH, LABEL_LENGTH = 20, 16
TICKS = 5
MOST_DISTINCT, APART = 8, 0.06  # values that are all written beside an axis, if so far apart
ABOVE = "(the best above)"
BEST: Style = {"color": PALETTE[5], "linewidth": 2.6, "zorder": 4}
LOST: Style = {"color": FAINT, "linewidth": 1.0, "linestyle": ":", "zorder": 1}
MARGIN = 0.04  # of an axis, beyond its ends


@dataclass(frozen=True, eq=False)
class Coordinate:
    """An axis, and where the trials cross it."""

    name: str
    values: FloatArray  # (n_trials,) positions in `labels` where there are any, NaN for none
    labels: tuple[str, ...] = ()  # of what was chosen from a list
    logarithmic: bool = False
    falling: bool = False  # the smallest value above


@plot_style()
def parallel_figure(coordinates: Sequence[Coordinate], order: Sequence[int], title: str) -> Figure:
    """Draw a line a trial; the last coordinate is what the trials are judged by.

    `order` has the places of the trials that have a value there, the best first: the better, the
    darker. Dotted are trials without one.
    """
    count = len(coordinates)
    figure = new_figure(FRAME_WIDTH + AXIS_WIDTH * count, HEIGHT)
    set_title(figure, title)
    axes = figure.add_subplot()
    heights = np.array([heights_of(coordinate) for coordinate in coordinates])  # (n_axes, n_trials)
    for trial in sorted(set(range(heights.shape[1])) - set(order)):
        axes.plot(range(count - 1), heights[:-1, trial], **LOST)
    shares = shares_of(coordinates[-1].values[[*order]])
    for place, trial in reversed([*enumerate(order)]):
        style = BEST if place == 0 else line_of(shares[place])
        axes.plot(range(count), heights[:, trial], **style)
    for place, coordinate in enumerate(coordinates):
        draw_axis(axes, place, coordinate)
    names = [*(broken(each.name) for each in coordinates[:-1]), f"{coordinates[-1].name}\n{ABOVE}"]
    axes.set_xticks(range(count), labels=names)
    axes.set_xlim(-0.15, count - 0.55)
    axes.set_ylim(-MARGIN, 1 + MARGIN)
    axes.yaxis.set_visible(False)
    axes.grid(visible=False)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="x", length=0, pad=8)
    name_lines(figure, len(order), heights.shape[1] - len(order))
    return figure


def shares_of(values: FloatArray) -> list[float]:
    """Return the share of the other trials that are better than each, `values` being in order."""
    first: dict[float, int] = {}  # of those with the same value
    for place, value in enumerate(values):
        first.setdefault(float(value), place)
    return [first[float(value)] / max(1, len(values) - 1) for value in values]


def line_of(share: float) -> Style:
    """Return the line of a trial that so large a share of the others is better than."""
    colour = blend(PALETTE[0], "white", 0.1 + 0.75 * share)
    return {"color": colour, "linewidth": 1.3, "zorder": 3 - share}


def heights_of(coordinate: Coordinate) -> FloatArray:
    """Return where the trials cross an axis (n_trials,), from 0 below to 1 above."""
    heights = places_of(coordinate, coordinate.values)
    return 1 - heights if coordinate.falling else heights


def places_of(coordinate: Coordinate, values: FloatArray) -> FloatArray:
    """Return how far from the smallest value to the largest one values lie, from 0 to 1."""
    low, high = finite_range(scaled(coordinate, coordinate.values))
    return (scaled(coordinate, values) - low) / (high - low)


def scaled(coordinate: Coordinate, values: FloatArray) -> FloatArray:
    """Return the values as they lie on the axis."""
    return np.log10(values) if coordinate.logarithmic else values


def draw_axis(axes: Axes, place: int, coordinate: Coordinate) -> None:
    """Draw an axis with some of its values beside it."""
    axes.plot([place, place], [0, 1], color=INK, linewidth=1.0, zorder=5)
    for value, label in ticks_of(coordinate):
        height = float(places_of(coordinate, np.array([value]))[0])
        height = 1 - height if coordinate.falling else height
        axes.plot([place, place + 0.025], [height, height], color=INK, linewidth=0.8, zorder=5)
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.8}
        text = shown(label, LABEL_LENGTH)
        axes.text(place + 0.045, height, text, va="center", fontsize=8, zorder=6, bbox=box)


def ticks_of(coordinate: Coordinate) -> list[tuple[float, str]]:
    """Return the values that are written beside an axis."""
    if coordinate.labels:
        used = np.unique(coordinate.values[np.isfinite(coordinate.values)]).astype(int)
        return [(float(index), coordinate.labels[index]) for index in used]
    distinct = np.unique(coordinate.values[np.isfinite(coordinate.values)])
    if len(distinct) <= MOST_DISTINCT and np.all(np.diff(places_of(coordinate, distinct)) > APART):
        return [(float(value), f"{value:.4g}") for value in distinct]
    low, high = finite_range(coordinate.values)
    locator = (
        LogLocator(subs=(1, 2, 5), numticks=99) if coordinate.logarithmic else MaxNLocator(TICKS)
    )
    inside = [float(v) for v in locator.tick_values(low, high) if low <= v <= high]
    if len(inside) < 2:
        inside = [low, high]
    every = -(-len(inside) // (2 * TICKS))
    return [(value, f"{value:.4g}") for value in inside[::every]]


def broken(name: str) -> str:
    """Return the name of a key on lines that stand under its axis."""
    return "\n".join(shown(part, NAME_LENGTH) for part in name.rsplit(".", 1))


def name_lines(figure: Figure, finished: int, lost: int) -> None:
    """Say what the lines are."""
    handles, names = [], []
    if finished:
        handles.append(Line2D([], [], **BEST))
        names.append("the best trial")
    if finished > 1:
        handles.append(Line2D([], [], **line_of(0.15)))
        names.append("others, the better the darker")
    if lost:
        handles.append(Line2D([], [], **LOST))
        names.append("without a value")
    legend_below(figure, handles, names)
