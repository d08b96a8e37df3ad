"""The learning rate range test: the loss against a learning rate that grows step by step."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from nnctl.plots.arrays import FloatArray, finite_range
from nnctl.plots.labels import legend_below, set_title
from nnctl.plots.style import FAINT, INK, PALETTE, new_figure, plot_style

HEADROOM = 0.15  # of the height of the falling curve, above and below it
MOST_DECADE_TICKS = 12
DECADE = 10.0  # rates that span less stand on a linear axis, which has more ticks


@plot_style()
def learning_rate_figure(
    rates: FloatArray,  # (n_steps,), growing
    losses: FloatArray,  # (n_steps,) of each step's batch
    smoothed: FloatArray,  # (n_steps,)
    minimum: int,  # the step with the least smoothed loss
    steepest: int | None,  # the step where it falls fastest
    suggestion: float | None,
    title: str,
) -> Figure:
    """Draw the losses over the rates, and mark what is read off them.

    How high the loss climbs after its fall is left out: it would flatten all that matters.
    """
    figure = new_figure(6.4, 4.4)
    set_title(figure, title)
    axes = figure.add_subplot()
    curves = [
        *axes.plot(rates, losses, color=FAINT, linewidth=0.9),
        *axes.plot(rates, smoothed, color=PALETTE[0], linewidth=2.2),
        *axes.plot(rates[minimum], smoothed[minimum], "o", color=PALETTE[5], markersize=7),
    ]
    names = ["loss of each batch", "smoothed", f"minimum, at {rates[minimum]:.2g}"]
    if steepest is not None:
        curves += axes.plot(
            rates[steepest], smoothed[steepest], "s", color=PALETTE[1], markersize=7
        )
        names.append(f"steepest, at {rates[steepest]:.2g}")
    if suggestion is not None:
        curves.append(axes.axvline(suggestion, color=INK, linestyle="--", linewidth=1.4))
        names.append(f"suggestion, {suggestion:g}")
    end = len(losses) if steepest is None else minimum + 1
    _scale(axes, rates, losses[:end], smoothed[:end])
    legend_below(figure, curves, names)
    return figure


def _scale(axes: Axes, rates: FloatArray, *falling: FloatArray) -> None:
    """Let the falling part of the curve fill the axes."""
    low, high = finite_range(*falling)
    margin = HEADROOM * (high - low)
    axes.set_ylim(low - margin, high + margin)
    axes.set_ylabel("loss")
    axes.set_xlabel("learning rate")
    if len(rates) > 1:
        axes.set_xlim(float(rates[0]), float(rates[-1]))
    if rates[-1] >= DECADE * rates[0]:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(numticks=MOST_DECADE_TICKS))
        axes.xaxis.set_minor_formatter(NullFormatter())
    # The default formatter writes powers as formulas, which are not parsed here.
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
