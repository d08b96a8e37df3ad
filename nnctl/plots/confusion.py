"""Which classes a network takes for which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from nnctl.plots.arrays import FloatArray, IntArray
from nnctl.plots.labels import set_title, shown
from nnctl.plots.style import FAINT, INK, Style, new_figure, plot_style

MAX_CLASSES_WITH_PERCENT = 12
MAX_CLASSES_WITH_COUNTS = 30
MAX_CLASSES_IN_LARGE = 6
CELL, MARGIN, NAME_CHARACTER = 0.62, 1.8, 0.06  # inches
MIN_SIDE, MAX_SIDE = 4.6, 16.0  # inches
LONG_NAME = 6  # characters; names under the columns that are longer are turned
DARK = 0.5  # brightness under which white letters are read better than dark ones
COLOUR_MAP = "Blues"


@plot_style()
def confusion_figure(
    matrix: IntArray | FloatArray,  # (n_classes, n_classes): true in rows, predicted in columns
    class_names: Sequence[str],
    title: str,
) -> Figure:
    """Draw a confusion matrix: counts, and their share of the true class, which is the colour too.

    Where rows have weights, sums of weights stand for counts.
    The share keeps a small class's errors as visible as a large one's. A class without rows is
    left white. Many classes show counts only, and still more the colours only.
    """
    n_classes = len(class_names)
    side = _side(class_names)
    figure = new_figure(side + 0.9, side)
    axes = figure.add_subplot()
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    shares = _row_shares(matrix)
    image = axes.imshow(shares, cmap=COLOUR_MAP, vmin=0, vmax=1)
    bar = figure.colorbar(image, ax=axes, shrink=0.82, format=PercentFormatter(xmax=1))
    bar.set_label("share of the true class")
    bar.outline.set_visible(False)
    _name_axes(axes, class_names)
    if n_classes <= MAX_CLASSES_WITH_COUNTS:
        _write_cells(axes, matrix, shares)
    set_title(figure, title)
    return figure


def _side(class_names: Sequence[str]) -> float:
    """Return the height of the figure in inches: a cell for each class, and room for the names."""
    names = NAME_CHARACTER * max(len(shown(name)) for name in class_names)
    return min(max(MARGIN + names + CELL * len(class_names), MIN_SIDE), MAX_SIDE)


def _row_shares(matrix: IntArray | FloatArray) -> FloatArray:
    """Return each count as a share of its row, (n_classes, n_classes); an empty row is zero."""
    totals = matrix.sum(axis=1, keepdims=True)
    shares: FloatArray = matrix / np.where(totals > 0, totals, 1)
    return shares


def _name_axes(axes: Axes, class_names: Sequence[str]) -> None:
    names = [shown(name) for name in class_names]
    positions = np.arange(len(names))
    axes.set_yticks(positions, labels=names)
    axes.set_xticks(positions, labels=names)
    if max(map(len, names)) > LONG_NAME:
        for label in axes.get_xticklabels():
            label.set(rotation=40, ha="right", rotation_mode="anchor")
    edges = np.arange(1, len(names)) - 0.5
    axes.set_xticks(edges, minor=True)
    axes.set_yticks(edges, minor=True)
    axes.grid(which="minor", color="white", linewidth=2)
    axes.tick_params(which="both", length=0)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")


def _write_cells(axes: Axes, matrix: IntArray | FloatArray, shares: FloatArray) -> None:
    with_percent = len(matrix) <= MAX_CLASSES_WITH_PERCENT
    size = 9.5 if len(matrix) <= MAX_CLASSES_IN_LARGE else 8
    style: Style = {"ha": "center", "va": "center", "fontsize": size, "linespacing": 1.25}
    for (row, column), count in np.ndenumerate(matrix):
        share = float(shares[row, column])
        percent = f"\n{_percent(share)}" if with_percent and count else ""
        colour = _contrast(share) if count else FAINT
        told = f"{count:.4g}" if matrix.dtype.kind == "f" else str(count)
        axes.text(column, row, f"{told}{percent}", color=colour, **style)


def _percent(share: float) -> str:
    """Return a share without decimals, never rounded to none or all when it is neither."""
    if 0 < share < 0.01:
        return "<1%"
    if 0.99 < share < 1:
        return ">99%"
    return f"{share:.0%}"


def _contrast(share: float) -> str:
    """Return ink for light cells and white for dark ones, by the cell's brightness."""
    red, green, blue, _ = colormaps[COLOUR_MAP](share)
    brightness = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "white" if brightness < DARK else INK
