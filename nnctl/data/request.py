"""What is asked of a reader, whatever the format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnctl.data.wishes import Wishes

if TYPE_CHECKING:
    from nnctl.data.csv_format import CsvFormat

CELLS_OF_A_CHUNK = 2**18
MOST_ROWS_OF_A_CHUNK = 2**16


@dataclass(frozen=True)
class Request:
    """Which columns are to be read, how cells are written, and how much comes at once."""

    wishes: Wishes
    form: CsvFormat
    rows: int | None = None  # the most rows of a chunk; None: as many as are handy
    keep_written: bool = False  # whether chunks hold all cells of their rows as text, too

    def rows_of(self, n_columns: int) -> int:
        """Return how many rows of that many columns make a chunk."""
        handy = max(1, min(CELLS_OF_A_CHUNK // max(n_columns, 1), MOST_ROWS_OF_A_CHUNK))
        return handy if self.rows is None else min(handy, self.rows)
