"""How each feature is coded and scaled, learnt from the training rows alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nnctl.config.schema.columns import ColumnConfig, ColumnKind, Missing, Scaling
from nnctl.config.schema.data import DataConfig
from nnctl.config.yaml_writing import column_setting, yaml_text
from nnctl.data.arrays import FloatArray, IntArray
from nnctl.data.features import BOOLEAN_PAIRS, UNKNOWN, Feature, FeatureKind
from nnctl.data.numbers import DATE
from nnctl.data.preprocessing import Preprocessing
from nnctl.data.roles import Roles
from nnctl.data.scaling import Scaler, constant_columns, fit_scaler
from nnctl.data.table import Table, listed, number_matrix, text_of_number
from nnctl.data.targets import in_order
from nnctl.errors import DataError, Problem


@dataclass(frozen=True)
class Settings:
    """What the config says of one feature, defaults filled in."""

    kind: ColumnKind | None
    scaling: Scaling
    missing: Missing
    unknown: str
    max_categories: int
    order: tuple[str, ...]


@dataclass(frozen=True)
class Fitted:
    """A feature with what the training rows say of it, in its own codes."""

    feature: Feature
    fill: float  # NaN: a missing cell is refused
    center: float
    scale: float
    lowest: float
    highest: float
    scaling: Scaling
    is_constant: bool  # whether all training rows have the same code once gaps are filled


def fit_preprocessing(
    table: Table, train_rows: IntArray, roles: Roles, data: DataConfig
) -> tuple[Preprocessing, tuple[str, ...]]:
    """Fit everything to the rows `train_rows`; return it with what a person should know.

    A class keeps its label whatever rows the split drew, so that classes come with `roles`.
    Raises DataError with the first bad cell of each feature.
    """
    fitted = fit_features(table, train_rows, roles.features, data)
    targets: FloatArray = np.empty((len(train_rows), 0))
    if roles.task == "regression":
        targets = number_matrix(table, roles.targets, "target")[train_rows]
    preprocessing = Preprocessing(
        roles.task,
        roles.targets,
        roles.classes,
        tuple(each.feature for each in fitted),
        np.array([each.fill for each in fitted]),
        Scaler(
            np.array([each.center for each in fitted]), np.array([each.scale for each in fitted])
        ),
        np.array([each.lowest for each in fitted]),
        np.array([each.highest for each in fitted]),
        fit_scaler(targets, data.target_scaling),
    )
    return preprocessing, tuple(notices(fitted, targets, roles, data, len(train_rows)))


def fit_features(
    table: Table, train_rows: IntArray, names: Sequence[str], data: DataConfig
) -> list[Fitted]:
    """Fit each feature; raise one DataError for all that cannot be."""
    fitted: list[Fitted] = []
    problems: list[Problem] = []
    for name in names:
        try:
            fitted.append(fit_feature(table, train_rows, name, settings_of(data, name)))
        except DataError as error:
            problems.extend(error.problems)
    if problems:
        raise DataError(problems)
    return fitted


def settings_of(data: DataConfig, name: str) -> Settings:
    """Return what the config says of a column, else of all."""
    column = data.columns.get(name, ColumnConfig())
    return Settings(
        column.said_kind,
        column.scaling or data.scaling,
        column.missing or data.missing,
        column.unknown or data.unknown,
        column.max_categories or data.max_categories,
        column.order or (),
    )


def fit_feature(table: Table, train_rows: IntArray, name: str, settings: Settings) -> Fitted:
    """Fit one feature; its codes are numbers, so that all but their meaning is alike."""
    refuse_lack(table, train_rows, name, settings.missing)
    kind = feature_kind(table, train_rows, name, settings)
    feature = Feature(
        name,
        kind,
        categories_of(table, train_rows, name, kind, settings),
        settings.missing.indicator,
        "ignore" if kind == "categorical" and settings.unknown == "ignore" else "error",
        kind == "numeric" and settings.scaling == "log",
    )
    codes = feature.column_codes(table, "feature")
    if feature.logarithm:
        refuse_logarithms(table, name, codes)
    codes = codes[train_rows]
    present = codes[~np.isnan(codes)]
    fill = fill_of(feature, present, settings.missing)
    scaling: Scaling = settings.scaling if kind in ("numeric", "ordinal") else "none"
    codes = np.where(np.isnan(codes), fill, codes)
    scaler = fit_scaler(np.log1p(codes)[:, None] if feature.logarithm else codes[:, None], scaling)
    center, scale = float(scaler.center[0]), float(scaler.scale[0])
    lowest, highest = float(present.min()), float(present.max())
    is_constant = bool((codes == codes[0]).all())
    return Fitted(feature, fill, center, scale, lowest, highest, scaling, is_constant)


def refuse_lack(table: Table, train_rows: IntArray, name: str, missing: Missing) -> None:
    """Raise DataError for a gap that nothing fills, and for a column of which nothing is known."""
    values = table.values(name)
    if missing.name == "error":
        table.refuse_gaps(name, values, "feature")
    if np.isnan(values[train_rows]).all():
        ignored = f"`{yaml_text(name)}: ignored` under `columns`"
        message = f"feature `{name}` has no value in the training rows; write {ignored}"
        raise DataError(table.problem(message, name))


def feature_kind(table: Table, train_rows: IntArray, name: str, settings: Settings) -> FeatureKind:
    """Return the kind that the config says, else the one that the training cells look like."""
    if settings.kind is not None:
        assert settings.kind != "ignored", "what is ignored is no feature"
        return settings.kind
    if name not in table.texts:
        return "numeric"
    words = {text.lower() for text in texts_in(table, train_rows, name)}
    return "boolean" if any(words == set(pair) for pair in BOOLEAN_PAIRS) else "categorical"


def categories_of(
    table: Table, train_rows: IntArray, name: str, kind: FeatureKind, settings: Settings
) -> tuple[str, ...]:
    """Return an ordinal's order, or the sorted texts that the training rows have of a category."""
    if kind == "ordinal":
        return settings.order
    if kind != "categorical":
        return ()
    texts = texts_in(table, train_rows, name)
    if len(texts) > settings.max_categories:
        raise DataError(table.problem(too_many(name, texts, settings), name))
    found = {*texts}
    # Without a gap to train on, an input for gaps would keep the weights that it began with.
    if settings.missing.name == "constant" and np.isnan(table.values(name)[train_rows]).any():
        found.add(as_text(settings.missing.value))
    return in_order(found)


def texts_in(table: Table, rows: IntArray, name: str) -> list[str]:
    """Return the different texts that some rows have, in the table's order."""
    texts, codes = table.codes(name)
    codes = codes[rows]
    return [texts[code] for code in np.unique(codes[~np.isnan(codes)]).astype(np.int64).tolist()]


def too_many(name: str, texts: Sequence[str], settings: Settings) -> str:
    """Say that a column has too many categories to be one, and what else it may be."""
    message = (
        f"feature `{name}` has {len(texts)} categories in the training rows, more than "
        f"max_categories, which is {settings.max_categories} (received `{texts[0]}`, "
        f"`{texts[1]}`, ...)"
    )
    ignored = column_setting(name, "ignored")
    if sum(DATE.fullmatch(text) is not None for text in texts) > len(texts) // 2:
        return (
            f"{message}; dates are no categories: write `{ignored}`, or columns of numbers such as "
            "year and month"
        )
    return f"{message}; if it names rows write `{ignored}`, else raise max_categories"


def fill_of(feature: Feature, present: FloatArray, missing: Missing) -> float:
    """Return the code that takes the place of a missing cell; NaN where it is refused."""
    if missing.name == "error":
        return float("nan")
    if missing.name == "constant":
        return constant_code(feature, missing.value)
    if missing.name == "most_frequent" or feature.kind in ("boolean", "categorical"):
        values, counts = np.unique(present, return_counts=True)
        return float(values[counts.argmax()])
    # Not `np.mean`: that of equal values may differ from them in the last bit.
    mean = fit_scaler(present[:, None], "standardize").center[0]
    middle = mean if missing.name == "mean" else np.median(present)
    return float(np.rint(middle)) if feature.kind == "ordinal" else float(middle)


def constant_code(feature: Feature, value: float | str) -> float:
    """Return the code of the cell that the config puts where one is missing.

    What is no category of the training rows is taken as such a category in a cell would be.
    """
    if feature.kind == "numeric":
        if isinstance(value, str):
            message = f"columns.{feature.name}.missing.value must be a number (received {value})"
            raise DataError(f"{message}, since the column holds numbers")
        if feature.logarithm and value <= -1.0:
            message = f"columns.{feature.name}.missing.value must be greater than -1"
            raise DataError(f"{message} for `scaling: log` (received {value:g})")
        return float(value)
    code = feature.code_of(as_text(value))
    if code is None and feature.kind == "categorical":
        return UNKNOWN if feature.unknown == "ignore" else float("nan")
    if code is None:
        known = listed(feature.categories) if feature.categories else "true, false"
        message = f"columns.{feature.name}.missing.value must be one of {known}"
        raise DataError(f"{message} (received {value})")
    return code


def as_text(value: float | str) -> str:
    """Return how a cell of text has the value."""
    return value if isinstance(value, str) else text_of_number(value)


def refuse_logarithms(table: Table, name: str, values: FloatArray) -> None:
    """Raise DataError for the first value (n_rows,) whose log(1 + x) is no number."""
    with np.errstate(invalid="ignore"):
        bad = values <= -1.0
    if bad.any():
        row = int(np.argmax(bad))
        message = (
            f"feature `{name}` must be greater than -1 for `scaling: log` "
            f"(received {values[row]:g}); write another scaling for it"
        )
        raise DataError(table.problem(message, name, row))


def notices(
    fitted: Sequence[Fitted], targets: FloatArray, roles: Roles, data: DataConfig, n_rows: int
) -> Iterator[str]:
    """Yield a sentence that lists the columns that never change, features and targets apart."""
    if n_rows < 2:
        return
    constant = [each for each in fitted if each.is_constant]
    scaled = any(each.scaling != "none" for each in constant)
    names = [roles.targets[position] for position in constant_columns(targets)]
    yield from notice("feature", [each.feature.name for each in constant], scaled)
    yield from notice("target", names, data.target_scaling != "none")


def notice(role: str, names: Sequence[str], scaled: bool) -> Iterator[str]:
    """Yield the sentence, if there is one to be said."""
    if names:
        plural = "s" if len(names) > 1 else ""
        consequence = ", so scaled by 1" if scaled else ""
        yield f"constant in the training rows{consequence}: {role}{plural} {listed(names)}"
