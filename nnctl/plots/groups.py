"""What the members of several groups of runs reached: a dot each, and the mean of each group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nnctl.plots.labels import legend_below, set_title, shown
from nnctl.plots.style import (
    FAINT,
    INK,
    Style,
    class_colour,
    class_marker,
    new_figure,
    plot_style,
)

WIDTH, LEAST_HEIGHT = 7.4, 1.2  # inches
PANEL_HEIGHT, GROUP_HEIGHT, TALLEST_PANEL = 0.9, 0.42, 7.0  # inches; of a panel, and of each group
SPREAD = 0.5  # of the distance between two groups, over which the dots of one lie
MOST_PAIRED = 2  # groups; lines between more would cross too often
LONGEST_NAME = 24  # characters


@dataclass(frozen=True, eq=False)
class Panel:
    """One metric: what the members of each group reached, by their numbers."""

    metric: str
    values: Sequence[Mapping[int, float]]  # of each group
    paired: bool  # whether members of the same number belong together


@plot_style()
def groups_figure(names: Sequence[str], panels: Sequence[Panel], title: str) -> Figure:
    """Draw a panel a metric and a line a group: its members, its mean, one deviation to each side.

    The deviation is that of a sample (n - 1). Members that belong together are joined where there
    are two groups.
    """
    height = min(PANEL_HEIGHT + GROUP_HEIGHT * len(names), TALLEST_PANEL)
    figure = new_figure(WIDTH, LEAST_HEIGHT + height * len(panels))
    set_title(figure, title)
    axes = figure.subplots(max(1, len(panels)), squeeze=False)[:, 0]
    for each, panel in zip(axes, panels, strict=False):
        _draw(each, panel)
        each.set_yticks(range(len(names)), [shown(name, LONGEST_NAME) for name in names])
        each.set_ylim(len(names) - 0.5, -0.5)  # the first group on top
        each.grid(visible=False, axis="y")
    handles: list[Artist] = [
        Line2D([], [], color=FAINT, marker="o", linestyle="none"),
        Line2D([], [], color=INK, marker="|", markersize=13, markeredgewidth=2),
    ]
    labels = ["one member", "mean ± 1 standard deviation"]
    if any(_is_joined(panel) for panel in panels):
        handles.append(Line2D([], [], color=FAINT, linewidth=0.8))
        labels.append("a pair")
    legend_below(figure, handles, labels)
    return figure


def _is_joined(panel: Panel) -> bool:
    return panel.paired and len(panel.values) == MOST_PAIRED


def _draw(axes: Axes, panel: Panel) -> None:
    axes.set_xlabel(shown(panel.metric))
    numbers = sorted({number for values in panel.values for number in values})
    offsets = dict(zip(numbers, _offsets(len(numbers)), strict=True))
    if _is_joined(panel):
        one, another = panel.values
        for number in one.keys() & another.keys():
            heights = [offsets[number], 1 + offsets[number]]
            axes.plot([one[number], another[number]], heights, color=FAINT, linewidth=0.8, zorder=1)
    for place, values in enumerate(panel.values):
        heights = [place + offsets[number] for number in values]
        style: Style = {"color": class_colour(place), "marker": class_marker(place), "alpha": 0.75}
        axes.plot([*values.values()], heights, linestyle="none", markersize=5.5, zorder=2, **style)
        _draw_mean(axes, place, np.array([*values.values()], dtype=np.float64))


def _draw_mean(axes: Axes, place: int, values: np.ndarray) -> None:
    finite = values[np.isfinite(values)]
    if len(finite) < len(values) or not len(finite):
        return
    mean = float(finite.mean())
    axes.plot([mean], [place], color=INK, marker="|", markersize=18, markeredgewidth=2, zorder=4)
    if len(finite) > 1:
        deviation = float(finite.std(ddof=1))
        ends = [mean - deviation, mean + deviation]
        axes.plot(ends, [place, place], color=INK, linewidth=1.4, zorder=3)


def _offsets(count: int) -> list[float]:
    """Return where the members of a group lie across its line, side by side."""
    if count < 2:
        return [0.0] * count
    return [float(each) for each in np.linspace(-SPREAD / 2, SPREAD / 2, count)]
