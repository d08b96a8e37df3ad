"""What was inferred of a table, for a person at a terminal and for a program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from nnctl.config.schema.data import Task
from nnctl.data.table import listed
from nnctl.training.starter import FEW_ROWS, Starter
from nnctl.training.starter_columns import plural

MOST_NOTES = 8  # about columns that are ignored

# The task that was chosen, where the other may have been meant.
DOUBTS: dict[Task, str] = {
    "classification": "the target is taken for classes, {reason}; if it is an amount, say "
    "`--task regression`",
    "regression": "the target is taken for an amount, {reason}; if these are classes, say "
    "`--task classification`",
}


def summary(starter: Starter) -> str:
    """Return one line: what is predicted, and from how many columns of which kinds."""
    what = f"{starter.task} of {', '.join(starter.profile.targets)}"
    classes = [plural(len(starter.classes), "class")] if starter.classes else []
    kinds = Counter(column.kind for column in starter.features)
    of_kinds = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common())
    features = f"{plural(len(starter.features), 'feature')} ({of_kinds})"
    return f"{what}: {', '.join([*classes, plural(starter.profile.rows, 'row'), features])}"


def notes(starter: Starter) -> Iterator[str]:
    """Yield what a person should know, a sentence each."""
    choice = starter.choice
    if choice.other is not None:
        yield DOUBTS[choice.task].format(reason=choice.reason)
    without = starter.profile.without_target
    if without:
        are = "are" if without > 1 else "is"
        yield f"{plural(without, 'row')} without a target {are} left out (`missing_target: drop`)"
    by_reason: dict[str, list[str]] = {}
    for column in starter.ignored:
        by_reason.setdefault(column.reason, []).append(column.facts.name)
    for reason, names in [*by_reason.items()][:MOST_NOTES]:
        yield f"ignored: {listed(names)} ({reason})"
    if len(by_reason) > MOST_NOTES:
        rest = sum(map(len, [*by_reason.values()][MOST_NOTES:]))
        yield f"ignored: {plural(rest, 'column')} more, each with its reason in the config"
    if starter.has_single_rows:
        names = [name for name, rows in starter.classes if rows == 1]
        yield f"too few rows to divide in proportion: class {listed(names)}, of one row"
    if starter.profile.rows < FEW_ROWS:
        yield (
            f"{starter.profile.rows} rows are very few: none are set apart to say when to stop, "
            "and the test says little"
        )


def report(starter: Starter) -> dict[str, Any]:
    """Return the same for a program."""
    return {
        "task": starter.task,
        "targets": [*starter.profile.targets],
        "classes": dict(starter.classes),
        "rows": starter.profile.rows,
        "features": {column.facts.name: column.kind for column in starter.features},
        "ignored": {column.facts.name: column.reason for column in starter.ignored},
    }
