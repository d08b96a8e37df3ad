from __future__ import annotations

import re

import pytest

from nnctl.config.names import (
    FOREIGN_KEYS,
    FOREIGN_NAMES,
    FOREIGN_SETS,
    closest,
    key_advice,
    suggest_metric,
    suggest_name,
)
from nnctl.config.places import choice_names, homes
from nnctl.config.schema import Config
from nnctl.config.schema.activations import Activation
from nnctl.config.schema.data import DataConfig
from nnctl.config.schema.generators import GeneratorConfig
from nnctl.config.schema.initializers import Initializer
from nnctl.config.schema.losses import Loss
from nnctl.config.schema.optimizers import OptimizerConfig
from nnctl.config.schema.root import SETS
from nnctl.config.schema.schedules import ScheduleConfig
from nnctl.config.training_checks import MEASURED

CHOICES = [Activation, GeneratorConfig, Initializer, Loss, OptimizerConfig, ScheduleConfig]
LITERALS = {"none", "min_max", "standardize", "float32", "float64"}
EVERY_NAME = {name for union in CHOICES for name in choice_names(union)} | {*MEASURED} | LITERALS
TOP = tuple(Config.model_fields)


@pytest.mark.parametrize("key", FOREIGN_KEYS)
def test_what_is_advised_for_a_foreign_key_names_a_key_of_this_config(key: str) -> None:
    advised = re.findall(r"[a-z_0-9]+", " ".join(re.findall(r"`([^`]*)`", FOREIGN_KEYS[key])))
    known = {*homes(), *TOP, "batch", "quiet"}
    assert set(advised) <= known
    assert advised or FOREIGN_KEYS[key].startswith(("nothing; ", "every value out; "))


@pytest.mark.parametrize("key", FOREIGN_KEYS)
def test_a_foreign_key_is_no_key_of_the_top_level(key: str) -> None:
    assert key not in TOP
    assert key_advice(key, TOP, homes()).startswith(("write ", "did you mean "))


@pytest.mark.parametrize("name", FOREIGN_NAMES)
def test_what_is_advised_for_a_foreign_name_exists(name: str) -> None:
    assert set(FOREIGN_NAMES[name]) <= EVERY_NAME
    assert suggest_name(name, FOREIGN_NAMES[name]) == FOREIGN_NAMES[name][0]


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
    ],
)
def test_other_tools_names_are_understood_and_answered(
    received: str, union: object, meant: str | None
) -> None:
    assert suggest_name(received, choice_names(union)) == meant


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


@pytest.mark.parametrize("foreign", FOREIGN_SETS)
def test_foreign_sets_stand_for_sets(foreign: str) -> None:
    assert FOREIGN_SETS[foreign] in SETS


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


def test_nothing_is_suggested_where_nothing_is_close() -> None:
    assert closest("zzz", DataConfig.model_fields) is None
    assert closest("", DataConfig.model_fields) is None
