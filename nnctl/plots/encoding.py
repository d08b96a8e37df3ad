"""Figures as the bytes of a picture file: the same figure gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from nnctl.errors import UsageError
from nnctl.plots.style import plot_style

# Of zlib's levels this one takes half the time of the usual 6, for a file that is a tenth larger.
COMPRESSION = {"compress_level": 4}


def figure_bytes(figure: Figure, suffix: str) -> bytes:
    """Return a figure as the contents of a PNG or SVG file, as `suffix` (such as .png) says.

    Raises UsageError for any other suffix.
    """
    require_format(suffix, STILL)
    picture = BytesIO()
    with plot_style():
        FORMATS[suffix.lower()](figure, picture)
    return picture.getvalue()


def require_format(suffix: str, formats: Sequence[str]) -> None:
    """Raise UsageError for a suffix that is none of these formats': STILL, or ANIMATED."""
    if suffix.lower() not in formats:
        received = f"received suffix {suffix!r}" if suffix else "received no suffix"
        remedy = f"use {' or '.join(formats)}{HINTS.get(suffix.lower(), '')}"
        raise UsageError(f"a plot's format follows from its suffix ({received}); {remedy}")


def _write_png(figure: Figure, picture: BytesIO) -> None:
    """Lay out and draw once; `savefig` would do both two or three times."""
    write: Callable[..., None] = FigureCanvasAgg(figure).print_png
    write(picture, metadata={"Software": None}, pil_kwargs=COMPRESSION)
    _keep_layout(figure)


def _write_svg(figure: Figure, picture: BytesIO) -> None:
    figure.draw_without_rendering()
    _keep_layout(figure)
    figure.savefig(picture, format="svg", metadata={"Creator": "nnctl", "Date": None})


def _keep_layout(figure: Figure) -> None:
    """Let what is drawn next stand where it stands now; a second layout would move it by a hair."""
    figure.set_layout_engine("none")


# Neither the clock nor matplotlib's version stands in a file.
FORMATS: dict[str, Callable[[Figure, BytesIO], None]] = {".png": _write_png, ".svg": _write_svg}
ANIMATED = (".gif",)  # see `nnctl.plots.animation`
STILL = tuple(FORMATS)
# What else may have been meant by a suffix that is not taken.
HINTS = {
    ".gif": "; plot-boundary and plot-fit draw a .gif with --animate",
    ".png": ", or leave --animate away",
    ".svg": ", or leave --animate away",
}
