"""How a training went: loss and metrics against the epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, NullFormatter, StrMethodFormatter

from nnctl.plots.arrays import FloatArray
from nnctl.plots.labels import legend_below, set_title, shown
from nnctl.plots.style import FAINT, INK, PALETTE, Style, new_figure, plot_style

MAX_METRICS = 8
MAX_COLUMNS = 3
SMALL = 9  # points
MOST_EPOCH_TICKS = 5  # so that epochs of five digits stand apart
MAX_EPOCHS_WITH_MARKERS = 30
LOG_SCALE_RATIO = 100.0  # beyond two decades the later epochs lie flat on a linear scale
LARGEST = 1e100  # a loss beyond has diverged, and an axis of such numbers overflows
LINES: dict[str, Style] = {
    "train": {"color": PALETTE[0], "linestyle": "-", "marker": "o"},
    "validation": {"color": PALETTE[5], "linestyle": "--", "marker": "s"},
}


@plot_style()
def history_figure(
    history: Mapping[str, Sequence[float]], best_epoch: int | None, title: str
) -> Figure:
    """Draw one panel for the loss and one for each of the first eight metrics.

    Where there are more, a line under the panels names those that are left out. `history` has the
    columns of `metrics.csv`: `epoch`, `train_loss`, and as they are there `validation_loss`,
    `train_NAME` and `validation_NAME`. Values that are not finite leave a gap.
    """
    metrics = _metrics(history)
    quantities, left_out = ["loss", *metrics[:MAX_METRICS]], metrics[MAX_METRICS:]
    columns = MAX_COLUMNS if len(quantities) not in (1, 2, 4) else min(len(quantities), 2)
    rows = -(-len(quantities) // columns)
    figure = new_figure(6.4 if columns == 1 else 4.3 * columns, 4.4 if rows == 1 else 3.3 * rows)
    set_title(figure, title)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, quantity in zip(panels, quantities, strict=False):
        _draw_panel(panel, history, quantity, best_epoch)
    for unused in panels[len(quantities) :]:
        unused.remove()
    _draw_legend(figure, history, best_epoch)
    if left_out:
        names = ", ".join(map(shown, left_out))
        figure.legends[0].set_title(f"not shown: {names}")
        figure.legends[0].get_title().set_fontsize(SMALL)
    return figure


def _metrics(history: Mapping[str, Sequence[float]]) -> list[str]:
    """Return the metrics' names in the order in which the history has them."""
    names = [
        key.removeprefix(f"{rows}_")
        for key in history
        for rows in LINES
        if key.startswith(f"{rows}_")
    ]
    return [name for name in dict.fromkeys(names) if name != "loss"]


def _draw_panel(
    axes: Axes, history: Mapping[str, Sequence[float]], quantity: str, best_epoch: int | None
) -> None:
    epochs = np.asarray(history["epoch"], dtype=np.float64)  # (n_epochs,)
    curves = {rows: _finite_or_gap(history, f"{rows}_{quantity}") for rows in LINES}
    for rows, values in curves.items():
        if values.size:
            axes.plot(epochs, values, label=rows, **_line(rows, len(epochs)))
    if best_epoch is not None:
        axes.axvline(best_epoch, color=INK, linestyle=":", linewidth=1.2, zorder=1)
    everything = np.concatenate(list(curves.values()))
    if not np.isfinite(everything).any():
        _note_absence(axes)
    elif quantity == "loss" and _spans_decades(everything):
        _use_log_scale(axes)
    axes.set_title(shown(quantity))
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=MOST_EPOCH_TICKS, integer=True))
    if len(epochs):
        margin = max(1.0, 0.04 * (epochs[-1] - epochs[0]))  # also where no value can be drawn
        axes.set_xlim(epochs[0] - margin, epochs[-1] + margin)


def _finite_or_gap(history: Mapping[str, Sequence[float]], key: str) -> FloatArray:
    values = np.asarray(history.get(key, ()), dtype=np.float64)  # (n_epochs,) or (0,)
    return np.where(np.abs(values) < LARGEST, values, np.nan)


def _line(rows: str, n_epochs: int) -> Style:
    """Return how a line is drawn; few epochs get markers, and a single one is nothing else."""
    marker = LINES[rows]["marker"] if n_epochs <= MAX_EPOCHS_WITH_MARKERS else "none"
    return {**LINES[rows], "marker": marker}


def _spans_decades(values: FloatArray) -> bool:
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


def _draw_legend(
    figure: Figure, history: Mapping[str, Sequence[float]], best_epoch: int | None
) -> None:
    present = [rows for rows in LINES if any(key.startswith(f"{rows}_") for key in history)]
    handles = [Line2D([], [], **_line(rows, len(history["epoch"]))) for rows in present]
    if best_epoch is not None:
        present.append(f"best epoch ({best_epoch})")
        handles.append(Line2D([], [], color=INK, linestyle=":", linewidth=1.2))
    if present:
        legend_below(figure, handles, present)
