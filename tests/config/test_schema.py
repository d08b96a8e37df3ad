from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft7Validator

from nnctl.config import config_from_dict, config_to_dict, json_schema
from nnctl.config.places import choice_names
from nnctl.config.schema.activations import Activation
from nnctl.config.schema.base import Named, Section
from nnctl.config.schema.columns import ColumnConfig, ColumnKind, FillConstant, FillMean, Missing
from nnctl.config.schema.data import DataConfig
from nnctl.config.schema.generators import GeneratorConfig
from nnctl.config.schema.initializers import BiasInitializer, Initializer
from nnctl.config.schema.losses import Loss
from nnctl.config.schema.model import LayerConfig, Normalization
from nnctl.config.schema.optimizers import OptimizerConfig
from nnctl.config.schema.schedules import ScheduleConfig
from nnctl.config.yaml_source import read_text
from nnctl.errors import ConfigError
from tests.config.examples import FULL, MINIMAL, TABLE

UNIONS: list[Any] = [
    Activation,
    BiasInitializer,
    GeneratorConfig,
    Initializer,
    Loss,
    Missing,
    Normalization,
    OptimizerConfig,
    ScheduleConfig,
]
CHOICES: list[type[Named]] = [choice for union in UNIONS for choice in get_args(get_args(union)[0])]
SECTIONS: list[type[Section]] = [*CHOICES, ColumnConfig, DataConfig, LayerConfig]
VALIDATOR = Draft7Validator(json_schema())


def _faults(value: Any) -> list[str]:
    return [fault.message for fault in VALIDATOR.iter_errors(value)]


def _mappings_in(node: Any) -> list[dict[str, Any]]:
    if not isinstance(node, dict | list):
        return []
    entries = node.values() if isinstance(node, dict) else node
    own = [node] if isinstance(node, dict) else []
    return own + [found for entry in entries for found in _mappings_in(entry)]


def test_the_json_schema_is_valid_draft_7() -> None:
    schema = json_schema()
    Draft7Validator.check_schema(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert schema["title"] == "nnctl config"
    assert list(schema["properties"])[:3] == ["name", "seed", "data"]
    assert "$defs" not in json.dumps(schema)
    assert "discriminator" not in json.dumps(schema)


def test_nothing_stands_beside_a_reference() -> None:
    references = [mapping for mapping in _mappings_in(json_schema()) if "$ref" in mapping]
    assert references
    assert all(list(mapping) == ["$ref"] for mapping in references)


@pytest.mark.parametrize("text", [MINIMAL, FULL, TABLE])
def test_the_json_schema_accepts_what_the_loader_accepts(text: str) -> None:
    value = read_text(text, None).value
    assert _faults(value) == []
    assert _faults(config_to_dict(config_from_dict(value, Path("/")))) == []


@pytest.mark.parametrize(
    "addition",
    [
        {"lr": 1},
        {"seed": -1},
        {"optimizer": "adma"},
        {"optimizer": {"name": "sgd", "beta_1": 0.9}},
        {"optimizer": {"momentum": 0.9}},
        {"optimizer": {"schedule": "step"}},
        {"training": {"batch_size": "fall"}},
        {"training": {"seed": -1}},
        {"training": {"seed": 1.5}},
        {"expect": {"accuracy": {"min": 1}}},
        {"metrics": ["mse"]},
        {"name": "../x"},
        *(
            {"data": {"generator": "xor", **data}}
            for data in (
                {"columns": {"a": "numerical"}},
                {"columns": {"a": {"kind": "numerical"}}},
                {"columns": {"a": {"dtype": "numeric"}}},
                {"columns": ["a"]},
                {"columns": {"a": {"order": ["b", 1]}}},
                {"missing": "constant"},
                {"missing": {"name": "mean", "value": 1}},
                {"missing": {"name": "constant", "value": True}},
                {"missing_values": "NA"},
                {"missing_values": [-9]},
                {"decimal": ";"},
                {"quote": ""},
                {"unknown": "raise"},
                {"max_categories": 0},
                {"validation_source": ""},
            )
        ),
    ],
)
def test_the_json_schema_refuses_what_the_loader_refuses(addition: dict[str, Any]) -> None:
    value = {**read_text(MINIMAL, None).value, **addition}
    assert _faults(value)
    with pytest.raises(ConfigError):
        config_from_dict(value, Path("/"))


@pytest.mark.parametrize(
    "addition",
    [
        {"optimizer": "sgd"},
        {"optimizer": {"learning_rate": 1}},
        {"optimizer": {"schedule": "cosine"}},
        {"training": {"batch_size": "full", "class_weight": {"0": 1, "1": 2}}},
        {"training": {"seed": 3}},
        {"expect": {"train_accuracy": {"min": 1}}},
        {"data": {"generator": "xor", "quote": None, "missing": "mean"}},
        {"data": {"generator": "xor", "columns": {"a": "ignored", "b": {}, "c": "numeric"}}},
        {"model": {"hidden": [{"units": 2, "normalization": "layer", "initializer": "zeros"}]}},
    ],
)
def test_bare_names_and_words_are_accepted_by_both(addition: dict[str, Any]) -> None:
    value = {**read_text(MINIMAL, None).value, **addition}
    config_from_dict(value, Path("/"))
    assert _faults(value) == []


def test_an_editor_offers_the_kinds_for_a_column_and_the_names_that_need_nothing_else() -> None:
    fields = json_schema()["definitions"]["DataConfig"]["properties"]
    words, mapping = fields["columns"]["additionalProperties"]["anyOf"]
    assert words == {"type": "string", "enum": list(get_args(ColumnKind))}
    assert mapping == {"$ref": "#/definitions/ColumnConfig"}
    words = fields["missing"]["anyOf"][0]
    assert words == {"type": "string", "enum": ["error", "mean", "median", "most_frequent"]}


@pytest.mark.parametrize("section", SECTIONS)
def test_every_field_is_described_for_editors(section: type[Section]) -> None:
    fields = {name: field for name, field in section.model_fields.items() if name != "name"}
    assert all(field.description for field in fields.values())
    assert section.__doc__


@pytest.mark.parametrize("choice", CHOICES)
def test_the_parameters_of_a_choice_are_its_own_fields(choice: type[Named]) -> None:
    values = {"value": 1.0, "weights": [[1.0]], "biases": [1.0], "step_size": 3}
    values |= {"milestones": [1], "gamma": 0.5, "name": choice_names(choice)[0]}
    needed = {name for name, field in choice.model_fields.items() if field.is_required()}
    made = choice.model_validate({field: values[field] for field in needed})
    assert set(made.parameters()) == set(choice.model_fields) - choice.shared
    assert needed - {"name"} <= set(made.parameters())


@pytest.mark.parametrize("union", UNIONS)
def test_names_differ_from_all_keys_that_could_follow_them(union: Any) -> None:
    members = get_args(get_args(union)[0])
    assert len(set(choice_names(union))) == len(members) > 1
    for member in members:
        assert not set(choice_names(union)) & set(member.model_fields)


def test_what_all_fillings_have_is_no_parameter_of_one() -> None:
    value = {"name": "constant", "value": 1, "indicator": True}
    assert FillConstant.model_validate(value).parameters() == {"value": 1.0}
    assert FillMean(name="mean").parameters() == {}


def test_adamw_alone_decays_its_weights_by_default() -> None:
    value = read_text(MINIMAL, None).value
    decays = {
        name: config_from_dict({**value, "optimizer": name}, "/").optimizer.weight_decay
        for name in choice_names(OptimizerConfig)
    }
    assert {name: decay for name, decay in decays.items() if decay} == {"adamw": 0.01}


@pytest.mark.parametrize(("own", "expected"), [({}, 7), ({"seed": 0}, 0), ({"seed": 3}, 3)])
def test_training_is_derived_from_its_own_seed_where_there_is_one(
    own: dict[str, int], expected: int
) -> None:
    value = {**read_text(MINIMAL, None).value, "seed": 7, "training": own}
    config = config_from_dict(value, Path("/"))
    assert (config.seed, config.training_seed) == (7, expected)
