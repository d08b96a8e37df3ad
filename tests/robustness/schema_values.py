"""Values drawn from a JSON Schema: of every type and within every bound that it states.

What a schema leaves open is a file's or a column's name, and how large a network may become: for
these `hints` have strategies of their own, by key and type; for an object, of its keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

Node = Mapping[str, Any]
Strategy = st.SearchStrategy[Any]

USUAL_NUMBERS = (0, 0.25, 0.5, 0.9, 1e-3, 1.0, 2, 10.0, -1.0)
EXTREME_NUMBERS = (
    5e-324,
    1e-300,
    1e-30,
    0.9999999999999999,
    1e30,
    1e300,
    1.7e308,
    -1.7e308,
    10**30,
)
USUAL_INTEGERS = (0, 1, 2, 3, 5, 8)
EXTREME_INTEGERS = (2**31, 2**63 - 1, 2**63, 10**30, -1)
USUAL_TO_EXTREME = 6  # so many times as often
MOST_OPTIONAL_KEYS = 3
TEXTS = ("", "a", "1", "NA", "\u00e9", "\x00", "a,b", "no such thing", "x" * 300)


@dataclass(frozen=True)
class SchemaValues:
    """The strategies of one schema; `hints` go before what the schema says of a key."""

    schema: Node
    hints: Mapping[tuple[str, str], Strategy]

    def values(self, node: Node, key: str = "") -> Strategy:
        """Return a strategy for what a node allows; `key` is the one under which it stands."""
        node = self.resolved(node)
        choices = node.get("anyOf", node.get("oneOf"))
        if choices is not None:
            return st.one_of([self.values(choice, key) for choice in choices])
        if node.get("type") == "null":
            return st.none()
        if "const" in node or "enum" in node:
            return st.sampled_from(node.get("enum", [node.get("const")]))
        hint = self.hints.get((key, node["type"]))
        if "properties" in node or "additionalProperties" in node:
            return self._object(node, hint)
        if hint is not None:
            return hint
        return getattr(self, f"_{node['type']}")(node)  # type: ignore[no-any-return]

    def resolved(self, node: Node) -> Node:
        """Return what a reference refers to."""
        (node,) = node.get("allOf", [node])
        if "$ref" not in node:
            return node
        return self.schema["definitions"][node["$ref"].rpartition("/")[2]]  # type: ignore[no-any-return]

    def property(self, *path: str) -> Node:
        """Return the node of a key of the whole schema."""
        node = self.schema
        for key in path:
            node = self.resolved(node["properties"][key])
        return node

    def mapping(self, node: Node, keys: Strategy) -> Strategy:
        """Return a strategy for a node's mapping that has the drawn keys."""

        @st.composite
        def drawn(draw: st.DrawFn) -> dict[str, Any]:
            return {key: draw(self.values(node["properties"][key], key)) for key in draw(keys)}

        return drawn()

    def _object(self, node: Node, names: Strategy | None) -> Strategy:
        if names is not None:
            return st.dictionaries(names, self.values(node["additionalProperties"]), max_size=2)
        required = node.get("required", [])
        optional = [each for each in node["properties"] if each not in required]
        if not optional:
            return self.mapping(node, st.just(required))
        extra = st.lists(st.sampled_from(optional), unique=True, max_size=MOST_OPTIONAL_KEYS)
        return self.mapping(node, extra.map(lambda chosen: [*required, *chosen]))

    def _array(self, node: Node) -> Strategy:
        return st.lists(self.values(node["items"]), min_size=node.get("minItems", 0), max_size=3)

    def _number(self, node: Node) -> Strategy:
        return numbers(node, USUAL_NUMBERS, EXTREME_NUMBERS)

    def _integer(self, node: Node) -> Strategy:
        return numbers(node, USUAL_INTEGERS, EXTREME_INTEGERS)

    def _boolean(self, node: Node) -> Strategy:
        return st.booleans()

    def _string(self, node: Node) -> Strategy:
        if "pattern" in node:
            return st.from_regex(node["pattern"].replace("$", r"\Z"))
        lengths = range(node.get("minLength", 0), node.get("maxLength", 10**6) + 1)
        return st.sampled_from([text for text in TEXTS if len(text) in lengths])


def numbers(node: Node, usual: tuple[float, ...], extreme: tuple[float, ...]) -> Strategy:
    """Return a strategy for the numbers that lie within a node's bounds, most of them usual."""
    weighted = [*(usual * USUAL_TO_EXTREME), *extreme]
    return st.sampled_from([number for number in weighted if within(node, number)])


def within(node: Node, number: float) -> bool:
    """Whether a number lies within a node's bounds."""
    return (
        number >= node.get("minimum", number)
        and number <= node.get("maximum", number)
        and ("exclusiveMinimum" not in node or number > node["exclusiveMinimum"])
        and ("exclusiveMaximum" not in node or number < node["exclusiveMaximum"])
    )
