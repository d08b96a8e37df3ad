"""What is learnt from the training rows before training: scales of features and targets, classes.

It travels with the weights: a network without its preprocessing cannot predict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from reprlib import repr as shortened
from typing import Any, get_args

import numpy as np
from numpy.typing import DTypeLike

from nnctl.data.arrays import FloatArray, IntArray
from nnctl.data.roles import Roles
from nnctl.data.scaling import Scaler, Scaling, constant_columns, fit_scaler
from nnctl.data.table import Table, listed, number_matrix
from nnctl.data.targets import Task, find_labels
from nnctl.errors import DataError, Problem


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
        values = number_matrix(table, self.features, "input")
        return self.scale_features(values, dtype, table)

    def scale_features(
        self, values: FloatArray, dtype: DTypeLike, table: Table | None = None
    ) -> FloatArray:
        """Return the scaled features (n_rows, n_features) of an array of them in their own units.

        Raises DataError for a value that is not finite, or no more so in `dtype` once it is scaled;
        it names the line where the rows are those of a `table`, else the row, counted from 0.
        """
        return scaled_within(self.feature_scaler, values, dtype, self.features, table)

    def transform_targets(self, table: Table, dtype: DTypeLike) -> FloatArray | IntArray:
        """Return labels, int64 of shape (n_rows,), or scaled numbers of shape (n_rows, n_targets).

        Raises DataError for a missing column, an unknown class or a target that is no number.
        """
        table.require(self.targets)
        if self.task == "classification":
            return find_labels(table, self.targets, self.classes)
        values = number_matrix(table, self.targets, "target")
        return scaled_within(self.target_scaler, values, dtype, self.targets, table)

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
        """Return the preprocessing that `to_dict` and `arrays` took apart, exactly.

        Raises KeyError, TypeError or ValueError for what those two never give.
        """
        roles = restored_roles(metadata)
        n_scaled_targets = len(roles.targets) if roles.task == "regression" else 0
        return cls(
            roles,
            restored_scaler(arrays, "feature", len(roles.features)),
            restored_scaler(arrays, "target", n_scaled_targets),
        )


def restored_roles(metadata: Mapping[str, Any]) -> Roles:
    """Return the roles that `to_dict` wrote; ValueError where they do not fit together."""
    task = metadata["task"]
    if task not in get_args(Task):
        known = " or ".join(get_args(Task))
        raise ValueError(f"its task must be {known} (received {shortened(task)})")
    features, targets, classes = (
        restored_names(metadata, key) for key in ("features", "targets", "classes")
    )
    if not features or not targets:
        raise ValueError("it names no features or no targets")
    if task == "regression" and classes:
        raise ValueError(f"its regression must have no classes (received {len(classes)})")
    if task == "classification" and len(classes) < 2:
        raise ValueError(f"its classes must be two or more (received {len(classes)})")
    if task == "classification" and len(targets) > 1 and classes != targets:
        raise ValueError("its classes are not its one-hot targets")
    return Roles(task, features, targets, classes)


def restored_names(metadata: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return a list of names that differ from each other."""
    names = metadata[key]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"its {key} must be a list of names (received {shortened(names)})")
    if len(set(names)) < len(names):
        raise ValueError(f"its {key} must differ from each other (received {shortened(names)})")
    return tuple(names)


def restored_scaler(arrays: Mapping[str, FloatArray], role: str, n_columns: int) -> Scaler:
    """Return the scaler of `{role}_center` and `{role}_scale`, each (n_columns,) and finite."""
    names = (f"{role}_center", f"{role}_scale")
    for name in names:
        if arrays[name].shape != (n_columns,):
            raise ValueError(
                f"its {name} must have shape {(n_columns,)} (received {arrays[name].shape})"
            )
        if not np.isfinite(arrays[name]).all():
            raise ValueError(f"its {name} must be finite")
    center, scale = (arrays[name] for name in names)
    if not (scale > 0).all():
        raise ValueError(f"its {role}_scale must be greater than 0 (received {scale.min():g})")
    return Scaler(center, scale)


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
    scaler: Scaler,
    values: FloatArray,
    dtype: DTypeLike,
    names: Sequence[str],
    table: Table | None = None,
) -> FloatArray:
    """Return the scaled values of shape (n_rows, n_columns) in `dtype`, all of them finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = scaler.apply(values).astype(np.dtype(dtype))
    finite = np.isfinite(scaled)
    if not finite.all():
        row, position = np.argwhere(~finite)[0].tolist()
        name, value = names[position], values[row, position]
        message = f"`{name}` must be finite (received {value:g})"
        if np.isfinite(value):
            message = (
                f"`{name}` is too large for {np.dtype(dtype).name} once scaled "
                f"(received {value:g}); rescale the column"
            )
        in_array = Problem(f"row {row} of the inputs: {message}")
        raise DataError(in_array if table is None else table.problem(message, name, row))
    return scaled
