"""ROC and precision-recall curves, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nnctl.plots.arrays import FloatArray
from nnctl.plots.labels import legend_below, legend_beside, set_title, shown
from nnctl.plots.style import (
    FAINT,
    INK,
    Style,
    class_colour,
    line_style,
    new_figure,
    plot_style,
)

MAX_NAMES_BELOW = 4
NAME_LENGTH = 14  # so that a name and two numbers have room in a legend
OVERSHOOT = 0.03  # beyond 0 and 1, where curves of good networks lie
SMALL = 9  # points
GUESS: Style = {"color": FAINT, "linestyle": ":", "linewidth": 1.2}


@dataclass(frozen=True, eq=False)
class RankingCurve:
    """How a class's rows are told from the others at each threshold of their scores."""

    name: str
    roc: FloatArray  # (n + 1, 2) false positive rate and true positive rate, from (0, 0) to (1, 1)
    precision_recall: FloatArray  # (n, 2) recall and precision
    roc_auc: float
    average_precision: float
    share: float  # of the class among all rows: the precision of guessing
    decision: tuple[float, float, float] | None  # false positive rate, recall, precision


@plot_style()
def ranking_figure(curves: Sequence[RankingCurve], title: str) -> Figure:
    """Draw each class's curves; the legend has the areas under them.

    Dotted is what guessing gives. A circle marks where the network itself draws the line.
    """
    beside = len(curves) > MAX_NAMES_BELOW
    figure = new_figure(*((10.6, 4.4) if beside else (8.8, 4.9)))
    set_title(figure, title)
    roc, precision_recall = figure.subplots(1, 2)
    roc.plot([0, 1], [0, 1], **GUESS)
    handles = []
    for index, curve in enumerate(curves):
        style = curve_style(index)
        roc.plot(*curve.roc.T, **style)
        draw_precision(precision_recall, curve, style, alone=len(curves) == 1)
        handles.append(Line2D([], [], **style))
        if curve.decision is not None:
            mark_decision(roc, precision_recall, curve.decision)
    label(roc, "ROC", "false positive rate", "true positive rate")
    label(precision_recall, "precision and recall", "recall", "precision")
    name_curves(figure, curves, handles)
    return figure


def curve_style(index: int) -> Style:
    """Return a class's line: its colour, and a line style for grey paper."""
    return {"color": class_colour(index), "linestyle": line_style(index), "linewidth": 2.0}


def draw_precision(axes: Axes, curve: RankingCurve, style: Style, *, alone: bool) -> None:
    """Draw precision as steps: the area under them is the average precision."""
    recall, precision = curve.precision_recall.T
    axes.plot([0.0, *recall], [precision[0], *precision], drawstyle="steps-pre", **style)
    if alone:  # of several classes each would have a line of its own
        axes.axhline(curve.share, **GUESS)


def mark_decision(roc: Axes, precision_recall: Axes, at: tuple[float, float, float]) -> None:
    """Ring the point at which the network decides."""
    fall_out, recall, precision = at
    ring: Style = {"marker": "o", "markersize": 8, "markerfacecolor": "none", "color": INK}
    roc.plot(fall_out, recall, **ring)
    precision_recall.plot(recall, precision, **ring)


def label(axes: Axes, title: str, across: str, upwards: str) -> None:
    """Name an axes of shares, whose corners are all in sight."""
    axes.set_title(title)
    axes.set_xlabel(across)
    axes.set_ylabel(upwards)
    axes.set_xlim(-OVERSHOOT, 1 + OVERSHOOT)
    axes.set_ylim(-OVERSHOOT, 1 + OVERSHOOT)
    axes.set_aspect("equal")


def name_curves(figure: Figure, curves: Sequence[RankingCurve], handles: Sequence[Line2D]) -> None:
    """Name each curve with its two areas; say which they are."""
    names = [
        f"{shown(curve.name, NAME_LENGTH)}  {curve.roc_auc:.3f}  {curve.average_precision:.3f}"
        for curve in curves
    ]
    marks = list(handles)
    if any(curve.decision is not None for curve in curves):
        ring: Style = {"marker": "o", "markersize": 8, "markerfacecolor": "none", "color": INK}
        marks.append(Line2D([], [], linestyle="none", **ring))
        names.append("the network's own decision")
    legend = legend_below if len(curves) <= MAX_NAMES_BELOW else legend_beside
    legend(figure, marks, names)
    figure.legends[0].set_title("class, area under ROC, average precision")
    figure.legends[0].get_title().set_fontsize(SMALL)
