"""Figures as the bytes of a picture file: the same figure gives the same bytes."""

from __future__ import annotations

from io import BytesIO

from matplotlib.figure import Figure

from nnctl.errors import UsageError
from nnctl.plots.style import plot_style

# What a file says of itself, by its suffix: neither the clock nor matplotlib's version.
METADATA: dict[str, dict[str, str | None]] = {
    ".png": {"Software": None},
    ".svg": {"Creator": "nnctl", "Date": None},
}


def figure_bytes(figure: Figure, suffix: str) -> bytes:
    """Return a figure as the contents of a PNG or SVG file, as `suffix` (such as .png) says.

    Raises UsageError for any other suffix.
    """
    picture_format = suffix.lower()
    if picture_format not in METADATA:
        received = f"received suffix {suffix!r}" if suffix else "received no suffix"
        known = " or ".join(METADATA)
        raise UsageError(f"a plot's format follows from its suffix ({received}); use {known}")
    picture = BytesIO()
    with plot_style():
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # a second layout would move the axes by a hair
        figure.savefig(picture, format=picture_format[1:], metadata=METADATA[picture_format])
    return picture.getvalue()
