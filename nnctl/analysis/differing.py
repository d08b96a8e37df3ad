"""What is not the same in several configs, by dotted keys as --set takes them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

ABSENT = object()


def different(several: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what is not the same in all: dotted keys as --set takes them, a value for each run."""
    return [
        {"key": key, "values": [None if value is ABSENT else value for value in values]}
        for key, values in differing([*several])
    ]


def differing(values: Sequence[Any], path: str = "") -> Iterable[tuple[str, list[Any]]]:
    """Yield the deepest keys below which values differ."""
    if all(told(value) == told(values[0]) for value in values):
        return
    keys = keys_below(values)
    if not keys:
        yield path, [*values]
    for key in keys:
        below = f"{path}.{key}" if path else str(key)
        yield from differing([value_below(value, key) for value in values], below)


def keys_below(values: Sequence[Any]) -> list[Any]:
    """Return the keys of mappings, or the places of lists; none where values are to be told whole.

    Lists of bare values, of which one may be longer, are told whole: behind a name that one of
    them lacks, each stands at another place.
    """
    present = [value for value in values if value is not ABSENT and value is not None]
    if all(isinstance(value, Mapping) for value in present):
        return [*dict.fromkeys(key for value in present for key in value)]
    if not all(isinstance(value, list) for value in present):
        return []
    lengths = [len(value) for value in present]
    parts = [part for value in present for part in value]
    if len(set(lengths)) == 1 or all(isinstance(part, Mapping) for part in parts):
        return [*range(max(lengths))]
    return []


def value_below(value: Any, key: Any) -> Any:
    """Return what stands at a key of a mapping or a place of a list; ABSENT where nothing does."""
    if isinstance(value, Mapping):
        return value.get(key, ABSENT)
    return value[key] if isinstance(value, list) and key < len(value) else ABSENT


def told(value: Any) -> str:
    """Return a text by which values can be compared: `1` is not `true`, absent is null."""
    return json.dumps(None if value is ABSENT else value, sort_keys=True)
