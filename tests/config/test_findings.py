from __future__ import annotations

import math

import pytest
from pydantic import ValidationError

from nnctl.config import schema, sweep_schema
from nnctl.config.findings import (
    DEMANDS,
    EITHER,
    EXAMPLES,
    MAXIMUM_FINDINGS,
    findings_of,
    repeated,
    shown,
)
from nnctl.config.places import homes
from nnctl.config.schema import training
from nnctl.config.sweep_schema import SweepConfig

OTHER_DEMANDS = (
    "must have at least {min_length} character(s)",
    "must have at most {max_length} character(s)",
    "must have {min_length} or more entries",
    "{error}",
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-1.5, "-1.5"),
        (math.inf, ".inf"),
        (-math.inf, "-.inf"),
        (math.nan, ".nan"),
        ("8", '"8"'),
        ({"a": 1}, "a mapping"),
        ([1], "a list"),
        ("x" * 100, '"' + "x" * 36 + "..."),
    ],
)
def test_a_value_is_shown_as_yaml_writes_it(value: object, text: str) -> None:
    assert shown(value) == text


def test_repeated_names_are_found_at_their_second_place() -> None:
    assert repeated(("a", "b", "a", "c", "a", "b")) == [2, 4, 5]
    assert repeated(()) == []


@pytest.mark.parametrize("kind", DEMANDS)
def test_a_demand_goes_on_where_the_path_ends(kind: str) -> None:
    assert DEMANDS[kind].startswith("must be ") or DEMANDS[kind] in OTHER_DEMANDS


@pytest.mark.parametrize("field", EITHER)
def test_fields_that_take_a_word_or_something_else_exist(field: str) -> None:
    assert field in {*homes(), *SweepConfig.model_fields}


@pytest.mark.parametrize("section", EXAMPLES)
def test_sections_and_fields_with_an_example_exist(section: str) -> None:
    sections = {*dir(schema), *dir(training), *dir(sweep_schema)}
    fields = {*homes(), *schema.Config.model_fields, *SweepConfig.model_fields}
    assert section in {*sections, *fields}


def test_only_so_many_problems_are_put_into_words() -> None:
    value = {f"key_{index}": 1 for index in range(MAXIMUM_FINDINGS + 1)}
    with pytest.raises(ValidationError) as caught:
        schema.Config.model_validate(value)
    assert len(caught.value.errors()) > MAXIMUM_FINDINGS
    assert len(findings_of(caught.value, value)) == MAXIMUM_FINDINGS
