"""A config as it was written: plain values, and where each of them stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nnctl.errors import Problem

Path = tuple[str | int, ...]


def dotted(path: Path) -> str:
    """Return the path as messages and `--set` write it: `model.hidden.0.units`."""
    return ".".join(map(str, path))


@dataclass(frozen=True)
class Mark:
    """Where something was written; line and column count from 1."""

    file: str | None = None
    line: int | None = None
    column: int | None = None


@dataclass
class Marks:
    """A mark for each key and value. All are equal: where a config stands is not what it says."""

    keys: dict[Path, Mark] = field(default_factory=dict, compare=False)
    values: dict[Path, Mark] = field(default_factory=dict, compare=False)
    files: dict[str, str] = field(default_factory=dict, compare=False)
    """Absolute path of a file -> the path as it was written."""

    def mark(self, path: Path, *, at_key: bool = False) -> Mark:
        """Return where `path` was written, or else the closest that holds it."""
        if at_key and path in self.keys:
            return self.keys[path]
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, Mark())


@dataclass
class Document:
    """The values of a config, where they stand, and what the reader complains of."""

    value: Any = None
    marks: Marks = field(default_factory=Marks)
    problems: list[Problem] = field(default_factory=list)

    def add_problem(self, message: str, mark: Mark) -> None:
        """Note something that is wrong at `mark`."""
        self.problems.append(Problem(message, mark.file, mark.line, mark.column))


def child(value: object, part: str | int) -> Any:
    """Return the entry `part` of a mapping or list; None where there is none."""
    if isinstance(value, dict):
        return value.get(part)
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part]
    return None


def value_at(value: object, path: Path) -> Any:
    """Return what stands at `path`; None where nothing does."""
    for part in path:
        value = child(value, part)
    return value
