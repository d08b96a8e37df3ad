from __future__ import annotations

import re
from typing import get_args

import pytest

from nnctl.config.foreign import FOREIGN_KEYS, FOREIGN_NAMES, FOREIGN_SETS
from nnctl.config.names import key_advice, suggest_name
from nnctl.config.places import choice_names, homes
from nnctl.config.schema import Config
from nnctl.config.schema.activations import Activation
from nnctl.config.schema.columns import ColumnKind, Missing, Scaling, Unknown
from nnctl.config.schema.generators import GeneratorConfig
from nnctl.config.schema.initializers import Initializer
from nnctl.config.schema.losses import Loss
from nnctl.config.schema.optimizers import OptimizerConfig
from nnctl.config.schema.root import SETS
from nnctl.config.schema.schedules import ScheduleConfig
from nnctl.config.training_checks import MEASURED

CHOICES = [Activation, GeneratorConfig, Initializer, Loss, Missing, OptimizerConfig, ScheduleConfig]
KINDS = get_args(ColumnKind)
LITERALS = {"float32", "float64", *KINDS, *get_args(Scaling), *get_args(Unknown)}
EVERY_NAME = {name for union in CHOICES for name in choice_names(union)} | {*MEASURED} | LITERALS
TOP = tuple(Config.model_fields)


@pytest.mark.parametrize("key", FOREIGN_KEYS)
def test_what_is_advised_for_a_foreign_key_names_a_key_of_this_config(key: str) -> None:
    advised = re.findall(r"[a-z_0-9]+", " ".join(re.findall(r"`([^`]*)`", FOREIGN_KEYS[key])))
    known = {*homes(), *TOP, *KINDS, "name", "batch", "constant", "quiet"}
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


@pytest.mark.parametrize("foreign", FOREIGN_SETS)
def test_foreign_sets_stand_for_sets(foreign: str) -> None:
    assert FOREIGN_SETS[foreign] in SETS
