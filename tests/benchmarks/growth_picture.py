"""Time and memory of a training as curves, a panel for each thing that may grow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, StrMethodFormatter

from nnctl.plots.style import FAINT, PALETTE, new_figure, plot_style

# What is measured, what must grow, the label, and the colour: a row of panels each.
PANELS = (
    ("microseconds", "operations", "µs a step", PALETTE[0]),
    ("megabytes", "kept", "MB at most", PALETTE[2]),
)
LEGENDS = {
    "operations": "as the operations",
    "kept": "as the numbers kept",
    "microseconds": "measured",
    "megabytes": "measured",
}
LEAST_DECADES = 10.0  # a panel shows at least this much from bottom to top


@plot_style()
def growth_picture(points: Sequence[Mapping[str, Any]]) -> Figure:
    """Return panels on logarithmic axes; dashed is what must grow, laid through the last point."""
    names = list(dict.fromkeys(point["axis"] for point in points))
    figure = new_figure(3.0 * len(names), 5.6)
    panels = figure.subplots(len(PANELS), len(names), squeeze=False)
    for row, (measured, needed, label, colour) in enumerate(PANELS):
        for column, name in enumerate(names):
            axes: Axes = panels[row, column]
            found = [point for point in points if point["axis"] == name]
            values = [point["value"] for point in found]
            results = [point[measured] for point in found]
            scale = results[-1] / found[-1][needed]
            growth = [scale * point[needed] for point in found]
            axes.plot(values, growth, "--", color=FAINT, linewidth=1.4, label=LEGENDS[needed])
            axes.plot(values, results, "o-", color=colour, label=LEGENDS[measured])
            arrange(axes, values, [*results, *growth])
            if column == 0:
                axes.set_ylabel(label)
                axes.legend(fontsize=8, loc="upper left")
            if row == len(PANELS) - 1:
                axes.set_xlabel(name)
    figure.suptitle("How a training step's time and a training's memory grow (one thread)")
    return figure


def arrange(axes: Axes, values: Sequence[int], shown: Sequence[float]) -> None:
    """Make both axes logarithmic, with plain numbers, and keep a flat curve flat."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.minorticks_off()
    low, high = min(shown) / 1.5, max(shown) * 1.5
    if high / low < LEAST_DECADES:
        middle = (low * high) ** 0.5
        low, high = middle / LEAST_DECADES**0.5, middle * LEAST_DECADES**0.5
    axes.set_ylim(low, high)
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    axes.set_xticks(values[1::2], [f"{value:,}" for value in values[1::2]])
