"""A figure becomes a picture file of a page, in whichever of two formats is the smaller."""

from __future__ import annotations

from collections.abc import Sequence

from nnctl.analysis.pictures import Picture
from nnctl.analysis.report_parts import ReportPicture
from nnctl.plots.encoding import figure_bytes

PIXELS_PER_INCH = 96  # of a page
LARGEST_SVG = 200_000  # bytes; what is larger is shades, and smaller as PNG
DOTS_PER_INCH = 110  # of a PNG in a page
BYTES_IN_A_PAGE = 4 / 3  # of a picture's byte, in base64
SHADED = ".png"  # of pictures that are known to be shades


def encoded(
    name: str, title: str, picture: Picture, words: str, suffix: str = ".svg"
) -> ReportPicture:
    """Return a picture as the bytes of a file: SVG, or PNG where that would be large."""
    figure = picture.figure
    figure.set_dpi(DOTS_PER_INCH)
    files = {suffix: figure_bytes(figure, suffix)}
    if suffix == ".svg" and len(files[suffix]) > LARGEST_SVG:
        files[SHADED] = figure_bytes(figure, SHADED)
    smaller = min(files, key=lambda suffix: len(files[suffix]))
    width, height = (round(side * PIXELS_PER_INCH) for side in figure.get_size_inches())
    return ReportPicture(
        name, title, words, files[smaller], smaller, width, height, picture.notices
    )


def size_of(picture: ReportPicture) -> int:
    """Return how many bytes of a page a picture takes."""
    return round(len(picture.data) * BYTES_IN_A_PAGE)


def total_size(pictures: Sequence[ReportPicture | None]) -> int:
    """Return how many bytes of a page the pictures take."""
    return sum(size_of(picture) for picture in pictures if picture is not None)
