"""What the sections of a page are made of: tables, pictures and turns of phrase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

NO_ROWS = "the rows cannot be read (the summary says why)"
Cell = str | int | float | bool | None


@dataclass(frozen=True)
class ReportTable:
    """A table with a caption; the first cell of a row says what the row is about."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    square: bool = False  # whether the cells from upper left to lower right are those that agree


@dataclass(frozen=True)
class ReportPicture:
    """A picture file, in words too, and the size that it is shown in."""

    name: str
    title: str
    alt: str
    data: bytes
    suffix: str
    width: int  # pixels
    height: int
    notices: tuple[str, ...] = ()


def counted(count: int, thing: str, things: str | None = None) -> str:
    """Return `1 epoch` or `1,000 epochs`.

    >>> counted(1, "class", "classes"), counted(2000, "row")
    ('1 class', '2,000 rows')
    """
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"


def cut(table: ReportTable, most: int, rest: str) -> tuple[ReportTable, tuple[str, ...]]:
    """Return at most so many rows of a table, and what to say of the others; `rest` ends it."""
    if len(table.rows) <= most:
        return table, ()
    kept = ReportTable(table.caption, table.columns, table.rows[:most], table.square)
    return kept, (
        f"shown are the first {most:,} of {len(table.rows):,} rows of this table; {rest}",
    )


def duration(seconds: Any) -> str | None:
    """Return a time as a person says it; None where there is none.

    >>> duration(0.087), duration(61.2), duration(7322)
    ('0.087 s', '1 min 1 s', '2 h 2 min')
    """
    if not isinstance(seconds, (int, float)) or not 0 <= seconds < 1e12:
        return None
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min {rest} s"
