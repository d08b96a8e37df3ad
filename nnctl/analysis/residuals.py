"""How far estimates lie from the truth, target by target."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from nnctl.analysis.drawn_rows import MOST_POINTS
from nnctl.analysis.labelled import evaluated
from nnctl.analysis.pictures import Picture
from nnctl.data.arrays import FloatArray
from nnctl.data.table import Table
from nnctl.errors import UsageError
from nnctl.plots.residuals import MOST_TARGETS, Estimates, residuals_figure
from nnctl.training.inference import Model
from nnctl.training.metrics import REGRESSION_METRICS
from nnctl.training.outcomes import RegressionOutcome

ROWS_A_GROUP = 5  # or a mean would be of hardly more than one row
MOST_GROUPS = 10


def draw_residuals(model: Model, tables: Iterable[Table], title: str) -> Picture:
    """Draw what was estimated against what is true, and what is left over."""
    preprocessing = model.preprocessing
    if preprocessing.task != "regression":
        raise UsageError(
            "residuals are those of numbers; this run tells classes apart "
            "(`nnctl plot-confusion` shows which for which)"
        )
    result, remarks = evaluated(model, tables, ())
    true, predicted = (
        preprocessing.inverse_targets(values.astype(np.float64))
        for values in (result.targets, result.outputs)
    )
    estimates, described = [], []
    for index, name in enumerate(preprocessing.targets):
        one = [index]
        outcome = RegressionOutcome(true[:, one], predicted[:, one], result.sample_weight)
        measures = {metric: measure(outcome) for metric, measure in REGRESSION_METRICS.items()}
        estimates.append(estimates_of(name, true[:, index], predicted[:, index], measures))
        described.append(numbers_of(name, outcome, measures))
    notices = []
    if len(true) > MOST_POINTS:
        notices.append(f"drawn are {MOST_POINTS:,} of {len(true):,} rows; the numbers are of all")
    if len(estimates) > MOST_TARGETS:
        notices.append(
            f"drawn are the first {MOST_TARGETS} of {len(estimates)} targets; --json has all"
        )
    figure = residuals_figure(estimates[:MOST_TARGETS], title)
    return Picture(figure, (*remarks, *notices), {"rows": len(true), "targets": described})


def estimates_of(
    name: str, true: FloatArray, predicted: FloatArray, measures: dict[str, float]
) -> Estimates:
    """Return what is drawn of a target, true and predicted (n_rows,)."""
    points = np.linspace(0, len(true) - 1, min(len(true), MOST_POINTS)).astype(np.int64)
    return Estimates(
        name=name,
        true=true[points],
        predicted=predicted[points],
        trend=residual_trend(true, predicted),
        r2=measures["r2"],
        root_mean_squared_error=measures["root_mean_squared_error"],
    )


def residual_trend(true: FloatArray, predicted: FloatArray) -> FloatArray:
    """Return the mean prediction and mean residual of groups of rows alike in size, (n_groups, 2).

    The rows are sorted by their prediction. Where the means leave zero, the network errs by rule.
    """
    n_groups = min(len(true) // ROWS_A_GROUP, MOST_GROUPS)
    if n_groups < 2:
        return np.empty((0, 2))
    groups = np.array_split(np.argsort(predicted, kind="stable"), n_groups)
    means = [(predicted[rows].mean(), (true[rows] - predicted[rows]).mean()) for rows in groups]
    return np.array(means)


def numbers_of(name: str, outcome: RegressionOutcome, measures: dict[str, float]) -> dict[str, Any]:
    """Return a target's numbers, ready for JSON."""
    residuals = outcome.errors()[:, 0]
    quartiles = np.quantile(residuals, [0.25, 0.5, 0.75]).tolist()
    return {
        "name": name,
        **measures,
        "residuals": {
            "mean": float(np.average(residuals, weights=outcome.weights)),
            "lowest": float(residuals.min()),
            "lower_quartile": quartiles[0],
            "median": quartiles[1],
            "upper_quartile": quartiles[2],
            "highest": float(residuals.max()),
        },
    }
