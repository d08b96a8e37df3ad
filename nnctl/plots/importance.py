"""How much worse a network does without each of its features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nnctl.plots.arrays import FloatArray
from nnctl.plots.labels import legend_below, set_title, shown
from nnctl.plots.style import INK, PALETTE, Style, blend, new_figure, plot_style

MOST_FEATURES = 30
FRAME, BAR_HEIGHT = 1.7, 0.3  # inches
BAR = blend("white", PALETTE[0], 0.55)
DROP: Style = {"linestyle": "none", "marker": "|", "markersize": 9, "color": INK, "alpha": 0.6}


@dataclass(frozen=True, eq=False)
class Importance:
    """How much worse the metric became each time a feature's cells were permuted."""

    name: str
    drops: FloatArray  # (n_repeats,)

    @property
    def mean(self) -> float:
        """The importance of the feature."""
        return float(self.drops.mean())

    @property
    def spread(self) -> float:
        """The standard deviation (n - 1) of the drops; NaN of a single one."""
        return float(self.drops.std(ddof=1)) if len(self.drops) > 1 else float("nan")


@plot_style()
def importance_figure(
    features: Sequence[Importance], metric: str, value: float, title: str
) -> Figure:
    """Draw the features, the most important above: the mean as a bar, each permutation as a mark.

    Where there are more than thirty, the title says how many are left out.
    """
    drawn = sorted(features, key=lambda feature: feature.mean, reverse=True)[:MOST_FEATURES]
    figure = new_figure(7.4, FRAME + BAR_HEIGHT * len(drawn))
    set_title(figure, title)
    axes = figure.add_subplot()
    left_out = len(features) - len(drawn)
    if left_out:
        axes.set_title(f"the {len(drawn)} features above {left_out} others", fontsize=10)
    draw_bars(axes, drawn)
    axes.set_xlabel(f"how much worse {metric} becomes (it is {value:.4g})")
    bar = Line2D([], [], color=BAR, linewidth=8)
    legend_below(figure, [bar, Line2D([], [], **DROP)], ["mean", "each permutation"])
    return figure


def draw_bars(axes: Axes, features: Sequence[Importance]) -> None:
    """Draw a bar a feature, and a mark for each of its drops."""
    places = np.arange(len(features))
    axes.barh(places, [feature.mean for feature in features], height=0.66, color=BAR)
    for place, feature in zip(places, features, strict=True):
        axes.plot(feature.drops, np.full(len(feature.drops), place), **DROP)
    axes.axvline(0.0, color=INK, linewidth=0.9)
    axes.set_yticks(places, labels=[shown(feature.name) for feature in features])
    axes.set_ylim(len(features) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
