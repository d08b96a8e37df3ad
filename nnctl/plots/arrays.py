"""The array types that figures are drawn from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]
BoolArray = NDArray[np.bool_]


def are_probabilities(scores: FloatArray) -> bool:
    """Return whether every score lies between 0 and 1, so that it may be called a probability."""
    return bool(np.all((scores >= 0) & (scores <= 1)))


def finite_range(*arrays: FloatArray) -> tuple[float, float]:
    """Return the lowest and highest finite value of all arrays, made to differ; (0, 1) if none."""
    values = np.concatenate([np.ravel(array) for array in arrays]).astype(np.float64)
    values = values[np.isfinite(values)]
    if values.size == 0:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    if low < high:
        return low, high
    margin = 0.5 * abs(low) or 0.5  # a colour scale needs a width, also for a constant
    return low - margin, high + margin
