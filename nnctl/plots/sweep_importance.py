"""How much each parameter of a sweep matters by itself, as bars."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from nnctl.plots.labels import set_title, shown
from nnctl.plots.style import INK, PALETTE, blend, new_figure, plot_style

MOST_PARAMETERS = 30
FRAME, BAR_HEIGHT = 1.6, 0.36  # inches
BAR = blend("white", PALETTE[0], 0.55)


@plot_style()
def parameter_importance_figure(shares: Mapping[str, float], metric: str, title: str) -> Figure:
    """Draw the share of the variance of the trials' ranks that each parameter explains alone."""
    ordered = sorted(shares.items(), key=lambda entry: entry[1], reverse=True)[:MOST_PARAMETERS]
    figure = new_figure(7.4, FRAME + BAR_HEIGHT * len(ordered))
    set_title(figure, title)
    axes = figure.add_subplot()
    places = np.arange(len(ordered))
    values = [share for _, share in ordered]
    axes.barh(places, values, height=0.66, color=BAR)
    for place, value in zip(places, values, strict=True):
        axes.text(value + 0.01, float(place), f"{value:.2f}", va="center", fontsize=9, color=INK)
    axes.axvline(0.0, color=INK, linewidth=0.9)
    axes.set_yticks(places, labels=[shown(name) for name, _ in ordered])
    axes.set_ylim(len(ordered) - 0.4, -0.6)
    axes.set_xlim(0.0, 1.08)
    axes.set_xlabel(f"share of the variance of {metric} (as ranks) that it explains alone")
    axes.grid(axis="y", visible=False)
    return figure
