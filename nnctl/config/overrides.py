"""`--set KEY=VALUE`: values laid over what the file says, before anything is checked."""

from __future__ import annotations

from typing import Any

from nnctl.config.document import Document, Mark, Path, dotted
from nnctl.config.places import locate, word_of
from nnctl.config.yaml_source import read_text
from nnctl.errors import ConfigError, Problem

SHOWN_CHARACTERS = 60


class _CannotSetError(Exception):
    """The key does not fit what the file holds."""


def apply_override(document: Document, override: str) -> None:
    """Lay one `KEY=VALUE` over the document; what is wrong joins its problems."""
    mark = Mark(f"--set {_shortened(override)}")
    key, equals, text = override.partition("=")
    path: Path = tuple(key.strip().split("."))
    if not equals or "" in path:
        document.add_problem("expected KEY=VALUE, such as training.epochs=50", mark)
        return
    try:
        read = read_text(text, None)
        document.problems += [Problem(problem.message, mark.file) for problem in read.problems]
    except ConfigError as error:
        document.problems += [
            Problem(_with_column(problem), mark.file) for problem in error.problems
        ]
    else:
        lay(document, path, read.value, mark)


def lay(document: Document, path: Path, value: Any, mark: Mark) -> None:
    """Put a value, which was written at `mark`, in place; that it cannot be joins the problems."""
    try:
        _remember(document, _set(document, path, value), mark)
    except _CannotSetError as error:
        document.add_problem(str(error), mark)


def _shortened(override: str) -> str:
    if len(override) <= SHOWN_CHARACTERS:
        return override
    return override[: SHOWN_CHARACTERS - 3] + "..."


def _with_column(problem: Problem) -> str:
    return f"{problem.message} (column {problem.column} of the value)"


def _set(document: Document, path: Path, value: Any) -> Path:
    """Put `value` in place, making the mappings on the way; return the path with real indices."""
    if not isinstance(document.value, dict):
        document.value = {}
    holder: Any = document.value
    real: Path = ()
    for part in path[:-1]:
        step = _step(holder, str(part), real)
        real = (*real, step)
        holder[step] = _opened(_entry(holder, step), real)
        holder = holder[step]
    last = _step(holder, str(path[-1]), real)
    holder[last] = value
    return (*real, last)


def _step(holder: Any, part: str, path: Path) -> str | int:
    """Return `part` as a key of a mapping, or as an index of a list."""
    if isinstance(holder, dict):
        return part
    if part.isascii() and part.isdigit() and len(part) < 10 and int(part) < len(holder):
        return int(part)
    raise _CannotSetError(
        f"{dotted(path)} has {len(holder)} entries, counted from 0; `{part}` is none of them"
    )


def _entry(holder: Any, step: str | int) -> Any:
    return holder.get(step) if isinstance(holder, dict) else holder[step]


def _opened(value: Any, path: Path) -> Any:
    """Return `value` as something that has keys: a bare word is a mapping with one."""
    if value is None:
        return {}
    if isinstance(value, str):
        return {word_of(locate(path).entries): value}
    if isinstance(value, dict | list):
        return value
    raise _CannotSetError(f"{dotted(path)} is {value} in the config, and has no keys")


def _remember(document: Document, path: Path, mark: Mark) -> None:
    """The marks of what was there before, and of all below it, are the option's now."""
    for marks in (document.marks.keys, document.marks.values):
        for stale in [known for known in marks if known[: len(path)] == path]:
            del marks[stale]
        for length in range(1, len(path) + 1):
            marks.setdefault(path[:length], mark)
