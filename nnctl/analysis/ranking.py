"""How well scores put the rows of a class above the others: ROC and precision-recall curves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnctl.analysis.labelled import class_decoder, evaluated
from nnctl.analysis.pictures import Picture
from nnctl.data.arrays import FloatArray
from nnctl.data.table import Table
from nnctl.errors import UsageError
from nnctl.plots.ranking import RankingCurve, ranking_figure
from nnctl.training.inference import Model

Float64Array = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

MOST_CURVES = 20
MOST_VERTICES = 2000  # of a drawn curve; its areas are taken from all


def draw_ranking(model: Model, tables: Iterable[Table], title: str) -> Picture:
    """Draw the curves of the second of two classes, or of each class against the rest."""
    decoder = class_decoder(model, "ROC curves are")
    result, remarks = evaluated(model, tables, ("roc_auc",))
    labels, scores = result.targets, decoder.scores(result.outputs).astype(np.float64)
    weights = np.ones(len(labels))
    if result.sample_weight is not None:
        weights = result.sample_weight.astype(np.float64)
    names = decoder.classes
    predicted = decoder.predicted(result.outputs) if len(names) == 2 else None
    curves, absent = [], []
    for index in [1] if len(names) == 2 else range(len(names)):
        positive = labels == index
        if 0.0 < weights[positive].sum() < weights.sum():
            decided = None if predicted is None else predicted == index
            curve = ranking_curve(names[index], scores[:, index], positive, weights, decided)
            curves.append(curve)
        else:
            absent.append(names[index])
    if not curves:
        raise UsageError("a curve needs rows of two classes; these are all of one")
    drawn, notices = hardest(curves)
    if absent and len(names) > 2:
        notices = (f"no rows of, or none beside, {', '.join(absent)}: no curve", *notices)
    numbers = {
        "rows": len(labels),
        "roc_auc": result.values["roc_auc"],
        "classes": [described(curve) for curve in curves],
    }
    return Picture(ranking_figure(drawn, title), (*remarks, *notices), numbers)


def ranking_curve(
    name: str,
    scores: FloatArray,  # (n,)
    positive: BoolArray,  # (n,)
    weights: Float64Array,  # (n,)
    decided: BoolArray | None = None,  # (n,) the rows that are taken for the class
) -> RankingCurve:
    """Return a class's curves over all thresholds, from the highest score down.

    A threshold lets through all rows that score at least as high. Average precision is
    Σ (recall_i - recall_(i-1)) precision_i: without the straight lines between points, which would
    promise more than the network can do (Davis & Goadrich 2006).
    """
    counted = weights > 0
    positive, scores = positive[counted], scores[counted]
    decided, weights = None if decided is None else decided[counted], weights[counted]
    distinct, places = np.unique(-scores, return_inverse=True)
    true = np.cumsum(np.bincount(places, weights * positive, len(distinct)))
    false = np.cumsum(np.bincount(places, weights * ~positive, len(distinct)))
    recall, fall_out, precision = true / true[-1], false / false[-1], true / (true + false)
    roc = np.concatenate([[[0.0, 0.0]], np.stack([fall_out, recall], axis=1)])
    return RankingCurve(
        name=name,
        roc=thinned(corners(roc)),
        precision_recall=thinned(np.stack([recall, precision], axis=1)),
        roc_auc=float(np.trapezoid(roc[:, 1], roc[:, 0])),
        average_precision=float(np.dot(np.diff(recall, prepend=0.0), precision)),
        share=float(true[-1] / (true[-1] + false[-1])),
        decision=None if decided is None else decision(positive, decided, weights),
    )


def decision(
    positive: BoolArray, decided: BoolArray, weights: Float64Array
) -> tuple[float, float, float] | None:
    """Return fall-out, recall and precision of the network's decision; None if it takes none."""
    said, of_class = weights[decided].sum(), weights[positive].sum()
    right = weights[decided & positive].sum()
    if said == 0.0:
        return None
    wrong = said - right
    return float(wrong / (weights.sum() - of_class)), float(right / of_class), float(right / said)


def corners(points: Float64Array) -> Float64Array:
    """Return the points (n, 2) of a line at which it turns, and its ends."""
    steps = np.diff(points, axis=0)
    turns = steps[1:, 0] * steps[:-1, 1] != steps[1:, 1] * steps[:-1, 0]
    chosen = np.concatenate([[True], turns, [True]])
    return np.compress(chosen, points, axis=0)


def thinned(points: Float64Array) -> Float64Array:
    """Return at most MOST_VERTICES of the points (n, 2), the first and the last among them."""
    if len(points) <= MOST_VERTICES:
        return points
    chosen = np.linspace(0, len(points) - 1, MOST_VERTICES).astype(np.int64)
    return points[chosen]


def hardest(curves: list[RankingCurve]) -> tuple[list[RankingCurve], tuple[str, ...]]:
    """Return the curves that are drawn, with the least areas where they are too many."""
    if len(curves) <= MOST_CURVES:
        return curves, ()
    chosen = sorted(sorted(curves, key=lambda curve: curve.roc_auc)[:MOST_CURVES], key=curves.index)
    notice = f"drawn are the {MOST_CURVES} of {len(curves)} classes with the least areas"
    return chosen, (f"{notice}; --json has all",)


def described(curve: RankingCurve) -> dict[str, Any]:
    """Return a class's numbers, ready for JSON."""
    return {
        "name": curve.name,
        "share": curve.share,
        "roc_auc": curve.roc_auc,
        "average_precision": curve.average_precision,
        "roc": {
            "false_positive_rate": curve.roc[:, 0].tolist(),
            "true_positive_rate": curve.roc[:, 1].tolist(),
        },
        "precision_recall": {
            "recall": curve.precision_recall[:, 0].tolist(),
            "precision": curve.precision_recall[:, 1].tolist(),
        },
    }
