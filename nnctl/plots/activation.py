"""An activation function and its derivative, side by side."""

from __future__ import annotations

from matplotlib.figure import Figure

from nnctl.plots.arrays import FloatArray
from nnctl.plots.labels import legend_below, set_title, shown
from nnctl.plots.style import FAINT, PALETTE, new_figure, plot_style

FORMULA_LENGTH = 72


@plot_style()
def activation_figure(
    name: str,
    z: FloatArray,  # (m,)
    value: FloatArray,  # (m,)
    derivative: FloatArray | None,  # (m,), or None where there is no elementwise one
    formula: str,
) -> Figure:
    """Draw an activation and, where there is one, its derivative; the formula is plain text."""
    figure = new_figure(6.4, 4.4)
    set_title(figure, name)
    axes = figure.add_subplot()
    axes.set_title(shown(formula, FORMULA_LENGTH), fontfamily="DejaVu Sans Mono", fontsize=10)
    axes.axhline(0, color=FAINT, linewidth=1)
    axes.axvline(0, color=FAINT, linewidth=1)
    curves = axes.plot(z, value, color=PALETTE[0], linewidth=2.4)
    names = [name]
    if derivative is not None:
        curves += axes.plot(z, derivative, color=PALETTE[5], linestyle="--")
        names.append("derivative")
    axes.set_xlabel("z")
    axes.margins(x=0)
    legend_below(figure, curves, names)
    return figure
