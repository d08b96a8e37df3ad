"""Every error that a user can cause: one line each, and the exit code it ends with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


def printable(text: object) -> str:
    """Return `text` on one line, with control characters shown as escapes.

    Names come from files that strangers wrote. A terminal must show them, never obey them.
    """
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in str(text)
    )


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: what, where, what was received, what to do."""

    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        """`FILE:LINE:COLUMN: message`, as far as the place is known."""
        place = [str(part) for part in (self.file, self.line, self.column) if part is not None]
        return printable(":".join([*place, " " + self.message]) if place else self.message)


class NnctlError(Exception):
    """The base of all errors that are shown as one line, without a traceback."""

    exit_code = 1

    def __init__(self, problems: str | Problem | Sequence[Problem]) -> None:
        if isinstance(problems, str):
            problems = Problem(problems)
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class UsageError(NnctlError):
    """The command was called wrongly, or needs an extra that is not installed."""

    exit_code = 2


class ConfigError(NnctlError):
    """The config cannot be used; carries every problem found, each with its line and column."""

    exit_code = 2


class DataError(NnctlError):
    """The data cannot be used."""

    exit_code = 3


class RunError(NnctlError):
    """A run or a checkpoint cannot be used."""

    exit_code = 4


class DivergenceError(NnctlError):
    """Training produced a number that is not finite."""

    exit_code = 5


class ExpectationError(NnctlError):
    """An `expect:` bar of the config was not met."""

    exit_code = 6


class StorageError(NnctlError):
    """The disk is full, or a directory may not be read or written."""

    exit_code = 7
