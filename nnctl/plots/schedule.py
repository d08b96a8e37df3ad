"""The learning rate of every epoch."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter, StrMethodFormatter

from nnctl.plots.arrays import FloatArray, IntArray, finite_range
from nnctl.plots.labels import legend_below, set_title
from nnctl.plots.style import INK, PALETTE, Style, new_figure, plot_style

# A logarithmic scale is for rates that span decades and are mostly small: one that is high for most
# of the time and falls steeply at its end, as a cosine, shows its shape on a linear one.
LOG_SCALE_RATIO, MEDIAN_RATIO = 100.0, 10.0
FEW = 30  # epochs that have room for a mark each
MOST_TICKS = 8
PLANNED: Style = {"color": PALETTE[0], "linewidth": 2.4}
TRAINED: Style = {"color": PALETTE[5], "linestyle": "--", "linewidth": 1.8}


@plot_style()
def schedule_figure(
    epochs: IntArray,  # (n,) from 1
    planned: FloatArray,  # (n,)
    trained: tuple[FloatArray, FloatArray] | None,  # epochs and rates of a run, (m,) each
    warmup_epochs: int,
    title: str,
) -> Figure:
    """Draw the planned rates, those of a run over them, and a line where the warm-up ends."""
    figure = new_figure(6.8, 4.2)
    set_title(figure, title)
    axes = figure.add_subplot()
    marker = "o" if len(epochs) <= FEW else "none"
    handles = axes.plot(epochs, planned, marker=marker, **PLANNED)
    names = ["as planned"]
    if trained is not None:
        handles += axes.plot(*trained, marker="s" if len(epochs) <= FEW else "none", **TRAINED)
        names.append("as trained")
    if warmup_epochs and warmup_epochs < epochs[-1]:
        handles.append(axes.axvline(warmup_epochs + 1, color=INK, linestyle=":", linewidth=1.2))
        names.append(f"after {warmup_epochs} epochs of warm-up")
    low, high = finite_range(planned, *(() if trained is None else trained[1:]))
    if low > 0.0 and high > LOG_SCALE_RATIO * low and high > MEDIAN_RATIO * np.median(planned):
        axes.set_yscale("log")
        # The default formatter writes powers as formulas, which are not parsed here.
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_ylim(0.0, 1.08 * high if high > 0.0 else 1.0)
    axes.set_xlabel("epoch")
    axes.set_ylabel("learning rate")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=MOST_TICKS, integer=True))
    margin = max(0.5, 0.02 * float(np.ptp(epochs)))
    axes.set_xlim(float(epochs[0]) - margin, float(epochs[-1]) + margin)
    legend_below(figure, handles, names)
    return figure
