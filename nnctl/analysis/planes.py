"""The points at which a network is asked, so that what it says can be drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnctl.data.arrays import FloatArray
from nnctl.data.features import Feature
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


def spread(feature: Feature, codes: FloatArray, count: int) -> FloatArray:
    """Return `count` values from below the least to above the greatest of a feature's `codes` (n,).

    Of one whose logarithm is taken they stay above -1, below which it has none.
    """
    least, greatest = float(np.nanmin(codes)), float(np.nanmax(codes))
    margin = MARGIN * (greatest - least) or 1.0
    low = least - margin
    if feature.logarithm:
        low = max(low, (least - 1.0) / 2.0)
    return np.linspace(low, greatest + margin, count)
