"""Values of configs and of run.json as people read them, on one line."""

from __future__ import annotations

from collections.abc import Mapping

DIGEST_CHARACTERS = 12  # of a SHA-256, where people read it


def when(moment: object) -> str:
    """Return a moment of run.json to the minute.

    >>> when("2026-11-22T13:34:49.091+00:00")
    '2026-11-22 13:34'
    """
    return str(moment or "").replace("T", " ")[: len("2026-11-22 13:34")]


def text_of(value: object) -> str:
    """Return a value as a config has it, on one line, without what nothing was said of.

    >>> text_of({"name": "sgd", "momentum": 0.9, "clip": None}), text_of({"name": "relu"})
    ('{name: sgd, momentum: 0.9}', 'relu')
    >>> text_of(True), text_of([1, 2]), text_of(None)
    ('true', '[1, 2]', '-')
    >>> text_of(0.1), text_of(1e-05), text_of(0.123456789)
    ('0.1', '1e-05', '0.123456789')
    """
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        value = {key: item for key, item in value.items() if item is not None}
        if [*value] == ["name"]:
            return str(value["name"])  # a bare name stands for it
        return "{" + ", ".join(f"{key}: {text_of(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(text_of, value)) + "]"
    if isinstance(value, float):
        short = f"{value:g}"
        return short if float(short) == value else repr(value)
    return str(value)
