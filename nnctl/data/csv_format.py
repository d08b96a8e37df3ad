"""How a CSV file is written: what the config says of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from nnctl.data.numbers import MISSING_MARKS, parse_number


@dataclass(frozen=True)
class CsvFormat:
    """The notation of a file's cells, rows and characters."""

    delimiter: str | None = None  # None: recognised in the first line
    encoding: str = "utf-8"
    decimal: str = "."  # or a comma
    quote: str | None = '"'  # None: a quote is a character like others
    header: bool = True  # False: the columns are called x1, x2, ...
    missing: frozenset[str] = MISSING_MARKS  # how a gap is written, in lower case

    @cached_property
    def numeric_marks(self) -> tuple[float, ...]:
        """The numbers that stand for gaps, as -999 may."""
        numbers = (parse_number(mark, self.decimal) for mark in self.missing)
        return tuple(number for number in numbers if number is not None)
