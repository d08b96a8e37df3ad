"""What one field of a config is turned into, and how a command may end that is given it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Place = tuple[str | int, ...]

TRAINED, REFUSED, BAD_DATA, DIVERGED, MISSED, UNREADABLE = 0, 2, 3, 5, 6, 7
UNUSABLE = frozenset({REFUSED})
UNSUITABLE = frozenset({REFUSED, BAD_DATA})
ANYTHING = frozenset({TRAINED, REFUSED, BAD_DATA, DIVERGED, MISSED})
BAD_PATH = frozenset({REFUSED, BAD_DATA, UNREADABLE})
PATHS = ("source",)
FREE_MAPPINGS = ("columns",)  # whose keys are the data's, not the schema's
NUMBER = (int, float)


@dataclass(frozen=True)
class Mutation:
    """One way to change a field: `change` puts something in the place of `holder[key]`."""

    change: Callable[[Any, Any], object]
    unusable: Callable[[Any], bool] = lambda _: False
    """Whether no such value can be right, given the one that it replaces."""

    fits: Callable[[Any, Any], bool] = lambda *_: True
    """Whether it can be done to this key of this holder."""


def value(new: object, unusable: Callable[[Any], bool] = lambda _: False) -> Mutation:
    """Return the mutation that puts a certain value there."""
    return Mutation(lambda holder, key: holder.__setitem__(key, new), unusable)


def always(_: object) -> bool:
    """Whatever stood there."""
    return True


def is_number(old: object) -> bool:
    """Whether a number stood there; True is none."""
    return isinstance(old, NUMBER) and not isinstance(old, bool)


def is_no_choice(old: object) -> bool:
    """Whether a word can be of no use there: neither a text nor a mapping, whose name it may be."""
    return not isinstance(old, str | dict | list)


def rename(holder: dict[str, Any], key: str) -> None:
    """Misspell a key."""
    holder[key + "_"] = holder.pop(key)


def add(holder: dict[str, Any], key: str) -> None:
    """Put a key there that nobody knows."""
    holder["surprise"] = holder[key]


def is_mapping(holder: object, _: object) -> bool:
    """Whether a key stands in a mapping."""
    return isinstance(holder, dict)


def negate(holder: Any, key: Any) -> None:
    """Turn the sign of a number."""
    holder[key] = -holder[key]


def nest(holder: Any, key: Any) -> None:
    """Put what stands there into a list of its own."""
    holder[key] = [holder[key]]


def nested(levels: int) -> list[Any]:
    """Return a list in a list in a list."""
    return [nested(levels - 1)] if levels else []


MUTATIONS: Mapping[str, Mutation] = {
    "removed": Mutation(lambda holder, key: holder.pop(key)),
    "renamed": Mutation(rename, always, is_mapping),
    "added": Mutation(add, always, is_mapping),
    "negated": Mutation(negate, fits=lambda holder, key: is_number(holder[key])),
    "in a list": Mutation(nest, is_number),
    "null": value(None),
    "true": value(True, is_number),
    "false": value(False, is_number),
    "zero": value(0),
    "one": value(1),
    "a half": value(0.5),
    "tiny": value(5e-324),
    "huge": value(1e308),
    "a huge integer": value(2**62),
    "an integer of 401 digits": value(10**400),
    "not a number": value(math.nan, always),
    "infinity": value(math.inf, always),
    "a word": value("surprise", is_no_choice),
    "no word": value("", is_no_choice),
    "a number in quotes": value("1", is_no_choice),
    "NUL": value("\x00", is_no_choice),
    "a path": value("../..", is_no_choice),
    "a long word": value("x" * 5000, is_no_choice),
    "a date": value("2001-02-03", is_no_choice),
    "an empty list": value([], is_number),
    "an empty mapping": value({}, is_number),
    "a name alone": value({"name": "surprise"}, is_number),
    "words": value(["surprise", "surprise"], is_number),
    "a deep list": value(nested(90), always),
    "a list too deep": value(nested(300), always),
}


def fields(node: Any, path: Place = ()) -> Iterator[Place]:
    """Yield the path of everything in a config: of sections, lists, and values alike."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, below in items:
        yield (*path, key)
        if isinstance(below, dict | list):
            yield from fields(below, (*path, key))


def mutate(config: Any, path: Place, mutation: Mutation) -> frozenset[int]:
    """Change a field where it stands; return the exit codes that training may now end with."""
    *way, key = path
    holder = config
    for step in way:
        holder = holder[step]
    if not mutation.fits(holder, key):
        return ANYTHING
    allowed = UNUSABLE if mutation.unusable(holder[key]) else ANYTHING
    mutation.change(holder, key)
    if key in PATHS and allowed is not UNUSABLE:
        return BAD_PATH
    return UNSUITABLE if allowed is UNUSABLE and way and way[-1] in FREE_MAPPINGS else allowed
