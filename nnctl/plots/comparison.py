"""How several trainings went, one over another: their losses against the epochs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, NullFormatter, StrMethodFormatter

from nnctl.plots.arrays import FloatArray
from nnctl.plots.epochs import LARGEST, choose_loss_scale
from nnctl.plots.labels import legend_below, legend_beside, set_title, shown
from nnctl.plots.style import (
    INK,
    Style,
    class_colour,
    class_marker,
    new_figure,
    plot_style,
)

MOST_NAMES_BELOW = 4  # of more, the legend stands beside the axes
MOST_EPOCH_TICKS = 8
PANEL_HEIGHT = 3.0  # of each kind of loss, in inches
LONG = 20.0  # times the shortest training: beyond, the epochs have a logarithmic scale
SET_LINES: dict[str, Style] = {"train": {"linestyle": "--"}, "validation": {"linestyle": "-"}}


@dataclass(frozen=True, eq=False)
class Curve:
    """A training's losses; an array is empty where a set was not measured."""

    name: str
    epochs: FloatArray  # (n_epochs,)
    train: FloatArray  # (n_epochs,)
    validation: FloatArray  # (n_epochs,) or (0,)
    best_epoch: int | None
    loss: str = "loss"  # which loss it is: those of one kind share a scale

    @property
    def by_set(self) -> dict[str, FloatArray]:
        """The losses of each set that has some; what is not finite leaves a gap."""
        losses = {"train": self.train, "validation": self.validation}
        return {
            name: np.where(np.abs(values) < LARGEST, values, np.nan)
            for name, values in losses.items()
            if values.size
        }

    @property
    def is_drawn(self) -> bool:
        """Whether any of its losses is finite."""
        return any(np.isfinite(values).any() for values in self.by_set.values())


@plot_style()
def comparison_figure(curves: Sequence[Curve], title: str) -> Figure:
    """Draw all losses of a kind over one pair of axes; a colour is a run, dashes training rows.

    The best epoch is marked on the curve that it was chosen by, as far as there is one: the
    validation loss, else the training loss.
    """
    beside = len(curves) > MOST_NAMES_BELOW
    losses = [*dict.fromkeys(curve.loss for curve in curves)]
    height = 4.8 if len(losses) == 1 else 0.8 + PANEL_HEIGHT * len(losses)
    figure = new_figure(8.6 if beside else 7.0, height)
    set_title(figure, title)
    panels = figure.subplots(len(losses), squeeze=False)[:, 0]
    for axes, loss in zip(panels, losses, strict=True):
        _draw_panel(axes, curves, loss)
        axes.set_ylabel("loss" if len(losses) == 1 else shown(loss))
    handles, names = _legend(curves)
    (legend_beside if beside else legend_below)(figure, handles, names)
    return figure


def _draw_panel(axes: Axes, curves: Sequence[Curve], loss: str) -> None:
    """Draw the curves of one kind of loss, which keep the colours that they have among all."""
    here = [curve for curve in curves if curve.loss == loss]
    for index, curve in enumerate(curves):
        if curve.loss == loss:
            _draw(axes, curve, index)
    choose_loss_scale(axes, _losses(here))
    axes.set_xlabel("epoch")
    lengths = [curve.epochs[-1] for curve in here if curve.epochs.size]
    if lengths and max(lengths) > LONG * min(lengths):
        axes.set_xscale("log")  # else the short ones are upright lines
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=MOST_EPOCH_TICKS, integer=True))


def _draw(axes: Axes, curve: Curve, index: int) -> None:
    colour, losses = class_colour(index), curve.by_set
    for name, values in losses.items():
        width = 1.1 if name == "train" and "validation" in losses else 1.8
        marker = "." if len(values) == 1 else "none"
        axes.plot(
            curve.epochs,
            values,
            color=colour,
            **SET_LINES[name],
            linewidth=width,
            marker=marker,
        )
    if curve.best_epoch is None or not losses:
        return
    watched = losses[next(reversed(losses))]
    at_best = watched[curve.epochs == curve.best_epoch]
    if at_best.size and np.isfinite(at_best[0]):
        axes.plot(
            [curve.best_epoch],
            at_best[:1],
            linestyle="none",
            marker=class_marker(index),
            color=colour,
            markersize=8,
            markeredgecolor=INK,
            zorder=3,
        )


def _losses(curves: Sequence[Curve]) -> FloatArray:
    """Return all losses that are drawn, in one row."""
    return np.concatenate([np.zeros(0), *(v for curve in curves for v in curve.by_set.values())])


def _legend(curves: Sequence[Curve]) -> tuple[list[Artist], list[str]]:
    """Return what stands for each run and, where both are there, for each set; and their names."""
    handles: list[Artist] = [
        Line2D(
            [],
            [],
            color=class_colour(index),
            marker=class_marker(index),
            markersize=7,
            markeredgecolor=INK,
        )
        for index, _ in enumerate(curves)
    ]
    names = [_name(curve) for curve in curves]
    sets = [name for name in SET_LINES if any(name in curve.by_set for curve in curves)]
    handles += [Line2D([], [], color=INK, **SET_LINES[name]) for name in sets]
    return handles, [*names, *(f"{name} rows" for name in sets)]


def _name(curve: Curve) -> str:
    """Return what the legend says of a training."""
    if not curve.is_drawn:
        return f"{curve.name} (no finite loss)"
    best = curve.best_epoch
    return curve.name if best is None else f"{curve.name} (best epoch {best:,})"
