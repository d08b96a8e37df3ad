"""What several values of one metric are together."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence

import numpy as np

Statistic = Callable[[Sequence[float]], float]


def mean(values: Sequence[float]) -> float:
    """Return the mean, rounded once; NaN where a value is.

    So that of equal values is that value, which a bar may stand at.
    """
    if not all(map(math.isfinite, values)):
        with np.errstate(invalid="ignore"):
            return float(np.mean(values))
    return float(statistics.mean(values))


def deviation(values: Sequence[float]) -> float:
    """Return the standard deviation of a sample, sqrt(Σ(x - mean)² / (n - 1)); NaN for n = 1.

    Rounded once: of equal values it is 0.
    """
    if len(values) == 1 or not all(map(math.isfinite, values)):
        return math.nan
    return statistics.stdev(values)


def least(values: Sequence[float]) -> float:
    """Return the smallest value; NaN where one is."""
    return float(np.min(values))


def greatest(values: Sequence[float]) -> float:
    """Return the largest value; NaN where one is."""
    return float(np.max(values))


SPREAD: Mapping[str, Statistic] = {"mean": mean, "sample_standard_deviation": deviation}
SPREAD_AND_RANGE: Mapping[str, Statistic] = {**SPREAD, "minimum": least, "maximum": greatest}
