"""The way of one weight downhill, step by step, on the loss as a function of that weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from nnctl.plots.arrays import FloatArray, finite_range
from nnctl.plots.labels import legend_below, set_title, shown
from nnctl.plots.style import FAINT, INK, PALETTE, Style, new_figure, plot_style

MOST_NUMBERED = 12  # steps that have room for their number
MOST_MARKED = 60  # steps, beyond which the way is a line
APART = 0.03  # of the width or height of all steps
MARGIN = 0.08  # above and below, as a share of the height
LARGEST = 1e100  # a loss beyond has diverged, and an axis of such numbers overflows
NAME_LENGTH = 60
START: Style = {"color": PALETTE[0], "linewidth": 2.2}
END: Style = {"color": FAINT, "linewidth": 1.6, "linestyle": "--"}
WAY: Style = {"color": PALETTE[5], "linewidth": 1.0, "markersize": 5.5}


@dataclass(frozen=True, eq=False)
class Descent:
    """The loss over one weight, and the steps that were taken on it."""

    name: str
    values: FloatArray  # (m,) of the weight, increasing
    at_start: FloatArray  # (m,) the loss, all other parameters as before the first step
    at_end: FloatArray | None  # (m,) and as after the last; None where there are no others
    taken: FloatArray  # (n_steps + 1,) the weight before the first step and after each
    heights: FloatArray  # (n_steps + 1,) the loss there, all others as they were then


@plot_style()
def descent_figure(descent: Descent, rates: str, title: str) -> Figure:
    """Draw the loss over the weight and the steps on it, the first ones numbered.

    A weight alone stays on its curve. Where others learn too, the curve itself sinks: the broken
    line is where it has come to.
    """
    figure = new_figure(6.8, 4.8)
    set_title(figure, title)
    axes = figure.add_subplot()
    handles = axes.plot(descent.values, drawable(descent.at_start), **START)
    names = ["loss over this weight"]
    if descent.at_end is not None:
        names[0] = "loss, the others as at the start"
        handles += axes.plot(descent.values, drawable(descent.at_end), **END)
        names.append("loss, the others as at the end")
    handles += draw_way(axes, descent)
    n_steps = len(descent.taken) - 1
    names.append(f"{n_steps} step{'s' * (n_steps != 1)}, {rates}")
    limit(axes, descent)
    axes.set_xlabel(shown(descent.name, NAME_LENGTH))
    axes.set_ylabel("loss")
    legend_below(figure, handles, names)
    return figure


def draw_way(axes: Axes, descent: Descent) -> list[Line2D]:
    """Draw the steps as points joined in their order, and number the first of them."""
    heights = drawable(descent.heights)
    marker = "o" if len(heights) <= MOST_MARKED else "none"
    way = axes.plot(descent.taken, heights, zorder=3, marker=marker, **WAY)
    style: Style = {
        "textcoords": "offset points",
        "fontsize": 8,
        "color": INK,
        "path_effects": [withStroke(linewidth=2.5, foreground="white")],
        "zorder": 4,
    }
    for step in numbered(descent.taken, heights):
        at = (float(descent.taken[step]), float(heights[step]))
        axes.annotate(str(step), at, (5, 5), **style)
    return way


def numbered(taken: FloatArray, heights: FloatArray) -> list[int]:
    """Return the first steps that stand apart from those before them, so that their numbers do."""
    scale = [np.ptp(np.array(finite_range(values))) for values in (taken, heights)]
    points = np.stack([taken, heights], axis=1) / scale
    chosen: list[int] = []
    for step in range(min(len(points), MOST_NUMBERED + 1)):
        apart = np.abs(points[chosen] - points[step]).max(axis=1) > APART
        if np.isfinite(points[step]).all() and apart.all():
            chosen.append(step)
    return chosen


def drawable(heights: FloatArray) -> FloatArray:
    """Return the heights with a gap where they are beyond all bounds."""
    return np.where(np.abs(heights) < LARGEST, heights, np.nan)


def limit(axes: Axes, descent: Descent) -> None:
    """Show the curve and all steps; a curve that is steep beyond them leaves the axes."""
    curves = [descent.at_start, *([] if descent.at_end is None else [descent.at_end])]
    lowest, _ = finite_range(*map(drawable, (*curves, descent.heights)))
    low, high = descent.taken.min(), descent.taken.max()
    between = (descent.values >= low) & (descent.values <= high)
    _, highest = finite_range(*(drawable(curve[between]) for curve in curves), descent.heights)
    margin = MARGIN * (highest - lowest) or 1.0
    axes.set_ylim(lowest - margin, highest + 2 * margin)
    axes.set_xlim(float(descent.values[0]), float(descent.values[-1]))
