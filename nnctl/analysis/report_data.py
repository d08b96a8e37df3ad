"""What a page says of the data: sets, features and how they are coded, targets or classes."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import numpy as np

from nnctl.analysis.case import attempted
from nnctl.analysis.report_parts import NO_ROWS, Cell, ReportTable, cut
from nnctl.analysis.report_subject import Subject
from nnctl.data.arrays import IntArray
from nnctl.data.features import Feature
from nnctl.data.preprocessing import Preprocessing
from nnctl.data.scaling import Scaler
from nnctl.data.table import Table, number_matrix

MOST_FEATURES = 100
MOST_CLASSES = 100
MOST_CATEGORIES = 12


def data_section(subject: Subject) -> dict[str, Any]:
    """Return what the network was trained on."""
    preprocessing = subject.model.preprocessing
    gaps, why_no_gaps = attempted(lambda: gaps_of(subject))
    targets, why_no_targets = attempted(lambda: targets_table(subject))
    features, left_out = cut(
        features_table(preprocessing, gaps), MOST_FEATURES, "best.npz holds what is known of all"
    )
    notes = [*left_out]
    if targets is not None:
        targets, fewer = cut(targets, MOST_CLASSES, "the others are left out")
        notes += fewer
    reasons = dict.fromkeys(filter(None, (why_no_gaps, why_no_targets)))
    if not subject.rows:
        notes.append(f"not counted, since {NO_ROWS}")
    return {
        "facts": facts_of(subject),
        "sets": sets_table(subject),
        "features": features,
        "targets": targets or known_targets(preprocessing),
        "notes": [
            *notes,
            *(f"not counted, since the rows cannot be read: {why}" for why in reasons),
        ],
    }


def facts_of(subject: Subject) -> list[tuple[str, Cell]]:
    """Return where the data came from, and what it is used for."""
    data, preprocessing = subject.model.config.data, subject.model.preprocessing
    source: Cell = None if data.source is None else PurePath(data.source).name
    if data.generator is not None:
        settings = ", ".join(f"{key} {value}" for key, value in data.generator.parameters().items())
        source = f"generator {data.generator.name}" + (f" ({settings})" if settings else "")
    facts: list[tuple[str, Cell]] = [
        ("Source", source),
        ("Task", preprocessing.task),
        ("Target", ", ".join(preprocessing.targets)),
        ("Features", len(preprocessing.features)),
        ("Inputs of the network", preprocessing.n_inputs),
    ]
    if data.sample_weight is not None:
        facts.append(("Sample weights", data.sample_weight))
    if data.group is not None:
        facts.append(("Groups", data.group))
    return facts


def sets_table(subject: Subject) -> ReportTable:
    """Return how many rows each set has."""
    counts = {name: count for name, count in subject.counts.items() if count}
    total = sum(counts.values())
    rows = [(name, count, f"{count / total:.1%}") for name, count in counts.items()]
    return ReportTable("Sets", ("set", "rows", "share"), rows)


def gaps_of(subject: Subject) -> IntArray | None:
    """Return in how many rows each feature is missing (n_features,); None where nobody knows."""
    if not subject.rows:
        return None
    preprocessing = subject.model.preprocessing
    gaps = np.zeros(len(preprocessing.features), np.int64)
    for own in subject.rows.values():
        for portion in own.table.portions():
            gaps += np.isnan(preprocessing.raw_features(portion)).sum(axis=0)
    return gaps


def features_table(preprocessing: Preprocessing, gaps: IntArray | None) -> ReportTable:
    """Return what each feature holds in the training rows, and what the network is given of it."""
    rows = [
        (
            feature.name,
            feature.kind,
            values_of(feature, preprocessing, position),
            None if gaps is None else int(gaps[position]),
            filling(feature, float(preprocessing.fill[position])),
            coding(feature, preprocessing.feature_scaler, position),
            len(feature.input_names),
        )
        for position, feature in enumerate(preprocessing.features)
    ]
    columns = (
        "feature",
        "kind",
        "in the training rows",
        "gaps in all rows",
        "a gap is",
        "coded as",
        "inputs",
    )
    return ReportTable("Features", columns, rows)


def values_of(feature: Feature, preprocessing: Preprocessing, position: int) -> str:
    """Return the range of a feature's numbers, or its categories."""
    if feature.categories:
        shown = ", ".join(feature.categories[:MOST_CATEGORIES])
        more = len(feature.categories) - MOST_CATEGORIES
        return f"{shown} and {more} more" if more > 0 else shown
    if feature.kind == "boolean":
        return "false, true"
    low, high = (float(ends[position]) for ends in (preprocessing.lowest, preprocessing.highest))
    return f"{low:.6g} to {high:.6g}"


def filling(feature: Feature, fill: float) -> str:
    """Return what stands for a cell that is missing."""
    if np.isnan(fill):
        told = "refused"
    elif feature.categories:
        told = feature.categories[int(fill)] if fill >= 0 else "none of them"
    else:
        told = f"{fill:.6g}"
    return f"{told} (and an input says so)" if feature.indicator else told


def coding(feature: Feature, scaler: Scaler, position: int) -> str:
    """Return the formula of a feature's input."""
    if feature.kind == "categorical":
        return "1 or 0 for each category"
    center, scale = float(scaler.center[position]), float(scaler.scale[position])
    value = "log(1 + x)" if feature.logarithm else "x"
    return scaled(value, center, scale)


def scaled(value: str, center: float, scale: float) -> str:
    """Return `(x - 5.84) / 0.82`, without what changes nothing.

    >>> scaled("x", 5.84, 0.82), scaled("x", -1.0, 1.0), scaled("x", 0.0, 2.0)
    ('(x - 5.84) / 0.82', 'x + 1', 'x / 2')
    """
    if center != 0.0:
        value = f"{value} {'-' if center > 0 else '+'} {abs(center):.6g}"
        value = value if scale == 1.0 else f"({value})"
    return value if scale == 1.0 else f"{value} / {scale:.6g}"


def targets_table(subject: Subject) -> ReportTable | None:
    """Return the classes with their counts, or the targets' numbers; None without rows."""
    if not subject.rows:
        return None
    preprocessing = subject.model.preprocessing
    tables = {name: own.table for name, own in subject.rows.items()}
    if preprocessing.task == "classification":
        return class_counts(preprocessing, tables)
    return target_ranges(preprocessing, tables)


def class_counts(preprocessing: Preprocessing, tables: dict[str, Table]) -> ReportTable:
    """Return how many rows of each set are of each class."""
    classes = preprocessing.classes
    counts = [
        np.bincount(
            preprocessing.transform_targets(table, np.float64).astype(np.int64),
            minlength=len(classes),
        )
        for table in tables.values()
    ]
    rows: list[tuple[Cell, ...]] = [
        (name, *(int(of_set[index]) for of_set in counts)) for index, name in enumerate(classes)
    ]
    return ReportTable("Classes, rows of each set", ("class", *tables), rows)


def target_ranges(preprocessing: Preprocessing, tables: dict[str, Table]) -> ReportTable:
    """Return where the targets lie in each set, in their own units."""
    scaler = preprocessing.target_scaler
    rows: list[tuple[Cell, ...]] = []
    for set_name, table in tables.items():
        values = number_matrix(table, preprocessing.targets, "target").astype(np.float64)
        rows += [
            (
                name,
                set_name,
                *map(float, (column.mean(), column.std(), column.min(), column.max())),
                scaled("y", float(scaler.center[index]), float(scaler.scale[index])),
            )
            for index, (name, column) in enumerate(
                zip(preprocessing.targets, values.T, strict=True)
            )
        ]
    columns = ("target", "set", "mean", "standard deviation", "lowest", "highest", "trained as")
    return ReportTable("Targets", columns, rows)


def known_targets(preprocessing: Preprocessing) -> ReportTable:
    """Return what the checkpoint knows of classes or targets, where the rows cannot be read."""
    if preprocessing.task == "classification":
        rows = [(name,) for name in preprocessing.classes[:MOST_CLASSES]]
        return ReportTable("Classes", ("class",), rows)
    scaler = preprocessing.target_scaler
    scalings = [
        (name, scaled("y", float(scaler.center[index]), float(scaler.scale[index])))
        for index, name in enumerate(preprocessing.targets)
    ]
    return ReportTable("Targets", ("target", "trained as"), scalings)
