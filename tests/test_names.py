"""The names that a config may use are those that the engine has."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from nnctl.config.pairs import OUTPUT_ACTIVATIONS
from nnctl.config.schema import (
    activations,
    data,
    generators,
    initializers,
    losses,
    model,
    optimizers,
    schedules,
    training,
)
from nnctl.data.generators import GENERATORS
from nnctl.nn.activations import ACTIVATIONS
from nnctl.nn.initializers import BIAS_INITIALIZERS, INITIALIZERS
from nnctl.nn.losses import LOSSES
from nnctl.nn.normalization import NORMALIZATIONS
from nnctl.nn.optimizers import OPTIMIZERS
from nnctl.nn.schedules import SCHEDULES
from nnctl.training.metrics import CLASSIFICATION_METRICS, DIRECTIONS, REGRESSION_METRICS

CHOICES: dict[str, tuple[Any, Mapping[str, Any]]] = {
    "activation": (activations.Activation, ACTIVATIONS),
    "initializer": (initializers.Initializer, INITIALIZERS),
    "bias_initializer": (initializers.BiasInitializer, BIAS_INITIALIZERS),
    "loss": (losses.Loss, LOSSES),
    "normalization": (model.Normalization, NORMALIZATIONS),
    "optimizer": (optimizers.OptimizerConfig, OPTIMIZERS),
    "schedule": (schedules.ScheduleConfig, SCHEDULES),
    "generator": (generators.GeneratorConfig, GENERATORS),
}
# Given by whoever builds the part, not by the config.
GIVEN = {
    "self", "shape", "rng", "_rng", "parameters", "n_weights", "weight_decay", "epoch", "_epoch",
    "learning_rate", "mode",
}  # fmt: skip


def choices_of(annotation: Any) -> dict[str, type[BaseModel]]:
    """Return the models of a choice by the name that stands for each."""
    found: dict[str, type[BaseModel]] = {}
    stack = [annotation]
    while stack:
        item = stack.pop()
        if isinstance(item, type) and issubclass(item, BaseModel):
            (name,) = get_args(item.model_fields["name"].annotation)
            found[name] = item
        else:
            stack.extend(get_args(item))
    return found


@pytest.mark.parametrize("choice", CHOICES)
def test_config_and_engine_have_the_same_names(choice: str) -> None:
    annotation, table = CHOICES[choice]
    names = choices_of(annotation)
    assert names
    assert set(names) == set(table)


@pytest.mark.parametrize("choice", CHOICES)
def test_every_parameter_of_a_choice_is_one_of_its_function(choice: str) -> None:
    annotation, table = CHOICES[choice]
    for name, kind in choices_of(annotation).items():
        required = [field for field, info in kind.model_fields.items() if info.is_required()]
        values = dict.fromkeys(required)
        offered = set(kind.model_construct(**values).parameters())  # type: ignore[attr-defined]
        signature = inspect.signature(table[name])
        assert offered - {"monitor"} <= set(signature.parameters), name


@pytest.mark.parametrize("choice", ["activation", "loss", "normalization", "optimizer"])
def test_defaults_of_config_and_engine_agree(choice: str) -> None:
    annotation, table = CHOICES[choice]
    for name, kind in choices_of(annotation).items():
        for parameter in inspect.signature(table[name]).parameters.values():
            field = kind.model_fields.get(parameter.name)
            if field is None or parameter.name in GIVEN or parameter.name == "scale":
                continue
            assert field.default == parameter.default, f"{name}.{parameter.name}"


def test_config_and_engine_pair_the_same_outputs_with_losses() -> None:
    assert set(OUTPUT_ACTIVATIONS) == set(LOSSES)
    for name, outputs in OUTPUT_ACTIVATIONS.items():
        assert outputs[0] == LOSSES[name].outputs[0]
        assert set(outputs) == set(LOSSES[name].outputs), name


def test_metrics_have_the_same_names_and_a_direction() -> None:
    assert set(get_args(training.ClassificationMetric)) == set(CLASSIFICATION_METRICS)
    assert set(get_args(training.RegressionMetric)) == set(REGRESSION_METRICS)
    assert set(DIRECTIONS) == {"loss", *CLASSIFICATION_METRICS, *REGRESSION_METRICS}


def test_tasks_are_the_two_that_have_metrics() -> None:
    assert get_args(data.Task) == ("classification", "regression")
