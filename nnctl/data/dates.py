"""Dates in a column of texts: which of two is the earlier, and whether they come in order."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from nnctl.data.arrays import IntArray
from nnctl.data.numbers import DATE

PART = re.compile(r"\d+|[A-Za-z]{3,}", re.ASCII)
MONTHS = {
    word: number
    for number, word in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
DIGITS_OF_YEAR = 4
CENTURY_TURNS = 70  # two digits below it are of a year after 2000
PARTS_OF_DATE, PARTS_OF_TIME = 3, 3

Moment = tuple[int, ...]  # year, month, day and as much of the time as there is


class DateOrder:
    """Whether all texts of a column are dates of which none is earlier than the one before.

    05/04/2024 may be of April or of May: one way to read all of them has to fit.
    """

    def __init__(self) -> None:
        self._last: list[Moment | None] = [(), ()]  # by the way to read; None: not in order

    @property
    def holds(self) -> bool:
        """Whether that holds for all that was added."""
        return any(last is not None for last in self._last)

    def add(self, texts: Sequence[str], codes: IntArray) -> None:
        """Look at further cells, `texts[codes]`; there is one at least."""
        if not self.holds or not DATE.fullmatch(texts[codes[0]]):
            self._last = [None, None]
            return
        moments = [moments_of(text) for text in texts]
        for way, last in enumerate(self._last):
            by_text = [pair[way] for pair in moments if pair is not None]
            if last is None or len(by_text) < len(texts) or not _rises(by_text, codes, last):
                self._last[way] = None
            else:
                self._last[way] = by_text[codes[-1]]


def _rises(by_text: Sequence[Moment], codes: IntArray, last: Moment) -> bool:
    """Whether the moments `by_text[codes]` come in order, and none before the last one so far."""
    ranks = {moment: rank for rank, moment in enumerate(sorted(set(by_text)))}
    in_order = np.array([ranks[moment] for moment in by_text])[codes]
    return by_text[codes[0]] >= last and bool((np.diff(in_order) >= 0).all())


def moments_of(text: str) -> tuple[Moment, Moment] | None:
    """Return when a date is, with the day before the month and the other way round.

    None where the text is no date, or a time without one.
    """
    if not DATE.fullmatch(text) or ":" in text[:3]:
        return None
    parts = PART.findall(text)
    words = [part for part in parts[:2] if part.isalpha()]
    if words:
        month = MONTHS.get(words[0][:3].lower())
        *days, year = [part for part in parts[:PARTS_OF_DATE] if part.isdigit()][:2]
        moment = (_year(year), month or 0, *map(int, days))
        return None if month is None else (moment, moment)
    date, time = parts[:PARTS_OF_DATE], parts[PARTS_OF_DATE:]
    clock = tuple(int(part) for part in time[:PARTS_OF_TIME] if part.isdigit())
    if len(date[0]) == DIGITS_OF_YEAR:
        moment = (*map(int, date), *clock)
        return moment, moment
    first, second, year = date
    return (
        (_year(year), int(second), int(first), *clock),
        (_year(year), int(first), int(second), *clock),
    )


def _year(digits: str) -> int:
    """Return the year that four digits are, or two."""
    if len(digits) == DIGITS_OF_YEAR:
        return int(digits)
    return int(digits) + (2000 if int(digits) < CENTURY_TURNS else 1900)
