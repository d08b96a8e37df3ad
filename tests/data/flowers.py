"""A preprocessing of every kind of feature, and what a checkpoint keeps of one."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from nnctl.data.arrays import FloatArray
from nnctl.data.features import Feature
from nnctl.data.preprocessing import Preprocessing
from nnctl.data.scaling import Scaler
from tests.data.columns import Cells

Parts = tuple[dict[str, Any], dict[str, FloatArray]]


def through_json(preprocessing: Preprocessing) -> Parts:
    return json.loads(json.dumps(preprocessing.to_dict())), preprocessing.arrays()


COLUMNS: dict[str, Cells] = {
    "length": [1.0, 3.0, None],
    "width": [10.0, 0.5, 10.0],
    "wild": ["yes", "no", None],
    "size": ["s", "l", "m"],
    "island": ["b", "a", None],
}


def flowers(task: str = "classification") -> Preprocessing:
    """A preprocessing with a feature of each kind."""
    regression = task == "regression"
    return Preprocessing(
        "regression" if regression else "classification",
        ("species",),
        () if regression else ("x", "y"),
        (
            Feature("length", "numeric", indicator=True),
            Feature("width", "numeric", logarithm=True),
            Feature("wild", "boolean"),
            Feature("size", "ordinal", ("s", "m", "l")),
            Feature("island", "categorical", ("a", "b"), unknown="ignore"),
        ),
        np.array([2.0, np.nan, 0.0, np.nan, 1.0]),
        Scaler(np.array([2.0, 1.0, 0.0, 1.0, 0.0]), np.array([1.0, 0.5, 1.0, 2.0, 1.0])),
        np.array([1.0, 0.5, 0.0, 0.0, 0.0]),
        np.array([3.0, 10.0, 1.0, 2.0, 1.0]),
        Scaler(np.array([4.0]), np.array([2.0]))
        if regression
        else Scaler(np.empty(0), np.empty(0)),
    )
