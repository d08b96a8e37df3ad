"""The data's points in a page, and the part of the plane that they span."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nnctl.analysis.planes import spread
from nnctl.data.arrays import FloatArray, IntArray
from nnctl.data.preprocessing import Preprocessing
from nnctl.data.table import Table, number_matrix
from nnctl.errors import DataError

MOST_POINTS = 500


@dataclass(frozen=True)
class Points:
    """Points ready for JSON, the ranges of both features, and what should be said of them."""

    document: dict[str, list[Any]]  # values, and labels or numbers of the targets
    ranges: tuple[tuple[float, float], ...]
    notes: tuple[str, ...] = ()


def live_points(preprocessing: Preprocessing, table: Table | None) -> Points:
    """Return at most `MOST_POINTS` of a table's rows, evenly spaced, without those with a gap.

    Where there is no table, or its rows are none that the network was made for, there are no
    points, and the ranges are those of the training rows.
    """
    learnt = np.stack([preprocessing.lowest, preprocessing.highest])  # (2, n_features)
    if table is None:
        return Points(_document(), _ranges(preprocessing, learnt))
    try:
        codes = preprocessing.raw_features(table)
        answers = _answers(preprocessing, table)
    except DataError as error:
        why = f"no points are drawn: {error.problems[0]}"
        return Points(_document(), _ranges(preprocessing, learnt), (why,))
    whole = np.flatnonzero(np.isfinite(codes).all(axis=1))
    ranges = _ranges(preprocessing, codes[whole] if len(whole) else learnt)
    places = np.linspace(0, len(whole) - 1, min(len(whole), MOST_POINTS)).astype(np.int64)
    shown = whole[places]
    return Points(_document(codes[shown], answers[shown]), ranges, _notes(codes, whole, shown))


def _answers(preprocessing: Preprocessing, table: Table) -> FloatArray:
    """Return each row's label, or its targets in their own units (n_rows, n)."""
    if preprocessing.task == "regression":
        return number_matrix(table, preprocessing.targets, "target")
    return preprocessing.transform_targets(table, np.float64).reshape(-1, 1).astype(np.float64)


def _document(codes: FloatArray | None = None, answers: FloatArray | None = None) -> dict[str, Any]:
    empty: list[Any] = []
    return {
        "values": empty if codes is None else codes.tolist(),
        "answers": empty if answers is None else answers.tolist(),
    }


def _ranges(preprocessing: Preprocessing, codes: FloatArray) -> tuple[tuple[float, float], ...]:
    """Return what is drawn of each feature, for codes (n_rows, 2): a little more than they span."""
    ranges = []
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite, the caller sees
        for position, feature in enumerate(preprocessing.features):
            low, high = spread(feature, codes[:, position], 2).tolist()
            ranges.append((low, high))
    return tuple(ranges)


def _notes(codes: FloatArray, whole: IntArray, shown: IntArray) -> tuple[str, ...]:
    notes = []
    if len(whole) < len(codes):
        notes.append(f"rows with a missing feature, not drawn: {len(codes) - len(whole):,}")
    if len(shown) < len(whole):
        notes.append(f"drawn are {len(shown):,} of {len(whole):,} rows, evenly spaced")
    return tuple(notes)
