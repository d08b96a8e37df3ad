"""How a training went: loss and metrics against the epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nnctl.plots.epochs import LINES, finish_panel, finite_or_gap, metrics_of
from nnctl.plots.labels import legend_below, set_title, shown
from nnctl.plots.style import INK, Style, new_figure, plot_style

MAX_METRICS = 8
MAX_COLUMNS = 3
SMALL = 9  # points
MAX_EPOCHS_WITH_MARKERS = 30


@plot_style()
def history_figure(
    history: Mapping[str, Sequence[float]], best_epoch: int | None, title: str
) -> Figure:
    """Draw one panel for the loss and one for each of the first eight metrics.

    Where there are more, a line under the panels names those that are left out. `history` has the
    columns of `metrics.csv`: `epoch`, `train_loss`, and as they are there `validation_loss`,
    `train_NAME` and `validation_NAME`. Values that are not finite leave a gap.
    """
    metrics = metrics_of(history)
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


def _draw_panel(
    axes: Axes, history: Mapping[str, Sequence[float]], quantity: str, best_epoch: int | None
) -> None:
    epochs = np.asarray(history["epoch"], dtype=np.float64)  # (n_epochs,)
    curves = {rows: finite_or_gap(history, f"{rows}_{quantity}") for rows in LINES}
    for rows, values in curves.items():
        if values.size:
            axes.plot(epochs, values, label=rows, **_line(rows, len(epochs)))
    if best_epoch is not None:
        axes.axvline(best_epoch, color=INK, linestyle=":", linewidth=1.2, zorder=1)
    finish_panel(axes, quantity, epochs, np.concatenate(list(curves.values())))


def _line(rows: str, n_epochs: int) -> Style:
    """Return how a line is drawn; few epochs get markers, and a single one is nothing else."""
    marker = LINES[rows]["marker"] if n_epochs <= MAX_EPOCHS_WITH_MARKERS else "none"
    return {**LINES[rows], "marker": marker}


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
