"""How much each parameter of a sweep matters by itself."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnctl.scale.results import DIVERGED, FINISHED, TrialResult
from nnctl.scale.space import Space
from nnctl.training.metrics import direction

FEWEST_TRIALS = 8
TRIALS_A_GROUP, MOST_GROUPS = 4, 5


def importances(results: Sequence[TrialResult], space: Space, metric: str) -> dict[str, float]:
    """Return for each parameter the share of the variance among trials that it explains alone.

    Trials are grouped by the parameter's value, numbers into groups of like size. The share is
    Kelley's ε² = 1 - (SS_within / (n - k)) / (SS_total / (n - 1)) of the metric's ranks, n trials
    in k groups: 0 where a parameter tells no more than chance would, 1 where it tells all.
    Trials that diverged have the worst rank. What two parameters do only together is not seen.
    Empty for fewer than eight trials. Kelley (1935), "An Unbiased Correlation Ratio Measure".
    """
    known = [result for result in results if result.status in (FINISHED, DIVERGED)]
    if len(known) < FEWEST_TRIALS:
        return {}
    ranks = average_ranks(badness(known, metric))
    return {
        key: epsilon_squared(ranks, groups([result.parameters[key] for result in known]))
        for key in space
    }


def badness(results: Sequence[TrialResult], metric: str) -> NDArray[np.float64]:
    """Return a number a trial (n,), the smaller the better."""
    sign = 1.0 if direction(metric.partition("_")[2]) == "min" else -1.0
    values = [result.value(metric) for result in results]
    return np.array([math.inf if value is None else sign * value for value in values])


def average_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ranks (n,) from 1; equal values share the mean of theirs."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[places], dtype=np.float64)


def groups(values: Sequence[Any]) -> NDArray[np.intp]:
    """Return the group of each value (n,): of numbers that are many, neighbours are together."""
    texts = [json.dumps(value, sort_keys=True) for value in values]
    distinct, of_value = np.unique(texts, return_inverse=True)
    count = max(2, min(MOST_GROUPS, len(values) // TRIALS_A_GROUP))
    numeric = all(isinstance(value, int | float) for value in values)
    if len(distinct) <= count or not numeric:
        return of_value
    numbers = np.array(values, dtype=np.float64)
    edges = np.quantile(numbers, np.arange(1, count) / count)
    return np.searchsorted(edges, numbers, side="right")


def epsilon_squared(ranks: NDArray[np.float64], group: NDArray[np.intp]) -> float:
    """Return ε², at least 0; 0 where there is nothing to explain, or nothing to explain it by."""
    n, k = len(ranks), len(np.unique(group))
    total = float(((ranks - ranks.mean()) ** 2).sum())
    if total == 0.0 or k < 2 or n <= k:
        return 0.0
    parts = [ranks[group == each] for each in np.unique(group)]
    within = sum(float(((part - part.mean()) ** 2).sum()) for part in parts)
    return max(0.0, 1.0 - (within / (n - k)) / (total / (n - 1)))
