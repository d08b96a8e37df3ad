from __future__ import annotations

from typing import get_args

import pytest

from nnctl.config.names import closest, key_advice, suggest_metric, suggest_name
from nnctl.config.places import choice_names, homes
from nnctl.config.schema import ColumnConfig, Config
from nnctl.config.schema.activations import Activation
from nnctl.config.schema.columns import ColumnKind, Missing, Scaling, Unknown
from nnctl.config.schema.data import DataConfig
from nnctl.config.schema.generators import GeneratorConfig
from nnctl.config.schema.initializers import Initializer
from nnctl.config.schema.losses import Loss
from nnctl.config.schema.optimizers import OptimizerConfig
from nnctl.config.schema.root import SETS
from nnctl.config.schema.schedules import ScheduleConfig
from nnctl.config.training_checks import MEASURED

TOP = tuple(Config.model_fields)
DATA = tuple(DataConfig.model_fields)
COLUMN = tuple(ColumnConfig.model_fields)


@pytest.mark.parametrize(
    ("received", "union", "meant"),
    [
        ("SGD", OptimizerConfig, "sgd"),
        ("adma", OptimizerConfig, "adam"),
        ("swish", Activation, "silu"),
        ("LeakyReLU", Activation, "leaky_relu"),
        ("linear", Activation, "identity"),
        ("glorot_uniform", Initializer, "xavier_uniform"),
        ("kaiming_normal", Initializer, "he_normal"),
        ("mse", Loss, "mean_squared_error"),
        ("sparse_categorical_crossentropy", Loss, "categorical_cross_entropy"),
        ("BCEWithLogits", Loss, "binary_cross_entropy"),
        ("ReduceLROnPlateau", ScheduleConfig, "reduce_on_plateau"),
        ("make_moons", GeneratorConfig, "moons"),
        ("lbfgs", OptimizerConfig, None),
        ("mode", Missing, "most_frequent"),
        ("fill_with_const", Missing, "constant"),
    ],
)
def test_other_tools_names_are_understood_and_answered(
    received: str, union: object, meant: str | None
) -> None:
    assert suggest_name(received, choice_names(union)) == meant


@pytest.mark.parametrize(
    ("received", "literal", "meant"),
    [
        ("category", ColumnKind, "categorical"),
        ("float", ColumnKind, "numeric"),
        ("bool", ColumnKind, "boolean"),
        ("ignore", ColumnKind, "ignored"),
        ("ignored", Unknown, "ignore"),
        ("raise", Unknown, "error"),
        ("RobustScaler", Scaling, "robust"),
        ("log1p", Scaling, "log"),
    ],
)
def test_other_tools_words_for_columns_are_understood(
    received: str, literal: object, meant: str
) -> None:
    assert suggest_name(received, get_args(literal)) == meant


@pytest.mark.parametrize(
    ("received", "meant"),
    [
        ("val_loss", "validation_loss"),
        ("val_acc", "validation_accuracy"),
        ("validation_macrof1", "validation_macro_f1"),
        ("training_loss", "train_loss"),
        ("accuracy", "test_accuracy"),
        ("validaton_loss", "validation_loss"),
        ("entropy", None),
    ],
)
def test_a_metric_that_was_meant_is_found(received: str, meant: str | None) -> None:
    assert suggest_metric(received, SETS, MEASURED) == meant


@pytest.mark.parametrize(
    ("received", "advice"),
    [
        ("learningRate", "did you mean `learning_rate`, in `optimizer`?"),
        ("Seed", "did you mean `seed`?"),
        ("epochs", "it belongs in `training`"),
        ("dropout", "it belongs in `model.hidden`"),
        ("learing_rate", "did you mean `learning_rate`, in `optimizer`?"),
        ("lr", "write `learning_rate`, in `optimizer`"),
        ("qqq", f"the keys here are {', '.join(TOP)}"),
    ],
)
def test_an_unknown_key_is_answered_with_what_to_write(received: str, advice: str) -> None:
    assert key_advice(received, TOP, homes()) == advice


@pytest.mark.parametrize(
    ("received", "known", "advice"),
    [
        ("sep", DATA, "write `delimiter`, in `data`"),
        ("na_values", DATA, "write `missing_values`, in `data`"),
        ("handle_unknown", DATA, "write `unknown`, in `data`"),
        ("groups", DATA, "write `group`, in `data`"),
        ("categorical_features", DATA, "write `columns: {NAME: categorical, ...}`, in `data`"),
        ("colums", DATA, "did you mean `columns`?"),
        ("dtype", COLUMN, "write `kind`, in `columns`, or `dtype`, in `compute`"),
        ("type", COLUMN, "write `name`, or `kind` for one of `columns`"),
        ("missing_values", TOP, "it belongs in `data`"),
        ("labels", TOP, "it belongs in `data`"),
    ],
)
def test_a_key_of_another_tool_for_tables_is_answered(
    received: str, known: tuple[str, ...], advice: str
) -> None:
    assert key_advice(received, known, homes()) == advice


def test_nothing_is_suggested_where_nothing_is_close() -> None:
    assert closest("zzz", DataConfig.model_fields) is None
    assert closest("", DataConfig.model_fields) is None
    assert closest(";", (".", ",")) is None
