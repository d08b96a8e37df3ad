"""What a column is best taken for, judged by what it holds: its kind, or why to leave it out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from nnctl.config.schema.columns import ColumnKind
from nnctl.config.schema.data import DataConfig
from nnctl.data.features import BOOLEAN_PAIRS
from nnctl.data.notations import PLAIN, foreign_part
from nnctl.data.numbers import DATE
from nnctl.data.profile import ColumnFacts
from nnctl.data.table import LARGEST_EXACT

MOST_CATEGORIES: int = DataConfig.model_fields["max_categories"].default
FEW_ROWS_OF_A_COUNT = 20  # fewer may rise by one from any number by chance
FEW_CELLS = 10  # fewer may all fall into the rows that are not trained on
NEARLY_ALL = 0.9  # texts that differ in so many of the rows tell one row from the other
ROWS_OF_A_CATEGORY = 10  # numbers that name something come back at least as often, on average

ID = re.compile(
    r"(.*[^A-Za-z])?([iI][dD]|[uU][uU][iI][dD]|[gG][uU][iI][dD])"  # id, user_id, UUID
    r"|.*[a-z](Id|ID)"  # PassengerId
    r"|[iI][dD][^A-Za-z].*",  # id_customer
    re.DOTALL,
)
YEAR = re.compile(r".*year.*|yr|.*[^a-z]yr", re.IGNORECASE | re.DOTALL)
WHOLE = re.compile(r"[-+]?\d+", re.ASCII)
LEADING_ZERO = re.compile(r"0\d+", re.ASCII)


@dataclass(frozen=True)
class Suggestion:
    """What a column is best taken for."""

    kind: ColumnKind
    reason: str = ""  # why it is ignored, or no amount though it holds digits


def suggestion_for(facts: ColumnFacts) -> Suggestion:
    """Return what to take a column of features for: the first in the tables that holds."""
    for holds, reason in REASONS_TO_IGNORE:
        if holds(facts):
            return Suggestion("ignored", reason(facts))
    kind = next(kind for holds, kind in KINDS if holds(facts))
    return Suggestion(kind, _remark_on_text(facts))


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
    """Whether the column is nothing but the number of each row, counted from anywhere."""
    numbers = facts.numbers
    if numbers is None or not numbers.rises_by_one:
        return False
    may_measure = facts.rows < FEW_ROWS_OF_A_COUNT or YEAR.fullmatch(facts.name) is not None
    return numbers.least in (0, 1) or not may_measure


def is_rounded(facts: ColumnFacts) -> bool:
    """Whether there are numbers so large that float64 may not tell one from the next."""
    numbers = facts.numbers
    return numbers is not None and max(-numbers.least, numbers.greatest) >= LARGEST_EXACT


def is_code(facts: ColumnFacts) -> bool:
    """Whether the column was read as text and all texts are digits, as those of a postal code."""
    return bool(facts.filled) and facts.numbers is None and _all_texts(facts, WHOLE)


def leading_zero(facts: ColumnFacts) -> str:
    """Return a code that begins with 0; nothing where the column is not one of codes."""
    return next(filter(LEADING_ZERO.fullmatch, _texts(facts)), "") if is_code(facts) else ""


def rounded_number(facts: ColumnFacts) -> str:
    """Return a code that float64 may not tell from others; nothing where there is none."""
    if not is_code(facts):
        return ""
    return next((text for text in _texts(facts) if abs(float(text)) >= LARGEST_EXACT), "")


def has_commas(facts: ColumnFacts) -> bool:
    """Whether the column was read as text since its numbers have a comma, whatever it means."""
    if facts.numbers is not None or not _all_texts(facts, PLAIN):
        return False
    return any("," in text for text in _texts(facts))


def notation_of(facts: ColumnFacts) -> str:
    """Return what stands in the column's numbers, such as a percent sign; else nothing."""
    return "" if facts.numbers is not None else foreign_part(_texts(facts))


def _texts(facts: ColumnFacts) -> list[str]:
    """Return the different texts, or the first where they are too many to be known."""
    return [facts.first] if facts.counts is None else [text for text, _ in facts.counts]


def _all_texts(facts: ColumnFacts, pattern: re.Pattern[str]) -> bool:
    return all(map(pattern.fullmatch, _texts(facts)))


def _is_blank(facts: ColumnFacts) -> bool:
    return facts.filled == 0


def _is_nearly_blank(facts: ColumnFacts) -> bool:
    return facts.filled < min(FEW_CELLS, facts.gaps)


def _is_date(facts: ColumnFacts) -> bool:
    return facts.numbers is None and _all_texts(facts, DATE)


def _has_foreign_notation(facts: ColumnFacts) -> bool:
    return bool(notation_of(facts)) and not _names_few(facts)


def _is_numerous_code(facts: ColumnFacts) -> bool:
    return is_code(facts) and (_is_name_of_row(facts) or _has_too_many_categories(facts))


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


def _remark_on_text(facts: ColumnFacts) -> str:
    """Return why categories that look like numbers are none."""
    if is_code(facts):
        return _reason_for_code(facts)
    part = notation_of(facts)
    return f"numbers with {part}: write plain numbers to use them as such" if part else ""


def _reason_for_code(facts: ColumnFacts) -> str:
    """Return why digits are no amount: they begin with 0, or are too many for float64."""
    if zero := leading_zero(facts):
        return f"codes, not amounts, since some begin with 0: `{zero}`"
    if large := rounded_number(facts):
        return f"ids, not amounts: numbers from 2^53 on would be rounded: `{large}`"
    return "digits written as text"


Test = Callable[[ColumnFacts], bool]

REASONS_TO_IGNORE: tuple[tuple[Test, Callable[[ColumnFacts], str]], ...] = (
    (lambda facts: bool(facts.unread), lambda facts: facts.unread),
    (_is_blank, lambda _: "every cell is missing"),
    (is_constant, lambda facts: f"always the same: {facts.first}"),
    (_is_nearly_blank, lambda facts: f"filled in {facts.filled} of {facts.rows:,} rows only"),
    (counts_rows, lambda _: "counts the rows"),
    (_is_date, lambda _: "dates or times; numbers, such as the year, could be used"),
    (has_commas, lambda _: "numbers with a comma; `--decimal ,` if it is a decimal comma"),
    (
        _has_foreign_notation,
        lambda facts: f"numbers with {notation_of(facts)}: write plain numbers to use it",
    ),
    (_is_id, _reason_for_id),
    (_is_numerous_code, _reason_for_code),
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
