"""A preprocessing brought back from a checkpoint, with every claim held against the others."""

from __future__ import annotations

from collections.abc import Mapping
from reprlib import repr as shortened
from typing import Any, get_args

import numpy as np

from nnctl.config.schema.columns import Unknown
from nnctl.config.schema.data import Task
from nnctl.data.arrays import FloatArray
from nnctl.data.features import UNKNOWN, Feature, FeatureKind
from nnctl.data.preprocessing import Preprocessing
from nnctl.data.scaling import Scaler


def restored_preprocessing(
    metadata: Mapping[str, Any], arrays: Mapping[str, FloatArray]
) -> Preprocessing:
    """Return the preprocessing that its `to_dict` and `arrays` took apart, exactly.

    Raises KeyError, TypeError or ValueError for what those two never give.
    """
    task = one_of(metadata["task"], get_args(Task), "task")
    targets, classes = (names_in(metadata[key], key) for key in ("targets", "classes"))
    check_task(task, targets, classes)
    features = tuple(map(restored_feature, metadata["features"]))
    names = names_in([feature.name for feature in features], "features")
    if not names:
        raise ValueError("it names no features")
    fill, lowest, highest = (
        vector(arrays, f"feature_{part}", len(names)) for part in ("fill", "lowest", "highest")
    )
    check_codes(features, fill)
    if not (lowest <= highest).all():
        raise ValueError("its feature_lowest is not below its feature_highest")
    return Preprocessing(
        task,
        targets,
        classes,
        features,
        fill,
        scaler(arrays, "feature", len(names)),
        lowest,
        highest,
        scaler(arrays, "target", len(targets) if task == "regression" else 0),
    )


def check_task(task: Task, targets: tuple[str, ...], classes: tuple[str, ...]) -> None:
    """Raise ValueError where targets and classes do not fit the task."""
    if not targets:
        raise ValueError("it names no targets")
    if task == "regression" and classes:
        raise ValueError(f"its regression must have no classes (received {len(classes)})")
    if task == "classification" and len(classes) < 2:
        raise ValueError(f"its classes must be two or more (received {len(classes)})")
    if task == "classification" and len(targets) > 1 and classes != targets:
        raise ValueError("its classes are not its one-hot targets")


def restored_feature(metadata: object) -> Feature:
    """Return the feature that its `to_dict` wrote."""
    if not isinstance(metadata, dict):
        raise TypeError(f"its feature is not described as nnctl does ({shortened(metadata)})")
    settings = {**metadata, "categories": names_in(metadata.get("categories", []), "categories")}
    feature = Feature(**settings)
    one_of(feature.kind, get_args(FeatureKind), "kind")
    one_of(feature.unknown, get_args(Unknown), "unknown")
    types = (type(feature.name), type(feature.indicator), type(feature.logarithm))
    if types != (str, bool, bool):
        raise TypeError(f"its feature is not described as nnctl does ({shortened(metadata)})")
    if bool(feature.categories) != (feature.kind in ("ordinal", "categorical")):
        raise ValueError(f"its feature {feature.name!r} has the wrong categories")
    if feature.logarithm and feature.kind != "numeric":
        raise ValueError(f"its feature {feature.name!r} is not numeric and has a logarithm")
    if feature.unknown == "ignore" and feature.kind != "categorical":
        raise ValueError(f"its feature {feature.name!r} is not categorical and ignores the unknown")
    return feature


def check_codes(features: tuple[Feature, ...], fills: FloatArray) -> None:
    """Raise ValueError for a gap filled with a code that its feature does not have."""
    for feature, fill in zip(features, fills.tolist(), strict=True):
        codes = range(len(feature.categories)) if feature.categories else range(2)
        known = fill in codes if feature.kind != "numeric" else not feature.logarithm or fill > -1
        known = known or (feature.unknown == "ignore" and fill == UNKNOWN)
        if not known and not np.isnan(fill):
            raise ValueError(f"its feature {feature.name!r} has no code {fill:g}")


def one_of(value: Any, known: tuple[Any, ...], what: str) -> Any:
    """Return the value if it is known."""
    if value not in known:
        received = shortened(value)
        raise ValueError(f"its {what} must be {' or '.join(known)} (received {received})")
    return value


def names_in(names: object, what: str) -> tuple[str, ...]:
    """Return a list of names that differ from each other."""
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"its {what} must be a list of names (received {shortened(names)})")
    if len(set(names)) < len(names):
        raise ValueError(f"its {what} must differ from each other (received {shortened(names)})")
    return tuple(names)


def vector(arrays: Mapping[str, FloatArray], name: str, size: int) -> FloatArray:
    """Return an array of shape (size,)."""
    if arrays[name].shape != (size,):
        raise ValueError(f"its {name} must have shape {(size,)} (received {arrays[name].shape})")
    if name != "feature_fill" and not np.isfinite(arrays[name]).all():
        raise ValueError(f"its {name} must be finite")
    if np.isinf(arrays[name]).any():
        raise ValueError(f"its {name} must not be infinite")
    return arrays[name]


def scaler(arrays: Mapping[str, FloatArray], role: str, size: int) -> Scaler:
    """Return the scaler of `{role}_center` and `{role}_scale`."""
    center, scale = (vector(arrays, f"{role}_{part}", size) for part in ("center", "scale"))
    if not (scale > 0).all():
        raise ValueError(f"its {role}_scale must be greater than 0 (received {scale.min():g})")
    return Scaler(center, scale)
