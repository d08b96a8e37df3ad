"""Numbers of both signs as colours: blue above zero, vermillion below, white between."""

from __future__ import annotations

from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgb

from nnctl.plots.arrays import FloatArray, finite_range
from nnctl.plots.style import INK, PALETTE, blend

POSITIVE, NEGATIVE = PALETTE[0], PALETTE[5]
DARK = 0.5  # brightness under which white letters are read better than dark ones

LOWEST, HIGHEST = blend(NEGATIVE, "black", 0.25), to_rgb("#003F66")
SIGNED_COLOURS = LinearSegmentedColormap.from_list(
    "signed", [LOWEST, to_rgb(NEGATIVE), to_rgb("white"), to_rgb(POSITIVE), HIGHEST]
)


def signed_scale(*arrays: FloatArray) -> Normalize:
    """Return the scale of all arrays, as far below zero as above it."""
    low, high = finite_range(*arrays)
    reach = max(abs(low), abs(high))
    return Normalize(-reach, reach)


def letters_on(value: float, scale: Normalize) -> str:
    """Return the colour of letters that are read on the colour of a value."""
    red, green, blue, _ = SIGNED_COLOURS(float(scale(value)))
    brightness = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "white" if brightness < DARK else INK
