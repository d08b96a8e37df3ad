"""What a panel of some quantity against the epochs has, however many trainings it shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullFormatter, StrMethodFormatter

from nnctl.plots.arrays import FloatArray
from nnctl.plots.labels import shown
from nnctl.plots.style import FAINT, PALETTE, Style

MOST_EPOCH_TICKS = 5  # so that epochs of five digits stand apart
LOG_SCALE_RATIO = 100.0  # beyond two decades the later epochs lie flat on a linear scale
LARGEST = 1e100  # a loss beyond has diverged, and an axis of such numbers overflows
LINES: dict[str, Style] = {
    "train": {"color": PALETTE[0], "linestyle": "-", "marker": "o"},
    "validation": {"color": PALETTE[5], "linestyle": "--", "marker": "s"},
}


def metrics_of(columns: Iterable[str]) -> list[str]:
    """Return the metrics' names, without the loss, in the order in which a history has them."""
    names = [
        column.removeprefix(f"{rows}_")
        for column in columns
        for rows in LINES
        if column.startswith(f"{rows}_")
    ]
    return [name for name in dict.fromkeys(names) if name != "loss"]


def finite_or_gap(history: Mapping[str, Sequence[float]], column: str) -> FloatArray:
    """Return a column (n_epochs,) with NaN where it is not finite; (0,) where there is none."""
    values = np.asarray(history.get(column, ()), dtype=np.float64)  # (n_epochs,) or (0,)
    return np.where(np.abs(values) < LARGEST, values, np.nan)


def finish_panel(axes: Axes, quantity: str, epochs: FloatArray, values: FloatArray) -> None:
    """Choose the scales and write the labels of a panel in which all these values are drawn.

    `epochs` (n_epochs,) are the longest training's; `values` have any length.
    """
    if quantity == "loss":
        choose_loss_scale(axes, values)
    elif not np.isfinite(values).any():
        _note_absence(axes)
    axes.set_title(shown(quantity))
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=MOST_EPOCH_TICKS, integer=True))
    if len(epochs):
        margin = max(1.0, 0.04 * (epochs[-1] - epochs[0]))  # also where no value can be drawn
        axes.set_xlim(epochs[0] - margin, epochs[-1] + margin)


def choose_loss_scale(axes: Axes, losses: FloatArray) -> None:
    """Take a logarithmic scale where losses need one; say so where none of them is finite."""
    if not np.isfinite(losses).any():
        _note_absence(axes)
    elif spans_decades(losses):
        _use_log_scale(axes)


def spans_decades(values: FloatArray) -> bool:
    """Whether positive values, of which some may be NaN, need a logarithmic scale."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    return low > 0 and high > LOG_SCALE_RATIO * low


def _note_absence(axes: Axes) -> None:
    axes.set_yticks([])
    middle: Style = {"ha": "center", "va": "center", "transform": axes.transAxes}
    axes.text(0.5, 0.5, "no finite value", color=FAINT, backgroundcolor="white", **middle)


def _use_log_scale(axes: Axes) -> None:
    axes.set_yscale("log")
    # The default formatter writes powers as formulas, which are not parsed here.
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
