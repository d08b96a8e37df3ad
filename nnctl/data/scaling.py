"""Columns are shifted and scaled to where a network learns well, and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nnctl.config.schema.columns import Scaling
from nnctl.data.arrays import FloatArray, IntArray

ROUNDING = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Scaler:
    """scaled = (value - center) / scale, column by column."""

    center: FloatArray  # (n_columns,) float64
    scale: FloatArray  # (n_columns,) float64, never 0

    def apply(self, values: FloatArray) -> FloatArray:
        """Return the scaled values of shape (..., n_columns), as float64."""
        scaled = values - self.center
        scaled /= self.scale  # in place: of a large table, fresh memory costs more than arithmetic
        return scaled

    def invert(self, scaled: FloatArray) -> FloatArray:
        """Return the values, of shape (..., n_columns), that were scaled, as float64."""
        return scaled * self.scale + self.center


def fit_scaler(values: FloatArray, scaling: Scaling) -> Scaler:
    """Fit the scaler that the config calls `scaling` to values of shape (n_rows, n_columns).

    A column that never changes is scaled by 1, so that it becomes 0 and never NaN. For `log` the
    values are logarithms already.
    """
    return SCALINGS[scaling](values)


def standardize(values: FloatArray) -> Scaler:
    """Mean 0 and standard deviation 1 (of the population, divided by n)."""
    # Brought near 1 by a power of two, which is exact, so that no square overflows.
    _, exponents = np.frexp(np.abs(values).max(axis=0))
    near_one = np.ldexp(values, -exponents)
    center = np.ldexp(near_one.mean(axis=0), exponents)
    scale = np.ldexp(near_one.std(axis=0), exponents)
    return scaled_by_1_where_constant(center, scale, values)


def min_max(values: FloatArray) -> Scaler:
    """Smallest value 0 and largest 1."""
    lowest = values.min(axis=0)
    return scaled_by_1_where_constant(lowest, values.max(axis=0) - lowest, values)


def robust(values: FloatArray) -> Scaler:
    """Median 0 and interquartile range 1, so that a few extreme values move nothing.

    Where half of the values are equal, and the range is 0 or rounding, the standard deviation
    scales.
    """
    lower, center, upper = np.quantile(values, (0.25, 0.5, 0.75), axis=0)
    deviation = standardize(values).scale
    scale = upper - lower
    scale = np.where(scale > ROUNDING * deviation, scale, deviation)
    return scaled_by_1_where_constant(center, scale, values)


def unscaled(values: FloatArray) -> Scaler:
    """Values as they are."""
    n_columns = values.shape[1]
    return Scaler(np.zeros(n_columns), np.ones(n_columns))


def scaled_by_1_where_constant(center: FloatArray, scale: FloatArray, values: FloatArray) -> Scaler:
    """Return the scaler, with the value itself as the center of a column that never changes."""
    # Not `scale == 0`: the mean of equal values may differ from them in the last bit.
    constant = constant_columns(values)
    center[constant] = values[0, constant]
    scale[constant] = 1.0
    scale[scale == 0] = 1.0  # where values differ by less than float64 can halve
    return Scaler(center, scale)


def constant_columns(values: FloatArray) -> IntArray:
    """Return the positions of the columns of (n_rows, n_columns) whose values are all equal."""
    return np.flatnonzero((values == values[0]).all(axis=0))


SCALINGS: dict[Scaling, Callable[[FloatArray], Scaler]] = {
    "standardize": standardize,
    "min_max": min_max,
    "robust": robust,
    "log": standardize,
    "none": unscaled,
}
