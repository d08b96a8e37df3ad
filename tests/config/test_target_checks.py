from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from nnctl.config import load_config
from nnctl.config.problems import located, refuse
from nnctl.config.schema.columns import ColumnKind
from nnctl.config.schema.data import Task
from nnctl.config.target_checks import data_findings, output_units
from nnctl.errors import ConfigError
from tests.config.examples import write


@dataclass(frozen=True)
class Feature:
    """A column of a file."""

    name: str
    kind: ColumnKind = "numeric"


@dataclass(frozen=True)
class Found:
    """What a file was found to hold."""

    task: Task
    targets: tuple[str, ...] = ("y",)
    classes: tuple[str, ...] = ()
    features: tuple[Feature, ...] = (Feature("u"), Feature("v"))
    n_inputs: int = 2


TWO = Found("classification", classes=("a", "b"))
THREE = Found("classification", classes=("a", "b", "c"))
NUMBER = Found("regression")
NUMBERS = Found("regression", ("y", "z"))
KINDS = Found("regression", features=(Feature("u"), Feature("v", "categorical")), n_inputs=4)
ROWS = "data: {source: rows.csv, target: y, columns: "
DATA = "data: {source: rows.csv, target: y}\n"
CLASSIFYING = (
    "accuracy, balanced_accuracy, precision, recall, f1, macro_precision, macro_recall, macro_f1, "
    "roc_auc, log_loss"
)
MEASURING = "mean_squared_error, root_mean_squared_error, mean_absolute_error, r2"
# What follows the data section, and what the file holds -> all that is wrong.
MISFITS: dict[tuple[str, Found], list[str]] = {
    (
        "loss: mean_squared_error\nmetrics: [accuracy]\nmodel: {output: {units: 3}}\n"
        "training: {class_weight: balanced}",
        NUMBER,
    ): [
        "3:11: metrics.0: accuracy is no metric for regression; those are " + MEASURING,
        "4:25: model.output.units must be 1 for this target (received 3)",
        "5:26: training.class_weight needs classes, and a regression has none; leave it out",
    ],
    ("loss: huber\nexpect: {train_r2: {min: 1}}", TWO): [
        "3:10: expect.train_r2: r2 is no metric for classification; those are " + CLASSIFYING,
    ],
    (
        "loss: huber\ntraining: {early_stopping: {monitor: train_r2}}\n"
        "optimizer: {schedule: {name: reduce_on_plateau, monitor: train_f1}}",
        TWO,
    ): [
        "3:38: training.early_stopping.monitor: r2 is no metric for classification; those are "
        + CLASSIFYING,
        "4:58: optimizer.schedule.monitor: f1 is not measured in this training; "
        "add it to `metrics`",
    ],
    ("loss: hinge\ntraining: {class_weight: {z: 2, a: 1, y: 3}}", TWO): [
        "3:27: training.class_weight: the target has no class `z`; it has a, b",
        "3:39: training.class_weight: the target has no class `y`; it has a, b",
    ],
    ("loss: huber\ntraining: {class_weight: {z: 2}}", NUMBER): [
        "3:26: training.class_weight needs classes, and a regression has none; leave it out",
    ],
    ("loss: huber\nmodel: {output: {activation: softmax}}", NUMBER): [
        "3:30: model.output.activation: softmax over one unit is always 1; "
        "write `activation: identity`",
    ],
    ("loss: binary_cross_entropy", THREE): [
        "2:7: loss: binary_cross_entropy is for two classes (the target has 3); "
        "write categorical_cross_entropy",
    ],
    ("loss: hinge\nmodel: {output: {units: 3}}", TWO): [
        "3:25: model.output.units must be 1 or 2 for this target (received 3)",
    ],
    ("loss: huber\nmodel: {hidden: [{units: 1,\n initializer: {name: values, weights: [[1]]}}]}",
     NUMBER): [
        "4:39: model.hidden.0.initializer.weights must have a row for each of the 2 inputs "
        "(received 1)",
    ],
    ("loss: huber\nmodel: {output: {initializer: {name: values, weights: [[1], [2]]}}}",
     NUMBERS): [
        "3:56: model.output.initializer.weights.0 must have a number for each of the 2 units "
        "(received 1)",
        "3:61: model.output.initializer.weights.1 must have a number for each of the 2 units "
        "(received 1)",
    ],
}  # fmt: skip
# What the columns are configured to be -> what is wrong with it once their kinds are known.
COLUMNS: dict[str, list[str]] = {
    "{u: {unknown: ignore}, v: {scaling: log}}}": [
        "1:51: data.columns.u.unknown is for categorical columns, and this one is numeric; "
        "leave it out, or write `kind: categorical`",
        "1:73: data.columns.v.scaling is for numeric and ordinal columns, and this one is "
        "categorical; leave it out, or write `kind: numeric`",
    ],
    "{v: {missing: mean}}}": [
        "1:60: data.columns.v.missing: a categorical column has no mean; "
        "write `missing: most_frequent`",
    ],
    "{u: {missing: {name: constant, value: x}}}}": [
        "1:84: data.columns.u.missing.value must be a number, for a numeric column "
        '(received "x")',
    ],
    "{w: ignored, u: {scaling: log}, v: {max_categories: 9}}, missing: mean}": [],
}  # fmt: skip
FITS: list[tuple[str, Found, int]] = [
    ("loss: huber", NUMBERS, 2),
    ("loss: huber", KINDS, 1),
    ("loss: huber\nmodel: {output: {activation: softmax}}", NUMBERS, 2),
    ("loss: huber\nmodel: {output: {activation: softmax}}", TWO, 2),
    ("loss: hinge\ntraining: {class_weight: {a: 2}}", TWO, 1),
    ("loss: hinge\nmodel: {output: {units: 2}}", TWO, 2),
    ("loss: binary_cross_entropy", TWO, 1),
    ("loss: categorical_cross_entropy\nmetrics: [log_loss]", THREE, 3),
    (
        "loss: huber\nmodel: {output: {units: 1,\n"
        "initializer: {name: values, weights: [[1], [2], [3], [4]]}}}",
        KINDS,
        1,
    ),
]


@pytest.mark.parametrize(("text", "found"), MISFITS)
def test_all_that_does_not_fit_the_data_is_said_at_once(
    tmp_path: Path, text: str, found: Found
) -> None:
    path = write(tmp_path, DATA + text)
    config = load_config(path)
    with pytest.raises(ConfigError) as caught:
        refuse(config, data_findings(config, found))
    expected = [f"{path}:{message}" for message in MISFITS[text, found]]
    assert [str(problem) for problem in caught.value.problems] == expected


@pytest.mark.parametrize("columns", COLUMNS)
def test_columns_are_checked_again_once_their_kinds_are_known(tmp_path: Path, columns: str) -> None:
    path = write(tmp_path, f"{ROWS}{columns}\nloss: huber\n")
    config = load_config(path)
    found = [str(problem) for problem in located(data_findings(config, KINDS), config.marks)]
    assert sorted(found) == [f"{path}:{message}" for message in COLUMNS[columns]]


@pytest.mark.parametrize(("text", "found", "units"), FITS)
def test_what_fits_the_data_is_accepted(
    tmp_path: Path, text: str, found: Found, units: int
) -> None:
    config = load_config(write(tmp_path, DATA + text))
    assert list(data_findings(config, found)) == []
    assert output_units(config, found) == units
