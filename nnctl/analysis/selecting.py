"""Which runs, and in which order: conditions such as `test_accuracy > 0.9`.

A key is a column, a metric, or a key of the config as --set takes it: `optimizer.learning_rate`.
"""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nnctl.analysis.differing import ABSENT
from nnctl.errors import UsageError
from nnctl.runs.catalogue import DAMAGED, KINDS, Entry
from nnctl.runs.status import STATUSES

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "!=": operator.ne,
    "==": operator.eq,
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
}
CONDITION = re.compile(r"\s*([^\s<>=!]+)\s*(<=|>=|!=|==|=|<|>)(?!\s*[<>=!])\s*(.*?)\s*", re.DOTALL)
TASKS = ("classification", "regression")
# Columns of which every value is a word known beforehand: a slip would look like no such run.
CHOICES = {"status": (*STATUSES, DAMAGED), "kind": (*KINDS.values(),), "task": TASKS}
NOTHING = ("", "null", "none", "-")  # how it can be written that there is no value
MOST_KEYS_LISTED = 24


@dataclass(frozen=True)
class Condition:
    """What a run's value of a key has to be like."""

    key: str
    comparison: str
    value: str

    def holds(self, value: Any) -> bool:
        """Whether a value satisfies it: numbers are compared as numbers, all else as text.

        What has no value is equal to `null` and satisfies nothing else.
        """
        is_nothing = value is None or value is ABSENT
        if self.value.lower() in NOTHING:
            wanted = {"=": is_nothing, "==": is_nothing, "!=": not is_nothing}
            return wanted.get(self.comparison, False)
        if is_nothing:
            return False
        try:
            pair: tuple[Any, Any] = (as_number(value), float(self.value))
        except ValueError:
            pair = (plain_text(value), self.value)
        return OPERATORS[self.comparison](*pair)


def parse_condition(text: str) -> Condition:
    """Read `KEY OP VALUE`; UsageError for anything else."""
    match = CONDITION.fullmatch(text)
    if match is None:
        known = " ".join(sorted(OPERATORS))
        message = f"--where takes KEY OP VALUE with one of {known}, such as 'test_accuracy > 0.9'"
        raise UsageError(f"{message} (received {text!r})")
    condition = Condition(*match.groups())
    known_words = (*CHOICES.get(condition.key, ()), *NOTHING)
    if condition.key in CHOICES and condition.value.lower() not in known_words:
        known = ", ".join(CHOICES[condition.key])
        message = f"--where: {condition.key} is one of {known}"
        raise UsageError(f"{message} (received {condition.value!r})")
    return condition


def as_number(value: Any) -> float:
    """Return a number; ValueError for what is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("it is no number")
    return float(value)


def plain_text(value: Any) -> str:
    """Return a value as it is compared: of a choice with settings, its name."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping) and "name" in value:
        return str(value["name"])
    return str(value)


class Shelf:
    """Entries, and what is known of each by any key.

    `read_config` is called for all of them once a key is asked for that is no column.
    """

    def __init__(self, entries: Sequence[Entry], read_config: Callable[[Entry], Any]) -> None:
        self.entries, self._read_config = entries, read_config
        self._configs: list[Any] | None = None
        self._facts = [entry.facts() for entry in entries]
        self._names = dict.fromkeys(name for facts in self._facts for name in facts)

    def value(self, index: int, key: str) -> Any:
        """Return an entry's value of a key; ABSENT where it has none."""
        if key in self._names:
            return self._facts[index].get(key, ABSENT)
        return value_at(self.configs[index], key.split("."))

    @property
    def configs(self) -> list[Any]:
        """Every entry's config as it was written."""
        if self._configs is None:
            self._configs = [self._read_config(entry) for entry in self.entries]
        return self._configs

    def require(self, keys: Iterable[str], option: str) -> None:
        """Raise UsageError for a key that is none of any entry's."""
        if not self.entries:
            return
        for key in keys:
            if all(self.value(index, key) is ABSENT for index in range(len(self.entries))):
                raise UsageError(f"{option}: no run has {key!r}; {self.advice(key)}")

    def advice(self, key: str) -> str:
        """Return which key may have been meant, else those that there are."""
        of_configs = (name for config in self.configs for name in keys_of(config))
        close = difflib.get_close_matches(key, [*dict.fromkeys((*self._names, *of_configs))])
        if close:
            return f"did you mean {' or '.join(close)}?"
        shown = ", ".join([*self._names][:MOST_KEYS_LISTED])
        return f"known are {shown}, and keys of the config such as optimizer.name"

    def where(self, conditions: Sequence[Condition]) -> list[int]:
        """Return the entries that satisfy all conditions."""
        self.require((condition.key for condition in conditions), "--where")
        return [
            index
            for index in range(len(self.entries))
            if all(each.holds(self.value(index, each.key)) for each in conditions)
        ]

    def ordered(self, indices: Sequence[int], key: str) -> list[int]:
        """Return them by a key, from the largest down where it begins with `-`.

        Entries without a value stand at the end.
        """
        descending, key = key.startswith("-"), key.removeprefix("-")
        self.require([key], "--sort")
        values = {index: self.value(index, key) for index in indices}
        known = [index for index in indices if values[index] not in (None, ABSENT)]
        known.sort(key=lambda index: sortable(values[index]), reverse=descending)
        return [*known, *(index for index in indices if values[index] in (None, ABSENT))]


def sortable(value: Any) -> tuple[int, float, str]:
    """Return what numbers can be sorted by among texts: before them."""
    try:
        return 0, as_number(value), ""
    except ValueError:
        return 1, 0.0, plain_text(value)


def value_at(value: Any, keys: Sequence[str]) -> Any:
    """Return what stands below the keys, or at the index of a list; ABSENT where nothing does."""
    for key in keys:
        if isinstance(value, Mapping) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isascii() and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return ABSENT
    return value


def keys_of(value: Any, path: str = "") -> Iterable[str]:
    """Yield the dotted keys of all that stands in a config."""
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        below = f"{path}.{key}" if path else str(key)
        yield below
        yield from keys_of(item, below)
