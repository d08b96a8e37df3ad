"""What a table holds, column by column, learnt in one pass over its chunks in constant memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nnctl.data.arrays import FloatArray
from nnctl.data.dates import DateOrder
from nnctl.data.table import Table, listed, text_of_number
from nnctl.data.targets import with_targets
from nnctl.errors import DataError, Problem

MOST_DIFFERENT = 10_000  # values of a column that are told apart and counted
MOST_DIFFERENT_OF_ALL = 1_000_000  # of all columns together
MOST_CHARACTERS = 2**22  # of a column's texts together
FEWEST_TOLD_APART = 200  # of a column, however many there are: enough to know its categories
COUNTED_AT_ONCE = 4  # times as many numbers as can be told apart
SAMPLED_CELLS = 2**20  # of all columns together: what medians are taken from
FEWEST_SAMPLED = 100  # rows


@dataclass(frozen=True)
class NumberFacts:
    """What the filled cells of a column of numbers have in common."""

    least: float
    greatest: float
    mean: float
    median: float  # of a sample, where there are many rows
    whole: bool  # no fraction anywhere
    rises_by_one: bool  # from each row to the next, from the first to the last


@dataclass(frozen=True)
class ColumnFacts:
    """What the cells of one column are."""

    name: str
    filled: int  # cells
    gaps: int  # missing cells
    gap: str  # how the first of them is written
    first: str  # the first cell that is filled
    different: int  # values; one more than can be told apart, where they are too many
    counts: tuple[tuple[str, int], ...] | None  # the most frequent first; None: too many
    numbers: NumberFacts | None  # None: text, or no cell is filled
    dates_in_order: bool = False  # the earliest first
    unread: str = ""  # why its cells were not looked at

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self.filled + self.gaps


@dataclass(frozen=True)
class Profile:
    """What a table holds."""

    source: str
    rows: int
    columns: tuple[ColumnFacts, ...]  # in the order of the source
    targets: tuple[str, ...]
    one_hot: bool  # several targets, of which one is 1 in every row and the others are 0
    without_target: int = 0  # rows beside `rows`, which nothing can be learnt from

    def column(self, name: str) -> ColumnFacts:
        """Return the facts of one column."""
        return next(facts for facts in self.columns if facts.name == name)


def profile_of(
    chunks: Iterable[Table], targets: Sequence[str], unread: Mapping[str, str] | None = None
) -> Profile:
    """Return the profile of a table that comes in chunks, of which one at a time is in memory.

    Each chunk has columns of the same names and kinds. `unread` names columns that are not in them,
    and says why. Rows without a target are counted, and no more. Raises DataError for a target that
    is not there, and for several targets that are not all numbers.
    """
    tallies: list[_Tally] = []
    sample = _Sample()
    header: tuple[str, ...] = ()
    source, rows, without_target, one_hot = "", 0, 0, len(targets) > 1
    for chunk in chunks:
        if not tallies:
            chunk.require(targets)
            tallies = [*_new_tallies(chunk)]
        n_rows = chunk.n_rows
        chunk = with_targets(chunk, targets)
        for name in targets if len(targets) > 1 else ():
            chunk.numbers(name, "target")
        without_target += n_rows - chunk.n_rows
        if chunk.n_rows == 0:
            continue
        for tally in tallies:
            tally.add(chunk)
        sample.add(chunk)
        one_hot = one_hot and _is_one_hot(chunk, targets)
        source, header, rows = chunk.source, chunk.header, rows + chunk.n_rows
    if rows == 0:
        nothing = f"no row has a value of {listed(targets)}"
        message = nothing if without_target else "the data has no rows"
        raise DataError(Problem(message, source or None))
    columns = [tally.facts(sample.median(place)) for place, tally in enumerate(tallies)]
    columns += [
        ColumnFacts(name, 0, rows, "", "", 0, None, None, unread=reason)
        for name, reason in (unread or {}).items()
    ]
    if unread:
        columns.sort(key=lambda facts: header.index(facts.name))
    return Profile(source, rows, tuple(columns), tuple(targets), one_hot, without_target)


def _is_one_hot(chunk: Table, targets: Sequence[str]) -> bool:
    cells = np.column_stack([chunk.values(name) for name in targets])  # (rows, n_targets)
    return bool(np.isin(cells, (0, 1)).all() and (cells.sum(axis=1) == 1).all())


def _new_tallies(chunk: Table) -> Iterator[_Tally]:
    limit = MOST_DIFFERENT_OF_ALL // len(chunk.names) if chunk.names else 0
    limit = min(max(limit, FEWEST_TOLD_APART), MOST_DIFFERENT)
    for name in chunk.names:
        yield _TextTally(name, limit) if name in chunk.texts else _NumberTally(name, limit)


class _Tally:
    """What has been seen of one column so far."""

    def __init__(self, name: str, limit: int) -> None:
        self.name = name
        self.filled = self.gaps = 0
        self.gap = self.first = ""
        self.different = 0
        self._limit = limit

    def add(self, chunk: Table) -> None:
        """Count the cells of another chunk."""
        values = chunk.values(self.name)
        present = values[~np.isnan(values)]
        if len(present) < len(values) and not self.gaps:
            self.gap = chunk.gaps.get(self.name, "")
        self.gaps += len(values) - len(present)
        if len(present):
            self._add_present(chunk, present)
            self.filled += len(present)
        self._add_rows(values)

    def _add_present(self, chunk: Table, present: FloatArray) -> None:
        raise NotImplementedError

    def _add_rows(self, values: FloatArray) -> None:
        """Look at the cells (n_rows,) in their order."""

    def facts(self, median: float) -> ColumnFacts:
        """Return what was seen; `median` is that of the numbers."""
        raise NotImplementedError

    def _facts(
        self, counts: Iterable[tuple[str, int]] | None, numbers: NumberFacts | None
    ) -> ColumnFacts:
        in_order = None if counts is None else tuple(sorted(counts, key=lambda pair: -pair[1]))
        return ColumnFacts(
            self.name, self.filled, self.gaps, self.gap, self.first, self.different, in_order,
            numbers,
        )  # fmt: skip


class _TextTally(_Tally):
    def __init__(self, name: str, limit: int) -> None:
        super().__init__(name, limit)
        self.counts: dict[str, int] | None = {}
        self._characters = 0
        self._dates = DateOrder()

    def _add_present(self, chunk: Table, present: FloatArray) -> None:
        texts, codes = chunk.texts[self.name], present.astype(np.int64)
        self.first = self.first or texts[codes[0]]
        self._dates.add(texts, codes)
        if self.counts is None:
            return
        for text, count in zip(texts, np.bincount(codes, minlength=len(texts)), strict=True):
            if text not in self.counts:
                self._characters += len(text)
            self.counts[text] = self.counts.get(text, 0) + int(count)
            if len(self.counts) > self._limit or self._characters > MOST_CHARACTERS:
                self.different, self.counts = len(self.counts), None
                return
        self.different = len(self.counts)

    def facts(self, median: float) -> ColumnFacts:
        facts = self._facts(None if self.counts is None else self.counts.items(), None)
        return replace(facts, dates_in_order=self.filled > 0 and self._dates.holds)


class _NumberTally(_Tally):
    def __init__(self, name: str, limit: int) -> None:
        super().__init__(name, limit)
        self._least, self._greatest, self._sum = np.inf, -np.inf, 0.0
        self._whole = self._rises_by_one = True
        self._first_row = 0.0
        self._rows = 0
        self._values: FloatArray = np.empty(0)  # (n_different,), as far as they are counted
        self._counts: FloatArray = np.empty(0)  # (n_different,)
        self._uncounted: list[FloatArray] = []

    def _add_present(self, chunk: Table, present: FloatArray) -> None:
        self.first = self.first or text_of_number(float(present[0]))
        self._least = min(self._least, float(present.min()))
        self._greatest = max(self._greatest, float(present.max()))
        with np.errstate(over="ignore"):
            self._sum += float(present.sum())
        self._whole = self._whole and bool((present == np.trunc(present)).all())
        if len(self._values) <= self._limit:
            self._uncounted.append(present)
            if sum(map(len, self._uncounted)) >= COUNTED_AT_ONCE * self._limit:
                self._count()

    def _count(self) -> None:
        """Count what has come since the last time; many at once, since each time costs."""
        new, counts = np.unique(np.concatenate(self._uncounted), return_counts=True)
        self._values, places = np.unique(np.append(self._values, new), return_inverse=True)
        self._counts = np.bincount(places, np.append(self._counts, counts)).astype(np.float64)
        self._uncounted = []

    def _add_rows(self, values: FloatArray) -> None:
        if self._rows == 0:
            self._first_row = values[0]
        rows = self._first_row + self._rows + np.arange(len(values))
        self._rises_by_one = self._rises_by_one and bool((values == rows).all())
        self._rows += len(values)

    def facts(self, median: float) -> ColumnFacts:
        if not self.filled:
            return self._facts((), None)
        if self._uncounted:
            self._count()
        mean = self._sum / self.filled
        numbers = NumberFacts(
            self._least, self._greatest, mean, median, self._whole, self._rises_by_one
        )
        self.different = min(len(self._values), self._limit + 1)
        if self.different > self._limit:
            return self._facts(None, numbers)
        texts = map(text_of_number, self._values.tolist())
        return self._facts(zip(texts, map(int, self._counts), strict=True), numbers)


class _Sample:
    """Rows at equal distances, which grow as the table does: at most a fixed number of cells."""

    def __init__(self) -> None:
        self._columns: list[list[FloatArray]] = []
        self._stride, self._seen, self._kept = 1, 0, 0

    def add(self, chunk: Table) -> None:
        """Keep some of the chunk's rows."""
        self._columns = self._columns or [[] for _ in chunk.names]
        start = -self._seen % self._stride
        for kept, name in zip(self._columns, chunk.names, strict=True):
            kept.append(chunk.values(name)[start :: self._stride].copy())
        self._seen += chunk.n_rows
        self._kept = sum(map(len, self._columns[0])) if self._columns else 0
        while self._kept > self._most:
            self._thin_out()

    @property
    def _most(self) -> int:
        return max(SAMPLED_CELLS // max(len(self._columns), 1), FEWEST_SAMPLED)

    def _thin_out(self) -> None:
        self._columns = [[np.concatenate(kept)[::2]] for kept in self._columns]
        self._stride *= 2
        self._kept = len(self._columns[0][0])

    def median(self, place: int) -> float:
        """Return the median of the column at `place`; NaN where no sampled cell is filled."""
        values = np.concatenate(self._columns[place])
        present = values[~np.isnan(values)]
        return float(np.median(present)) if len(present) else float("nan")
