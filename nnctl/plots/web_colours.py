"""The colours of the figures, for a page that draws by itself."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.colors import to_rgb

from nnctl.plots.boundary import COLOUR_MAP
from nnctl.plots.regions import FAINTEST, STRONGEST
from nnctl.plots.style import class_colour

WebColour = tuple[int, int, int]  # red, green and blue in 0 ... 255
STOPS = 33  # of a colour map; in between, straight lines are within one step of 255


def web_colour(colour: Sequence[float] | str) -> WebColour:
    """Return a colour of matplotlib's as three bytes."""
    red, green, blue = (round(255 * part) for part in to_rgb(colour))  # type: ignore[arg-type]
    return red, green, blue


def web_class_colour(index: int) -> WebColour:
    """Return the colour of a class, as `boundary_figure` has it."""
    return web_colour(class_colour(index))


def web_colour_map() -> list[WebColour]:
    """Return the colours of a regression's surface, from the lowest value to the highest."""
    colours = matplotlib.colormaps[COLOUR_MAP](np.linspace(0.0, 1.0, STOPS))
    return [web_colour(colour[:3]) for colour in colours.tolist()]


def web_strengths() -> tuple[float, float]:
    """Return the share of a class's colour where a network is unsure, and where it is sure."""
    return FAINTEST, STRONGEST
