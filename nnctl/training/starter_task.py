"""What is learnt of a target: classes or numbers, told by what it holds."""

from __future__ import annotations

from dataclasses import dataclass

from nnctl.config.schema.data import Task
from nnctl.data.numbers import parse_numbers
from nnctl.data.profile import ColumnFacts, Profile
from nnctl.data.suggestions import (
    MOST_CATEGORIES,
    different,
    has_commas,
    is_constant,
    is_rounded,
    leading_zero,
    notation_of,
    rounded_number,
)
from nnctl.data.targets import class_of_text
from nnctl.errors import DataError, Problem

AS_SAID = "as `nnctl init --task` was told"
MOST_NUMBERED_CLASSES = 20  # of a target of whole numbers
ROWS_OF_A_NUMBERED_CLASS = 10  # on average, at least

Classes = tuple[tuple[str, int], ...]  # and their rows, the largest first


@dataclass(frozen=True)
class TaskChoice:
    """What is learnt, and why."""

    task: Task
    reason: str
    other: Task | None = None  # what might have been meant, if that is in doubt


def choose_task(profile: Profile, wanted: Task | None) -> TaskChoice:
    """Choose by what the target holds, unless a task is wanted.

    Text and whole numbers that are few and come back often are classes. Raises DataError.
    """
    if len(profile.targets) > 1:
        return _task_of_several(profile, wanted)
    facts = profile.column(profile.targets[0])
    refuse_notation(profile, facts, wanted)
    refuse_rounded_classes(profile, facts)
    if facts.numbers is None and wanted == "regression":
        raise refusal(
            profile,
            f"target `{facts.name}` holds text (received `{facts.first}`); a regression needs "
            "numbers: name another column, or leave `--task` out",
        )
    if wanted is not None:
        return TaskChoice(wanted, AS_SAID)
    if zero := leading_zero(facts):
        reason = f"since some numbers begin with 0 (`{zero}`), as those of codes do"
        return TaskChoice("classification", reason, "regression")
    if facts.numbers is None:
        return TaskChoice("classification", "since it holds text")
    if facts.numbers.whole and are_classes(facts.different, profile.rows):
        reason = f"since it holds only {facts.different} different whole numbers"
        return TaskChoice("classification", reason, "regression")
    reason = f"since it holds {different(facts)} different numbers"
    doubtful = facts.numbers.whole and facts.different <= MOST_CATEGORIES
    return TaskChoice("regression", reason, "classification" if doubtful else None)


def refuse_notation(profile: Profile, facts: ColumnFacts, wanted: Task | None) -> None:
    """Raise DataError for numbers that are not written plainly, unless they may be classes."""
    part = "a comma" if has_commas(facts) else notation_of(facts)
    few = are_classes(facts.different, profile.rows)
    if not part or wanted == "classification" or (wanted is None and few):
        return
    decimal = "say `--decimal ,` if it is a decimal comma, " if has_commas(facts) else ""
    raise refusal(
        profile,
        f"target `{facts.name}` holds numbers with {part} (received `{facts.first}`); {decimal}"
        "write plain numbers to predict them, or say `--task classification` if each is a class",
    )


def refuse_rounded_classes(profile: Profile, facts: ColumnFacts) -> None:
    """Raise DataError for text of whole numbers that float64 does not tell from their neighbours.

    Those of a regression were read as numbers.
    """
    if large := rounded_number(facts):
        raise refusal(
            profile,
            f"target `{facts.name}` holds whole numbers from 2^53 on (received `{large}`), which "
            "are rounded as numbers; write a letter before them if they are classes, or say "
            "`--task regression` if they are amounts",
        )


def are_classes(different_numbers: int, rows: int) -> bool:
    """Whether so many different whole numbers among so many rows are classes: two always are."""
    enough_rows = different_numbers * ROWS_OF_A_NUMBERED_CLASS <= rows
    return different_numbers == 2 or (different_numbers <= MOST_NUMBERED_CLASSES and enough_rows)


def _task_of_several(profile: Profile, wanted: Task | None) -> TaskChoice:
    if wanted == "classification" and not profile.one_hot:
        raise refusal(
            profile,
            "several targets of a classification hold 1 for the row's class and 0 elsewhere, and "
            "these do not; name one column, or leave `--task` out",
        )
    if wanted is not None:
        return TaskChoice(wanted, AS_SAID)
    if profile.one_hot:
        reason = "since one of them is 1 in every row, and the others are 0"
        return TaskChoice("classification", reason, "regression")
    return TaskChoice("regression", "since they are several columns of numbers")


def classes_of(profile: Profile) -> Classes:
    """Return the classes and their rows, the largest first; DataError if there are too many."""
    if len(profile.targets) > 1:
        ones = [dict(profile.column(name).counts or ()).get("1", 0) for name in profile.targets]
        return tuple(sorted(zip(profile.targets, ones, strict=True), key=lambda pair: -pair[1]))
    facts = profile.column(profile.targets[0])
    if facts.counts is None or 2 * facts.different > facts.filled:
        raise refusal(
            profile,
            f"target `{facts.name}` has {different(facts)} different values in {facts.rows:,} rows "
            f"(received `{facts.first}`), too few rows for each to be a class; name another column",
        )
    rows: dict[str, int] = {}
    for text, count in facts.counts:
        name = class_of_text(text)
        rows[name] = rows.get(name, 0) + count
    return tuple(sorted(rows.items(), key=lambda pair: -pair[1]))


def check_target(profile: Profile, task: Task, classes: Classes) -> None:
    """Raise DataError for a target that is always the same, or of numbers that are no classes."""
    for name in profile.targets:
        facts = profile.column(name)
        if is_constant(facts) and (task == "regression" or len(profile.targets) == 1):
            why = ", rounded as numbers from 2^53 on are" if is_rounded(facts) else ""
            message = f"target `{name}` is `{facts.first}` in every row{why}"
            raise refusal(profile, f"{message}; name a column that varies")
    numbers = parse_numbers([name for name, _ in classes])
    if numbers is not None and len(profile.targets) == 1:
        for number in numbers.tolist():
            if not number.is_integer():
                raise refusal(
                    profile,
                    f"target `{profile.targets[0]}` holds no class but a number "
                    f"(received {number:.17g}); leave `--task` out",
                )


def refusal(profile: Profile, message: str) -> DataError:
    """Return the error that says why nothing can be learnt."""
    return DataError(Problem(message, profile.source))
