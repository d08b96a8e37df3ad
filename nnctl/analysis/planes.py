"""The points at which a network is asked, so that what it says can be drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnctl.data.arrays import FloatArray
from nnctl.data.preprocessing import Preprocessing

MARGIN = 0.08  # beyond the data, as a share of its range


def middle_row(preprocessing: Preprocessing, codes: FloatArray) -> FloatArray:
    """Return one row of codes (n_features,): medians, and the most frequent of other kinds."""
    middle = np.empty(codes.shape[1])
    for position, feature in enumerate(preprocessing.features):
        present = codes[~np.isnan(codes[:, position]), position]
        if feature.kind == "numeric":
            middle[position] = np.median(present) if len(present) else np.nan
        else:
            values, counts = np.unique(present, return_counts=True)
            middle[position] = values[counts.argmax()] if len(present) else np.nan
    return middle


def grid_rows(
    x: FloatArray, y: FloatArray, middle: FloatArray, chosen: Sequence[int]
) -> FloatArray:
    """Return the rows (len(y) * len(x), n_features) of a grid, all else as in `middle`."""
    grid = np.tile(middle, (len(y) * len(x), 1))
    grid[:, chosen[0]] = np.tile(x, len(y))
    grid[:, chosen[1]] = np.repeat(y, len(x))
    return grid


def spread(values: FloatArray, count: int) -> FloatArray:
    """Return `count` values from below the least to above the greatest of `values` (n,)."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    margin = MARGIN * (high - low) or 1.0
    return np.linspace(low - margin, high + margin, count)
