"""What is learnt from the training rows before training: scales of features and targets, classes.

It travels with the weights: a network without its preprocessing cannot predict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from nnctl.data.arrays import FloatArray, IntArray
from nnctl.data.roles import Roles
from nnctl.data.scaling import Scaler, Scaling, constant_columns, fit_scaler
from nnctl.data.table import Table, listed, number_matrix
from nnctl.data.targets import Task, find_labels
from nnctl.errors import DataError


@dataclass(frozen=True, eq=False)
class Preprocessing:
    """Turns a table into what the network takes, and what it gives back into the targets' units."""

    roles: Roles
    feature_scaler: Scaler  # (n_features,)
    target_scaler: Scaler  # (n_targets,), or (0,) for a classification

    @property
    def task(self) -> Task:
        """Whether classes or numbers are predicted."""
        return self.roles.task

    @property
    def features(self) -> tuple[str, ...]:
        """The features' names, in the order of the network's inputs."""
        return self.roles.features

    @property
    def targets(self) -> tuple[str, ...]:
        """The target columns' names, in the order of a regression's outputs."""
        return self.roles.targets

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes' names, in the order of the labels; empty for a regression."""
        return self.roles.classes

    def transform_features(self, table: Table, dtype: DTypeLike) -> FloatArray:
        """Return the scaled features of shape (n_rows, n_features), found by their names.

        Raises DataError for a missing column, a cell that is no number, or one that is too large
        for `dtype` once it is scaled. Other columns are left alone.
        """
        table.require(self.features)
        values = number_matrix(table, self.features, "feature")
        return scaled_within(self.feature_scaler, values, dtype, table, self.features)

    def transform_targets(self, table: Table, dtype: DTypeLike) -> FloatArray | IntArray:
        """Return labels, int64 of shape (n_rows,), or scaled numbers of shape (n_rows, n_targets).

        Raises DataError for a missing column, an unknown class or a target that is no number.
        """
        table.require(self.targets)
        if self.task == "classification":
            return find_labels(table, self.targets, self.classes)
        values = number_matrix(table, self.targets, "target")
        return scaled_within(self.target_scaler, values, dtype, table, self.targets)

    def inverse_targets(self, scaled: FloatArray) -> FloatArray:
        """Return a regression's outputs (..., n_targets) in the targets' own units, as float64."""
        return self.target_scaler.invert(scaled)

    def to_dict(self) -> dict[str, Any]:
        """Return all but the arrays, ready for JSON."""
        return {
            "task": self.task,
            "features": [*self.features],
            "targets": [*self.targets],
            "classes": [*self.classes],
        }

    def arrays(self) -> dict[str, FloatArray]:
        """Return the arrays by name."""
        return {
            "feature_center": self.feature_scaler.center,
            "feature_scale": self.feature_scaler.scale,
            "target_center": self.target_scaler.center,
            "target_scale": self.target_scaler.scale,
        }

    @classmethod
    def restore(
        cls, metadata: Mapping[str, Any], arrays: Mapping[str, FloatArray]
    ) -> Preprocessing:
        """Return the preprocessing that `to_dict` and `arrays` took apart, exactly."""
        roles = Roles(
            task=metadata["task"],
            features=tuple(metadata["features"]),
            targets=tuple(metadata["targets"]),
            classes=tuple(metadata["classes"]),
        )
        return cls(
            roles,
            Scaler(arrays["feature_center"], arrays["feature_scale"]),
            Scaler(arrays["target_center"], arrays["target_scale"]),
        )


def fit_preprocessing(
    table: Table,
    train_rows: IntArray,
    roles: Roles,
    scaling: Scaling = "standardize",
    target_scaling: Scaling = "standardize",
) -> tuple[Preprocessing, tuple[str, ...]]:
    """Fit the scales to the rows `train_rows` alone; return them with what a person should know.

    A class keeps its label whatever rows the split drew, so that classes come with `roles`.
    """
    features = number_matrix(table, roles.features, "feature")[train_rows]
    targets: FloatArray = np.empty((len(train_rows), 0))
    if roles.task == "regression":
        targets = number_matrix(table, roles.targets, "target")[train_rows]
    preprocessing = Preprocessing(
        roles, fit_scaler(features, scaling), fit_scaler(targets, target_scaling)
    )
    notices = (
        *notice_constants("feature", features, roles.features, scaling),
        *notice_constants("target", targets, roles.targets, target_scaling),
    )
    return preprocessing, notices


def notice_constants(
    role: str, values: FloatArray, names: Sequence[str], scaling: Scaling
) -> tuple[str, ...]:
    """Return one sentence that lists the columns of (n_rows, n_columns) that never change."""
    constant = [names[position] for position in constant_columns(values)]
    if not constant or len(values) == 1:
        return ()
    plural = "s" if len(constant) > 1 else ""
    consequence = "" if scaling == "none" else ", so scaled by 1"
    return (f"constant in the training rows{consequence}: {role}{plural} {listed(constant)}",)


def scaled_within(
    scaler: Scaler, values: FloatArray, dtype: DTypeLike, table: Table, names: Sequence[str]
) -> FloatArray:
    """Return the scaled values of shape (n_rows, n_columns) in `dtype`, all of them finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = scaler.apply(values).astype(np.dtype(dtype))
    finite = np.isfinite(scaled)
    if not finite.all():
        row, position = np.argwhere(~finite)[0].tolist()
        message = (
            f"`{names[position]}` is too large for {np.dtype(dtype).name} once scaled "
            f"(received {values[row, position]:g}); rescale the column"
        )
        raise DataError(table.problem(message, names[position], row))
    return scaled
