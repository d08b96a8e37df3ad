"""What a column is best taken for, judged by what it holds: its kind, or why to leave it out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from nnctl.config.schema.columns import ColumnKind
from nnctl.config.schema.data import DataConfig
from nnctl.data.features import BOOLEAN_PAIRS
from nnctl.data.numbers import DATE, THOUSANDS
from nnctl.data.profile import ColumnFacts

MOST_CATEGORIES: int = DataConfig.model_fields["max_categories"].default
FEW_CELLS = 10  # fewer may all fall into the rows that are not trained on
NEARLY_ALL = 0.9  # texts that differ in so many of the rows tell one row from the other
ROWS_OF_A_CATEGORY = 10  # numbers that name something come back at least as often, on average

ID = re.compile(
    r"(.*[^A-Za-z])?([iI][dD]|[uU][uU][iI][dD]|[gG][uU][iI][dD])"  # id, user_id, UUID
    r"|.*[a-z](Id|ID)"  # PassengerId
    r"|[iI][dD][^A-Za-z].*",  # id_customer
    re.DOTALL,
)


@dataclass(frozen=True)
class Suggestion:
    """What a column is best taken for."""

    kind: ColumnKind
    reason: str = ""  # why it is ignored


def suggestion_for(facts: ColumnFacts) -> Suggestion:
    """Return what to take a column of features for: the first in the tables that holds."""
    for holds, reason in REASONS_TO_IGNORE:
        if holds(facts):
            return Suggestion("ignored", reason(facts))
    return Suggestion(next(kind for holds, kind in KINDS if holds(facts)))


def is_boolean(facts: ColumnFacts) -> bool:
    """Whether all texts are those of one known pair, such as yes and no."""
    if facts.counts is None or facts.numbers is not None:
        return False
    words = {text.lower() for text, _ in facts.counts}
    return any(words == set(pair) for pair in BOOLEAN_PAIRS)


def is_constant(facts: ColumnFacts) -> bool:
    """Whether all filled cells are the same."""
    return facts.different == 1


def counts_rows(facts: ColumnFacts) -> bool:
    """Whether the column is nothing but the number of each row."""
    return facts.numbers is not None and facts.numbers.counts_rows


def _is_blank(facts: ColumnFacts) -> bool:
    return facts.filled == 0


def _is_nearly_blank(facts: ColumnFacts) -> bool:
    return facts.filled < min(FEW_CELLS, facts.gaps)


def _is_date(facts: ColumnFacts) -> bool:
    if facts.numbers is not None:
        return False
    texts = [facts.first] if facts.counts is None else [text for text, _ in facts.counts]
    return all(DATE.fullmatch(text) for text in texts)


def _has_commas(facts: ColumnFacts) -> bool:
    if facts.numbers is not None:
        return False
    texts = [facts.first] if facts.counts is None else [text for text, _ in facts.counts]
    return all(THOUSANDS.fullmatch(text) for text in texts)


def _is_id(facts: ColumnFacts) -> bool:
    """Whether the column is named as an id and its values are many: few are categories."""
    if ID.fullmatch(facts.name) is None:
        return False
    if facts.numbers is not None and not facts.numbers.whole:
        return False
    return not _names_few(facts)


def _names_few(facts: ColumnFacts) -> bool:
    """Whether there are few different values and each, on average, comes back often."""
    different = facts.different
    return different <= MOST_CATEGORIES and different * ROWS_OF_A_CATEGORY <= facts.filled


def _is_name_of_row(facts: ColumnFacts) -> bool:
    if facts.numbers is not None or is_boolean(facts):
        return False
    return facts.different >= NEARLY_ALL * facts.filled


def _has_too_many_categories(facts: ColumnFacts) -> bool:
    return facts.numbers is None and facts.different > MOST_CATEGORIES


def _is_named_by_numbers(facts: ColumnFacts) -> bool:
    whole = facts.numbers is not None and facts.numbers.whole
    return whole and ID.fullmatch(facts.name) is not None


def _reason_for_id(facts: ColumnFacts) -> str:
    if facts.counts is None or facts.different == facts.filled:
        return "an id: it names the row and says nothing about it"
    return "an id; if its rows belong together, write it as `group:`"


Test = Callable[[ColumnFacts], bool]

REASONS_TO_IGNORE: tuple[tuple[Test, Callable[[ColumnFacts], str]], ...] = (
    (_is_blank, lambda _: "every cell is missing"),
    (is_constant, lambda facts: f"always the same: {facts.first}"),
    (_is_nearly_blank, lambda facts: f"filled in {facts.filled} of {facts.rows:,} rows only"),
    (counts_rows, lambda _: "counts the rows"),
    (_is_date, lambda _: "dates or times; numbers, such as the year, could be used"),
    (_has_commas, lambda _: "numbers with a comma; `--decimal ,` if it is a decimal comma"),
    (_is_id, _reason_for_id),
    (_is_name_of_row, lambda _: "another text in nearly every row"),
    (
        _has_too_many_categories,
        lambda facts: (
            f"{different(facts)} different texts; up to {MOST_CATEGORIES} can be categories"
        ),
    ),
)
KINDS: tuple[tuple[Test, ColumnKind], ...] = (
    (is_boolean, "boolean"),
    (_is_named_by_numbers, "categorical"),
    (lambda facts: facts.numbers is not None, "numeric"),
    (lambda _: True, "categorical"),
)


def different(facts: ColumnFacts) -> str:
    """Return how many different values there are, as a person reads it."""
    return f"more than {facts.different - 1:,}" if facts.counts is None else f"{facts.different:,}"
