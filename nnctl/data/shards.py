"""Training rows dealt out to several processes like cards, where one does not hold them all."""

from __future__ import annotations

from dataclasses import dataclass

from nnctl.data.arrays import IntArray


@dataclass(frozen=True)
class Shard:
    """Every `count`-th row, beginning with row `number`: what one of `count` processes keeps.

    So shards differ by one row at most, and each has its part of any rows that follow one another,
    be they sorted by class or by time.
    """

    number: int  # from 0
    count: int

    @property
    def rows(self) -> slice:
        """Where the shard's rows stand among all."""
        return slice(self.number, None, self.count)

    def rows_from(self, first: int) -> slice:
        """Return where the shard's rows stand among those from row `first` on."""
        return slice((self.number - first) % self.count, None, self.count)

    def of(self, rows: IntArray) -> IntArray:
        """Return those of the rows (n,) that are the shard's, as their places in it."""
        own: IntArray = rows[rows % self.count == self.number] // self.count
        return own

    def evaluated(self, rows: IntArray) -> IntArray:
        """Return the rows of validation or test that this process keeps: the first one, all."""
        return rows if self.number == 0 else rows[:0]
