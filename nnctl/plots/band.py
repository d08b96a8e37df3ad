"""How the trainings of several seeds or folds went: their mean in a band as wide as they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from nnctl.plots.arrays import FloatArray
from nnctl.plots.epochs import (
    LINES,
    finish_panel,
    finite_or_gap,
    metrics_of,
    spans_decades,
)
from nnctl.plots.labels import legend_below, set_title
from nnctl.plots.style import INK, Style, new_figure, plot_style

SMALL = 9  # points
SHADE = 0.22  # of a band's colour
MEMBER: Style = {"linewidth": 0.8, "alpha": 0.45, "linestyle": "-"}


@plot_style()
def band_figure(
    histories: Sequence[Mapping[str, Sequence[float]]], title: str, part: str = "seed"
) -> Figure:
    """Draw one panel for the loss and one for the first metric; each history is that of a `part`.

    Each history has the columns of a `metrics.csv` and is a thin line. A thick one is their mean,
    in a band of one standard deviation (of a sample, n - 1) to each side, as far as all of them go:
    a mean of those that trained longest would be one of others. On a logarithmic scale the band
    goes no lower than the lowest history, since a mean less a deviation may be negative.
    """
    quantities = ["loss", *metrics_of(histories[0])[:1]]
    figure = new_figure(6.4 if len(quantities) == 1 else 8.6, 4.4)
    set_title(figure, title)
    panels = figure.subplots(1, len(quantities), squeeze=False).ravel()
    for panel, quantity in zip(panels, quantities, strict=True):
        _draw_panel(panel, histories, quantity)
    _draw_legend(figure, histories, part)
    if len({len(history["epoch"]) for history in histories}) > 1:
        figure.legends[0].set_title("some ended early: mean and band go as far as all do")
        figure.legends[0].get_title().set_fontsize(SMALL)
    return figure


def _draw_panel(
    axes: Axes, histories: Sequence[Mapping[str, Sequence[float]]], quantity: str
) -> None:
    everything: list[FloatArray] = []
    epochs = max((_epochs(history) for history in histories), key=len)
    for rows in LINES:
        curves = [finite_or_gap(history, f"{rows}_{quantity}") for history in histories]
        colour = LINES[rows]["color"]
        for history, curve in zip(histories, curves, strict=True):
            if curve.size:
                axes.plot(_epochs(history), curve, color=colour, **MEMBER)
        everything += curves
    values = np.concatenate(everything)
    logarithmic = quantity == "loss" and np.isfinite(values).any() and spans_decades(values)
    shared = min(len(history["epoch"]) for history in histories)
    for rows in LINES:
        of_all = [finite_or_gap(history, f"{rows}_{quantity}")[:shared] for history in histories]
        if all(len(curve) == shared for curve in of_all):
            _draw_band(axes, rows, epochs[:shared], np.stack(of_all), floor=bool(logarithmic))
    finish_panel(axes, quantity, epochs, values)


def _draw_band(
    axes: Axes, rows: str, epochs: FloatArray, curves: FloatArray, *, floor: bool
) -> None:
    """Draw mean and band of curves (n_seeds, n_epochs); with a `floor` none goes below them."""
    mean = curves.mean(axis=0)
    style = {"color": LINES[rows]["color"], "zorder": 3}
    marker = "." if len(epochs) == 1 else "none"
    axes.plot(epochs, mean, linestyle=LINES[rows]["linestyle"], marker=marker, **style)
    if len(curves) < 2:
        return
    deviation = curves.std(axis=0, ddof=1)
    low = np.maximum(mean - deviation, curves.min(axis=0)) if floor else mean - deviation
    axes.fill_between(epochs, low, mean + deviation, alpha=SHADE, linewidth=0, **style)


def _epochs(history: Mapping[str, Sequence[float]]) -> FloatArray:
    return np.asarray(history["epoch"], dtype=np.float64)  # (n_epochs,)


def _draw_legend(
    figure: Figure, histories: Sequence[Mapping[str, Sequence[float]]], part: str
) -> None:
    present = [rows for rows in LINES if any(key.startswith(f"{rows}_") for key in histories[0])]
    handles: list[Artist] = [
        Line2D([], [], color=LINES[rows]["color"], linestyle=LINES[rows]["linestyle"])
        for rows in present
    ]
    names = [f"{rows}: mean" for rows in present]
    if len(histories) > 1:
        handles.append(Patch(color=INK, alpha=SHADE, linewidth=0))
        names.append("± 1 standard deviation")
    handles.append(Line2D([], [], color=INK, **MEMBER))
    legend_below(figure, handles, [*names, f"one {part}"])
