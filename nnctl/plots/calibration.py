"""The reliability diagram: what came true against the probability that it was given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from nnctl.plots.arrays import FloatArray, IntArray
from nnctl.plots.labels import legend_below, set_title, shown
from nnctl.plots.style import FAINT, INK, PALETTE, Style, blend, new_figure, plot_style

OVERSHOOT = 0.03  # beyond 0 and 1
MOST_BINS_WITH_COUNTS = 12
BAR = blend("white", PALETTE[0], 0.45)
POINTS: Style = {"color": PALETTE[0], "marker": "o", "markersize": 6, "linewidth": 2.0}


@dataclass(frozen=True, eq=False)
class Calibration:
    """What came true of what was given each probability; the last arrays are of filled bins."""

    edges: FloatArray  # (n_bins + 1,)
    rows: IntArray  # (n_bins,)
    filled: NDArray[np.bool_]  # (n_bins,)
    mean: FloatArray  # (n_filled,) probability
    share: FloatArray  # (n_filled,) that came true
    low: FloatArray  # (n_filled,) of the interval of that share
    high: FloatArray  # (n_filled,)
    error: float  # expected calibration error
    largest_gap: float


@plot_style()
def calibration_figure(calibration: Calibration, of_what: str, title: str) -> Figure:
    """Draw the bins' shares against their probabilities, and under them how many rows they have.

    Points above the diagonal came true more often than the network said.
    """
    figure = new_figure(6.0, 6.4)
    set_title(figure, title)
    reliability, counts = figure.subplots(2, 1, sharex=True, height_ratios=[3.2, 1])
    (perfect,) = reliability.plot([0, 1], [0, 1], color=FAINT, linestyle=":", linewidth=1.4)
    mean, share = calibration.mean, calibration.share
    interval = reliability.vlines(mean, calibration.low, calibration.high, color=INK, linewidth=1.0)
    (points,) = reliability.plot(mean, share, **POINTS)
    reliability.set_ylabel("share that came true")
    reliability.set_ylim(-OVERSHOOT, 1 + OVERSHOOT)
    draw_counts(counts, calibration)
    counts.set_xlabel(f"probability of {shown(of_what)}")
    counts.set_xlim(-OVERSHOOT, 1 + OVERSHOOT)
    names = [f"network, calibration error {calibration.error:.3f}", "95 % interval", "perfect"]
    legend_below(figure, [points, interval, perfect], names)
    return figure


def draw_counts(axes: Axes, calibration: Calibration) -> None:
    """Draw how many rows each bin has."""
    edges = calibration.edges
    bars = axes.bar(
        edges[:-1],
        calibration.rows,
        width=np.diff(edges),
        align="edge",
        color=BAR,
        edgecolor=PALETTE[0],
        linewidth=0.8,
    )
    if len(edges) <= MOST_BINS_WITH_COUNTS + 1:
        axes.bar_label(bars, labels=[f"{rows:,}" for rows in calibration.rows], fontsize=7)
        axes.margins(y=0.2)
    axes.set_ylabel("rows")
    axes.yaxis.set_major_locator(MaxNLocator(nbins=3, integer=True))
