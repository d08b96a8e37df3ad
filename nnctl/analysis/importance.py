"""What each feature is worth to a network: how much worse it does once its cells are permuted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnctl.analysis.labelled import LabelledRows, gathered
from nnctl.analysis.pictures import Picture
from nnctl.data.preprocessing import Preprocessing
from nnctl.data.streams import stream
from nnctl.data.table import Table
from nnctl.errors import UsageError
from nnctl.plots.importance import Importance, importance_figure
from nnctl.training.evaluation import Evaluator
from nnctl.training.inference import Model
from nnctl.training.metrics import direction
from nnctl.training.reporting import applicable_metrics

MOST_ROWS = 10_000  # more make the mean no surer than the permutations do


def draw_importance(
    model: Model,
    tables: Iterable[Table],
    title: str,
    metric: str | None = None,
    repeats: int = 10,
    seed: int | None = None,
) -> Picture:
    """Draw each feature's permutation importance (Breiman 2001; Fisher, Rudin & Dominici 2019)."""
    metric = chosen_metric(model, metric)
    rows = gathered(model, tables, MOST_ROWS)
    if len(rows.examples) < 2:
        raise UsageError("there is nothing to permute in a single row; give more")
    seed = model.config.seed if seed is None else seed
    value, drops = permutation_importance(model, rows, metric, repeats, seed)
    if not np.isfinite(value):
        raise UsageError(f"the {metric} of these rows is undefined; choose another --metric")
    names = model.preprocessing.feature_names
    importances = [Importance(name, row) for name, row in zip(names, drops, strict=True)]
    numbers = {
        "rows": len(rows.examples),
        "metric": metric,
        "value": value,
        "better": "higher" if direction(metric) == "max" else "lower",
        "repeats": repeats,
        "seed": seed,
        "features": [described(importance) for importance in importances],
    }
    figure = importance_figure(importances, metric, value, title)
    return Picture(figure, rows.notices, numbers)


def chosen_metric(model: Model, wanted: str | None) -> str:
    """Return the metric that was asked for, else the first of the config's, else the loss.

    Raises UsageError for one that does not apply to the network.
    """
    known = ("loss", *applicable_metrics(model))
    if wanted is None:
        return next((name for name in model.config.metrics or () if name in known), "loss")
    if wanted not in known:
        raise UsageError(f"--metric takes one of {', '.join(known)} (received {wanted})")
    return wanted


def permutation_importance(
    model: Model, rows: LabelledRows, metric: str, repeats: int, seed: int
) -> tuple[float, NDArray[np.float64]]:
    """Return the metric, and how much worse it becomes (n_features, repeats).

    A feature's inputs are permuted together: all those of a categorical column, and the one that
    says where it was missing. Each permutation is drawn from a stream of its own, so that a
    feature's numbers do not depend on the features beside it.
    """
    examples = rows.examples
    evaluator = Evaluator(model.network, model.loss, model.decoder, len(examples))
    metrics = () if metric == "loss" else (metric,)
    value = evaluator.evaluate(examples, metrics).values[metric]
    sign = 1.0 if direction(metric) == "max" else -1.0
    drops = np.empty((len(model.preprocessing.features), repeats))
    permuted = replace(examples, inputs=examples.inputs.copy())
    for index, columns in enumerate(input_columns(model.preprocessing)):
        for repeat in range(repeats):
            order = stream(seed, "importance", index, repeat).permutation(len(examples))
            permuted.inputs[:, columns] = examples.inputs[order, columns]
            drops[index, repeat] = sign * (
                value - evaluator.evaluate(permuted, metrics).values[metric]
            )
        permuted.inputs[:, columns] = examples.inputs[:, columns]
    return value, drops


def input_columns(preprocessing: Preprocessing) -> list[slice]:
    """Return the inputs that each feature becomes."""
    columns, start = [], 0
    for feature in preprocessing.features:
        columns.append(slice(start, start + len(feature.input_names)))
        start = columns[-1].stop
    return columns


def described(importance: Importance) -> dict[str, Any]:
    """Return a feature's numbers, ready for JSON."""
    return {
        "name": importance.name,
        "importance": importance.mean,
        "standard_deviation": importance.spread,
        "drops": importance.drops.tolist(),
    }
