"""How every figure looks, so that colour-blind eyes and grey paper can tell things apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import matplotlib.style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, fontManager, get_font
from matplotlib.lines import Line2D
from matplotlib.typing import ColorType

# Okabe and Ito, "Color Universal Design" (2008), in an order whose first two also differ in grey;
# yellow comes late because a thin yellow line is lost on white.
PALETTE = (
    "#0072B2",  # blue
    "#E69F00",  # orange
    "#009E73",  # bluish green
    "#CC79A7",  # reddish purple
    "#56B4E9",  # sky blue
    "#D55E00",  # vermillion
    "#F0E442",  # yellow
    "#6E6E6E",  # grey, for the black that edges and lines need
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p", "<", "*", "h")
LINE_STYLES = ("-", "--", "-.", ":")
INK = "#222222"
FAINT = "#9A9A9A"
POINT_AREA = 34.0
MIN_POINT_AREA = 8.0
CROWD = 300  # from this many points on they shrink
MAX_VECTOR_POINTS = 2000  # beyond, an SVG holds the points as one image, or it grows to megabytes

# DejaVu Sans comes with matplotlib; the others, where installed, know the scripts that it lacks.
FONTS = (
    "DejaVu Sans",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans CJK KR",
    "Hiragino Sans",
    "PingFang SC",
    "Microsoft YaHei",
    "Yu Gothic",
    "Malgun Gothic",
    "Arial Unicode MS",
)

Colour = tuple[float, float, float]  # red, green and blue in [0, 1]
Style = dict[str, Any]  # keyword arguments of a matplotlib artist

SETTINGS: Style = {
    "text.parse_math": False,  # a column called "$$" is a name, not a formula
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#555555",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.titlesize": 11,
    "axes.titley": 1.0,  # to look for room at each drawing takes a tenth of its time
    "axes.titlepad": 8,
    "figure.titlesize": 12,
    "figure.titleweight": "normal",
    "figure.constrained_layout.w_pad": 0.1,
    "figure.constrained_layout.h_pad": 0.07,
    "figure.dpi": 150,
    "savefig.dpi": 150,
    "font.size": 10,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.handlelength": 2.8,
    "lines.markersize": 4.5,
    "lines.linewidth": 1.8,
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "svg.fonttype": "path",  # the same letters on a machine without the fonts
    "svg.hashsalt": "nnctl",  # otherwise random, and no two SVG files were the same
}


@cache
def installed_fonts() -> tuple[str, ...]:
    """Return the names of `FONTS` that this machine has, so that matplotlib misses none."""
    installed = {font.name for font in fontManager.ttflist}
    return tuple(name for name in FONTS if name in installed)


@cache
def drawable_characters() -> frozenset[int]:
    """Return the code points that at least one of the installed fonts can draw."""
    return frozenset(
        code for name in installed_fonts() for code in get_font(findfont(name)).get_charmap()
    )


@contextmanager
def plot_style() -> Iterator[None]:
    """Draw with matplotlib's defaults and `SETTINGS`, whatever the user's matplotlibrc says.

    Usable as a decorator. Saving needs it too: ticks come into being only then.
    """
    fonts = {"font.family": list(installed_fonts())}
    with matplotlib.style.context(["default", SETTINGS, fonts]):
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of that many inches, laid out by constraints and drawn by Agg."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def blend(colour: ColorType, other: ColorType, share: float) -> Colour:
    """Return `colour` with that share of `other` mixed in."""
    red, green, blue = (
        (1 - share) * own + share * mixed
        for own, mixed in zip(to_rgb(colour), to_rgb(other), strict=True)
    )
    return red, green, blue


def class_colour(index: int) -> Colour:
    """Return the colour of a class: the palette, then the palette darkened, then lightened."""
    turn, position = divmod(index, len(PALETTE))
    other, share = (("black", 0.0), ("black", 0.5), ("white", 0.5))[turn % 3]
    return blend(PALETTE[position], other, share)


def class_marker(index: int) -> str:
    """Return the marker of a class; 11 markers on 24 colours: no pair twice in 264 classes."""
    return MARKERS[index % len(MARKERS)]


def line_style(index: int) -> str:
    """Return the line style of a class or target."""
    return LINE_STYLES[index % len(LINE_STYLES)]


def scatter_style(n_points: int) -> Style:
    """Return how data points are drawn, so that a crowd of them can still be told apart."""
    area = POINT_AREA * min(1.0, (CROWD / max(n_points, 1)) ** 0.5)
    return {
        "s": max(area, MIN_POINT_AREA),
        "edgecolors": INK,
        "linewidths": 0.6 if n_points <= CROWD else 0.3,
        "rasterized": n_points > MAX_VECTOR_POINTS,
    }


def point_handle(index: int) -> Line2D:
    """Return what stands for a class's points in a legend."""
    return Line2D(
        [],
        [],
        linestyle="none",
        marker=class_marker(index),
        color=class_colour(index),
        markersize=6,
        markeredgecolor=INK,
        markeredgewidth=0.6,
    )
