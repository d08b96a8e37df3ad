"""Features fitted to columns, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.config import config_from_dict
from nnctl.config.schema.data import DataConfig
from nnctl.data.fitting import fit_preprocessing
from nnctl.data.preprocessing import Preprocessing
from nnctl.data.roles import Roles
from nnctl.errors import DataError
from tests.data.columns import Cells, built

Columns = Mapping[str, Cells]


def data_config(**data: Any) -> DataConfig:
    tree = {"data": {"source": "f.csv", "target": "y", **data}, "loss": "mean_squared_error"}
    return config_from_dict(tree, Path("/")).data


def fitted(
    columns: Columns, train_rows: Sequence[int] | None = None, /, **data: Any
) -> tuple[Preprocessing, tuple[str, ...]]:
    """Fit a regression of `y`, which is added, on the columns; all rows train unless said."""
    n_rows = len(next(iter(columns.values())))
    table = built({**columns, "y": [float(row) for row in range(n_rows)]})
    rows = np.arange(n_rows) if train_rows is None else np.array(train_rows)
    return fit_preprocessing(
        table, rows, Roles("regression", tuple(columns), ("y",), ()), data_config(**data)
    )


def inputs_of(
    columns: Columns, train_rows: Sequence[int] | None = None, /, **data: Any
) -> list[list[float]]:
    """The inputs (float64) of all rows after fitting on the training rows."""
    preprocessing, _ = fitted(columns, train_rows, **data)
    inputs: list[list[float]] = preprocessing.transform_features(built(columns), "float64").tolist()
    return inputs


def message_of(columns: Columns, train_rows: Sequence[int] | None = None, /, **data: Any) -> str:
    with pytest.raises(DataError) as caught:
        fitted(columns, train_rows, **data)
    return str(caught.value)


def of_x(kind: str | None = None, **settings: Any) -> dict[str, Any]:
    """What a config says of the column `x` alone."""
    return {"x": settings if kind is None else {"kind": kind, **settings}}
