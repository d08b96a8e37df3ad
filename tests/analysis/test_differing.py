from __future__ import annotations

import math
from typing import Any

import pytest

from nnctl.analysis.differing import ABSENT, different


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([{"a": 1}, {"a": 1}], []),
        ([{"a": 1}, {"a": True}], [("a", [1, True])]),
        ([{"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}], [("a.c", [2, 3])]),
        ([{"a": [1, 2]}, {"a": [1, 3]}], [("a.1", [2, 3])]),
        ([{"a": [1]}, {"a": [1, 2]}], [("a", [[1], [1, 2]])]),
        ([{"a": [{"b": 1}]}, {"a": [{"b": 1}, {"b": 2}]}], [("a.1.b", [None, 2])]),
        ([{"a": []}, {"a": [{"b": 2, "c": None}]}], [("a.0.b", [None, 2])]),
        ([{"a": None}, {"a": {"b": 1, "c": {"d": 2}}}], [("a.b", [None, 1]), ("a.c.d", [None, 2])]),
        ([{"a": None}, {"a": []}], [("a", [None, []])]),
        ([{"a": [1]}, {"a": {"b": 1}}], [("a", [[1], {"b": 1}])]),
        ([{"a": None}, {}], []),
        ([{"a": 1}, {}], [("a", [1, None])]),
        ([{"a": {"b": 1}}, {"a": "x"}], [("a", [{"b": 1}, "x"])]),
        ([{"a": 1}, {"a": 2}, {"a": 1}], [("a", [1, 2, 1])]),
        ([{"a": math.nan}, {"a": math.nan}], []),
    ],
)
def test_the_deepest_keys_that_differ_are_found(
    values: list[dict[str, Any]], expected: list[tuple[str, list[Any]]]
) -> None:
    assert [(row["key"], row["values"]) for row in different(values)] == expected
    assert all(ABSENT not in row["values"] for row in different(values))
