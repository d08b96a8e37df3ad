"""What is learnt from the training rows before training, and applied to rows ever after.

It travels with the weights: a network without its preprocessing cannot predict.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from nnctl.config.schema.data import Task
from nnctl.data.arrays import BoolArray, FloatArray, IntArray
from nnctl.data.features import UNKNOWN, Feature
from nnctl.data.scaling import Scaler
from nnctl.data.table import Table, number_matrix
from nnctl.data.targets import find_labels
from nnctl.data.wishes import Wish, Wishes
from nnctl.errors import DataError, Problem

# A value so many ranges of the training rows outside of them is worth a word.
FAR = 1.0


@dataclass(frozen=True, eq=False)
class Preprocessing:
    """Turns a table into what the network takes, and what it gives back into the targets' units."""

    task: Task
    targets: tuple[str, ...]  # columns, in the order of a regression's outputs
    classes: tuple[str, ...]  # in the order of the labels; empty for a regression
    features: tuple[Feature, ...]
    fill: FloatArray  # (n_features,) the code for a missing cell; NaN where that is refused
    feature_scaler: Scaler  # (n_features,), of codes (of their logarithms, if so)
    lowest: FloatArray  # (n_features,) of the training rows' codes
    highest: FloatArray  # (n_features,)
    target_scaler: Scaler  # (n_targets,), or (0,) for a classification

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """The columns that are looked at."""
        return tuple(feature.name for feature in self.features)

    @cached_property
    def input_names(self) -> tuple[str, ...]:
        """What the network's inputs stand for: `mass`, `island=Biscoe`, `mass (missing)`."""
        return tuple(name for feature in self.features for name in feature.input_names)

    @property
    def n_inputs(self) -> int:
        """How many inputs the network has."""
        return len(self.input_names)

    def wishes(self, *, with_targets: bool = False) -> Wishes:
        """Return which columns a table must have, and as what they are to be read."""
        named: dict[str, Wish | None] = {
            feature.name: Wish("number" if feature.kind == "numeric" else "text", "input")
            for feature in self.features
        }
        if with_targets:
            labels = self.task == "classification" and len(self.targets) == 1
            named |= {name: Wish("text" if labels else "number", "target") for name in self.targets}
        return Wishes(named, None)

    def transform_features(self, table: Table, dtype: DTypeLike) -> FloatArray:
        """Return the inputs (n_rows, n_inputs), from columns found by their names.

        Raises DataError for a missing column, a cell that cannot be used, or one that is too large
        for `dtype` once it is scaled. Other columns are left alone.
        """
        return self.encode(self.raw_features(table), dtype, table)

    def raw_features(self, table: Table) -> FloatArray:
        """Return each cell's code (n_rows, n_features) as float64; NaN where it is missing."""
        table.require(self.feature_names)
        codes = np.empty((table.n_rows, len(self.features)))
        problems: list[Problem] = []
        for position, feature in enumerate(self.features):
            try:
                codes[:, position] = feature.column_codes(table, "input")
            except DataError as error:
                problems.extend(error.problems)
        if problems:
            raise DataError(problems)
        return codes

    def encode(self, codes: FloatArray, dtype: DTypeLike, table: Table | None = None) -> FloatArray:
        """Return the inputs (n_rows, n_inputs) in `dtype` for codes (n_rows, n_features).

        Gaps are filled, numbers scaled, categories spread over inputs of their own.
        Raises DataError for a gap that is refused and for what is not finite once it is scaled; it
        names the line where the rows are those of a `table`, else the row, counted from 0.
        """
        if self._plain and not self._logarithms:
            scaled = self._shifted_and_scaled(codes, np.dtype(dtype))
            if np.isfinite(scaled).all():  # then there are no gaps either, and that is most rows
                return scaled
        missing = np.isnan(codes)
        if missing.any():
            self._refuse(missing & np.isnan(self.fill), "has a missing value", codes, table)
            codes = np.where(missing, self.fill, codes)
        scaled = self._scaled(codes, np.dtype(dtype), table)
        if self._plain:
            return scaled
        inputs = np.zeros((len(codes), self.n_inputs), dtype)
        place = 0
        for position, feature in enumerate(self.features):
            if feature.kind == "categorical":
                known = np.flatnonzero(codes[:, position] >= 0)
                inputs[known, place + codes[known, position].astype(np.int64)] = 1.0
                place += len(feature.categories)
            else:
                inputs[:, place] = scaled[:, position]
                place += 1
            if feature.indicator:
                inputs[:, place] = missing[:, position]
                place += 1
        return inputs

    @cached_property
    def _plain(self) -> bool:
        """Whether each feature is one input."""
        return self.n_inputs == len(self.features) and not any(
            feature.kind == "categorical" for feature in self.features
        )

    @cached_property
    def _logarithms(self) -> list[int]:
        return [position for position, feature in enumerate(self.features) if feature.logarithm]

    def _scaled(self, codes: FloatArray, dtype: np.dtype[Any], table: Table | None) -> FloatArray:
        """Return the codes (n_rows, n_features), none of them missing, scaled and in `dtype`."""
        values = codes
        if self._logarithms:
            below = np.zeros(codes.shape, np.bool_)
            below[:, self._logarithms] = codes[:, self._logarithms] <= -1.0
            self._refuse(below, "must be greater than -1, for its logarithm", codes, table)
            values = codes.copy()
            values[:, self._logarithms] = np.log1p(codes[:, self._logarithms])
        scaled = self._shifted_and_scaled(values, dtype)
        if not np.isfinite(scaled).all():
            self._refuse(~np.isfinite(codes), "must be finite", codes, table)
            too_large = f"is too large for {dtype.name} once scaled; rescale the column"
            self._refuse(~np.isfinite(scaled), too_large, codes, table)
        return scaled

    def _shifted_and_scaled(self, values: FloatArray, dtype: np.dtype[Any]) -> FloatArray:
        with np.errstate(over="ignore", invalid="ignore"):
            return self.feature_scaler.apply(values).astype(dtype)

    def _refuse(self, bad: BoolArray, reason: str, codes: FloatArray, table: Table | None) -> None:
        """Raise DataError for the first True of `bad` (n_rows, n_features), if there is one."""
        if not bad.any():
            return
        row, position = np.argwhere(bad)[0].tolist()
        name, value = self.features[position].name, codes[row, position]
        if table is not None and np.isnan(value):
            table.refuse_gaps(name, codes[:, position], "input")
        what, _, remedy = reason.partition("; ")
        received = "" if np.isnan(value) else f" (received {value:g})"
        message = f"`{name}` {what}{received}" + (f"; {remedy}" if remedy else "")
        in_array = Problem(f"row {row} of the inputs: {message}")
        raise DataError(in_array if table is None else table.problem(message, name, row))

    def far_outside(self, codes: FloatArray) -> dict[str, int]:
        """Return the first of the rows (n_rows, n_features) that lies far outside, by feature.

        Far is more than the training rows' whole range beyond their least or greatest value.
        """
        with np.errstate(over="ignore"):  # nothing is far outside of a range without end
            span = FAR * (self.highest - self.lowest)
            far = (codes < self.lowest - span) | (codes > self.highest + span)
        return {
            feature.name: int(np.argmax(far[:, position]))
            for position, feature in enumerate(self.features)
            if feature.kind == "numeric" and far[:, position].any()
        }

    def unknown_rows(self, codes: FloatArray) -> dict[str, IntArray]:
        """Return the rows of codes (n_rows, n_features) without a known category, by feature."""
        unknown = {
            feature.name: np.flatnonzero(codes[:, position] == UNKNOWN)
            for position, feature in enumerate(self.features)
            if feature.kind == "categorical"
        }
        return {name: rows for name, rows in unknown.items() if len(rows)}

    def transform_targets(self, table: Table, dtype: DTypeLike) -> FloatArray | IntArray:
        """Return labels, int64 of shape (n_rows,), or scaled numbers of shape (n_rows, n_targets).

        Raises DataError for a missing column, an unknown class or a target that is no number.
        """
        table.require(self.targets)
        if self.task == "classification":
            return find_labels(table, self.targets, self.classes)
        values = number_matrix(table, self.targets, "target")
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = self.target_scaler.apply(values).astype(np.dtype(dtype))
        if not np.isfinite(scaled).all():
            row, position = np.argwhere(~np.isfinite(scaled))[0].tolist()
            name = self.targets[position]
            message = (
                f"`{name}` is too large for {np.dtype(dtype).name} once scaled "
                f"(received {values[row, position]:g}); rescale the column"
            )
            raise DataError(table.problem(message, name, row))
        return scaled

    def inverse_targets(self, scaled: FloatArray) -> FloatArray:
        """Return a regression's outputs (..., n_targets) in the targets' own units, as float64."""
        return self.target_scaler.invert(scaled)

    def to_dict(self) -> dict[str, Any]:
        """Return all but the arrays, ready for JSON."""
        return {
            "task": self.task,
            "targets": [*self.targets],
            "classes": [*self.classes],
            "features": [feature.to_dict() for feature in self.features],
        }

    def arrays(self) -> dict[str, FloatArray]:
        """Return the arrays by name."""
        return {
            "feature_fill": self.fill,
            "feature_center": self.feature_scaler.center,
            "feature_scale": self.feature_scaler.scale,
            "feature_lowest": self.lowest,
            "feature_highest": self.highest,
            "target_center": self.target_scaler.center,
            "target_scale": self.target_scaler.scale,
        }
