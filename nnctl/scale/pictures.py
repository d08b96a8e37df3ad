"""The pictures of a sweep: its trials become the arrays that the plots draw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nnctl.config.sweep_schema import ParameterConfig
from nnctl.plots.encoding import figure_bytes
from nnctl.plots.sweep_importance import parameter_importance_figure
from nnctl.plots.sweep_parallel import Coordinate, parallel_figure
from nnctl.runs.atomic import write_atomically
from nnctl.scale.importance import importances
from nnctl.scale.records import brief
from nnctl.scale.results import INVALID, TrialResult, ranked
from nnctl.scale.sweep import Sweep
from nnctl.training.metrics import direction

MOST_AXES = 12
MOST_PLACES = 12  # of numbers on an axis, which are written beside it each
WIDE = 30.0  # the ratio of values beyond which an axis is logarithmic


def draw_sweep(sweep: Sweep) -> list[Path]:
    """Write the pictures that fit the sweep into its `plots/`; return their paths."""
    results = [result for result in sweep.in_order if result.status != INVALID]
    best = ranked(results, sweep.metric)
    if not best:
        return []
    name, space = sweep.directory.path.name, sweep.file.sweep.parameters
    shares = importances(results, space, sweep.metric)
    keys = sorted(space, key=lambda key: -shares.get(key, 0.0))[:MOST_AXES]
    coordinates = [coordinate(key, results, space[key]) for key in space if key in keys]
    coordinates.append(metric_coordinate(sweep.metric, results))
    title = f"{name}: {len(results)} trials"
    places = {result.number: place for place, result in enumerate(results)}
    order = [places[result.number] for result in best]
    figures = {"parallel": parallel_figure(coordinates, order, title)}
    if shares:
        figures["importance"] = parameter_importance_figure(shares, sweep.metric, title)
    paths = []
    for kind, figure in figures.items():
        paths.append(sweep.directory.plots / f"{kind}.png")
        write_atomically(paths[-1], figure_bytes(figure, ".png"))
    return paths


def coordinate(key: str, results: Sequence[TrialResult], parameter: ParameterConfig) -> Coordinate:
    """Return the axis of a parameter; of a few numbers to choose from each has a place."""
    values = [result.parameters[key] for result in results]
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        if parameter.choice is None or len({*values}) > MOST_PLACES:
            return numeric(key, np.array(values, dtype=np.float64), falling=False)
        order = sorted({*values})
        places = np.array([order.index(value) for value in values], dtype=np.float64)
        return Coordinate(key, places, tuple(map(brief, order)))
    texts = [brief(value) for value in values]
    labels = tuple(dict.fromkeys(texts))
    places = np.array([labels.index(text) for text in texts], dtype=np.float64)
    return Coordinate(key, places, labels)


def metric_coordinate(metric: str, results: Sequence[TrialResult]) -> Coordinate:
    """Return the axis of what the trials are judged by; the best is above."""
    values = [result.value(metric) for result in results]
    numbers = np.array([math.nan if value is None else value for value in values])
    return numeric(metric, numbers, falling=direction(metric.partition("_")[2]) == "min")


def numeric(name: str, values: NDArray[np.float64], *, falling: bool) -> Coordinate:
    """Return an axis of numbers, logarithmic where they span much."""
    known = values[np.isfinite(values)]
    positive = known.size > 0 and known.min() > 0
    logarithmic = bool(positive and known.max() > WIDE * known.min())
    return Coordinate(name, values, (), logarithmic, falling)
