"""What a regression estimates against what is true, and what is left over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from nnctl.plots.arrays import FloatArray, finite_range
from nnctl.plots.labels import legend_below, set_title, shown
from nnctl.plots.style import (
    INK,
    PALETTE,
    Style,
    new_figure,
    plot_style,
    point_handle,
    scatter_style,
)

MOST_TARGETS = 8
MARGIN = 0.05  # beyond the data, as a share of its range
MOST_BINS = 30
MOST_TICKS = 6  # so that long numbers stand apart
EXACT: Style = {"color": INK, "linestyle": "--", "linewidth": 1.2}
TREND: Style = {"color": PALETTE[5], "marker": "s", "markersize": 4.5, "linewidth": 1.8}


@dataclass(frozen=True, eq=False)
class Estimates:
    """One target: some of its rows, and what is said of all of them."""

    name: str
    true: FloatArray  # (n,)
    predicted: FloatArray  # (n,)
    trend: FloatArray  # (n_groups, 2) mean prediction and mean residual of rows alike
    r2: float
    root_mean_squared_error: float


@plot_style()
def residuals_figure(targets: Sequence[Estimates], title: str) -> Figure:
    """Draw a row of panels a target: predicted against true, the residuals, their histogram.

    Residuals are true - predicted. A point above zero was estimated too low.
    """
    figure = new_figure(11.0, 0.9 + 3.3 * len(targets))
    set_title(figure, title)
    panels = figure.subplots(len(targets), 3, squeeze=False, width_ratios=[0.85, 1.2, 0.55])
    for (against, over, spread), target in zip(panels, targets, strict=True):
        draw_estimates(against, target)
        draw_residuals(over, target)
        draw_spread(spread, target)
        spread.sharey(over)
    handles = [point_handle(0), Line2D([], [], **EXACT), Line2D([], [], **TREND)]
    names = ["a row", "exact", "mean of rows estimated alike"]
    shown_names = len(names) if any(len(target.trend) for target in targets) else 2
    legend_below(figure, handles[:shown_names], names[:shown_names])
    return figure


def draw_estimates(axes: Axes, target: Estimates) -> None:
    """Draw predicted against true on axes of one scale."""
    low, high = finite_range(target.true, target.predicted)
    margin = MARGIN * (high - low)
    ends = (low - margin, high + margin)
    axes.plot(ends, ends, **EXACT)
    axes.scatter(target.true, target.predicted, **points(len(target.true)))
    axes.set_xlim(*ends)
    axes.set_ylim(*ends)
    axes.set_aspect("equal")
    axes.set_xlabel(f"true {shown(target.name)}")
    axes.set_ylabel(f"predicted {shown(target.name)}")
    error = f"root mean squared error {target.root_mean_squared_error:.4g}"
    explained = f"{target.r2:.3f}" if np.isfinite(target.r2) else "undefined"
    axes.set_title(f"R² {explained}, {error}", fontsize=9.5)


def draw_residuals(axes: Axes, target: Estimates) -> None:
    """Draw what is left over against what was predicted."""
    axes.axhline(0.0, **EXACT)
    axes.scatter(target.predicted, target.true - target.predicted, **points(len(target.true)))
    axes.plot(*target.trend.T, **TREND)
    axes.set_xlabel(f"predicted {shown(target.name)}")
    axes.set_ylabel("residual: true - predicted")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=MOST_TICKS))


def draw_spread(axes: Axes, target: Estimates) -> None:
    """Draw how the residuals are spread, beside them and on their scale."""
    residuals = target.true - target.predicted
    residuals = residuals[np.isfinite(residuals)]
    n_bins = int(np.clip(np.sqrt(len(residuals)), 1, MOST_BINS))
    style: Style = {"color": PALETTE[4], "edgecolor": INK, "linewidth": 0.4}
    axes.hist(residuals, bins=n_bins, orientation="horizontal", **style)
    axes.axhline(0.0, **EXACT)
    axes.set_xlabel("rows drawn")
    axes.tick_params(labelleft=False)


def points(n_points: int) -> Style:
    """Return how a row is drawn."""
    return {**scatter_style(n_points), "color": PALETTE[0], "alpha": 0.75}
