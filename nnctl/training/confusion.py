"""Which classes were taken for which, and the rates that follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnctl.nn.arrays import FloatArray, IntArray


def confusion_matrix(
    labels: IntArray,  # (n_samples,)
    predicted: IntArray,  # (n_samples,)
    n_classes: int,
    weights: FloatArray | None = None,  # (n_samples,)
) -> NDArray[Any]:
    """Count samples by right class (row) and predicted class (column): (n_classes, n_classes).

    Integers, or float64 sums of the weights where they are given.
    """
    cells = labels.astype(np.int64) * n_classes + predicted
    return np.bincount(cells, weights, n_classes**2).reshape(n_classes, n_classes)


class ClassScores(NamedTuple):
    """One class's row in a report."""

    name: str
    precision: float
    recall: float
    f1: float
    support: float  # samples of the class, or the sum of their weights


def per_class_table(confusion: NDArray[Any], class_names: Sequence[str]) -> list[ClassScores]:
    """The scores of each class against all others, from a confusion matrix (k, k)."""
    rates = class_rates(confusion)
    columns = (*rates, confusion.sum(axis=1))
    return [
        ClassScores(name, *scores)
        for name, *scores in zip(class_names, *(c.tolist() for c in columns), strict=True)
    ]


class ClassRates(NamedTuple):
    """The rates of each class against all others, (n_classes,) each."""

    precision: NDArray[np.float64]  # of what was predicted as the class, the share that is of it
    recall: NDArray[np.float64]  # of what is of the class, the share predicted as it
    f1: NDArray[np.float64]  # their harmonic mean


def class_rates(confusion: NDArray[Any]) -> ClassRates:
    """The rates from a confusion matrix (n_classes, n_classes); with nothing to count, 0."""
    right = np.diag(confusion)
    labelled, said = confusion.sum(axis=1), confusion.sum(axis=0)
    return ClassRates(
        precision=_share(right, said),
        recall=_share(right, labelled),
        f1=_share(2 * right, labelled + said),
    )


def _share(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    shares = np.zeros(part.shape)
    np.divide(part, whole, out=shares, where=whole > 0)
    return shares
