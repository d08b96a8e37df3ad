from __future__ import annotations

import math
from typing import Any

import pytest

from nnctl.config.sweep_checks import number_of_values
from nnctl.config.sweep_schema import ParameterConfig
from nnctl.scale.space import SUGGESTIONS, Space, grid_parameters, random_parameters


def space(**parameters: dict[str, Any]) -> Space:
    return {key: ParameterConfig.model_validate(value) for key, value in parameters.items()}


def values(parameter: dict[str, Any]) -> list[Any]:
    """All values that a grid takes of a parameter."""
    only = space(x=parameter)
    return [grid_parameters(only, 0, n + 1)["x"] for n in range(number_of_values(only["x"]))]


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        ({"choice": ["relu", {"name": "elu"}, None]}, ["relu", {"name": "elu"}, None]),
        ({"int": [2, 5]}, [2, 3, 4, 5]),
        ({"int": [16, 60], "step": 16}, [16, 32, 48]),
        ({"uniform": [0.1, 0.5], "step": 0.1}, [0.1, 0.2, 0.3, 0.4, 0.5]),
        ({"uniform": [0, 1], "points": 3}, [0, 0.5, 1]),
        ({"uniform": [0, 1], "points": 1}, [0]),
        ({"log_uniform": [0.001, 0.1], "points": 3}, [0.001, 0.01, 0.1]),
    ],
)
def test_a_grid_takes_every_value_once(parameter: dict[str, Any], expected: list[Any]) -> None:
    found = values(parameter)
    assert found == expected
    assert [type(value) for value in found[:1]] == [type(expected[0])] or found[0] == expected[0]


def test_a_grid_has_every_combination_once_and_its_last_parameter_changes_fastest() -> None:
    both = space(a={"choice": ["x", "y"]}, b={"int": [1, 3]})
    combinations = [tuple(grid_parameters(both, 0, n).values()) for n in range(1, 7)]
    assert combinations == [("x", 1), ("x", 2), ("x", 3), ("y", 1), ("y", 2), ("y", 3)]
    assert [*grid_parameters(both, 0, 1)] == ["a", "b"]


@pytest.mark.parametrize(
    ("parameter", "inside"),
    [
        ({"choice": ["a", "b"]}, {"a", "b"}),
        ({"int": [1, 3]}, {1, 2, 3}),
        ({"int": [0, 10], "step": 5}, {0, 5, 10}),
        ({"uniform": [0, 1], "step": 0.25}, {0.0, 0.25, 0.5, 0.75, 1.0}),
    ],
)
def test_every_value_is_drawn_and_no_other(parameter: dict[str, Any], inside: set[Any]) -> None:
    drawn = {random_parameters(space(x=parameter), 1, n)["x"] for n in range(100)}
    assert drawn == inside


def test_numbers_are_drawn_uniformly_or_by_their_logarithms() -> None:
    both = space(u={"uniform": [-1, 3]}, v={"log_uniform": [1e-4, 1e-1]})
    rows = [random_parameters(both, 2, n) for n in range(2000)]
    shares = [(row["u"] + 1) / 4 for row in rows], [math.log10(row["v"] / 1e-4) / 3 for row in rows]
    for share in shares:
        assert min(share) >= 0
        assert max(share) <= 1
        # The standard error of the mean of 2000 uniform numbers is 0.0065.
        assert sum(share) / len(share) == pytest.approx(0.5, abs=0.03)
        assert sum(each < 0.25 for each in share) / len(share) == pytest.approx(0.25, abs=0.05)


@pytest.mark.parametrize("kind", ["uniform", "log_uniform"])
def test_numbers_of_a_narrow_range_are_told_apart(kind: str) -> None:
    low, high = 0.10000001, 0.10000002
    narrow = space(x={kind: [low, high]})
    drawn = {random_parameters(narrow, 1, n)["x"] for n in range(50)}
    assert len(drawn) == 50
    assert low < min(drawn) < max(drawn) < high


def test_a_step_leaves_its_range_on_neither_side() -> None:
    low, high = 0.12345678901234567, 0.9876543210987654
    found = values({"uniform": [low, high], "step": (high - low) / 2})
    assert found[0] == low
    assert found[-1] == high


def test_what_is_drawn_depends_on_seed_number_and_key_alone() -> None:
    one, two = {"uniform": [0, 1]}, {"int": [0, 10**9]}
    row = random_parameters(space(a=one, b=two), 7, 3)
    assert random_parameters(space(b=two), 7, 3) == {"b": row["b"]}
    assert random_parameters(space(a=one), 8, 3)["a"] != row["a"]
    assert random_parameters(space(a=one), 7, 4)["a"] != row["a"]
    assert random_parameters(space(c=one), 7, 3)["c"] != row["a"]


@pytest.mark.parametrize("search", SUGGESTIONS)
def test_a_value_is_what_json_gives_back(search: str) -> None:
    import json

    everything = space(
        a={"choice": [1, 2.5, "x", True, None, [1, 2], {"name": "elu"}]},
        b={"uniform": [0, 1], "points": 4},
        c={"log_uniform": [1e-5, 1], "points": 4},
        d={"int": [1, 4]},
    )
    for number in range(1, 20):
        row = SUGGESTIONS[search](everything, 5, number)
        assert json.loads(json.dumps(row)) == row
